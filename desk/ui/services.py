"""The relying services as the proof page and the slip name them: state and date, no claims
that a service has not published."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from desk.ui.theme import RESOURCES


@dataclass(frozen=True)
class Service:
    """``state`` is listed or announced; ``listed`` the month of the notice; ``claims`` what
    it asks for, empty where it has not said so."""

    id: str
    name: dict[str, str]
    state: str
    listed: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class Services:
    as_of: date
    services: tuple[Service, ...]


def load_services(file: Path | None = None) -> Services:
    path = file or RESOURCES / "relying-services.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = tuple(
        Service(one["id"], one["name"], one["state"], one.get("listed", ""), tuple(one["claims"]))
        for one in table["service"]
    )
    return Services(table["as_of"], entries)

"""A station with nothing but records, a clock and officers' cards, for tests of the log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from desk.cards.piv_data import KeyType, Slot
from desk.counter import sealing
from desk.counter.officers import Officer
from desk.counter.records import Records
from desk.counter.settings import AuditSettings, load_settings
from desk.counter.station import Station
from desk.issuance.eligibility import load_rules
from desk.issuance.posts import load_posts
from desk.issuance.roles import Role
from desk.issuance.seals import Purpose, fingerprint
from desk.store import journal
from desk.store.database import Store, StoreKind
from desk.store.key import RecordsKey, new_key
from desk.store.seals import KeptSeal
from desk.training.piv_card import PivCard
from tests.cards.issue import PIN, Authority, authority, card_with, der, session_with

START = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
NUMBER = "LA-2026-001842"
COPIES = "copies"


@cache
def _empty_records() -> tuple[bytes, RecordsKey]:
    """Migrated and empty, made once: migrating costs half a second."""
    key = new_key()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.db"
        Store.open(file, key, StoreKind.TRAINING).close()
        return file.read_bytes(), key


@cache
def root() -> Authority:
    """Issues the cards' certificates in these tests."""
    return authority("Officers' root")


@dataclass
class Clock:
    """Every look takes a second."""

    at: datetime = field(default=START)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@contextmanager
def station_in(folder: Path, copies: str = "") -> Iterator[Station]:
    content, key = _empty_records()
    (folder / "records.db").write_bytes(content)
    store = Store.open(folder / "records.db", key, StoreKind.TRAINING)
    posts = load_posts()
    nothing = cast(Any, None)
    yield Station(
        home=folder,
        settings=replace(load_settings(), audit=AuditSettings(copies)),
        post=posts.post("LA"),
        posts=posts,
        now=Clock(),
        records=Records.around(store),
        readers=nothing,
        roles=nothing,
        trust=nothing,
        officers={},
        authority=nothing,
        profile=nothing,
        rules=load_rules(),
        link=nothing,
        training=True,
    )
    store.close()


@cache
def card(key_type: KeyType = KeyType.P256, number: int = 1) -> PivCard:
    return card_with(key_type, root())


def officer(number: int = 1, used: PivCard | None = None, role: Role = Role.OFFICER) -> Officer:
    """Someone invented who holds this card; only the identifier is ever logged."""
    held = session_with(used or card()).certificate(Slot.AUTHENTICATION)
    assert held is not None
    name = ("", "이서준", "정유나")[number]
    return Officer(
        f"T-00{number}", name, f"Officer {number}", "영사", "Consul", role, "LA", fingerprint(held)
    )


def root_der() -> bytes:
    return der(root().certificate)


def write_events(station: Station, count: int, case: str | None = NUMBER) -> None:
    for number in range(count):
        with station.store.write() as session:
            journal.append(session, station.stamp(officer()), "TEST.EVENT", case, count=number)


def sealed(
    station: Station,
    purpose: Purpose = Purpose.SIGN_IN,
    case: str | None = None,
    used: PivCard | None = None,
) -> KeptSeal:
    """A card just powered, its PIN presented, seals the log as it stands."""
    chosen = used or card()
    holder = officer(used=chosen)
    chosen.reset()
    session = session_with(chosen)
    session.verify_pin(bytearray(PIN, "ascii"))
    by = sealing.by_session(session)
    return sealing.seal(station, holder, purpose, by, case)

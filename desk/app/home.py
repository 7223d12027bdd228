"""The desk's home folder: settings, records, trust list and the service's mailbox.

Live work and training never share a folder: what the rehearsal makes lies in
``training/`` below, and a store of the one kind does not open as the other.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

TRAINING = "training"


def default_home() -> Path:
    """The platform's own place for a program's data."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "desk"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "desk"
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))) / "desk"


@dataclass(frozen=True)
class Home:
    """Where everything lies; ``make`` creates the folder for its owner alone."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Home:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(folder.resolve())

    @property
    def training(self) -> Home:
        return Home.make(self.folder / TRAINING)

    @property
    def is_training(self) -> bool:
        return self.folder.name == TRAINING

    @property
    def settings(self) -> Path:
        return self.folder / "settings.toml"

    @property
    def records(self) -> Path:
        return self.folder / "records.db"

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    @property
    def mailbox(self) -> Path:
        return self.folder / "enrollment.db"

    @property
    def station_key(self) -> Path:
        return self.folder / "station.key"

    @property
    def service_port(self) -> Path:
        return self.folder / "enrollment.port"

    @property
    def service_log(self) -> Path:
        return self.folder / "enrollment.log"

    @property
    def log(self) -> Path:
        return self.folder / "desk.log"

    @property
    def lock(self) -> Path:
        return self.folder / "desk.lock"

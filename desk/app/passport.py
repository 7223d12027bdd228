"""``desk passport read``: the chip on one of this machine's readers, without a window."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from desk.app.home import Home
from desk.app.pcsc_readers import ReadersNow
from desk.cards.watcher import CardWorld
from desk.counter.readers import ReaderRoles
from desk.counter.settings import load_settings
from desk.mrtd.commands import Answer
from desk.mrtd.mrz import Mrz
from desk.mrtd.pace_steps import Password
from desk.mrtd.passport_commands import passport_read
from desk.mrtd.reader import ReadProgress
from desk.mrtd.trust import TrustStore


def read_here(
    home: Home, trust: TrustStore, reader: str, key: Password, typed: Mrz | None, save: Path | None
) -> Answer:
    """Read the passport on ``reader`` (its name or part of it; empty: wherever one lies).

    Raises the readers' troubles and those of `passport_read`.
    """
    readers = ReadersNow()
    settings = load_settings(home.settings).readers
    if reader:
        settings = replace(settings, passport=_named(reader, readers.world()))
    with ReaderRoles(readers, settings).passport_chip() as connection:
        return passport_read(
            connection,
            key,
            trust,
            datetime.now(UTC),
            typed=typed,
            atr=connection.atr,
            save=save,
            progress=_tell_progress if sys.stderr.isatty() else lambda _: None,
        )


def _named(text: str, world: CardWorld) -> str:
    """The one reader whose name holds ``text``; ``text`` itself where that is not clear."""
    names = [one.name for one in world.readers]
    alike = [name for name in names if text.casefold() in name.casefold()]
    return alike[0] if len(alike) == 1 and text not in names else text


def _tell_progress(step: ReadProgress) -> None:
    of = f" {step.done} / {step.total} bytes" if step.total else ""
    sys.stderr.write(f"\r\x1b[K{step.phase.value}{of}")
    if step.phase.value == "verify":
        sys.stderr.write("\r\x1b[K")
    sys.stderr.flush()

"""Copies of the sealed log at a second place: another disk, a share, the ministry's archive.

With each seal go the events that it is the first to cover, so that the second place holds the
log whole and what proves it: a log changed here differs from its copy there, and a disk lost
here loses no log. One folder a log, one file a part, none written twice::

    <log>/000000000001-000000000417.jsonl     the events
    <log>/000000000417-000001.seal            the seal over them, one line

A place that does not answer loses nothing: what it lacks stays noted in the records and is
tried again. Events hold no personal data, so neither does a copy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from desk.counter.station import Station
from desk.issuance.audit import AuditEvent
from desk.issuance.checkpoints import ORIGIN_PREFIX
from desk.issuance.seals import Seal, read_seals
from desk.store import journal, seals
from desk.store.database import Store
from desk.store.seals import KeptSeal
from desk.trouble import Trouble

SEAL_SUFFIX = ".seal"
EVENTS_SUFFIX = ".jsonl"


class CopyFailed(Trouble):
    """The second place cannot be written or read now. Facts: waiting, errno."""

    code = "AUDIT-20"


class CopyDiffers(Trouble):
    """The second place holds something else under the name of what was to be copied. Facts:
    file, size."""

    code = "AUDIT-21"


class NoSecondPlace(Trouble):
    """The settings name no second place."""

    code = "AUDIT-22"


@dataclass(frozen=True)
class CopyState:
    """How far the second place has the log: up to event ``size``, noted at ``at`` (None where
    it has nothing yet); ``waiting`` seals it lacks."""

    size: int
    at: datetime | None
    waiting: int


def folder_of(station: Station) -> Path | None:
    """Where copies go by the settings; None where there is no second place."""
    named = station.settings.audit.copies
    return station.home / named if named else None


def state(store: Store) -> CopyState:
    """What the records know of the second place, without asking it."""
    with store.read() as session:
        last, waiting = seals.last_copied(session), seals.not_copied(session)
        size = seals.copied_size(session)
    return CopyState(size, last.copied_at if last else None, len(waiting))


def send(station: Station) -> CopyState:
    """Copy what the second place lacks, in order; nothing where there is no such place.

    Never on the window's thread: a share may answer late. Raises :class:`CopyFailed` and
    :class:`CopyDiffers`; what was copied before stays noted.
    """
    folder = folder_of(station)
    if folder is None:
        return state(station.store)
    with station.store.read() as session:
        waiting = seals.not_copied(session)
    for number, kept in enumerate(waiting):
        try:
            _copy(station, folder, kept)
        except OSError as reason:
            raise CopyFailed(waiting=len(waiting) - number, errno=reason.errno) from reason
        with station.store.write() as session:
            seals.mark_copied(session, station.stamp(), [kept.id])
    return state(station.store)


def compare(station: Station) -> CopyState:
    """The newest copy is still what was copied. Raises :class:`CopyFailed`,
    :class:`CopyDiffers`."""
    folder = folder_of(station)
    with station.store.read() as session:
        last, waiting = seals.last_copied(session), seals.not_copied(session)
    if folder is None or last is None:
        return state(station.store)
    file = _log_folder(folder, last.seal) / _seal_name(last)
    try:
        content = file.read_bytes()
    except OSError as reason:
        raise CopyFailed(waiting=len(waiting), errno=reason.errno) from reason
    if content != _seal_bytes(last):
        raise CopyDiffers(file=file.name, size=last.seal.checkpoint.size)
    return state(station.store)


def is_copy(folder: Path) -> bool:
    """Whether a folder looks like the copy of one log."""
    return folder.is_dir() and any(folder.glob(f"*{SEAL_SUFFIX}"))


def copied_seals(folder: Path) -> tuple[Seal, ...]:
    """The seals of a copy, in their order. Raises ``OSError`` and
    :class:`~desk.issuance.seals.SealMalformed`."""
    files = sorted(folder.glob(f"*{SEAL_SUFFIX}"))
    return read_seals(file.read_text(encoding="ascii").removesuffix("\n") for file in files)


def copied_lines(folder: Path) -> Iterator[bytes]:
    """The events of a copy as lines with line ends, part after part. Raises ``OSError``."""
    for file in sorted(folder.glob(f"*{EVENTS_SUFFIX}")):
        with file.open("rb") as opened:
            yield from opened


def _copy(station: Station, folder: Path, kept: KeptSeal) -> None:
    place = _log_folder(folder, kept.seal)
    place.mkdir(parents=True, exist_ok=True)
    size = kept.seal.checkpoint.size
    with station.store.read() as session:
        start = seals.copied_size(session)
        events = _events(journal.walk(session, start, size))
    if size > start:
        _put(place / f"{start + 1:012d}-{size:012d}{EVENTS_SUFFIX}", events, size)
    _put(place / _seal_name(kept), _seal_bytes(kept), size)


def _put(file: Path, content: bytes, size: int) -> None:
    """Under its name complete or not there; what is there already is compared, not replaced."""
    if file.exists():
        if file.read_bytes() != content:
            raise CopyDiffers(file=file.name, size=size)
        return
    part = file.with_name(file.name + ".part")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)


def _events(events: Iterator[AuditEvent]) -> bytes:
    return b"".join(event.line.encode("ascii") + b"\n" for event in events)


def _log_folder(folder: Path, seal: Seal) -> Path:
    return folder / seal.checkpoint.origin.removeprefix(ORIGIN_PREFIX)


def _seal_name(kept: KeptSeal) -> str:
    return f"{kept.seal.checkpoint.size:012d}-{kept.id:06d}{SEAL_SUFFIX}"


def _seal_bytes(kept: KeptSeal) -> bytes:
    return kept.seal.line.encode("ascii") + b"\n"

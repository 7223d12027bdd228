"""The audit log as the window shows it: does it hold, its lines newest first, its seals.

Looking changes nothing. Names of people are not here: a line names a card or a device, and
the screen puts the officer's name beside it from the ministry's list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from desk.counter import copies
from desk.counter.copies import CopyState
from desk.counter.station import Station
from desk.issuance import audit, digest, seals
from desk.issuance.audit import AuditEvent
from desk.issuance.seals import Purpose, Seal, SealedLog
from desk.store import journal
from desk.store import seals as kept_seals
from desk.store.journal import Listed
from desk.trouble import Trouble

PAGE = 200
"""Lines shown at once; what lies further back is found by searching."""


class Filter(StrEnum):
    """Which lines are shown."""

    ALL = "all"
    SIGNATURES = "signatures"
    SESSIONS = "sessions"
    PATTERNS = "patterns"


_KINDS: dict[Filter, tuple[str, ...]] = {
    Filter.SIGNATURES: (
        "AUDIT.SEALED",
        "CARE.SIGNED",
        "CASE.PREPARED",
        "CASE.APPROVED",
        "CRED.SIGNED",
        "DAY.SIGNED",
        "DAY.CLOSED",
    ),
    Filter.SESSIONS: ("SESSION.",),
}


@dataclass(frozen=True)
class LogLine:
    """One event as a row: ``about`` is its case or empty, ``sealed`` whether a seal covers
    it, ``is_head``: a seal was put on the log just behind it."""

    seq: int
    at: datetime
    kind: str
    actor: str
    about: str
    hash: str
    sealed: bool = False
    is_head: bool = False


@dataclass(frozen=True)
class SealLine:
    """A seal as a row: ``words`` are the check words (Korean, English) of its root."""

    purpose: Purpose
    size: int
    at: datetime
    officers: tuple[str, ...]
    words: tuple[tuple[str, str], ...]
    holds: bool = True


@dataclass(frozen=True)
class LogReport:
    """What checking all of it found.

    ``broken`` is the first event that does not hold (None: all do), ``code`` why.
    ``traced``: every seal's card was issued under the ministry's root; False where no root is
    there to ask. ``copy`` and ``copy_code``: the second place and what is wrong with it.
    """

    events: int
    seals: int
    sealed: int
    at: datetime
    seconds: float
    broken: int | None = None
    code: str = ""
    facts: dict[str, str | float | None] = field(default_factory=dict)
    traced: bool = True
    copy: CopyState | None = None
    copy_code: str = ""

    @property
    def holds(self) -> bool:
        return not self.code


def examine(station: Station, clock: Callable[[], float] = time.perf_counter) -> LogReport:
    """Chain, seals and the second place. Takes about a second per ten thousand events."""
    began = clock()
    found, sealed, events, trouble = _walk(station)
    copy, copy_code = _copy(station)
    return LogReport(
        events=events,
        seals=len(found),
        sealed=sealed,
        at=station.now(),
        seconds=clock() - began,
        broken=_line(trouble),
        code=trouble.code if trouble else "",
        facts=dict(trouble.facts) if trouble else {},
        traced=bool(station.authority.officer_roots),
        copy=copy,
        copy_code=copy_code,
    )


def lines(
    station: Station,
    chosen: Filter = Filter.ALL,
    text: str = "",
    actors: Sequence[str] = (),
    only: Sequence[int] = (),
) -> tuple[LogLine, ...]:
    """The newest lines that fit: ``text`` is looked for in number, case, kind and actor,
    ``actors`` are those whose name fits it, ``only`` numbers that alone are wanted."""
    with station.store.read() as session:
        found = journal.newest(session, PAGE, _KINDS.get(chosen, ()), text, actors, only)
        heads = {kept.seal.checkpoint.size for kept in kept_seals.seals(session)}
    covered = max(heads, default=0)
    return tuple(_as_line(event, covered, heads) for event in found)


def latest_seals(station: Station, count: int) -> tuple[SealLine, ...]:
    """The newest seals, each with the words of its root."""
    with station.store.read() as session:
        found = kept_seals.latest(session, count)
    return tuple(_seal_line(kept.seal) for kept in found)


def _walk(station: Station) -> tuple[tuple[Seal, ...], int, int, Trouble | None]:
    """The seals, how far they reach, how many events hold, and the first that does not."""
    with station.store.read() as session:
        found = tuple(kept.seal for kept in kept_seals.seals(session))
        watch, held = SealedLog(found), 0

        def each(event: AuditEvent) -> None:
            nonlocal held
            watch.take(event)
            held = event.seq

        try:
            rows = (line.encode("ascii") + b"\n" for line in journal.lines(session, station.now()))
            watch.end(audit.verify(rows, each=each))
            _verify(found, station.authority.officer_roots)
        except Trouble as reason:
            return found, watch.sealed, held, reason
    return found, watch.sealed, held, None


def _verify(found: Iterable[Seal], roots: Sequence[bytes]) -> None:
    for seal in found:
        seal.verify()
        if roots:
            seals.trace(seal, roots)


def _line(trouble: Trouble | None) -> int | None:
    if trouble is None:
        return None
    line = trouble.facts.get("line")
    return int(line) if isinstance(line, int | float) else None


def _copy(station: Station) -> tuple[CopyState | None, str]:
    if copies.folder_of(station) is None:
        return None, copies.NoSecondPlace.code
    try:
        state = copies.compare(station)
    except Trouble as reason:
        return copies.state(station.store), reason.code
    return state, copies.CopyFailed.code if state.waiting else ""


def _as_line(event: Listed, covered: int, heads: set[int]) -> LogLine:
    return LogLine(
        seq=event.seq,
        at=event.at,
        kind=event.kind,
        actor=event.actor,
        about=event.case or "",
        hash=event.hash,
        sealed=event.seq <= covered,
        is_head=event.seq in heads,
    )


def _seal_line(seal: Seal) -> SealLine:
    checkpoint = seal.checkpoint
    try:
        seal.verify()
        holds = True
    except Trouble:
        holds = False
    words = digest.check_words(checkpoint.root)
    return SealLine(seal.purpose, checkpoint.size, seal.at, seal.officers, words, holds)

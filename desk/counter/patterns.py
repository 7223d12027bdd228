"""Odd patterns in the audit log that the head of post looks at: rules a person can check.

Each rule looks at the log alone, names the event it stumbled over and never says that anybody
did wrong. Hours are those of the post.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from desk.counter.station import Station
from desk.store import journal
from desk.store.journal import Listed

LOOKED_BACK = timedelta(days=14)
FIRST_HOUR, LAST_HOUR = 7, 20
SATURDAY = 5
MANY_REFUSALS = 3
_LOOKED_AT = ("SESSION.SIGNED_IN", "SESSION.PIN_REFUSED", "AUDIT.SEAL_MISSED")
_MOST = 5000


class Pattern(StrEnum):
    OUT_OF_HOURS = "out_of_hours"
    MANY_REFUSALS = "many_refusals"
    SEAL_MISSED = "seal_missed"


@dataclass(frozen=True)
class Oddity:
    """``seq`` and ``at`` of the (last) event it is about; ``count`` of such that day."""

    pattern: Pattern
    seq: int
    at: datetime
    actor: str
    count: int = 1


def odd_patterns(station: Station) -> tuple[Oddity, ...]:
    """What the last two weeks hold, the newest first."""
    with station.store.read() as session:
        found = journal.newest(session, _MOST, _LOOKED_AT)
    since = station.now() - LOOKED_BACK
    recent = [event for event in reversed(found) if event.at >= since]
    return tuple(sorted(_odd(recent, station.post.zone), key=lambda one: -one.seq))


def _odd(events: Iterable[Listed], zone: ZoneInfo) -> Iterator[Oddity]:
    refusals: Counter[str] = Counter()
    for event in events:
        local = event.at.astimezone(zone)
        if event.kind == "SESSION.SIGNED_IN" and _out_of_hours(local):
            yield Oddity(Pattern.OUT_OF_HOURS, event.seq, event.at, event.actor)
        elif event.kind == "AUDIT.SEAL_MISSED":
            yield Oddity(Pattern.SEAL_MISSED, event.seq, event.at, event.actor)
        elif event.kind == "SESSION.PIN_REFUSED":
            day = local.date().isoformat()
            refusals[day] += 1
            if refusals[day] == MANY_REFUSALS:
                yield Oddity(Pattern.MANY_REFUSALS, event.seq, event.at, event.actor, refusals[day])


def _out_of_hours(local: datetime) -> bool:
    return local.weekday() >= SATURDAY or not FIRST_HOUR <= local.hour < LAST_HOUR

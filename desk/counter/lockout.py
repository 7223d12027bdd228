"""Failed sign-ins are counted, for each card and for the station, and make the next one wait.

The card's own count of PIN tries stays the first guard; this one also holds where a card
allows many tries, where its PIN was unblocked in between, and where one card after the other
is tried. Counts lie in a file outside the records, which are closed while somebody guesses.
An attempt is counted before the PIN goes to the card and taken back where the card has
refused nothing, so that ending the program gives no try back. Somebody who keeps the desk
(head of post, administrator) is not held up by the station's count and ends every pause.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desk.counter.settings import LockSettings
from desk.trouble import Trouble

_log = logging.getLogger(__name__)

FILE_NAME = "sign-in.json"
STATION_WINDOW = timedelta(hours=1)
"""In this time the station's failures are counted."""
_FORGOTTEN = timedelta(days=30)


class Paused(Trouble):
    """Signing in has failed too often. Facts: count, and until it may be tried again, minutes
    and seconds."""

    def __init__(self, count: int, left: int) -> None:
        super().__init__(count=count, minutes=left // 60, seconds=left % 60)
        self.left = left


class CardPaused(Paused):
    """This card has to wait."""

    code = "OFFICER-12"


class StationPaused(Paused):
    """All cards have to wait but those of who keeps the desk."""

    code = "OFFICER-13"


@dataclass(frozen=True)
class Tally:
    """Failures in a row of one card, and when the last one was."""

    failures: int
    last: datetime


@dataclass(frozen=True)
class Counts:
    """``cards`` by the SHA-256 (hex) of the 9A certificate; ``station`` are times."""

    cards: Mapping[str, Tally] = field(default_factory=dict)
    station: tuple[datetime, ...] = ()


class Lockouts:
    """The counts in ``file``. It is read each time: two desks on one home see the same."""

    def __init__(self, file: Path, limits: LockSettings, now: Callable[[], datetime]) -> None:
        self._file, self._limits, self._now = file, limits, now

    def check(self, card: str, *, keeps_desk: bool = False) -> None:
        """Whether ``card`` may try now. Raises :class:`CardPaused`, :class:`StationPaused`."""
        now, counts = self._now(), self._read()
        tally = counts.cards.get(card)
        if tally is not None:
            left = _left(tally.last, self.pause(tally.failures), now)
            if left > 0:
                raise CardPaused(tally.failures, left)
        if keeps_desk:
            return
        recent = self._recent(counts, now)
        if len(recent) >= self._limits.station_failures:
            first = recent[-self._limits.station_failures]
            raise StationPaused(len(recent), max(1, _left(first, STATION_WINDOW, now)))

    def count(self, card: str) -> Counts:
        """One attempt of ``card`` begins; it counts as failed until something else is told.
        The counts before it."""
        now, counts = self._now(), self._read()
        before = counts.cards.get(card)
        tally = Tally(before.failures + 1 if before else 1, now)
        station = (*self._recent(counts, now), now)
        self._write(Counts({**counts.cards, card: tally}, station))
        return counts

    def take_back(self, before: Counts) -> None:
        """The card has refused nothing: the counts are as they were."""
        self._write(before)

    def passed(self, card: str, before: Counts) -> None:
        """``card`` has signed in: its row of failures is over, and this attempt was none."""
        others = {key: tally for key, tally in before.cards.items() if key != card}
        self._write(replace(before, cards=others))

    def forget(self, card: str) -> None:
        """The card's owner has shown its PUK: the row of failures is over."""
        self.passed(card, self._read())

    def lift(self) -> int:
        """End every pause; how many cards and stations had to wait."""
        now, counts = self._now(), self._read()
        waiting = sum(
            _left(tally.last, self.pause(tally.failures), now) > 0
            for tally in counts.cards.values()
        )
        waiting += len(self._recent(counts, now)) >= self._limits.station_failures
        if waiting:
            self._write(Counts())
        return waiting

    def pause(self, failures: int) -> timedelta:
        """How long a card waits after so many failures in a row: twice as long each time."""
        over = failures - self._limits.pause_after
        if over < 0:
            return timedelta(0)
        longest = timedelta(minutes=self._limits.pause_minutes_most)
        # Beyond 65536 first pauses the longest is reached, whatever the settings say.
        return min(longest, timedelta(seconds=self._limits.pause_seconds << min(over, 16)))

    def counts(self) -> Counts:
        return self._read()

    def _recent(self, counts: Counts, now: datetime) -> tuple[datetime, ...]:
        # A clock that was set back must not make the waiting endless, nor end it.
        return tuple(at for at in counts.station if abs(now - at) < STATION_WINDOW)

    # The file

    def _read(self) -> Counts:
        try:
            return _counts(json.loads(self._file.read_text(encoding="ascii")))
        except FileNotFoundError:
            return Counts()
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            _log.warning("counts of failed sign-ins cannot be read; they begin anew")
            return Counts()

    def _write(self, counts: Counts) -> None:
        now = self._now()
        kept = {
            card: tally
            for card, tally in counts.cards.items()
            if abs(now - tally.last) < _FORGOTTEN
        }
        text = json.dumps(_plain(replace(counts, cards=kept)))
        new = self._file.with_name(FILE_NAME + ".new")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except OSError:
            # A full disk is told elsewhere and must not keep everybody out of the desk.
            _log.warning("counts of failed sign-ins cannot be kept")


def _left(since: datetime, pause: timedelta, now: datetime) -> int:
    """Seconds of ``pause`` that are left; never more than the whole of it."""
    passed = max(timedelta(0), now - since)
    return max(0, -(-(pause - passed) // timedelta(seconds=1)))


def _plain(counts: Counts) -> dict[str, Any]:
    return {
        "cards": {
            card: {"failures": tally.failures, "last": tally.last.astimezone(UTC).isoformat()}
            for card, tally in counts.cards.items()
        },
        "station": [at.astimezone(UTC).isoformat() for at in counts.station],
    }


def _counts(plain: dict[str, Any]) -> Counts:
    cards = {
        str(card): Tally(int(tally["failures"]), _time(tally["last"]))
        for card, tally in plain["cards"].items()
    }
    return Counts(cards, tuple(_time(text) for text in plain["station"]))


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at

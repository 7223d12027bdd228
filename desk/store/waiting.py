"""Events that happen while the records are closed: they wait in a file beside them.

A PIN refused before anybody has signed in, a list of officers put in place: the log has them
when the records open next, even if the program ended in between. The file is not the log. It
is as open to change as any file of this user, so it may only bring events of a few kinds, in
the station's own name, and what does not fit is counted and left out. A kill between logging
and removing logs them twice, never not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from desk.issuance.audit import Fact, FactNotAllowed
from desk.store import journal
from desk.store.journal import Stamp
from desk.store.key import open_private, sync_folder
from desk.store.troubles import Unwritable

FILE_NAME = "events.waiting"
KINDS = ("SESSION.", "CARD.", "OFFICERS.")
ACTORS = ("station:", "command:")
MOST = 10_000
"""So many lines are read; a file that grew beyond was not written by this program."""


_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class WaitingEvent:
    """One event that the log does not have yet."""

    stamp: Stamp
    kind: str
    facts: Mapping[str, Fact | float]

    @property
    def is_fit(self) -> bool:
        return self.kind.startswith(KINDS) and self.stamp.actor.startswith(ACTORS)


class WaitingEvents:
    """The file ``events.waiting`` in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._taken = folder / (FILE_NAME + ".taken")

    def add(self, event: WaitingEvent) -> None:
        """Durable when this returns. Raises :class:`Unwritable`."""
        members = {
            "at": event.stamp.at.isoformat(),
            "actor": event.stamp.actor,
            "kind": event.kind,
            "facts": dict(event.facts),
        }
        line = json.dumps(members, sort_keys=True).encode() + b"\n"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = open_private(self._file, os.O_APPEND)
            with os.fdopen(handle, "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as reason:
            raise Unwritable("waiting", file=FILE_NAME) from reason

    def set_aside(self) -> bool:
        """Take the events out of the way of others that come; True where there are any."""
        try:
            if not self._taken.exists() and self._file.exists():
                self._file.replace(self._taken)
            return self._taken.exists()
        except OSError as reason:
            raise Unwritable("waiting", file=FILE_NAME) from reason

    def write_into(self, session: Session, stamp: Stamp) -> None:
        """Append what was set aside to the log, in the caller's transaction."""
        left_out = 0
        for event in _read(self._taken):
            if event is None or not event.is_fit or not _appended(session, event):
                left_out += 1
        if left_out:
            journal.append(session, stamp, "RECORDS.WAITING_LEFT_OUT", None, count=left_out)

    def forget(self) -> None:
        """The log has them."""
        try:
            self._taken.unlink(missing_ok=True)
            sync_folder(self._taken.parent)
        except OSError as reason:
            raise Unwritable("waiting", file=FILE_NAME) from reason


def _appended(session: Session, event: WaitingEvent) -> bool:
    try:
        journal.append(session, event.stamp, event.kind, None, **event.facts)
    except (FactNotAllowed, ValueError, TypeError):
        return False
    return True


def _read(file: Path) -> Iterator[WaitingEvent | None]:
    try:
        lines: Iterable[bytes] = file.read_bytes().splitlines()[:MOST]
    except OSError as reason:
        raise Unwritable("waiting", file=FILE_NAME) from reason
    for line in lines:
        yield _event(line)


def _event(line: bytes) -> WaitingEvent | None:
    """None for a line that this program did not write."""
    try:
        members = json.loads(line)
        at = datetime.fromisoformat(members["at"])
        facts = {str(name): value for name, value in members["facts"].items()}
        if at.tzinfo is None or not all(isinstance(one, _PLAIN) for one in facts.values()):
            return None
        return WaitingEvent(Stamp(at, str(members["actor"])), str(members["kind"]), facts)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

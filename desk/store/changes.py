"""Hearing that somebody changed the records: here, or at another desk that shares them.

What is told is which kinds of audit events came, never of which case; whoever hears it
looks for himself. On PostgreSQL a committed transaction tells by NOTIFY, and nothing is
told of one that was taken back. A line that broke is made again without a word; since
nobody knows what was missed, everything counts as changed then.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol, cast

from sqlalchemy import Engine

if TYPE_CHECKING:
    import psycopg

CHANNEL = "desk_records"
ANYTHING = "*"
"""Among the kinds heard: what happened is not known, look at everything."""
SLICE_SECONDS = 0.25
"""So soon a waiting ear finds out that it was closed."""
# A notification carries at most 8000 bytes (manual of NOTIFY).
_MOST_BYTES = 7_000

Kinds = frozenset[str]
NOTHING: Kinds = frozenset()


class Changes(Protocol):
    """An ear for changes; one thread waits, any may close it."""

    def wait(self, seconds: float) -> Kinds:
        """The kinds of events that came since the last call, as soon as there are any; none
        when the time is over or the ear was closed."""
        ...

    def close(self) -> None: ...


class Bell:
    """Rung by this program's own commits; what the ears of an own file hear."""

    def __init__(self) -> None:
        self._ears: set[_OwnEar] = set()
        self._lock = threading.Lock()

    def ring(self, kinds: Kinds) -> None:
        with self._lock:
            ears = tuple(self._ears)
        for ear in ears:
            ear.hear(kinds)

    def ear(self) -> Changes:
        made = _OwnEar(self)
        with self._lock:
            self._ears.add(made)
        return made

    def forget(self, ear: _OwnEar) -> None:
        with self._lock:
            self._ears.discard(ear)


class _OwnEar:
    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._heard: set[str] = set()
        self._closed = False
        self._changed = threading.Condition()

    def hear(self, kinds: Kinds) -> None:
        with self._changed:
            self._heard |= kinds
            self._changed.notify_all()

    def wait(self, seconds: float) -> Kinds:
        with self._changed:
            self._changed.wait_for(lambda: self._heard or self._closed, seconds)
            kinds = frozenset(self._heard)
            self._heard.clear()
            return kinds

    def close(self) -> None:
        self._bell.forget(self)
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def payload(kinds: set[str]) -> str:
    """What a commit tells; too much of it becomes `ANYTHING`."""
    told = " ".join(sorted(kinds))
    return told if len(told) <= _MOST_BYTES else ANYTHING


class SharedEar:
    """Listens on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._line: psycopg.Connection[Any] | None = None
        self._closed = threading.Event()
        self._waiting = threading.Lock()
        self._connect()

    def wait(self, seconds: float) -> Kinds:
        with self._waiting:
            slices = max(1, round(seconds / SLICE_SECONDS))
            for _ in range(slices):
                if self._closed.is_set():
                    break
                if kinds := self._wait_a_slice(min(seconds, SLICE_SECONDS)):
                    return kinds
        return NOTHING

    def close(self) -> None:
        self._closed.set()
        with self._waiting:
            self._hang_up()

    def _wait_a_slice(self, seconds: float) -> Kinds:
        import psycopg

        if self._line is None:
            if self._connect():
                return frozenset({ANYTHING})
            self._closed.wait(seconds)
            return NOTHING
        try:
            heard = list(self._line.notifies(timeout=seconds, stop_after=1))
        except psycopg.Error:
            self._hang_up()
            return NOTHING
        return frozenset(kind for one in heard for kind in one.payload.split())

    def _connect(self) -> bool:
        """Whether there is a line now."""
        import psycopg

        try:
            # The pool hands on the driver's own errors.
            pooled = self._engine.raw_connection()
            self._line = cast("psycopg.Connection[Any]", pooled.driver_connection)
            pooled.detach()
            self._line.autocommit = True
            self._line.execute(f"LISTEN {CHANNEL}".encode())
        except psycopg.Error:
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

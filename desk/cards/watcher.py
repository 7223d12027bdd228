"""Watches the readers: one thread, one waiting call, and no end to it but `Watcher.stop`.

When the service stops (or was never there), the watcher says so, takes a fresh context as
soon as there is a service again, and goes on. While nothing happens it sleeps inside the
service's call. What a card is, is left to whoever is told.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from desk.cards import pcsc
from desk.cards.troubles import AccessDenied
from desk.iso7816.troubles import CardTrouble

WAIT_MS = 10_000
"""Longest single wait; a change that the service failed to tell shows after this long."""
LISTED_AGAIN = 5
RETRY_SECONDS = 0.5
"""How often a stopped service is looked for."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReaderState:
    """One reader. ``mute``: something lies on it and does not answer. ``held``: another program
    keeps it for itself. ``events`` counts cards come and gone as far as the service tells, so a
    card changed between two looks makes another state.
    """

    name: str
    present: bool
    atr: bytes = b""
    mute: bool = False
    held: bool = False
    events: int = 0


@dataclass(frozen=True, slots=True)
class CardWorld:
    """All that the service knows at one moment; ``readers`` in the service's order.

    ``denied``: there may be a service, but this account is kept from it.
    """

    service_running: bool
    readers: tuple[ReaderState, ...] = ()
    denied: bool = False

    def reader(self, name: str) -> ReaderState | None:
        return next((reader for reader in self.readers if reader.name == name), None)


def look_now() -> CardWorld:
    """The readers as they are now; a service that is not reachable is an answer too."""
    try:
        return look()
    except CardTrouble as trouble:
        return _unreachable(trouble)


def look() -> CardWorld:
    """The readers as they are now. Raises ServiceStopped, AccessDenied."""
    context = pcsc.Context()
    try:
        return _world(_states(context))
    finally:
        context.release()


class Watcher:
    """Calls ``on_change`` with a new `CardWorld` whenever it differs from the last one.

    The call comes on the watcher's own thread and must return soon; the first one comes soon
    after `start`. An exception from it is logged and does not end the watch.
    """

    def __init__(self, on_change: Callable[[CardWorld], None]) -> None:
        self._on_change = on_change
        self._world: CardWorld | None = None
        self._stopping = threading.Event()
        self._context: pcsc.Context | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="card-watcher", daemon=True)

    @property
    def world(self) -> CardWorld:
        """The last world told; no service and no readers before the first."""
        return self._world or CardWorld(service_running=False)

    def start(self) -> None:
        self._thread.start()

    def look_again(self) -> None:
        """Look now instead of when the service tells the next change: the computer slept."""
        with self._lock:
            if self._context is not None:
                self._context.cancel()

    def stop(self) -> None:
        """End the watch and wait for its thread; no call comes after this. May be repeated."""
        self._stopping.set()
        # A cancel that comes just before the wait begins is lost: repeat it.
        while self._thread.is_alive() and self._thread is not threading.current_thread():
            with self._lock:
                if self._context is not None:
                    self._context.cancel()
            self._thread.join(0.02)

    # --- the watcher's thread -------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch_one_service()
            except CardTrouble as trouble:
                _log.info("card service not reachable: %s", trouble)
                self._tell(_unreachable(trouble))
                self._stopping.wait(RETRY_SECONDS)

    def _watch_one_service(self) -> None:
        context = pcsc.Context()
        with self._lock:
            self._context = context
        try:
            while not self._stopping.is_set():
                self._look_and_wait(context)
        finally:
            with self._lock:
                self._context = None
            context.release()

    def _look_and_wait(self, context: pcsc.Context) -> None:
        states = _states(context)
        self._tell(_world(states))
        current = [(name, state & ~pcsc.STATE_CHANGED) for name, state, _atr in states]
        # The pseudo reader's state carries the number of readers known to the caller.
        current.append((pcsc.NEW_READERS, len(states) << 16))
        result, _ = context.changes(current, WAIT_MS)
        if result in _GONE:
            # A reader has just gone, or this service knows no pseudo reader: look again, but
            # not at once, or a service that always says so would be asked without end.
            self._stopping.wait(RETRY_SECONDS)
        elif result not in _GO_ON:
            pcsc.check(result)

    def _tell(self, world: CardWorld) -> None:
        if world == self._world or self._stopping.is_set():
            return
        self._world = world
        try:
            self._on_change(world)
        except Exception:
            _log.exception("a listener of the card watcher failed")


def _unreachable(trouble: CardTrouble) -> CardWorld:
    return CardWorld(service_running=False, denied=isinstance(trouble, AccessDenied))


_GO_ON = {0, pcsc.TIMED_OUT, pcsc.CANCELLED}
_GONE = {pcsc.NO_READERS, *pcsc.UNKNOWN_READERS}


def _states(context: pcsc.Context) -> list[tuple[str, int, bytes]]:
    """The present state of each reader, without waiting.

    A reader that goes between being listed and being asked spoils the answer for all: they
    are listed again, so that those that stay are not told as gone.
    """
    for _ in range(LISTED_AGAIN):
        names = context.readers()
        if not names:
            return []
        result, states = context.changes([(name, pcsc.STATE_UNAWARE) for name in names], 0)
        if result == 0:
            return states
        if result not in _GONE | _GO_ON:
            break
    raise pcsc.trouble_for(result)


def _world(states: list[tuple[str, int, bytes]]) -> CardWorld:
    return CardWorld(True, tuple(_reader_state(*state) for state in states))


def _reader_state(name: str, state: int, atr: bytes) -> ReaderState:
    present = bool(state & pcsc.STATE_PRESENT)
    return ReaderState(
        name=name,
        present=present,
        atr=atr if present else b"",
        mute=bool(state & pcsc.STATE_MUTE),
        held=bool(state & pcsc.STATE_EXCLUSIVE),
        events=state >> 16,
    )

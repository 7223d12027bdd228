"""The watcher: against scripted services, and against a real one that stops and starts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from desk.cards import pcsc
from desk.cards.troubles import ServiceStopped
from desk.cards.watcher import CardWorld, ReaderState, Watcher
from desk.training.piv_card import PivCard
from tests.pcscd import PATIENCE, PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]

DOWN = CardWorld(service_running=False)
ATR = b"\x3b\x00"


class Worlds:
    """Collects what the watcher tells."""

    def __init__(self) -> None:
        self.told: list[CardWorld] = []
        self._queue: queue.Queue[CardWorld] = queue.Queue()

    def __call__(self, world: CardWorld) -> None:
        self.told.append(world)
        self._queue.put(world)

    def next(self) -> CardWorld:
        return self._queue.get(timeout=PATIENCE)

    def until(self, condition: Callable[[CardWorld], bool]) -> CardWorld:
        while not condition(world := self.next()):
            pass
        return world


@pytest.fixture
def worlds() -> Worlds:
    return Worlds()


@pytest.fixture
def watcher(worlds: Worlds) -> Iterator[Watcher]:
    made = Watcher(worlds)
    yield made
    made.stop()


class FakeService:
    """A service whose readers the test moves; contexts made from it share its fate."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.running = True
        self.readers: dict[str, tuple[int, bytes]] = {}
        self.contexts = 0
        self.released = 0
        self.waits = 0
        self.version = 0
        self.odd = {pcsc.NEW_READERS}

    def change(self, action: Callable[[], None]) -> None:
        with self.changed:
            action()
            self.version += 1
            self.changed.notify_all()

    def set(self, **readers: tuple[int, bytes]) -> None:
        self.change(lambda: self.readers.update(readers))

    def stop(self) -> None:
        def action() -> None:
            self.running = False

        self.change(action)

    def start(self) -> None:
        def action() -> None:
            self.running = True

        self.change(action)


class FakeContext:
    def __init__(self, service: FakeService) -> None:
        with service.changed:
            if not service.running:
                raise ServiceStopped
            service.contexts += 1
            self._service = service
            self._cancelled = False

    def readers(self) -> tuple[str, ...]:
        self._check()
        return tuple(self._service.readers)

    def changes(
        self, states: list[tuple[str, int]], timeout_ms: int
    ) -> tuple[int, list[tuple[str, int, bytes]]]:
        service = self._service
        with service.changed:
            if timeout_ms:
                seen = service.version
                if self._snapshot(states):
                    service.waits += 1
                    service.changed.notify_all()
                    service.changed.wait_for(
                        lambda: service.version != seen or self._cancelled, timeout_ms / 1000
                    )
            if self._cancelled:
                self._cancelled = False
                return pcsc.CANCELLED, []
            if not service.running:
                return 0x8010001E, []
            if any(name not in service.readers for name, _ in states if name not in service.odd):
                return 0x80100009, []
            return 0, [
                (name, *service.readers[name]) for name, _ in states if name in service.readers
            ]

    def _snapshot(self, states: list[tuple[str, int]]) -> bool:
        """True where the caller knows everything already."""
        known = {name: state for name, state in states if name != pcsc.NEW_READERS}
        return known == {name: state for name, (state, _) in self._service.readers.items()}

    def cancel(self) -> None:
        with self._service.changed:
            self._cancelled = True
            self._service.changed.notify_all()

    def release(self) -> None:
        self._service.released += 1

    def _check(self) -> None:
        if not self._service.running:
            raise ServiceStopped


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    made = FakeService()
    monkeypatch.setattr(pcsc, "Context", lambda: FakeContext(made))
    monkeypatch.setattr("desk.cards.watcher.RETRY_SECONDS", 0.01)
    return made


def test_first_world_comes_at_once(service: FakeService, worlds: Worlds, watcher: Watcher) -> None:
    service.readers = {"A": (pcsc.STATE_PRESENT, ATR), "B": (0, b"")}
    assert watcher.world == DOWN

    watcher.start()

    world = worlds.next()
    assert world == CardWorld(True, (ReaderState("A", True, ATR), ReaderState("B", False)))
    assert watcher.world == world
    assert world.reader("B") == ReaderState("B", False)
    assert world.reader("C") is None


def test_cards_and_readers_come_and_go(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    watcher.start()
    assert worlds.next() == CardWorld(True)

    service.set(A=(0, b""))
    assert worlds.next().readers == (ReaderState("A", False),)
    service.set(A=(pcsc.STATE_PRESENT | 1 << 16, ATR))
    assert worlds.next().readers == (ReaderState("A", True, ATR, events=1),)
    service.set(A=(pcsc.STATE_PRESENT | pcsc.STATE_MUTE | 2 << 16, b""))
    assert worlds.next().readers == (ReaderState("A", True, b"", mute=True, events=2),)
    service.set(A=(pcsc.STATE_PRESENT | pcsc.STATE_EXCLUSIVE | 2 << 16, ATR))
    assert worlds.next().readers == (ReaderState("A", True, ATR, held=True, events=2),)
    service.change(service.readers.clear)
    assert worlds.next() == CardWorld(True)


def test_service_without_the_pseudo_reader_is_polled(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    """Some services know no notification of new readers and refuse to wait for it."""
    service.odd = set()
    watcher.start()
    worlds.next()

    service.set(A=(0, b""))

    assert worlds.next().readers == (ReaderState("A", False),)


def test_card_changed_between_two_looks_shows(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    """Pulled and put back before the watcher looked: the service's count tells."""
    service.readers = {"A": (pcsc.STATE_PRESENT | 1 << 16, ATR)}
    watcher.start()
    first = worlds.next()

    service.set(A=(pcsc.STATE_PRESENT | 3 << 16, ATR))

    assert worlds.next() != first


def test_a_reader_that_goes_while_being_asked_takes_no_other_with_it(
    service: FakeService, worlds: Worlds, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed and gone before it was asked: the service then answers for none of them."""
    service.readers = {"A": (pcsc.STATE_PRESENT, ATR)}
    listed = iter([("A", "Gone")])
    genuine = FakeContext.readers
    monkeypatch.setattr(FakeContext, "readers", lambda self: next(listed, None) or genuine(self))

    watcher.start()

    assert worlds.next().readers == (ReaderState("A", True, ATR),)


def test_looking_again_ends_the_wait(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    """After a sleep nobody tells what changed; the desk asks without waiting for it."""
    watcher.start()
    worlds.next()
    with service.changed:
        service.changed.wait_for(lambda: service.waits > 0, PATIENCE)
        service.readers["A"] = (0, b"")

    watcher.look_again()

    assert worlds.next().readers == (ReaderState("A", False),)


def test_service_that_stops_and_starts(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    """A fresh context after each stop; none is left open."""
    service.readers = {"A": (pcsc.STATE_PRESENT, ATR)}
    watcher.start()
    up = worlds.next()

    for _ in range(5):
        service.stop()
        assert worlds.next() == DOWN
        service.start()
        assert worlds.next() == up

    watcher.stop()
    assert service.contexts == service.released == 6


def test_the_last_reader_takes_the_service_with_it_and_brings_it_back(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    """As on Windows: the service ends with the last reader and is a new one with the next."""
    service.readers = {"A": (0, b"")}
    watcher.start()
    worlds.next()

    for name in ("A", "B", "C"):
        service.change(lambda: (service.readers.clear(), setattr(service, "running", False)))
        worlds.until(lambda world: world == DOWN)
        service.readers[name] = (pcsc.STATE_PRESENT, ATR)
        service.start()
        assert worlds.next().readers == (ReaderState(name, True, ATR),)

    watcher.stop()
    assert service.contexts == service.released == 4


def test_service_that_is_down_at_the_start(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    service.running = False
    watcher.start()

    assert worlds.next() == DOWN
    service.start()
    assert worlds.next() == CardWorld(True)


def test_same_world_is_told_once(service: FakeService, worlds: Worlds, watcher: Watcher) -> None:
    watcher.start()
    for _ in range(3):
        service.set()
    service.set(A=(0, b""))

    worlds.until(lambda world: len(world.readers) == 1)

    assert len(worlds.told) == 2


def test_idle_watcher_waits_inside_the_service(
    service: FakeService, worlds: Worlds, watcher: Watcher
) -> None:
    """While nothing happens there is one wait and no polling."""
    watcher.start()
    worlds.next()
    with service.changed:
        service.changed.wait_for(lambda: service.waits > 0, PATIENCE)
        waits = service.waits
        service.changed.wait(0.2)

    assert service.waits == waits == 1


@pytest.mark.parametrize("running", [True, False])
def test_stop_ends_the_thread_whatever_it_does(
    service: FakeService, worlds: Worlds, running: bool
) -> None:
    service.running = running
    for _ in range(20):
        watcher = Watcher(worlds)
        watcher.start()
        watcher.stop()
        watcher.stop()

    assert service.contexts == service.released


def test_nothing_is_told_after_stop(service: FakeService, worlds: Worlds, watcher: Watcher) -> None:
    watcher.start()
    worlds.next()
    watcher.stop()

    service.set(A=(0, b""))

    assert len(worlds.told) == 1


def test_watcher_never_started_stops() -> None:
    Watcher(lambda _world: None).stop()


def test_listener_that_fails_does_not_end_the_watch(
    service: FakeService, worlds: Worlds, caplog: pytest.LogCaptureFixture
) -> None:
    def fails_first(world: CardWorld) -> None:
        worlds(world)
        if len(worlds.told) == 1:
            raise RuntimeError("a bug of the listener")

    watcher = Watcher(fails_first)
    watcher.start()
    worlds.next()
    service.set(A=(0, b""))

    assert worlds.next().readers
    watcher.stop()
    assert "a bug of the listener" in caplog.text


def test_listener_may_stop_the_watcher(service: FakeService) -> None:
    stopped = threading.Event()

    def stop(_world: CardWorld) -> None:
        own.stop()
        stopped.set()

    own = Watcher(stop)
    own.start()

    assert stopped.wait(PATIENCE)
    own.stop()


# --- the real thing ---------------------------------------------------------------------


def present(world: CardWorld) -> bool:
    return any(reader.present for reader in world.readers)


def test_real_card_in_and_out(pcscd: PcscService, worlds: Worlds, watcher: Watcher) -> None:
    watcher.start()
    worlds.until(lambda world: len(world.readers) == 2 and not present(world))
    card = PivCard()

    with pcscd.slot(1) as slot:
        reader = slot.lay(card)
        state = worlds.until(present).reader(reader)
        assert state is not None and state.atr == card.atr and not state.mute
        slot.pull()
        worlds.until(lambda world: not present(world))


def test_real_service_stops_and_starts(
    pcscd: PcscService, worlds: Worlds, watcher: Watcher
) -> None:
    """Four times down and up with a card lying in the reader; it is seen again each time."""
    with pcscd.slot(0) as slot:
        slot.insert(PivCard())
        watcher.start()
        worlds.until(present)
        for _ in range(4):
            pcscd.stop()
            worlds.until(lambda world: world == DOWN)
            pcscd.start()
            worlds.until(present)


def test_real_service_absent_at_the_start(
    pcscd: PcscService, worlds: Worlds, watcher: Watcher
) -> None:
    pcscd.stop()
    watcher.start()
    assert worlds.next() == DOWN

    pcscd.start()

    worlds.until(lambda world: len(world.readers) == 2)

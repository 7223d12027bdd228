"""The readers of this machine, through its smartcard service."""

from __future__ import annotations

from collections.abc import Callable

from desk.cards import pcsc
from desk.cards.pcsc import PcscConnection
from desk.cards.watcher import CardWorld, Watcher, look


class PcscReaders:
    """Satisfies ``desk.counter.readers.Readers``; one watcher tells everybody."""

    def __init__(self) -> None:
        self._world = CardWorld(service_running=False, readers=())
        self._listeners: list[Callable[[CardWorld], None]] = []
        self._watcher = Watcher(self._changed)
        self._watcher.start()

    def _changed(self, world: CardWorld) -> None:
        self._world = world
        for listener in tuple(self._listeners):
            listener(world)

    def world(self) -> CardWorld:
        return self._world

    def connect(self, reader: str) -> PcscConnection:
        return pcsc.connect(reader)

    def watch(self, on_change: Callable[[CardWorld], None]) -> None:
        self._listeners.append(on_change)
        on_change(self._world)

    def look_again(self) -> None:
        self._watcher.look_again()

    def stop(self) -> None:
        self._listeners.clear()
        self._watcher.stop()


class ReadersNow:
    """Satisfies ``desk.counter.readers.Readers`` for a command: looked at once, not watched."""

    def world(self) -> CardWorld:
        return look()

    def connect(self, reader: str) -> PcscConnection:
        return pcsc.connect(reader)

    def watch(self, on_change: Callable[[CardWorld], None]) -> None:
        on_change(self.world())

    def look_again(self) -> None:
        """Every look is a new one."""

    def stop(self) -> None:
        """Nothing runs."""

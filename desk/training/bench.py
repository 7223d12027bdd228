"""Two training readers on the bench: chips are put on them and taken away.

``Bench`` answers in this process exactly where a PC/SC reader would: a connection sends
APDUs, a chip that was taken away ends every connection to it. For the real PC/SC path
the same chips are attached to the virtual driver by ``desk.training.vpcd``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from desk.cards.troubles import NoCard, NoReader, ReaderHeld
from desk.cards.watcher import CardWorld, ReaderState
from desk.iso7816.troubles import CardRemoved

PASSPORT_READER = "Training passport reader"
CARD_READER = "Training card reader"
TURN_SECONDS = 15.0


class Chip(Protocol):
    """What lies on a reader."""

    @property
    def atr(self) -> bytes: ...

    def transmit(self, apdu: bytes) -> bytes: ...

    def reset(self) -> None: ...


class Bench:
    """Readers of the training mode; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._chips: dict[str, Chip | None] = {PASSPORT_READER: None, CARD_READER: None}
        self._serial: dict[str, int] = dict.fromkeys(self._chips, 0)
        self._watchers: list[Callable[[CardWorld], None]] = []
        self._turns = {name: threading.Lock() for name in self._chips}

    def put(self, reader: str, chip: Chip) -> None:
        """Lay ``chip`` on ``reader``; what lay there is gone."""
        self._set(reader, chip)

    def take(self, reader: str) -> None:
        """Take away what lies on ``reader``."""
        self._set(reader, None)

    def _set(self, reader: str, chip: Chip | None) -> None:
        with self._lock:
            self._chips[reader] = chip
            self._serial[reader] += 1
            world, watchers = self.world(), tuple(self._watchers)
        for watcher in watchers:
            watcher(world)

    def world(self) -> CardWorld:
        with self._lock:
            return CardWorld(
                service_running=True,
                readers=tuple(
                    ReaderState(name=name, present=chip is not None, atr=chip.atr if chip else b"")
                    for name, chip in self._chips.items()
                ),
            )

    def watch(self, on_change: Callable[[CardWorld], None]) -> None:
        with self._lock:
            self._watchers.append(on_change)
        on_change(self.world())

    def look_again(self) -> None:
        """Nothing happens unseen on this bench."""

    def stop(self) -> None:
        with self._lock:
            self._watchers.clear()

    def connect(self, reader: str) -> BenchConnection:
        """One connection at a time, as in a PC/SC transaction; others wait their turn.

        Raises NoReader, NoCard, and ReaderHeld when the turn does not come.
        """
        if reader not in self._turns:
            raise NoReader()
        if not self._turns[reader].acquire(timeout=TURN_SECONDS):
            raise ReaderHeld()
        try:
            with self._lock:
                chip = self._chips[reader]
                if chip is None:
                    raise NoCard()
                chip.reset()
                return BenchConnection(self, reader, chip, self._serial[reader])
        except BaseException:
            self._turns[reader].release()
            raise

    def _give_back(self, reader: str) -> None:
        self._turns[reader].release()

    def _transmit(self, connection: BenchConnection, apdu: bytes) -> bytes:
        with self._lock:
            if self._serial[connection.reader] != connection.serial:
                raise CardRemoved()
            answer = connection.chip.transmit(apdu)
            if self._serial[connection.reader] != connection.serial:
                raise CardRemoved()
            return answer


class BenchConnection:
    """One session with the chip on a training reader."""

    def __init__(self, bench: Bench, reader: str, chip: Chip, serial: int) -> None:
        self._bench = bench
        self.reader = reader
        self.chip = chip
        self.serial = serial
        self._closed = False

    @property
    def atr(self) -> bytes:
        return self.chip.atr

    def transmit(self, apdu: bytes) -> bytes:
        """Raises CardRemoved once the chip was taken away or changed."""
        return self._bench._transmit(self, apdu)

    def close(self) -> None:
        """Let others have the reader; the chip stays where it lies."""
        if not self._closed:
            self._closed = True
            self._bench._give_back(self.reader)

"""The desk's checks, asked once for everybody who shows them: the board and set-up.

One examination runs at a time, in the card's lane, since most of it is about readers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from desk.cards.watcher import CardWorld
from desk.counter.doctor import Diagnosis
from desk.ui.lanes import Lane


class Work(Protocol):
    """Runs a job in a lane and hands its result to ``done`` on the window's thread."""

    def __call__(
        self, lane: Lane, job: Callable[[], Any], done: Callable[[Any], None] | None = None, /
    ) -> None: ...


Prepare = Callable[[], Callable[[], Diagnosis]]
"""Asks on the window's thread what only that one can tell (Qt's device lists), and returns
what remains to be done beside it."""


class Checks(QObject):
    """``found`` is the last diagnosis, None before the first; ``seconds`` it took.
    ``changed``: an examination has begun or ended."""

    changed = Signal()

    def __init__(
        self,
        work: Work,
        prepare: Prepare,
        world: Callable[[], CardWorld],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._work, self._prepare, self._world = work, prepare, world
        self._asked_of: CardWorld | None = None
        self.found: Diagnosis | None = None
        self.seconds = 0.0
        self.checking = False

    def check(self) -> None:
        """Ask every part again; nothing while that is under way."""
        if self.checking:
            return
        self.checking = True
        self._asked_of = self._world()
        self.changed.emit()
        examine = self._prepare()

        def timed() -> tuple[Diagnosis, float]:
            begun = time.perf_counter()
            found = examine()
            return found, time.perf_counter() - begun

        self._work(Lane.CARD, timed, self._ended)

    def recheck(self) -> None:
        """Ask again where readers or cards are others than at the last time."""
        if self._world() != self._asked_of:
            self.check()

    def _ended(self, told: tuple[Diagnosis, float]) -> None:
        self.found, self.seconds = told
        self.checking = False
        self.changed.emit()

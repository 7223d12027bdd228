"""Hears what the other desks of the post do with the records they share.

Begins with the first sign-in where the records are shared; elsewhere nobody else changes
them. What is heard is which kinds of events came; whoever shows something reads it anew.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desk.store.changes import Changes, Kinds
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane

WAIT_SECONDS = 10.0


class OtherDesks(QObject):
    """``heard`` carries the kinds of audit events (`desk.store.changes.Kinds`)."""

    heard = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._ear: Changes | None = None
        self._listening = False

    def listen(self) -> None:
        """From now on; a second call changes nothing."""
        if self._listening or not self._desk.station.store.shared:
            return
        self._listening = True
        store = self._desk.station.store
        self._desk.work(Lane.OTHER_DESKS, store.changes, self._begin, self._try_later)

    def _begin(self, ear: Changes) -> None:
        self._ear = ear
        self._wait()

    def _try_later(self, _reason: Trouble) -> None:
        """What keeps this desk from the records is told by whatever it does with them."""
        self._listening = False

    def _wait(self) -> None:
        ear = self._ear
        if ear is not None:
            self._desk.work(Lane.OTHER_DESKS, lambda: ear.wait(WAIT_SECONDS), self._hear)

    def _hear(self, kinds: Kinds) -> None:
        if kinds:
            self.heard.emit(kinds)
        self._wait()

    def close(self) -> None:
        if self._ear is not None:
            self._ear.close()
            self._ear = None

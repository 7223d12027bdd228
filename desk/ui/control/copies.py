"""Sends what the second place lacks, each minute while the desk is open.

In a lane of its own: a share that does not answer holds up nothing else. What could not be
sent shows on the home page and is tried again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from PySide6.QtCore import QObject

from desk.counter import copies
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane

EVERY = timedelta(minutes=1)
_log = logging.getLogger(__name__)


class CopiesControl(QObject):
    """Begins with the first sign-in; :meth:`send` does not wait for the minute."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._sending = False
        self._next: datetime | None = None
        desk.ticked.connect(self._tick)

    def send(self) -> None:
        station = self._desk.station
        if self._sending or not station.records.is_open:
            return
        self._sending = True
        self._next = station.now() + EVERY
        self._desk.work(Lane.COPIES, lambda: copies.send(station), self._sent, self._not_sent)

    def _tick(self) -> None:
        if self._next is None or self._desk.station.now() >= self._next:
            self.send()

    def _sent(self, _state: object) -> None:
        self._sending = False

    def _not_sent(self, reason: Trouble) -> None:
        """The home page says it by its own check; a locked page must not show a banner."""
        self._sending = False
        _log.warning("trouble %s", reason.code)

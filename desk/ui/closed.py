"""A desk that cannot open: its first page says why, and the checks can be asked all the same.

No station stands behind it. Whoever starts the program hands in what can be asked without
one; a card that moves is noticed here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer

from desk.counter.bundle import Bundle
from desk.counter.doctor import Diagnosis
from desk.counter.readers import Readers
from desk.trouble import Trouble
from desk.ui.control.bundle import BundleControl
from desk.ui.control.checks import Checks, Prepare
from desk.ui.control.outside import Outside, Window
from desk.ui.lanes import Lane, Lanes
from desk.ui.start import Front

CLOCK_MS = 1000


class ClosedDesk(QObject):
    """Joins ``front`` with the checks; `close` ends what runs."""

    def __init__(
        self,
        front: Front,
        readers: Readers,
        prepare: Prepare,
        make_bundle: Callable[[Diagnosis], Bundle],
        report: Callable[[BaseException], Trouble | None],
    ) -> None:
        super().__init__(front)
        self._readers = readers
        self._lanes = Lanes(report, self)
        self.checks = Checks(self._work, prepare, readers.world, self)
        self.bundle = BundleControl(front.look, self._work, make_bundle, front.shell)
        window = Window(front.look, front.shell, front.here)
        self.outside = Outside(window, self.checks, self.bundle.begin)
        self.outside.left.connect(front.cover)
        front.sign_in.check_devices.connect(self.outside.enter)
        readers.watch(lambda _world: self._lanes.post(self.outside.card_moved))
        self._clock = QTimer(self)
        self._clock.setInterval(CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()

    def _work(
        self, lane: Lane, job: Callable[[], Any], done: Callable[[Any], None] | None = None, /
    ) -> None:
        self._lanes.run(lane, job, done, self._trouble)

    def _trouble(self, reason: Trouble) -> None:
        page = self.outside.page
        page.show_trouble(page.troubles.of(reason.code, page.look.language, reason.facts))

    def _tick(self) -> None:
        if self.outside.is_shown():
            self.outside.refresh()

    def close(self) -> None:
        self._clock.stop()
        self._readers.stop()
        self._lanes.close()

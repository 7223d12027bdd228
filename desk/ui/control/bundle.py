"""Makes the support bundle, shows it, and saves it where the officer chose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from desk.counter import bundle
from desk.counter.bundle import Bundle
from desk.counter.doctor import Diagnosis
from desk.ui.bundle_sheet import BundleSheet
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane

LOG_NAME = "desk.log"


class BundleControl(QObject):
    """``begin`` with a diagnosis; nothing is written before the officer has seen all of it."""

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(desk)
        self._desk, self._parent = desk, parent
        self.ask_place: Callable[[str], str] = self._ask_place
        self.sheet: BundleSheet | None = None

    def begin(self, found: Diagnosis) -> None:
        station = self._desk.station
        log = station.home / LOG_NAME
        self._desk.work(
            Lane.RECORDS,
            lambda: bundle.make(found, station.settings, log, training=station.training),
            self._show,
        )

    def _show(self, made: Bundle) -> None:
        sheet = BundleSheet(self._desk.look, self._parent.window(), made.text)
        sheet.accepted.connect(lambda: self._save(made))
        sheet.finished.connect(sheet.deleteLater)
        self.sheet = sheet
        sheet.open()

    def _save(self, made: Bundle) -> None:
        place = self.ask_place(made.file_name)
        if place:
            self._desk.work(Lane.RECORDS, lambda: made.save(Path(place)))

    def _ask_place(self, name: str) -> str:
        title = self._desk.look.say("bundle.title")
        return QFileDialog.getSaveFileName(self._parent, title, str(Path.home() / name), "*.zip")[0]

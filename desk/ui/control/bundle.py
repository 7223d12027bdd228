"""Makes the support bundle, shows it, and saves it where the officer chose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from desk.counter.bundle import Bundle
from desk.counter.doctor import Diagnosis
from desk.ui.bundle_sheet import BundleSheet
from desk.ui.control.checks import Work
from desk.ui.lanes import Lane
from desk.ui.look import Look


class BundleControl(QObject):
    """``begin`` with a diagnosis; nothing is written before the officer has seen all of it.
    ``make`` builds the bundle beside the window, which is ``parent``."""

    def __init__(
        self, look: Look, work: Work, make: Callable[[Diagnosis], Bundle], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._look, self._work, self._make, self._parent = look, work, make, parent
        self.ask_place: Callable[[str], str] = self._ask_place
        self.sheet: BundleSheet | None = None

    def begin(self, found: Diagnosis) -> None:
        self._work(Lane.RECORDS, lambda: self._make(found), self._show)

    def _show(self, made: Bundle) -> None:
        sheet = BundleSheet(self._look, self._parent, made.text)
        sheet.accepted.connect(lambda: self._save(made))
        sheet.finished.connect(sheet.deleteLater)
        self.sheet = sheet
        sheet.open()

    def _save(self, made: Bundle) -> None:
        place = self.ask_place(made.file_name)
        if place:
            self._work(Lane.RECORDS, lambda: made.save(Path(place)))

    def _ask_place(self, name: str) -> str:
        title = self._look.say("bundle.title")
        return QFileDialog.getSaveFileName(self._parent, title, str(Path.home() / name), "*.zip")[0]

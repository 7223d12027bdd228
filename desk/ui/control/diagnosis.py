"""Joins the page of checks with the checks: which part is looked at, again by F5 or by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from desk.counter.doctor import Diagnosis
from desk.ui import says
from desk.ui.control.checks import Checks
from desk.ui.look import Look
from desk.ui.pages.diagnosis import READERS, DiagnosisPage, DiagnosisView


class DiagnosisControl(QObject):
    """``is_shown`` tells whether the page stands before somebody; ``way_out`` the word of the
    button that leads back to a covering page, empty where none covers the desk."""

    def __init__(
        self,
        look: Look,
        page: DiagnosisPage,
        checks: Checks,
        here: Callable[[], says.Here],
        is_shown: Callable[[], bool],
        make_bundle: Callable[[Diagnosis], None],
        way_out: Callable[[], str] = str,
    ) -> None:
        super().__init__(page)
        self._page, self._checks, self._here = page, checks, here
        self._is_shown, self._make_bundle, self._way_out = is_shown, make_bundle, way_out
        self._part = READERS
        page.check_again.connect(checks.check)
        page.part_chosen.connect(self._choose)
        page.bundle_asked.connect(self._bundle)
        checks.changed.connect(self._changed)
        look.retranslated.connect(self.render)

    def enter(self) -> None:
        """The page is about to be shown: everything is asked again."""
        self.render()
        self._checks.check()

    def card_moved(self) -> None:
        """A reader or card came or went: what was said of them is over."""
        if self._is_shown():
            self._checks.recheck()

    def render(self) -> None:
        checks = self._checks
        self._page.render(
            DiagnosisView(
                here=self._here(),
                found=checks.found,
                checking=checks.checking,
                seconds=checks.seconds,
                part=self._part,
                way_out=self._way_out(),
            )
        )

    def _changed(self) -> None:
        self.render()
        if not self._checks.checking:
            self.card_moved()

    def _choose(self, part: str) -> None:
        self._part = part
        self.render()

    def _bundle(self) -> None:
        if self._checks.found is not None:
            self._make_bundle(self._checks.found)

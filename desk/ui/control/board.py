"""The board: asks every part whether it is ready, lists today's cases, opens one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from PySide6.QtCore import QObject

from desk.counter import intake
from desk.counter.board import (
    Board,
    BoardCheck,
    CaseRow,
    CheckKey,
    CheckState,
    bring,
    lines,
    rows_since,
)
from desk.issuance.case import Case
from desk.trouble import Trouble
from desk.ui.control.bundle import BundleControl
from desk.ui.control.checks import Checks
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.board import BoardPage, BoardView


class BoardControl(QObject):
    """``open_case`` is called with a case that shall be gone on with (or looked at)."""

    def __init__(
        self,
        desk: Desk,
        page: BoardPage,
        checks: Checks,
        bundle: BundleControl,
        open_case: Callable[[Case], None],
    ) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._open_case = open_case
        self._checks, self.bundle = checks, bundle
        self._rows: tuple[CaseRow, ...] = ()
        self._trouble: Trouble | None = None
        self._opening = False
        checks.changed.connect(self._checked)
        page.check_again.connect(checks.check)
        page.bundle_asked.connect(self._make_bundle)
        page.new_case.connect(self._new_case)
        page.case_opened.connect(self._open)
        page.case_wanted.connect(self._open)
        page.remedy_asked.connect(lambda *_: checks.check())
        desk.shell.new_case_asked.connect(self._new_by_key)
        desk.look.retranslated.connect(self.render)
        desk.card_changed.connect(self._card_changed)
        desk.woke.connect(lambda _seconds: checks.check() if self._is_shown() else None)

    def enter(self) -> None:
        """Back on the board: no case is open."""
        self._trouble = None
        self._desk.show_place(Place.BOARD, self._page)
        self.render()
        self.refresh()
        self._checks.check()

    def is_checked(self) -> bool:
        """Every part has answered."""
        return self._checks.found is not None and not self._checks.checking

    def _is_shown(self) -> bool:
        return self._desk.place is Place.BOARD and self._desk.is_open

    def _card_changed(self) -> None:
        """Readers or cards are others than at the last check: what was said of them is over."""
        if self._is_shown():
            self._checks.recheck()

    def _checked(self) -> None:
        if not self._checks.checking:
            found = self._checks.found
            checks = lines(found.checks) if found else ()
            wrong = [one for one in checks if one.state is not CheckState.READY]
            self._desk.devices_wrong = len(wrong)
            self._desk.refresh_frame()
        self.render()
        if not self._checks.checking:
            self._card_changed()

    def _make_bundle(self) -> None:
        if self._checks.found is not None:
            self.bundle.begin(self._checks.found)

    def look_again(self) -> None:
        """Another desk changed the records; a board nobody sees is loaded when it is shown."""
        if self._is_shown():
            self.refresh()

    def refresh(self) -> None:
        """Today's cases once more."""
        station = self._desk.station
        today = station.post.local(station.now()).date()
        start = datetime.combine(today, time(), station.post.zone)

        def done(rows: tuple[CaseRow, ...]) -> None:
            self._rows = rows
            self.render()

        self._desk.work(Lane.RECORDS, lambda: rows_since(station, start), done)

    def render(self) -> None:
        desk = self._desk
        if desk.place is not Place.BOARD:
            return
        found = self._checks.found
        asking = tuple(BoardCheck(key, CheckState.CHECKING) for key in CheckKey)
        self._page.render(
            BoardView(
                here=desk.here(),
                board=Board(
                    checks=found.checks if found else asking,
                    checked_at=found.at if found else None,
                    rows=self._rows,
                ),
                checking=self._checks.checking,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

    def _new_by_key(self) -> None:
        if self._is_shown() and self._page.footer.primary.isEnabled():
            self._new_case()

    def _new_case(self) -> None:
        desk, language = self._desk, self._desk.next_language
        self._bring(lambda: intake.open_case(desk.station, desk.officer, language))

    def _open(self, number: str) -> None:
        self._bring(lambda: bring(self._desk.station, number))

    def _bring(self, job: Callable[[], Case]) -> None:
        """Open the case that ``job`` brings, one at a time: pressed twice while the records are
        slow, two new ones were there."""
        if self._opening:
            return
        self._opening = True
        self._desk.work(Lane.RECORDS, job, self._brought, self._say_trouble)

    def _brought(self, case: Case) -> None:
        self._opening = False
        self._open_case(case)

    def _say_trouble(self, trouble: Trouble) -> None:
        self._trouble, self._opening = trouble, False
        self.render()

"""The board: asks every part whether it is ready, lists today's cases, opens one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time

from PySide6.QtCore import QObject

from desk.cards.watcher import CardWorld
from desk.counter import doctor, intake
from desk.counter.board import Board, BoardCheck, CheckKey, CheckState, lines, row_of
from desk.counter.doctor import Diagnosis
from desk.issuance.case import Case
from desk.store import cases
from desk.trouble import Trouble
from desk.ui.control.bundle import BundleControl
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.board import BoardPage, BoardView

Probe = Callable[[], str | None]


class BoardControl(QObject):
    """``open_case`` is called with a case that shall be gone on with (or looked at)."""

    def __init__(
        self,
        desk: Desk,
        page: BoardPage,
        camera: Probe,
        printer: Probe,
        open_case: Callable[[Case], None],
    ) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._camera, self._printer = camera, printer
        self._open_case = open_case
        self._checks = tuple(BoardCheck(key, CheckState.CHECKING) for key in CheckKey)
        self._checked_at: datetime | None = None
        self._rows: tuple[Case, ...] = ()
        self._checking = False
        self._checked_world: CardWorld | None = None
        self._found: Diagnosis | None = None
        self.bundle = BundleControl(desk, page)
        self._trouble: Trouble | None = None
        page.check_again.connect(self.check)
        page.bundle_asked.connect(self._make_bundle)
        page.new_case.connect(self._new_case)
        page.case_opened.connect(self._open)
        page.case_viewed.connect(self._open)
        page.remedy_asked.connect(lambda *_: self.check())
        desk.shell.new_case_asked.connect(self._new_by_key)
        desk.look.retranslated.connect(self.render)
        desk.card_changed.connect(self._card_changed)
        desk.woke.connect(lambda _seconds: self._check_if_shown())

    def enter(self) -> None:
        """Back on the board: no case is open."""
        self._trouble = None
        self._desk.show_place(Place.BOARD, self._page)
        self.render()
        self.refresh()
        self.check()

    def is_checked(self) -> bool:
        """Every part has answered."""
        return self._checked_at is not None and not self._checking

    def check(self) -> None:
        """Ask every part again, in the card's lane, since most of it is about readers."""
        if self._checking:
            return
        self._checking = True
        self.render()
        station = self._desk.station
        self._checked_world = station.readers.world()
        # Cameras and printers are asked here: Qt's device lists belong to this thread.
        camera, printer = self._camera(), self._printer()
        self._desk.work(
            Lane.CARD,
            lambda: doctor.check_all(station, lambda: camera, lambda: printer),
            self._checked,
        )

    def _card_changed(self) -> None:
        """Readers or cards are others than at the last check: what was said of them is over."""
        if self._desk.station.readers.world() != self._checked_world:
            self._check_if_shown()

    def _check_if_shown(self) -> None:
        desk = self._desk
        if desk.place is Place.BOARD and desk.is_open:
            self.check()

    def _checked(self, found: Diagnosis) -> None:
        self._checking = False
        self._found = found
        self._checks = found.checks
        self._checked_at = self._desk.station.now()
        wrong = [one for one in lines(found.checks) if one.state is not CheckState.READY]
        self._desk.devices_wrong = len(wrong)
        self._desk.refresh_frame()
        self.render()
        self._card_changed()

    def _make_bundle(self) -> None:
        if self._found is not None:
            self.bundle.begin(self._found)

    def refresh(self) -> None:
        """Today's cases once more."""
        station = self._desk.station
        today = station.post.local(station.now()).date()
        start = datetime.combine(today, time(), station.post.zone)

        def load() -> tuple[Case, ...]:
            with station.store.read() as session:
                return cases.cases_since(session, start)

        def done(rows: tuple[Case, ...]) -> None:
            self._rows = rows
            self.render()

        self._desk.work(Lane.RECORDS, load, done)

    def render(self) -> None:
        desk = self._desk
        if desk.place is not Place.BOARD:
            return
        self._page.render(
            BoardView(
                here=desk.here(),
                board=Board(
                    checks=self._checks,
                    checked_at=self._checked_at,
                    rows=tuple(row_of(case) for case in self._rows),
                ),
                checking=self._checking,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

    def _new_by_key(self) -> None:
        shown = self._desk.is_open and self._desk.place is Place.BOARD
        if shown and self._page.footer.primary.isEnabled():
            self._new_case()

    def _new_case(self) -> None:
        desk = self._desk
        language = "ko"
        desk.work(
            Lane.RECORDS,
            lambda: intake.open_case(desk.station, desk.officer, language),
            self._open_case,
            self._say_trouble,
        )

    def _open(self, number: str) -> None:
        desk = self._desk
        desk.work(
            Lane.RECORDS, lambda: desk.station.load(number), self._open_case, self._say_trouble
        )

    def _say_trouble(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

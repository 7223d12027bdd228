"""Joins the history's page with the index of all cases.

The index is made when the page is entered for the first time and let go of when the desk
locks; what was unmasked is gone after half a minute, with another case, and with the lock.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from desk.counter import audit_commands, history
from desk.counter.history import SHOWN_FOR, Detail, Found, Revealed, RevealReason
from desk.store.history import HistoryIndex
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.history import HistoryPage, HistoryView
from desk.ui.pages.history_parts import Search


class HistoryControl(QObject):
    """``show_holding`` opens after-care with one case. ``ask_place`` gives the path to save
    under, empty where the officer thought better."""

    def __init__(
        self, desk: Desk, page: HistoryPage, show_holding: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._show_holding = show_holding
        self._index = HistoryIndex()
        self._search = Search()
        self._found: Found | None = None
        self._chosen = ""
        self._detail: Detail | None = None
        self._revealed: Revealed | None = None
        self._trouble: Trouble | None = None
        self._saved = ""
        self._turn = 0
        self.ask_place: Callable[[str], str] = self._ask_place
        self._masks = QTimer(self)
        self._masks.setSingleShot(True)
        self._masks.setInterval(int(SHOWN_FOR.total_seconds() * 1000))
        self._masks.timeout.connect(self.mask)
        page.find_asked.connect(self._find)
        page.case_chosen.connect(self.choose)
        page.reveal_asked.connect(self._reveal)
        page.hide_asked.connect(self.mask)
        page.pack_asked.connect(self._pack)
        page.care_asked.connect(self._care)
        desk.ticked.connect(self._tick)
        desk.shown.connect(lambda _step: self._left())

    def enter(self) -> None:
        """The page in its place, nothing looked for yet; what happened since is taken in."""
        self._page.clear()
        self._search, self._chosen, self._detail = Search(), "", None
        self._revealed, self._trouble, self._saved = None, None, ""
        self._desk.show_place(Place.HISTORY, self._page)
        self.render()
        self._find()

    def look_again(self) -> None:
        """Another desk of the post has changed the records."""
        if self._desk.place is Place.HISTORY and self._desk.is_open:
            self._find()

    def cover(self) -> None:
        """The desk is locked: nothing of anybody stays in memory here, or comes into it."""
        self._masks.stop()
        self._turn += 1
        self._index = HistoryIndex()
        self._found, self._detail, self._revealed = None, None, None
        self._chosen = ""
        self._page.clear()
        self._page.render(HistoryView(here=self._desk.here()))

    def _left(self) -> None:
        if self._desk.place is not Place.HISTORY and self._revealed is not None:
            self.mask()

    # Searching

    def _find(self) -> None:
        self._search, self._saved = self._page.wanted, ""
        self._turn += 1
        turn, station, officer = self._turn, self._desk.station, self._desk.officer
        wanted, page = self._search.wanted(self._desk.here()), self._search.page
        index = self._index

        def done(found: Found) -> None:
            if turn == self._turn:
                self._show_found(found)

        self._desk.work(
            Lane.RECORDS,
            lambda: history.search(station, officer, index, wanted, page),
            done,
            self._failed,
        )

    def _show_found(self, found: Found) -> None:
        self._found, self._trouble = found, None
        numbers = [line.number for line in found.lines]
        if self._chosen in numbers:
            self._look(self._chosen)
        elif numbers:
            self.choose(numbers[0])
        else:
            self.mask()
            self._chosen, self._detail = "", None
        self.render()

    # One case

    def choose(self, number: str) -> None:
        """Show the case beside the list; what another one showed is masked."""
        if number == self._chosen and self._detail is not None:
            return
        self.mask()
        self._chosen, self._detail, self._saved = number, None, ""
        self._look(number)
        self.render()

    def _look(self, number: str) -> None:
        station, officer, index = self._desk.station, self._desk.officer, self._index

        def done(detail: Detail) -> None:
            if number == self._chosen:
                self._detail = detail
                self.render()

        self._desk.work(
            Lane.RECORDS,
            lambda: history.detail(station, officer, index, number),
            done,
            self._failed,
        )

    def _reveal(self, number: str, reason: str) -> None:
        station, officer = self._desk.station, self._desk.officer

        def done(revealed: Revealed) -> None:
            if revealed.number == self._chosen and self._desk.is_open:
                self._revealed, self._trouble = revealed, None
                self._masks.start()
                self.render()

        self._desk.work(
            Lane.RECORDS,
            lambda: history.reveal(station, officer, number, RevealReason(reason)),
            done,
            self._failed,
        )

    def mask(self) -> None:
        """Nothing stands unmasked from here on."""
        self._masks.stop()
        if self._revealed is not None:
            self._revealed = None
            self.render()

    def _tick(self) -> None:
        if self._revealed is None:
            return
        if self._desk.station.now() >= self._revealed.until:
            self.mask()
        else:
            self.render()

    def _care(self, number: str) -> None:
        if self._show_holding is not None:
            self.mask()
            self._show_holding(number)

    def _pack(self, number: str) -> None:
        place = self.ask_place(f"{number}.evidence.zip")
        if not place:
            return
        station = self._desk.station

        def done(_answer: object) -> None:
            self._saved, self._trouble = Path(place).name, None
            self.render()

        self._desk.work(
            Lane.RECORDS,
            lambda: audit_commands.pack(station.store, number, Path(place)),
            done,
            self._failed,
        )

    def _ask_place(self, name: str) -> str:
        title = self._page.say("act.pack")
        return QFileDialog.getSaveFileName(self._page.window(), title, str(Path.home() / name))[0]

    def _failed(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

    def render(self) -> None:
        desk = self._desk
        if desk.place is not Place.HISTORY:
            return
        self._page.render(
            HistoryView(
                here=desk.here(),
                search=self._search,
                found=self._found,
                chosen=self._chosen,
                detail=self._detail,
                revealed=self._revealed,
                names=desk.officer_names(),
                can_care=self._show_holding is not None,
                saved=self._saved,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

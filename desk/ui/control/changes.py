"""Joins the list of what must change with the records, and counts it for after-care."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog

from desk.counter import notices
from desk.counter.holdings import Whose
from desk.counter.notices import Listing
from desk.issuance.aftercare import CareAct, SetAside
from desk.issuance.roles import Right
from desk.store.care import KeptAct
from desk.store.notice_file import NoticeKind
from desk.store.notices import Taken
from desk.trouble import Trouble
from desk.ui.control.aftercare_cards import TwoCardsAct
from desk.ui.control.desk import Desk
from desk.ui.dialogs import ReasonDialog
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.changes import ChangesPage, ChangesView


class ChangesControl(QObject):
    """``counted`` tells that :attr:`count` may be another now. ``show_holding`` opens
    after-care with one case. ``ask_file`` gives the file to import, empty where the officer
    thought better."""

    counted = Signal()

    def __init__(
        self,
        desk: Desk,
        page: ChangesPage,
        show_holding: Callable[[str], None],
        two_cards: TwoCardsAct,
    ) -> None:
        super().__init__(desk)
        self._desk, self._page, self._show_holding = desk, page, show_holding
        self._two_cards = two_cards
        self.count = 0
        self._listing: Listing | None = None
        self._shows_aside = False
        self._taken: tuple[int, int] | None = None
        self._trouble: Trouble | None = None
        self.dialog: ReasonDialog | None = None
        self.ask_file: Callable[[], str] = self._ask_file
        page.look_again.connect(self.look)
        page.list_chosen.connect(self._choose)
        page.open_asked.connect(self._open)
        page.aside_asked.connect(self._ask_aside)
        page.take_asked.connect(self._take)
        page.back.connect(lambda: desk.navigation.enter(Place.AFTERCARE))
        two_cards.closed.connect(self.look_again)
        desk.shown.connect(lambda _step: self._shown())

    @property
    def is_shown(self) -> bool:
        return self._desk.is_open and self._desk.shell.page is self._page

    def enter(self) -> None:
        """The list in the place of after-care, to which it belongs."""
        self._listing, self._shows_aside = None, False
        self._taken, self._trouble = None, None
        self._desk.show_place(Place.AFTERCARE, self._page)
        self.render()
        self.look()

    def _shown(self) -> None:
        """After-care stands: it tells how many there are."""
        if self._desk.place is Place.AFTERCARE and not self.is_shown:
            self.recount()

    def recount(self) -> None:
        """How many there are by now."""
        if self._desk.is_open and self._desk.station.records.is_open:
            station = self._desk.station
            self._desk.work(Lane.RECORDS, lambda: notices.count(station), self._counted, _unsaid)

    def _counted(self, count: int) -> None:
        if count != self.count:
            self.count = count
            self.counted.emit()

    def look_again(self) -> None:
        """The records have changed, here or at another desk of the post."""
        if self.is_shown:
            self.look()
        else:
            self.recount()

    def look(self) -> None:
        station, officer = self._desk.station, self._desk.officer
        self._desk.work(
            Lane.RECORDS, lambda: notices.listing(station, officer), self._listed, self._failed
        )

    def _listed(self, found: Listing) -> None:
        if not self._desk.is_open:
            # It was asked for before the lock, and is again behind it.
            return
        self._listing, self._trouble = found, None
        self._counted(len(found.standing))
        self.render()

    def _failed(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

    def _choose(self, aside: bool) -> None:
        self._shows_aside = aside
        self.render()

    def _open(self, number: str) -> None:
        self._show_holding(number)

    def cover(self) -> None:
        """The desk is locked: no line stays on the page."""
        self._close_dialog()
        self._listing = None
        self._page.render(ChangesView(here=self._desk.here()))

    # Setting aside

    def _ask_aside(self, number: str, kind: str) -> None:
        say = self._page.say
        self._close_dialog()
        if NoticeKind(kind) is NoticeKind.DIED:
            self._ask_two_cards(number)
            return
        self.dialog = ReasonDialog(
            self._desk.look,
            self._page.window(),
            say("dialog.aside"),
            say("dialog.aside_text", number=number, kind=say(f"kind.{kind}")),
            say("dialog.keep"),
            say("dialog.aside_act"),
            [(one.value, say(f"reason.{one.value}")) for one in SetAside],
            remark=False,
            danger=False,
        )
        self.dialog.finished.connect(lambda result: self._aside_decided(number, kind, result))
        self.dialog.open()

    def _ask_two_cards(self, number: str) -> None:
        """That somebody died is set aside by two persons' cards."""
        desk, station, officer = self._desk, self._desk.station, self._desk.officer

        def done(found: tuple[Whose, KeptAct | None]) -> None:
            if self.is_shown and desk.is_open:
                self._two_cards.open(self._page.window(), found[0], CareAct.SET_ASIDE, found[1])

        desk.work(
            Lane.RECORDS, lambda: notices.death_of(station, officer, number), done, self._failed
        )

    def _aside_decided(self, number: str, kind: str, result: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        reason = dialog.answer()[0]
        dialog.deleteLater()
        if result != QDialog.DialogCode.Accepted or not reason:
            return
        station, officer = self._desk.station, self._desk.officer
        self._taken = None
        self._desk.work(
            Lane.RECORDS,
            lambda: notices.put_aside(station, officer, number, NoticeKind(kind), SetAside(reason)),
            self._listed,
            self._failed,
        )

    def _close_dialog(self) -> None:
        if self.dialog is not None:
            self.dialog.reject()

    # Importing

    def _take(self) -> None:
        file = self.ask_file()
        if not file:
            return
        station, officer = self._desk.station, self._desk.officer

        def done(taken: Taken) -> None:
            self._taken = (taken.new, taken.known)
            self.look()

        self._desk.work(
            Lane.RECORDS,
            lambda: notices.take_file(station, officer, Path(file)),
            done,
            self._failed,
        )

    def _ask_file(self) -> str:
        title = self._page.say("dialog.take")
        return QFileDialog.getOpenFileName(self._page.window(), title, str(Path.home()))[0]

    def render(self) -> None:
        if not self.is_shown:
            return
        desk = self._desk
        self._page.render(
            ChangesView(
                here=desk.here(),
                listing=self._listing,
                shows_aside=self._shows_aside,
                taken=self._taken,
                names=desk.officer_names(),
                may_act=desk.officer.role.may(Right.AFTER_CARE),
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )


def _unsaid(_trouble: Trouble) -> None:
    """A count that could not be made: the list itself says why when it is opened."""

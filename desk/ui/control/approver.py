"""The second card: the list of what waits, the approver's page, and this desk's reader lent.

Two ways lead to the page. An approver who is signed in opens a case from the list. Or the
preparing officer lends the reader: the session stays his, the desk is covered until an
approver's card is in the reader, and covered again when it leaves it.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desk.cards.piv import Pin
from desk.cards.troubles import NoCard, NoReader
from desk.counter import approving, intake
from desk.counter.officers import Officer
from desk.issuance.case import Case, State
from desk.issuance.digest import case_digest, check_words
from desk.issuance.flagged import flagged_items
from desk.mrtd.portrait import portrait_rgb
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.control.review import covers
from desk.ui.control.session import Session
from desk.ui.control.steps import Step
from desk.ui.dialogs import close_all, refusal_dialog, return_dialog
from desk.ui.lanes import Lane
from desk.ui.large_pictures import LargePictures
from desk.ui.navigation import Place
from desk.ui.pages.approvals import ApprovalsPage, ApprovalsView, WaitingCase
from desk.ui.pages.approver import ApproverPage, ApproverView
from desk.ui.pages.lent_reader import LentReaderPage, LentView
from desk.ui.pictures import image_of
from desk.ui.renewals import kind_words

REFRESH_SECONDS = 5
"""How often the records are asked what waits, while the list or the board is shown."""


class ApproverControl(QObject):
    """``guest`` is the approver whose card is in a lent reader; else the signed-in officer
    approves."""

    def __init__(
        self,
        desk: Desk,
        session: Session,
        page: ApproverPage,
        list_page: ApprovalsPage,
        lent_page: LentReaderPage,
        show_review: Callable[[Case], None],
    ) -> None:
        super().__init__(desk)
        self._desk, self._session = desk, session
        self._page, self._list, self._lent = page, list_page, lent_page
        self._show_review = show_review
        self._waiting: tuple[Case, ...] = ()
        self.guest: Officer | None = None
        self._lending = False
        # Which card is meant: one that has left the reader is let in no more.
        self._turn = 0
        self._current = 0
        self._seconds: dict[str, int] = {}
        self._portrait: QImage | None = None
        self._taken: QImage | None = None
        self._signing = False
        self._ticks = 0
        self._trouble: Trouble | None = None
        list_page.chosen.connect(self._open)
        page.item_chosen.connect(self._choose)
        page.step_asked.connect(lambda number: desk.go_to.emit(Step(number)))
        page.approve_requested.connect(self._approve)
        page.return_requested.connect(self._return)
        page.refuse_requested.connect(self._refuse)
        page.enlarge_requested.connect(self._enlarge)
        lent_page.stopped.connect(self._end_loan)
        desk.ticked.connect(self._tick)
        desk.card_changed.connect(self._card_changed)
        desk.look.retranslated.connect(self._retranslated)
        session.reader_emptied.connect(self._cover)
        session.closed.connect(self._covered)
        session.opened.connect(lambda _same: self.refresh())

    # The list

    def enter_list(self) -> None:
        """«Approvals»: what waits for this person's card."""
        self._desk.show_place(Place.APPROVALS, self._list)
        self._render_list()
        self.refresh()

    def count(self) -> int:
        """How many cases wait, for the rail's pill."""
        return len(self._waiting)

    def refresh(self) -> None:
        """Ask the records again what waits, and send back what waited too long."""
        desk = self._desk
        if not desk.is_open:
            return
        officer = desk.officer
        desk.work(Lane.RECORDS, lambda: approving.waiting(desk.station, officer), self._found)

    def _found(self, waiting: tuple[Case, ...]) -> None:
        changed = len(waiting) != len(self._waiting)
        self._waiting = waiting
        if changed:
            self._desk.navigation.changed.emit()
        self._render_list()

    def _render_list(self) -> None:
        if self._desk.place is not Place.APPROVALS:
            return
        lines = tuple(self._line(case) for case in self._waiting)
        self._list.render(ApprovalsView(lines))

    def _line(self, case: Case) -> WaitingCase:
        here = self._desk.here()
        sent = case.request.asked_at if case.request else case.opened_at
        return WaitingCase(
            number=case.number,
            name=says.person(self._desk.look, case.name, _latin(case))[0],
            kind=kind_words(self._desk.look, case.kind),
            items=len(flagged_items(case)),
            officer=_preparer(case),
            window=case.window,
            sent_at=says.clock(sent, here),
            left=self._left(case),
        )

    def _open(self, number: str) -> None:
        desk = self._desk

        def done(case: Case) -> None:
            if case.state is State.PREPARED:
                desk.case = case
                self.enter(case)
            else:
                self.refresh()

        desk.work(Lane.RECORDS, lambda: desk.station.load(number), done)

    # The page

    def is_for(self, case: Case) -> bool:
        """Whether the signed-in officer looks at ``case`` as its approver."""
        officer = self._desk.officer
        mine = officer.officer_id in case.preparers
        return case.state is State.PREPARED and not mine and officer.may_approve_at(case.post)

    @property
    def _approver(self) -> Officer:
        return self.guest or self._desk.officer

    def enter(self, case: Case) -> None:
        """Show the differences first; the first item is on the screen."""
        seen = case.request.seen if case.request else ()
        mine = [one for one in seen if one.officer == self._approver.officer_id]
        self._seconds = {one.key: one.seconds for one in mine}
        self._current, self._signing, self._trouble = 0, False, None
        self._page.begin_anew()
        self._portrait = self._taken = None
        self._load_pictures(case)
        self._desk.show(Step.REVIEW, self._page)
        self.render()

    def _load_pictures(self, case: Case) -> None:
        station = self._desk.station

        def load() -> tuple[QImage | None, QImage | None]:
            with station.store.read() as session:
                kinds = (BlobKind.PORTRAIT, BlobKind.FACE)
                found = [cases.blob(session, case.number, kind) for kind in kinds]
            images = [None if data is None else image_of(portrait_rgb(data)) for data in found]
            return images[0], images[1]

        def done(images: tuple[QImage | None, QImage | None]) -> None:
            if self._desk.is_at(case):
                self._portrait, self._taken = images
                self.render()

        self._desk.work(Lane.RECORDS, load, done, look_at=case)

    def _is_shown(self) -> bool:
        return self._desk.case is not None and self._desk.shell.page is self._page

    def render(self) -> None:
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.REVIEW or case.request is None:
            return
        here, digest = desk.here(), case_digest(case)
        self._page.render(
            ApproverView(
                here=here,
                case=case,
                flagged=flagged_items(case),
                seconds=tuple(self._seconds.items()),
                current=self._current,
                left=self._left(case),
                preparer=_preparer(case),
                approver=desk.officer_name(self._approver),
                sent_at=says.clock(case.request.asked_at, here),
                digest=digest.hex(),
                words=check_words(digest),
                covers=covers(case),
                portrait=self._portrait,
                taken=self._taken,
                card_present=desk.card_present,
                tries=desk.tries_for(self._trouble),
                on_pad=desk.card_pad,
                wrong=desk.is_wrong_pin(self._trouble),
                signing=self._signing,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

    def _left(self, case: Case) -> int:
        if case.request is None:
            return 0
        left = case.request.expires_at - self._desk.station.now()
        return max(0, int(left.total_seconds()))

    # What was on the screen

    def _choose(self, place: int) -> None:
        case = self._desk.the_case()
        if 0 <= place < len(flagged_items(case)):
            self._current = place
            self.render()

    def look(self, seconds: int = 0) -> None:
        """Count what is on the screen now: an item whose evidence stands there whole is
        opened, and was seen for so many seconds more."""
        case = self._desk.case
        if case is None or not self._is_shown() or not self._page.evidence_is_whole():
            return
        key = flagged_items(case)[self._current].key
        first = key not in self._seconds
        self._seconds[key] = self._seconds.get(key, 0) + seconds
        if first:
            self._note_seen(case)

    def _note_seen(self, case: Case) -> None:
        desk, approver, seconds = self._desk, self._approver, dict(self._seconds)
        desk.act(
            Lane.RECORDS,
            lambda: approving.note_seen(desk.station, approver, case, seconds),
            self.render,
            self._failed,
        )

    def _tick(self) -> None:
        self._ticks += 1
        listed = self._desk.place in (Place.APPROVALS, Place.BOARD)
        if listed and self._ticks % REFRESH_SECONDS == 0:
            self.refresh()
        self._render_list()
        if not self._is_shown() or self._signing:
            return
        case = self._desk.the_case()
        if case.state is State.PREPARED and self._left(case) == 0:
            self._time_over()
            return
        self.look(1)
        self.render()

    def _time_over(self) -> None:
        """The case goes back to its officer; the approver to the list."""
        desk = self._desk
        desk.work(Lane.RECORDS, lambda: approving.return_overdue(desk.station))
        self._leave(self._lending)

    # Acts

    def _approve(self, pin: Pin, last_try: bool) -> None:
        desk, case, approver = self._desk, self._desk.the_case(), self._approver
        shown, seconds, lent = case_digest(case), dict(self._seconds), self._lending
        self._signing, self._trouble = True, None
        self._page.begin_anew()
        self.render()

        def job() -> Case:
            noted = approving.note_seen(desk.station, approver, case, seconds)
            return approving.sign_as_approver(desk.station, approver, noted, pin, shown, last_try)

        desk.act(Lane.CARD, job, lambda: self._approved(lent), self._failed)

    def _approved(self, lent: bool) -> None:
        self._signing = False
        self._leave(lent)

    def _failed(self, trouble: Trouble) -> None:
        self._signing, self._trouble = False, trouble
        self.render()
        self._desk.ask_card.emit()

    def _return(self) -> None:
        desk, case, approver = self._desk, self._desk.the_case(), self._approver
        dialog = return_dialog(desk.look, self._page.window())
        if not dialog.exec():
            return
        reason, remark = dialog.answer()
        lent = self._lending
        desk.act(
            Lane.RECORDS,
            lambda: approving.return_case(desk.station, approver, case, reason, remark),
            lambda: self._leave(lent),
            self._failed,
        )

    def _refuse(self) -> None:
        desk, case, approver = self._desk, self._desk.the_case(), self._approver
        dialog = refusal_dialog(desk.look, self._page.window())
        if not dialog.exec():
            return
        reason, remark = dialog.answer()
        lent = self._lending
        desk.act(
            Lane.RECORDS,
            lambda: intake.refuse(desk.station, approver, case, reason, "", remark),
            lambda: self._leave(lent),
            self._failed,
        )

    def _leave(self, lent: bool) -> None:
        """Back to the list; a ``lent`` reader goes back to its officer, who finds the case as it
        was decided also where the desk was locked meanwhile and the loan over by that."""
        self._page.wipe()
        if self._lending:
            self._end_loan()
        elif lent:
            self._back_to(self._desk.the_case())
        else:
            self.enter_list()

    def _enlarge(self) -> None:
        if self._portrait is not None and self._taken is not None:
            window = self._page.window()
            LargePictures(self._desk.look, window, self._portrait, self._taken).exec()

    # This desk's reader, lent

    def lend(self) -> None:
        """Let an approver put a card into this desk's reader; the desk is covered first."""
        self._lending, self.guest, self._trouble = True, None, None
        self._session.lend()
        self._cover()

    def _cover(self) -> None:
        """Nothing of the case is on the screen until an approver's card is in the reader."""
        case = self._desk.case
        if not self._lending or case is None:
            return
        self._turn += 1
        self.guest = None
        self._page.wipe()
        close_all()
        self._render_cover(case)
        self._desk.shell.show_full(self._lent)

    def _render_cover(self, case: Case) -> None:
        trouble = self._desk.spoken(self._trouble) if self._trouble else None
        self._lent.render(LentView(case.number, trouble))

    def _card_changed(self) -> None:
        desk, case = self._desk, self._desk.case
        if self._is_shown():
            self.render()
        if not self._lending or self.guest is not None or case is None:
            return
        if not self._session.own_card_left:
            return

        turn = self._turn

        def job() -> Officer:
            with desk.station.officer_card() as session:
                return approving.admit_approver(desk.station, session, case)

        desk.work(
            Lane.CARD, job, lambda approver: self._admitted(turn, approver), self._not_admitted
        )

    def _admitted(self, turn: int, approver: Officer) -> None:
        case = self._desk.case
        if not self._lending or case is None or turn != self._turn:
            return
        self.guest, self._trouble = approver, None
        self._desk.shell.uncover()
        self.enter(case)

    def _not_admitted(self, trouble: Trouble) -> None:
        case = self._desk.case
        if not self._lending or case is None:
            return
        self._trouble = None if isinstance(trouble, NoCard | NoReader) else trouble
        self._render_cover(case)

    def _end_loan(self) -> None:
        """The reader is the officer's again; without his card in it the desk is locked."""
        case = self._desk.case
        self._lending, self.guest = False, None
        self._desk.shell.uncover()
        if case is not None:
            self._back_to(case)
        self._session.take_back()

    def _back_to(self, case: Case) -> None:
        if case.state is State.PREPARED:
            self._show_review(case)
        else:
            self._desk.go_to.emit(self._desk.current())

    def _covered(self) -> None:
        """The desk was locked: the loan is over, the officer finds the review again."""
        self._page.wipe()
        case = self._desk.case
        if self._lending and case is not None:
            self._lending, self.guest = False, None
            self._show_review(case)

    def _retranslated(self) -> None:
        self._render_list()
        if self._is_shown():
            self.render()


def _latin(case: Case) -> str:
    return case.document.latin_name if case.document else ""


def _preparer(case: Case) -> str:
    """Whoever signed the case first, else whose it is."""
    return case.approvals[0].officer_name if case.approvals else case.officer_name

"""The review page: flagged items opened one by one, then the officer's card approves."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desk.cards.piv import Pin
from desk.counter import approving, intake
from desk.issuance.case import Case, Comparison, State
from desk.issuance.digest import case_digest, check_words
from desk.issuance.flagged import flagged_items
from desk.mrtd.portrait import portrait_rgb
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.control.steps import Step
from desk.ui.dialogs import refusal_dialog
from desk.ui.lanes import Lane
from desk.ui.pages.review import ReviewPage, ReviewView
from desk.ui.pictures import image_of


class ReviewControl(QObject):
    def __init__(self, desk: Desk, page: ReviewPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._picture: QImage | None = None
        self._opened_at: dict[str, str] = {}
        self._signing = False
        self._trouble: Trouble | None = None
        page.item_opened.connect(self._open)
        page.step_asked.connect(lambda number: desk.go_to.emit(Step(number)))
        page.approve_requested.connect(self._approve)
        page.refuse_requested.connect(self._refuse)
        page.go_on.connect(lambda: desk.go_to.emit(desk.current()))
        page.back.connect(lambda: desk.go_to.emit(Step.FACE))
        desk.card_changed.connect(self.render)
        desk.look.retranslated.connect(self.render)

    def enter(self, case: Case) -> None:
        """Fix what the approval covers, and show it."""
        self._trouble, self._signing, self._picture = None, False, None
        here = self._desk.here()
        self._opened_at = {key: says.clock(here.now, here) for key in case.opened_items}
        self._load_picture(case)
        self._desk.show(Step.REVIEW, self._page)
        self.render()
        if case.state is State.FACE_CHECKED:
            desk = self._desk
            desk.act(
                Lane.RECORDS,
                lambda: approving.ready_for_approval(desk.station, desk.officer, case),
                self.render,
            )

    def _load_picture(self, case: Case) -> None:
        station = self._desk.station

        def load() -> QImage | None:
            with station.store.read() as session:
                data = cases.blob(session, case.number, BlobKind.PORTRAIT)
            return None if data is None else image_of(portrait_rgb(data))

        def done(picture: QImage | None) -> None:
            self._picture = picture
            self.render()

        self._desk.work(Lane.RECORDS, load, done)

    def render(self) -> None:
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.REVIEW:
            return
        digest = case_digest(case)
        self._page.render(
            ReviewView(
                here=desk.here(),
                case=case,
                flagged=flagged_items(case),
                opened_at=tuple(self._opened_at.items()),
                picture=self._picture,
                digest=digest.hex(),
                words=check_words(digest),
                covers=_covers(case),
                card_present=desk.card_present,
                tries=desk.tries_for(self._trouble),
                on_pad=desk.card_pad,
                wrong=desk.is_wrong_pin(self._trouble),
                signing=self._signing,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                read_only=case.state is not State.FACE_CHECKED,
            )
        )

    def _open(self, key: str) -> None:
        desk, case = self._desk, self._desk.the_case()
        here = desk.here()
        self._opened_at.setdefault(key, says.clock(here.now, here))
        desk.act(
            Lane.RECORDS,
            lambda: approving.open_item(desk.station, desk.officer, case, key),
            self.render,
        )

    def _approve(self, pin: Pin, last_try: bool) -> None:
        desk, case = self._desk, self._desk.the_case()
        shown = case_digest(case)
        self._signing, self._trouble = True, None
        self.render()
        desk.act(
            Lane.CARD,
            lambda: approving.sign_as_preparer(
                desk.station, desk.officer, case, pin, shown, last_try
            ),
            self._approved,
            self._failed,
        )

    def _approved(self) -> None:
        self._signing = False
        self._desk.go_to.emit(self._desk.current())

    def _failed(self, trouble: Trouble) -> None:
        self._signing, self._trouble = False, trouble
        self.render()
        self._desk.ask_card.emit()

    def _refuse(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        dialog = refusal_dialog(desk.look, self._page.window())
        if not dialog.exec():
            return
        reason, remark = dialog.answer()
        desk.act(
            Lane.RECORDS,
            lambda: intake.refuse(desk.station, desk.officer, case, reason, "", remark),
            desk.refused.emit,
            self._failed,
        )


def _covers(case: Case) -> tuple[int, int, int]:
    """How many facts, results and reasons the digest covers."""
    findings = len(case.document.findings) if case.document else 0
    rules = len(case.verdict.rules) if case.verdict else 0
    compared = len(case.compared)
    reasons = sum(bool(row.reason) for row in case.compared if row.outcome is Comparison.DIFFERENT)
    return compared + 7, findings + rules, reasons

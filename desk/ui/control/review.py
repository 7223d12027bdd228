"""The review page: flagged items opened one by one, then the officer's card approves."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desk.cards.piv import Pin
from desk.counter import approving, intake
from desk.counter.officers import Officer
from desk.issuance import approvals
from desk.issuance.approvals import ApprovalVoid, RequestOver
from desk.issuance.case import Case, Comparison, Returned, State
from desk.issuance.digest import case_digest, check_words
from desk.issuance.flagged import flagged_items
from desk.mrtd.portrait import portrait_rgb
from desk.store import cases
from desk.store.cases import BlobKind
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.control.steps import Step
from desk.ui.dialogs import call_back_dialog, refusal_dialog
from desk.ui.glyphs import Glyph
from desk.ui.lanes import Lane
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review import ReviewPage, ReviewView
from desk.ui.pages.review_parts import Slot
from desk.ui.pages.review_words import AREA
from desk.ui.pictures import image_of
from desk.ui.troubles import Spoken


class CaseReturned(Trouble):
    """An approver has given the case back. Fact: reason, in words."""

    code = "REVIEW-12"


class ReviewControl(QObject):
    def __init__(self, desk: Desk, page: ReviewPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._picture: QImage | None = None
        self._opened_at: dict[str, str] = {}
        self._signing = self._looking = False
        self._trouble: Trouble | None = None
        self._say = OwnWords(desk.look, AREA)
        page.item_opened.connect(self._open)
        page.step_asked.connect(lambda number: desk.go_to.emit(Step(number)))
        page.approve_requested.connect(self._approve)
        page.refuse_requested.connect(self._refuse)
        page.call_back.connect(self._call_back)
        page.go_on.connect(lambda: desk.go_to.emit(desk.current()))
        page.back.connect(lambda: desk.go_to.emit(Step.FACE))
        desk.card_changed.connect(self.render)
        desk.ticked.connect(self._tick)
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
            if self._desk.is_at(case):
                self._picture = picture
                self.render()

        self._desk.work(Lane.RECORDS, load, done, look_at=case)

    def _tick(self) -> None:
        """A case that waited too long is its officer's again; another desk may have moved it."""
        desk, case = self._desk, self._desk.case
        waits = case is not None and case.state is State.PREPARED
        if case is None or not waits or desk.shell.page is not self._page or not desk.is_open:
            return
        if self._looking:
            # Records that take longer than a second are not asked faster than they answer.
            return
        self._looking = True

        def job() -> Case:
            approving.return_overdue(desk.station)
            return desk.station.load(case.number)

        desk.work(Lane.RECORDS, job, self._looked, lambda trouble: self._not_looked(case, trouble))

    def _looked(self, case: Case) -> None:
        self._looking = False
        if self._desk.takes_over(case):
            self._moved()

    def _not_looked(self, case: Case, trouble: Trouble) -> None:
        self._looking = False
        if self._desk.is_at(case):
            self._desk.show_trouble(trouble)

    def _moved(self) -> None:
        """Somebody else's card has decided, or the time is over."""
        case = self._desk.the_case()
        if case.state in (State.PREPARED, State.FACE_CHECKED):
            self.render()
        else:
            self._desk.go_to.emit(self._desk.current())

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
                covers=covers(case),
                card_present=desk.card_present,
                tries=desk.tries_for(self._trouble),
                on_pad=desk.card_pad,
                wrong=desk.is_wrong_pin(self._trouble),
                signing=self._signing,
                slots=self._slots(case),
                waiting=case.state is State.PREPARED and desk.officer.officer_id in case.preparers,
                trouble=self._spoken(case),
                read_only=case.state is not State.FACE_CHECKED,
            )
        )

    def _slots(self, case: Case) -> tuple[Slot, ...]:
        """Both cards, where two have to sign."""
        station = self._desk.station
        if not approvals.second_card_needed(case, approving.policy_of(station)):
            return ()
        return (self._first_slot(case), self._second_slot(case))

    def _first_slot(self, case: Case) -> Slot:
        desk, say = self._desk, self._say
        if case.approvals:
            first = case.approvals[0]
            time = says.clock(first.approved_at, desk.here())
            name = say("slots.first", name=first.officer_name)
            word = desk.look.say("state.passed")
            return Slot(Glyph.PASSED, word, name, say("slots.signed", time=time))
        name = say("slots.first", name=desk.officer_name(desk.officer))
        return Slot(Glyph.HALF, desk.look.say("state.half"), name, say("slots.turn"))

    def _second_slot(self, case: Case) -> Slot:
        desk, say = self._desk, self._say
        done, waiting = desk.look.say("state.passed"), desk.look.say("state.waiting")
        if len(case.approvals) > 1:
            second = case.approvals[1]
            words = say("slots.approved", time=says.clock(second.approved_at, desk.here()))
            return Slot(
                Glyph.PASSED, done, say("slots.second_named", name=second.officer_name), words
            )
        if case.state is State.PREPARED and case.request is not None:
            left = max(0, int((case.request.expires_at - desk.station.now()).total_seconds()))
            time = f"{left // 60:02d}:{left % 60:02d}"
            half = desk.look.say("state.half")
            return Slot(Glyph.HALF, half, say("slots.second"), say("slots.left", left=time))
        names = " · ".join(desk.officer_name(one) for one in self._approvers(case))
        detail = say("slots.can", names=names) if names else say("slots.nobody")
        return Slot(Glyph.WAITING, waiting, say("slots.second"), detail)

    def _approvers(self, case: Case) -> list[Officer]:
        """Who may put the second card under this case."""
        hands = {*case.preparers, self._desk.officer.officer_id}
        return [
            officer
            for officer in self._desk.station.officers.values()
            if officer.may_approve_at(case.post) and officer.officer_id not in hands
        ]

    def _spoken(self, case: Case) -> Spoken | None:
        """The trouble of the last act, else why an approver gave the case back."""
        if self._trouble is not None:
            return self._desk.spoken(self._trouble)
        returned = case.returned
        told = returned is not None and returned.reason != approving.CALLED_BACK
        if returned is None or not told or case.state is not State.FACE_CHECKED:
            return None
        return self._desk.spoken(self._as_trouble(returned))

    def _as_trouble(self, returned: Returned) -> Trouble:
        if returned.reason == approving.TIME_OVER:
            return RequestOver()
        if returned.reason == approving.VOID:
            return ApprovalVoid()
        known = f"return_reason.{returned.reason}" in self._say
        reason = self._say(f"return_reason.{returned.reason}") if known else returned.reason
        words = f"{reason}. {returned.remark}".strip() if returned.remark else reason
        return CaseReturned(reason=words)

    def _call_back(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if call_back_dialog(desk.look, self._page.window()).exec():
            desk.act(
                Lane.RECORDS,
                lambda: approving.call_back(desk.station, desk.officer, case),
                lambda: self.enter(desk.the_case()),
                self._failed,
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


def covers(case: Case) -> tuple[int, int, int]:
    """How many facts, results and reasons the digest covers."""
    findings = len(case.document.findings) if case.document else 0
    rules = len(case.verdict.rules) if case.verdict else 0
    compared = len(case.compared)
    reasons = sum(bool(row.reason) for row in case.compared if row.outcome is Comparison.DIFFERENT)
    return compared + 7, findings + rules, reasons

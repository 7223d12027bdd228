"""The eligibility page: the rules answer, the officer goes on or gives the slip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from desk.counter import deciding, intake, notices
from desk.counter.holdings import Whose
from desk.issuance.aftercare import CareAct, SetAside
from desk.issuance.case import Case, State
from desk.issuance.eligibility import RuleOutcome
from desk.issuance.roles import Right
from desk.store.care import KeptAct
from desk.store.notice_file import NoticeKind
from desk.store.notices import Paper
from desk.trouble import Trouble
from desk.ui.control.aftercare_cards import TwoCardsAct
from desk.ui.control.desk import Desk
from desk.ui.control.steps import Step
from desk.ui.dialogs import ReasonDialog
from desk.ui.lanes import Lane
from desk.ui.pages.changes import AREA as CHANGES
from desk.ui.pages.eligibility import EligibilityPage, EligibilityView
from desk.ui.pages.own_words import OwnWords


class EligibilityControl(QObject):
    def __init__(self, desk: Desk, page: EligibilityPage, two_cards: TwoCardsAct) -> None:
        super().__init__(desk)
        self._desk, self._page, self._two_cards = desk, page, two_cards
        self._busy = False
        self._trouble: Trouble | None = None
        self._against: tuple[Paper, ...] = ()
        self.dialog: ReasonDialog | None = None
        page.ask_again.connect(self._ask_again)
        page.present_confirmed.connect(self._ask_again)
        page.print_and_refuse.connect(self._refuse)
        page.aside_asked.connect(self._ask_aside)
        page.go_on.connect(self._go_on)
        page.back.connect(lambda: desk.go_to.emit(Step.PASSPORT))
        two_cards.done.connect(self._agreed)
        desk.look.retranslated.connect(self.render)

    def enter(self, case: Case) -> None:
        """Show the verdict; without one the rules are asked now."""
        self._trouble = None
        self._busy = False
        self._against = ()
        self._desk.show(Step.ELIGIBILITY, self._page)
        if case.verdict is None:
            self._ask_again()
        else:
            self._look_against()
        self.render()

    def render(self) -> None:
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.ELIGIBILITY:
            return
        verdict = None if self._busy else case.verdict
        waiting = case.state is State.DOCUMENT_CHECKED
        self._page.render(
            EligibilityView(
                here=desk.here(),
                case=case,
                decision=verdict,
                busy=self._busy,
                can_go_on=verdict is not None and verdict.overall is RuleOutcome.MET,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
                other_language=case.language if case.language != "ko" else "en",
                read_only=not waiting,
                may_set_aside=bool(self._against) and desk.officer.role.may(Right.AFTER_CARE),
            )
        )

    def _ask_again(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if self._busy or case.state is not State.DOCUMENT_CHECKED:
            return
        self._busy, self._trouble = True, None
        self.render()

        def decide() -> Case:
            present = deciding.confirm_in_person(desk.station, desk.officer, case)
            return deciding.decide(desk.station, desk.officer, present)

        desk.act(Lane.RECORDS, decide, self._decided, self._failed)

    def _decided(self) -> None:
        self._busy = False
        self.render()
        self._look_against()

    # What a file told of the applicant

    def _look_against(self) -> None:
        """Whether a paper stands in the way that an officer may find to be wrong."""
        desk, case = self._desk, self._desk.the_case()
        refused = case.verdict is not None and case.verdict.overall is RuleOutcome.NOT_MET
        if not refused or case.state is not State.DOCUMENT_CHECKED:
            self._found(case.number, ())
            return
        number, station = case.number, desk.station
        desk.work(
            Lane.RECORDS,
            lambda: notices.against(station, case),
            lambda papers: self._found(number, papers),
            look_at=case,
        )

    def _found(self, number: str, papers: tuple[Paper, ...]) -> None:
        case = self._desk.case
        if case is not None and case.number == number:
            self._against = papers
            self.render()

    def _ask_aside(self) -> None:
        if not self._against or self.dialog is not None:
            return
        if any(one.kind is NoticeKind.DIED for one in self._against):
            self._ask_two_cards()
            return
        look, paper = self._desk.look, self._against[0]
        say = OwnWords(look, CHANGES)
        what = [say(f"kind.{paper.kind.value}"), paper.document]
        if paper.effective_on is not None:
            what.insert(1, say("when.since", day=paper.effective_on.isoformat()))
        self.dialog = ReasonDialog(
            look,
            self._page.window(),
            say("window.title"),
            say("window.text", what=" · ".join(what)),
            say("window.keep"),
            say("dialog.aside_act"),
            [(one.value, say(f"reason.{one.value}")) for one in notices.AT_THE_WINDOW],
            remark=False,
            danger=False,
        )
        self.dialog.finished.connect(self._aside_decided)
        self.dialog.open()

    def _ask_two_cards(self) -> None:
        """That the applicant died is set aside by two persons' cards."""
        desk, station, officer = self._desk, self._desk.station, self._desk.officer
        asked = desk.the_case()
        number = asked.number

        def done(found: tuple[Whose, KeptAct | None]) -> None:
            case = desk.case
            if desk.is_open and case is not None and case.number == number:
                reasons = [one.value for one in notices.AT_THE_WINDOW]
                window = self._page.window()
                self._two_cards.open(window, found[0], CareAct.SET_ASIDE, found[1], reasons)

        desk.work(
            Lane.RECORDS,
            lambda: notices.death_of(station, officer, number),
            done,
            self._failed,
            look_at=asked,
        )

    def _agreed(self, kept: KeptAct) -> None:
        """Both cards have signed: the rules are asked anew."""
        case, told = self._desk.case, kept.statement
        if case is None or told.act is not CareAct.SET_ASIDE or told.case_number != case.number:
            return
        self._decide_anew(lambda _case: None)

    def _aside_decided(self, result: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        reason = dialog.answer()[0]
        dialog.deleteLater()
        desk = self._desk
        if result != QDialog.DialogCode.Accepted or not reason or desk.case is None:
            return
        station, officer = desk.station, desk.officer
        self._decide_anew(
            lambda case: notices.put_aside_at_window(station, officer, case, SetAside(reason))
        )

    def _decide_anew(self, after: Callable[[Case], None]) -> None:
        """Ask the rules once more, ``after`` something that changes what they answer."""
        desk, case = self._desk, self._desk.the_case()
        station, officer = desk.station, desk.officer
        self._busy, self._trouble = True, None
        self.render()

        def decide() -> Case:
            after(case)
            return deciding.decide(station, officer, case)

        desk.act(Lane.RECORDS, decide, self._decided, self._failed)

    # Deciding

    def _failed(self, trouble: Trouble) -> None:
        self._busy, self._trouble = False, trouble
        self.render()

    def _refuse(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if case.verdict is None:
            return
        rule = desk.station.rules.rule(deciding.first_unmet(case.verdict))
        desk.act(
            Lane.RECORDS,
            lambda: intake.refuse(desk.station, desk.officer, case, "rule_not_met", rule.code),
            desk.refused.emit,
            self._failed,
        )

    def _go_on(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if case.state is not State.DOCUMENT_CHECKED:
            desk.go_to.emit(desk.current())
            return
        desk.act(
            Lane.RECORDS,
            lambda: deciding.accept(desk.station, desk.officer, case),
            lambda: desk.go_to.emit(Step.FACE),
            self._failed,
        )

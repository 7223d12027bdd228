"""The eligibility page: the rules answer, the officer goes on or gives the slip."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desk.counter import deciding, intake
from desk.issuance.case import Case, State
from desk.issuance.eligibility import RuleOutcome
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.pages.eligibility import EligibilityPage, EligibilityView


class EligibilityControl(QObject):
    def __init__(self, desk: Desk, page: EligibilityPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._busy = False
        self._trouble: Trouble | None = None
        page.ask_again.connect(self._ask_again)
        page.present_confirmed.connect(self._ask_again)
        page.print_and_refuse.connect(self._refuse)
        page.go_on.connect(self._go_on)
        page.back.connect(lambda: desk.go_to.emit(Step.PASSPORT))
        desk.look.retranslated.connect(self.render)

    def enter(self, case: Case) -> None:
        """Show the verdict; without one the rules are asked now."""
        self._trouble = None
        self._busy = False
        self._desk.show(Step.ELIGIBILITY, self._page)
        if case.verdict is None:
            self._ask_again()
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

"""«재개…» and «다시 발급…»: the question, then a case like any other.

Whoever shows a credential calls :meth:`RenewalControl.reissue` or
:meth:`RenewalControl.resume`; where a case that renews it is under way at this window already,
the question leads back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QObject

from desk.counter import intake, proving, renewal
from desk.counter.holdings import Holding
from desk.counter.officers import Officer
from desk.counter.renewal import UnderWay
from desk.counter.station import Station
from desk.issuance.case import Case, CaseKind, State
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.glyphs import Glyph
from desk.ui.lanes import Lane
from desk.ui.pages.own_words import OwnWords
from desk.ui.renewal_dialogs import (
    KEEP,
    CheckRow,
    ReissueDialog,
    ResumeDialog,
    stop_renewal_dialog,
)
from desk.ui.renewals import AREA

_SENT = frozenset({State.OFFERED, State.SIGNING, State.DELIVERED})


@dataclass(frozen=True)
class _Found:
    """What stands in the way, and the case that is under way."""

    trouble: Trouble | None
    case: Case | None


class RenewalControl(QObject):
    """``open_case`` is called with the case that shall be gone on with."""

    def __init__(self, desk: Desk, open_case: Callable[[Case], None]) -> None:
        super().__init__(desk)
        self._desk, self._open_case = desk, open_case
        self._say = OwnWords(desk.look, AREA)
        self.dialog: ReissueDialog | ResumeDialog | None = None

    def reissue(self, holding: Holding) -> None:
        """Whether another phone shall get what this person holds."""
        self._look(CaseKind.REISSUE, holding)

    def resume(self, holding: Holding) -> None:
        """Whether what is suspended shall be usable again."""
        self._look(CaseKind.RESUME, holding)

    def instead(self, case: Case) -> None:
        """The resume turned out to be of a credential that names a former passport: a case
        that reissues it takes its place."""
        station, officer = self._desk.station, self._desk.officer
        self._desk.work(
            Lane.SERVICE,
            lambda: renewal.reissue_instead(station, officer, case),
            self._open_case,
            of=case,
        )

    def may_end(self, case: Case) -> bool:
        """A renewal that has sent nothing to a phone yet is ended from any of its pages."""
        return case.kind is not CaseKind.ISSUE and case.state.is_open and case.state not in _SENT

    def stop(self, case: Case) -> None:
        """«건 멈추기» of such a case: kept, or ended."""
        desk = self._desk
        dialog = stop_renewal_dialog(desk.look, desk.shell.window())
        if not dialog.exec():
            return
        reason, remark = dialog.answer()
        if reason == KEEP:
            desk.to_board.emit()
            return
        station, officer = desk.station, desk.officer
        desk.act(
            Lane.SERVICE,
            lambda: _ended(station, officer, case, reason, remark),
            desk.to_board.emit,
            self._not_ended,
        )

    def _not_ended(self, trouble: Trouble) -> None:
        """What was shown rightly is not stopped any more: it is proven once its list is out."""
        if isinstance(trouble, proving.ListNotOut):
            self._desk.to_board.emit()
        else:
            self._desk.show_trouble(trouble)

    def _look(self, kind: CaseKind, holding: Holding) -> None:
        station = self._desk.station

        def look() -> _Found:
            trouble = renewal.why_not(station, kind, holding.number)
            return _Found(trouble, renewal.case_under_way(station, holding.number))

        self._desk.work(Lane.RECORDS, look, lambda found: self._ask(kind, holding, found))

    def _ask(self, kind: CaseKind, holding: Holding, found: _Found) -> None:
        desk = self._desk
        case = found.case if found.case is not None and self._is_ours(found.case, kind) else None
        in_the_way = found.trouble
        if in_the_way is not None and not (case and isinstance(in_the_way, UnderWay)):
            desk.show_trouble(in_the_way)
            return
        if not desk.is_open or self.dialog is not None:
            return
        window, number = desk.shell.window(), case.number if case else ""
        if kind is CaseKind.REISSUE:
            self.dialog = ReissueDialog(desk.look, window, holding, self._end(holding), number)
        else:
            self.dialog = ResumeDialog(desk.look, window, holding, self._checks(case), number)
        self.dialog.finished.connect(lambda result: self._decided(holding, case, bool(result)))
        self.dialog.open()

    def _end(self, holding: Holding) -> date | None:
        station, end = self._desk.station, holding.expires_on
        today = station.post.local(station.now()).date()
        return end if end is not None and end > today else None

    def _is_ours(self, case: Case, kind: CaseKind) -> bool:
        return case.kind is kind and case.window == self._desk.station.settings.station.window

    def _checks(self, case: Case | None) -> tuple[CheckRow, ...]:
        """The three things a resume takes, as far as the open case has them."""
        say, here = self._say, self._desk.here()
        state = say("resume_state.waiting" if case else "resume_state.in_case")
        passport = CheckRow("passport", Glyph.WAITING, state)
        face, phone = (
            CheckRow("face", Glyph.WAITING, state),
            CheckRow("phone", Glyph.WAITING, state),
        )
        if case is not None and case.document is not None and case.entered(State.ELIGIBLE):
            time = says.clock(case.document.read_at, here)
            words = say("resume_state.passport", time=time)
            passport = CheckRow("passport", Glyph.PASSED, words)
        if case is not None and case.face is not None and case.entered(State.FACE_CHECKED):
            words = say("resume_state.face", time=says.clock(case.face.judged_at, here))
            face = CheckRow("face", Glyph.PASSED, words)
        if case is not None and case.state is State.APPROVED:
            phone = CheckRow("phone", Glyph.HALF, say("resume_state.waits"))
        return passport, face, phone

    def _decided(self, holding: Holding, case: Case | None, agreed: bool) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        dialog.deleteLater()
        if agreed and case is not None:
            self._open_case(case)
        elif agreed:
            job = self._opening(dialog, holding.number)
            self._desk.work(Lane.RECORDS, job, self._open_case)

    def _opening(self, dialog: ReissueDialog | ResumeDialog, number: str) -> Callable[[], Case]:
        station, officer = self._desk.station, self._desk.officer
        if isinstance(dialog, ReissueDialog):
            moved = dialog.reason
            return lambda: renewal.open_reissue(station, officer, number, moved)
        resumed = dialog.reason
        return lambda: renewal.open_resume(station, officer, number, resumed)


def _ended(station: Station, officer: Officer, case: Case, reason: str, remark: str) -> Case:
    if case.kind is CaseKind.RESUME:
        return proving.leave_suspended(station, officer, case, remark, reason)
    return intake.cancel(station, officer, case, reason, remark)

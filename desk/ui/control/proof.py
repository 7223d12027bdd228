"""The proof page: the phone presents to the desk what it received; then it is usable."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal

from desk.counter import approving, offering, proving, relying
from desk.counter.decided import is_decided
from desk.counter.offering import NotKept
from desk.counter.proving import OpenCheck, OtherKey, ProofRefused
from desk.counter.relying import Readiness
from desk.credential.troubles import CredentialTrouble
from desk.issuance.aftercare import ReportedLost
from desk.issuance.approvals import ApprovalTrouble
from desk.issuance.case import Case, CaseKind, State
from desk.store.troubles import (
    Busy,
    FormerPassport,
    Full,
    HeldElsewhere,
    MustBeRevoked,
    OutcomeUnknown,
    ServerReadOnly,
    StatusFinal,
    Unreachable,
    Unwritable,
)
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.large_qr import LargeQrPlace
from desk.ui.control.steps import Step
from desk.ui.dialogs import not_proven_dialog
from desk.ui.lanes import Lane
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.proof import ProofPage, ProofStep, ProofView
from desk.ui.parts.verdict import Remedy
from desk.ui.renewal_dialogs import cannot_resume_dialog
from desk.ui.renewals import AREA as RENEWAL

POLL_SECONDS = 5.0
RETRY_MS = 2000
_NEW_QR, _REISSUE = "new_qr", "reissue"
# Of the service, and of the place where lists are published; their kinds are not known here.
_SERVICE_AWAY = ("ENROLL-", "STATUS-")
_RECORDS_AWAY = (Busy, Full, OutcomeUnknown, ServerReadOnly, Unreachable, Unwritable)
_NOT_AS_ISSUED = (ProofRefused, CredentialTrouble, FormerPassport)
_NOT_USABLE = (ReportedLost, StatusFinal, HeldElsewhere, MustBeRevoked)


def _is_away(trouble: Trouble) -> bool:
    """Whether the same question may be answered otherwise once something is there again."""
    return trouble.code.startswith(_SERVICE_AWAY) or isinstance(trouble, _RECORDS_AWAY)


def _failed_at(trouble: Trouble) -> ProofStep | None:
    """What the trouble forbids; None where it says nothing of what the phone has."""
    if isinstance(trouble, OtherKey):
        return ProofStep.SAME_KEY
    if isinstance(trouble, _NOT_AS_ISSUED):
        return ProofStep.CONTENT
    return ProofStep.STATUS if isinstance(trouble, _NOT_USABLE) else None


class ProofControl(QObject):
    """``progressed`` after every change: the applicant's window follows it.
    ``reissue_asked(Case)``: what the phone holds names a former passport."""

    progressed = Signal()
    reissue_asked = Signal(object)

    def __init__(self, desk: Desk, page: ProofPage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self._readiness: Readiness | None = None
        self._number = ""
        self.check: OpenCheck | None = None
        self.placed_at: datetime | None = None
        self._failed_step: ProofStep | None = None
        self._trouble: Trouble | None = None
        # What the phone has shown was right; only the list that says so is not out yet.
        self._decided_at: datetime | None = None
        # The service does not answer: over as soon as it does.
        self._away: Trouble | None = None
        self._not_kept: NotKept | None = None
        self._turn = 0
        self._large = LargeQrPlace(desk.look, page)
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(lambda: self._again(self._turn))
        page.new_qr_requested.connect(self._ask)
        page.enlarge_requested.connect(self._enlarge)
        page.cannot_prove.connect(self._cannot)
        page.remedy.connect(self._remedied)
        page.go_on.connect(lambda: desk.go_to.emit(Step.HAND_OVER))
        desk.look.retranslated.connect(self.render)
        desk.ticked.connect(self._tick)
        desk.shown.connect(self._shown)

    def enter(self, case: Case) -> None:
        """Ask the phone at once, or go on with the QR that lives; a proven case shows what came."""
        self._begin_turn()
        if not self._lives(case):
            self.check, self.placed_at = None, None
        self._number, self._away, self._decided_at = case.number, None, None
        self._trouble, self._failed_step = None, None
        self._readiness, self._not_kept = None, None
        self._desk.show(Step.PROOF, self._page)
        self.render()
        self._weigh(case)
        if self.check is not None:
            self._poll(self._turn)
        elif self._waits(case):
            self._ask()

    def _lives(self, case: Case) -> bool:
        """Its phone may have answered already, while another page stood here."""
        check, known = self.check, case.number == self._number and self._waits(case)
        return check is not None and known and self._desk.station.now() < check.expires_at

    def _begin_turn(self) -> None:
        """What was asked before, and was to be asked again, counts no longer."""
        self._turn += 1
        self._retry.stop()

    @staticmethod
    def _waits(case: Case) -> bool:
        """The phone has it and has not shown it yet."""
        resumes = case.kind is CaseKind.RESUME
        return case.state is (State.APPROVED if resumes else State.DELIVERED)

    def _weigh(self, case: Case) -> None:
        """The relying services' requests against what this case delivered."""
        desk = self._desk
        desk.work(
            Lane.RECORDS,
            lambda: relying.weigh(desk.station, case),
            lambda readiness: self._weighed(case, readiness),
            self._failed,
            look_at=case,
        )

    def _weighed(self, case: Case, readiness: Readiness) -> None:
        if self._desk.case is not None and self._desk.case.number == case.number:
            self._readiness = readiness
            self.render()

    def _shown(self, step: Step | None) -> None:
        if step is Step.PROOF:
            return
        self.close_large()
        case = self._desk.case
        if case is not None and case.number == self._number:
            # During a call, say, the applicant goes on before the QR.
            return
        self._begin_turn()
        # This QR was for somebody else.
        self.check = None

    def render(self) -> None:
        if self.check is None:
            self.close_large()
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.PROOF:
            return
        check, trouble = self.check, self._trouble or self._away or self._not_kept
        self._page.render(
            ProofView(
                here=desk.here(),
                case=case,
                services=self._readiness,
                done=self._done(case),
                failed=self._failed_step,
                qr_text=check.uri if check else "",
                placed_at=self.placed_at,
                expires_at=check.expires_at if check else None,
                trouble=desk.spoken(trouble) if trouble else None,
                remedies=self._remedies(trouble),
                asks_passport=check is not None and check.asks_passport,
                read_only=case.closed_at is not None,
            )
        )

    def _remedies(self, trouble: Trouble | None) -> tuple[Remedy, ...]:
        """What a phone did not keep comes with a new QR only; what names a former passport is
        issued anew."""
        if isinstance(trouble, FormerPassport):
            words = OwnWords(self._desk.look, RENEWAL)("resume_refused.reissue")
            return (Remedy(_REISSUE, words, "arrow-right-left"),)
        if trouble is None or trouble is not self._not_kept:
            return ()
        return (Remedy(_NEW_QR, self._desk.look.say("phone.make_new_qr"), "qr-code"),)

    def _remedied(self, key: str) -> None:
        desk, case = self._desk, self._desk.the_case()
        if key == _REISSUE:
            self._begin_turn()
            self.reissue_asked.emit(case)
        if key != _NEW_QR:
            return
        self._begin_turn()
        self.check = None
        desk.act(
            Lane.SERVICE,
            lambda: offering.withdraw(desk.station, desk.officer, case, "not_kept"),
            lambda: desk.go_to.emit(Step.PHONE),
            self._failed,
        )

    def _done(self, case: Case) -> tuple[tuple[ProofStep, datetime], ...]:
        if case.proof is not None:
            asked = self.placed_at or case.proof.proven_at
            proven = case.proof.proven_at
            return (
                (ProofStep.ASKED, asked),
                (ProofStep.PRESENTED, proven),
                (ProofStep.SAME_KEY, proven),
                (ProofStep.CONTENT, proven),
                (ProofStep.STATUS, case.proof.published_at),
            )
        if self._decided_at is not None:
            asked = self.placed_at or self._decided_at
            shown = (ProofStep.PRESENTED, ProofStep.SAME_KEY, ProofStep.CONTENT)
            return ((ProofStep.ASKED, asked), *((step, self._decided_at) for step in shown))
        return ((ProofStep.ASKED, self.placed_at),) if self.placed_at else ()

    def _tick(self) -> None:
        if self.check is None or self.placed_at is None:
            return
        now = self._desk.station.now()
        left = max(0, int((self.check.expires_at - now).total_seconds()))
        self._page.tick(left, int((self.check.expires_at - self.placed_at).total_seconds()))
        if left == 0:
            self._begin_turn()
            self.check = None
            self.render()
            self.progressed.emit()

    # Asking and reading the answer

    def _ask(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        self._begin_turn()
        turn = self._turn
        self.check, self._trouble, self._failed_step, self._decided_at = None, None, None, None

        def job() -> Case | OpenCheck:
            # What was shown rightly before is not asked for again.
            known = proving.conclude(desk.station, case)
            if known.state is State.PROVEN:
                return known
            return proving.place_check(desk.station, desk.officer, case)

        desk.work(
            Lane.SERVICE,
            job,
            lambda brought: self._asked(turn, brought),
            lambda trouble: self._not_asked(turn, trouble),
        )

    def _asked(self, turn: int, brought: Case | OpenCheck) -> None:
        if isinstance(brought, Case):
            self.concluded(brought)
            return
        if turn != self._turn:
            return
        self.check, self.placed_at = brought, self._desk.station.now()
        self.render()
        self.progressed.emit()
        self._poll(turn)

    def _not_asked(self, turn: int, trouble: Trouble) -> None:
        """Of a case that was left meanwhile nothing is done to the one that is open now."""
        if turn == self._turn:
            if (failed := _failed_at(trouble)) is not None:
                # The phone is not even asked: what it showed before is not told of now.
                self.placed_at, self._failed_step = None, failed
            self._failed(trouble)

    def _poll(self, turn: int) -> None:
        desk, case, check = self._desk, self._desk.case, self.check
        if turn != self._turn or case is None or check is None or not self._waits(case):
            return

        def job() -> tuple[Case | None, NotKept | None]:
            station = desk.station
            proven = proving.take_answer(station, desk.officer, case, check, POLL_SECONDS)
            return proven, None if proven else offering.not_kept(station, case)

        desk.work(
            Lane.EVENTS,
            job,
            lambda brought: self._answered(turn, *brought),
            lambda trouble: self._refused(turn, trouble),
        )

    def _answered(self, turn: int, proven: Case | None, not_kept: NotKept | None) -> None:
        if proven is not None:
            self.concluded(proven)
            return
        if turn != self._turn:
            return
        was_away, self._away = self._away, None
        if was_away or (not_kept is None) != (self._not_kept is None):
            self._not_kept = not_kept
            self.render()
        self._poll(turn)

    def concluded(self, case: Case) -> None:
        """It is PROVEN. Also where another QR stands by now: the phone was faster than whoever
        asked anew, and what it has shown is usable."""
        desk = self._desk
        if not desk.takes_over(case):
            return
        self._begin_turn()
        self.check, self._trouble, self._away, self._not_kept = None, None, None, None
        self._decided_at = None
        self.render()
        self.progressed.emit()
        if desk.step is Step.HAND_OVER:
            desk.go_to.emit(Step.HAND_OVER)

    def _refused(self, turn: int, trouble: Trouble) -> None:
        if turn != self._turn:
            return
        if isinstance(trouble, ApprovalTrouble):
            self._take_back_approval(trouble)
            return
        if isinstance(trouble, proving.ListNotOut):
            self._list_waits(trouble)
            return
        if _is_away(trouble):
            self._away = trouble
            self._retry.start()
        else:
            # Asked again it is answered alike, and the QR takes no second answer.
            self._trouble, self._away, self.check = trouble, None, None
            self._failed_step = _failed_at(trouble)
        self.render()
        self.progressed.emit()

    def _failed(self, trouble: Trouble) -> None:
        if isinstance(trouble, ApprovalTrouble):
            self._take_back_approval(trouble)
            return
        if isinstance(trouble, proving.ListNotOut):
            self._list_waits(trouble)
            return
        self._trouble = trouble
        self.render()
        self.progressed.emit()

    # Decided, and the list that says so waits

    def _list_waits(self, trouble: proving.ListNotOut) -> None:
        """The phone has done its part: its QR ends, and the list is tried until it is out."""
        self.check, self._away, self._not_kept = None, None, None
        self._trouble, self._decided_at = trouble, trouble.decided_at
        self._retry.start()
        self.render()
        self.progressed.emit()

    def _again(self, turn: int) -> None:
        if self._decided_at is None:
            self._poll(turn)
            return
        desk, case = self._desk, self._desk.case
        if case is None:
            return
        desk.work(
            Lane.SERVICE,
            lambda: proving.conclude(desk.station, case),
            lambda known: self._tried_again(turn, known),
            lambda trouble: self._still_waits(turn, trouble),
        )

    def _tried_again(self, turn: int, known: Case) -> None:
        if known.state is State.PROVEN:
            self.concluded(known)
        elif turn == self._turn and self._desk.step is Step.PROOF:
            # Taken back meanwhile: it says so once it is asked for.
            self.enter(known)

    def _still_waits(self, turn: int, trouble: Trouble) -> None:
        if turn != self._turn:
            return
        self._trouble = trouble
        self._retry.start()
        self.render()

    def _take_back_approval(self, trouble: Trouble) -> None:
        """A resume whose approval does not hold any more goes back to its review."""
        desk, number = self._desk, self._desk.the_case().number
        self._begin_turn()
        self.check = None
        self.render()
        self.progressed.emit()

        def job() -> Case:
            case = desk.station.load(number)
            with desk.station.store.read() as session:
                decided = is_decided(session, case)
            if decided:
                return proving.conclude(desk.station, case)
            return approving.take_back_approval(desk.station, desk.officer, case, trouble.code)

        def failed(why: Trouble) -> None:
            if isinstance(why, proving.ListNotOut):
                self._list_waits(why)
            else:
                desk.show_trouble(why)

        desk.act(Lane.SERVICE, job, lambda: desk.go_to.emit(desk.current()), failed)

    # Other ways

    def _enlarge(self) -> None:
        if self.check is not None:
            self._large.show(self.check.uri, self._desk.look.say("proof.qr"))

    def close_large(self) -> None:
        """The check QR is gone, or the desk is locked: so is its large picture."""
        self._large.close()

    def _cannot(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        if case.kind is CaseKind.RESUME:
            self._end_resume(case)
            return
        barred = self._failed_step is ProofStep.STATUS
        dialog = not_proven_dialog(desk.look, self._page.window(), barred)
        if not dialog.exec():
            return
        reason, _remark = dialog.answer()
        self._begin_turn()
        self.check = None
        desk.act(
            Lane.SERVICE,
            lambda: proving.leave_unproven(desk.station, desk.officer, case, reason),
            lambda: desk.go_to.emit(Step.HAND_OVER),
            self._failed,
        )

    def _left_suspended(self) -> None:
        desk = self._desk
        if desk.the_case().state is State.PROVEN:
            desk.go_to.emit(Step.HAND_OVER)
        else:
            desk.to_board.emit()

    def _end_resume(self, case: Case) -> None:
        """Nothing was sent to this phone: the credential stays suspended, the case ends."""
        desk = self._desk
        dialog = cannot_resume_dialog(desk.look, self._page.window())
        if not dialog.exec():
            return
        _reason, remark = dialog.answer()
        self._begin_turn()
        self.check = None
        desk.act(
            Lane.SERVICE,
            lambda: proving.leave_suspended(desk.station, desk.officer, case, remark),
            self._left_suspended,
            self._failed,
        )

"""Proof: the phone presents what it received; only then is it usable.

Signals: ``new_qr_requested``, ``enlarge_requested`` (F11), ``cannot_prove`` (the receiver
asks for a reason; the case stays «delivered, not proven»), ``aftercare_asked`` (what must not
become usable), ``go_on``; besides ``stop_case``, ``remedy(str)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.counter.relying import Readiness
from desk.issuance.case import Case, CaseKind
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.phone_parts import ProgressLine, QrPage, TimeLine
from desk.ui.pages.proof_services import ServicesCard
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Primary
from desk.ui.parts.qrcard import QrState
from desk.ui.parts.verdict import Remedy
from desk.ui.renewals import AREA as RENEWAL
from desk.ui.troubles import Spoken


class ProofStep(StrEnum):
    """What must be true before it is usable, in its order."""

    ASKED = "asked"
    PRESENTED = "presented"
    SAME_KEY = "same_key"
    CONTENT = "content"
    STATUS = "status"


class ProofStage(StrEnum):
    """PREPARING: no QR yet. WAITING: it may be read. CHECKING: the phone has answered.
    PUBLISHING: all it showed was right, the list that says so is not out. REFUSED: what came
    does not fit. ENDED: nobody came in time. USABLE: all is true."""

    PREPARING = "preparing"
    WAITING = "waiting"
    CHECKING = "checking"
    PUBLISHING = "publishing"
    REFUSED = "refused"
    ENDED = "ended"
    USABLE = "usable"


@dataclass(frozen=True)
class ProofView:
    """``done`` holds the time of every step that has passed; ``failed`` the one that did
    not, with ``trouble`` saying why. ``qr_text`` while the check QR lives, ``placed_at``
    and ``expires_at`` its life: a ``placed_at`` without text is a QR that has ended.
    ``asks_passport``: the phone is to tell which passport its credential names.
    ``services`` is None until they are weighed."""

    here: says.Here
    case: Case
    services: Readiness | None
    done: tuple[tuple[ProofStep, datetime], ...] = ()
    failed: ProofStep | None = None
    qr_text: str = ""
    placed_at: datetime | None = None
    expires_at: datetime | None = None
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    asks_passport: bool = False
    read_only: bool = False

    @property
    def is_usable(self) -> bool:
        return any(step is ProofStep.STATUS for step, _ in self.done)


def _is_barred(view: ProofView) -> bool:
    """What was presented may be right: it must not become usable, and another QR changes nothing
    of that."""
    return view.failed is ProofStep.STATUS


def stage_of(view: ProofView) -> ProofStage:
    """Where the proof stands, as the steps and the QR's time tell it."""
    steps = {step for step, _ in view.done}
    if ProofStep.STATUS in steps:
        return ProofStage.USABLE
    if view.failed is not None:
        return ProofStage.REFUSED
    if ProofStep.CONTENT in steps:
        return ProofStage.PUBLISHING
    if ProofStep.PRESENTED in steps:
        return ProofStage.CHECKING
    over = view.expires_at is not None and view.expires_at <= view.here.now
    if view.qr_text and not over:
        return ProofStage.WAITING
    return ProofStage.ENDED if view.placed_at is not None else ProofStage.PREPARING


class ProofPage(QrPage):
    """Second QR left; progress and the services right."""

    new_qr_requested = Signal()
    enlarge_requested = Signal()
    cannot_prove = Signal()
    aftercare_asked = Signal()
    go_on = Signal()

    def __init__(self, look: Look) -> None:
        self.services = ServicesCard(look)
        super().__init__(look, self.services)
        self._say, self._renewal = OwnWords(look), OwnWords(look, RENEWAL)
        self._view: ProofView | None = None
        self.qr.enlarge.connect(self.enlarge_requested)
        self.qr.again.connect(self.new_qr_requested)

    def set_dense(self, dense: bool) -> None:
        super().set_dense(dense)
        self.services.set_narrow(dense)

    def render(self, view: ProofView) -> None:
        """Show ``view``; what did not change does not move."""
        self._view = view
        say, stage = self._say, stage_of(view)
        self.qr.render(say("proof.qr"), *self._qr(view, stage))
        if stage is ProofStage.WAITING and view.case.kind is not CaseKind.RESUME:
            self.qr.show_badge(Glyph.NOTE, say("proof.second_qr"))
        self._render_below(view, stage)
        self.progress.render(say("proof.progress"), self._lines(view, stage))
        self.services.render(view.services, view.is_usable)
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view, stage)
        self.say_head(say("step.proof"), self._head(view, stage))

    def _head(self, view: ProofView, stage: ProofStage) -> str:
        kind = view.case.kind
        own = {
            (CaseKind.RESUME, ProofStage.WAITING): "renewal_proof.head_waiting",
            (CaseKind.RESUME, ProofStage.PREPARING): "renewal_proof.head_waiting",
            (CaseKind.RESUME, ProofStage.USABLE): "renewal_proof.head_usable",
            (CaseKind.REISSUE, ProofStage.WAITING): "renewal_proof.head_reissue",
            (CaseKind.REISSUE, ProofStage.USABLE): "renewal_proof.head_reissued",
        }
        if (kind, stage) in own:
            return self._renewal(own[kind, stage])
        heads = {
            ProofStage.USABLE: "proof.head_usable",
            ProofStage.ENDED: "proof.head_ended",
            ProofStage.REFUSED: "proof.barred" if _is_barred(view) else "check.head_refused",
            ProofStage.CHECKING: "check.head_checking",
            ProofStage.PUBLISHING: "proof.right",
        }
        return self._say(heads.get(stage, "proof.head_waiting"))

    def tick(self, left: int, whole: int) -> None:
        """Once a second: what is left of the QR's life. At the end it is gone at once."""
        self.qr.countdown.show_left(left, whole)
        view = self._view
        if left <= 0 and view is not None and stage_of(view) is ProofStage.WAITING:
            self.render(replace(view, qr_text=""))

    def _qr(self, view: ProofView, stage: ProofStage) -> tuple[QrState, str, str, str]:
        say = self._say
        if stage is ProofStage.USABLE:
            return QrState.USABLE, "", say("proof.usable"), self._usable_more(view.case)
        if stage is ProofStage.REFUSED and _is_barred(view):
            return QrState.BLOCKED, "", say("proof.barred"), say("proof.barred_more")
        if stage is ProofStage.REFUSED:
            return QrState.BLOCKED, "", say("proof.failed"), say("proof.failed_more")
        if stage is ProofStage.CHECKING:
            return QrState.USED, "", say("proof.checking"), say("proof.checking_more")
        if stage is ProofStage.PUBLISHING:
            return QrState.USED, "", say("proof.right"), say("proof.right_more")
        if stage is ProofStage.ENDED:
            return QrState.ENDED, "", say("phone.ended"), say("proof.ended_more")
        if stage is ProofStage.WAITING:
            return QrState.LIVE, view.qr_text, say("proof.qr_of_case"), ""
        word = "check.service_waits" if view.trouble is not None else "proof.preparing"
        return QrState.PENDING, "", say(word), ""

    def _usable_more(self, case: Case) -> str:
        if case.kind is CaseKind.REISSUE:
            return self._renewal("renewal_proof.reissued_more", former=case.former)
        return self._say("proof.usable_more")

    def _render_below(self, view: ProofView, stage: ProofStage) -> None:
        say, here = self._say, view.here
        live = stage is ProofStage.WAITING
        if live and view.placed_at and view.expires_at:
            left = int((view.expires_at - here.now).total_seconds())
            self.qr.show_countdown(left, int((view.expires_at - view.placed_at).total_seconds()))
        elif stage is ProofStage.USABLE:
            at = says.clock_seconds(dict(view.done)[ProofStep.STATUS], here)
            lines = [TimeLine(say("proof.usable_at"), at)]
            if (day := view.case.last_day(here.zone)) is not None:
                until = say("proof.until", date=day.isoformat())
                lines.append(TimeLine(say("content.valid"), until, strong=False))
            self.qr.show_times(lines)
        else:
            self.qr.show_times([])
        done = stage in (ProofStage.PUBLISHING, ProofStage.USABLE)
        again = not done and not view.read_only
        self.qr.show_buttons(say("phone.enlarge"), live, say("phone.qr_again"), again)

    def _lines(self, view: ProofView, stage: ProofStage) -> list[ProgressLine]:
        times = dict(view.done)
        current = next((step for step in ProofStep if step not in times), None)
        lines = []
        for step in ProofStep:
            name = self._say(f"proof_step.{step.value}")
            if step in times:
                lines.append(self._passed(view, step, name, times[step]))
            elif stage in (ProofStage.ENDED, ProofStage.REFUSED):
                lines.append(self._stopped(view, step, name, step is current))
            elif step is current:
                detail = self._say(f"proof_step.{step.value}_busy")
                lines.append(ProgressLine(Glyph.BUSY, name, detail, ""))
            else:
                suspended = step is ProofStep.STATUS
                detail = self._say("proof_step.still_suspended") if suspended else ""
                lines.append(ProgressLine(Glyph.WAITING, name, detail, ""))
        return lines

    def _stopped(self, view: ProofView, step: ProofStep, name: str, first: bool) -> ProgressLine:
        """A row of a check that ended or failed: what was not done never looks passed."""
        say = self._say
        if step is view.failed:
            words = say("proof_step.barred" if _is_barred(view) else "proof_step.not_so")
            words = f"{words} · {view.trouble.code}" if view.trouble else words
            return ProgressLine(Glyph.FAILED, name, words, "")
        was_asked = view.placed_at is not None
        if step is ProofStep.PRESENTED and view.failed is not None and was_asked:
            return ProgressLine(Glyph.PASSED, name, say("check.came"), "")
        if _is_barred(view) and was_asked:
            # Only what was found right comes as far as the list.
            return ProgressLine(Glyph.PASSED, name, say(f"proof_step.{step.value}_done"), "")
        word = "check.not_in_time" if first and view.failed is None else "check.not_done"
        return ProgressLine(Glyph.NOT_DONE, name, say(word), "")

    def _passed(self, view: ProofView, step: ProofStep, name: str, at: datetime) -> ProgressLine:
        say, issued = self._say, view.case.issued
        time = says.clock_seconds(at, view.here)
        if step is ProofStep.PRESENTED and issued:
            given = view.case.issued_configurations
            names = ", ".join(say(f"configuration.{name}") for name in given)
            return ProgressLine(Glyph.PASSED, name, say("check.presented", formats=names), time)
        detail = say(f"proof_step.{step.value}_done", n=len(issued) or 1)
        return ProgressLine(Glyph.PASSED, name, detail, time)

    def _render_footer(self, view: ProofView, stage: ProofStage) -> None:
        say = self._say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        usable = stage is ProofStage.USABLE
        stop = Other("stop", say("footer.stop_case"), Kind.QUIET)
        resumes = view.case.kind is CaseKind.RESUME
        word = self._renewal("renewal_proof.cannot") if resumes else say("proof.cannot")
        cannot = Other("cannot", word)
        key = "why_passport" if view.asks_passport else "why"
        why_not = self._renewal(f"renewal_proof.{key}") if resumes else say("proof.why")
        if _is_barred(view) and resumes:
            self.footer.show_others((stop,))
            self.footer.show_primary(Primary(word, True, why_not))
            return
        is_right = usable or stage is ProofStage.PUBLISHING
        self.footer.show_others((stop,) if is_right else (stop, cannot))
        if _is_barred(view):
            word, why = say("proof.to_aftercare"), say("proof.barred_why")
            self.footer.show_primary(Primary(word, True, why, icon="tablet"))
            return
        if stage in (ProofStage.ENDED, ProofStage.REFUSED):
            word, why = say("phone.make_new_qr"), why_not
            self.footer.show_primary(Primary(word, True, why, icon="qr-code"))
            return
        keys = ("Ctrl+Enter",) if usable else ()
        waits = say("proof.right_more") if stage is ProofStage.PUBLISHING else why_not
        why = "" if usable else waits
        self.footer.show_primary(Primary(say("footer.next_hand_over"), usable, why, keys))

    def other_asked(self, key: str) -> None:
        if key == "cannot":
            self.cannot_prove.emit()

    def primary_key(self) -> None:
        view = self._view
        if view is None or view.read_only or view.is_usable:
            self.go_on.emit()
        elif _is_barred(view) and view.case.kind is CaseKind.RESUME:
            self.cannot_prove.emit()
        elif _is_barred(view):
            self.aftercare_asked.emit()
        elif stage_of(view) in (ProofStage.ENDED, ProofStage.REFUSED):
            self.new_qr_requested.emit()

    def enlarge(self) -> None:
        if self._view is not None and stage_of(self._view) is ProofStage.WAITING:
            self.enlarge_requested.emit()

    def first_focus(self) -> QWidget | None:
        view = self._view
        if view is not None and stage_of(view) in (ProofStage.WAITING, ProofStage.CHECKING):
            return self.qr.first_button()
        return self.footer.primary

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

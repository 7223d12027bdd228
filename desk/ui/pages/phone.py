"""Phone: one QR, one phone; what happens there shows here; the officer's card signs.

Signals: ``new_qr_requested`` (the offer is voided, the applicant sets a new issuance PIN),
``new_pin_requested`` (the same, from the wrong-PIN panel), ``sign_requested(bytearray,
bool)``, ``alarm_reason_chosen(str)``, ``enlarge_requested`` (F11), ``cancel_requested``,
``go_on``; besides ``stop_case``, ``remedy(str)``. There is no way back from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.case import Case, OfferFacts, State
from desk.issuance.ports import EventKind, OfferEvent
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.phone_parts import NowCard, NowView, ProgressCard, ProgressLine, QrCard
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.qrcard import QrState
from desk.ui.parts.verdict import Remedy
from desk.ui.troubles import Spoken, TroubleWords

ALARM_REASONS = ("two_own_phones", "read_by_other", "unknown")
MOST_WRONG = 5


class PhoneStage(StrEnum):
    """Where the phone stands; each has its own QR place and «what to do now»."""

    PIN_PENDING = "pin_pending"
    WAITING = "waiting"
    SCANNED = "scanned"
    WRONG_PIN = "wrong_pin"
    SIGN = "sign"
    SIGNING = "signing"
    SENDING = "sending"
    DELIVERED = "delivered"
    ENDED = "ended"
    VOIDED = "voided"
    ALARM = "alarm"


@dataclass(frozen=True)
class PhoneView:
    """``events`` of the live (or last) offer in order; ``pin_digits`` how many digits the
    applicant has typed, never which. ``signing`` while the card works, ``tries`` of it.
    ``last_offer`` keeps the rows' times after an offer was withdrawn.
    """

    here: says.Here
    case: Case
    events: tuple[OfferEvent, ...] = ()
    pin_digits: int = 0
    card_present: bool = True
    tries: int | None = None
    wrong: bool = False
    signing: bool = False
    digest: str = ""
    alarm_reason: str = ""
    voided: str = ""
    last_offer: OfferFacts | None = None
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    read_only: bool = False


def times_of(events: Sequence[OfferEvent]) -> dict[EventKind, OfferEvent]:
    """The last event of each kind."""
    return {event.kind: event for event in events}


def stage_of(view: PhoneView) -> PhoneStage:
    """The stage as case and events tell it."""
    case, kinds = view.case, times_of(view.events)
    if case.held:
        return PhoneStage.ALARM
    if case.state in (State.DELIVERED, State.PROVEN):
        return PhoneStage.DELIVERED
    if case.state is State.SIGNING:
        done = case.offer is not None and len(case.issued) >= len(case.offer.configurations)
        if done:
            return PhoneStage.SENDING
        return PhoneStage.SIGNING if view.signing else PhoneStage.SIGN
    if case.state is not State.OFFERED:
        if EventKind.EXPIRED in kinds or view.voided == "expired":
            return PhoneStage.ENDED
        return PhoneStage.VOIDED if view.voided else PhoneStage.PIN_PENDING
    if EventKind.CODE_WRONG in kinds and EventKind.CODE_RIGHT not in kinds:
        return PhoneStage.WRONG_PIN
    return PhoneStage.SCANNED if EventKind.FETCHED in kinds else PhoneStage.WAITING


class PhonePage(Page):
    """QR left, progress right top, «what to do now» right bottom."""

    new_qr_requested = Signal()
    new_pin_requested = Signal()
    sign_requested = Signal(object, bool)
    alarm_reason_chosen = Signal(str)
    enlarge_requested = Signal()
    cancel_requested = Signal()
    go_on = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self._troubles = troubles
        self._view: PhoneView | None = None
        self.qr = QrCard(look)
        self.qr.enlarge.connect(self.enlarge_requested)
        self.qr.again.connect(self.new_qr_requested)
        self.progress = ProgressCard(look)
        self.now = NowCard(look)
        self.now.new_pin.connect(self.new_pin_requested)
        self.now.reason_chosen.connect(self.alarm_reason_chosen)
        self.now.pin.pin_given.connect(self._give)
        self.now.pin.ready_changed.connect(lambda _ready: self._footer_now())
        self._right_column = column(self.progress, self.now)
        self._right_column.setStretch(1, 1)
        self._right = holder(self._right_column)
        self._columns = row(self.qr, self._right)
        self._columns.setStretch(1, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        tight = narrow or small
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right_column.setSpacing(self.gap)
        self.qr.set_narrow(tight)
        width = 420 if tight else 524
        self.qr.setMinimumWidth(0 if small else width)
        self.qr.setMaximumWidth(16777215 if small else width)
        self.progress.set_narrow(tight)
        self.now.set_narrow(tight)

    def render(self, view: PhoneView) -> None:
        self._view = view
        stage = stage_of(view)
        self.qr.render(self.look.say("phone.qr"), *self._qr(view, stage))
        self._render_below(view, stage)
        self.progress.render(
            self.look.say("phone.progress"), progress_lines(self.look, view, stage)
        )
        self.now.render(self._now(view, stage))
        self._render_pin(view, stage)
        self._render_trouble(view)
        self._render_footer(view, stage)
        say = self.look.say
        self.say_head(say("step.phone"), say(f"phone.head_{stage.value}"))

    def tick(self, left: int, whole: int) -> None:
        """Once a second: what is left of the QR's life."""
        self.qr.countdown.show_left(left, whole)

    # QR
    def _qr(self, view: PhoneView, stage: PhoneStage) -> tuple[QrState, str, str, str]:
        say, offer = self.look.say, view.case.offer
        if stage is PhoneStage.WAITING and offer is not None:
            return QrState.LIVE, offer.uri, say("phone.qr_of_case"), ""
        if stage is PhoneStage.PIN_PENDING:
            words = say("phone.pin_digits", n=view.pin_digits)
            return QrState.PENDING, "", say("phone.waits_for_pin"), words
        if stage is PhoneStage.ALARM:
            return QrState.BLOCKED, "", say("phone.blocked"), say("phone.blocked_more")
        if stage is PhoneStage.ENDED:
            return QrState.ENDED, "", say("phone.ended"), say("phone.ended_more")
        if stage is PhoneStage.VOIDED:
            return QrState.BLOCKED, "", say("phone.voided"), say("phone.voided_more")
        return QrState.USED, "", say("phone.read_by_one"), say("phone.read_by_one_more")

    def _render_below(self, view: PhoneView, stage: PhoneStage) -> None:
        say, offer, here = self.look.say, view.case.offer, view.here
        kinds = times_of(view.events)
        live = stage is PhoneStage.WAITING and offer is not None
        if live and offer is not None:
            left = int((offer.expires_at - here.now).total_seconds())
            self.qr.show_countdown(left, int((offer.expires_at - offer.placed_at).total_seconds()))
        elif stage is PhoneStage.ALARM:
            self.qr.show_times(self._alarm_times(view))
        elif EventKind.FETCHED in kinds:
            self.qr.show_times(self._read_times(view, kinds[EventKind.FETCHED]))
        else:
            self.qr.show_times([])
        can_again = stage in (
            PhoneStage.WAITING,
            PhoneStage.SCANNED,
            PhoneStage.WRONG_PIN,
            PhoneStage.SIGN,
        )
        self.qr.show_buttons(
            say("phone.enlarge"), live, say("phone.qr_again"), can_again and not view.read_only
        )

    def _read_times(self, view: PhoneView, read: OfferEvent) -> list[tuple[str, str]]:
        say, offer = self.look.say, view.case.offer
        lines = [(say("phone.read_at"), f"**{says.clock_seconds(read.at, view.here)}**")]
        if offer is not None:
            seconds = (read.at - offer.placed_at).total_seconds()
            lines.append((say("phone.took"), f"**{says.duration(self.look, seconds)}**"))
        return lines

    def _alarm_times(self, view: PhoneView) -> list[tuple[str, str]]:
        kinds, lines = times_of(view.events), []
        for kind, key in ((EventKind.FETCHED, "first"), (EventKind.FETCHED_AGAIN, "second")):
            if kind in kinds:
                time = says.clock_seconds(kinds[kind].at, view.here)
                lines.append((self.look.say(f"phone.{key}_phone"), f"**{time}**"))
        return lines

    # What to do now
    def _now(self, view: PhoneView, stage: PhoneStage) -> NowView:
        if stage is PhoneStage.WRONG_PIN:
            return self._now_wrong(view)
        say, case = self.look.say, view.case
        name = case.name
        formats = len(case.offer.configurations) if case.offer else len(case.issued) or 2
        digest = view.digest
        short = f"{digest[:4]} {digest[4:8]} … {digest[-4:]}" if digest else ""
        title = say(f"phone.now_{stage.value}")
        words = say(f"phone.now_{stage.value}_more", name=name, n=formats, digest=short)
        if stage is PhoneStage.ALARM:
            spoken = self._troubles.of("ENR-QR-07", self.look.language)
            steps = tuple(say(f"phone.alarm_step{n}") for n in (1, 2, 3))
            reasons = tuple((key, say(f"alarm.{key}")) for key in ALARM_REASONS)
            return NowView(
                title, words, Glyph.FAILED, code=spoken.code, steps=steps, reasons=reasons,
                reason=view.alarm_reason,
            )  # fmt: skip
        icons = {
            PhoneStage.PIN_PENDING: "keyboard",
            PhoneStage.WAITING: "scan-qr-code",
            PhoneStage.SIGN: "pen-line",
            PhoneStage.ENDED: "timer",
            PhoneStage.VOIDED: "timer",
        }
        facts = (
            self._sign_facts(view, formats)
            if stage in (PhoneStage.WAITING, PhoneStage.SCANNED)
            else ()
        )
        return NowView(
            title,
            words,
            None,
            icon=icons.get(stage, "smartphone"),
            facts=facts,
            card_glyph=Glyph.PASSED if view.card_present else Glyph.NOT_DONE,
            asks_pin=stage in (PhoneStage.SIGN, PhoneStage.SCANNED),
        )

    def _now_wrong(self, view: PhoneView) -> NowView:
        say = self.look.say
        last = times_of(view.events)[EventKind.CODE_WRONG]
        left = int(last.facts.get("tries_left", 0))
        wrong = MOST_WRONG - left
        return NowView(
            say("phone.now_wrong_pin", wrong=wrong, of=MOST_WRONG),
            say("phone.now_wrong_pin_more", left=left),
            Glyph.ATTENTION,
            code="ENR-PIN-02",
            next_step=say("phone.now_wrong_pin_next"),
            new_pin=say("phone.new_pin"),
            new_pin_note=say("phone.new_pin_note"),
        )

    def _sign_facts(self, view: PhoneView, formats: int) -> tuple[tuple[str, str], ...]:
        say = self.look.say
        card = say("phone.card_there" if view.card_present else "phone.card_missing")
        return (
            (say("phone.to_sign"), say("phone.to_sign_value", n=formats)),
            (say("card.officer_card"), card),
        )

    def _render_pin(self, view: PhoneView, stage: PhoneStage) -> None:
        say = self.look.say
        self.now.pin.show_tries(view.tries, view.wrong)
        self.now.pin.allow(
            view.card_present, "" if view.card_present else say("lock.pin_after_card")
        )
        self.now.pin_note.say(
            say("phone.pin_note" if stage is PhoneStage.SIGN else "phone.pin_early")
        )

    # Trouble and footer
    def _render_trouble(self, view: PhoneView) -> None:
        if view.trouble is None:
            self.hide_banner()
            return
        spoken = view.trouble
        self.show_banner(
            glyph=spoken.glyph,
            title=spoken.title,
            sentence=spoken.text,
            next_step=spoken.next,
            code=spoken.code,
            remedies=view.remedies,
        )

    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view, stage_of(self._view))

    def _render_footer(self, view: PhoneView, stage: PhoneStage) -> None:
        say = self.look.say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        stop = Other("stop", say("footer.stop_case"), Kind.QUIET)
        cancel = Other("cancel", say("phone.cancel"), Kind.DANGER_OUTLINE)
        alarming = stage in (PhoneStage.ALARM, PhoneStage.ENDED, PhoneStage.VOIDED)
        cannot = Other("cancel", say("phone.cannot_use"))
        before = stage in (
            PhoneStage.PIN_PENDING,
            PhoneStage.WAITING,
            PhoneStage.SCANNED,
            PhoneStage.WRONG_PIN,
        )
        others = (stop, cancel) if alarming else ((stop, cannot) if before else (stop,))
        self.footer.show_others(others)
        self.footer.show_primary(self._primary(view, stage))

    def _primary(self, view: PhoneView, stage: PhoneStage) -> Primary:
        say = self.look.say
        if stage in (PhoneStage.SIGN, PhoneStage.SIGNING):
            may = self.now.pin.is_ready() and stage is PhoneStage.SIGN
            n = len(view.case.offer.configurations) if view.case.offer else 2
            why = say("phone.sign_count", n=n) if may else say("phone.pin_first")
            if stage is PhoneStage.SIGNING:
                why = say("review.signing_why")
            word = say("phone.sign" if stage is PhoneStage.SIGN else "review.signing")
            return Primary(word, may, why, ("Enter",) if may else (), "pen-line")
        if stage is PhoneStage.ALARM:
            may = bool(view.alarm_reason or self.now.reason.value())
            why = say("phone.reason_kept" if may else "phone.reason_first")
            return Primary(say("phone.make_new_qr"), may, why, icon="qr-code")
        if stage in (PhoneStage.ENDED, PhoneStage.VOIDED):
            return Primary(
                say("phone.make_new_qr"), True, say("phone.new_pin_needed"), icon="qr-code"
            )
        may = stage is PhoneStage.DELIVERED
        why = "" if may else say("phone.after_delivery")
        return Primary(say("footer.next_proof"), may, why, ("Ctrl+Enter",) if may else ())

    def other_asked(self, key: str) -> None:
        if key == "cancel":
            self.cancel_requested.emit()

    def _give(self) -> None:
        view = self._view
        if (
            view is None
            or view.read_only
            or stage_of(view) not in (PhoneStage.SIGN, PhoneStage.SCANNED)
        ):
            return
        if self.now.pin.is_ready():
            self.sign_requested.emit(self.now.pin.take(), view.tries == 1)

    def primary_key(self) -> None:
        view = self._view
        if view is None or view.read_only:
            self.go_on.emit()
            return
        stage = stage_of(view)
        if stage is PhoneStage.SIGN:
            self._give()
        elif stage is PhoneStage.DELIVERED:
            self.go_on.emit()
        elif stage in (PhoneStage.ENDED, PhoneStage.VOIDED, PhoneStage.ALARM):
            self.new_qr_requested.emit()

    def enlarge(self) -> None:
        if self._view is not None and stage_of(self._view) is PhoneStage.WAITING:
            self.enlarge_requested.emit()

    def wipe(self) -> None:
        """Forget typed digits."""
        self.now.pin.wipe()

    def first_focus(self) -> QWidget | None:
        if self._view is not None and stage_of(self._view) is PhoneStage.SIGN:
            return self.now.pin.dots
        return self.qr.first_button()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


def progress_lines(look: Look, view: PhoneView, stage: PhoneStage) -> tuple[ProgressLine, ...]:
    """The seven rows: issuance PIN, QR, read, PIN right, key, signature, delivered."""
    return _Progress(look, view, stage).lines()


class _Progress:
    """Makes the rows; times of events never change once shown."""

    def __init__(self, look: Look, view: PhoneView, stage: PhoneStage) -> None:
        self._look, self._view, self._stage = look, view, stage
        self._kinds = times_of(view.events)
        self._first: dict[EventKind, OfferEvent] = {}
        for event in view.events:
            self._first.setdefault(event.kind, event)

    def lines(self) -> tuple[ProgressLine, ...]:
        rows = (
            self._pin_set(), self._qr_made(), self._read(), self._pin_right(),
            self._key(), self._signature(), self._delivered(),
        )  # fmt: skip
        if self._stage not in (PhoneStage.ALARM, PhoneStage.VOIDED, PhoneStage.ENDED):
            return self._with_current(rows)
        stopped = self._look.say("progress.stopped")
        return tuple(
            ProgressLine(Glyph.NOT_DONE, line.name, stopped, "")
            if line.glyph is Glyph.WAITING
            else line
            for line in rows
        )

    def _with_current(self, rows: Sequence[ProgressLine]) -> tuple[ProgressLine, ...]:
        """The first row that waits is the one that is waited for."""
        lines, found = [], False
        for line in rows:
            if not found and line.glyph is Glyph.WAITING:
                found = True
                words = self._look.say(f"progress.{line.key}_busy")
                line = ProgressLine(Glyph.BUSY, line.name, words, "", line.key)
            elif line.glyph is Glyph.ATTENTION:
                found = True
            lines.append(line)
        return tuple(lines)

    def _line(self, key: str, done: bool, detail: str = "", at: str = "") -> ProgressLine:
        name = self._look.say(f"progress.{key}")
        glyph = Glyph.PASSED if done else Glyph.WAITING
        return ProgressLine(glyph, name, detail if done else "", at if done else "", key)

    def _time(self, event: OfferEvent | None) -> str:
        return says.clock_seconds(event.at, self._view.here) if event else ""

    def _pin_set(self) -> ProgressLine:
        case = self._view.case
        at = says.clock_seconds(case.pin_set_at, self._view.here) if case.pin_set_at else ""
        done = case.pin_set_at is not None and self._stage is not PhoneStage.PIN_PENDING
        return self._line("pin_set", done, self._look.say("progress.pin_set_done"), at)

    def _qr_made(self) -> ProgressLine:
        offer, say = self._view.case.offer or self._view.last_offer, self._look.say
        if offer is None:
            return self._line("qr_made", bool(self._view.events), "", "")
        minutes = round((offer.expires_at - offer.placed_at).total_seconds() / 60)
        at = says.clock_seconds(offer.placed_at, self._view.here)
        return self._line("qr_made", True, say("progress.qr_made_done", n=minutes), at)

    def _read(self) -> ProgressLine:
        say, event = self._look.say, self._first.get(EventKind.FETCHED)
        if self._stage is PhoneStage.ALARM:
            again = self._kinds.get(EventKind.FETCHED_AGAIN, event)
            name = say("progress.read")
            return ProgressLine(
                Glyph.FAILED, name, say("progress.read_twice"), self._time(again), "read"
            )
        return self._line("read", event is not None, say("progress.read_done"), self._time(event))

    def _pin_right(self) -> ProgressLine:
        say, right = self._look.say, self._first.get(EventKind.CODE_RIGHT)
        wrong = self._kinds.get(EventKind.CODE_WRONG)
        if self._stage is PhoneStage.WRONG_PIN and wrong is not None:
            left = int(wrong.facts.get("tries_left", 0))
            words = say("progress.pin_wrong", wrong=MOST_WRONG - left, left=left)
            return ProgressLine(
                Glyph.ATTENTION, say("progress.pin_right"), words, self._time(wrong), "pin_right"
            )
        count = sum(event.kind is EventKind.CODE_WRONG for event in self._view.events)
        detail = (
            say("progress.pin_right_later", n=count + 1)
            if count
            else say("progress.pin_right_done")
        )
        return self._line("pin_right", right is not None, detail, self._time(right))

    def _key(self) -> ProgressLine:
        keys = [e for e in self._view.events if e.kind is EventKind.KEY_RECEIVED]
        later = (PhoneStage.SIGN, PhoneStage.SIGNING, PhoneStage.SENDING, PhoneStage.DELIVERED)
        detail = self._look.say("progress.key_done", n=max(1, len(keys)))
        time = self._time(keys[-1]) if keys else ""
        return self._line("key", bool(keys) or self._stage in later, detail, time)

    def _signature(self) -> ProgressLine:
        issued, say = self._view.case.issued, self._look.say
        done = bool(issued) and self._stage in (PhoneStage.SENDING, PhoneStage.DELIVERED)
        at = (
            says.clock_seconds(max(one.signed_at for one in issued), self._view.here)
            if issued
            else ""
        )
        return self._line("signature", done, say("progress.signature_done", n=len(issued)), at)

    def _delivered(self) -> ProgressLine:
        case, say = self._view.case, self._look.say
        at = case.entered(State.DELIVERED)
        time = says.clock_seconds(at, self._view.here) if at else ""
        done = self._stage is PhoneStage.DELIVERED
        return self._line("delivered", done, say("progress.delivered_done"), time)

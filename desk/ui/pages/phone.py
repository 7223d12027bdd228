"""Phone: one QR, one phone; what happens there shows here; the officer's card signs.

Signals: ``new_qr_requested`` (the offer is voided, the applicant sets a new issuance PIN;
after an alarm the case is released with it), ``new_pin_requested`` (the same, from the
wrong-PIN panel), ``sign_requested(bytearray, bool)`` (the card's PIN, which the receiver
wipes, and whether its last try may be used; it may come before the phone's key),
``alarm_reason_chosen(str)``, ``enlarge_requested`` (F11), ``cancel_requested`` (also for
«the phone cannot be used»), ``go_on``; besides ``stop_case``, ``remedy(str)``. There is no
way back from here.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from desk.issuance.case import OfferFacts, State
from desk.issuance.ports import EventKind, OfferEvent
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.phone_parts import NowCard, NowView, QrPage, TimeLine
from desk.ui.pages.phone_progress import (
    MOST_WRONG,
    PhoneStage,
    PhoneView,
    last_of,
    progress_lines,
    stage_of,
    wrong_and_left,
)
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Primary
from desk.ui.parts.qrcard import QrState
from desk.ui.troubles import Spoken, TroubleWords

__all__ = ["ALARM_REASONS", "PhonePage", "PhoneStage", "PhoneView", "stage_of"]

ALARM_REASONS = ("two_own_phones", "read_by_other", "unknown")
ALARM, WRONG_PIN, PIN_USED_UP, TIME_OVER = "ENR-QR-07", "ENR-PIN-02", "ENR-PIN-05", "ENR-QR-05"
NO_BREAK = "\u00a0"
BEFORE_KEY = (
    PhoneStage.PIN_PENDING,
    PhoneStage.ASKING,
    PhoneStage.WAITING,
    PhoneStage.SCANNED,
    PhoneStage.WRONG_PIN,
)
ICONS = {
    PhoneStage.PIN_PENDING: "keyboard",
    PhoneStage.PLACING: "qr-code",
    PhoneStage.ASKING: "qr-code",
    PhoneStage.WAITING: "scan-qr-code",
    PhoneStage.SIGN: "pen-line",
    PhoneStage.SIGNING: "pen-line",
    PhoneStage.ENDED: "timer",
    PhoneStage.VOIDED: "timer",
}


class PhonePage(QrPage):
    """QR left, progress right top, «what to do now» right bottom."""

    new_qr_requested = Signal()
    new_pin_requested = Signal()
    sign_requested = Signal(object, bool)
    alarm_reason_chosen = Signal(str)
    enlarge_requested = Signal()
    cancel_requested = Signal()
    go_on = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        self.now = NowCard(look)
        super().__init__(look, self.now)
        self._troubles = troubles
        self._say = OwnWords(look)
        self._view: PhoneView | None = None
        self._asked_pin = False
        self.qr.enlarge.connect(self.enlarge_requested)
        self.qr.again.connect(self.new_qr_requested)
        self.now.new_pin.connect(self.new_pin_requested)
        self.now.reason_chosen.connect(self.alarm_reason_chosen)
        self.now.reason_chosen.connect(lambda _key: self._footer_now())
        self.now.pin.pin_given.connect(self._give)
        self.now.pin.ready_changed.connect(lambda _ready: self._footer_now())

    def set_dense(self, dense: bool) -> None:
        super().set_dense(dense)
        self.now.set_narrow(dense)

    def render(self, view: PhoneView) -> None:
        """Show ``view``; what did not change does not move."""
        self._view = view
        say, stage = self._say, stage_of(view)
        self.qr.render(say("phone.qr"), *self._qr(view, stage))
        self._render_below(view, stage)
        self.progress.render(say("phone.progress"), progress_lines(say, view, stage))
        now = self._now(view, stage)
        self._render_pin(view, stage)
        self.now.render(now)
        self._render_trouble(view)
        self._render_footer(view, stage)
        self.say_head(say("step.phone"), say(f"phone.head_{stage.value}"))
        self._offer_focus(now.asks_pin)

    def tick(self, left: int, whole: int) -> None:
        """Once a second: what is left of the QR's life. At the end it is gone at once."""
        self.qr.countdown.show_left(left, whole)
        view = self._view
        if left <= 0 and view is not None and stage_of(view) is PhoneStage.WAITING:
            over = view.offer.expires_at if view.offer else view.here.now
            now = max(view.here.now, over)
            self.render(replace(view, here=replace(view.here, now=now)))

    def _offer_focus(self, asks_pin: bool) -> None:
        """A PIN field that becomes due takes the focus only where nobody is typing."""
        due = asks_pin and not self._asked_pin
        self._asked_pin = asks_pin
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit)
        if due and not typing and self.isVisible() and self.now.pin.dots.isEnabled():
            self.now.pin.dots.setFocus(Qt.FocusReason.OtherFocusReason)
            self._scroll.ensureWidgetVisible(self.now.pin)

    # QR
    def _qr(self, view: PhoneView, stage: PhoneStage) -> tuple[QrState, str, str, str]:
        say, offer = self._say, view.case.offer
        if stage is PhoneStage.WAITING and offer is not None:
            return QrState.LIVE, offer.uri, say("phone.qr_of_case"), ""
        if stage is PhoneStage.PIN_PENDING:
            words = say("phone.pin_digits", n=view.pin_digits)
            return QrState.PENDING, "", say("phone.waits_for_pin"), words
        if stage is PhoneStage.PLACING:
            return QrState.PENDING, "", say("phone.now_placing"), ""
        if stage is PhoneStage.ASKING:
            return QrState.PENDING, "", say("phone.now_asking"), ""
        if stage is PhoneStage.ALARM:
            return QrState.BLOCKED, "", say("phone.blocked"), say("phone.blocked_more")
        if stage is PhoneStage.ENDED:
            return QrState.ENDED, "", say("phone.ended"), say("phone.ended_more")
        if stage is PhoneStage.VOIDED:
            return QrState.BLOCKED, "", say("phone.voided"), say("phone.voided_more")
        return QrState.USED, "", say("phone.read_by_one"), say("phone.read_by_one_more")

    def _render_below(self, view: PhoneView, stage: PhoneStage) -> None:
        say, offer, here = self._say, view.offer, view.here
        kinds = last_of(view.events)
        live = stage is PhoneStage.WAITING and offer is not None
        if live and offer is not None:
            left = int((offer.expires_at - here.now).total_seconds())
            self.qr.show_countdown(left, int((offer.expires_at - offer.placed_at).total_seconds()))
        elif stage is PhoneStage.ALARM:
            self.qr.show_times(self._alarm_times(view))
        elif stage in (PhoneStage.PIN_PENDING, PhoneStage.PLACING):
            self.qr.show_times([])
        elif EventKind.FETCHED in kinds:
            self.qr.show_times(self._read_times(view, kinds[EventKind.FETCHED]))
        elif stage is PhoneStage.ENDED and offer is not None:
            closed = says.clock_seconds(offer.expires_at, here)
            self.qr.show_times([TimeLine(say("handset.closed_at"), closed)])
        else:
            self.qr.show_times([])
        again = stage in BEFORE_KEY[1:] or stage is PhoneStage.SIGN
        self.qr.show_buttons(
            say("phone.enlarge"), live, say("phone.qr_again"), again and not view.read_only
        )

    def _read_times(self, view: PhoneView, read: OfferEvent) -> list[TimeLine]:
        say, offer = self._say, view.offer
        lines = [TimeLine(say("phone.read_at"), says.clock_seconds(read.at, view.here))]
        if offer is not None:
            seconds = (read.at - offer.placed_at).total_seconds()
            took = says.duration(self.look, seconds)
            lines.append(TimeLine(say("phone.took"), took, strong=False))
        return lines

    def _alarm_times(self, view: PhoneView) -> list[TimeLine]:
        kinds, say, lines = last_of(view.events), self._say, []
        first, second = kinds.get(EventKind.FETCHED), kinds.get(EventKind.FETCHED_AGAIN)
        if first is not None:
            time = says.clock_seconds(first.at, view.here)
            lines.append(TimeLine(say("phone.first_phone"), time))
        if second is not None:
            key = f"handset.client_{second.facts.get('client', '')}"
            more = say(key) if key in say else ""
            time = says.clock_seconds(second.at, view.here)
            lines.append(TimeLine(say("phone.second_phone"), time, more, alarming=True))
        blocked = view.case.entered(State.APPROVED)
        if view.is_untold and blocked is not None:
            time = says.clock_seconds(blocked, view.here)
            lines.append(TimeLine(say("handset.closed_at"), time))
        return lines

    # What to do now
    def _now(self, view: PhoneView, stage: PhoneStage) -> NowView:
        if stage is PhoneStage.WRONG_PIN:
            return self._now_wrong(view)
        if stage is PhoneStage.ALARM:
            return self._now_alarm(view)
        if stage is PhoneStage.ENDED or (stage is PhoneStage.VOIDED and view.voided == "tries"):
            return self._now_over(view, stage)
        say = self._say
        words = say(
            f"phone.now_{stage.value}_more",
            name=self._name(view),
            n=len(view.formats) or 2,
            digest=_short(view.digest),
        )
        if stage is PhoneStage.WAITING and _is_page(view.case.offer):
            words = f"{words} {say('phone.now_waiting_no_app')}"
        kept = stage is PhoneStage.SCANNED and view.signing
        early = stage is PhoneStage.SCANNED and not kept
        facts, glyphs = self._facts(view, kept)
        return NowView(
            say(f"phone.now_{stage.value}"),
            words,
            Glyph.PASSED if stage is PhoneStage.DELIVERED else None,
            icon=ICONS.get(stage, "smartphone"),
            facts=facts if stage in (PhoneStage.WAITING, PhoneStage.SCANNED) else (),
            glyphs=glyphs,
            asks_pin=(stage is PhoneStage.SIGN or early) and not view.read_only,
        )

    def _name(self, view: PhoneView) -> str:
        case = view.case
        hangul = case.register.name_hangul if case.register else ""
        latin = case.document.latin_name if case.document else ""
        return says.person(self.look, hangul, latin)[0]

    def _facts(
        self, view: PhoneView, kept: bool
    ) -> tuple[tuple[tuple[str, str], ...], dict[int, Glyph]]:
        """What will be signed, and how it stands with the card that signs it."""
        say = self._say
        names = ", ".join(say(f"configuration.{one}") for one in view.formats)
        what = say("handset.to_sign", n=len(view.formats) or 2, formats=names)
        if kept:
            card = (say("handset.pin_kept_name"), say("handset.pin_kept"))
        else:
            word = "phone.card_there" if view.card_present else "phone.card_missing"
            card = (say("card.officer_card"), say(word))
        glyph = Glyph.PASSED if kept or view.card_present else Glyph.NOT_DONE
        return ((say("phone.to_sign"), what), card), {1: glyph}

    def _now_wrong(self, view: PhoneView) -> NowView:
        say = self._say
        wrong, left = wrong_and_left(last_of(view.events)[EventKind.CODE_WRONG])
        spoken = self._spoken(WRONG_PIN, wrong=wrong, of=MOST_WRONG, left=left)
        return NowView(
            spoken.title,
            spoken.text,
            Glyph.ATTENTION,
            code=spoken.code,
            next_step=spoken.next,
            new_pin="" if view.read_only else say("phone.new_pin"),
            new_pin_note="" if view.read_only else say("phone.new_pin_note"),
        )

    def _now_alarm(self, view: PhoneView) -> NowView:
        say, spoken = self._say, self._spoken(ALARM)
        return NowView(
            spoken.title,
            spoken.text,
            Glyph.FAILED,
            code=spoken.code,
            steps=tuple(say(f"phone.alarm_step{n}") for n in (1, 2, 3)),
            reasons=tuple((key, say(f"alarm.{key}")) for key in ALARM_REASONS),
            reason=view.alarm_reason,
        )

    def _now_over(self, view: PhoneView, stage: PhoneStage) -> NowView:
        code = TIME_OVER if stage is PhoneStage.ENDED else PIN_USED_UP
        spoken = self._spoken(code, of=MOST_WRONG)
        if view.read_only:
            return NowView(spoken.title, spoken.text, Glyph.NOT_DONE, code=code)
        glyph = Glyph.ATTENTION
        return NowView(spoken.title, spoken.text, glyph, code=code, next_step=spoken.next)

    def _spoken(self, code: str, **facts: object) -> Spoken:
        return self._troubles.of(code, self.look.language, facts)

    def _render_pin(self, view: PhoneView, stage: PhoneStage) -> None:
        say, there = self._say, view.card_present
        self.now.show_tries(view.tries, view.wrong)
        self.now.pin.show_pad(view.on_pad)
        self.now.allow(there, "" if there else say("lock.pin_after_card"))
        early = stage is not PhoneStage.SIGN
        self.now.pin_note.say(say("phone.pin_early" if early else "phone.pin_note"))

    # Trouble and footer
    def _render_trouble(self, view: PhoneView) -> None:
        # A wrong card PIN stands under its field; saying it twice helps nobody.
        said = view.wrong and self._asks_pin(view)
        self.show_trouble(None if said else view.trouble, view.remedies)

    def _asks_pin(self, view: PhoneView) -> bool:
        stage = stage_of(view)
        early = stage is PhoneStage.SCANNED and not view.signing
        return (stage is PhoneStage.SIGN or early) and not view.read_only

    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view, stage_of(self._view))

    def _render_footer(self, view: PhoneView, stage: PhoneStage) -> None:
        say = self._say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        others = [Other("stop", say("footer.stop_case"), Kind.QUIET)]
        if stage.is_stopped:
            others.append(Other("cancel", say("phone.cancel"), Kind.DANGER_OUTLINE))
        elif stage in BEFORE_KEY:
            others.append(Other("cancel", say("phone.cannot_use")))
        self.footer.show_others(others)
        self.footer.show_primary(self._primary(view, stage))

    def _primary(self, view: PhoneView, stage: PhoneStage) -> Primary:
        say = self._say
        if stage in (PhoneStage.SIGN, PhoneStage.SCANNED):
            return self._primary_sign(view, stage)
        if stage is PhoneStage.SIGNING:
            return Primary(say("review.signing"), False, say("review.signing_why"), icon="pen-line")
        if stage is PhoneStage.ALARM:
            may = bool(view.alarm_reason or self.now.reason.value())
            why = say("phone.reason_kept" if may else "phone.reason_first")
            return Primary(say("phone.make_new_qr"), may, why, icon="qr-code")
        if stage.is_stopped:
            why = say("phone.new_pin_needed")
            return Primary(say("phone.make_new_qr"), True, why, icon="qr-code")
        may = stage is PhoneStage.DELIVERED
        why = "" if may else say("phone.after_delivery")
        return Primary(say("footer.next_proof"), may, why, ("Ctrl+Enter",) if may else ())

    def _primary_sign(self, view: PhoneView, stage: PhoneStage) -> Primary:
        """«서명»: with the key here it signs, before that it hands the PIN over."""
        say, word = self._say, self._say("phone.sign")
        if not self._asks_pin(view):
            return Primary(word, False, say("handset.wait_for_key"), icon="pen-line")
        if not self.now.pin.is_ready():
            why = say("phone.pin_first" if view.card_present else "review.card_first")
            return Primary(word, False, why, icon="pen-line")
        n = len(view.formats) or 2
        why = say("phone.sign_count", n=n) if stage is PhoneStage.SIGN else ""
        return Primary(word, True, why, ("Enter",), "pen-line")

    def other_asked(self, key: str) -> None:
        if key == "cancel":
            self.cancel_requested.emit()

    def _give(self) -> None:
        view = self._view
        if view is not None and self._asks_pin(view) and self.now.pin.is_ready():
            self.sign_requested.emit(self.now.pin.take(), view.tries == 1)

    def primary_key(self) -> None:
        view = self._view
        if view is None or view.read_only:
            self.go_on.emit()
            return
        stage = stage_of(view)
        if stage in (PhoneStage.SIGN, PhoneStage.SCANNED):
            self._give()
        elif stage is PhoneStage.DELIVERED:
            self.go_on.emit()
        elif stage.is_stopped and self._primary(view, stage).enabled:
            self.new_qr_requested.emit()

    def enlarge(self) -> None:
        if self._view is not None and stage_of(self._view) is PhoneStage.WAITING:
            self.enlarge_requested.emit()

    def wipe(self) -> None:
        """Forget typed digits."""
        self.now.pin.wipe()

    def first_focus(self) -> QWidget | None:
        view = self._view
        if view is None or view.read_only:
            return self.footer.primary
        if self._asks_pin(view):
            return self.now.pin.dots
        stage = stage_of(view)
        if stage is PhoneStage.ALARM:
            return self.now.reason
        # Nothing is asked of the officer: never stand on «make a new QR» by accident.
        done = stage in (PhoneStage.DELIVERED, PhoneStage.ENDED, PhoneStage.VOIDED)
        return self.footer.primary if done else self.qr.first_button()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


def _is_page(offer: OfferFacts | None) -> bool:
    """Whether the QR is an address that the phone's own camera opens; a wallet's scheme is none."""
    return offer is not None and offer.uri.startswith("http")


def _short(digest: str) -> str:
    """7f3a 91c2 … 5d0e, which no line may break."""
    parts = (digest[:4], digest[4:8], "…", digest[-4:])
    return NO_BREAK.join(parts) if digest else "—"

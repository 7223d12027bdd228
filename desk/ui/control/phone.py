"""The phone page: the offer lives, the phone brings its keys, the officer's card signs.

One round after another: wait for events (in a lane of their own, because the service holds
the question open), write down what they mean, fetch and verify keys, sign what can be
signed. The card keeps the PIN only while this case has something to sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal

from desk.cards.piv import Pin, wipe
from desk.cards.signer import CardSigner
from desk.counter import approving, closing, intake, offering, signing
from desk.counter.closing import PrintedSlip
from desk.counter.signing import CheckedRequest
from desk.counter.slips import NewOfferNeeded
from desk.counter.values import make_ready
from desk.issuance.approvals import ApprovalTrouble
from desk.issuance.case import Case, IssuedCredential, OfferFacts, State
from desk.issuance.digest import case_digest
from desk.issuance.ports import EventKind, KeyRequest, OfferEvent, OfferNews
from desk.store.slips import SlipKind
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.large_qr import LargeQrPlace
from desk.ui.control.steps import Step
from desk.ui.dialogs import cancel_dialog
from desk.ui.lanes import Lane
from desk.ui.pages.phone import PhonePage, PhoneView
from desk.ui.pages.phone_progress import READ_TWICE
from desk.ui.parts.verdict import Remedy
from desk.ui.printing import Printers

POLL_SECONDS = 5.0
RETRY_MS = 2000
_NEW_QR = "new_qr"
_AWAITED = (State.OFFERED, State.SIGNING)


@dataclass(frozen=True)
class Round:
    """What one round brought."""

    case: Case
    requests: tuple[CheckedRequest, ...]
    refused: Trouble | None = None


class PhoneControl(QObject):
    """``progressed`` after every change: the applicant's window follows it.
    ``pin_wanted`` when the applicant has to choose an issuance PIN (again)."""

    progressed = Signal()
    pin_wanted = Signal()

    def __init__(self, desk: Desk, page: PhonePage, printers: Printers) -> None:
        super().__init__(desk)
        self._desk, self._page, self._printers = desk, page, printers
        self.slip: PrintedSlip | None = None
        self._number = ""
        self._last_offer: OfferFacts | None = None
        self._last_issued: tuple[IssuedCredential, ...] = ()
        self.events: tuple[OfferEvent, ...] = ()
        self.voided = ""
        self._digits = 0
        # The case whose QR the service makes, and since which turn.
        self._placed_in: tuple[str, int] | None = None
        self._alarm_reason = ""
        # Shown already, and not in the records yet: what noting them ran into may pass.
        self._unnoted: tuple[OfferEvent, ...] = ()
        # The service has told all of this offer since the page was entered.
        self._heard = False
        self._asked_in = -1
        self._requests: tuple[CheckedRequest, ...] = ()
        self._card: CardSigner | None = None
        self._signing_in = -1
        self._trouble: Trouble | None = None
        # The service does not answer: over as soon as it does. What an act of the officer ran
        # into stays until the next act.
        self._away: Trouble | None = None
        # Why the desk told the phone no: it stays until there is another QR.
        self._refused: Trouble | None = None
        self._turn = 0
        self._large = LargeQrPlace(desk.look, page)
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(lambda: self._poll(self._turn))
        page.new_qr_requested.connect(self.new_pin)
        page.new_pin_requested.connect(self.new_pin)
        page.sign_requested.connect(self._sign_with)
        page.alarm_reason_chosen.connect(self._choose_alarm_reason)
        page.enlarge_requested.connect(self._enlarge)
        page.cancel_requested.connect(self._cancel)
        page.go_on.connect(self._go_on)
        page.remedy.connect(self._remedied)
        desk.card_changed.connect(self.render)
        desk.look.retranslated.connect(self.render)
        desk.ticked.connect(self._tick)
        desk.shown.connect(self._shown)

    @property
    def _signing(self) -> bool:
        """The card is at work for this page as it stands."""
        return self._signing_in == self._turn

    @property
    def is_unheard(self) -> bool:
        """Whether anybody has read this QR is not known yet: it was made before the page was
        entered, and the service has told nothing of it."""
        case = self._desk.case
        return case is not None and case.state is State.OFFERED and not (self._heard or self.events)

    def _forget_offer(self) -> None:
        self.events, self._unnoted, self.voided = (), (), ""
        self._requests, self._refused = (), None
        self._digits, self._alarm_reason = 0, ""
        self._last_offer, self._last_issued = None, ()

    def _knows(self, case: Case) -> bool:
        """What is kept here is of the case's offer: of the live one, or of the one that an alarm
        has ended. The service tells nothing more of that, and the officer has to answer for it."""
        known, live = self._last_offer, case.offer
        if known is None:
            return False
        if live is not None:
            return known.offer_id == live.offer_id
        return case.held == READ_TWICE and known.placed_at == case.entered(State.OFFERED)

    def enter(self, case: Case) -> None:
        """Take up the live offer where it stands; without one the applicant chooses a PIN."""
        self._turn += 1
        if not self._knows(case):
            self._forget_offer()
        self._heard, self._requests, self._number = False, (), case.number
        self.slip = None
        self._trouble, self._away, self._placed_in = None, None, None
        self.forget_pin()
        self._desk.show(Step.PHONE, self._page)
        self.render()
        if case.offer is not None:
            self._await_phone()
        elif case.state is State.APPROVED and not case.held:
            self.pin_wanted.emit()

    def _shown(self, step: Step | None) -> None:
        if step is Step.PHONE:
            return
        self.cover()
        case = self._desk.case
        if case is not None and case.number == self._number and case.state in _AWAITED:
            # During a call, say, the phone goes on, and a second one still raises the alarm.
            return
        self._turn += 1
        self._retry.stop()

    def cover(self) -> None:
        """Nobody stands before the page: besides the PIN goes what was made of the case. Back
        at it, :meth:`enter` has it made again."""
        self.forget_pin()
        # Behind what is still being made.
        self._desk.work(Lane.RECORDS, self._desk.station.ready.forget)

    def forget_pin(self) -> None:
        """The card's PIN is wiped wherever it stands; the large QR goes with the page."""
        self._large.close()
        self._page.wipe()
        if self._card is not None:
            self._card.lock()
            self._card = None

    def render(self) -> None:
        desk, case = self._desk, self._desk.case
        if case is None or desk.step is not Step.PHONE:
            return
        trouble = self._trouble or self._away or self._refused
        self._page.render(
            PhoneView(
                here=desk.here(),
                case=case,
                events=self.events,
                pin_digits=self._digits,
                placing=self.placing,
                unheard=self.is_unheard,
                card_present=desk.card_present,
                tries=desk.tries_for(self._trouble),
                on_pad=desk.card_pad,
                wrong=desk.is_wrong_pin(self._trouble),
                signing=self._signing or self._card is not None,
                digest=case_digest(case).hex(),
                alarm_reason=self._alarm_reason,
                voided=self.voided,
                last_offer=self._last_offer,
                last_issued=self._last_issued,
                trouble=desk.spoken(trouble) if trouble else None,
                remedies=self._remedies(trouble),
                read_only=case.state is State.PROVEN or not case.state.is_open,
            )
        )

    def _remedies(self, trouble: Trouble | None) -> tuple[Remedy, ...]:
        """A phone that was told no gets nothing more at this QR."""
        if trouble is None or trouble is not self._refused:
            return ()
        return (Remedy(_NEW_QR, self._desk.look.say("phone.make_new_qr"), "qr-code"),)

    def _remedied(self, key: str) -> None:
        if key == _NEW_QR:
            self.new_pin()

    def _tick(self) -> None:
        case = self._desk.case
        if self._desk.step is not Step.PHONE or case is None or case.offer is None:
            return
        offer, now = case.offer, self._desk.station.now()
        left = max(0, int((offer.expires_at - now).total_seconds()))
        if left == 0:
            self._large.close()
        self._page.tick(left, int((offer.expires_at - offer.placed_at).total_seconds()))

    # The applicant's PIN and the offer

    def typed(self, digits: int) -> None:
        """How many digits the applicant has typed; never which."""
        self._digits = digits
        self.render()

    def place(self, pin: bytearray) -> None:
        """The applicant has chosen the issuance PIN: mint the offer; the digits are wiped."""
        desk, case, turn = self._desk, self._desk.the_case(), self._turn
        self._trouble, self._placed_in = None, (case.number, turn)
        self.render()
        self.progressed.emit()

        def job() -> Case:
            try:
                approving.demand_approved(desk.station, case)
                return offering.place_offer(desk.station, desk.officer, case, pin.decode("ascii"))
            finally:
                wipe(pin)

        desk.act(Lane.SERVICE, job, self._placed, lambda why: self._place_failed(turn, why))

    @property
    def placing(self) -> bool:
        """Whether the service makes the open case's QR."""
        case, placed = self._desk.case, self._placed_in
        return case is not None and placed is not None and placed[0] == case.number

    def _placed(self) -> None:
        self._turn += 1
        self._placed_in = None
        self._forget_offer()
        self._last_offer, self._heard = self._desk.the_case().offer, True
        self.render()
        self.progressed.emit()
        self._await_phone()

    def _place_failed(self, turn: int, trouble: Trouble) -> None:
        if self._placed_in is not None and self._placed_in[1] == turn:
            self._placed_in = None
        if turn != self._turn:
            # The officer has left the page meanwhile.
            self.progressed.emit()
            self._desk.show_trouble(trouble)
            return
        if isinstance(trouble, ApprovalTrouble):
            self._take_back_approval(trouble)
            return
        self._trouble = trouble
        self._digits = 0
        self.render()
        self.pin_wanted.emit()

    def new_pin(self) -> None:
        """End the live offer, if any; the applicant chooses a new PIN, a new QR follows."""
        desk, case = self._desk, self._desk.the_case()
        self._turn += 1
        turn = self._turn
        self._trouble = None
        reason = self._alarm_reason or _NEW_QR

        def job() -> Case:
            ended = case
            if ended.offer is not None:
                ended = offering.withdraw(desk.station, desk.officer, ended, reason)
            if ended.held:
                ended = offering.release(desk.station, desk.officer, ended, reason)
            return ended

        desk.act(Lane.SERVICE, job, self._ready_for_pin, lambda why: self._still_stands(turn, why))

    def _ready_for_pin(self) -> None:
        self._forget_offer()
        self.forget_pin()
        self.render()
        self.pin_wanted.emit()

    def _still_stands(self, turn: int, trouble: Trouble) -> None:
        """The offer could not be ended: its phone goes on, and so does the page."""
        if turn != self._turn:
            # The officer has left the page meanwhile.
            self._desk.show_trouble(trouble)
            return
        self._failed(trouble)
        self._reload()

    @property
    def ended_at(self) -> datetime | None:
        """When the last offer ended by itself: run out, or void."""
        ends = (EventKind.EXPIRED, EventKind.VOIDED)
        times = [event.at for event in self.events if event.kind in ends]
        return times[-1] if times else None

    def has_request(self) -> bool:
        """A phone's key waits for the signature."""
        return bool(self._requests)

    # The slip, beside the screen's QR

    def print_slip(self) -> None:
        """Print the enrollment slip with the live QR; a former one and its QR are void."""
        desk, case, turn = self._desk, self._desk.the_case(), self._turn
        if case.state is not State.OFFERED:
            return
        language = case.language if case.language != "ko" else "en"
        station, officer = desk.station, desk.officer
        self._trouble = None

        def done(made: tuple[Case, PrintedSlip]) -> None:
            if not desk.takes_over(made[0]):
                return
            self.slip = made[1]
            try:
                self._printers.print(self._printers.preferred(), made[1].serial, made[1].pdf)
            except Trouble as reason:
                self._failed(reason)
            else:
                desk.work(
                    Lane.RECORDS, lambda: closing.note_out(station, officer, made[1]), of=case
                )
            self.render()

        desk.work(
            Lane.SERVICE,
            lambda: closing.print_slip(station, officer, case, SlipKind.ENROLLMENT, language),
            done,
            lambda trouble: self._not_printed(turn, trouble),
            of=case,
        )

    def _not_printed(self, turn: int, trouble: Trouble) -> None:
        """A QR that lies on paper already is void now: the applicant chooses a new PIN."""
        if turn != self._turn:
            # The officer has left the page meanwhile.
            self._desk.show_trouble(trouble)
            return
        self._failed(trouble)
        if isinstance(trouble, NewOfferNeeded):
            self._turn += 1
            self._reload()
            self.pin_wanted.emit()

    # Rounds

    def _await_phone(self) -> None:
        """Ask for events; meanwhile what needs no key of the phone's is made."""
        desk, case = self._desk, self._desk.case
        self._poll(self._turn)
        if case is not None and desk.is_open:
            desk.work(Lane.RECORDS, lambda: make_ready(desk.station, case), look_at=case)

    def _poll(self, turn: int) -> None:
        desk, case = self._desk, self._desk.case
        if turn != self._turn or case is None or case.offer is None or self._asked_in == turn:
            return
        self._asked_in = turn
        offer_id = case.offer.offer_id
        after = self.events[-1].seq if self.events and self._heard else 0
        desk.work(
            Lane.EVENTS,
            lambda: desk.station.link.news(offer_id, after, POLL_SECONDS),
            lambda news: self._happened(turn, news),
            lambda trouble: self._not_heard(turn, trouble),
        )

    def _happened(self, turn: int, news: OfferNews) -> None:
        desk, case, events = self._desk, self._desk.case, news.events
        if turn != self._turn or case is None:
            return
        self._away, self._asked_in = None, -1
        # The first answer tells everything, also what was known before the page was left.
        self.events = (*self.events, *events) if self._heard else events
        self._unnoted = (*self._unnoted, *events) if self._heard else events
        self._heard, unnoted = True, self._unnoted
        for event in events:
            if event.kind in (EventKind.VOIDED, EventKind.EXPIRED):
                self.voided = str(event.facts.get("reason", event.kind.value))
        self._last_offer = case.offer or self._last_offer
        self._last_issued = case.issued or self._last_issued
        if events:
            # Whatever happened to the QR, its large picture goes first.
            self._large.close()
        self.render()
        self.progressed.emit()
        desk.work(
            Lane.SERVICE,
            lambda: self._attend(case, unnoted, news.requests),
            lambda brought: self._attended(turn, unnoted, brought),
            lambda trouble: self._unreachable(turn, trouble),
        )

    def _attend(
        self, case: Case, events: tuple[OfferEvent, ...], waiting: tuple[KeyRequest, ...]
    ) -> Round:
        """Write down what happened, then verify what awaits a signature. What was written
        before changes nothing."""
        station, officer = self._desk.station, self._desk.officer
        # As the records have it: a slip may have been printed since the question was put.
        case = station.load(case.number)
        for event in events:
            case = offering.note_event(station, case, event)
            case = signing.note_delivery(station, officer, case, event)
        requests: tuple[CheckedRequest, ...] = ()
        if case.state in _AWAITED:
            case, requests = signing.take_requests(station, officer, case, waiting)
        return Round(case, requests, signing.refusal(station, case))

    def _attended(self, turn: int, noted: tuple[OfferEvent, ...], brought: Round) -> None:
        if turn != self._turn:
            return
        self._unnoted = tuple(event for event in self._unnoted if event not in noted)
        self._desk.takes_over(brought.case)
        self._requests = brought.requests
        self._refused = brought.refused
        self.render()
        self.progressed.emit()
        if brought.case.offer is None or brought.case.state is State.DELIVERED:
            self._trouble = None
            self.forget_pin()
            self.render()
            return
        if self._requests and self._card is not None and not self._signing:
            self._sign(turn)
        else:
            self._poll(turn)

    def _not_heard(self, turn: int, trouble: Trouble) -> None:
        if turn == self._turn:
            # A service that came back may know less than it has told: all is asked for again.
            self._asked_in, self._heard = -1, False
        self._unreachable(turn, trouble)

    def _unreachable(self, turn: int, trouble: Trouble) -> None:
        """The service does not answer: say so, keep everything, go on asking."""
        if turn == self._turn:
            self._away = trouble
            self.render()
            self._retry.start()

    # Signing

    def _sign_with(self, pin: Pin, last_try: bool) -> None:
        """Unlock the card for this case; what waits is signed at once."""
        desk, turn = self._desk, self._turn
        self._trouble = None
        self._signing_in = turn
        self.render()

        def job() -> CardSigner:
            card = signing.case_signer(desk.station)
            card.unlock(pin, last_try)
            return card

        desk.work(
            Lane.CARD,
            job,
            lambda card: self._unlocked(turn, card),
            lambda trouble: self._card_failed(turn, trouble),
        )

    def _unlocked(self, turn: int, card: CardSigner) -> None:
        if turn != self._turn or self._desk.is_locked or self._desk.step is not Step.PHONE:
            card.lock()
            self._done_signing(turn)
            return
        self._done_signing(turn)
        self._card = card
        self.render()
        if self._requests:
            self._sign(turn)

    def _sign(self, turn: int) -> None:
        desk, case, card = self._desk, self._desk.the_case(), self._card
        requests, self._requests = self._requests, ()
        if card is None:
            return
        self._signing_in = turn
        self.render()

        def job() -> Case:
            signed = desk.station.load(case.number)
            return signing.sign_requests(desk.station, desk.officer, signed, requests, card)

        desk.work(
            Lane.CARD,
            job,
            lambda signed: self._signed(turn, signed),
            lambda trouble: self._card_failed(turn, trouble),
        )

    def _done_signing(self, turn: int) -> None:
        if self._signing_in == turn:
            self._signing_in = -1

    def _signed(self, turn: int, case: Case) -> None:
        if turn != self._turn:
            return
        self._done_signing(turn)
        self._desk.takes_over(case)
        self.render()
        self.progressed.emit()
        self._poll(turn)

    def _take_back_approval(self, trouble: Trouble) -> None:
        """The approval does not hold any more: the case goes back to its review."""
        desk, number = self._desk, self._desk.the_case().number
        self._turn += 1
        turn = self._turn

        def job() -> Case:
            case = desk.station.load(number)
            return approving.take_back_approval(desk.station, desk.officer, case, trouble.code)

        desk.act(
            Lane.SERVICE,
            job,
            lambda: desk.go_to.emit(desk.current()),
            lambda why: self._still_stands(turn, why),
        )

    def _card_failed(self, turn: int, trouble: Trouble) -> None:
        """Nothing was signed wrongly; the phone asks again, and so may the officer."""
        if turn != self._turn:
            # Whoever comes back to the case meets it again, if it is still so then.
            self._desk.ask_card.emit()
            return
        self._done_signing(turn)
        self.forget_pin()
        if isinstance(trouble, ApprovalTrouble):
            self._take_back_approval(trouble)
            return
        self._trouble = trouble
        self.render()
        self._desk.ask_card.emit()
        self._reload()

    def _reload(self) -> None:
        """After an act that broke off: the case as the records have it, and on with asking."""
        desk, number, turn = self._desk, self._desk.the_case().number, self._turn

        def done(case: Case) -> None:
            if desk.takes_over(case):
                self._poll(turn)

        desk.work(
            Lane.RECORDS,
            lambda: desk.station.load(number),
            done,
            lambda trouble: self._unreachable(turn, trouble),
        )

    # Other ways

    def _failed(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.render()

    def _choose_alarm_reason(self, reason: str) -> None:
        self._alarm_reason = reason
        self.render()

    def _enlarge(self) -> None:
        case = self._desk.the_case()
        if case.offer is not None:
            self._large.show(case.offer.uri, self._desk.look.say("phone.qr"))

    def _cancel(self) -> None:
        desk, case = self._desk, self._desk.the_case()
        dialog = cancel_dialog(desk.look, self._page.window())
        if not dialog.exec():
            return
        reason, remark = dialog.answer()
        self._turn += 1
        turn = self._turn
        desk.act(
            Lane.SERVICE,
            lambda: intake.cancel(desk.station, desk.officer, case, reason, remark),
            desk.to_board.emit,
            lambda why: self._still_stands(turn, why),
        )

    def _go_on(self) -> None:
        self._desk.go_to.emit(self._desk.current())

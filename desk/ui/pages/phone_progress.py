"""Where a phone stands, told from the case and the service's events, and the seven rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desk.issuance.case import ENDS, Case, IssuedCredential, OfferFacts, State
from desk.issuance.ports import EventKind, OfferEvent
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.pages.phone_parts import ProgressLine
from desk.ui.parts.verdict import Remedy
from desk.ui.troubles import Spoken

MOST_WRONG = 5
"""Wrong issuance PINs after which the service voids an offer."""
READ_TWICE = "qr_read_twice"
"""What a case is held for when a second phone reads its QR."""

Say = Callable[..., str]


class PhoneStage(StrEnum):
    """Where the phone stands; each has its own QR place and «what to do now»."""

    PIN_PENDING = "pin_pending"
    PLACING = "placing"
    ASKING = "asking"
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

    @property
    def is_stopped(self) -> bool:
        """Nothing goes on without a new QR."""
        return self in (PhoneStage.ENDED, PhoneStage.VOIDED, PhoneStage.ALARM)


@dataclass(frozen=True)
class PhoneView:
    """``events`` of the live (or last) offer in order; ``pin_digits`` how many digits the
    applicant has typed, never which; ``placing`` while the service makes the QR; ``unheard``
    until the service has told whether anybody has read a QR of before. ``tries`` are left on
    the card; ``signing`` while it holds the PIN, before the phone's key is there as well.
    ``voided`` says why the last offer ended (``expired``, ``tries``); ``last_offer`` keeps its
    rows' times, ``last_issued`` what was signed for it.
    """

    here: says.Here
    case: Case
    events: tuple[OfferEvent, ...] = ()
    pin_digits: int = 0
    placing: bool = False
    unheard: bool = False
    card_present: bool = True
    on_pad: bool = False
    tries: int | None = None
    wrong: bool = False
    signing: bool = False
    digest: str = ""
    alarm_reason: str = ""
    voided: str = ""
    last_offer: OfferFacts | None = None
    last_issued: tuple[IssuedCredential, ...] = ()
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    read_only: bool = False

    @property
    def offer(self) -> OfferFacts | None:
        """The live offer, or the one that ended last."""
        return self.case.offer or self.last_offer

    @property
    def issued(self) -> tuple[IssuedCredential, ...]:
        """What was signed for that offer; once it has ended, none of it is the case's."""
        return self.case.issued or self.last_issued

    @property
    def is_untold(self) -> bool:
        """Nobody here knows what phones have done with the QR: the program was started since, or
        the service has not told yet."""
        is_over = self.case.held == READ_TWICE or self.case.state in ENDS
        return not self.events and not self.voided and (is_over or self.unheard)

    @property
    def formats(self) -> tuple[str, ...]:
        """The configurations to be signed, as far as they are known."""
        if self.offer is not None:
            return self.offer.configurations
        return self.case.issued_configurations


def last_of(events: Sequence[OfferEvent]) -> dict[EventKind, OfferEvent]:
    """The last event of each kind."""
    return {event.kind: event for event in events}


def stage_of(view: PhoneView) -> PhoneStage:
    """The stage as case and events tell it."""
    case, kinds = view.case, last_of(view.events)
    if case.state in (State.DELIVERED, State.PROVEN, State.ACTIVATED):
        return PhoneStage.DELIVERED
    if case.held == READ_TWICE:
        return PhoneStage.ALARM
    if case.state is State.SIGNING:
        return _signing(view)
    if case.state is not State.OFFERED:
        return _without_offer(view, kinds)
    if EventKind.CODE_WRONG in kinds and EventKind.CODE_RIGHT not in kinds:
        return PhoneStage.WRONG_PIN
    if EventKind.FETCHED in kinds:
        return PhoneStage.SCANNED
    # The service may be out of reach and unable to say so: the QR's time is over anyway.
    if case.offer is not None and case.offer.expires_at <= view.here.now:
        return PhoneStage.ENDED
    return PhoneStage.ASKING if view.unheard else PhoneStage.WAITING


def _signing(view: PhoneView) -> PhoneStage:
    case = view.case
    if case.offer is not None and len(case.issued_configurations) >= len(case.offer.configurations):
        return PhoneStage.SENDING
    return PhoneStage.SIGNING if view.signing else PhoneStage.SIGN


def _without_offer(view: PhoneView, kinds: dict[EventKind, OfferEvent]) -> PhoneStage:
    if EventKind.EXPIRED in kinds or view.voided == "expired" or view.case.state in ENDS:
        return PhoneStage.ENDED
    if view.voided:
        return PhoneStage.VOIDED
    return PhoneStage.PLACING if view.placing else PhoneStage.PIN_PENDING


def wrong_and_left(event: OfferEvent) -> tuple[int, int]:
    """How often the issuance PIN was wrong, and how often it still may be."""
    left = int(event.facts.get("tries_left", 0))
    return MOST_WRONG - left, left


def progress_lines(say: Say, view: PhoneView, stage: PhoneStage) -> tuple[ProgressLine, ...]:
    """The seven rows: issuance PIN, QR, read, PIN right, key, signature, delivered."""
    return _Progress(say, view, stage).lines()


class _Progress:
    """Makes the rows; times of events never change once shown."""

    def __init__(self, say: Say, view: PhoneView, stage: PhoneStage) -> None:
        self._say, self._view, self._stage = say, view, stage
        self._kinds = last_of(view.events)
        self._first: dict[EventKind, OfferEvent] = {}
        for event in view.events:
            self._first.setdefault(event.kind, event)

    def lines(self) -> tuple[ProgressLine, ...]:
        rows = (
            self._pin_set(), self._qr_made(), self._read(), self._pin_right(),
            self._key(), self._signature(), self._delivered(),
        )  # fmt: skip
        return self._as_stopped(rows) if self._stage.is_stopped else self._with_current(rows)

    def _as_stopped(self, rows: Sequence[ProgressLine]) -> tuple[ProgressLine, ...]:
        return tuple(self._stopped(line) if line.glyph is Glyph.WAITING else line for line in rows)

    def _stopped(self, line: ProgressLine) -> ProgressLine:
        """It did not happen; where nobody knows, nothing of the kind is said."""
        untold = line.key in self._untold()
        glyph = Glyph.UNDECIDED if untold else Glyph.NOT_DONE
        words = self._say("progress.not_known" if untold else "progress.stopped")
        return ProgressLine(glyph, line.name, words, "", line.key)

    def _untold(self) -> tuple[str, ...]:
        """The rows that the case itself does not tell of: it knows the first good key, and that
        the phone has everything."""
        view = self._view
        if not view.is_untold or view.case.entered(State.OFFERED) is None:
            return ()
        return ("signature",) if self._had_key else ("read", "pin_right", "key")

    @property
    def _had_key(self) -> bool:
        """A phone has read the QR and knew the PIN, also where nobody but the case tells it."""
        return self._entered(State.SIGNING)

    def _entered(self, state: State) -> bool:
        """The case was in ``state`` with the QR that the rows are about."""
        if self._stage in (PhoneStage.PIN_PENDING, PhoneStage.PLACING):
            return False
        offered, at = self._view.case.entered(State.OFFERED), self._view.case.entered(state)
        return offered is not None and at is not None and at >= offered

    def _with_current(self, rows: Sequence[ProgressLine]) -> tuple[ProgressLine, ...]:
        """The first row that waits is the one that is waited for."""
        lines, found = [], False
        for line in rows:
            if not found and line.glyph is Glyph.WAITING:
                found = True
                words = self._waited_for(line.key)
                line = ProgressLine(Glyph.BUSY, line.name, words, "", line.key)
            found = found or line.glyph is Glyph.ATTENTION
            lines.append(line)
        return tuple(lines)

    def _waited_for(self, key: str) -> str:
        if key == "signature" and self._stage is PhoneStage.SIGNING:
            return self._say("row.signing")
        return self._say(f"progress.{key}_busy")

    def _line(self, key: str, done: bool, detail: str = "", at: str = "") -> ProgressLine:
        name = self._say(f"progress.{key}")
        glyph = Glyph.PASSED if done else Glyph.WAITING
        return ProgressLine(glyph, name, detail if done else "", at if done else "", key)

    def _time(self, event: OfferEvent | None) -> str:
        return says.clock_seconds(event.at, self._view.here) if event else ""

    def _pin_set(self) -> ProgressLine:
        case, say = self._view.case, self._say
        at = says.clock_seconds(case.pin_set_at, self._view.here) if case.pin_set_at else ""
        set_before = case.pin_set_at is not None and self._stage is not PhoneStage.PIN_PENDING
        done = set_before or self._stage is PhoneStage.PLACING
        fresh = self._stage is PhoneStage.WAITING
        words = say("progress.pin_set_done" if fresh else "row.pin_set_short")
        return self._line("pin_set", done, words, at)

    def _qr_made(self) -> ProgressLine:
        offer, say = self._view.offer, self._say
        if offer is None or self._stage in (PhoneStage.PIN_PENDING, PhoneStage.PLACING):
            made = self._view.case.entered(State.OFFERED) if self._stage.is_stopped else None
            at = says.clock_seconds(made, self._view.here) if made else ""
            return self._line("qr_made", bool(made or self._view.events), "", at)
        minutes = round((offer.expires_at - offer.placed_at).total_seconds() / 60)
        at = says.clock_seconds(offer.placed_at, self._view.here)
        return self._line("qr_made", True, say("progress.qr_made_done", n=minutes), at)

    def _read(self) -> ProgressLine:
        say, event = self._say, self._first.get(EventKind.FETCHED)
        if self._stage is PhoneStage.ALARM:
            again = self._kinds.get(EventKind.FETCHED_AGAIN, event)
            name, words = say("progress.read"), say("progress.read_twice")
            return ProgressLine(Glyph.FAILED, name, words, self._time(again), "read")
        done = event is not None or self._had_key
        return self._line("read", done, say("progress.read_done"), self._time(event))

    def _pin_right(self) -> ProgressLine:
        say, right = self._say, self._first.get(EventKind.CODE_RIGHT)
        wrong = self._kinds.get(EventKind.CODE_WRONG)
        if wrong is not None and right is None:
            wrongs, left = wrong_and_left(wrong)
            words = say("progress.pin_wrong", wrong=wrongs, left=left)
            glyph = Glyph.FAILED if self._stage is PhoneStage.VOIDED else Glyph.ATTENTION
            name = say("progress.pin_right")
            return ProgressLine(glyph, name, words, self._time(wrong), "pin_right")
        count = sum(event.kind is EventKind.CODE_WRONG for event in self._view.events)
        if right is None:
            detail = ""
        elif count:
            detail = say("progress.pin_right_later", n=count + 1)
        else:
            detail = say("progress.pin_right_done")
        done = right is not None or self._had_key
        return self._line("pin_right", done, detail, self._time(right))

    def _key(self) -> ProgressLine:
        came = [e for e in self._view.events if e.kind is EventKind.KEY_RECEIVED]
        # A phone that asks again brings the same keys.
        keys = [event for event in came if not event.facts.get("again")]
        number = sum(int(event.facts.get("keys", 1)) for event in keys)
        detail = self._say("progress.key_done", n=max(1, number)) if keys else ""
        time = self._time(keys[-1]) if keys else ""
        return self._line("key", bool(keys) or self._had_key, detail, time)

    def _signature(self) -> ProgressLine:
        issued, say, stage = self._view.issued, self._say, self._stage
        signed = stage.is_stopped or stage in (PhoneStage.SENDING, PhoneStage.DELIVERED)
        done = signed and (bool(issued) or self._entered(State.DELIVERED))
        last = max((one.signed_at for one in issued), default=None)
        at = says.clock_seconds(last, self._view.here) if last else ""
        detail = say("progress.signature_done", n=len(issued)) if issued else ""
        return self._line("signature", done, detail, at)

    def _delivered(self) -> ProgressLine:
        case, say = self._view.case, self._say
        at = case.entered(State.DELIVERED)
        time = says.clock_seconds(at, self._view.here) if at else ""
        stopped = self._stage.is_stopped and self._entered(State.DELIVERED)
        done = self._stage is PhoneStage.DELIVERED or stopped
        return self._line("delivered", done, say("progress.delivered_done"), time)

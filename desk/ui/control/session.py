"""Signing in, locking, unlocking: the desk is open only while the officer's card is in it.

The card leaving covers the window at once; the case stays as it is. The same card and its
PIN bring the same page back; another officer's card signs that officer in, and both are
in the log. A PIN is handed to the card's lane once and wiped there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from desk.cards.certificates import load_certificate
from desk.cards.piv import Pin, wipe
from desk.cards.piv_data import Slot
from desk.cards.session import CardSession
from desk.cards.troubles import KeyUnusable, NoCard, NoReader, NotOfficerCard, PinTrouble
from desk.cards.watcher import CardWorld
from desk.counter import officers, signing_in
from desk.counter.officers import Officer, SignIn
from desk.counter.station import Station
from desk.store.troubles import StoreTrouble
from desk.trouble import Trouble
from desk.ui import says
from desk.ui.control.desk import Desk
from desk.ui.glyphs import Glyph
from desk.ui.lanes import Lane
from desk.ui.pages.locked import LockedPage, LockReason, LockView
from desk.ui.pages.sign_in import CardView, SignInPage, SignInView
from desk.ui.troubles import Spoken
from desk.words import Words

_ACTIVITY = frozenset(
    {QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.TouchBegin}
)


class LocksSoon(Trouble):
    """Nobody touches the desk; ``seconds`` until it locks."""

    code = "LOCK-01"


@dataclass(frozen=True)
class CardFacts:
    """What a card tells without a PIN."""

    card: str
    officer: Officer | None
    tries: int | None
    on_pad: bool
    days_left: int | None
    refused: Trouble | None = None


class Session(QObject):
    """Signals: ``opened(bool)``: somebody signed in (True: the same person came back);
    ``closed``: the window is covered; ``reader_emptied``: the card left a lent reader."""

    opened = Signal(bool)
    closed = Signal()
    reader_emptied = Signal()

    def __init__(self, desk: Desk, sign_in_page: SignInPage, locked_page: LockedPage) -> None:
        super().__init__(desk)
        self._desk = desk
        self._sign_in_page, self._locked_page = sign_in_page, locked_page
        self._words = Words("desk")
        self._card: CardFacts | None = None
        self._trouble: Trouble | None = None
        self._busy = False
        self._reason: LockReason | None = None
        self._locked_at = desk.station.now()
        self._reads = 0
        self._warned = False
        self._is_lent = self.own_card_left = False
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(lambda: self.lock(LockReason.IDLE))
        self._warning = QTimer(self)
        self._warning.setSingleShot(True)
        self._warning.timeout.connect(self._warn)
        self._restart_idle()
        sign_in_page.pin_given.connect(self._sign_in)
        locked_page.pin_given.connect(self._sign_in)
        desk.shell.lock_chosen.connect(lambda: self.lock(LockReason.BY_OFFICER))
        desk.look.retranslated.connect(self.render)
        desk.ticked.connect(self._tick)
        desk.woke.connect(self._woke)
        desk.ask_card.connect(lambda: self._changed(desk.station.readers.world()))
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    # The card comes and goes

    def begin(self) -> None:
        """Show the sign-in page and follow the readers."""
        self._cover(None)
        self._desk.station.readers.watch(
            lambda world: self._desk.lanes.post(lambda: self._changed(world))
        )

    def _changed(self, world: CardWorld) -> None:
        """Readers or cards changed: look at the officer's card again."""
        self._reads += 1
        turn = self._reads
        signed_in = self._desk.sign_in
        open_now = signed_in is not None and not self._desk.is_locked
        if open_now and self._desk.station.roles.officer_is_gone(world):
            self._card_left()
        self._desk.work(
            Lane.CARD,
            self._look_at_card,
            lambda facts: self._seen(turn, facts, None),
            lambda trouble: self._seen(turn, None, trouble),
        )

    def _look_at_card(self) -> CardFacts:
        station = self._desk.station
        try:
            with station.officer_card() as session:
                return _card_facts(session, station)
        except NoCard:
            # Once a case is open, a passport may be read: then nobody knocks at its chip.
            if self._desk.sign_in is None and station.roles.stranger():
                raise NotOfficerCard from None
            raise

    def _seen(self, turn: int, facts: CardFacts | None, trouble: Trouble | None) -> None:
        if turn != self._reads:
            return
        self._card = facts
        self._desk.card_present = facts is not None
        self._desk.card_tries = facts.tries if facts else None
        self._desk.card_pad = facts.on_pad if facts else False
        signed_in = self._desk.sign_in
        own = signed_in is not None and facts is not None and facts.card == signed_in.card
        if self._is_lent and not own:
            self.own_card_left = True
        self._desk.card_changed.emit()
        if not (facts and isinstance(self._trouble, PinTrouble)):
            # What the PIN field has to say stays until the next try.
            told = facts.refused if facts else trouble
            self._trouble = None if isinstance(told, NoCard | NoReader) else told
        if signed_in is not None and not self._desk.is_locked and not (own or self._is_lent):
            self.lock(LockReason.CARD_REMOVED)
            return
        self.render()

    def _card_left(self) -> None:
        if self._is_lent:
            self.own_card_left = True
            self.reader_emptied.emit()
        else:
            self.lock(LockReason.CARD_REMOVED)

    # The reader lent to an approver

    def lend(self) -> None:
        """Another person's card may take this one's place; whoever lends covers the desk."""
        self._is_lent, self.own_card_left = True, False

    def take_back(self) -> None:
        """The end of the loan: locked unless the officer's card never left the reader."""
        left, self._is_lent = self.own_card_left, False
        if left:
            self.lock(LockReason.CARD_REMOVED)

    # Sign in and unlock

    def _sign_in(self, pin: Pin, last_try: bool) -> None:
        if self._busy:
            wipe(pin)
            return
        self._busy, self._trouble = True, None
        self.render()
        station = self._desk.station

        def job() -> SignIn:
            with station.officer_card() as session:
                return signing_in.sign_in(station, session, pin, last_try)

        self._desk.work(Lane.CARD, job, self._signed_in, self._refused)

    def _signed_in(self, sign_in: SignIn) -> None:
        desk, before = self._desk, self._desk.sign_in
        same = before is not None and before.officer == sign_in.officer
        self._busy, self._trouble = False, None
        desk.sign_in = sign_in
        desk.is_locked = False
        self._reason = None
        self._note("SESSION.UNLOCKED" if same else "SESSION.SIGNED_IN", sign_in.card)
        self._restart_idle()
        desk.shell.uncover()
        desk.refresh_frame()
        self.opened.emit(same)

    def _refused(self, trouble: Trouble) -> None:
        self._busy, self._trouble = False, trouble
        if isinstance(trouble, PinTrouble):
            self._note("SESSION.PIN_REFUSED", "", code=trouble.code)
        self.render()
        # The card's own count of tries is what the page shows next.
        self._changed(self._desk.station.readers.world())

    def lock(self, reason: LockReason) -> None:
        """Cover the window; typed PINs are wiped, nothing personal stays on a screen."""
        if self._desk.sign_in is None or self._desk.is_locked:
            return
        self._is_lent = False
        self._desk.is_locked = True
        self._locked_at = self._desk.station.now()
        self._note("SESSION.LOCKED", "", reason=reason.value)
        self._cover(reason)
        self.closed.emit()

    def _cover(self, reason: LockReason | None) -> None:
        self._reason = reason
        self.cover()

    def cover(self) -> None:
        """Show the page that asks for card and PIN."""
        self.render()
        page = self._sign_in_page if self._reason is None else self._locked_page
        self._desk.shell.show_full(page)

    def _note(self, kind: str, card: str, **facts: str) -> None:
        desk = self._desk
        officer = desk.sign_in.officer if desk.sign_in else None
        if card:
            facts["certificate"] = card

        desk.work(Lane.RECORDS, lambda: desk.station.note(officer, kind, **facts))

    # Showing

    def render(self) -> None:
        """Views of both covering pages."""
        if self._desk.is_locked:
            self._locked_page.render(self._lock_view())
        elif self._desk.sign_in is None:
            self._sign_in_page.render(self._sign_in_view())

    def _lock_view(self) -> LockView:
        desk, card = self._desk, self._card
        signed_in = desk.sign_in
        officer = desk.officer_name(signed_in.officer) if signed_in else ""
        own = None if card is None or signed_in is None else card.card == signed_in.card
        return LockView(
            here=desk.here(),
            reason=self._reason or LockReason.BY_OFFICER,
            locked_at=says.clock_seconds(self._locked_at, desk.here()),
            officer=officer,
            case_number=desk.case.number if desk.case else "",
            step=desk.look.say(f"step.{desk.step.key}") if desk.case and desk.step else "",
            own_card=own,
            tries=desk.tries_for(self._trouble),
            on_pad=desk.card_pad,
            wrong=self._was_wrong(),
            busy=self._busy,
            trouble=self._shown_trouble(),
        )

    def _sign_in_view(self) -> SignInView:
        desk = self._desk
        return SignInView(
            here=desk.here(),
            card=self._card_view(),
            facts=self._station_facts(),
            states=self._states(),
            tries=desk.tries_for(self._trouble),
            on_pad=desk.card_pad,
            wrong=self._was_wrong(),
            busy=self._busy,
            trouble=self._shown_trouble(),
        )

    def _card_view(self) -> CardView:
        card, say = self._card, self._say
        if card is None:
            return CardView(present=False)
        if card.officer is None:
            return CardView(True, "", say("card.unknown"))
        name = self._desk.officer_name(card.officer)
        if card.days_left is None:
            return CardView(True, name, "", say("card.no_signer"), certificate_ok=False)
        words = say("card.days_left", n=card.days_left)
        return CardView(True, name, "", words, certificate_ok=card.days_left > 0)

    def _station_facts(self) -> tuple[tuple[str, str], ...]:
        station, say = self._desk.station, self._say
        return (
            (say("station.window"), station.settings.station.window),
            (say("station.serial"), station.settings.station.serial),
        )

    def _states(self) -> tuple[tuple[Glyph, str], ...]:
        world, say = self._desk.station.readers.world(), self._say
        if not world.service_running:
            return ((Glyph.FAILED, say("states.service_stopped")),)
        glyph = Glyph.PASSED if world.readers else Glyph.ATTENTION
        return ((glyph, say("states.readers", n=len(world.readers))),)

    def _was_wrong(self) -> bool:
        return self._desk.is_wrong_pin(self._trouble)

    def _shown_trouble(self) -> Spoken | None:
        if self._trouble is None:
            return None
        return self._desk.spoken(self._trouble)

    def _say(self, key: str, **facts: object) -> str:
        return self._words.text(key, self._desk.look.language, **facts)

    # Idle

    def _restart_idle(self) -> None:
        lock = self._desk.station.settings.lock
        if lock.idle_minutes > 0:
            until = lock.idle_minutes * 60_000
            self._idle.start(until)
            self._warning.start(max(0, until - lock.idle_warning_seconds * 1000))

    def _warn(self) -> None:
        """Nobody has touched anything for long: say how long until the lock."""
        if self._desk.sign_in is not None and not self._desk.is_locked:
            left = self._idle.remainingTime() // 1000
            self._desk.show_trouble(LocksSoon(seconds=max(1, left)))
            self._warned = True

    def _woke(self, seconds: float) -> None:
        """The computer slept: nobody sat here, and timers stood still meanwhile."""
        idle = self._desk.station.settings.lock.idle_minutes * 60
        if 0 < idle <= seconds:
            self.lock(LockReason.IDLE)
        self._desk.station.readers.look_again()
        self._changed(self._desk.station.readers.world())

    def _touched(self) -> None:
        if self._warned:
            self._warned = False
            page = self._desk.shell.page
            if page is not None:
                page.hide_banner()
        self._restart_idle()

    def _tick(self) -> None:
        if self._desk.is_locked or self._desk.sign_in is None:
            self.render()
        elif self._warned:
            self._warn()

    def stop(self) -> None:
        self._idle.stop()
        self._warning.stop()

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _ACTIVITY and self._idle.isActive():
            self._touched()
        return False


def _card_facts(session: CardSession, station: Station) -> CardFacts:
    card = officers.read_card_identity(session)
    officer = station.officers.get(card)
    return CardFacts(
        card=card,
        officer=officer,
        tries=session.tries_left(),
        on_pad=session.has_pin_pad(),
        days_left=_days_left(session.certificate(Slot.SIGNATURE), station.now),
        refused=_refusal(session, station) if officer else None,
    )


def _refusal(session: CardSession, station: Station) -> Trouble | None:
    """Why an officer's card does not open the records, told before a PIN is typed."""
    try:
        station.records.admit(session)
    except (StoreTrouble, KeyUnusable) as reason:
        return reason
    return None


def _days_left(certificate: bytes | None, now: Callable[[], datetime]) -> int | None:
    if certificate is None:
        return None
    return max(0, (load_certificate(certificate).not_valid_after_utc - now()).days)

"""Signing in, locking, unlocking: the desk is open only while the officer's card is in it.

The card leaving covers the window at once; the case stays as it is. The same card and its
PIN bring the same page back. Another officer's card goes on only by a hand-over: a dialog
says what is handed over before that officer's PIN is asked, and both cards are in the log.
A PIN is handed to the card's lane once and wiped there.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desk.cards.piv import Pin, wipe
from desk.cards.troubles import NoCard, NoReader, PinTrouble
from desk.cards.watcher import CardWorld
from desk.counter import card_facts, handing, signing_in
from desk.counter.card_facts import CardFacts
from desk.counter.lockout import Paused
from desk.counter.officers import Officer, SignIn
from desk.issuance.case import Case
from desk.issuance.roles import Right
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.idle import Idle
from desk.ui.control.session_views import SessionViews
from desk.ui.dialogs import Dialog, HandOverDialog
from desk.ui.lanes import Lane
from desk.ui.pages.locked import Hand, LockedPage, LockReason
from desk.ui.pages.sign_in import SignInPage
from desk.ui.parts.frame import Page


class LocksSoon(Trouble):
    """Nobody touches the desk; ``seconds`` until it locks."""

    code = "LOCK-01"


class Session(QObject):
    """Signals: ``opened(bool)``: somebody signed in (True: the same person came back);
    ``taken_over``: another one did, and goes on with the open case; ``closed``: the window is
    covered; ``reader_emptied``: the card left a lent reader."""

    opened = Signal(bool)
    taken_over = Signal()
    closed = Signal()
    reader_emptied = Signal()

    def __init__(self, desk: Desk, sign_in_page: SignInPage, locked_page: LockedPage) -> None:
        super().__init__(desk)
        self._desk = desk
        self._sign_in_page, self._locked_page = sign_in_page, locked_page
        self._views = SessionViews(desk)
        self._card: CardFacts | None = None
        self._trouble: Trouble | None = None
        self._busy = False
        self._reads = 0
        self._is_lent = self.own_card_left = False
        self._hand = Hand.NONE
        self._takes_case = False
        self.dialog: HandOverDialog | None = None
        self._warned: Page | None = None
        self.idle = Idle(desk.station.settings.lock, self)
        self.idle.soon.connect(self._warn)
        self.idle.touched.connect(self._end_warning)
        self.idle.over.connect(lambda: self.lock(LockReason.IDLE))
        sign_in_page.pin_given.connect(self._sign_in)
        locked_page.pin_given.connect(self._sign_in)
        locked_page.hand_over_asked.connect(self._hand_over_asked)
        desk.shell.lock_chosen.connect(lambda: self.lock(LockReason.BY_OFFICER))
        desk.look.retranslated.connect(self.render)
        desk.ticked.connect(self._tick)
        desk.woke.connect(self._woke)
        desk.ask_card.connect(lambda: self._changed(desk.station.readers.world()))

    # The card comes and goes

    def begin(self) -> None:
        """Show the sign-in page and follow the readers."""
        self.cover()
        self._desk.station.readers.watch(
            lambda world: self._desk.lanes.post(lambda: self._changed(world))
        )

    def _changed(self, world: CardWorld) -> None:
        """Readers or cards changed: look at the officer's card again."""
        self._reads += 1
        turn, station = self._reads, self._desk.station
        if self._desk.is_open and station.roles.officer_is_gone(world):
            self._card_left()
        # Once a case is open, a passport may be read: then nobody knocks at its chip.
        knock = self._desk.sign_in is None
        self._desk.work(
            Lane.CARD,
            lambda: card_facts.look(station, knock=knock),
            lambda facts: self._seen(turn, facts, None),
            lambda trouble: self._seen(turn, None, trouble),
        )

    def _seen(self, turn: int, facts: CardFacts | None, trouble: Trouble | None) -> None:
        if turn != self._reads:
            return
        before, self._card = self._card, facts
        self._desk.card_present = facts is not None
        self._desk.card_tries = facts.tries if facts else None
        self._desk.card_pad = facts.on_pad if facts else False
        signed_in = self._desk.sign_in
        card = facts.card if facts else ""
        own = signed_in is not None and card == signed_in.card
        if self._is_lent and not own:
            self.own_card_left = True
        self._desk.card_changed.emit()
        self._trouble = self._what_stands_in_the_way(facts, trouble)
        if self._desk.is_open and not (own or self._is_lent):
            self.lock(LockReason.CARD_REMOVED)
            return
        if self._desk.is_locked and card != (before.card if before else ""):
            self._card_changed_under_lock()
        self.render()

    def _what_stands_in_the_way(
        self, facts: CardFacts | None, trouble: Trouble | None
    ) -> Trouble | None:
        """What the page has to say of the card."""
        if facts is None:
            return None if isinstance(trouble, NoCard | NoReader) else trouble
        # A blocked card is told as such: waiting would not open it.
        if facts.refused is not None and facts.tries != 0:
            return facts.refused
        # What the PIN field has to say stays until the next try.
        return self._trouble if isinstance(self._trouble, PinTrouble) else None

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
        self._desk.is_lent = True

    def take_back(self) -> None:
        """The end of the loan: locked unless the officer's card never left the reader."""
        left, self._is_lent = self.own_card_left, False
        self._desk.is_lent = False
        if left:
            self.lock(LockReason.CARD_REMOVED)
        else:
            self._desk.tell_late()

    # Handing over

    def _card_changed_under_lock(self) -> None:
        """Another card than a moment ago: what was agreed to was meant for the other."""
        if self._hand is Hand.AGREED:
            self._hand, self._takes_case = Hand.NONE, False
        self._close_dialog()
        # Before the checks a card is laid down for them, not to take the desk over.
        if self._desk.shell.front is None and self._successor() is not None:
            self._ask_hand_over()

    def _successor(self) -> Officer | None:
        """Whoever's card is in the locked desk instead of the one that signed in."""
        facts, signed_in = self._card, self._desk.sign_in
        if facts is None or signed_in is None or facts.card == signed_in.card:
            return None
        return facts.officer if facts.refused is None else None

    def _hand_over_asked(self) -> None:
        self._hand = Hand.WANTED
        if self._successor() is not None:
            self._ask_hand_over()
        self.render()

    def _ask_hand_over(self) -> None:
        desk, successor, signed_in = self._desk, self._successor(), self._desk.sign_in
        if successor is None or signed_in is None:
            return
        self._close_dialog()
        say, case = desk.look.say, desk.case if self._is_unfinished(desk.case) else None
        names = {"to": desk.officer_name(successor), "from": desk.officer_name(signed_in.officer)}
        self.dialog = HandOverDialog(
            desk.look,
            self._locked_page.window(),
            say("hand.title", to=names["to"]),
            say("hand.more", **names),
            say("hand.act"),
            case=case.number if case else "",
            may_prepare=successor.role.may(Right.PREPARE),
            bars=case is not None and handing.would_bar_approval(case, successor),
        )
        self.dialog.finished.connect(self._hand_over_decided)
        self.dialog.open()

    @staticmethod
    def _is_unfinished(case: Case | None) -> bool:
        return case is not None and handing.can_change_hands(case)

    def _hand_over_decided(self, result: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        agreed = result == Dialog.DialogCode.Accepted and self._successor() is not None
        self._hand = Hand.AGREED if agreed else Hand.NONE
        self._takes_case = agreed and dialog.takes_case
        dialog.deleteLater()
        self.render()
        self._locked_page.first_focus().setFocus()

    def _close_dialog(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.reject()
            dialog.deleteLater()

    # Sign in and unlock

    def _sign_in(self, pin: Pin, last_try: bool) -> None:
        if self._busy or not self._may_sign_in():
            wipe(pin)
            return
        self._busy, self._trouble = True, None
        self.render()
        station, expected = self._desk.station, self._expected_card()

        def job() -> SignIn:
            with station.officer_card() as session:
                return signing_in.sign_in(station, session, pin, last_try, expected)

        self._desk.work(Lane.CARD, job, self._signed_in, self._refused)

    def _may_sign_in(self) -> bool:
        """A locked desk opens to the card that signed in, or to one it is handed over to."""
        signed_in, card = self._desk.sign_in, self._card
        if signed_in is None:
            return True
        own = card is not None and card.card == signed_in.card
        return self._desk.is_locked and (own or self._hand is Hand.AGREED)

    def _expected_card(self) -> str:
        """The card that was shown when the PIN was typed; at a desk nobody uses, any will do.

        Another may lie in the reader by now: its holder has agreed to nothing.
        """
        card = self._card
        return card.card if self._desk.sign_in is not None and card is not None else ""

    def _signed_in(self, sign_in: SignIn) -> None:
        desk, before = self._desk, self._desk.sign_in
        same = before is not None and before.card == sign_in.card
        self._busy, self._trouble = False, None
        desk.sign_in = sign_in
        if before is None:
            self._note("SESSION.SIGNED_IN", sign_in.card)
        elif same:
            self._note("SESSION.UNLOCKED", sign_in.card)
        else:
            self._note("SESSION.HANDED_OVER", sign_in.card, **{"from": before.card})
        if not same and self._takes_case and self._is_unfinished(desk.case):
            self._take_case(desk.the_case())
            return
        self._uncover()
        self.opened.emit(same)

    def _take_case(self, case: Case) -> None:
        """The open case goes on in the name of whoever has just signed in."""
        desk = self._desk

        def done(taken: Case) -> None:
            desk.set_case(taken)
            self._uncover()
            self.taken_over.emit()

        def refused(trouble: Trouble) -> None:
            self._uncover()
            self.opened.emit(False)
            desk.show_trouble(trouble)

        officer = desk.officer
        job = lambda: handing.take_over(desk.station, officer, case)  # noqa: E731
        desk.work(Lane.RECORDS, job, done, refused)

    def _uncover(self) -> None:
        desk = self._desk
        desk.is_locked = False
        self._hand, self._takes_case = Hand.NONE, False
        self.idle.restart()
        desk.shell.uncover()
        desk.refresh_frame()
        # The card may have left while the records were asked.
        self._changed(desk.station.readers.world())

    def _refused(self, trouble: Trouble) -> None:
        self._busy, self._trouble = False, trouble
        if isinstance(trouble, PinTrouble):
            self._note("SESSION.PIN_REFUSED", "", code=trouble.code)
        self.render()
        # The card's own count of tries is what the page shows next.
        self._changed(self._desk.station.readers.world())

    def lock(self, reason: LockReason) -> None:
        """Cover the window; typed PINs are wiped, nothing personal stays on a screen."""
        if not self._desk.is_open:
            return
        self._is_lent = self._desk.is_lent = False
        self._end_warning()
        self._desk.is_locked = True
        self._views.locked_at = self._desk.station.now()
        self._note("SESSION.LOCKED", "", reason=reason.value)
        self._views.reason = reason
        self.cover()
        self.closed.emit()

    def cover(self) -> None:
        """Show the page that asks for card and PIN."""
        self.render()
        page = self._locked_page if self._desk.is_locked else self._sign_in_page
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
        views = self._views
        if self._desk.is_locked:
            self._locked_page.render(
                views.locked(self._card, self._trouble, self._busy, self._hand)
            )
        elif self._desk.sign_in is None:
            self._sign_in_page.render(views.sign_in(self._card, self._trouble, self._busy))

    # Idle and time

    def _warn(self) -> None:
        """Nobody has touched anything for long: say how long until the lock."""
        page = self._desk.shell.page
        if not self._desk.is_open or page is None:
            return
        if page is not self._warned:
            self._end_warning()
            self._warned = page
        page.show_passing(self._desk.spoken(LocksSoon(seconds=self.idle.seconds_left)))

    def _end_warning(self) -> None:
        """Somebody came back, or the desk is locked: the page's own banner stands again."""
        page, self._warned = self._warned, None
        if page is not None:
            page.end_passing()

    def _woke(self, seconds: float) -> None:
        """The computer slept: nobody sat here, and timers stood still meanwhile."""
        if self.idle.slept_through(seconds):
            self.lock(LockReason.IDLE)
        self._desk.station.readers.look_again()
        self._changed(self._desk.station.readers.world())

    def _tick(self) -> None:
        if not self._desk.is_open:
            self._count_down()
            self.render()
        elif self.idle.is_warning:
            self._warn()

    def _count_down(self) -> None:
        """How long a card has to wait yet; at the end it is looked at again."""
        officer = self._card.officer if self._card else None
        if not isinstance(self._trouble, Paused) or officer is None:
            return
        try:
            signing_in.check_pause(self._desk.station, officer)
        except Paused as left:
            self._trouble = left
        else:
            self._changed(self._desk.station.readers.world())

    def stop(self) -> None:
        self.idle.stop()

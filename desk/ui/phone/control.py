"""Drives a wallet for the phone's window.

Every call of the wallet runs in a thread of the phone's own, because receiving waits for
the officer's signature and must not hold up the desk. What the wallet tells and what a
call brings arrive on the window's thread and become the next snapshot. The PIN is handed
to the wallet once and wiped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, QTimer

from desk.credential.statuslist import Status
from desk.trouble import Trouble
from desk.ui.lanes import Lane, Lanes
from desk.ui.phone import wallet as wallets
from desk.ui.phone.snapshot import (
    Again,
    CardState,
    CardView,
    Page,
    PhoneScreen,
    PinView,
    ProgressView,
    Stage,
    TroubleView,
)
from desk.ui.phone.wallet import Card, Event, Held, Offer, Request, Wallet
from desk.ui.phone.window import PhoneWindow

_log = logging.getLogger(__name__)

POLL_MS = 2000
"""How often the status is asked for after an ID was presented."""

UNREACHABLE, PIN_WRONG, TOO_LONG = "PHONE-02", "PHONE-06", "PHONE-10"
_SCAN_AGAIN = {"PHONE-01", "PHONE-03", "PHONE-05", "PHONE-07", "PHONE-12", "PHONE-13", "PHONE-14"}
BUG = "PHONE-00"
"""No trouble of the wallet: something in the program; the officer is told the code."""


class Told(StrEnum):
    """The steps a wallet tells that change what the phone shows."""

    PIN_RIGHT = "pin_right"
    KEY_SENT = "key_sent"
    WAITING = "waiting"
    CARD_KEPT = "card_kept"


_STAGES = tuple(Stage)


class PhoneControl(QObject):
    """Joins window and wallet.

    ``current_qr`` gives the text of the QR that the desk shows now, None where there is
    none. The wallet's ``on_event`` is to be :meth:`hear`; it may be called from any thread.
    ``on_bug`` is told what is neither a result nor a trouble.
    """

    def __init__(
        self,
        window: PhoneWindow,
        wallet: Wallet[Any],
        current_qr: Callable[[], str | None],
        on_bug: Callable[[BaseException], object],
        *,
        poll_ms: int = POLL_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._wallet, self._current_qr = window, wallet, current_qr
        self._on_bug = on_bug
        # The phone's own lanes: its one lane is a thread that no device of the desk shares.
        self._lanes = Lanes(self._bug, self)
        self._screen = PhoneScreen()
        self._kept: tuple[Card, ...] = tuple(wallet.cards)
        self._offer = 0
        self._offers: dict[str, int] = {}
        self._states: dict[str, CardState] = {}
        self._were_usable: set[str] = set()
        self._sent: set[str] = set()
        self._busy = self._asking = self._closed = False
        self._asked_for: tuple[Held, ...] = ()
        self._pin: bytearray | None = None
        self._request: Request | None = None
        self._same: Callable[[], None] = self.go_home
        self._timer = QTimer(self)
        self._timer.setInterval(poll_ms)
        self._timer.timeout.connect(self._poll)
        self._connect()
        self._show(self._screen)

    def _connect(self) -> None:
        window = self._window
        window.scan_requested.connect(self.scan)
        window.offer_accepted.connect(self._accept_offer)
        window.pin_entered.connect(self._redeem)
        window.present_accepted.connect(self._present)
        window.present_declined.connect(self._decline)
        window.retry.connect(self._retry)
        window.card_opened.connect(self._open_card)
        window.home_wanted.connect(self.go_home)

    @property
    def screen(self) -> PhoneScreen:
        """What the window shows."""
        return self._screen

    def close(self) -> None:
        """End waiting and polling and the thread; the PIN is wiped. From the window's thread."""
        self._closed = True
        self._timer.stop()
        self._wallet.close()
        self._lanes.close()
        self._wipe_pin()

    # Work in the phone's thread

    def _do(self, job: Callable[[], Any], done: Callable[[Any], None],
            trouble: Callable[[Trouble], None]) -> None:  # fmt: skip
        if self._busy or self._closed:
            return
        self._busy = True

        def run() -> Any:
            try:
                return job()
            finally:
                self._kept = tuple(self._wallet.cards)
                for card in self._kept:
                    self._offers.setdefault(card.card_id, self._offer)

        def ended(outcome: Callable[[Any], None], value: Any) -> None:
            self._busy = False
            outcome(value)

        self._lanes.run(Lane.SERVICE, run, lambda r: ended(done, r), lambda t: ended(trouble, t))

    def _bug(self, reason: BaseException) -> None:
        self._busy = self._asking = False
        self._wipe_pin()
        self._show(self._with_trouble(BUG, {}, Again.NOTHING))
        self._on_bug(reason)

    def hear(self, event: Event) -> None:
        """What the wallet tells while it works; from any thread."""
        self._lanes.post(lambda: self._heard(event))

    def _heard(self, event: Event) -> None:
        if self._screen.page not in (Page.PIN, Page.PROGRESS):
            return
        if event.step == Told.PIN_RIGHT:
            self._progress(Stage.KEY)
        elif event.step == Told.KEY_SENT:
            self._progress(Stage.SIGNATURE)
        elif event.step == Told.WAITING:
            self._progress(Stage.SIGNATURE, waiting=True)
        elif event.step == Told.CARD_KEPT:
            self._progress(Stage.KEPT, kept=1)

    def _progress(self, stage: Stage, *, waiting: bool = False, kept: int = 0) -> None:
        """Go on to ``stage``; never back."""
        offer = self._screen.offer
        now = self._screen.progress or ProgressView(
            Stage.PIN,
            expected=offer.formats if offer else 1,
            with_pin=offer.needs_pin if offer else True,
        )
        further = max(now.stage, stage, key=_STAGES.index)
        view = replace(now, stage=further, waiting=waiting or now.waiting, kept=now.kept + kept)
        self._show(replace(self._screen, page=Page.PROGRESS, progress=view))

    # Showing

    def _show(self, screen: PhoneScreen) -> None:
        self._screen = replace(screen, cards=self._views())
        self._window.show_screen(self._screen)

    def _ids(self) -> tuple[Held, ...]:
        return wallets.held(self._kept, self._offers)

    def _views(self) -> tuple[CardView, ...]:
        return tuple(self._view(one) for one in self._ids())

    def _view(self, one: Held) -> CardView:
        state = self._states.get(one.card_id, CardState.PREPARED)
        return one.view(state, sent=one.card_id in self._sent)

    def _id_of(self, card_id: str) -> Held | None:
        """The ID that a credential belongs to."""
        return next(
            (one for one in self._ids() if any(card.card_id == card_id for card in one.cards)),
            None,
        )

    def _with_trouble(self, code: str, facts: dict[str, object], again: Again) -> PhoneScreen:
        return PhoneScreen(Page.TROUBLE, trouble=TroubleView(code, facts, again))

    def _trouble(self, reason: Trouble) -> None:
        """A trouble that leaves the step: what may be done again depends on its code."""
        _log.info("phone: trouble %s", reason.code)
        again = Again.SCAN if reason.code in _SCAN_AGAIN else Again.NOTHING
        if reason.code == UNREACHABLE:
            again = Again.SAME
        elif reason.code == TOO_LONG:
            again = Again.CHECK
        offer = self._screen.offer
        screen = self._with_trouble(reason.code, dict(reason.facts), again)
        self._show(replace(screen, offer=offer))

    def go_home(self) -> None:
        """The home page; the state of every ID is asked for once more."""
        if self._busy and self._screen.page in (Page.PIN, Page.PROGRESS):
            return
        self._show(PhoneScreen())
        self._ask(self._ids())

    def _open_card(self, card_id: str) -> None:
        one = self._id_of(card_id)
        if one is not None:
            self._show(PhoneScreen(Page.CARD, card=self._view(one)))
            self._ask((one,))

    # Scanning

    def scan(self, text: str = "") -> None:
        """Read ``text``, or the QR that the desk shows now."""
        if self._busy or self._closed:
            return
        found = text or self._current_qr()
        if not found:
            self._show(PhoneScreen(no_qr=True))
            return
        self._same = lambda: self.scan(found)
        self._show(replace(self._screen, reading=True, no_qr=False))
        self._do(lambda: self._wallet.scan(found), self._scanned, self._trouble)

    def _scanned(self, shown: Offer | Request) -> None:
        if isinstance(shown, Request):
            self._request = shown
            one = self._id_of(shown.card.card_id)
            card = self._view(one) if one else Held((shown.card,)).view(
                CardState.PREPARED, sent=False
            )  # fmt: skip
            view = wallets.request_view(shown, card, self._kept)
            self._show(PhoneScreen(Page.REQUEST, request=view))
        else:
            self._offer += 1
            self._show(PhoneScreen(Page.OFFER, offer=wallets.offer_view(shown)))

    # Receiving

    def _accept_offer(self) -> None:
        offer = self._screen.offer
        if offer is None:
            return
        if offer.needs_pin:
            self._show(PhoneScreen(Page.PIN, offer=offer))
            return
        self._progress(Stage.KEY)
        self._do(lambda: self._wallet.redeem(""), self._received, self._not_received)

    def _redeem(self, pin: bytearray) -> None:
        if self._busy or self._closed:
            _wipe(pin)
            return
        self._pin = pin
        self._show(replace(self._screen, pin=PinView(checking=True)))

        def redeem() -> Sequence[Card]:
            # The wallet takes text, as the form it sends does; the buffer is ours to wipe.
            code = pin.decode("ascii")
            _wipe(pin)
            return self._wallet.redeem(code)

        self._do(redeem, self._received, self._not_received)

    def _received(self, cards: Sequence[Card]) -> None:
        one = self._id_of(cards[-1].card_id) if cards else None
        if one is None:
            self.go_home()
            return
        self._show(PhoneScreen(Page.CARD, card=self._view(one), just_kept=True))
        self._ask((one,))

    def _not_received(self, reason: Trouble) -> None:
        offer = self._screen.offer
        if reason.code == PIN_WRONG and offer is not None:
            tries = reason.facts.get("tries_left")
            left = tries if isinstance(tries, int) else None
            self._show(PhoneScreen(Page.PIN, offer=offer, pin=PinView(wrong=True, tries_left=left)))
            return
        self._same = self._accept_offer
        self._trouble(reason)
        if reason.code == UNREACHABLE and offer is not None and offer.needs_pin:
            trouble = self._screen.trouble
            if trouble is not None:
                self._show(replace(self._screen, trouble=replace(trouble, again=Again.PIN)))

    def _resume(self) -> None:
        progress = ProgressView(Stage.SIGNATURE, waiting=True)
        self._show(replace(self._screen, page=Page.PROGRESS, progress=progress, trouble=None))
        self._do(self._wallet.resume, self._received, self._not_received)

    # Presenting

    def _present(self) -> None:
        self._answer(self._wallet.present, self._presented, self._present)

    def _decline(self) -> None:
        self._answer(
            self._wallet.decline,
            lambda _none: self._show(PhoneScreen(Page.DECLINED)),
            self._decline,
        )

    def _answer(
        self, job: Callable[[], None], done: Callable[[Any], None], same: Callable[[], None]
    ) -> None:
        if self._busy or self._closed:
            return
        self._same = same
        request = self._screen.request
        if request is not None:
            self._show(replace(self._screen, request=replace(request, sending=True)))
        self._do(job, done, self._trouble)

    def _presented(self, _none: None) -> None:
        one = self._id_of(self._request.card.card_id) if self._request else None
        if one is None:
            self.go_home()
            return
        self._sent.add(one.card_id)
        self._show(PhoneScreen(Page.SENT, card=self._view(one)))
        self._timer.start()

    # Status

    def _poll(self) -> None:
        """Until the desk has made usable what was presented, and every list was read."""
        waiting = [one for one in self._ids() if self._is_open(one.card_id)]
        if not waiting:
            self._timer.stop()
        elif not self._asking:
            self._ask(waiting)

    def _is_open(self, card_id: str) -> bool:
        state = self._states.get(card_id, CardState.PREPARED)
        waits = state is CardState.PREPARED and card_id in self._sent
        return waits or state is CardState.UNKNOWN

    def _ask(self, ids: Sequence[Held]) -> None:
        """Ask for the status of ``ids`` behind the holder's own acts, one question at a time."""
        if not ids or self._closed:
            return
        if self._asking:
            self._asked_for = tuple(ids)
            return
        self._asking = True

        def ask() -> dict[str, tuple[Status | None, ...]]:
            return {one.card_id: tuple(self._status(card) for card in one.cards) for one in ids}

        self._lanes.run(Lane.SERVICE, ask, self._asked)

    def _status(self, card: Card) -> Status | None:
        try:
            return self._wallet.status(card)
        except Trouble as reason:
            _log.info("phone: status %s", reason.code)
            return None

    def _asked(self, found: dict[str, tuple[Status | None, ...]]) -> None:
        self._asking = False
        for card_id, statuses in found.items():
            state = wallets.state_of(statuses, was_usable=card_id in self._were_usable)
            self._states[card_id] = state
            if state is CardState.USABLE:
                self._were_usable.add(card_id)
            if self._is_open(card_id):
                self._timer.start()
        card = self._screen.card
        one = self._id_of(card.card_id) if card else None
        screen = replace(self._screen, asking=False)
        self._show(replace(screen, card=self._view(one)) if one else screen)
        again, self._asked_for = self._asked_for, ()
        self._ask(again)

    # Again

    def _retry(self) -> None:
        screen = self._screen
        if screen.page is Page.CARD and screen.card is not None:
            one = self._id_of(screen.card.card_id)
            if one is not None:
                self._show(replace(screen, asking=True))
                self._ask((one,))
            return
        again = screen.trouble.again if screen.trouble else Again.NOTHING
        act = {
            Again.SCAN: self.scan,
            Again.SAME: self._same,
            Again.PIN: self._accept_offer,
            Again.CHECK: self._resume,
        }.get(again)
        if act is not None:
            act()

    def _wipe_pin(self) -> None:
        if self._pin is not None:
            _wipe(self._pin)
            self._pin = None


def _wipe(buffer: bytearray) -> None:
    for place in range(len(buffer)):
        buffer[place] = 0

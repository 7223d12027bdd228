"""What the phone page has made of the open case, and when it is forgotten again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from desk.counter import signing
from desk.counter.readying import Ready
from desk.counter.station import Station
from desk.credential.attestation import UNREAD
from desk.enrollment.trouble import ServiceDown
from desk.issuance.case import State
from desk.issuance.ports import EventKind, KeyRequest, Offer, OfferEvent, OfferNews, OfferOrder
from desk.store.troubles import Full
from desk.ui.control.desk import Desk
from desk.ui.control.phone import PhoneControl
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.navigation import Place
from desk.ui.pages.board import BoardPage
from desk.ui.pages.phone import PhonePage
from desk.ui.printing import Printers
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords
from tests.counter.test_approving import CredentialCard, approved_case, crew, opened, station
from tests.counter.test_requests import phones_request

__all__ = ["opened", "station"]

PATIENCE = 60_000
PIN = b"482915"
NOTHING = OfferNews((), ())


class Service:
    """Places every offer; its news are what a test tells."""

    issuer = "https://issue.example"

    def __init__(self) -> None:
        self.news_of: Queue[OfferNews | None] = Queue()
        self.answers = self.asked = 0
        self.known: list[int] = []
        self.is_away = False
        self.may_place = Event()
        self.may_place.set()

    def place_offer(self, order: OfferOrder) -> Offer:
        assert self.may_place.wait(PATIENCE / 1000)
        if self.is_away:
            raise ServiceDown()
        return Offer(order.offer_id, "openid-credential-offer://?", order.expires_at)

    def void_offer(self, _offer_id: str, _reason: str) -> None: ...

    def get_ready(self) -> None: ...

    def news(self, _offer_id: str, after: int, _wait_s: float) -> OfferNews:
        self.asked += 1
        self.known.append(after)
        told = self.news_of.get()
        if self.is_away:
            raise ServiceDown()
        if told is None:
            self.end()
        return told or NOTHING

    def answer(self, _request: KeyRequest, _credentials: Any) -> None:
        self.answers += 1

    def end(self) -> None:
        """Whoever asks is let go."""
        self.news_of.put(None)


class UnlockedCard(CredentialCard):
    """Takes any PIN."""

    def unlock(self, _pin: object, _last_try: bool) -> None: ...

    def lock(self) -> None: ...


class Window:
    """The phone page with an approved case of one format."""

    def __init__(self, station: Station, look: Look, qtbot: QtBot, folder: Path) -> None:
        self._bot, self.service = qtbot, Service()
        enrollment = replace(station.settings.enrollment, formats=("mdoc",))
        authority = SimpleNamespace(**vars(station.authority) | {"attestations": UNREAD})
        self.station = replace(
            station,
            ready=Ready(),
            link=cast(Any, self.service),
            authority=cast(Any, authority),
            settings=replace(station.settings, enrollment=enrollment),
        )
        self.bugs: list[BaseException] = []
        self.shell, self.lanes = Shell(look), Lanes(self.bugs.append)
        self.desk = Desk(self.station, look, self.shell, self.lanes)
        self.desk.sign_in = cast(Any, SimpleNamespace(officer=crew()[0].officer))
        words = TroubleWords()
        self.page, self.board = PhonePage(look, words), BoardPage(look, words)
        for page in (self.page, self.board):
            self.shell.add_page(page)
        self.control = PhoneControl(self.desk, self.page, Printers("", folder))
        self.desk.set_case(approved_case(self.station))
        self.control.enter(self.desk.the_case())

    @property
    def holds_anything(self) -> bool:
        """When all is done that the lanes were given."""
        for lane in (Lane.SERVICE, Lane.CARD, Lane.RECORDS):
            done: list[object] = []
            self.desk.work(lane, lambda: None, done.append)
            self.until(lambda done=done: bool(done))
        return self.station.ready.holds_anything

    def until(self, condition: Callable[[], bool]) -> None:
        self._bot.waitUntil(lambda: bool(self.bugs) or condition(), timeout=PATIENCE)
        assert not self.bugs

    def is_in(self, state: State) -> bool:
        return self.desk.the_case().state is state

    def placed(self) -> None:
        """The applicant has chosen a PIN; the QR stands."""
        self.control.place(bytearray(PIN))
        self.until(lambda: self.is_in(State.OFFERED))

    def comes(self, *events: OfferEvent, requests: tuple[KeyRequest, ...] = ()) -> None:
        self.service.news_of.put(OfferNews(events, requests))

    def close(self) -> None:
        self.service.end()
        self.lanes.close()
        self.shell.close()
        self.shell.deleteLater()


@pytest.fixture
def window(station: Station, look: Look, qtbot: QtBot, tmp_path: Path) -> Iterator[Window]:
    window = Window(station, look, qtbot, tmp_path)
    yield window
    window.close()


def test_what_needs_no_phone_is_made_while_the_qr_stands(window: Window) -> None:
    assert not window.holds_anything

    window.placed()

    assert window.holds_anything
    assert window.is_in(State.OFFERED)


def withdrawn(window: Window) -> None:
    window.page.new_qr_requested.emit()
    window.until(lambda: window.is_in(State.APPROVED))


def expired(window: Window) -> None:
    now = window.station.now()
    window.comes(OfferEvent(1, EventKind.EXPIRED, now, {}))
    window.until(lambda: window.is_in(State.APPROVED))


def left(window: Window) -> None:
    window.desk.show_beside(Place.BOARD, window.board)


def locked(window: Window) -> None:
    window.desk.is_locked = True
    window.control.cover()


@pytest.mark.parametrize("ended", [withdrawn, expired, left, locked])
def test_it_is_forgotten_when_the_page_has_no_use_for_it(
    window: Window, ended: Callable[[Window], None]
) -> None:
    window.placed()
    assert window.holds_anything

    ended(window)

    assert not window.holds_anything


@pytest.mark.parametrize("left_by", [left, locked])
def test_back_at_the_page_it_is_made_again(
    window: Window, left_by: Callable[[Window], None]
) -> None:
    window.placed()
    left_by(window)
    assert not window.holds_anything

    window.desk.is_locked = False
    window.control.enter(window.desk.the_case())

    assert window.holds_anything


def test_an_offer_that_is_placed_behind_the_lock_makes_nothing(window: Window) -> None:
    """The card left while the order was under way; the page makes it when it is back."""
    window.control.place(bytearray(PIN))
    locked(window)
    window.until(lambda: window.is_in(State.OFFERED))

    assert not window.holds_anything


def test_a_qr_that_failed_behind_another_page_is_not_made_any_more(window: Window) -> None:
    """The applicant's window follows: what it says of a QR on its way is over."""
    followed: list[bool] = []
    window.control.progressed.connect(lambda: followed.append(window.control.placing))
    window.service.may_place.clear()
    window.service.is_away = True
    window.control.place(bytearray(PIN))
    window.desk.show(Step.REVIEW, window.board)
    assert window.control.placing, "the service still has the order"
    window.service.may_place.set()

    window.until(lambda: window.board.banner.code.text() == ServiceDown.code)

    assert not window.control.placing and followed == [True, False]


def test_a_qr_of_a_case_that_was_left_is_not_another_ones(window: Window) -> None:
    window.service.may_place.clear()
    window.control.place(bytearray(PIN))
    other = replace(window.desk.the_case(), number="LA-2026-000999")
    window.desk.set_case(other)

    assert not window.control.placing
    window.service.may_place.set()


def test_it_is_forgotten_when_the_phone_has_its_credential(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = UnlockedCard(window.station)
    monkeypatch.setattr(signing, "case_signer", lambda _station: card)
    window.placed()
    assert window.holds_anything
    case, now = window.desk.the_case(), window.station.now()

    came = OfferEvent(1, EventKind.KEY_RECEIVED, now, {})
    window.comes(came, requests=(phones_request(case, now),))
    window.until(window.control.has_request)
    assert window.holds_anything
    window.page.sign_requested.emit(bytearray(PIN), False)
    window.until(lambda: bool(window.service.answers))
    window.comes(OfferEvent(2, EventKind.ANSWERED, now, {"configuration": "mdoc"}))
    window.until(lambda: window.is_in(State.DELIVERED))

    assert window.desk.step is Step.PHONE
    assert not window.holds_anything


def test_what_a_signature_ran_into_stays_until_the_officer_acts(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next word of the service took it away before anybody could read it."""

    def full(*_all: Any) -> None:
        raise Full()

    card = UnlockedCard(window.station)
    monkeypatch.setattr(signing, "case_signer", lambda _station: card)
    monkeypatch.setattr(signing, "sign_requests", full)
    window.placed()
    case, now = window.desk.the_case(), window.station.now()
    requests = (phones_request(case, now),)
    window.comes(OfferEvent(1, EventKind.KEY_RECEIVED, now, {}), requests=requests)
    window.until(window.control.has_request)

    window.page.sign_requested.emit(bytearray(PIN), False)
    window.until(lambda: told(window, "STORE-04"))
    asked = window.service.asked
    window.comes(requests=requests)
    window.until(lambda: window.service.asked > asked)

    assert told(window, "STORE-04")
    monkeypatch.undo()
    window.page.sign_requested.emit(bytearray(PIN), False)
    assert not told(window, "STORE-04")


def test_a_silent_service_is_told_until_it_answers(window: Window) -> None:
    window.placed()
    window.service.is_away = True
    window.comes()
    window.until(lambda: not window.page.banner.isHidden())

    window.service.is_away = False
    window.control._retry.timeout.emit()
    window.comes()

    window.until(window.page.banner.isHidden)


def told(window: Window, code: str) -> bool:
    banner = window.page.banner
    return not banner.isHidden() and banner.code.text() == code


def test_a_second_phone_raises_the_alarm_during_a_call_too(window: Window) -> None:
    """Nobody listened until the officer was back, and the applicant's window showed on."""
    window.placed()
    followed: list[bool] = []
    window.control.progressed.connect(lambda: followed.append(bool(window.control.events)))
    left(window)

    now = window.station.now()
    window.comes(OfferEvent(1, EventKind.FETCHED, now, {}))
    window.comes(OfferEvent(2, EventKind.FETCHED_AGAIN, now, {"client": "other"}))

    window.until(lambda: bool(window.desk.the_case().held))
    assert window.desk.step is None
    assert followed and all(followed)
    assert window.station.load(window.desk.the_case().number).held == "qr_read_twice"


def test_a_pin_given_just_before_a_call_signs_nothing_behind_it(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes the call is at another page: what is signed is signed before the officer's eyes."""
    may_unlock, card = Event(), UnlockedCard(window.station)

    def slow(_station: Station) -> UnlockedCard:
        assert may_unlock.wait(PATIENCE / 1000)
        return card

    monkeypatch.setattr(signing, "case_signer", slow)
    window.placed()
    case, now = window.desk.the_case(), window.station.now()
    came = OfferEvent(1, EventKind.KEY_RECEIVED, now, {})
    window.comes(came, requests=(phones_request(case, now),))
    window.until(window.control.has_request)

    window.page.sign_requested.emit(bytearray(PIN), False)
    left(window)
    may_unlock.set()
    assert not window.holds_anything

    assert window.control._card is None
    assert window.service.answers == 0
    assert window.control.has_request()


def test_a_service_that_came_back_is_asked_for_everything(window: Window) -> None:
    """It may have been set back to an earlier copy of its database, and count from there: an
    alarm that came after was never heard."""
    window.placed()
    now = window.station.now()
    window.comes(OfferEvent(3, EventKind.FETCHED, now, {}))
    window.until(lambda: window.service.known[-1] == 3)
    window.service.is_away = True
    window.comes()
    window.until(lambda: not window.page.banner.isHidden())

    window.service.is_away = False
    window.control._retry.timeout.emit()
    window.until(lambda: window.service.known[-1] == 0)
    window.comes(
        OfferEvent(1, EventKind.FETCHED, now, {}), OfferEvent(2, EventKind.FETCHED_AGAIN, now, {})
    )

    window.until(lambda: bool(window.desk.the_case().held))
    assert [event.seq for event in window.control.events] == [1, 2]

"""Signing in, locking, handing over and waiting: the covering pages with training cards.

Everything is here but the pages of a case: those come back at the same place in
tests/app/test_window.py.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from desk.cards.piv_data import Slot
from desk.cards.revocation import Revocations
from desk.cards.session import CardSession
from desk.cards.troubles import OtherCard, PinBlocked, WrongPin
from desk.counter import intake
from desk.counter.lockout import CardPaused, StationPaused
from desk.counter.officer_list import HeldOfficers, ListSource
from desk.counter.officers import OfficerUnknown, OtherPost
from desk.counter.readers import ReaderRoles
from desk.counter.records import Records
from desk.counter.settings import load_settings
from desk.counter.station import Authority, Station
from desk.issuance.case import Case
from desk.issuance.eligibility import load_rules
from desk.issuance.officers import ListExpired, Officer
from desk.issuance.posts import load_posts
from desk.store import journal
from desk.store.database import Store, StoreKind
from desk.store.key import RecordsKey, new_key
from desk.store.key_ring import CardKind
from desk.training.authority import TrainingAuthority
from desk.training.bench import CARD_READER, Bench
from desk.training.officers import officers_of, sign_list
from desk.training.piv_card import PivCard
from desk.ui.control.desk import Desk
from desk.ui.control.session import Session
from desk.ui.control.steps import Step
from desk.ui.dialogs import HandOverDialog, close_all, stop_dialog
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.pages.board import BoardPage
from desk.ui.pages.locked import LockedPage, LockReason
from desk.ui.pages.sign_in import SignInPage
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
PIN, WRONG = "123456", "654321"
PATIENCE = 60_000
FIRST, COLLEAGUE, APPROVER, HEAD, ADMINISTRATOR = range(5)


@cache
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW)


@cache
def empty_records() -> tuple[bytes, RecordsKey]:
    """Migrated and empty, made once: migrating costs half a second."""
    key = new_key()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.db"
        Store.open(file, key, StoreKind.TRAINING).close()
        return file.read_bytes(), key


class OpenToAll(Records):
    """Open records, which every officer's card opens."""

    def admit(self, session: CardSession) -> CardKind:
        return CardKind.OFFICER


class Door:
    """A station with its readers and the pages that cover it; the clock is set by hand."""

    def __init__(self, folder: Path, store: Store, look: Look, bot: QtBot) -> None:
        self.bot, self.now, self.folder = bot, NOW, folder
        self.bench = Bench()
        self.cards = [
            PivCard(
                {Slot(slot): pair.private for slot, pair in made.slots.items()},
                {Slot(slot): pair.der for slot, pair in made.slots.items()},
                pin=PIN,
            )
            for made in authority().officers
        ]
        self.station = self._station(store)
        self.sends(self.officers())
        self.shell = Shell(look)
        self.lanes = Lanes(_raise)
        self.desk = Desk(self.station, look, self.shell, self.lanes)
        self.door, self.locked = SignInPage(look), LockedPage(look)
        self.board = BoardPage(look, TroubleWords())
        for page in (self.door, self.locked):
            self.shell.add_full_page(page)
        self.shell.add_page(self.board)
        self.session = Session(self.desk, self.door, self.locked)
        self.came_back: list[bool] = []
        self.session.opened.connect(self.came_back.append)
        self.shell.show()
        self.session.begin()

    def _station(self, store: Store) -> Station:
        settings = load_settings()
        lock = replace(settings.lock, pause_after=2, station_failures=3)
        roots = (authority().officer_root,)
        revocations = Revocations(self.folder / "revocations", roots)
        nothing = cast(Any, None)
        source = ListSource(
            self.folder / "officers.jws", lambda: roots, revocations.check, lambda: self.now
        )
        posts = load_posts()
        return Station(
            home=self.folder,
            settings=replace(settings, lock=lock),
            post=posts.post("LA"),
            posts=posts,
            now=lambda: self.now,
            records=OpenToAll.around(store),
            readers=self.bench,
            roles=ReaderRoles(self.bench, settings.readers),
            trust=nothing,
            officers=HeldOfficers(source),
            authority=Authority((), (), roots, revocations, nothing, nothing),
            profile=nothing,
            rules=load_rules(),
            link=nothing,
            training=True,
        )

    def officers(self) -> tuple[Officer, ...]:
        made = [one.slots[0x9A].der for one in authority().officers]
        return officers_of("LA", [hashlib.sha256(der).hexdigest() for der in made])

    def sends(self, officers: tuple[Officer, ...], number: int = 1) -> None:
        """The ministry's list comes into place."""
        text = sign_list(authority().list_signer, officers, number, NOW)
        (self.folder / "officers.jws").write_text(text)

    # What somebody does

    def put(self, position: int) -> None:
        self.bench.put(CARD_READER, self.cards[position])
        self.until(lambda: self.sees(position))

    def sees(self, position: int) -> bool:
        card, there = self.session._card, self.officers()[position].card
        return card is not None and card.card == there

    def take(self) -> None:
        self.bench.take(CARD_READER)
        self.until(lambda: not self.desk.card_present)

    def until(self, condition: Callable[[], bool]) -> None:
        self.bot.waitUntil(condition, timeout=PATIENCE)

    def asks(self) -> bool:
        """A PIN may be typed into the page that covers the desk."""
        return (self.locked if self.desk.is_locked else self.door).pin.dots.isEnabled()

    def give(self, digits: str = PIN) -> None:
        page = self.locked if self.desk.is_locked else self.door
        self.until(self.asks)
        self.bot.keyClicks(page.pin.dots, digits)
        self.bot.keyClick(page.pin.dots, Qt.Key.Key_Return)
        self.until(lambda: not self.session._busy)

    def sign_in(self, position: int = FIRST) -> None:
        self.put(position)
        self.give()
        self.until(lambda: self.desk.is_open)
        self.desk.show(Step.REVIEW, self.board)

    def begin_case(self) -> Case:
        case = intake.open_case(self.station, self.desk.officer)
        self.desk.set_case(case)
        self.desk.show(Step.PASSPORT, self.board)
        return case

    def asked(self) -> HandOverDialog:
        self.until(lambda: self.session.dialog is not None)
        dialog = self.session.dialog
        assert dialog is not None
        return dialog

    def events(self, kind: str) -> list[dict[str, object]]:
        with self.station.store.read() as session:
            return [dict(one.facts) for one in journal.events(session) if one.kind == kind]

    def logged(self, kind: str) -> dict[str, object]:
        self.until(lambda: bool(self.events(kind)))
        return self.events(kind)[-1]


def _raise(reason: BaseException) -> None:
    raise reason


@pytest.fixture
def door(tmp_path: Path, qtbot: QtBot, look: Look) -> Iterator[Door]:
    content, key = empty_records()
    (tmp_path / "records.db").write_bytes(content)
    store = Store.open(tmp_path / "records.db", key, StoreKind.TRAINING)
    door = Door(tmp_path, store, look, qtbot)
    yield door
    door.session.stop()
    door.bench.stop()
    door.lanes.close()
    store.close()
    door.shell.close()
    door.shell.deleteLater()


# The card leaves


def test_the_window_is_covered_before_the_card_is_asked_anything(door: Door) -> None:
    """What is told of the reader is enough: a card lane that is busy delays nothing."""
    door.sign_in()
    busy, free = threading.Event(), threading.Event()
    door.lanes.run(Lane.CARD, lambda: (busy.set(), free.wait(60)))
    assert busy.wait(60)

    door.bench.take(CARD_READER)
    door.until(lambda: door.desk.is_locked)

    assert door.locked.isVisible() and door.shell.page is None
    free.set()


def test_a_dialog_does_not_stand_over_the_locked_desk(door: Door) -> None:
    """It would still be read, and answered, by whoever comes by."""
    door.sign_in()
    door.session.closed.connect(close_all)  # as the program joins them
    dialog = stop_dialog(door.desk.look, door.shell)
    dialog.open()

    door.take()

    assert not dialog.isVisible() and dialog.result() == QDialog.DialogCode.Rejected


def test_the_same_card_and_pin_bring_back_the_same_case(door: Door) -> None:
    door.sign_in()
    case, page = door.begin_case(), door.shell.page
    door.take()

    door.put(FIRST)
    assert not door.locked.hand_over.isVisible() and door.session.dialog is None
    door.give()
    door.until(lambda: door.desk.is_open)

    assert door.came_back == [False, True]
    assert door.desk.case == case and door.shell.page is page
    assert door.logged("SESSION.UNLOCKED")["certificate"] == door.officers()[FIRST].card


def test_the_next_key_after_the_card_is_its_pins(door: Door) -> None:
    """The focus stayed on «check devices»: whoever typed the PIN typed it nowhere."""
    door.shell.activateWindow()
    door.put(FIRST)
    door.until(lambda: QApplication.focusWidget() is door.door.pin.dots)
    door.give(WRONG)
    door.until(lambda: door.asks() and QApplication.focusWidget() is door.door.pin.dots)
    door.give()
    door.until(lambda: door.desk.is_open)

    door.take()
    assert QApplication.focusWidget() is not door.locked.pin.dots
    door.put(FIRST)

    door.until(lambda: QApplication.focusWidget() is door.locked.pin.dots)


# Handing over


def test_a_handover_is_agreed_to_before_the_other_pin_and_logs_both_cards(door: Door) -> None:
    door.sign_in()
    case, taken = door.begin_case(), []
    door.session.taken_over.connect(lambda: taken.append(door.shell.page))
    page = door.shell.page
    door.take()

    door.put(COLLEAGUE)
    dialog = door.asked()
    assert not door.asks()
    assert "이서준 영사" in dialog.accessibleDescription() and "정유나 영사" in dialog.windowTitle()
    assert dialog.goes_along.isChecked() and dialog.safe.hasFocus()
    dialog.act.click()
    door.give()
    door.until(lambda: door.desk.is_open)

    first, second = door.officers()[:2]
    stored = door.station.load(case.number)
    assert door.desk.officer == second and taken == [page] and door.desk.case == stored
    assert (stored.officer, stored.preparers) == ("T-002", ("T-001", "T-002"))
    assert door.logged("SESSION.HANDED_OVER") == {"certificate": second.card, "from": first.card}
    told = {"from": "T-001", "to": "T-002", "certificate": second.card}
    assert door.logged("CASE.TAKEN_OVER").items() >= told.items()


def test_a_handover_that_is_not_agreed_to_asks_no_pin_and_changes_nothing(door: Door) -> None:
    door.sign_in()
    case = door.begin_case()
    door.take()
    door.put(COLLEAGUE)

    door.asked().safe.click()
    assert door.session.dialog is None and not door.asks()
    pin = bytearray(PIN, "ascii")
    door.locked.pin_given.emit(pin, False)  # whatever sends one
    assert not any(pin) and not door.session._busy

    door.take()
    door.put(FIRST)
    door.give()
    door.until(lambda: door.desk.is_open)
    assert door.desk.officer == door.officers()[FIRST] and door.desk.case == case
    assert not door.events("SESSION.HANDED_OVER")


def test_the_button_asks_again_and_another_card_than_the_agreed_one_opens_nothing(
    door: Door,
) -> None:
    door.sign_in()
    door.take()
    door.bot.mouseClick(door.locked.hand_over, Qt.MouseButton.LeftButton)
    assert door.session.dialog is None
    door.put(COLLEAGUE)
    door.asked().safe.click()

    door.bot.mouseClick(door.locked.hand_over, Qt.MouseButton.LeftButton)
    door.asked().act.click()
    assert door.asks()
    door.take()
    door.put(HEAD)

    assert not door.asks()
    door.asked().safe.click()
    assert door.desk.is_locked


def test_a_card_that_leaves_closes_what_was_asked_of_it(door: Door) -> None:
    door.sign_in()
    door.take()
    door.put(COLLEAGUE)
    dialog = door.asked()

    door.take()

    assert door.session.dialog is None
    # Closed, and by now perhaps let go as well.
    assert not (isValid(dialog) and dialog.isVisible())


def test_an_approver_is_not_made_a_preparer_unasked(door: Door) -> None:
    """Whoever goes on with a case cannot approve it: that is a choice of its own."""
    door.sign_in()
    number = door.begin_case().number
    door.take()

    door.put(APPROVER)
    dialog = door.asked()
    assert not dialog.goes_along.isChecked()
    dialog.act.click()
    door.give()
    door.until(lambda: door.desk.is_open)

    stored = door.station.load(number)
    assert door.came_back == [False, False]
    assert (stored.officer, stored.preparers) == ("T-001", ("T-001",))


def test_whoever_keeps_the_desk_takes_no_case(door: Door) -> None:
    door.sign_in()
    number = door.begin_case().number
    door.take()

    door.put(ADMINISTRATOR)
    dialog = door.asked()
    assert not dialog.goes_along.isVisible() and not dialog.takes_case
    dialog.act.click()
    door.give()
    door.until(lambda: door.desk.is_open)

    assert door.came_back == [False, False]
    assert door.station.load(number).officer == "T-001"


def test_a_card_that_may_not_sign_in_is_no_successor(door: Door) -> None:
    door.sign_in()
    door.sends(tuple(one for one in door.officers() if one.officer_id != "T-002"), 2)
    door.take()

    door.put(COLLEAGUE)

    assert isinstance(door.session._trouble, OfficerUnknown)
    assert door.session.dialog is None and not door.asks()


# Before the PIN


def test_a_card_is_refused_before_its_pin_is_asked_for(door: Door) -> None:
    door.put(FIRST)
    door.until(door.asks)
    others = door.officers()[1:]
    elsewhere = replace(door.officers()[FIRST], post="SF")

    for number, officers, trouble in (
        (2, others, OfficerUnknown),
        (3, (*others, elsewhere), OtherPost),
    ):
        door.sends(officers, number)
        door.desk.ask_card.emit()
        door.until(lambda trouble=trouble: isinstance(door.session._trouble, trouble))
        assert not door.asks()
        assert door.door.banner.code.text() == trouble.code

    door.now += timedelta(days=400)
    door.desk.ask_card.emit()
    door.until(lambda: isinstance(door.session._trouble, ListExpired))
    assert not door.asks()


def test_a_card_that_fails_waits_and_the_time_ends_it(door: Door) -> None:
    door.put(FIRST)
    door.give(WRONG)
    assert isinstance(door.session._trouble, WrongPin)
    door.give(WRONG)
    door.until(lambda: isinstance(door.session._trouble, CardPaused))
    assert not door.asks() and door.door.banner.code.text() == "OFFICER-12"
    assert door.desk.card_tries == 1

    door.now += timedelta(seconds=30)
    door.desk.ticked.emit()
    assert "0분 30초" in door.door.banner.sentence.text() and not door.asks()
    door.now += timedelta(seconds=30)
    door.desk.ticked.emit()
    door.until(door.asks)
    door.door.pin_given.emit(bytearray(PIN, "ascii"), True)
    door.until(lambda: door.desk.is_open)

    assert door.logged("SESSION.LOCKED_OUT")["seconds"] == 60
    assert len(door.events("SESSION.PIN_REFUSED")) == 2


def test_a_blocked_card_is_said_to_be_blocked_and_its_puk_ends_the_wait(door: Door) -> None:
    """Waiting would not open it."""
    door.put(FIRST)
    door.give(WRONG)
    door.give(WRONG)
    door.now += timedelta(minutes=1)
    door.desk.ticked.emit()
    door.until(door.asks)
    door.door.pin_given.emit(bytearray(WRONG, "ascii"), True)
    door.until(lambda: isinstance(door.session._trouble, PinBlocked))
    door.until(lambda: door.desk.card_tries == 0)
    assert door.door.banner.code.text() == "CARD-05" and not door.asks()


def test_failing_cards_stop_the_station_until_who_keeps_it_signs_in(door: Door) -> None:
    for position in (FIRST, COLLEAGUE, APPROVER):
        door.put(position)
        door.give(WRONG)
        door.take()
    door.put(FIRST)
    assert isinstance(door.session._trouble, StationPaused) and not door.asks()
    door.take()

    door.sign_in(HEAD)
    assert door.logged("SESSION.LOCKS_LIFTED")["count"] == 1

    door.take()
    door.put(FIRST)
    door.asked().act.click()
    door.give()
    door.until(lambda: door.desk.is_open)


# Nobody sits there


def test_before_an_idle_desk_locks_it_counts_down_and_a_touch_ends_that(door: Door) -> None:
    door.sign_in()
    idle, banner = door.session.idle, door.board.banner

    idle._warning.timeout.emit()
    assert banner.isVisible() and banner.code.text() == "LOCK-01"
    door.bot.keyClick(door.board, Qt.Key.Key_Shift)
    assert not banner.isVisible() and door.desk.is_open

    idle._warning.timeout.emit()
    idle._end.timeout.emit()
    assert door.desk.is_locked and door.locked.isVisible() and banner.isHidden()
    assert door.session._views.reason is LockReason.IDLE
    assert door.logged("SESSION.LOCKED")["reason"] == "idle"


def test_what_the_page_had_to_say_stands_again_after_the_countdown(door: Door) -> None:
    door.sign_in()
    idle, banner = door.session.idle, door.board.banner
    door.desk.show_trouble(OtherPost(post="LA"))
    said = banner.accessibleName()

    idle._warning.timeout.emit()
    assert banner.code.text() == "LOCK-01"
    door.bot.keyClick(door.board, Qt.Key.Key_Shift)
    assert banner.isVisible() and banner.accessibleName() == said

    idle._warning.timeout.emit()
    door.desk.show_trouble(OfficerUnknown())
    assert banner.code.text() == "LOCK-01"
    idle._end.timeout.emit()
    assert door.desk.is_locked and banner.code.text() == OfficerUnknown.code


def test_what_is_settled_during_the_countdown_does_not_come_back(door: Door) -> None:
    door.sign_in()
    door.desk.show_trouble(OfficerUnknown())

    door.session.idle._warning.timeout.emit()
    door.desk.settle_trouble(OfficerUnknown.code)
    assert door.board.banner.code.text() == "LOCK-01"
    door.bot.keyClick(door.board, Qt.Key.Key_Shift)

    assert not door.board.banner.isVisible()


def test_a_pin_meant_for_the_card_that_was_shown_goes_to_no_other(door: Door) -> None:
    """Cards swapped while it was typed: the other's holder has agreed to nothing."""
    door.sign_in()
    door.take()
    door.put(FIRST)
    door.station.readers.stop()  # nothing more is told of the readers
    door.bench.put(CARD_READER, door.cards[COLLEAGUE])

    door.locked.pin_given.emit(bytearray(WRONG, "ascii"), False)

    door.until(lambda: isinstance(door.session._trouble, OtherCard) or not door.session._busy)
    door.until(lambda: not door.session._busy)
    assert door.desk.is_locked and door.cards[COLLEAGUE].pin_tries == 3

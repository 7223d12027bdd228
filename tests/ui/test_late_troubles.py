"""What an act on one case ran into, when another one stands on the page by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desk.cards.troubles import WrongPin
from desk.counter import approving, closing, intake, offering
from desk.counter.station import Station
from desk.issuance.case import Act, Case, State, advance
from desk.store.troubles import Full
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.hand_over import HandOverControl
from desk.ui.control.phone import PhoneControl
from desk.ui.control.review import ReviewControl
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.navigation import Place
from desk.ui.pages.board import BoardPage
from desk.ui.pages.hand_over import HandOverPage
from desk.ui.pages.phone import PhonePage
from desk.ui.pages.review import ReviewPage
from desk.ui.parts.button import Button
from desk.ui.parts.frame import Page
from desk.ui.parts.verdict import Banner
from desk.ui.printing import Printers
from desk.ui.program import report_bug
from desk.ui.shell import Shell
from desk.ui.troubles import Spoken, TroubleWords
from tests.counter.test_approving import approved_case, crew, new_case, opened, station

__all__ = ["opened", "station"]

PATIENCE = 60_000


class Window:
    """Pages of a case and the home page, over real records."""

    def __init__(self, station: Station, look: Look, folder: Path, qtbot: QtBot) -> None:
        self._bot, self.station = qtbot, station
        self.bugs: list[BaseException] = []
        self.reports_bugs = False
        self.shell, self.lanes = Shell(look), Lanes(self._bug)
        self.desk = Desk(station, look, self.shell, self.lanes)
        self.desk.sign_in = cast(Any, SimpleNamespace(officer=crew()[0].officer))
        troubles = TroubleWords()
        self.review_page, self.phone_page = ReviewPage(look, troubles), PhonePage(look, troubles)
        self.hand_over_page, self.board = HandOverPage(look), BoardPage(look, troubles)
        printers = Printers("", folder)
        self.told: list[tuple[Page, str]] = []
        for page in (self.review_page, self.phone_page, self.hand_over_page, self.board):
            self.shell.add_page(page)
            self._listen(page)
        self.review = ReviewControl(self.desk, self.review_page)
        self.phone = PhoneControl(self.desk, self.phone_page, printers)
        self.hand_over = HandOverControl(self.desk, self.hand_over_page, printers)

    def _bug(self, reason: BaseException) -> Trouble | None:
        if self.reports_bugs:
            return report_bug(reason)
        self.bugs.append(reason)
        return None

    def late(self) -> list[tuple[str, str, str]]:
        """Code, title and sentence of what stands above the shown page's own banner."""
        page = self.shell.page
        shown = [one for one in page.late if not one.isHidden()] if page is not None else []
        return [(one.code.text(), one.title.text(), one.sentence.text()) for one in shown]

    def late_codes(self) -> list[str]:
        return [code for code, _title, _sentence in self.late()]

    def _listen(self, page: Page) -> None:
        """Note what its banner says, however soon it is drawn anew."""
        show = page.show_trouble

        def shown(spoken: Spoken | None, *more: Any) -> None:
            if spoken is not None:
                self.told.append((page, spoken.code))
            show(spoken, *more)

        page.show_trouble = shown  # type: ignore[method-assign]

    def open(self, case: Case, enter: Callable[[Case], None]) -> None:
        self.desk.set_case(case)
        enter(case)

    def to_board(self) -> None:
        self.desk.show_place(Place.BOARD, self.board)

    def settle(self, *lanes: Lane) -> None:
        for lane in (*lanes, Lane.RECORDS):
            done: list[object] = []
            self.desk.work(lane, lambda: None, done.append)
            self.until(lambda done=done: bool(done))

    def until(self, condition: Callable[[], bool]) -> None:
        self._bot.waitUntil(lambda: bool(self.bugs) or condition(), timeout=PATIENCE)
        assert not self.bugs

    def close(self) -> None:
        self.desk.case = None
        self.lanes.close()
        self.shell.close()
        self.shell.deleteLater()


@pytest.fixture
def window(station: Station, look: Look, tmp_path: Path, qtbot: QtBot) -> Iterator[Window]:
    window = Window(station, look, tmp_path, qtbot)
    yield window
    window.close()


class Late:
    """An act that runs into ``trouble``, once it is let."""

    def __init__(self, trouble: Exception) -> None:
        self._trouble, self._may_fail = trouble, Event()

    def __call__(self, *_all: object) -> Any:
        assert self._may_fail.wait(60)
        raise self._trouble

    def fail(self) -> None:
        self._may_fail.set()


def refused_case(station: Station) -> Case:
    case = new_case(station)
    return station.save(None, advance(case, Act.REFUSE, station.now()), "CASE.REFUSED")


def test_a_card_that_refuses_one_case_says_nothing_on_the_next_ones_review(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """«Wrong PIN» stood above another applicant's approval, for which nobody had typed one. The
    card's tries are asked for all the same, and at the case itself it is told."""
    late, asked = Late(WrongPin(2)), []
    monkeypatch.setattr(approving, "sign_as_preparer", late)
    window.desk.ask_card.connect(lambda: asked.append(True))
    first, second = (new_case(window.station, exception=False) for _ in range(2))
    window.open(first, window.review.enter)
    window.review_page.approve_requested.emit(bytearray(b"246813"), False)

    window.open(second, window.review.enter)
    late.fail()
    window.settle(Lane.CARD)

    assert window.told == []
    assert window.late() == []
    assert asked
    window.open(first, window.review.enter)
    assert len(window.late()) == 1


def test_what_an_opened_item_ran_into_says_nothing_on_the_next_ones_review(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And at home, where no case stands, it is told."""
    late = Late(Full())
    monkeypatch.setattr(approving, "open_item", late)
    first, second = (new_case(window.station) for _ in range(2))
    window.open(first, window.review.enter)
    window.review_page.item_opened.emit("difference:name")
    window.open(second, window.review.enter)
    late.fail()
    window.settle()
    assert window.told == []

    window.review_page.item_opened.emit("difference:name")
    window.to_board()
    window.settle()
    assert window.told == []
    assert "STORE-04" in window.late_codes()


def test_a_slip_that_could_not_be_made_says_nothing_on_the_next_ones_hand_over(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was said of the next applicant's, whose slip had come out."""
    late, make = Late(Full()), closing.print_slip
    monkeypatch.setattr(closing, "print_slip", late)
    first, second = (refused_case(window.station) for _ in range(2))
    window.open(first, window.hand_over.enter)
    window.until(lambda: window.hand_over._printing)

    window.open(second, window.hand_over.enter)
    monkeypatch.setattr(closing, "print_slip", make)
    late.fail()
    window.until(window.hand_over.is_printed)
    window.settle()

    assert window.told == []
    assert window.desk.the_case().number == second.number


def closing_fails(window: Window, monkeypatch: pytest.MonkeyPatch) -> tuple[Late, Case]:
    """A case whose close was asked for, and fails when it is told to."""
    late = Late(Full())
    monkeypatch.setattr(closing, "close_case", late)
    case = refused_case(window.station)
    window.open(case, window.hand_over.enter)
    window.until(window.hand_over.is_printed)
    window.hand_over_page.close_requested.emit()
    return late, case


def test_a_case_that_could_not_be_closed_says_nothing_at_the_next_ones_hand_over(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, _first = closing_fails(window, monkeypatch)
    second = refused_case(window.station)

    window.open(second, window.hand_over.enter)
    late.fail()
    window.until(window.hand_over.is_printed)
    window.settle()

    assert window.told == []
    assert window.late() == []


def test_a_qr_that_could_not_be_made_says_nothing_at_the_next_ones_hand_over(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phone page has told it wherever the officer was by then."""
    late = Late(Full())
    monkeypatch.setattr(offering, "place_offer", late)
    monkeypatch.setattr(approving, "demand_approved", lambda *_all: None)
    first, second = approved_case(window.station), refused_case(window.station)
    assert first.state is State.APPROVED
    window.open(first, window.phone.enter)
    window.phone.place(bytearray(b"482915"))

    window.open(second, window.hand_over.enter)
    late.fail()
    window.settle(Lane.SERVICE)
    window.until(window.hand_over.is_printed)
    window.settle()

    assert window.told == []
    assert not window.phone.placing
    window.open(first, window.phone.enter)
    assert not window.phone.placing
    assert window.late_codes() == ["STORE-04"]


class Answered:
    """The dialog of «cancel», confirmed."""

    def __init__(self, *_all: object) -> None:
        pass

    def exec(self) -> bool:
        return True

    def answer(self) -> tuple[str, str]:
        return "applicant_left", ""


def cancel_and_go_on(
    window: Window, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> tuple[Case, Case]:
    """«Cancel» is confirmed at one case, and fails when the next one is open."""
    late = Late(trouble)
    monkeypatch.setattr(intake, "cancel", late)
    monkeypatch.setattr("desk.ui.control.phone.cancel_dialog", Answered)
    first, second = approved_case(window.station), new_case(window.station)
    window.open(first, window.phone.enter)
    window.phone_page.cancel_requested.emit()
    window.open(second, window.review.enter)
    late.fail()
    window.settle(Lane.SERVICE)
    return first, second


def test_a_cancel_that_failed_after_the_next_case_was_opened_is_told_at_home_and_at_its_case(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The officer believed it cancelled; it still stood approved, and nothing said so."""
    first, second = cancel_and_go_on(window, monkeypatch, Full())
    assert window.told == []
    assert window.late() == []

    window.to_board()
    [(code, title, _sentence)] = window.late()
    assert code == "STORE-04"
    assert first.number in title
    window.open(second, window.review.enter)
    assert window.late() == []

    window.open(first, window.phone.enter)
    [(code, title, _sentence)] = window.late()
    assert code == "STORE-04"
    assert first.number not in title
    window.phone.render()
    assert window.late_codes() == ["STORE-04"]

    window.to_board()
    assert window.late() == []
    window.open(first, window.phone.enter)
    assert window.late() == []


def test_a_bug_in_an_act_of_another_case_is_told_with_its_reference(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.reports_bugs = True
    monkeypatch.setattr("secrets.token_hex", lambda _count: "0badcafe")
    first, _second = cancel_and_go_on(window, monkeypatch, KeyError("x"))
    assert window.late() == []

    window.to_board()
    [(code, title, sentence)] = window.late()
    assert code == "DESK-01"
    assert first.number in title
    assert "0badcafe" in sentence or "0badcafe" in _next(window)


def _next(window: Window) -> str:
    page = window.shell.page
    return page.late[0].next.text() if page is not None else ""


def test_a_case_that_could_not_be_closed_is_told_at_home(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hand-over's page tells only where it stands: the pictures of a case that the officer
    had left for the board were not wiped, and nothing said so."""
    late, case = closing_fails(window, monkeypatch)
    window.to_board()
    late.fail()
    window.settle()

    [(code, title, _sentence)] = window.late()
    assert code == "STORE-04"
    assert case.number in title
    wanted: list[str] = []
    window.board.case_wanted.connect(wanted.append)
    (banner,) = window.board.late
    [open_it] = banner.findChildren(Button)
    assert case.number in open_it.accessibleName()
    open_it.click()
    assert wanted == [case.number]
    window.open(case, window.hand_over.enter)
    assert window.late_codes() == ["STORE-04"]
    # It is there already.
    assert window.hand_over_page.late[0].findChildren(Button) == []


def test_a_button_that_is_another_cases_now_rests_and_stands_where_it_is_read(
    look: Look, qtbot: QtBot
) -> None:
    page, spoken = BoardPage(look, TroubleWords()), TroubleWords().of("STORE-04", "ko", {})
    qtbot.addWidget(page)
    page.show()
    page.show_late([(spoken, "LA-1"), (spoken, "LA-2")])
    assert page.area.findChildren(Banner) == [*page.late, page.banner]
    qtbot.waitUntil(page._guard.isHidden, timeout=PATIENCE)

    page.show_late([(spoken, "LA-1"), (spoken, "LA-2")])
    assert page._guard.isHidden()
    page.show_late([(spoken, "LA-2")])
    assert not page._guard.isHidden()


def test_what_an_act_ran_into_is_over_once_the_same_act_succeeds(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _second = cancel_and_go_on(window, monkeypatch, Full())
    window.open(first, window.phone.enter)
    assert window.late_codes() == ["STORE-04"]

    monkeypatch.setattr(intake, "cancel", lambda *_all: first)
    window.phone_page.cancel_requested.emit()
    window.settle(Lane.SERVICE)
    assert window.late() == []


def test_behind_the_lock_nothing_is_told_and_after_it_all_is(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also to another officer: it is about the case."""
    late, _case = closing_fails(window, monkeypatch)
    window.to_board()
    cover = QWidget()
    window.shell.add_full_page(cover)
    window.desk.is_locked = True
    window.shell.show_full(cover)
    late.fail()
    window.settle()
    assert all(one.isHidden() for one in window.board.late)

    window.desk.sign_in = cast(Any, SimpleNamespace(officer=crew()[1].officer))
    window.desk.is_locked = False
    window.shell.uncover()
    window.desk.tell_late()
    assert window.late_codes() == ["STORE-04"]


def test_what_the_page_itself_says_is_not_said_twice(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act of a page that was left and entered again meanwhile: drawn anew the page forgot
    it."""
    late, case = closing_fails(window, monkeypatch)
    window.open(case, window.hand_over.enter)
    late.fail()
    window.settle()
    assert window.late_codes() == ["STORE-04"]

    window.hand_over._failed(Full())
    assert not window.hand_over_page.banner.isHidden()
    assert window.late() == []


def test_no_guest_reads_what_another_ones_card_was_told(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """«Two tries left» above the PIN of the next approver at a lent reader."""
    first, _second = cancel_and_go_on(window, monkeypatch, Full())
    window.desk.is_lent = True
    window.open(first, window.phone.enter)
    assert window.late() == []

    window.desk.is_lent = False
    window.desk.tell_late()
    assert window.late_codes() == ["STORE-04"]


def test_a_qr_that_could_not_be_made_behind_the_lock_is_told_after_it(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phone's page is entered anew after the lock, and forgets what it was told behind it."""
    late = Late(Full())
    monkeypatch.setattr(offering, "place_offer", late)
    monkeypatch.setattr(approving, "demand_approved", lambda *_all: None)
    case, cover = approved_case(window.station), QWidget()
    window.open(case, window.phone.enter)
    window.phone.place(bytearray(b"482915"))
    window.shell.add_full_page(cover)
    window.desk.is_locked = True
    window.shell.show_full(cover)
    late.fail()
    window.settle(Lane.SERVICE)
    assert all(one.isHidden() for one in window.phone_page.late)

    window.desk.is_locked = False
    window.shell.uncover()
    window.phone.enter(window.desk.the_case())
    assert window.late_codes() == ["STORE-04"]

"""After-care in the window, with a phone that holds what it is about: what the desk decides is
read from the published list, as a relying service would read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.scripted import APPROVER
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import aftercare, intake
from desk.counter.holdings import Deed, Standing
from desk.counter.station import Station
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.issuance.aftercare import CareAct
from desk.issuance.case import State
from desk.training.applicants import Applicant
from desk.ui.applicant.snapshot import Page
from desk.ui.control import aftercare as aftercare_control
from desk.ui.control.steps import Step
from desk.ui.pages.locked import LockReason
from tests.journey.acts import Counter, Holder, only_case, opened, settings_with
from tests.ui.officer import drop_all

PATIENCE = 60_000
NO_KEYS = Qt.KeyboardModifier.NoModifier


@dataclass
class Window:
    """Somebody before the window, with keys and cards."""

    stage: Stage
    bot: QtBot
    holder: Holder
    number: str

    def until(self, condition: Callable[[], object]) -> None:
        self.bot.waitUntil(condition, timeout=PATIENCE)

    def sign_in(self, position: int = 0) -> None:
        program = self.stage.program
        self.stage.insert_card(position)
        self.until(lambda: program.desk.card_present)
        program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        self.until(lambda: program.shell.page is program.pages.board)

    def press(
        self, key: Qt.Key, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """A key as the system brings it, to whatever window is in front."""
        front = QApplication.activeModalWidget() or self.stage.program.window
        # A dialog that closed gives way to its window only where there is a window manager.
        front.activateWindow()
        self.until(front.isActiveWindow)
        QTest.keyClick(front.windowHandle(), key, keys)
        QApplication.processEvents()

    def type(self, text: str) -> None:
        """Into the field that has the focus; Hangul comes from the input method."""
        if text.isascii():
            QTest.keyClicks(self.focus, text)
        else:
            event = QInputMethodEvent()
            event.setCommitString(text)
            QApplication.sendEvent(self.focus, event)
        QApplication.processEvents()

    @property
    def focus(self) -> QWidget:
        front = QApplication.activeModalWidget() or self.stage.program.window
        focused = front.focusWidget()
        assert focused is not None
        return focused

    def status(self) -> set[Status]:
        """What the published list says of everything on the phone."""
        return {self.holder.phone.status(card) for card in self.holder.cards}

    def swap_card(self, position: int) -> None:
        session = self.stage.program.session
        self.stage.pull_card()
        self.until(lambda: session.own_card_left)
        self.stage.insert_card(position)


@contextmanager
def window_of(
    home: Path, service: ServiceProcess, qtbot: QtBot, *, proven: bool
) -> Iterator[Window]:
    settings = settings_with(service.url)
    with opened(home, settings=settings) as rehearsal:
        holder = Holder(rehearsal.authority)
        case = only_case(rehearsal)
        assert case is not None
        counter = Counter.begin(rehearsal)
        case = counter.deliver(case, holder)
        if proven:
            counter.prove(case, holder)
    front = make_front(settings, training=True, language="ko")
    rehearsal = open_rehearsal(Home.make(home), whole=False, settings=settings)
    stage = Stage(front, rehearsal)
    try:
        stage.show_windows()
        stage.program.window.activateWindow()
        yield Window(stage, qtbot, holder, case.number)
    finally:
        stage.close()
        drop_all()
        holder.close()


def born(person: Applicant) -> str:
    return f"{person.birth_date:%Y%m%d}"


def test_a_loss_call_needs_no_mouse_and_leaves_the_open_case_as_it_is(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot
) -> None:
    """F7 in the middle of another applicant's case: name, birth date, suspend, and back."""
    with window_of(approved_home, service, qtbot, proven=True) as desk:
        program, person = desk.stage.program, desk.stage.rehearsal.people[0]
        page, control = program.pages.aftercare, program.aftercare
        desk.press(Qt.Key.Key_F7)
        assert program.shell.page is None, "nobody is signed in"
        desk.sign_in()
        program.pages.board.new_case.emit()
        desk.until(lambda: program.shell.page is program.pages.passport)
        open_case = program.desk.the_case().number
        sees = program.applicant_window._screen.page

        desk.press(Qt.Key.Key_F7)
        assert program.shell.page is page
        assert program.applicant_window._screen.page is sees
        assert desk.focus is page.call.name_field
        desk.type(person.hangul)
        desk.press(Qt.Key.Key_Tab)
        desk.type(born(person))
        desk.until(lambda: control._holding is not None)
        assert control._holding is not None
        assert control._holding.number == desk.number
        assert desk.focus is page.suspend
        desk.press(Qt.Key.Key_Space)
        desk.until(lambda: control.dialog is not None and control.dialog.isVisible())
        dialog = control.dialog
        assert dialog is not None
        assert desk.focus is dialog.safe
        assert not dialog.act.isEnabled()
        while desk.focus is not dialog.asked:
            desk.press(Qt.Key.Key_Tab)
        desk.press(Qt.Key.Key_Space)
        while desk.focus is not dialog.act:
            desk.press(Qt.Key.Key_Tab)
        desk.press(Qt.Key.Key_Space)
        desk.until(lambda: control._holding is not None and control._holding.published)
        desk.until(lambda: standing(desk) is Standing.SUSPENDED)

        assert desk.status() == {Status.SUSPENDED}
        assert page.undo.isVisible()
        # The next key takes it back; it led to the history, away from the page and its minute.
        desk.until(lambda: desk.focus is page.undo)
        desk.press(Qt.Key.Key_Space)
        desk.until(lambda: standing(desk) is Standing.USABLE)
        assert program.shell.page is page
        desk.until(lambda: desk.focus is page.suspend)
        assert program.desk.the_case().number == open_case
        desk.press(Qt.Key.Key_F7)
        desk.until(lambda: program.shell.page is program.pages.passport)
        assert program.desk.the_case().number == open_case
        assert program.station.load(open_case).state is State.OPENED


def standing(desk: Window) -> Standing | None:
    one = desk.stage.program.aftercare._holding
    return one.standing if one is not None and one.published else None


def test_a_slip_of_the_hand_and_a_call_nobody_is_found_for(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a list that does not go out at first: the page says so until it is out."""
    publish, tried, is_back = aftercare.publish_due, [0], [False]

    def away(station: Station) -> bool:
        tried[0] += 1
        return publish(station) if is_back[0] else False

    monkeypatch.setattr(aftercare, "publish_due", away)
    monkeypatch.setattr(aftercare_control, "PUBLISH_AGAIN", 1)
    with window_of(approved_home, service, qtbot, proven=True) as desk:
        program, person = desk.stage.program, desk.stage.rehearsal.people[0]
        page, control = program.pages.aftercare, program.aftercare
        desk.sign_in()
        desk.press(Qt.Key.Key_F7)
        desk.type("아무개")
        desk.press(Qt.Key.Key_Tab)
        desk.type(born(person))
        desk.until(lambda: control._found == ())
        assert page.nobody.isVisible()
        assert not page.suspend.isVisible()

        desk.press(Qt.Key.Key_F7)
        assert page.call.name_field.text() == ""
        document = program.station.load(desk.number).document
        assert document is not None
        desk.type(document.latin_name.lower())
        desk.press(Qt.Key.Key_Return)
        desk.type(born(person))
        desk.until(lambda: control._holding is not None)
        desk.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        desk.until(lambda: control.dialog is not None)
        assert control.dialog is not None
        control.dialog.asked.click()
        control.dialog.act.click()
        desk.until(lambda: tried[0] > 1)
        assert "아직 반영되지 않음" in page.verdict.sentence.text()
        assert desk.status() == {Status.VALID}
        is_back[0] = True
        desk.until(lambda: standing(desk) is Standing.SUSPENDED)
        assert desk.status() == {Status.SUSPENDED}
        page.undo.click()
        desk.until(lambda: standing(desk) is Standing.USABLE)

        assert desk.status() == {Status.VALID}
        assert not page.undo.isVisible()


def sign(desk: Window) -> None:
    dialog = desk.stage.program.aftercare.two_cards.dialog
    assert dialog is not None
    desk.until(lambda: dialog._view is not None and dialog._view.ready)
    desk.bot.keyClicks(dialog.pin.dots, TRAINING_PIN)
    assert dialog.act.isEnabled()
    dialog.act.click()


def test_two_cards_activate_and_two_cards_revoke(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot
) -> None:
    """The phone cannot present: at the hand-over two cards make it usable, one after the other
    in the reader, and no page calls that proven. Then it is revoked from after-care: the desk
    locks after the first signature, and the approver's own session gives the second."""
    with window_of(approved_home, service, qtbot, proven=False) as desk:
        program = desk.stage.program
        cards = program.aftercare.two_cards
        desk.sign_in()
        program.pages.board.case_opened.emit(desk.number)
        desk.until(lambda: program.desk.step is Step.PROOF)
        program.go_to(Step.HAND_OVER)
        program.pages.hand_over.activate_asked.emit()
        desk.until(lambda: cards.dialog is not None and cards.dialog.isVisible())
        assert cards.dialog is not None
        choose(cards.dialog.reason, "app_cannot")
        sign(desk)
        desk.until(lambda: cards._turn == 1)
        assert program.station.load(desk.number).state is State.DELIVERED
        desk.swap_card(0)
        desk.until(lambda: cards._second is not None)
        assert not cards.dialog.act.isEnabled(), "the same person's card"
        desk.stage.pull_card()
        desk.until(lambda: cards._second is None)
        desk.stage.insert_card(APPROVER)
        sign(desk)
        desk.until(lambda: program.desk.is_locked)

        active = program.station.load(desk.number)
        assert active.state is State.ACTIVATED
        assert active.proof is None
        assert active.activation is not None
        assert active.activation.officers == ("T-001", "T-003")
        desk.until(lambda: desk.status() == {Status.VALID})
        unlock(desk)
        desk.until(lambda: program.desk.the_case().state is State.ACTIVATED)
        desk.until(lambda: program.shell.page is program.pages.hand_over)
        assert program.pages.hand_over.verdict.title.text() == "사용 가능 · 확인 없이"
        desk.until(program.hand_over.is_printed)

        program.aftercare.show_holding(desk.number)
        desk.until(lambda: standing(desk) is Standing.USABLE)
        program.pages.aftercare.deed_asked.emit(Deed.REVOKE.value)
        assert cards.dialog is not None
        choose(cards.dialog.reason, "own_request")
        cards.dialog.basis.setText("신청서 2026-11")
        assert not cards.dialog.act.isEnabled()
        cards.dialog.word.setText("폐지")
        sign(desk)
        desk.until(lambda: cards._turn == 1)
        program.session.lock(LockReason.BY_OFFICER)
        assert cards.dialog is None
        hand_over(desk, APPROVER)
        program.aftercare.show_holding(desk.number)
        desk.until(lambda: standing(desk) is Standing.USABLE)
        row = program.pages.aftercare.deeds.rows[Deed.REVOKE]
        assert row.button.text() == "둘째 카드…"
        row.button.click()
        assert cards.dialog.given == ("own_request", "신청서 2026-11")
        cards.dialog.word.setText("폐지")
        sign(desk)
        desk.until(lambda: standing(desk) is Standing.REVOKED)

        assert desk.status() == {Status.INVALID}
        assert program.desk.is_open
        assert program.desk.officer.officer_id == "T-003"


@pytest.mark.parametrize("here", [True, False], ids=["here", "at another desk"])
def test_a_case_that_ended_behind_a_call_is_not_asked_for_a_proof_any_more(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, here: bool
) -> None:
    """It was revoked while it waited. The applicant's window showed its QR on, and the page that
    the officer came back to said that another one was being made."""
    with window_of(approved_home, service, qtbot, proven=False) as desk:
        program = desk.stage.program
        desk.sign_in()
        program.pages.board.case_opened.emit(desk.number)
        desk.until(lambda: program.proof.check is not None)
        desk.until(lambda: program.applicant_window._screen.page is Page.PROVE)
        desk.press(Qt.Key.Key_F7)
        assert program.shell.page is program.pages.aftercare

        station, officer = program.station, program.desk.officer
        intake.cancel(station, officer, station.load(desk.number), "applicant_left")
        statement = SimpleNamespace(act=CareAct.REVOKE, case_number=desk.number)
        if here:
            program.aftercare.two_cards.done.emit(SimpleNamespace(statement=statement))
            desk.until(lambda: program.applicant_window._screen.page is not Page.PROVE)

        assert program.shell.page is program.pages.aftercare
        desk.press(Qt.Key.Key_F7)
        desk.until(lambda: program.shell.page is program.pages.hand_over)
        assert program.desk.the_case().state is State.CANCELLED


def choose(field: object, key: str) -> None:
    """As somebody picks a line of the list."""
    field.setCurrentIndex(field.findData(key))  # type: ignore[attr-defined]
    field.chosen.emit(key)  # type: ignore[attr-defined]


def hand_over(desk: Window, position: int) -> None:
    """Another officer goes on at the locked desk."""
    program = desk.stage.program
    desk.stage.pull_card()
    desk.until(lambda: not program.desk.card_present)
    desk.stage.insert_card(position)
    desk.until(lambda: program.session.dialog is not None)
    assert program.session.dialog is not None
    program.session.dialog.act.click()
    program.pages.locked.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
    desk.until(lambda: program.desk.is_open)


def unlock(desk: Window) -> None:
    program = desk.stage.program
    desk.until(lambda: program.desk.is_locked)
    desk.stage.pull_card()
    desk.until(lambda: not program.desk.card_present)
    desk.stage.insert_card(0)
    desk.until(lambda: program.desk.card_present)
    program.pages.locked.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
    desk.until(lambda: program.desk.is_open)


pytestmark = pytest.mark.usefixtures("qapp")

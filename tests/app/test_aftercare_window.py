"""After-care in the window with everything behind it: cards that leave, banners, keys alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN
from desk.app.scripted import APPROVER
from desk.counter import aftercare, holdings, renewal
from desk.counter.holdings import Deed, Standing
from desk.counter.renewal import UnderWay
from desk.issuance.aftercare import StatementOver, SuspendReason
from desk.store.troubles import Busy
from desk.ui.aftercare_dialogs import TwoCardsActDialog
from desk.ui.control.aftercare import AftercareControl
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from tests.app.test_changes_window import NUMBER, issued
from tests.app.test_window import Trainee, open_stage
from tests.ui.officer import drop_all

COLLEAGUE, ADMINISTRATOR = 1, 4
"""Another officer, who approves nothing; somebody without after-care."""


@pytest.fixture
def trainee(tmp_path: Path, qtbot: QtBot) -> Iterator[Trainee]:
    stage = open_stage(Home.make(tmp_path / "home"))
    yield Trainee(stage, qtbot)
    stage.close()
    drop_all()


def at_holding(trainee: Trainee) -> AftercareControl:
    """Signed in, and somebody's credential stands on the page."""
    trainee.sign_in()
    issued(trainee.program.station)
    control = trainee.program.aftercare
    control.show_holding(NUMBER)
    trainee.until(lambda: control._holding is not None)
    return control


def revoking(trainee: Trainee) -> TwoCardsActDialog:
    """Everything given but the press of the button."""
    trainee.program.pages.aftercare.deed_asked.emit("revoke")
    dialog = trainee.program.aftercare.two_cards.dialog
    assert dialog is not None
    dialog.reason.setCurrentIndex(0)
    dialog.reason.activated.emit(0)
    dialog.basis.setText("LA-REG-2026-0311")
    dialog.word.setText(dialog.say("ask.word"))
    trainee.until(lambda: dialog._view is not None and dialog._view.ready)
    QTest.keyClicks(dialog.pin.dots, TRAINING_PIN)
    return dialog


def test_a_card_pulled_while_it_signs_leaves_no_name_over_the_locked_desk(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog names the holder. What a banner says is there until the officer goes on, and
    F5 shows what a colleague has done meanwhile."""
    control, program = at_holding(trainee), trainee.program
    page = program.pages.aftercare
    in_the_way = UnderWay(case="LA-2026-000777", window="2")
    with monkeypatch.context() as patch:
        patch.setattr(renewal, "why_not", lambda *_asked: in_the_way)
        page.deed_asked.emit("reissue")
        trainee.until(page.banner.isVisible)
    program.desk.ticked.emit()
    assert page.banner.isVisible() and page.banner.code.text() == UnderWay.code

    other = list(program.station.officers.values())[COLLEAGUE]
    reason = SuspendReason.OWN_REQUEST
    suspended = aftercare.suspend(program.station, other, NUMBER, reason, publish=False)
    assert control._holding is not None and control._holding.standing is Standing.USABLE
    page.refresh()
    trainee.until(lambda: control._holding.standing is suspended.standing)

    dialog, free = revoking(trainee), threading.Event()
    assert not page.banner.isVisible()
    program.lanes.run(Lane.CARD, lambda: free.wait(60))
    dialog.act.click()
    assert dialog._view is not None and dialog._view.busy
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)

    assert not (isValid(dialog) and dialog.isVisible())
    free.set()
    trainee.until(lambda: not program.desk.card_present)
    assert control.two_cards.dialog is None and not program.session._is_lent


class Keys:
    """Somebody who uses nothing but the keyboard."""

    def __init__(self, trainee: Trainee) -> None:
        stage = trainee.stage
        for other in (stage.bench, stage.phone_window, trainee.program.applicant_window):
            other.hide()
        self._trainee = trainee
        self.come_back()

    def come_back(self) -> None:
        """The system's part: the window that stood below a dialog is the active one again."""
        window = self._trainee.program.window
        window.activateWindow()
        self._trainee.until(window.isActiveWindow)

    @property
    def focus(self) -> QWidget:
        focus = QApplication.focusWidget()
        assert focus is not None, "the next key would go nowhere"
        return focus

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.focus, key)
        QApplication.processEvents()

    def type(self, words: str) -> None:
        """Letters of another script come from an input method."""
        if words.isascii():
            QTest.keyClicks(self.focus, words)
        else:
            typed = QInputMethodEvent()
            typed.setCommitString(words)
            QApplication.sendEvent(self.focus, typed)

    def to(self, wanted: QWidget) -> None:
        """Tab until ``wanted`` has the focus."""
        for _ in range(40):
            if self.focus is wanted:
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab never comes to {wanted.accessibleName()}")


def test_a_credential_is_revoked_by_keys_alone_and_no_pin_is_asked_of_who_may_not(
    trainee: Trainee,
) -> None:
    """The call, the question for another phone left by Esc, two cards with a wrong PIN between."""
    program, stage = trainee.program, trainee.stage
    page, control = program.pages.aftercare, program.aftercare
    trainee.sign_in()
    issued(program.station)
    keys = Keys(trainee)
    keys.press(Qt.Key.Key_F7)
    trainee.until(lambda: keys.focus is page.call.name_field)
    keys.type("KIM HANEUL")
    keys.press(Qt.Key.Key_Return)
    keys.type("19910314")
    trainee.until(lambda: keys.focus is page.suspend)

    reissue = page.deeds.rows[Deed.REISSUE].button
    keys.to(reissue)
    keys.press(Qt.Key.Key_Space)
    trainee.until(lambda: program.renewal.dialog is not None)
    keys.press(Qt.Key.Key_Escape)
    trainee.until(lambda: program.renewal.dialog is None)
    keys.come_back()
    assert keys.focus is reissue

    keys.to(page.deeds.rows[Deed.REVOKE].button)
    keys.press(Qt.Key.Key_Space)
    dialog = control.two_cards.dialog
    assert dialog is not None and keys.focus is dialog.safe
    keys.to(dialog.reason)
    keys.press(Qt.Key.Key_Down)
    for field, words in ((dialog.basis, "LA-1"), (dialog.word, "폐지")):
        keys.press(Qt.Key.Key_Tab)
        assert keys.focus is field
        keys.type(words)
    keys.press(Qt.Key.Key_Tab)
    keys.type(TRAINING_PIN)
    keys.press(Qt.Key.Key_Return)
    trainee.until(lambda: control.two_cards._turn == 1)

    for position, code in ((COLLEAGUE, "CARE-05"), (ADMINISTRATOR, "OFFICER-10")):
        stage.pull_card()
        stage.insert_card(position)
        trainee.until(lambda code=code: code in dialog.problem.accessibleName())
        assert not dialog.pin.dots.isEnabled()
    stage.pull_card()
    stage.insert_card(APPROVER)
    for pin in ("999999", TRAINING_PIN):
        trainee.until(lambda: keys.focus is dialog.pin.dots)
        keys.type(pin)
        keys.press(Qt.Key.Key_Return)
        trainee.until(lambda: not control.two_cards._busy)

    trainee.until(lambda: program.desk.is_locked)
    trainee.until(lambda: control._holding.standing is Standing.REVOKED)


def test_nobody_elses_credential_stays_under_the_words_of_a_new_call(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next press would have suspended whoever was found for the call before."""
    control, page = at_holding(trainee), trainee.program.pages.aftercare
    call = page.call

    def say(name: str) -> None:
        call.name_field.setText(name)
        call.name_field.textEdited.emit(name)
        call.born.setText("19910314")
        call.born.textEdited.emit("19910314")

    def away(*_asked: object) -> None:
        raise Busy

    call.name_field.setText("KIM H")
    call.name_field.textEdited.emit("KIM H")
    assert control._holding is None and not page.suspend.isVisible()
    say("KIM HANEUL")
    trainee.until(lambda: control._holding is not None)
    monkeypatch.setattr(holdings, "find", away)
    with monkeypatch.context() as patch:
        # The words changed without a key: dictated, or by an input method of the system's.
        patch.setattr(type(call), "is_another", False)
        say("LEE JUNHO")
    rows = page.deeds.rows.values()
    assert not page.suspend.isEnabled() and not any(one.button.isEnabled() for one in rows)
    trainee.until(lambda: not control._searching)

    assert control._found is None and control._holding is None
    assert page.banner.code.text() == Busy.code and not page.suspend.isVisible()


def test_what_is_told_of_the_call_before_does_not_come_into_the_next(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that was on its way said of the name being typed that nobody has it, and a
    holding that could not be read was a trouble of the call that had come meanwhile."""
    control, program = at_holding(trainee), trainee.program
    page, free = program.pages.aftercare, threading.Event()

    def settled() -> None:
        free.set()
        done: list[object] = []
        program.desk.work(Lane.RECORDS, lambda: None, done.append)
        trainee.until(lambda: bool(done))

    program.lanes.run(Lane.RECORDS, lambda: free.wait(60))
    control.look_again()
    page.call.name_field.setText("LEE J")
    page.call.name_field.textEdited.emit("LEE J")
    settled()
    assert control._found is None
    assert page.call._told.text() == page.say("call.ask")

    def away(*_asked: object) -> None:
        raise Busy

    free.clear()
    monkeypatch.setattr(holdings, "holding", away)
    program.lanes.run(Lane.RECORDS, lambda: free.wait(60))
    control.show_holding(NUMBER)
    control.call()
    settled()
    assert page.banner.isHidden()


def test_what_the_other_desk_took_back_asks_for_no_pin_here(trainee: Trainee) -> None:
    """The second card was asked for its PIN, and would have begun the same anew, as the first."""
    control, program = at_holding(trainee), trainee.program
    cards, dialog = control.two_cards, revoking(trainee)
    dialog.act.click()
    trainee.until(lambda: cards._turn == 1)
    trainee.stage.pull_card()
    trainee.stage.insert_card(APPROVER)
    trainee.until(dialog.pin.dots.isEnabled)
    statement = cards._statement
    assert statement is not None

    aftercare.give_up(program.station, program.desk.officer, statement)
    trainee.until(lambda: cards._statement is None)
    assert not dialog.pin.dots.isEnabled()
    trainee.stage.pull_card()
    trainee.until(lambda: cards._second is None)
    trainee.stage.insert_card(APPROVER)
    trainee.until(lambda: cards._second is not None)

    assert not dialog.pin.dots.isEnabled()
    assert StatementOver.code in dialog.problem.accessibleName()


def test_the_lock_gives_back_the_list_it_covered_and_nothing_of_another_role(
    trainee: Trainee,
) -> None:
    """After-care stood there instead of what must change. What the head of post was shown of
    the log is not for the officer who took the desk over."""
    program, pages = trainee.program, trainee.program.pages
    trainee.sign_in()
    program.go_to_place(Place.AFTERCARE)
    program.changes.enter()
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    trainee.stage.insert_card()
    trainee.until(lambda: program.desk.card_present)
    pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: program.desk.is_open)
    trainee.until(lambda: program.changes._listing is not None)
    assert program.shell.page is pages.changes

    program.audit._oddities = ()
    program.go_to_place(Place.AUDIT)
    assert program.shell.page is pages.audit and pages.audit.patterns.isHidden()

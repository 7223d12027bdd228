"""Fields: the PIN keeps its digits to itself, a choice never changes by the wheel."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desk.ui.look import Look
from desk.ui.parts.box import column
from desk.ui.parts.button import Button
from desk.ui.parts.fields import Choice, PinDots, PinEntry


@pytest.fixture
def dots(qtbot: QtBot, look: Look) -> PinDots:
    widget = PinDots(look)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_digits_go_into_the_buffer_and_only_bullets_into_qt(qtbot: QtBot, dots: PinDots) -> None:
    qtbot.keyClicks(dots, "12a3 4")

    assert dots.count() == 4
    assert set(dots.text()) == {PinDots.BULLET}
    assert "1" not in dots.displayText()


def test_take_hands_over_once_and_forgets(qtbot: QtBot, dots: PinDots) -> None:
    qtbot.keyClicks(dots, "123456")

    assert dots.take() == bytearray(b"123456")
    assert dots.count() == 0
    assert dots.text() == ""
    assert dots.take() == bytearray()


def test_wiping_overwrites_the_buffer_itself(qtbot: QtBot, dots: PinDots) -> None:
    qtbot.keyClicks(dots, "123456")
    held = dots._digits

    dots.wipe()

    assert not held.strip(b"\0")
    assert not dots.isUndoAvailable() or not any(c.isdigit() for c in dots.text())


def test_undo_brings_no_digit_back(qtbot: QtBot, dots: PinDots) -> None:
    qtbot.keyClicks(dots, "123456")
    dots.wipe()

    dots.undo()

    assert dots.text() == ""
    assert dots.count() == 0


def test_nothing_is_pasted_dropped_or_set_from_outside(qtbot: QtBot, dots: PinDots) -> None:
    QGuiApplication.clipboard().setText("123456")

    dots.paste()
    qtbot.keyClick(dots, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    dots.setText("999999")
    dots.insert("777777")

    assert dots.text() == ""
    assert dots.count() == 0
    assert not dots.acceptDrops()


def test_backspace_takes_one_and_eight_are_the_most(qtbot: QtBot, dots: PinDots) -> None:
    qtbot.keyClicks(dots, "1234567890")
    assert dots.count() == 8

    qtbot.keyClick(dots, Qt.Key.Key_Backspace)

    assert dots.take() == bytearray(b"1234567")


def test_a_screen_reader_hears_a_count_and_never_digits(qtbot: QtBot, look: Look) -> None:
    entry = PinEntry(look)
    qtbot.addWidget(entry)
    entry.show()

    qtbot.keyClicks(entry.dots, "4711")

    assert entry.dots.accessibleDescription() == "4"
    assert entry.dots.accessibleName() == "카드 PIN"


def test_enter_gives_the_pin_from_six_digits_on(qtbot: QtBot, look: Look) -> None:
    entry = PinEntry(look)
    qtbot.addWidget(entry)
    entry.show_tries(3)
    given: list[int] = []
    entry.pin_given.connect(lambda: given.append(entry.dots.count()))

    qtbot.keyClicks(entry.dots, "12345")
    qtbot.keyClick(entry.dots, Qt.Key.Key_Return)
    assert given == []
    qtbot.keyClicks(entry.dots, "6")
    qtbot.keyClick(entry.dots, Qt.Key.Key_Enter)

    assert given == [6]


def test_the_last_try_needs_its_own_consent(qtbot: QtBot, look: Look) -> None:
    entry = PinEntry(look)
    qtbot.addWidget(entry)
    entry.show_tries(1, wrong=True)
    qtbot.keyClicks(entry.dots, "123456")

    assert not entry.is_ready()
    entry._consent.setChecked(True)
    assert entry.is_ready()
    entry.show_tries(1, wrong=True)
    assert entry.is_ready(), "a redraw loses neither digits nor consent"
    entry.show_tries(3)
    entry.show_tries(1)
    assert not entry.is_ready()


def test_a_blocked_card_and_a_missing_card_take_no_pin(qtbot: QtBot, look: Look) -> None:
    entry = PinEntry(look)
    qtbot.addWidget(entry)
    entry.show_tries(0)
    qtbot.keyClicks(entry.dots, "123456")
    assert not entry.is_ready()

    entry.allow(False, "카드를 넣으면 입력할 수 있습니다")

    assert entry.dots.count() == 0
    assert not entry.dots.isEnabled()


def test_the_wheel_never_changes_an_answer(qtbot: QtBot, look: Look) -> None:
    choice = Choice(look, "사유")
    qtbot.addWidget(choice)
    choice.offer([("a", "하나"), ("b", "둘")], "a")
    turn = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, -120), QPoint(0, -120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip

    QApplication.sendEvent(choice, turn)

    assert choice.value() == "a"


def test_nothing_is_chosen_beforehand(look: Look, qtbot: QtBot) -> None:
    choice = Choice(look, "사유")
    qtbot.addWidget(choice)

    choice.offer([("a", "하나")], "", "사유를 고르십시오")

    assert choice.value() == ""


def test_a_refused_pin_is_typed_again_where_it_was_typed(qtbot: QtBot, look: Look) -> None:
    """The field is off while the card is asked; after a refusal the digits went nowhere."""
    window = QWidget()
    qtbot.addWidget(window)
    pin, other = PinEntry(look), Button(look, "다른 일")
    window.setLayout(column(pin, other))
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)

    def sign(*, wrong: bool) -> QWidget | None:
        pin.show_tries(3)
        pin.allow(True)
        pin.dots.setFocus()
        qtbot.keyClicks(pin.dots, "123456")
        pin.take()
        pin.hide()
        pin.allow(True)
        pin.allow(False)
        other.setFocus()
        pin.show_tries(2, wrong)
        pin.show()
        pin.allow(True)
        return QApplication.focusWidget()

    assert sign(wrong=True) is pin.dots
    assert sign(wrong=False) is other


def test_a_choice_that_is_cut_says_the_whole_of_it(qtbot: QtBot, look: Look) -> None:
    choice = Choice(look)
    qtbot.addWidget(choice)
    words = "신청인이 창구를 떠나 다시 오지 않았습니다"
    choice.offer([("left", words), ("short", "기타")], "left")

    choice.resize(140, 40)
    choice.grab()
    assert choice.toolTip() == words
    choice.setCurrentIndex(1)
    choice.grab()
    assert choice.toolTip() == ""

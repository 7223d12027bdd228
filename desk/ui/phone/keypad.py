"""Cells and keys of the issuance PIN on the phone. Cells show dots; keys keep their places."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from desk.ui.look import rounded
from desk.ui.phone.look import PhoneLook
from desk.ui.phone.parts import Pressable
from desk.ui.phone.snapshot import PIN_LENGTH
from desk.ui.theme import Type

COLUMNS = 3
CELL, CELL_HIGH, STEP = 44, 56, 54
ORDER = "1234567890"


class PinCells(QWidget):
    """One field for who listens instead of looking; the count, never a digit."""

    ring_radius = 8

    def __init__(self, look: PhoneLook) -> None:
        super().__init__()
        self._look, self._count, self._wrong = look, 0, False
        self.ring_wanted = True
        self.setFixedSize(STEP * PIN_LENGTH - (STEP - CELL), CELL_HIGH)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.show_count(0)

    def show_count(self, count: int, wrong: bool = False) -> None:
        self._count, self._wrong = count, wrong
        self.setAccessibleName(self._look.say("pin.cells", n=count))
        self.update()

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = self._look, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place in range(PIN_LENGTH):
            box = QRectF(place * STEP, 0, CELL, CELL_HIGH)
            here = place == self._count
            token = "accent" if here else "danger" if self._wrong else "line-strong"
            rounded(painter, box, 8, look["card"], look[token], 2 if here or self._wrong else 1.5)
            if place < self._count:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look["text"])
                painter.drawEllipse(box.center(), 7.0, 7.0)


class Key(Pressable):
    """A key of the pad, 60 high."""

    ring_radius = 8

    def __init__(self, look: PhoneLook, text: str, *, icon: str = "", small: bool = False) -> None:
        super().__init__(look, text)
        self.setText(text)
        self._icon, self._small = icon, small
        self.setFixedHeight(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = self._look, QPainter(self)
        off = not self.isEnabled()
        ground = look["disabled-bg" if off else "well" if self._small else "card"]
        if self.isDown():
            ground = look.theme.mixed("card", "accent", 0.2)
        rounded(painter, QRectF(self.rect()), 8, ground, look["line" if off else "line-strong"])
        token = "disabled" if off else "text"
        if self._icon:
            place = QRectF(self.width() / 2 - 14, self.height() / 2 - 14, 28, 28)
            look.paint_icon(painter, self._icon, token, place)
            return
        painter.setPen(look[token])
        painter.setFont(look.font(Type.SMALL if self._small else Type.TITLE))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class Keypad(QWidget):
    """Digits by touch; arrows move the focus between keys."""

    digit = Signal(int)
    dropped = Signal()
    cleared = Signal()

    def __init__(self, look: PhoneLook) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        self.keys: list[Key] = []
        for digit in ORDER[:9]:
            self._digit(look, digit)
        clear = Key(look, look.say("pin.clear"), small=True)
        clear.clicked.connect(self.cleared)
        self.keys.append(clear)
        self._digit(look, ORDER[9])
        drop = Key(look, look.say("pin.delete"), icon="delete", small=True)
        drop.clicked.connect(self.dropped)
        self.keys.append(drop)
        for place, key in enumerate(self.keys):
            grid.addWidget(key, place // COLUMNS, place % COLUMNS)
        for place in range(COLUMNS):
            grid.setColumnStretch(place, 1)

    def _digit(self, look: PhoneLook, digit: str) -> None:
        key = Key(look, digit)
        key.clicked.connect(lambda _on=False, digit=digit: self.digit.emit(int(digit)))
        self.keys.append(key)

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -COLUMNS,
            Qt.Key.Key_Down: COLUMNS,
        }.get(Qt.Key(event.key()))
        focused = [place for place, key in enumerate(self.keys) if key.hasFocus()]
        if step is None or not focused:
            super().keyPressEvent(event)
            return
        place = focused[0] + step
        if 0 <= place < len(self.keys):
            self.keys[place].setFocus(Qt.FocusReason.TabFocusReason)

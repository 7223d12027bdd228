"""Cells and keys of the issuance PIN on the phone. Cells show dots; keys keep their places."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.keypad import Keypad
from desk.ui.look import rounded
from desk.ui.phone.look import PhoneLook
from desk.ui.phone.parts import Pressable
from desk.ui.phone.snapshot import PIN_LENGTH
from desk.ui.theme import Type

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


class PinPad(Keypad):
    """The pad in the phone's look."""

    def __init__(self, look: PhoneLook) -> None:
        super().__init__(
            {digit: Key(look, digit) for digit in ORDER},
            clear=Key(look, look.say("pin.clear"), small=True),
            drop=Key(look, look.say("pin.delete"), icon="delete", small=True),
            spacing=8,
        )

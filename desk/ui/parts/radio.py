"""One answer of several: a ring, the words, and a box that shows which one was chosen.

Answers of one widget belong together: one of them is chosen, the arrows go from one to the
next, and all of them are one stop of Tab.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QFocusEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QRadioButton, QSizePolicy

from desk.ui.look import Look, rounded
from desk.ui.theme import Type

PADDING, RING, GAP = 12, 20, 10


class Radio(QRadioButton):
    """40 high, as wide as its place; ``key`` is what it answers."""

    ring_radius = 8

    def __init__(self, look: Look, key: str, words: str = "") -> None:
        super().__init__()
        self._look, self.key = look, key
        self.ring_wanted = True
        self.setFixedHeight(40)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say(words)
        look.restyled.connect(self.update)

    def say(self, words: str) -> None:
        self.setText(words)
        self.setAccessibleName(words)
        self.updateGeometry()

    # Qt's own
    def hitButton(self, _place: QPoint) -> bool:
        return True

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()

    def sizeHint(self) -> QSize:
        words = QFontMetricsF(self._look.font(Type.BODY)).horizontalAdvance(self.text())
        return QSize(round(words) + 1 + 2 * PADDING + RING + GAP, self.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, on = QPainter(self), self._look, self.isChecked()
        off = not self.isEnabled()
        ground = "accent-soft" if on else ("background" if self.underMouse() else "card")
        line = "line-strong" if off or not on else "accent"
        box = QRectF(self.rect())
        rounded(painter, box, 8, look["disabled-bg" if off else ground], look[line], 2 if on else 1)
        middle = self.height() / 2
        ring = QRectF(PADDING, middle - RING / 2, RING, RING)
        mark = "disabled" if off else ("accent" if on else "line-strong")
        if on:
            rounded(painter, ring, RING / 2, look[mark])
            rounded(painter, QRectF(ring.center() - QPointF(4, 4), QSize(8, 8)), 4, look["card"])
        else:
            rounded(painter, ring, RING / 2, look["card"], look[mark], 1.75)
        font = look.font(Type.BODY)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(look["disabled" if off else "text"])
        base = round(middle - metrics.height() / 2 + metrics.ascent())
        painter.drawText(QPointF(PADDING + RING + GAP, base), self.text())

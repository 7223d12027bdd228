"""The card that shows a QR, says whether it lives, and counts down."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QStackedLayout, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import Bar, Box, column, row
from desk.ui.parts.qr import QrCode
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import announce
from desk.ui.theme import Type

LAST_MINUTE = 60
SAID_AT = (300, 60, 30, 0)
"""Seconds left at which the countdown is spoken."""


class QrState(StrEnum):
    """What stands in the QR's place. It is never dimmed: gone is gone."""

    PENDING = "pending"
    LIVE = "live"
    USED = "used"
    USABLE = "usable"
    BLOCKED = "blocked"
    ENDED = "ended"


_GROUNDS = {
    QrState.BLOCKED: ("danger-soft", "danger-line"),
    QrState.USABLE: ("success-soft", "success-line"),
}


class QrPlace(QWidget):
    """477 square (9 px a module), 371 narrow (7): the QR, or a box that says why not."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._state = look, QrState.PENDING
        self.qr = QrCode(module=9)
        self._frame = _WhiteFrame(look)
        self._frame.setLayout(_centred(self.qr))
        self._box = Box(look, "well", None, 8)
        self._glyph = GlyphSign(look, Glyph.FAILED, 64)
        self._icon = IconSign(look, "smartphone", 64, "success")
        self._title = Text(look, "", Type.TITLE, align=Qt.AlignmentFlag.AlignHCenter)
        self._words = Text(
            look, "", Type.BODY, "muted", wrap=True, align=Qt.AlignmentFlag.AlignHCenter
        )
        signs = row(None, self._glyph, self._icon, None)
        inner = column(None, signs, 12, self._title, 8, self._words, None, margins=(24, 16, 24, 12))
        self._box.setLayout(inner)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._frame)
        self._pages.addWidget(self._box)
        self.set_module(9)

    def set_module(self, module: int) -> None:
        """9 px a module, 7 in the narrow window, never below 6."""
        self.qr.set_module(max(6, module))
        edge = max(53, self.qr.side) * max(6, module) + 2
        self.setFixedSize(edge, edge)

    @property
    def state(self) -> QrState:
        return self._state

    def show_state(self, state: QrState, text: str = "", title: str = "", words: str = "") -> None:
        """``text`` is the QR's content, shown in LIVE only and forgotten otherwise."""
        self._state = state
        live = state is QrState.LIVE
        self.qr.show_text(text if live else "")
        self._pages.setCurrentWidget(self._frame if live else self._box)
        ground, line = _GROUNDS.get(state, ("well", None))
        self._box.paint_with(ground, line)
        glyphs = {QrState.BLOCKED: Glyph.FAILED, QrState.USABLE: Glyph.PASSED}
        icons = {QrState.USED: ("smartphone", "success"), QrState.ENDED: ("timer", "muted")}
        shown(self._glyph, state in glyphs)
        shown(self._icon, state not in glyphs)
        self._glyph.show_state(glyphs.get(state, Glyph.WAITING), title)
        self._icon.show_icon(*icons.get(state, ("lock", "muted")))
        self._title.say(title)
        self._words.say(words)
        self.setAccessibleName(title)
        self.qr.setAccessibleName(title)

    # Qt's own
    def sizeHint(self) -> QSize:
        return self.minimumSize()


class _WhiteFrame(QWidget):
    """White in both modes, so that every phone reads the symbol."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        look.restyled.connect(self.update)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        white = QColor(Qt.GlobalColor.white)
        rounded(QPainter(self), QRectF(self.rect()), 8, white, self._look["line"])


def _centred(widget: QWidget) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(1, 1, 1, 1)
    grid.addWidget(widget, 0, 0, Qt.AlignmentFlag.AlignCenter)
    return grid


class Countdown(QWidget):
    """Digits 28, bar 8. Last minute amber with a word, then muted. Said at 5 min, 1 min,
    30 s and at the end."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._left = look, -1
        self._icon = IconSign(look, "timer", 24, "text")
        self._word = Text(look, "", Type.BODY, "muted")
        self._digits = Text(look, "", Type.DISPLAY)
        self._bar = Bar(look)
        # The word stands on the digits' lower half, so that both share a base line.
        head = row(column(9, self._word), None, self._digits)
        rows = column(head, 4, self._bar)
        outer = row(column(12, self._icon, None), 16, rows)
        outer.setStretch(2, 1)
        self.setLayout(outer)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_left(self, left: int, whole: int) -> None:
        """``left`` of ``whole`` seconds."""
        say = self._look.say
        left = max(0, left)
        token = "muted" if left == 0 else ("warning" if left < LAST_MINUTE else "text")
        word = "ended" if left == 0 else ("ending" if left < LAST_MINUTE else "left")
        self._icon.show_icon("timer", token)
        self._word.say(say(f"countdown.{word}"), "warning" if token == "warning" else "muted")
        self._digits.say(f"{left // 60:02d}:{left % 60:02d}", token)
        bar = "warning" if token == "warning" else "accent"
        self._bar.show_share(left / whole if whole else 0.0, bar)
        spoken = say("countdown.spoken", minutes=left // 60, seconds=left % 60)
        self.setAccessibleName(f"{self._word.text()} {spoken}")
        if left != self._left and left in SAID_AT:
            announce(self, self.accessibleName())
        self._left = left


class CheckWords(QWidget):
    """Four words of the case's digest, the same on every screen that shows the case."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._boxes = [_WordBox(look) for _ in range(4)]
        layout = row(*self._boxes, gap=8)
        self.setLayout(layout)
        for place in range(4):
            layout.setStretch(place, 1)

    def show_words(self, words: tuple[tuple[str, str], ...]) -> None:
        """Korean words with their translation, which may be empty."""
        for box, (korean, other) in zip(self._boxes, words, strict=False):
            box.show_word(korean, other)


class _WordBox(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._word, self._other = look, "", ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(40)
        look.restyled.connect(self.update)

    def show_word(self, word: str, other: str) -> None:
        self._word, self._other = word, other
        self.setFixedHeight(48 if other else 40)
        self.setAccessibleName(f"{word} {other}".strip())
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look = self._look
        rounded(painter, QRectF(self.rect()), 8, look["background"], look["line"])
        painter.setPen(look["text"])
        painter.setFont(look.font(Type.STRONG))
        top = QRectF(self.rect()) if not self._other else QRectF(0, 3, self.width(), 24)
        painter.drawText(top, Qt.AlignmentFlag.AlignCenter, self._word)
        if self._other:
            painter.setPen(look["muted"])
            painter.setFont(look.font(Type.SMALL))
            low = QRectF(0, 25, self.width(), 20)
            painter.drawText(low, Qt.AlignmentFlag.AlignCenter, self._other)

"""Glyphs and icons as widgets, and the badge that joins glyph and word."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QFontMetricsF, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.glyphs import TURN_MS, Glyph
from desk.ui.look import Look, rounded
from desk.ui.theme import Type


class GlyphSign(QWidget):
    """A state glyph; its accessible name is the word of the state it stands for."""

    def __init__(
        self,
        look: Look,
        glyph: Glyph = Glyph.WAITING,
        size: int = 20,
        word: str = "",
        *,
        token: str | None = None,
        mark: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look, self._glyph, self._size, self._turn = look, glyph, size, 0.0
        self._colour, self._mark = token, mark
        self.setFixedSize(size, size)
        self._motion = QVariantAnimation(self)
        self._motion.setStartValue(0.0)
        self._motion.setEndValue(1.0)
        self._motion.setDuration(TURN_MS)
        self._motion.setLoopCount(-1)
        self._motion.valueChanged.connect(self._turned)
        self.show_state(glyph, word)
        look.restyled.connect(self.update)

    def show_state(self, glyph: Glyph, word: str = "", token: str | None = None) -> None:
        """Show ``glyph``; ``word`` is what a screen reader says for it."""
        self._glyph = glyph
        self._colour = token or self._colour
        self.setAccessibleName(word)
        self._move_if_busy()
        self.update()

    def set_size(self, size: int) -> None:
        self._size = size
        self.setFixedSize(size, size)

    @property
    def glyph(self) -> Glyph:
        return self._glyph

    def _move_if_busy(self) -> None:
        busy = self._glyph is Glyph.BUSY and self.isVisible() and not self._look.reduced_motion
        running = self._motion.state() == QVariantAnimation.State.Running
        if busy and not running:
            self._motion.start()
        elif running and not busy:
            self._motion.stop()

    def _turned(self, value: float) -> None:
        # Twenty steps a turn are enough for the eye and spare the processor.
        step = int(value * 20) / 20
        if step != self._turn:
            self._turn = step
            self.update()

    # Qt's own
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._move_if_busy()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._motion.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._look.paint_glyph(
            QPainter(self),
            self._glyph,
            QRectF(self.rect()),
            token=self._colour,
            mark=self._mark,
            turn=self._turn,
        )


class IconSign(QWidget):
    """A line icon; silent for screen readers unless it is given a name."""

    def __init__(
        self,
        look: Look,
        icon: str,
        size: int = 20,
        token: str = "muted",
        *,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look, self._icon, self._token = look, icon, token
        self.setFixedSize(size, size)
        self.setAccessibleName(name)
        look.restyled.connect(self.update)

    def show_icon(self, icon: str, token: str | None = None) -> None:
        self._icon = icon
        self._token = token or self._token
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        self._look.paint_icon(QPainter(self), self._icon, self._token, QRectF(self.rect()))


class Badge(QWidget):
    """24 high: glyph 16 and word on the state's soft colour. Without glyph: word alone."""

    def __init__(
        self,
        look: Look,
        glyph: Glyph | None = None,
        word: str = "",
        *,
        height: int = 24,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look, self._glyph, self._word = look, glyph, word
        self._token, self._ground = "muted", "well"
        self._type = Type.SMALL_STRONG if height <= 24 else Type.WIDE_STRONG
        self._sign = 16 if height <= 24 else 24
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_state(glyph, word)
        look.restyled.connect(self.update)

    def show_state(
        self, glyph: Glyph | None, word: str, *, token: str | None = None, ground: str | None = None
    ) -> None:
        self._glyph, self._word = glyph, word
        self._token = token or (glyph.token if glyph else "muted")
        self._ground = ground or (glyph.ground if glyph else "well")
        self.setAccessibleName(word)
        if not word:
            self.hide()
        elif self.isHidden() and self.parentWidget() is not None:
            self.show()
        self.updateGeometry()
        self.update()

    # Qt's own
    def sizeHint(self) -> QSize:
        words = QFontMetricsF(self._look.font(self._type)).horizontalAdvance(self._word)
        sign = self._sign + 8 if self._glyph else 0
        return QSize(round(words + sign + 16), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rounded(painter, QRectF(self.rect()), 6, self._look[self._ground])
        x = 8.0
        if self._glyph:
            place = QRectF(x, (self.height() - self._sign) / 2, self._sign, self._sign)
            self._look.paint_glyph(
                painter, self._glyph, place, token=self._token, mark=self._ground
            )
            x += self._sign + 8
        painter.setFont(self._look.font(self._type))
        painter.setPen(self._look[self._token])
        rest = QRectF(x, 0, self.width() - x, self.height())
        align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(rest, align, self._word)

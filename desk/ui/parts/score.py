"""The score of two faces in its three zones, and the rows of capture quality."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded
from desk.ui.parts.box import Bar
from desk.ui.parts.rows import Row
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

ZONES = ("success", "warning", "danger")


class ScoreBand(QWidget):
    """Three zones 32 high with words and limits; the marker with its number above.

    A distance: the smaller the more alike. Shown only after the officer's judgement.
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._distance: float | None = None
        self._limits, self._words = (0.45, 0.60), ("", "", "")
        self.setFixedHeight(96)
        look.restyled.connect(self.update)

    def show_score(
        self, distance: float, limits: tuple[float, float], words: tuple[str, str, str]
    ) -> None:
        self._distance, self._limits, self._words = distance, limits, words
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._distance is None:
            return
        painter = QPainter(self)
        look = self._look
        band = QRectF(0, 40, self.width(), 32)
        edges = [0.0, *[limit * band.width() for limit in self._limits], band.width()]
        rounded(painter, band, 8, look["card"], look["line-strong"])
        clip = QPainterPath()
        clip.addRoundedRect(band.adjusted(1, 1, -1, -1), 7, 7)
        painter.setClipPath(clip)
        painter.setFont(look.font(Type.SMALL_STRONG))
        for number, token in enumerate(ZONES):
            zone = QRectF(edges[number], 40, edges[number + 1] - edges[number], 32)
            painter.fillRect(zone, look[f"{token}-soft"])
            painter.setPen(look[token])
            painter.drawText(zone, Qt.AlignmentFlag.AlignCenter, self._words[number])
            if number:
                painter.fillRect(QRectF(zone.left(), 40, 1, 32), look["line-strong"])
        painter.setClipping(False)
        self._paint_limits(painter, edges)
        self._paint_marker(painter, self._distance * band.width())

    def _paint_limits(self, painter: QPainter, edges: list[float]) -> None:
        painter.setFont(self._look.font(Type.SMALL))
        painter.setPen(self._look["muted"])
        names = ["0", *[f"{limit:.2f}" for limit in self._limits], "1.00"]
        for x, name in zip(edges, names, strict=True):
            align = Qt.AlignmentFlag.AlignHCenter
            box = QRectF(x - 30, 74, 60, 20)
            if x == 0:
                align, box = Qt.AlignmentFlag.AlignLeft, QRectF(0, 74, 60, 20)
            elif x == edges[-1]:
                align, box = Qt.AlignmentFlag.AlignRight, QRectF(x - 60, 74, 60, 20)
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_marker(self, painter: QPainter, x: float) -> None:
        x = min(max(8.0, x), self.width() - 8.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._look["text"])
        painter.setPen(Qt.PenStyle.NoPen)
        tip = [QPointF(x - 8, 28), QPointF(x + 8, 28), QPointF(x, 37)]
        painter.drawPolygon(QPolygonF(tip))
        painter.setPen(QPen(self._look["text"], 2))
        painter.drawLine(QPointF(x, 34), QPointF(x, 74))
        painter.setFont(self._look.font(Type.TITLE))
        box = QRectF(min(max(0, x - 40), self.width() - 80), 0, 80, 28)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{self._distance:.2f}")


class QualityRow(Row):
    """32 high (23 narrow): glyph, measure, bar with the limit's tick, value, word."""

    def __init__(self, look: Look, height: int = 32) -> None:
        super().__init__(look, height, (24, -1, 120, 68, 8, 52), line=False)
        self.sign = GlyphSign(look, Glyph.WAITING, 16)
        self.name = Text(look, "", Type.BODY)
        self.bar = Bar(look, "success", 16)
        self.value = Text(look, "", Type.SMALL, align=Qt.AlignmentFlag.AlignRight)
        self.word = Text(look, "", Type.SMALL_STRONG)
        self.bar.setFixedWidth(114)
        for place, widget in ((0, self.sign), (1, self.name), (2, self.bar), (5, self.word)):
            self.put(place, widget)
        self.put(3, self.value, right=True)

    def set_widths(self, bar: int, word: int) -> None:
        """Bar and word columns: narrower where the column is, wider for longer words."""
        self.bar.setFixedWidth(bar)
        self.set_columns((24, -1, bar, 68, 8, word))

    def show_measure(
        self, good: bool, name: str, share: float, tick: float, value: str, word: str
    ) -> None:
        """``share`` and ``tick`` are places on the bar, from 0 to 1."""
        token = "success" if good else "warning"
        self.sign.show_state(Glyph.PASSED if good else Glyph.ATTENTION, word)
        self.name.say(name, kind=Type.BODY if good else Type.STRONG)
        self.bar.show_share(share, token, tick)
        self.bar.setAccessibleName(value)
        self.value.say(value)
        self.word.say(word, token)
        self.setAccessibleName(f"{name}, {value}, {word}")
        self._arrange()

"""A person as a card shows one: picture, names, badge, and facts beneath."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type


class Picture(QWidget):
    """A face, cut to its frame and never stretched. Without one: icon and word.

    ``ribbon`` is a band of danger at the foot («바뀐 사진»).
    """

    def __init__(self, look: Look, width: int = 112, height: int = 144, radius: float = 8) -> None:
        super().__init__()
        self._look, self._radius = look, radius
        self._image: QImage | None = None
        self._word, self._ribbon = "", ""
        self.setFixedSize(width, height)
        look.restyled.connect(self.update)

    def show_image(self, image: QImage | None, name: str, word: str = "", ribbon: str = "") -> None:
        """``name`` is the accessible name, ``word`` stands while there is no picture."""
        self._image, self._word, self._ribbon = image, word, ribbon
        self.setAccessibleName(name)
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect())
        look = self._look
        rounded(painter, box, self._radius, look["disabled-bg"])
        if self._image is None or self._image.isNull():
            self._paint_empty(painter, box)
            return
        clip = QPainterPath()
        clip.addRoundedRect(box, self._radius, self._radius)
        painter.setClipPath(clip)
        painter.drawImage(box, self._image, cover(self._image, box))
        if self._ribbon:
            foot = QRectF(0, box.height() - 22, box.width(), 22)
            painter.fillRect(foot, look["danger"])
            painter.setPen(look["on-danger"])
            painter.setFont(look.font(Type.SMALL_STRONG))
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, self._ribbon)
        painter.setClipping(False)
        rounded(painter, box, self._radius, None, look["line"])

    def _paint_empty(self, painter: QPainter, box: QRectF) -> None:
        look = self._look
        middle = box.center()
        shift = 14 if self._word else 0
        size = 28.0
        icon = QRectF(middle.x() - size / 2, middle.y() - size / 2 - shift, size, size)
        look.paint_icon(painter, "user", "muted", icon)
        painter.setPen(look["muted"])
        painter.setFont(look.font(Type.SMALL))
        words = QRectF(2, middle.y() + 8, box.width() - 4, 20)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._word)


def cover(image: QImage, box: QRectF) -> QRectF:
    """The part of ``image`` that fills ``box`` without stretching, from its upper middle."""
    scale = max(box.width() / image.width(), box.height() / image.height())
    wide, high = box.width() / scale, box.height() / scale
    return QRectF((image.width() - wide) / 2, (image.height() - high) / 2, wide, high)


class DashedBox(QWidget):
    """A dashed place for what is not there yet: an icon or a word in it."""

    def __init__(self, look: Look, width: int, height: int) -> None:
        super().__init__()
        self._look, self._icon, self._word = look, "", ""
        self.setFixedSize(width, height)
        look.restyled.connect(self.update)

    def show_place(self, icon: str, word: str, name: str) -> None:
        self._icon, self._word = icon, word
        self.setAccessibleName(name)
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._look["line-strong"], 1, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self._icon:
            place = QRectF(self.width() / 2 - 12, self.height() / 2 - 12, 24, 24)
            self._look.paint_icon(painter, self._icon, "muted", place)
            return
        painter.setPen(self._look["muted"])
        painter.setFont(self._look.font(Type.BODY))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._word)


class Facts(QWidget):
    """Names (13 muted) and values (15) in two columns; the first as wide as it must be.

    With ``wrap`` a long value takes further lines instead of being cut.
    """

    def __init__(self, look: Look, *, line: int = 28, gap: int = 16, wrap: bool = False) -> None:
        super().__init__()
        self._look, self._line, self._wrap = look, line, wrap
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(gap)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 1)
        self._cells: list[tuple[Text, Text]] = []
        self._signs: list[GlyphSign] = []
        upright = QSizePolicy.Policy.Minimum if wrap else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Expanding, upright)

    def set_line(self, line: int) -> None:
        self._line = line
        for name, value in self._cells:
            name.setFixedHeight(line)
            value.setFixedHeight(line)

    def show_facts(
        self, facts: Sequence[tuple[str, str]], glyphs: Mapping[int, Glyph] | None = None
    ) -> None:
        """Rows are reused, so that values change in place. ``glyphs`` stand before values."""
        while len(self._cells) < len(facts):
            place = len(self._cells)
            name = Text(self._look, "", Type.SMALL, "muted")
            value = Text(self._look, "", Type.BODY, wrap=self._wrap)
            if self._wrap:
                value.setMinimumHeight(self._line)
            for text in (name,) if self._wrap else (name, value):
                text.setFixedHeight(self._line)
            for text in (name, value):
                text.setAlignment(Qt.AlignmentFlag.AlignVCenter)
            sign = GlyphSign(self._look, Glyph.PASSED, 16)
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(sign)
            line.addWidget(value, 1)
            sign.hide()
            self._grid.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addLayout(line, place, 1)
            self._signs.append(sign)
            self._cells.append((name, value))
        for place, (name, value) in enumerate(self._cells):
            there = place < len(facts)
            glyph = (glyphs or {}).get(place)
            shown(self._signs[place], there and glyph is not None)
            if glyph is not None:
                self._signs[place].show_state(glyph)
            shown(name, there)
            shown(value, there)
            if there:
                name.say(facts[place][0])
                value.say(facts[place][1])
                value.setAccessibleName(f"{facts[place][0]}: {value.text()}")

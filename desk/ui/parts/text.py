"""Words on the screen: one line that is cut with «…», or a paragraph with its line height."""

from __future__ import annotations

import re

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from desk.ui.look import Look
from desk.ui.theme import Type

_MARKS = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~")


def plain(text: str) -> str:
    """``text`` without the marks for bold (``**``), muted (``__``), amber (``~~``)."""
    return _MARKS.sub(lambda found: next(part for part in found.groups() if part), text)


class Text(QLabel):
    """Text in a size of type and a token's colour.

    ``**words**`` stand in 600, ``__words__`` small and muted, ``~~words~~`` small and amber.
    Without ``wrap`` the text is one line, cut with «…» when there is no room, and shown in
    full as tool tip. The accessible name is the plain text. ``line`` sets another line
    height than the type's own.
    """

    def __init__(
        self,
        look: Look,
        text: str = "",
        kind: Type = Type.BODY,
        token: str = "text",
        *,
        wrap: bool = False,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        line: int = 0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look, self._kind, self._token, self._marked = look, kind, token, text
        self._wrap, self._line = wrap, line
        self._underline: str | None = None
        self._tip = ""
        self.strong_token: str | None = None
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(align)
        self.setWordWrap(wrap)
        policy = QSizePolicy(
            QSizePolicy.Policy.Preferred,
            QSizePolicy.Policy.Fixed if not wrap else QSizePolicy.Policy.Preferred,
        )
        policy.setHeightForWidth(wrap)
        self.setSizePolicy(policy)
        self.say(text)
        look.restyled.connect(self.update)

    def say(self, text: str, token: str | None = None, kind: Type | None = None) -> None:
        """Show ``text``; keep colour and size unless others are given."""
        if text != self._marked:
            self._show_tip("")
        self._marked = text
        self._token = token or self._token
        self._kind = kind or self._kind
        self.setText(plain(text))
        self.setAccessibleName(plain(text))
        self.updateGeometry()
        self.update()

    def underline(self, token: str | None) -> None:
        """A 2 px line under the words in a token's colour (a value that differs)."""
        self._underline = token
        self.update()

    @property
    def token(self) -> str:
        return self._token

    def advance(self) -> float:
        """How wide the words are on one line."""
        layout = self._layout(None)
        return layout.maximumWidth() if layout.lineCount() else 0.0

    def _layout(self, width: float | None) -> QTextLayout:
        text, formats = self._formats()
        layout = QTextLayout(text, self._look.font(self._kind))
        layout.setFormats(formats)
        option = QTextOption()
        option.setWrapMode(
            QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
            if width is not None
            else QTextOption.WrapMode.ManualWrap
        )
        layout.setTextOption(option)
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width if width is not None else 1e6)
        layout.endLayout()
        return layout

    def _formats(self) -> tuple[str, list[QTextLayout.FormatRange]]:
        text, formats, place = "", [], 0
        for found in _MARKS.finditer(self._marked):
            text += self._marked[place : found.start()]
            word = next(part for part in found.groups() if part)
            part = QTextLayout.FormatRange()
            part.start, part.length = len(text), len(word)
            style = QTextCharFormat()
            if found.group(1):
                bold = Type.SMALL_STRONG if self._kind is Type.SMALL else Type.STRONG
                bold = Type.WIDE_STRONG if self._kind is Type.WIDE_BODY else bold
                style.setFont(self._look.font(bold))
                if self.strong_token:
                    style.setForeground(self._look[self.strong_token])
            else:
                style.setForeground(self._look["warning" if found.group(3) else "muted"])
                if self._kind is Type.BODY:
                    small = Type.SMALL_STRONG if found.group(3) else Type.SMALL
                    style.setFont(self._look.font(small))
            part.format = style
            formats.append(part)
            text += word
            place = found.end()
        text += self._marked[place:]
        return text.replace("\n", "\u2028"), formats

    # Qt's own
    def sizeHint(self) -> QSize:
        layout = self._layout(None)
        width = max(
            (layout.lineAt(i).naturalTextWidth() for i in range(layout.lineCount())), default=0
        )
        return QSize(int(width + 0.999), self._height() * max(1, layout.lineCount()))

    def minimumSizeHint(self) -> QSize:
        floor = 0 if self._wrap else min(24, self.sizeHint().width())
        return QSize(floor, self._height())

    def hasHeightForWidth(self) -> bool:
        return self._wrap

    def heightForWidth(self, width: int) -> int:
        if not self._wrap:
            return self._height()
        return self._height() * max(1, self._layout(float(width)).lineCount())

    def _height(self) -> int:
        return self._line or self._look.line(self._kind)

    def is_cut(self) -> bool:
        """Whether the words do not fit and are shown with «…»."""
        return not self._wrap and self.sizeHint().width() > self.width() + 1

    def _show_tip(self, words: str) -> None:
        """The words in full; a tool tip that somebody else has set stays."""
        if words != self._tip and self.toolTip() == self._tip:
            self._tip = words
            self.setToolTip(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._look["disabled"] if not self.isEnabled() else self._look[self._token])
        font = self._look.font(self._kind)
        cut = self.is_cut()
        self._show_tip(self.text() if cut else "")
        if cut:
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            words = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
            self._draw_plain(painter, metrics, words)
            return
        layout = self._layout(float(self.width()) if self._wrap else None)
        height = self._height()
        block = height * layout.lineCount()
        top = self._top(block)
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            left = self._left(line.naturalTextWidth())
            y = top + number * height + (height - line.height()) / 2
            line.draw(painter, QPointF(left, round(y)) - line.position())
            if self._underline and number == 0:
                bar = QRectF(left, top + height - 3, line.naturalTextWidth(), 2)
                painter.fillRect(bar, self._look[self._underline])

    def _draw_plain(self, painter: QPainter, metrics: QFontMetricsF, text: str) -> None:
        height = self._height()
        base = self._top(height) + (height - metrics.height()) / 2 + metrics.ascent()
        painter.drawText(QPointF(self._left(metrics.horizontalAdvance(text)), round(base)), text)

    def _top(self, block: int) -> float:
        """Where ``block`` pixels of lines begin. One line may stand in a place lower than its
        line height: in its middle, or what hangs below the letters would be cut."""
        spare = self.height() - block
        if not self.alignment() & Qt.AlignmentFlag.AlignVCenter:
            return 0.0
        return spare / 2 if spare > 0 or block == self._height() else 0.0

    def _left(self, width: float) -> float:
        if self.alignment() & Qt.AlignmentFlag.AlignRight:
            return float(self.width()) - width
        if self.alignment() & Qt.AlignmentFlag.AlignHCenter:
            return (self.width() - width) / 2
        return 0.0

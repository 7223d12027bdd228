"""Boxes: card, well, line, and short ways to build rows and columns."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QScrollBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desk.ui.look import Look, rounded, shown
from desk.ui.parts.text import Text
from desk.ui.theme import Type

TITLE = 160
"""So much of a card's title is never cut, in pixels."""
ROW_ROOM = 8
"""Kept above and below what the keyboard has come to."""
FOCUS_ROOM = 56
"""So many pixels around what has the focus come into view with it: its name, the next field."""
Margins = tuple[int, int, int, int]
Item = QWidget | QLayout | int | None


def _fill(layout: QVBoxLayout | QHBoxLayout, items: Iterable[Item]) -> None:
    """Widgets and layouts one after another; a number is fixed space, None a stretch."""
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)


def column(*items: Item, gap: int = 0, margins: Margins = (0, 0, 0, 0)) -> QVBoxLayout:
    layout = QVBoxLayout()
    layout.setSpacing(gap)
    layout.setContentsMargins(*margins)
    _fill(layout, items)
    return layout


def row(*items: Item, gap: int = 0, margins: Margins = (0, 0, 0, 0)) -> QHBoxLayout:
    layout = QHBoxLayout()
    layout.setSpacing(gap)
    layout.setContentsMargins(*margins)
    _fill(layout, items)
    return layout


def holder(layout: QLayout, parent: QWidget | None = None) -> QWidget:
    """A bare widget around a layout."""
    widget = QWidget(parent)
    widget.setLayout(layout)
    return widget


class Line(QWidget):
    """A 1 px line, lying or standing."""

    def __init__(self, look: Look, token: str = "line", *, standing: bool = False) -> None:
        super().__init__()
        self._look, self._token = look, token
        if standing:
            self.setFixedWidth(1)
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        else:
            self.setFixedHeight(1)
        look.restyled.connect(self.update)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look[self._token])


class Box(QWidget):
    """A rounded box of tokens: ground and, where given, line."""

    def __init__(
        self, look: Look, ground: str = "card", line: str | None = "line", radius: float = 10
    ) -> None:
        super().__init__()
        self._look, self._ground, self._border, self._radius = look, ground, line, radius
        look.restyled.connect(self.update)

    def paint_with(self, ground: str, line: str | None) -> None:
        self._ground, self._border = ground, line
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        line = self._look[self._border] if self._border else None
        rounded(QPainter(self), QRectF(self.rect()), self._radius, self._look[self._ground], line)


class Card(Box):
    """A card: header 40 with title left and meaning right, a line, the body.

    ``right`` takes badges, links, muted notes. ``body`` is the layout under the header.
    ``tone`` paints header and line in a state's colours (warning, danger).
    """

    HEADER = 40

    def __init__(
        self, look: Look, title: str = "", *, padding: int | Margins = 16, header: int = HEADER
    ) -> None:
        super().__init__(look)
        self._tone: str | None = None
        self._header_height = header
        self.title = Text(look, title, Type.STRONG)
        self.title.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.note = Text(look, "", Type.SMALL, "muted")
        self.left = row(self.title, self.note, gap=8)
        self.right = row(gap=8)
        self._header = holder(row(self.left, None, self.right, margins=(17, 1, 17, 0)))
        self._header.setFixedHeight(header + 1)
        shown(self._header, header > 0)
        edges = (
            padding if isinstance(padding, tuple) else (padding + 1, padding, padding + 1, padding)
        )
        self.body = column(margins=edges)
        outer = column(self._header, self.body)
        outer.setStretch(1, 1)
        self.setLayout(outer)
        self.name(title)

    def name(self, title: str, note: str = "") -> None:
        """Set the header's words."""
        self.title.say(title)
        # What stands beside it is cut first.
        self.title.setMinimumWidth(min(TITLE, self.title.sizeHint().width()))
        self.note.say(note)
        shown(self.note, bool(note))
        self.setAccessibleName(title)

    def set_tone(self, tone: str | None) -> None:
        """``warning`` or ``danger`` colours header and line, None the plain card."""
        self._tone = tone
        self._border = f"{tone}-line" if tone else "line"
        self.title.say(self.title.text(), tone or "text")
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._header_height:
            return
        painter = QPainter(self)
        line = self._look[self._border or "line"]
        if self._tone:
            clip = QPainterPath()
            clip.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 9, 9)
            painter.setClipPath(clip)
            top = QRectF(0, 0, self.width(), self._header_height)
            painter.fillRect(top, self._look[f"{self._tone}-soft"])
            painter.setClipping(False)
        painter.fillRect(QRectF(1, self._header_height, self.width() - 2, 1), line)


class HeadRow(QWidget):
    """The names of columns above rows: 32 high on the page's ground, a line beneath."""

    def __init__(self, look: Look, height: int = 32) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(height)
        look.restyled.connect(self.update)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(28 if narrow else 32)

    def stand_above(self, table: QScrollArea) -> None:
        """Names of columns stand over their columns whether the scroll bar is there or not."""
        bar = table.verticalScrollBar()

        def spare(_least: int, most: int) -> None:
            layout = self.layout()
            if layout is not None:
                layout.setContentsMargins(0, 0, bar.sizeHint().width() if most else 0, 0)

        bar.rangeChanged.connect(spare)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look["background"])
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._look["line"])


class QuietBar(QScrollBar):
    """A scroll bar without buttons: a rounded handle on nothing."""

    WIDTH = 10

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    # Qt's own
    def sizeHint(self) -> QSize:
        return QSize(self.WIDTH, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        span = self.maximum() - self.minimum()
        if span <= 0:
            return
        room = self.height() - 4
        handle = max(32.0, room * self.pageStep() / (span + self.pageStep()))
        top = 2 + (room - handle) * (self.value() - self.minimum()) / span
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Dark))
        painter.drawRoundedRect(QRectF(2, top, self.WIDTH - 4, handle), 3, 3)


class Scrolled(QScrollArea):
    """The page's content: scrolls up and down when it does not fit, never sideways.

    ``least`` is the height it asks of its own page; it takes what is there.
    """

    def __init__(self, content: QWidget, least: int = 0) -> None:
        super().__init__()
        self._least = least
        self.setVerticalScrollBar(QuietBar())
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        self.setWidget(content)
        # Qt has just switched this on; the card or page beneath shall show.
        content.setAutoFillBackground(False)

    def show_focus(self) -> None:
        """Scroll to what has the focus, if it is in here."""
        focus, content = self.window().focusWidget(), self.widget()
        if focus is not None and content is not None and content.isAncestorOf(focus):
            self.ensureWidgetVisible(focus, 0, FOCUS_ROOM)

    def _focus_is_seen(self, height: int) -> bool:
        """What has the focus is in here and in view in a window of ``height``."""
        focus, content = self.window().focusWidget(), self.widget()
        if focus is None or content is None or not content.isAncestorOf(focus):
            return False
        middle = focus.mapTo(content, focus.rect().center()).y() - self.verticalScrollBar().value()
        return 0 <= middle < height

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        """A banner takes room: what the officer is at must not go under the fold by it. Where
        somebody has scrolled away from it, nothing jumps."""
        seen = self._focus_is_seen(event.oldSize().height())
        super().resizeEvent(event)
        if seen:
            self.show_focus()

    def sizeHint(self) -> QSize:
        return QSize(0, self._least) if self._least else super().sizeHint()


class NumberDisc(QWidget):
    """A step's number in a quiet disc (24)."""

    def __init__(self, look: Look, number: int) -> None:
        super().__init__()
        self._look, self._number = look, number
        self.setFixedSize(24, 24)
        self.setAccessibleName(str(number))
        look.restyled.connect(self.update)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rounded(painter, QRectF(self.rect()), 12, self._look["well"])
        painter.setFont(self._look.font(Type.SMALL_STRONG))
        painter.setPen(self._look["text"])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._number))


class Bar(QWidget):
    """A bar 8 high: how much is done, or how much is left. ``tick`` marks a limit."""

    def __init__(self, look: Look, token: str = "accent", height: int = 8) -> None:
        super().__init__()
        self._look, self._token, self._share, self._tick = look, token, 0.0, -1.0
        self._height = height
        self.setFixedHeight(height if height > 8 else 8)
        look.restyled.connect(self.update)

    def show_share(self, share: float, token: str | None = None, tick: float = -1.0) -> None:
        """``share`` and ``tick`` from 0 to 1; a negative tick shows none."""
        self._share = min(1.0, max(0.0, share))
        self._token = token or self._token
        self._tick = tick
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        full = QRectF(0, (self.height() - 7) / 2, self.width(), 7)
        rounded(painter, full, 3.5, self._look["well"], self._look["line"])
        if self._share > 0:
            clip = QPainterPath()
            clip.addRoundedRect(full, 3.5, 3.5)
            painter.setClipPath(clip)
            done = QRectF(full)
            done.setWidth(full.width() * self._share)
            painter.fillRect(done, self._look[self._token])
            painter.setClipping(False)
        if self._tick >= 0:
            painter.setPen(QPen(self._look["text"], 2))
            x = self.width() * self._tick
            painter.drawLine(
                QRectF(x, 0, 0, self.height()).topLeft(),
                QRectF(x, 0, 0, self.height()).bottomLeft(),
            )


def reveal(widget: QWidget) -> None:
    """Scroll everything that holds ``widget`` until it is seen, the innermost first."""
    host = widget.parentWidget()
    while host is not None:
        if isinstance(host, QScrollArea):
            host.ensureWidgetVisible(widget, 0, ROW_ROOM)
        host = host.parentWidget()


def clear(layout: QLayout) -> None:
    """Take everything out of ``layout`` and let it go."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item else None
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif item is not None and (inner := item.layout()) is not None:
            clear(inner)


def refresh(widget: QWidget) -> None:
    """Apply property-dependent parts of the sheet again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def is_language_change(event: QEvent) -> bool:
    return event.type() == QEvent.Type.LanguageChange

"""Rows in columns, with one Tab stop for all of them and arrows inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded
from desk.ui.parts.box import reveal
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

Columns = Sequence[float]
GAP = 8
"""Kept free between the words of two columns."""


class Row(QWidget):
    """A row of fixed height. ``columns`` are widths in pixels, or shares of the rest when
    negative; ``put`` lays a widget into one, centred upright, at the left or right edge.

    ``ground`` is a token painted behind it, ``edge`` a bar of accent at the left. ``line``
    draws the 1 px line beneath.
    """

    activated = Signal()

    ring_inset = True
    ring_radius = 6

    def __init__(
        self,
        look: Look,
        height: int,
        columns: Columns = (-1,),
        *,
        padding: int = 16,
        line: bool = True,
        clickable: bool = False,
        radius: float = 0,
    ) -> None:
        super().__init__()
        self._look, self._columns, self._padding = look, tuple(columns), padding
        self._line, self._radius, self._clickable = line, radius, clickable
        self._ground: str | None = None
        self._edge = False
        self._cells: list[tuple[int, QWidget, bool, int]] = []
        self._ring = True
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if clickable:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        look.restyled.connect(self.update)

    @property
    def ring_wanted(self) -> bool:
        return self._ring

    def put(self, column: int, widget: QWidget, *, right: bool = False, top: int = -1) -> QWidget:
        """Lay ``widget`` into a column; ``top`` gives its place instead of the middle."""
        widget.setParent(self)
        self._cells.append((column, widget, right, top))
        widget.show()
        self._arrange()
        return widget

    def empty(self) -> None:
        """Take all widgets out."""
        for _, widget, _, _ in self._cells:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        self._cells = []

    def set_columns(self, columns: Columns) -> None:
        self._columns = tuple(columns)
        self._arrange()

    def set_ground(self, token: str | None, *, edge: bool = False) -> None:
        self._ground, self._edge = token, edge
        self.update()

    def set_line(self, line: bool) -> None:
        self._line = line
        self.update()

    def _edges(self) -> list[tuple[float, float]]:
        fixed = sum(width for width in self._columns if width > 0)
        shares = -sum(width for width in self._columns if width < 0) or 1
        rest = max(0.0, self.width() - 2 * self._padding - fixed)
        x, result = float(self._padding), []
        for width in self._columns:
            real = width if width > 0 else rest * -width / shares
            result.append((x, real))
            x += real
        return result

    def _arrange(self) -> None:
        edges = self._edges()
        for column, widget, right, top in self._cells:
            x, room = edges[column]
            if column < len(edges) - 1 and room > 40:
                room -= GAP
            hint = widget.sizeHint()
            wants = min(hint.width() if hint.width() > 0 else widget.width(), int(room))
            if widget.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Expanding:
                wants = int(room)
            if widget.minimumWidth() == widget.maximumWidth():
                wants = widget.width()
            height = widget.height()
            if widget.minimumHeight() != widget.maximumHeight():
                height = (
                    widget.heightForWidth(wants) if widget.hasHeightForWidth() else hint.height()
                )
            y = top if top >= 0 else (self.height() - (1 if self._line else 0) - height) // 2
            left = int(x + room - wants) if right else int(x)
            widget.setGeometry(left, y, wants, height)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._clickable and event.button() == Qt.MouseButton.LeftButton:
            self._ring = False
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.activated.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._ring = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._ground:
            box = QRectF(self.rect())
            if self._radius:
                rounded(painter, box, self._radius, self._look[self._ground])
            else:
                painter.fillRect(box, self._look[self._ground])
        if self._edge:
            painter.fillRect(QRectF(0, 0, 4, self.height()), self._look["accent"])
        if self._line:
            painter.fillRect(0, self.height() - 1, self.width(), 1, self._look["line"])


class RowList(QWidget):
    """Rows under one another. One Tab stop; ↑ ↓ Home End move, Enter opens."""

    moved = Signal(int)
    opened = Signal(int)

    def __init__(self, *, gap: int = 0) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._current = 0
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(gap)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows)

    @property
    def current(self) -> int:
        return self._current

    def add(self, row: Row) -> Row:
        number = len(self._rows)
        self._rows.append(row)
        self._layout.addWidget(row)
        row.activated.connect(lambda: self._pressed(number))
        self._tab_stop()
        return row

    def add_between(self, widget: QWidget) -> None:
        """A heading or line that is not a row."""
        self._layout.addWidget(widget)

    def space(self, pixels: int) -> None:
        self._layout.addSpacing(pixels)

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Rows are made anew inside; the current one and the focus come back."""
        number, had_focus = self._current, any(row.hasFocus() for row in self._rows)
        yield
        if self._rows:
            self._current = min(number, len(self._rows) - 1)
            self._tab_stop()
            if had_focus:
                self._rows[self._current].setFocus(Qt.FocusReason.OtherFocusReason)

    def empty(self) -> None:
        while self._layout.count():
            item = self._layout.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        self._rows, self._current = [], 0

    def choose(self, number: int, *, focus: bool = False) -> None:
        """Make a row the current one."""
        if not 0 <= number < len(self._rows):
            return
        changed = number != self._current
        self._current = number
        self._tab_stop()
        if focus:
            self._rows[number].setFocus(Qt.FocusReason.OtherFocusReason)
            reveal(self._rows[number])
        if changed:
            self.moved.emit(number)

    def _pressed(self, number: int) -> None:
        self.choose(number)
        self.opened.emit(number)

    def _tab_stop(self) -> None:
        for number, row in enumerate(self._rows):
            is_stop = number == min(self._current, len(self._rows) - 1)
            policy = Qt.FocusPolicy.StrongFocus if is_stop else Qt.FocusPolicy.ClickFocus
            row.setFocusPolicy(policy)

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = event.key(), len(self._rows) - 1
        moves = {
            Qt.Key.Key_Up: max(0, self._current - 1),
            Qt.Key.Key_Down: min(last, self._current + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if plain and key in moves:
            self.choose(moves[Qt.Key(key)], focus=True)
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self._current)
        else:
            super().keyPressEvent(event)


class LiveRow(Row):
    """46 high (32 narrow): glyph, step, detail, time. It changes in place."""

    def __init__(self, look: Look, height: int = 46) -> None:
        super().__init__(look, height, (33, 156, -1, 90))
        self._lead, self._name_width = 33, 156
        self.sign = GlyphSign(look, Glyph.WAITING, 20)
        self.name = Text(look, "", Type.STRONG)
        self.detail = Text(look, "", Type.BODY, "muted")
        self.time = Text(look, "", Type.SMALL, "muted")
        for number, widget in enumerate((self.sign, self.name, self.detail)):
            self.put(number, widget)
        self.put(3, self.time, right=True)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(32 if narrow else 46)
        self.sign.set_size(16 if narrow else 20)
        self._lead = 28 if narrow else 33
        self.name_width(self._name_width)

    def name_width(self, width: int) -> None:
        self._name_width = width
        self.set_columns((self._lead, width, -1, 90))

    def show_state(self, glyph: Glyph, word: str, name: str, detail: str, time: str) -> None:
        """Waiting rows are muted; current and trouble rows stand on their soft colour."""
        quiet = glyph in (Glyph.WAITING, Glyph.NOT_DONE)
        loud = glyph in (Glyph.BUSY, Glyph.ATTENTION, Glyph.FAILED)
        alarming = glyph in (Glyph.ATTENTION, Glyph.FAILED)
        self.sign.show_state(glyph, word)
        self.name.say(name, "muted" if quiet else "text", Type.BODY if quiet else Type.STRONG)
        kind = Type.STRONG if alarming else Type.BODY
        self.detail.say(detail, glyph.token if loud else "muted", kind)
        self.time.say(time)
        self.set_ground(glyph.ground if loud else None)
        self.setAccessibleName(", ".join(part for part in (name, word, detail, time) if part))
        self._arrange()

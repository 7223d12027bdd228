"""The left rail: whose case and which step, or where to go; devices; the officer; lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import Line, clear, column, holder, row
from desk.ui.parts.text import Text
from desk.ui.theme import Type

WIDE = 224
"""Pixels of the rail from 1360x800 up."""


class StepState(StrEnum):
    WAITING = "waiting"
    CURRENT = "current"
    DONE = "done"
    ATTENTION = "attention"
    STOPPED = "stopped"


@dataclass(frozen=True)
class StepMark:
    """One of the seven steps: its name, its second line (when or what), a shorter one for
    the narrow rail, and whether it may be looked back at."""

    name: str
    state: StepState
    detail: str
    short: str = ""
    current: bool = False
    can_open: bool = False


@dataclass(frozen=True)
class NavEntry:
    key: str
    name: str
    icon: str
    count: int = 0
    current: bool = False


@dataclass(frozen=True)
class RailView:
    """What the rail shows. With ``case_number`` the steps, without it the navigation.

    ``post_city`` stands where the post's name has no room.
    """

    post: str
    officer: str
    role: str
    devices: str
    devices_glyph: Glyph = Glyph.PASSED
    case_number: str = ""
    kind: str = ""
    name: str = ""
    second_name: str = ""
    steps: tuple[StepMark, ...] = ()
    entries: tuple[NavEntry, ...] = ()
    can_leave: bool = True
    post_city: str = ""


class RailButton(QAbstractButton):
    """Base of what can be pressed on the rail; painted on the rail's colours."""

    ring_radius = 8

    def __init__(self, look: Look, height: int) -> None:
        super().__init__()
        self._look, self.icons_only, self.ring_wanted = look, False, True
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        look.restyled.connect(self.update)

    def _words(
        self,
        painter: QPainter,
        x: float,
        y: float,
        height: int,
        text: str,
        kind: Type,
        token: str,
        kept: float = 4,
    ) -> None:
        """Cut where ``kept`` pixels at the right belong to something else."""
        font = self._look.font(kind)
        painter.setFont(font)
        painter.setPen(self._look[token])
        room = self.width() - x - kept
        cut = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(x, y, room, height), Qt.AlignmentFlag.AlignVCenter, cut)

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)


class StepItem(RailButton):
    """56 high (44 narrow): disc or number, name, when or what."""

    def __init__(self, look: Look, number: int) -> None:
        super().__init__(look, 56)
        self._number = number
        self._mark = StepMark("", StepState.WAITING, "")
        self._narrow = False

    def show_mark(self, mark: StepMark, narrow: bool, icons_only: bool) -> None:
        self._mark, self._narrow, self.icons_only = mark, narrow, icons_only
        self.setFixedHeight(44 if narrow else 56)
        self.setEnabled(mark.can_open or mark.current)
        self.setFocusPolicy(
            Qt.FocusPolicy.StrongFocus if self.isEnabled() else Qt.FocusPolicy.NoFocus
        )
        self.setAccessibleName(f"{self._number}. {mark.name}, {mark.detail}")
        self.setToolTip(f"{mark.name} · {mark.detail}" if icons_only or narrow else "")
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if mark.can_open else Qt.CursorShape.ArrowCursor
        )
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, mark = QPainter(self), self._mark
        if mark.current:
            rounded(painter, QRectF(self.rect()), 8, self._look["rail-active"])
        middle = self.height() / 2
        x = (self.width() - 24) / 2 if self.icons_only else 8.0
        self._paint_sign(painter, QRectF(x, middle - 12, 24, 24))
        if self.icons_only:
            return
        bright = mark.current or mark.state is StepState.DONE
        title = Type.STRONG if mark.current else Type.BODY
        top = middle - 22
        self._words(painter, 44, top, 24, mark.name, title, "rail-text" if bright else "rail-muted")
        detail = mark.detail
        if self._narrow and mark.short:
            wide = QFontMetricsF(self._look.font(Type.SMALL)).horizontalAdvance(detail)
            detail = detail if wide <= self.width() - 52 else mark.short
        self._words(
            painter,
            44,
            middle,
            20,
            detail,
            Type.SMALL,
            "rail-muted",
        )

    def _paint_sign(self, painter: QPainter, box: QRectF) -> None:
        look, state = self._look, self._mark.state
        ground = "rail-active" if self._mark.current else "rail"
        if state is StepState.DONE:
            look.paint_glyph(painter, Glyph.PASSED, box, token="rail-text", mark=ground)
            return
        if state in (StepState.ATTENTION, StepState.STOPPED):
            warning = state is StepState.ATTENTION
            glyph = Glyph.ATTENTION if warning else Glyph.FAILED
            token = "rail-warning" if warning else "rail-danger"
            look.paint_glyph(painter, glyph, box, token=token, mark="rail")
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = state is StepState.CURRENT
        painter.setBrush(look["rail-text"] if current else Qt.BrushStyle.NoBrush)
        painter.setPen(Qt.PenStyle.NoPen if current else QPen(look["rail-muted"], 1.75))
        painter.drawEllipse(box.center(), 11.0, 11.0)
        painter.setFont(look.font(Type.SMALL_STRONG))
        painter.setPen(look["rail"] if current else look["rail-muted"])
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(self._number))


class NavItem(RailButton):
    """40 high: icon 20, word, count as a white pill."""

    def __init__(self, look: Look, entry: NavEntry, *, quiet: bool = False) -> None:
        super().__init__(look, 40)
        self._entry, self._quiet = entry, quiet
        name = f"{entry.name} {entry.count}" if entry.count else entry.name
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, entry, look = QPainter(self), self._entry, self._look
        if entry.current:
            rounded(painter, QRectF(self.rect()), 8, look["rail-active"])
        token = "rail-text" if entry.current else "rail-muted"
        x = (self.width() - 20) / 2 if self.icons_only else 8.0
        look.paint_icon(painter, entry.icon, token, QRectF(x, 10, 20, 20))
        if self.icons_only:
            return
        kind = Type.STRONG if entry.current else Type.BODY
        self._words(painter, 40, 0, 40, entry.name, kind, token)
        if entry.count:
            pill = QRectF(self.width() - 32, 8, 24, 24)
            rounded(painter, pill, 12, look["rail-text"])
            painter.setPen(look["rail"])
            painter.setFont(look.font(Type.SMALL_STRONG))
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, str(entry.count))


class Mark(QWidget):
    """The program's mark: a card with a person and a tick, white on the rail."""

    def __init__(self, look: Look, size: int = 32) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(size, size)
        self.setAccessibleName(look.say("app.name"))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self.width() / 32, self.height() / 32)
        rounded(painter, QRectF(1, 1, 30, 30), 7, look["rail-text"])
        dark = look["rail"]
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(dark, 2, Qt.PenStyle.SolidLine, cap, join))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(6, 8.5, 20, 15), 3, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(dark)
        painter.drawEllipse(QPointF(12.2, 14), 2.1, 2.1)
        painter.drawChord(QRectF(8.6, 17, 7.2, 7), 0, 180 * 16)
        painter.setPen(QPen(look["accent"], 2.1, Qt.PenStyle.SolidLine, cap, join))
        painter.drawPolyline([QPointF(17.6, 16.2), QPointF(19.6, 18.2), QPointF(23.2, 13.8)])


class _Foot(RailButton):
    """Devices, or officer and lock, at the rail's end. Who is signed in is read whole: what
    has no room in one line stands in several."""

    LEFT, END, LINE = 48, 40, 20

    def __init__(self, look: Look, icon: str, height: int) -> None:
        super().__init__(look, height)
        self._least = height
        self._icon, self._title, self._detail, self._right = icon, "", "", ""
        self._glyph: Glyph | None = None
        self._end_icon: str | None = None

    def show_words(
        self,
        title: str,
        detail: str = "",
        right: str = "",
        glyph: Glyph | None = None,
        end_icon: str | None = None,
    ) -> None:
        self._title, self._detail, self._right = title, detail, right
        self._glyph, self._end_icon = glyph, end_icon
        self.update()

    def fit(self, width: int) -> None:
        """As high as its words are in ``width``."""
        lines = len(self._lines(width))
        high = 4 + self.LINE * lines if lines > 2 and not self.icons_only else 0
        self.setFixedHeight(max(self._least, high))

    def _lines(self, width: int) -> list[tuple[str, Type, str]]:
        """Title and detail, each in as many lines as it needs."""
        room = width - self.LEFT - (self.END if self._end_icon else 4)
        return [
            (line, kind, token)
            for words, kind, token in (
                (self._title, Type.BODY, "rail-text"),
                (self._detail, Type.SMALL, "rail-muted"),
            )
            for line in _lines_of(words, QFontMetricsF(self._look.font(kind)), room)
        ]

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        middle = self.height() / 2
        x = (self.width() - 20) / 2 if self.icons_only else 16.0
        if self.icons_only and self._glyph not in (None, Glyph.PASSED):
            self._paint_glyph(painter, QRectF(x, middle - 10, 20, 20))
            return
        look.paint_icon(painter, self._icon, "rail-text", QRectF(x, middle - 10, 20, 20))
        if self.icons_only:
            return
        if self._detail:
            end, lines = self.END if self._end_icon else 4, self._lines(self.width())
            top = middle - self.LINE * len(lines) / 2 - (1 if len(lines) == 2 else 0)
            for line, kind, token in lines:
                self._words(painter, self.LEFT, top, self.LINE, line, kind, token, end)
                top += self.LINE
        else:
            self._words(painter, self.LEFT, middle - 12, 24, self._title, Type.BODY, "rail-text")
        if self._end_icon:
            box = QRectF(self.width() - 36, middle - 10, 20, 20)
            look.paint_icon(painter, self._end_icon, "rail-muted", box)
        if self._right:
            self._paint_right(painter, middle)

    def _token(self) -> str:
        tokens = {Glyph.ATTENTION: "rail-warning", Glyph.FAILED: "rail-danger"}
        return tokens.get(self._glyph or Glyph.PASSED, "rail-muted")

    def _paint_glyph(self, painter: QPainter, box: QRectF) -> None:
        if self._glyph is not None:
            self._look.paint_glyph(painter, self._glyph, box, token=self._token(), mark="rail")

    def _paint_right(self, painter: QPainter, middle: float) -> None:
        font = self._look.font(Type.SMALL)
        wide = QFontMetricsF(font).horizontalAdvance(self._right)
        narrow = self.width() < WIDE
        left = self.width() - (12 if narrow else 16) - wide
        painter.setFont(font)
        painter.setPen(self._look[self._token()])
        painter.drawText(
            QRectF(left, middle - 10, wide + 1, 20), Qt.AlignmentFlag.AlignVCenter, self._right
        )
        self._paint_glyph(painter, QRectF(left - (20 if narrow else 24), middle - 8, 16, 16))


def _lines_of(words: str, metrics: QFontMetricsF, room: float) -> list[str]:
    """``words`` in one line where they have room in it. Else what stands in front of a name, or
    of a dot, has a line of its own; a word that is still too long is cut when it is painted."""
    if metrics.horizontalAdvance(words) <= room:
        return [words] if words else []
    between = " · " if " · " in words else " "
    first, _, rest = words.partition(between)
    return [first, *_lines_of(rest, metrics, room)] if rest else [first]


class Rail(QWidget):
    """224 wide (192 narrow, 64 small with glyphs only).

    Signals: ``home`` (back to the board), ``step_chosen(int)`` (1 to 7 by its place, looking back),
    ``entry_chosen(str)``, ``devices_chosen``, ``lock_chosen``.
    """

    home = Signal()
    step_chosen = Signal(int)
    entry_chosen = Signal(str)
    devices_chosen = Signal()
    lock_chosen = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._narrow, self._small = look, False, False
        self._view: RailView | None = None
        self.setAccessibleName(look.say("rail.name"))
        self._mark = Mark(look)
        self._app = Text(look, "", Type.STRONG, "rail-text")
        self._post = Text(look, "", Type.SMALL, "rail-muted")
        words = column(None, self._app, self._post, None)
        self._head_row = row(self._mark, words, margins=(16, 0, 8, 0))
        self._head = holder(self._head_row)
        self._back = NavItem(look, NavEntry("home", "", "chevron-left"))
        self._back.clicked.connect(self.home)
        self._number = Text(look, "", Type.SMALL, "rail-muted")
        self._kind = Text(look, "", Type.SMALL_STRONG, "rail-text")
        self._name = Text(look, "", Type.STRONG, "rail-text")
        self._second = Text(look, "", Type.SMALL, "rail-muted")
        self._names_box = column(self._number, self._kind, 1, self._name, self._second)
        names = holder(self._names_box)
        self._names = names
        back = row(self._back, margins=(8, 0, 8, 0))
        self._case = holder(column(8, back, names, Line(look, "rail-line")))
        self._steps = [StepItem(look, number) for number in range(1, 8)]
        for number, step in enumerate(self._steps, 1):
            step.clicked.connect(lambda _=False, n=number: self.step_chosen.emit(n))
        self._step_box = holder(column(*self._steps, margins=(8, 8, 8, 0)))
        self._nav = QVBoxLayout()
        self._nav.setContentsMargins(8, 16, 8, 0)
        self._nav.setSpacing(0)
        self._nav_box = holder(self._nav)
        self._devices = _Foot(look, "plug", 54)
        self._devices.clicked.connect(self.devices_chosen)
        self._officer = _Foot(look, "id-card", 40)
        self._officer.clicked.connect(self.lock_chosen)
        self.setLayout(
            column(
                self._head,
                Line(look, "rail-line"),
                self._case,
                self._step_box,
                self._nav_box,
                None,
                Line(look, "rail-line"),
                self._devices,
                self._officer,
                14,
            )
        )
        look.restyled.connect(self.update)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        """Choose the width for the window's size."""
        self._narrow, self._small = narrow, small
        self.setFixedWidth(64 if small else (192 if narrow else WIDE))
        self._head_row.setSpacing(8 if narrow else 12)
        self._head.setFixedHeight(55 if narrow or small else 63)
        self._names_box.setContentsMargins(16, 3 if narrow else 7, 8, 8 if narrow else 16)
        if self._view is not None:
            self.render_view(self._view)

    def render_view(self, view: RailView) -> None:
        self._view = view
        say = self._look.say
        in_case = bool(view.case_number)
        for text in (self._app, self._post):
            shown(text, not self._small)
        self._app.say(say("app.short_name"))
        self._show_post(view)
        shown(self._case, in_case)
        shown(self._step_box, in_case)
        shown(self._nav_box, not in_case)
        self._show_case(view)
        self._show_entries(view.entries)
        self._show_foot(view)

    def _show_post(self, view: RailView) -> None:
        room = self.width() - 24 - self._mark.width() - self._head_row.spacing()
        self._post.say(view.post)
        if view.post_city and self._post.advance() > room:
            self._post.say(view.post_city)
        self._post.setAccessibleName(view.post)

    def _show_case(self, view: RailView) -> None:
        back = NavEntry("home", self._look.say("rail.board"), "chevron-left")
        self._back._entry = back
        self._back.icons_only = self._small
        self._back.setEnabled(view.can_leave)
        self._back.setAccessibleName(back.name)
        shown(self._names, not self._small)
        self._number.say(view.case_number)
        self._kind.say(view.kind)
        shown(self._kind, bool(view.kind))
        self._name.say(view.name)
        shown(self._name, bool(view.name))
        self._second.say(view.second_name)
        shown(self._second, bool(view.second_name))
        for place, item in enumerate(self._steps):
            shown(item, place < len(view.steps) or not view.steps)
        for item, mark in zip(self._steps, view.steps, strict=False):
            item.show_mark(mark, self._narrow or self._small, self._small)

    def _show_entries(self, entries: Sequence[NavEntry]) -> None:
        clear(self._nav)
        for entry in entries:
            item = NavItem(self._look, entry)
            item.icons_only = self._small
            item.setToolTip(entry.name if self._small else "")
            item.clicked.connect(lambda _=False, key=entry.key: self.entry_chosen.emit(key))
            self._nav.addWidget(item)

    def _show_foot(self, view: RailView) -> None:
        say = self._look.say
        for foot in (self._devices, self._officer):
            foot.icons_only = self._small
        self._devices.show_words(say("rail.devices"), right=view.devices, glyph=view.devices_glyph)
        self._devices.setAccessibleName(f"{say('rail.devices')}, {view.devices}")
        self._devices.setToolTip(f"{say('rail.devices')} · {view.devices}" if self._small else "")
        self._officer.show_words(view.officer, view.role, end_icon="lock")
        name = f"{view.officer}, {view.role}. {say('rail.lock')}"
        self._officer.setAccessibleName(name)
        lock = f"{say('rail.lock')} (Ctrl+L)"
        self._officer.setToolTip(f"{view.officer} · {view.role}\n{lock}" if view.officer else lock)
        self._officer.fit(self.minimumWidth())

    # Qt's own
    def sizeHint(self) -> QSize:
        return QSize(self.width(), 600)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["rail"])

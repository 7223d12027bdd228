"""What the page of checks is made of: the strip of parts, the tree, the finding, the codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.parts.box import Box, Card, Line, clear, column, holder, row
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

INDENT = 32
"""Pixels between two levels of the tree."""


@dataclass(frozen=True)
class PartMark:
    """One part of the strip: its key, name, state and the state's word."""

    key: str
    name: str
    glyph: Glyph
    word: str


class PartTab(QAbstractButton):
    """42 high: glyph and name; the chosen one stands on the soft accent."""

    ring_inset = True
    ring_radius = 6

    def __init__(self, look: Look, mark: PartMark) -> None:
        super().__init__()
        self._look, self.mark, self._chosen, self.ring_wanted = look, mark, False, True
        self.setFixedHeight(42)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        look.restyled.connect(self.update)

    def show_mark(self, mark: PartMark, chosen: bool) -> None:
        self.mark, self._chosen = mark, chosen
        self.setAccessibleName(f"{mark.name}, {mark.word}")
        self.setToolTip(f"{mark.name} · {mark.word}")
        self.update()

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(96, 42)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        if self._chosen:
            rounded(painter, QRectF(self.rect()).adjusted(2, 3, -2, -3), 6, look["accent-soft"])
        look.paint_glyph(painter, self.mark.glyph, QRectF(12, 13, 16, 16))
        font = look.font(Type.SMALL_STRONG if self._chosen else Type.SMALL)
        painter.setFont(font)
        painter.setPen(look["text"])
        room = self.width() - 40.0
        cut = QFontMetricsF(font).elidedText(self.mark.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(36, 0, room, 42), Qt.AlignmentFlag.AlignVCenter, cut)


class Strip(Box):
    """All parts beside each other; in a small window in two rows."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._tabs: list[PartTab] = []
        self._across = 99
        self._grid = QGridLayout()
        self._grid.setContentsMargins(4, 1, 4, 1)
        self._grid.setSpacing(0)
        self.setLayout(self._grid)

    def set_small(self, small: bool) -> None:
        self._across = 4 if small else 99
        self._lay_out()

    def show_parts(self, parts: Sequence[PartMark], chosen: str) -> None:
        if [one.key for one in parts] != [tab.mark.key for tab in self._tabs]:
            self._rebuild(parts)
        for tab, mark in zip(self._tabs, parts, strict=True):
            tab.show_mark(mark, mark.key == chosen)

    def _rebuild(self, parts: Sequence[PartMark]) -> None:
        clear(self._grid)
        self._tabs = [PartTab(self._look, mark) for mark in parts]
        for tab in self._tabs:
            tab.clicked.connect(lambda _=False, tab=tab: self.chosen.emit(tab.mark.key))
        self._lay_out()

    def _lay_out(self) -> None:
        for number, tab in enumerate(self._tabs):
            self._grid.addWidget(tab, number // self._across, number % self._across)


@dataclass(frozen=True)
class Twig:
    """A line of the tree as words: ``quiet`` where it was not asked."""

    level: int
    glyph: Glyph
    word: str
    name: str
    fact: str = ""
    code: str = ""

    @property
    def quiet(self) -> bool:
        return self.glyph in (Glyph.NOT_DONE, Glyph.WAITING)

    @property
    def loud(self) -> bool:
        return self.glyph in (Glyph.FAILED, Glyph.ATTENTION)


@dataclass(frozen=True)
class Limbs:
    """The lines of one row: columns whose upright line goes on below it, and whether its own
    branch begins under it."""

    through: frozenset[int]
    begins: bool


def limbs(levels: Sequence[int], place: int) -> Limbs:
    """What is drawn at ``place`` of a tree that is given as the levels of its rows."""
    own, after = levels[place], levels[place + 1 :]
    through = frozenset(level for level in range(own) if _goes_on(level, after))
    return Limbs(through, after[:1] == [own + 1])


def _goes_on(level: int, after: Sequence[int]) -> bool:
    """Another child of ``level`` comes before its branch ends."""
    for later in after:
        if later <= level + 1:
            return later == level + 1
    return False


class TwigRow(QWidget):
    """46 high (44 narrow): the lines of its branch, glyph, name with its fact, code."""

    def __init__(self, look: Look, twig: Twig, drawn: Limbs, height: int) -> None:
        super().__init__()
        self._look, self._twig, self._limbs = look, twig, drawn
        self._sign = GlyphSign(look, twig.glyph, 20, twig.word)
        kind = Type.STRONG if twig.loud else Type.BODY
        name = Text(look, twig.name, kind, "muted" if twig.quiet else "text")
        fact = Text(look, twig.fact, Type.SMALL, "muted")
        words = column(None, name, fact, None) if twig.fact else column(None, name, None)
        code = Text(look, twig.code, Type.SMALL, "muted")
        layout = row(self._sign, 12, words, 8, code, margins=(self._left(), 0, 16, 0))
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self.setFixedHeight(height)
        self.setAccessibleName(
            ", ".join(part for part in (twig.name, twig.word, twig.fact, twig.code) if part)
        )
        look.restyled.connect(self.update)

    def _left(self) -> int:
        return 18 + INDENT * self._twig.level

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, middle = QPainter(self), self._look, self.height() / 2
        if self._twig.loud:
            painter.fillRect(self.rect(), look[self._twig.glyph.ground])
        painter.setPen(QPen(look["line-strong"], 1))
        for level in self._limbs.through:
            x = 28.5 + INDENT * level
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        if self._limbs.begins:
            x = 28.5 + INDENT * self._twig.level
            painter.drawLine(QPointF(x, middle + 13), QPointF(x, self.height()))
        if self._twig.level:
            x = 28.5 + INDENT * (self._twig.level - 1)
            painter.drawLine(QPointF(x, 0), QPointF(x, middle))
            painter.drawLine(QPointF(x, middle), QPointF(self._left() - 5, middle))


class Tree(Card):
    """Where it stops: one row for each question, from the top."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 8, 1, 8))
        self.clock = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self.clock)
        self._shown: object = None
        self._narrow = False
        self._rows = column()
        self.body.addLayout(self._rows)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow

    def show_twigs(self, twigs: Sequence[Twig]) -> None:
        """The same twigs again change nothing, so that nothing flickers."""
        wanted = (tuple(twigs), self._narrow)
        if wanted == self._shown:
            return
        self._shown = wanted
        clear(self._rows)
        levels = [twig.level for twig in twigs]
        for place, twig in enumerate(twigs):
            height = 44 if self._narrow else 46
            self._rows.addWidget(TwigRow(self._look, twig, limbs(levels, place), height))


@dataclass(frozen=True)
class Told:
    """What the right card says. ``steps`` are what to try and what each tells; ``drawn``: the
    drawing of a card put in stands beside the sentence."""

    glyph: Glyph
    word: str
    title: str
    text: str
    code: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    drawn: bool = False


class FindingCard(Card):
    """One finding, its sentence, and what to try in the order of likelihood."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, header=48, padding=(1, 1, 1, 1))
        self._sign = GlyphSign(look, Glyph.WAITING, 24)
        self.left.insertWidget(0, self._sign)
        self._code = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._code)
        self._drawing = CardDrawing(look)
        self._text = Text(look, "", Type.BODY, wrap=True)
        about = row(self._drawing, self._text, gap=16, margins=(16, 12, 16, 12))
        about.setStretch(1, 1)
        self._steps = column()
        self.body.addLayout(about)
        self.body.addLayout(self._steps)
        self._shown: Told | None = None

    def tell(self, told: Told) -> None:
        if told == self._shown:
            return
        self._shown = told
        self._sign.show_state(told.glyph, told.word)
        self.name(told.title)
        self._code.say(told.code)
        self._text.say(told.text)
        shown(self._drawing, told.drawn)
        clear(self._steps)
        for number, (step, why) in enumerate(told.steps, 1):
            self._steps.addWidget(Line(self._look))
            self._steps.addWidget(_Step(self._look, number, step, why))
        spoken = [told.title, told.word, told.text, told.code, *(step for step, _ in told.steps)]
        self.setAccessibleName(", ".join(part for part in spoken if part))


class _Step(QWidget):
    """Number, what to do, what it tells."""

    def __init__(self, look: Look, number: int, step: str, why: str) -> None:
        super().__init__()
        kind = Type.STRONG if number == 1 else Type.BODY
        words = column(Text(look, step, kind, wrap=True))
        if why:
            words.addWidget(Text(look, why, Type.SMALL, "muted", wrap=True))
        disc = column(2, _Number(look, number), None)
        layout = row(disc, 12, words, margins=(16, 3, 16, 3))
        layout.setStretch(2, 1)
        self.setLayout(layout)
        self.setAccessibleName(f"{number}. {step}. {why}".strip())


class _Number(QWidget):
    """A step's number, light on the rail's colour."""

    def __init__(self, look: Look, number: int) -> None:
        super().__init__()
        self._look, self._number = look, number
        self.setFixedSize(24, 24)
        look.restyled.connect(self.update)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        rounded(painter, QRectF(self.rect()), 12, look["rail-active"])
        painter.setFont(look.font(Type.SMALL_STRONG))
        painter.setPen(look["rail-text"])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._number))


class CardDrawing(QWidget):
    """A card with its chip up, going into a reader."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(116, 84)
        look.restyled.connect(self.update)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        rounded(painter, QRectF(0.5, 48.5, 90, 34), 6, look["well"], look["line-strong"])
        rounded(painter, QRectF(14, 1, 62, 56), 5, look["card"], look["text"])
        painter.fillRect(QRectF(20, 9, 26, 2), look["muted"])
        painter.fillRect(QRectF(20, 14, 16, 2), look["muted"])
        rounded(painter, QRectF(36, 30, 18, 14), 3, look["warning-soft"], look["warning"])
        painter.setPen(QPen(look["warning"], 1))
        painter.drawLine(QPointF(45, 30), QPointF(45, 44))
        painter.drawLine(QPointF(36, 37), QPointF(54, 37))
        painter.setPen(QPen(look["text"], 2))
        painter.drawLine(QPointF(10, 57), QPointF(80, 57))
        look.paint_icon(painter, "arrow-down", "accent", QRectF(94, 20, 20, 20))


class Codes(Card):
    """All codes of readers and card with short names; the present one stands out."""

    ACROSS = 4

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(8, 8, 8, 8))
        self._hint = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._hint)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        self._shown: object = None
        self.body.addLayout(self._grid)

    def hint(self, words: str) -> None:
        self._hint.say(words)

    def show_codes(self, codes: Sequence[tuple[str, str]], current: str) -> None:
        wanted = (tuple(codes), current)
        if wanted == self._shown:
            return
        self._shown = wanted
        clear(self._grid)
        for number, (code, name) in enumerate(codes):
            cell = _Code(self._look, code, name, code == current)
            self._grid.addWidget(cell, number // self.ACROSS, number % self.ACROSS)


class _Code(QWidget):
    def __init__(self, look: Look, code: str, name: str, current: bool) -> None:
        super().__init__()
        self._look, self._current = look, current
        label = Text(look, code, Type.SMALL, "muted")
        label.setFixedWidth(84)
        words = Text(look, name, Type.SMALL_STRONG if current else Type.SMALL)
        layout = row(label, words, margins=(8, 0, 4, 0))
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setFixedHeight(28)
        self.setAccessibleName(f"{code}, {name}")
        look.restyled.connect(self.update)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._current:
            rounded(QPainter(self), QRectF(self.rect()), 6, self._look["danger-soft"])


def held(*items: QWidget) -> QWidget:
    """Widgets beside each other, as wide as they are."""
    return holder(row(*items, None, gap=8))

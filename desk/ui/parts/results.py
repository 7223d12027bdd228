"""The result tree: groups 32 high, leaves 28 (22 narrow), the next step under a leaf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.parts.box import column, row
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type


@dataclass(frozen=True)
class Leaf:
    """One answer: glyph, name, muted evidence, word; under a failed or undecided one the
    next step (an accent word that can be pressed when ``remedy`` is given) and a remark."""

    glyph: Glyph
    name: str
    evidence: str
    word: str
    code: str = ""
    next: str = ""
    remark: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Branch:
    name: str
    glyph: Glyph
    word: str
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class _Sizes:
    """Heights of a group's head, a leaf, the line under a leaf, and of the gap between groups."""

    group: int
    leaf: int
    under: int
    gap: int


class Density(IntEnum):
    """How much room a leaf gets. CLOSE: less air, its next step still under it; TIGHT: the next
    step in the tip and on Enter only."""

    OPEN = 0
    CLOSE = 1
    TIGHT = 2

    @property
    def sizes(self) -> _Sizes:
        if self is Density.OPEN:
            return _Sizes(32, 28, 20, 8)
        return _Sizes(26, 24, 18, 4) if self is Density.CLOSE else _Sizes(24, 22, 0, 4)


class ResultTree(QWidget):
    """Branches in two columns. ``opened`` carries a leaf's code.

    It takes the least density at which both columns fit into the card; a column that fits at
    none folds what has passed into one line a branch. Every leaf opens.
    """

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lists = (RowList(), RowList())
        self._room, self._narrow, self._density = 279, False, Density.OPEN
        self._folds = [False, False]
        self._shown: tuple[tuple[Branch, ...], tuple[Branch, ...]] = ((), ())
        self._codes: tuple[list[str], list[str]] = ([], [])
        line = row(*[column(rows, None) for rows in self._lists], gap=16)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        self.setLayout(line)
        for number, rows in enumerate(self._lists):
            rows.opened.connect(lambda place, n=number: self._open(n, place))

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._room = 215 if narrow else 279
        self._build()

    def show_branches(self, left: Sequence[Branch], right: Sequence[Branch]) -> None:
        if (tuple(left), tuple(right)) == self._shown:
            return
        self._shown = (tuple(left), tuple(right))
        self._build()

    def _build(self) -> None:
        self._fit()
        for number, branches in enumerate(self._shown):
            rows, codes = self._lists[number], self._codes[number]
            with rows.rebuilding():
                rows.empty()
                codes.clear()
                for place, branch in enumerate(branches):
                    if place:
                        rows.space(self._density.sizes.gap)
                    self._add_branch(rows, codes, branch, self._folds[number])

    def _fit(self) -> None:
        least = Density.CLOSE if self._narrow else Density.OPEN
        self._folds = [False, False]
        for density in [one for one in Density if one >= least]:
            self._density = density
            if all(self._fits(side, False) for side in self._shown):
                return
        # What passed gives way before what is to be done about the rest does.
        self._density = Density.CLOSE
        self._folds = [not self._fits(side, False) for side in self._shown]
        if not all(map(self._fits, self._shown, self._folds)):
            self._density = Density.TIGHT

    def _fits(self, branches: Sequence[Branch], fold: bool) -> bool:
        sizes = self._density.sizes
        high = sizes.gap * max(0, len(branches) - 1)
        for branch in branches:
            leaves = folded(branch) if fold else branch.leaves
            high += sizes.group + sizes.leaf * len(leaves)
            high += sizes.under * sum(bool(one.next or one.remark) for one in leaves)
        return high <= self._room

    def _add_branch(self, rows: RowList, codes: list[str], branch: Branch, fold: bool) -> None:
        look, sizes = self._look, self._density.sizes
        head = Row(look, sizes.group, (28, -1, 120), padding=13, line=False, radius=8)
        head.set_ground("well")
        head.put(0, GlyphSign(look, branch.glyph, 20, branch.word))
        head.put(1, Text(look, branch.name, Type.STRONG))
        head.put(2, Text(look, branch.word, Type.STRONG, branch.glyph.token), right=True)
        head.setAccessibleName(f"{branch.name}, {branch.word}")
        rows.add(head)
        codes.append("")
        for leaf in self._leaves(branch) if fold else branch.leaves:
            rows.add(self._leaf(leaf))
            codes.append(leaf.code)
            if (leaf.next or leaf.remark) and sizes.under:
                rows.add_between(self._under(leaf))

    def _leaves(self, branch: Branch) -> tuple[Leaf, ...]:
        say = self._look.say
        return tuple(
            replace(one, name=say("compare.passed_rest", n=int(one.name)))
            if one.name.isdigit()
            else one
            for one in folded(branch)
        )

    def _leaf(self, leaf: Leaf) -> Row:
        look = self._look
        line = Row(
            look, self._density.sizes.leaf, (23, -1, self._width_of(leaf.word)),
            padding=13, line=False, clickable=bool(leaf.code), radius=6,
        )  # fmt: skip
        line.put(0, GlyphSign(look, leaf.glyph, 16, leaf.word))
        failed = leaf.glyph is Glyph.FAILED
        line.put(1, NameAndEvidence(look, leaf.name, leaf.evidence, failed))
        line.put(2, Text(look, leaf.word, Type.SMALL_STRONG, leaf.glyph.token), right=True)
        tip = " · ".join(part for part in (leaf.evidence, leaf.next, leaf.remark) if part)
        line.setToolTip(tip)
        line.setAccessibleName(f"{leaf.name}, {leaf.word}" + (f". {tip}" if tip else ""))
        return line

    def _width_of(self, word: str) -> int:
        """State words are never cut; what theirs leaves is the evidence's."""
        metrics = QFontMetricsF(self._look.font(Type.SMALL_STRONG))
        return round(metrics.horizontalAdvance(word)) + 4

    def _under(self, leaf: Leaf) -> QWidget:
        """What to do, in the accent, and muted the figures and the code."""
        line = Row(self._look, self._density.sizes.under, (23, -1), padding=13, line=False)
        line.put(1, NextAndRemark(self._look, leaf.next, leaf.remark))
        line.setToolTip(" · ".join(part for part in (leaf.next, leaf.remark) if part))
        return line

    def _open(self, side: int, place: int) -> None:
        codes = self._codes[side]
        if place < len(codes) and codes[place]:
            self.opened.emit(codes[place])


def folded(branch: Branch) -> tuple[Leaf, ...]:
    """The branch with its passed leaves as one: its name is their number, for whoever
    shows it to put into words."""
    passed = [leaf for leaf in branch.leaves if leaf.glyph is Glyph.PASSED]
    if len(passed) < 2:
        return branch.leaves
    names = " · ".join(leaf.name for leaf in passed)
    rest = tuple(leaf for leaf in branch.leaves if leaf.glyph is not Glyph.PASSED)
    return (*rest, Leaf(Glyph.PASSED, str(len(passed)), names, passed[0].word))


class NextAndRemark(QWidget):
    """The next step in full, what is left of the row for figures and code."""

    def __init__(self, look: Look, next_step: str, remark: str) -> None:
        super().__init__()
        self._next = Text(look, next_step, Type.SMALL_STRONG, "accent", parent=self)
        self._remark = Text(look, remark, Type.SMALL, "muted", parent=self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(18)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = min(self._next.sizeHint().width() + 2, self.width())
        self._next.setGeometry(0, 0, wide, 18)
        start = wide + 8 if self._next.text() else 0
        self._remark.setGeometry(start, 0, max(0, self.width() - start), 18)


class NameAndEvidence(QWidget):
    """The name in full, what is left of the row for the muted evidence."""

    def __init__(self, look: Look, name: str, evidence: str, strong: bool) -> None:
        super().__init__()
        self._name = Text(look)
        self._evidence = Text(look, "", Type.SMALL, "muted")
        for text in (self._name, self._evidence):
            text.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(24)
        self.say(name, evidence, strong)

    def say(self, name: str, evidence: str, strong: bool = False) -> None:
        self._name.say(name, kind=Type.STRONG if strong else Type.BODY)
        self._evidence.say(evidence)
        self._lay_out()

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        name = min(self._name.sizeHint().width(), self.width())
        self._name.setGeometry(0, 0, name, 24)
        rest = max(0, self.width() - name - 8)
        self._evidence.setGeometry(name + 8, 2, rest, 20)

"""The result tree: groups 32 high, leaves 28 (24 narrow), the next step under a leaf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
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


class ResultTree(QWidget):
    """Branches in two columns (one in the small window). ``opened`` carries a leaf's code."""

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lists = (RowList(), RowList())
        self._narrow = False
        self._shown: tuple[tuple[Branch, ...], tuple[Branch, ...]] = ((), ())
        self._codes: tuple[list[str], list[str]] = ([], [])
        grid = column()
        sides = [column(rows, None) for rows in self._lists]
        line = row(*sides, gap=16)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        grid.addLayout(line)
        self.setLayout(grid)
        for number, rows in enumerate(self._lists):
            rows.opened.connect(lambda place, n=number: self._open(n, place))

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._build()

    def show_branches(self, left: Sequence[Branch], right: Sequence[Branch]) -> None:
        if (tuple(left), tuple(right)) == self._shown:
            return
        self._shown = (tuple(left), tuple(right))
        self._build()

    def _build(self) -> None:
        for number, branches in enumerate(self._shown):
            rows, codes = self._lists[number], self._codes[number]
            rows.empty()
            codes.clear()
            for place, branch in enumerate(branches):
                if place:
                    rows.space(4 if self._narrow else 8)
                self._add_branch(rows, codes, branch)

    def _add_branch(self, rows: RowList, codes: list[str], branch: Branch) -> None:
        head = Row(
            self._look, 26 if self._narrow else 32, (28, -1, 120), padding=13, line=False, radius=8
        )
        head.set_ground("well")
        head.put(0, GlyphSign(self._look, branch.glyph, 20, branch.word))
        head.put(1, Text(self._look, branch.name, Type.STRONG))
        head.put(2, Text(self._look, branch.word, Type.STRONG, branch.glyph.token), right=True)
        head.setAccessibleName(f"{branch.name}, {branch.word}")
        rows.add(head)
        codes.append("")
        for leaf in branch.leaves:
            rows.add(self._leaf(leaf))
            codes.append(leaf.code)
            if (leaf.next or leaf.remark) and not self._narrow:
                rows.add_between(self._under(leaf))

    def _leaf(self, leaf: Leaf) -> Row:
        look = self._look
        height = 24 if self._narrow else 28
        line = Row(
            look, height, (23, -1, 100), padding=13, line=False, clickable=bool(leaf.code), radius=6
        )
        line.put(0, GlyphSign(look, leaf.glyph, 16, leaf.word))
        failed = leaf.glyph is Glyph.FAILED
        words = NameAndEvidence(look, leaf.name, leaf.evidence, failed)
        line.put(1, words)
        line.put(2, Text(look, leaf.word, Type.SMALL_STRONG, leaf.glyph.token), right=True)
        tip = " · ".join(part for part in (leaf.evidence, leaf.next, leaf.remark) if part)
        line.setToolTip(tip if self._narrow or failed else leaf.evidence)
        name = f"{leaf.name}, {leaf.word}" + (f". {tip}" if tip else "")
        line.setAccessibleName(name)
        return line

    def _under(self, leaf: Leaf) -> QWidget:
        line = Row(self._look, 20, (23, -1), padding=13, line=False)
        words = f"**{leaf.next}**" if leaf.next and not leaf.remark else leaf.next
        text = "  ".join(part for part in (words, leaf.remark) if part)
        line.put(1, Text(self._look, text, Type.SMALL, "muted"))
        line.setToolTip(text.replace("**", ""))
        return line

    def _open(self, side: int, place: int) -> None:
        codes = self._codes[side]
        if place < len(codes) and codes[place]:
            self.opened.emit(codes[place])


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

"""«Approvals»: the cases that wait for this person's card, the oldest request first.

Signal: ``chosen(str)`` with the case's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_words import AREA
from desk.ui.parts.box import Card, HeadRow, column
from desk.ui.parts.frame import Page, Primary
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Verdict
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

COLUMNS = (36, -150, -150, -70, -150, -60, -70, -90)
_NAMES = ("", "case", "applicant", "items", "by", "at", "sent", "ends")


@dataclass(frozen=True)
class WaitingCase:
    """One line; ``left`` in seconds, ``items`` that must be opened; ``kind`` in words where it
    is no ordinary case."""

    number: str
    name: str
    items: int
    officer: str
    window: str
    sent_at: str
    left: int
    kind: str = ""


@dataclass(frozen=True)
class ApprovalsView:
    waiting: tuple[WaitingCase, ...] = ()
    trouble: Spoken | None = None


class ApprovalsPage(Page):
    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._say = OwnWords(look, AREA)
        self._view: ApprovalsView | None = None
        self.empty = Verdict(look)
        self.table = Card(look, header=0, padding=(1, 1, 1, 1))
        self._head = HeadRow(look)
        self._names = Row(look, 31, COLUMNS, line=False)
        self._head.setLayout(column(self._names, 1))
        self.rows = RowList()
        self.rows.opened.connect(self._open)
        self.table.body.addWidget(self._head)
        self.table.body.addWidget(self.rows)
        self.table.body.addStretch(1)
        self.body.addWidget(self.empty)
        self.body.addWidget(self.table)
        self.body.addStretch(1)
        self._shown: object = None
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if hasattr(self, "empty"):
            self.empty.set_narrow(narrow or small)

    def render(self, view: ApprovalsView) -> None:
        self._view = view
        say = self._say
        self.empty.show_state(Glyph.PASSED, say("waiting.none"), say("waiting.none_more"))
        shown(self.empty, not view.waiting)
        shown(self.table, bool(view.waiting))
        self._fill(view.waiting)
        self.show_trouble(view.trouble)
        self.footer.show_others(())
        self.footer.show_primary(
            Primary(say("waiting.open"), bool(view.waiting), keys=("Ctrl+Enter",))
        )
        self.say_head(say("waiting.title"), say("waiting.instruction"))

    def _fill(self, waiting: Sequence[WaitingCase]) -> None:
        state = (tuple(waiting), self.look.language)
        if state == self._shown:
            return
        self._shown = state
        look, say = self.look, self._say
        self._names.empty()
        for place, key in enumerate(_NAMES):
            if key:
                words = Text(look, say(f"waiting.{key}"), Type.SMALL_STRONG, "muted")
                self._names.put(place, words)
        with self.rows.rebuilding():
            self.rows.empty()
            for one in waiting:
                self.rows.add(self._row(one, one is waiting[-1]))

    def _row(self, one: WaitingCase, last: bool) -> Row:
        look, say = self.look, self._say
        line = Row(look, 48, COLUMNS, line=not last, clickable=True)
        glyph = Glyph.ATTENTION if one.items else Glyph.HALF
        line.put(0, GlyphSign(look, glyph, 20, look.say(f"state.{glyph.value}")))
        left = f"{one.left // 60:02d}:{one.left % 60:02d}"
        items = say("waiting.items_n", n=one.items)
        name = f"{one.name} · {one.kind}" if one.kind else one.name
        cells = (one.number, name, items, one.officer, one.window, one.sent_at, left)
        for place, words in enumerate(cells, start=1):
            kind = Type.STRONG if place == 2 else Type.BODY
            line.put(place, Text(look, words, kind))
        line.setAccessibleName(", ".join(cells))
        return line

    def _open(self, place: int) -> None:
        if self._view is not None and place < len(self._view.waiting):
            self.chosen.emit(self._view.waiting[place].number)

    def primary_key(self) -> None:
        self._open(self.rows.current)

    def first_focus(self) -> QWidget | None:
        rows = self.rows.rows
        return rows[0] if rows else None

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

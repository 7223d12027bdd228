"""Four sources compared: differences first, each with its reason chosen in the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.parts.box import HeadRow, column
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Choice
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

EMPTY = "—"


@dataclass(frozen=True)
class CompareLine:
    """A row: its key and name, the four values, glyph and words of the result.

    ``differs`` marks the values that stand alone (0 printed … 3 register). ``reasons`` are
    offered where a reason is needed. ``remark`` keeps the row visible in the narrow window.
    """

    key: str
    name: str
    values: tuple[str, str, str, str]
    glyph: Glyph
    result: str
    differs: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()
    reasons: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    remark: bool = False


class ComparisonTable(QWidget):
    """``reason_chosen(key, reason)``. In the narrow window rows without remark fold."""

    reason_chosen = Signal(str, str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._narrow, self._unfolded = False, False
        self._head = _TableHead(look)
        self._rows = RowList()
        self._lines: tuple[CompareLine, ...] = ()
        self._shown: object = None
        self._choices: dict[str, Choice] = {}
        self.setLayout(column(self._head, self._rows, None))

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._head.set_columns(self._columns())
        self._head.set_narrow(narrow)
        self._build()

    def _columns(self) -> tuple[float, ...]:
        first = 112 if self._narrow else 124
        return (first, -180, -180, -180, -180, -82, -210)

    def show_head(self, names: Sequence[str]) -> None:
        self._head.set_columns(self._columns())
        self._head.show_names(names)

    def show_lines(self, lines: Sequence[CompareLine]) -> None:
        """The order is the caller's and stays."""
        self._lines = tuple(lines)
        self._build()

    def unfold(self) -> None:
        self._unfolded = True
        self._shown = None
        self._build()

    def _build(self) -> None:
        state = (self._lines, self._narrow, self._unfolded, self._look.language)
        if state == self._shown:
            return
        self._shown = state
        answering = next((key for key, choice in self._choices.items() if choice.hasFocus()), "")
        with self._rows.rebuilding():
            self._fill()
        if answering in self._choices:
            self._choices[answering].setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        self._rows.empty()
        self._choices = {}
        fold = self._narrow and not self._unfolded
        shown = [line for line in self._lines if not fold or line.remark]
        folded = [line for line in self._lines if line not in shown]
        for number, line in enumerate(shown):
            self._rows.add(self._row(line, last=number == len(shown) - 1 and not folded))
        if folded:
            self._rows.add(self._fold_row(folded))

    def _row(self, line: CompareLine, last: bool) -> Row:
        look = self._look
        row = Row(look, 36 if self._narrow else 29, self._columns(), line=not last)
        row.put(0, Text(look, line.name, Type.SMALL, "muted"))
        for place, value in enumerate(line.values):
            row.put(place + 1, self._value(line, place, value))
        quiet = line.glyph in (Glyph.WAITING, Glyph.NOT_SUPPORTED, Glyph.NOT_DONE)
        row.put(5, _Sign(look, line.glyph, line.result, strong=bool(line.reasons), quiet=quiet))
        if line.reasons:
            row.set_ground("warning-soft")
            choice = Choice(look, f"{line.name}, {look.say('compare.reason')}", height=28)
            choice.offer(line.reasons, line.reason, look.say("compare.choose_reason"))
            choice.chosen.connect(lambda value, key=line.key: self.reason_chosen.emit(key, value))
            row.put(6, choice)
            self._choices[line.key] = choice
        names = ", ".join([line.name, *[v for v in line.values if v and v != EMPTY], line.result])
        row.setAccessibleName(names)
        return row

    def _value(self, line: CompareLine, place: int, value: str) -> Text:
        if place in line.differs:
            text = Text(self._look, value, Type.STRONG, "danger")
            text.underline("danger")
            return text
        if place in line.quiet:
            return Text(self._look, value, Type.SMALL, "muted")
        token = "muted" if value == EMPTY else "text"
        return Text(self._look, value, Type.BODY, token)

    def _fold_row(self, folded: Sequence[CompareLine]) -> Row:
        look = self._look
        row = Row(look, 36, (24, -1, 80), line=False)
        waits = any(line.glyph is Glyph.WAITING for line in folded)
        glyph = Glyph.WAITING if waits else Glyph.PASSED
        row.put(0, GlyphSign(look, glyph, 16, look.say(f"state.{glyph.value}")))
        names = " · ".join(line.name for line in folded)
        words = look.say("compare.rest_waits" if waits else "compare.rest_same", n=len(folded))
        row.put(1, Text(look, f"{words}  __{names}__", Type.SMALL))
        button = Button(look, look.say("compare.unfold"), Kind.LINK, height=24, small=True)
        button.clicked.connect(self.unfold)
        row.put(2, button, right=True)
        row.setAccessibleName(f"{words} {names}")
        return row

    def choices(self) -> list[Choice]:
        return list(self._choices.values())


class _Sign(QWidget):
    """Glyph 16 and word; takes the room of the rest of the row when there is no choice."""

    def __init__(self, look: Look, glyph: Glyph, word: str, *, strong: bool, quiet: bool) -> None:
        super().__init__()
        self._sign = GlyphSign(look, glyph, 16, word, parent=self)
        kind = Type.SMALL_STRONG if strong else Type.SMALL
        self._text = Text(look, word, kind, "muted" if quiet else glyph.token, parent=self)
        self._sign.move(0, 2)
        self._text.setGeometry(23, 0, self._text.sizeHint().width() + 2, 20)
        self.setFixedSize(25 + self._text.sizeHint().width(), 20)


class _TableHead(HeadRow):
    """Names of columns over the same edges as the rows."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._row = Row(look, 31, (-1,), line=False)
        self._names: tuple[str, ...] = ()
        self.setLayout(column(self._row, 1))

    def set_narrow(self, narrow: bool) -> None:
        super().set_narrow(narrow)
        self._row.setFixedHeight(27 if narrow else 31)

    def set_columns(self, columns: tuple[float, ...]) -> None:
        self._row.set_columns(columns)

    def show_names(self, names: Sequence[str]) -> None:
        if tuple(names) == self._names:
            return
        self._names = tuple(names)
        self._row.empty()
        for place, name in enumerate(names):
            self._row.put(place, Text(self._look, name, Type.SMALL_STRONG, "muted"))

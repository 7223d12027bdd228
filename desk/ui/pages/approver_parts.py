"""Cards of the approver's page: the items that must be opened, and the evidence of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.issuance.case import Case, ComparedItem, Comparison
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_words import AREA, FactLine, FlagLine
from desk.ui.parts.box import Box, Card, HeadRow, Line, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.person import Facts, Picture
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

EMPTY = "—"
COLUMNS = (128, -1, -1, -1, -1)
MOST_ROWS = 4
LOW = 54
"""Height of an item's row where its title stands in one line."""


@dataclass(frozen=True)
class ItemLine:
    """A flagged item in the list: its words, and how long it was seen; None: not yet."""

    flag: FlagLine
    seconds: int | None


class _ItemRow(Row):
    """As high as its title needs: what an approver must open is never cut."""

    words: QWidget | None = None

    def put_words(self, words: QWidget) -> None:
        self.words = words
        self.put(1, words)

    def _arrange(self) -> None:
        if self.words is not None:
            _, room = self._edges()[1]
            self.setFixedHeight(max(LOW, self.words.heightForWidth(int(room)) + 10))
        super()._arrange()


class ItemsCard(Card):
    """What must be opened; the open one carries the accent's edge."""

    chosen = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self._say = OwnWords(look, AREA)
        self._count = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._count)
        self._empty = Text(look, "", Type.BODY, "muted")
        self._empty_row = holder(
            row(GlyphSign(look, Glyph.PASSED, 20), 12, self._empty, None, margins=(16, 16, 16, 16))
        )
        self.rows = RowList()
        self.rows.opened.connect(self.chosen)
        self.body.addWidget(self._empty_row)
        self.body.addWidget(self.rows)
        self._shown: object = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def render(self, lines: Sequence[ItemLine], current: int) -> None:
        say = self._say
        opened = sum(line.seconds is not None for line in lines)
        self.name(say("approver.must_open"))
        self._count.say(say("approver.opened_of", n=opened, of=len(lines)) if lines else "")
        self._empty.say(say("approver.no_items"))
        shown(self._empty_row, not lines)
        state = (tuple(lines), current, self._look.language)
        if state == self._shown:
            return
        self._shown = state
        with self.rows.rebuilding():
            self.rows.empty()
            for place, line in enumerate(lines):
                last = place == len(lines) - 1
                self.rows.add(self._row(line, place == current, last))
        self.rows.choose(current)

    def _row(self, line: ItemLine, current: bool, last: bool) -> Row:
        look, say, flag = self._look, self._say, line.flag
        item = _ItemRow(look, LOW, (36, -1), line=not last, clickable=True)
        if current:
            item.set_ground("accent-soft", edge=True)
        item.put(0, GlyphSign(look, flag.glyph, 20, look.say(f"state.{flag.glyph.value}")))
        detail = say("approver.with_reason") if flag.key.startswith("difference:") else flag.fact
        seen = line.seconds is not None
        state = say("approver.seen", n=line.seconds) if seen else say("approver.not_opened")
        token = "success" if seen else "warning"
        sign = GlyphSign(look, Glyph.PASSED if seen else Glyph.WAITING, 16, state)
        sign.show_state(Glyph.PASSED if seen else Glyph.WAITING, state, token)
        below = row(Text(look, detail, Type.SMALL, "muted"), 12, sign, 6)
        below.addWidget(Text(look, state, Type.SMALL_STRONG, token))
        below.setStretch(0, 1)
        cell = holder(column(Text(look, flag.title, Type.STRONG, wrap=True), below))
        cell.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        item.put_words(cell)
        item.setAccessibleName(f"{flag.title}, {detail}, {state}")
        return item


class CleanCard(Card):
    """Facts without a remark, each a way to its step; one line in the narrow window."""

    step_asked = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self._say = OwnWords(look, AREA)
        self._note = Text(look, "", Type.SMALL, "muted")
        self._unfold = Button(look, "", Kind.LINK, height=24, small=True)
        self._unfold.clicked.connect(self._open)
        self.right.addWidget(self._note)
        self.right.addWidget(self._unfold)
        self.rows = RowList()
        self.rows.opened.connect(self._chosen)
        self.body.addWidget(self.rows)
        self._folded, self._narrow = False, False
        self._lines: tuple[FactLine, ...] = ()
        self._shown: object = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_narrow(self, narrow: bool) -> None:
        if narrow != self._narrow:
            self._narrow = self._folded = narrow
            self._fold()

    def _open(self) -> None:
        self._folded = False
        self._fold()

    def _fold(self) -> None:
        shown(self.rows, not self._folded)
        shown(self._note, not self._folded)
        shown(self._unfold, self._folded)

    def render(self, lines: Sequence[FactLine]) -> None:
        look, say = self._look, self._say
        self.name(say("approver.clean"))
        self._note.say(say("approver.clean_note"))
        self._unfold.say(say("approver.unfold", n=len(lines)))
        self._fold()
        state = (tuple(lines), look.language)
        if state == self._shown:
            return
        self._shown, self._lines = state, tuple(lines)
        with self.rows.rebuilding():
            self.rows.empty()
            for line in lines:
                last = line is lines[-1]
                item = Row(look, 36, (32, 92, -1, 8), line=not last, clickable=line.step > 0)
                item.put(0, GlyphSign(look, line.glyph, 20, look.say(f"state.{line.glyph.value}")))
                item.put(1, Text(look, line.name, Type.STRONG))
                item.put(2, Text(look, line.words, Type.SMALL, "muted"))
                item.setAccessibleName(f"{line.name}, {line.words}")
                self.rows.add(item)

    def _chosen(self, place: int) -> None:
        if self._lines[place].step:
            self.step_asked.emit(self._lines[place].step)


@dataclass(frozen=True)
class Evidence:
    """What stands behind one flagged item (None: the case has none). ``place`` counts from
    0; ``officer`` and ``reason_at`` say whose reason it is."""

    here: says.Here
    case: Case
    flag: FlagLine | None
    code: str
    place: int
    count: int
    officer: str
    portrait: QImage | None = None
    taken: QImage | None = None


class EvidenceCard(Card):
    """The four sources around a difference or the words of a finding; the reason, the
    register's data, both pictures; the way to the item before and behind. ``matter`` is what
    has to be on the screen."""

    moved = Signal(int)
    enlarge = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 16))
        self._say = OwnWords(look, AREA)
        self._narrow = False
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._table = _Sources(look)
        self._words = Text(look, "", Type.BODY, wrap=True)
        self._next = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._reason_name = Text(look, "", Type.SMALL, "muted")
        self._reason = Text(look, "", Type.STRONG, wrap=True)
        self._reason_by = Text(look, "", Type.SMALL, "muted")
        self._register = _RegisterBox(look)
        told = column(
            self._words, self._next, self._reason_name, self._reason, self._reason_by, None, gap=4
        )
        self._told = row(told, self._register, gap=24)
        self._told.setStretch(0, 1)
        self._pictures = _Pictures(look)
        self._pictures.enlarge.connect(self.enlarge)
        self.previous = Button(look, "", Kind.SECONDARY, height=40, icon="chevron-left")
        self.next = Button(look, "", Kind.SECONDARY, height=40)
        self.previous.clicked.connect(lambda: self.moved.emit(-1))
        self.next.clicked.connect(lambda: self.moved.emit(1))
        self._kept = Text(look, "", Type.SMALL, "muted")
        buttons = row(self.previous, self.next, None, self._kept, gap=8)
        lower = holder(column(self._told, 14, Line(look), 14, self._pictures))
        lower.setContentsMargins(16, 14, 16, 0)
        self.matter = holder(column(self._table, lower))
        ends = holder(buttons)
        ends.setContentsMargins(16, 12, 16, 0)
        self.body.addWidget(self.matter)
        self.body.addStretch(1)
        self.body.addWidget(ends)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._table.set_narrow(narrow)
        self._pictures.set_narrow(narrow)

    def render(self, shown_now: Evidence) -> None:
        say, flag = self._say, shown_now.flag
        self.name(flag.title if flag else say("approver.overview"))
        place = say("approver.place", n=shown_now.place + 1, of=shown_now.count)
        parts = (place if flag else "", shown_now.code)
        self._note.say(" · ".join(part for part in parts if part))
        item = flag.key.partition(":")[2] if flag and flag.key.startswith("difference:") else ""
        self._table.render(shown_now.case, item, only=bool(item) and self._narrow)
        shown(self._table, flag is None or bool(item))
        self._render_words(flag if flag and not item else None)
        self._render_reason(shown_now, item)
        self._register.render(shown_now.case, shown_now.here)
        self._pictures.render(shown_now)
        self.previous.say(say("approver.previous"))
        self.next.say(say("approver.next"))
        self.previous.setEnabled(shown_now.place > 0)
        self.next.setEnabled(shown_now.place + 1 < shown_now.count)
        self._kept.say(say("approver.time_kept"))
        for widget in (self.previous, self.next):
            shown(widget, flag is not None)

    def _render_words(self, flag: FlagLine | None) -> None:
        self._words.say(flag.fact if flag else "")
        self._next.say(flag.detail if flag else "")
        shown(self._words, flag is not None)
        shown(self._next, flag is not None and bool(flag.detail))

    def _render_reason(self, now: Evidence, item: str) -> None:
        say = self._say
        compared = next((one for one in now.case.compared if one.item == item), None)
        reason = compared.reason if compared else None
        self._reason_name.say(say("approver.reason"))
        self._reason.say(say(f"reason.{reason}") if reason else say("review.no_reason"))
        self._reason_by.say(now.officer)
        for widget in (self._reason_name, self._reason, self._reason_by):
            shown(widget, bool(item))


class _Sources(QWidget):
    """The four sources: the differing row marked, the others for comparison."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._head = HeadRow(look)
        self._names = Row(look, 31, COLUMNS, line=False)
        self._head.setLayout(column(self._names, 1))
        self._rows = RowList()
        self._narrow = False
        self._shown: object = None
        self.setLayout(column(self._head, self._rows))

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._head.set_narrow(narrow)
        self._names.setFixedHeight(27 if narrow else 31)

    def render(self, case: Case, item: str, *, only: bool) -> None:
        look = self._look
        state = (case.compared, item, only, self._narrow, look.language)
        if state == self._shown:
            return
        self._shown = state
        self._names.empty()
        for place, key in enumerate(("item", "printed", "chip", "typed", "register")):
            self._names.put(
                place, Text(look, look.say(f"column.{key}"), Type.SMALL_STRONG, "muted")
            )
        with self._rows.rebuilding():
            self._rows.empty()
            for one in _rows(case.compared, item, only=only):
                self._rows.add(self._row(one, one.item == item))

    def _row(self, one: ComparedItem, current: bool) -> Row:
        look = self._look
        line = Row(look, 28 if self._narrow else 34, COLUMNS)
        name = look.say(f"item.{one.item}")
        line.put(0, Text(look, name, Type.SMALL, "muted"))
        values = (one.printed, one.chip, one.typed, one.register)
        alone = _alone(values) if one.outcome is Comparison.DIFFERENT else frozenset()
        for place, value in enumerate(values):
            text = Text(look, value or EMPTY, Type.BODY, "text" if value else "muted")
            if place in alone:
                text = Text(look, value or EMPTY, Type.STRONG, "danger")
                text.underline("danger")
            line.put(place + 1, text)
        if current:
            line.set_ground("warning-soft")
        line.setAccessibleName(", ".join([name, *[value for value in values if value]]))
        return line


def _rows(compared: Sequence[ComparedItem], item: str, *, only: bool) -> Sequence[ComparedItem]:
    """The item's own row first, then some that four eyes compare anyway."""
    own = [one for one in compared if one.item == item]
    others = [one for one in compared if one.item != item and one.chip and one.register]
    return own if only else [*own, *others][:MOST_ROWS]


def _alone(values: Sequence[str | None]) -> frozenset[int]:
    """The places whose value is not the chip's."""
    return frozenset(
        place for place, value in enumerate(values) if value and value != values[1] and place != 1
    )


class _RegisterBox(Box):
    """When the person registered, which passport the register knows, how old that is."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, "well", None)
        self._say = OwnWords(look, AREA)
        self._name = Text(look, "", Type.SMALL, "muted")
        self._facts = Facts(look, line=26)
        self.setLayout(column(self._name, 4, self._facts, margins=(16, 10, 16, 10)))
        self.setFixedWidth(264)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def render(self, case: Case, here: says.Here) -> None:
        entry = case.register
        shown(self, entry is not None)
        if entry is None:
            return
        say = self._say
        self._name.say(say("approver.register"))
        since = entry.registered_on.isoformat() if entry.registered_on else EMPTY
        self._facts.show_facts(
            [
                (say("approver.registered_on"), since),
                (say("approver.register_passport"), entry.passport_number or EMPTY),
                (say("approver.register_as_of"), says.day_and_clock(entry.as_of, here)),
            ]
        )


class _Pictures(QWidget):
    """The chip's picture, the one taken, what the officer judged and the machine found."""

    enlarge = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._say = look, OwnWords(look, AREA)
        self._chip, self._taken = Picture(look, 112, 144), Picture(look, 112, 144)
        self._title = Text(look, "", Type.STRONG)
        self._at = Text(look, "", Type.SMALL, "muted")
        self._judged, self._compared = Text(look, ""), Text(look, "")
        self._button = Button(look, "", Kind.SECONDARY, height=32, icon="maximize-2")
        self._button.clicked.connect(self.enlarge)
        words = column(
            self._title, self._at, 4, self._judged, self._compared, 8, row(self._button, None), None
        )
        line = row(self._chip, 16, self._taken, 16, words)
        line.setStretch(4, 1)
        self.setLayout(line)

    def set_narrow(self, narrow: bool) -> None:
        for picture in (self._chip, self._taken):
            picture.setFixedSize(80 if narrow else 112, 104 if narrow else 144)

    def render(self, now: Evidence) -> None:
        say, look, face = self._say, self._look, now.case.face
        shown(self, face is not None)
        if face is None:
            return
        self._chip.show_image(now.portrait, look.say("passport.chip_picture"))
        self._taken.show_image(now.taken, say("approver.pictures"))
        self._title.say(say("approver.pictures"))
        time = says.clock_seconds(face.judged_at, now.here)
        self._at.say(say("approver.pictures_at", time=time))
        judged = look.say(f"judgement.{face.judgement.value}")
        self._judged.say(say("approver.judged", judged=judged))
        band = look.say(f"band.{face.band}")
        self._compared.say(say("approver.compared", distance=f"{face.distance:.2f}", band=band))
        self._button.say(say("approver.enlarge"))
        self._button.setEnabled(now.portrait is not None and now.taken is not None)

"""The cards of the audit log's page: lines, seals, second place, odd patterns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desk.counter.audit_view import PAGE, Filter, LogLine, LogReport, SealLine
from desk.counter.copies import CopyState
from desk.counter.patterns import Oddity
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Card, HeadRow, Line, Scrolled, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.search import SearchField
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

PAUSE_MS = 250
"""So long after the last key does the search begin: the whole log is gone through."""
COLUMNS = (62, 70, -150, -158, 92, 122, 100)
NARROW_COLUMNS = (62, 70, 0.01, -160, -90, 122, 98)
NAMES = ("seq", "at", "code", "what", "who", "about", "hash")
WHAT, CODE, HASH = 3, 2, 6
SEALS_SHOWN = 4


def number(value: int) -> str:
    """48,217."""
    return f"{value:,}"


def fingerprint(digest: str) -> str:
    """The first eight hexadecimal digits: 9c41 e07b."""
    return f"{digest[:4]} {digest[4:8]}"


def _today(at: datetime, here: says.Here) -> bool:
    return at.astimezone(here.zone).date() == here.now.astimezone(here.zone).date()


def _when(at: datetime, here: says.Here) -> str:
    """16:25, with the day where it was another one."""
    return says.clock(at, here) if _today(at, here) else says.day_and_clock(at, here)


class LogCard(Card):
    """Search, filter and the table. ``case`` is that of the chosen line."""

    filter_chosen = Signal(str)
    moved = Signal()

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, header=0, padding=(1, 1, 1, 8))
        self._say = say
        self._narrow = False
        self._lines: tuple[LogLine, ...] = ()
        self._shown: object = None
        self.field = SearchField(look, pause_ms=PAUSE_MS)
        self.field.setMinimumWidth(200)
        self.field.setMaximumWidth(300)
        self.filters = {
            one: Button(look, "", Kind.SECONDARY, height=40, small=True) for one in Filter
        }
        for one, button in self.filters.items():
            button.clicked.connect(lambda _=False, key=one.value: self.filter_chosen.emit(key))
        tools = row(self.field, 8, *self.filters.values(), None, gap=8, margins=(16, 12, 16, 12))
        tools.setStretch(0, 1)
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        self.rows = RowList()
        self.rows.moved.connect(self._moved)
        self.rows.opened.connect(self._moved)
        self._empty = Text(look, "", Type.BODY, "muted", align=Qt.AlignmentFlag.AlignHCenter)
        self._scroll = Scrolled(holder(column(self.rows, 24, self._empty, None)), least=160)
        self.body.addLayout(tools)
        self.body.addWidget(self._head)
        self.body.addWidget(self._scroll, 1)
        self._head.stand_above(self._scroll)

    @property
    def case(self) -> str:
        """The case of the chosen line, empty where it is of none."""
        if not 0 <= self.rows.current < len(self._lines):
            return ""
        return self._lines[self.rows.current].about

    @property
    def _columns(self) -> tuple[float, ...]:
        return NARROW_COLUMNS if self._narrow else COLUMNS

    def set_size(self, narrow: bool, small: bool) -> None:
        self._narrow = narrow or small
        self._scroll.setMinimumHeight(320 if small else 160)
        self._shown = None

    def show_filters(self, chosen: Filter, oddities: tuple[Oddity, ...] | None) -> None:
        for one, button in self.filters.items():
            words = self._say(f"find.{one.value}")
            if one is Filter.PATTERNS:
                shown(button, oddities is not None)
                words = f"{words} {len(oddities or ())}"
            button.say(words)
            button.set_icon("check" if one is chosen else None)
            button.choose_quietly(one is chosen)

    def render(
        self,
        lines: tuple[LogLine, ...],
        here: says.Here,
        names: Mapping[str, str],
        report: LogReport | None,
        chosen: Filter,
    ) -> None:
        say = self._say
        self.field.name(say("find.label"), say("find.hint"))
        self._head_row.set_columns(self._columns)
        self._head_row.empty()
        for place, name in enumerate(NAMES):
            if self._narrow and place == CODE:
                continue
            words = say(f"column.{name}")
            self._head_row.put(place, Text(self._look, words, Type.SMALL_STRONG, "muted"))
        broken = report.broken if report else None
        state = (lines, self._look.language, broken, self._narrow, chosen)
        if state == self._shown:
            return
        self._shown, self._lines = state, lines
        with self.rows.rebuilding():
            self.rows.empty()
            for one in lines:
                self.rows.add(self._row(one, here, names, broken))
        self._mark_chosen()
        note = say("find.newest", n=PAGE) if len(lines) >= PAGE else ""
        self._empty.say(note if lines else say("find.none"))

    def _row(
        self, one: LogLine, here: says.Here, names: Mapping[str, str], broken: int | None
    ) -> Row:
        look, say = self._look, self._say
        line = Row(look, 32 if self._narrow else 40, self._columns, clickable=True)
        is_broken = broken is not None and one.seq == broken
        unknown = broken is not None and one.seq > broken
        what = self._what(one)
        if is_broken and self._narrow:
            what = f"{say('line.broken')} · {what}"
        elif is_broken:
            what = f"{what} · {say('line.broken')}"
        elif unknown:
            what = say("line.unknown")
        quiet = "muted" if unknown else "text"
        token = "danger" if is_broken else quiet
        who = who_words(say, one.actor, names)
        cells = {
            0: Text(look, number(one.seq), Type.BODY, token if is_broken else "muted"),
            1: Text(look, self._time(one, here), Type.SMALL, token),
            CODE: Text(look, one.kind, Type.SMALL, token),
            WHAT: Text(look, what, Type.STRONG if is_broken else Type.BODY, token),
            4: Text(look, who, Type.BODY, token),
            5: Text(look, one.about or "—", Type.SMALL, "muted"),
        }
        for place, cell in cells.items():
            if not (self._narrow and place == CODE):
                line.put(place, cell)
        line.put(HASH, self._hash(one, unknown))
        if is_broken:
            line.set_ground("danger-soft")
        sealed = say("line.sealed_here") if one.is_head else ""
        parts = (number(one.seq), self._time(one, here), one.kind, what, who, one.about, sealed)
        line.setAccessibleName(", ".join(part for part in parts if part))
        return line

    def _hash(self, one: LogLine, unknown: bool) -> QWidget:
        mark = Text(self._look, fingerprint(one.hash), Type.SMALL, "muted")
        if not one.is_head or unknown:
            return mark
        stamp = IconSign(self._look, "stamp", 16, "accent", name=self._say("line.sealed_here"))
        stamp.setToolTip(self._say("line.sealed_here"))
        box = holder(row(mark, None, stamp, gap=4))
        box.setFixedSize(94, 20)
        return box

    def _time(self, one: LogLine, here: says.Here) -> str:
        return says.clock_seconds(one.at, here) if _today(one.at, here) else _when(one.at, here)

    def _what(self, one: LogLine) -> str:
        key = f"kind.{one.kind}"
        return self._say(key) if key in self._say else one.kind

    def _moved(self, _place: int) -> None:
        self._mark_chosen()
        self.moved.emit()

    def _mark_chosen(self) -> None:
        broken = self._shown[2] if isinstance(self._shown, tuple) else None
        for place, line in enumerate(self.rows.rows):
            is_broken = broken is not None and self._lines[place].seq == broken
            chosen = place == self.rows.current
            ground = "accent-soft" if chosen else None
            line.set_ground("danger-soft" if is_broken else ground, edge=chosen)


def who_words(say: OwnWords, actor: str, names: Mapping[str, str]) -> str:
    """Whom an actor of the log stands for, on the screen."""
    kind, _, name = actor.partition(":")
    if kind == "officer":
        return names.get(name, name)
    key = f"who.{kind}"
    return say(key, name=name) if key in say else actor


class SealsCard(Card):
    """The newest seals: what for, how far, by whom, their check words, and do they hold."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(1, 0, 1, 0))
        self._say = say
        self._narrow = False
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._shown: object = None

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._shown = None

    def render(
        self, seals: tuple[SealLine, ...], here: says.Here, names: Mapping[str, str]
    ) -> None:
        say = self._say
        self.name(say("seals.title"))
        self._note.say(say("seals.note", n=len(seals)) if seals else "")
        state = (seals, self._look.language, self._narrow)
        if state == self._shown:
            return
        self._shown = state
        clear(self.body)
        if not seals:
            empty = Text(self._look, say("seals.none"), Type.SMALL, "muted", wrap=True)
            self.body.addWidget(holder(column(empty, margins=(16, 12, 16, 12))))
        for place, one in enumerate(seals):
            if place:
                self.body.addWidget(Line(self._look))
            self.body.addWidget(self._line(one, here, names))

    def _line(self, one: SealLine, here: says.Here, names: Mapping[str, str]) -> QWidget:
        look, say = self._look, self._say
        upto = say("seals.upto", n=number(one.size), time=_when(one.at, here))
        title = Text(
            look, f"**{say(f'seals.{one.purpose.value}')}**  __{upto}__", Type.BODY, wrap=True
        )
        people = " · ".join(names.get(name, name) for name in one.officers)
        korean = " ".join(pair[0] for pair in one.words)
        english = " ".join(pair[1] for pair in one.words)
        words = korean if look.language == "ko" else f"{korean} ({english})"
        # Check words are compared from end to end: they are never cut.
        below = Text(look, f"{people} · {words}", Type.SMALL, "muted", wrap=True)
        below.setToolTip(f"{korean} · {english}")
        glyph = Glyph.PASSED if one.holds else Glyph.FAILED
        word = say("seals.holds" if one.holds else "seals.wrong")
        state = row(
            GlyphSign(look, glyph, 16, word), Text(look, word, Type.SMALL, glyph.token), gap=8
        )
        told = column(None, title, below, None)
        stamp = IconSign(look, "stamp", 20, "accent")
        edge = 6 if self._narrow else 10
        line = row(stamp, 16, told, 8, state, margins=(16, edge, 16, edge))
        line.setStretch(2, 1)
        box = holder(line)
        box.setAccessibleName(", ".join((title.text(), below.text(), word)))
        return box


class CopyCard(Card):
    """The second place: how far it has the log, or why not."""

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=16)
        self._say = say
        self._sign = GlyphSign(look, Glyph.WAITING, 20)
        self._title = Text(look, "", Type.STRONG, wrap=True)
        self._upto = Text(look, "", Type.SMALL, "muted")
        self._text = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._next = Text(look, "", Type.SMALL, wrap=True)
        head = row(column(2, self._sign, None), 8, self._title)
        head.setStretch(2, 1)
        self.right.addWidget(self._upto)
        self.body.addLayout(head)
        self.body.addSpacing(8)
        self.body.addWidget(self._text)
        self.body.addWidget(self._next)

    def render(self, state: CopyState | None, spoken: Spoken | None, here: says.Here) -> None:
        say = self._say
        self.name(say("copy.title"))
        has = state is not None and state.size > 0 and state.at is not None
        self._upto.say("")
        if has:
            assert state is not None and state.at is not None
            time = _when(state.at, here)
            self._upto.say(say("copy.upto", n=number(state.size), time=time))
        if spoken is not None:
            self._sign.show_state(spoken.glyph, spoken.title)
            self._title.say(spoken.title, spoken.glyph.token)
            self._text.say(spoken.text)
            self._next.say(f"{spoken.next}  __{spoken.code}__")
        else:
            glyph = Glyph.PASSED if has else Glyph.WAITING
            words = say("copy.same" if has else "copy.empty")
            self._sign.show_state(glyph, words)
            self._title.say(words, glyph.token)
            self._text.say(say("copy.same_text"))
        shown(self._next, spoken is not None)


class PatternsCard(Card):
    """What the head of post may want to look at; not there for anybody else."""

    asked = Signal(int)

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(16, 8, 16, 8))
        self._say = say
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._shown: object = None
        self.buttons: list[Button] = []

    def render(
        self, oddities: tuple[Oddity, ...] | None, here: says.Here, names: Mapping[str, str]
    ) -> None:
        say = self._say
        shown(self, oddities is not None)
        self.name(say("patterns.title"))
        self._note.say(say("patterns.note"))
        state = (oddities, self._look.language)
        if state == self._shown:
            return
        self._shown = state
        clear(self.body)
        self.buttons = []
        if not oddities:
            self.body.addWidget(Text(self._look, say("patterns.none"), Type.SMALL, "muted"))
        for one in (oddities or ())[:SEALS_SHOWN]:
            self.body.addWidget(self._line(one, here, names))

    def _line(self, one: Oddity, here: says.Here, names: Mapping[str, str]) -> QWidget:
        look, say = self._look, self._say
        title = Text(look, say(f"patterns.{one.pattern.value}", n=one.count), Type.BODY)
        who = who_words(say, one.actor, names)
        below = Text(look, f"{says.day_and_clock(one.at, here)} · {who}", Type.SMALL, "muted")
        view = Button(look, say("patterns.view"), Kind.SECONDARY, height=32)
        view.setAccessibleDescription(f"{title.text()}, {below.text()}")
        view.clicked.connect(lambda: self.asked.emit(one.seq))
        self.buttons.append(view)
        told = column(None, title, below, None)
        line = row(GlyphSign(look, Glyph.ATTENTION, 20, title.text()), 12, told, 8, view)
        line.setStretch(2, 1)
        box = holder(line)
        box.setFixedHeight(56)
        return box

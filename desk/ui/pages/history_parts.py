"""The parts of the history's page: search bar, list of masked cases, one case with its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from desk.counter.history import Detail, Event, Found, Masked, Revealed, RevealReason
from desk.issuance.case import CaseKind
from desk.store.history import Outcome, Wanted
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Box, Card, HeadRow, Line, Scrolled, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Choice
from desk.ui.parts.pager import Pager
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.search import SearchField
from desk.ui.parts.sign import Badge, GlyphSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

COLUMNS = (138, 102, 98, -150, 92, 112)
NARROW_COLUMNS = (116, 100, 80, -130, 86, 90)
NAMES = ("number", "person", "birth", "outcome", "opened", "officers")
GLYPHS = {
    Outcome.IN_PROGRESS: Glyph.HALF,
    Outcome.WAITING: Glyph.HALF,
    Outcome.NOT_PROVEN: Glyph.ATTENTION,
    Outcome.USABLE: Glyph.PASSED,
    Outcome.SUSPENDED: Glyph.ATTENTION,
    Outcome.REVOKED: Glyph.FAILED,
    Outcome.REFUSED: Glyph.FAILED,
    Outcome.CANCELLED: Glyph.NOT_SUPPORTED,
    Outcome.EXPIRED: Glyph.NOT_SUPPORTED,
}
_MANY_MINUTES = 180
MIDNIGHT = datetime.min.time()
_ENDED = {"refused": Glyph.FAILED, "revoked": Glyph.FAILED, "suspended": Glyph.ATTENTION} | {
    key: Glyph.NOT_SUPPORTED for key in ("cancelled", "expired", "replaced")
}


class Period(StrEnum):
    """When a case was opened."""

    ALL = "all"
    TODAY = "today"
    WEEK = "week"
    MONTH = "month"
    DAYS30 = "days30"
    YEAR = "year"

    def first(self, today: date) -> date | None:
        """The first day, in the post's calendar."""
        return {
            Period.TODAY: today,
            Period.WEEK: today - timedelta(days=6),
            Period.MONTH: today.replace(day=1),
            Period.DAYS30: today - timedelta(days=29),
            Period.YEAR: today.replace(month=1, day=1),
        }.get(self)


@dataclass(frozen=True)
class Search:
    """What is typed and chosen; ``page`` counts from 0."""

    text: str = ""
    period: Period = Period.ALL
    outcome: str = ""
    officer: str = ""
    page: int = 0

    def wanted(self, here: says.Here) -> Wanted:
        first = self.period.first(here.now.astimezone(here.zone).date())
        since = datetime.combine(first, MIDNIGHT, here.zone) if first else None
        outcome = Outcome(self.outcome) if self.outcome else None
        return Wanted(self.text, since, None, outcome, self.officer)


class SearchBar(QWidget):
    """One field for words, three choices."""

    chosen = Signal()

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__()
        self._look, self._say = look, say
        self._offered: object = None
        self.field = SearchField(look)
        # The bar stands at the edge of the page: a ring outside would be cut.
        self.field.ring_inset = True  # type: ignore[attr-defined]
        self.period, self.outcome, self.officer = (Choice(look) for _ in range(3))
        self.choices = (self.period, self.outcome, self.officer)
        for choice in self.choices:
            choice.ring_inset = True  # type: ignore[attr-defined]
            choice.chosen.connect(lambda _key: self.chosen.emit())
        self._line = row(self.field, *self.choices, gap=8)
        self._line.setStretch(0, 1)
        self.setLayout(self._line)
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        for choice, width in zip(self.choices, (228, 176, 168), strict=True):
            choice.setFixedWidth(width - 24 if narrow else width)

    def wanted(self, page: int) -> Search:
        return Search(
            text=self.field.text(),
            period=Period(self.period.value() or Period.ALL),
            outcome=self.outcome.value().removeprefix("all"),
            officer=self.officer.value().removeprefix("all:"),
            page=page,
        )

    def clear(self) -> None:
        self.field.clear()
        self._offered = None

    def render(self, search: Search, here: says.Here, officers: Mapping[str, str]) -> None:
        say = self._say
        self.field.name(say("find.label"), say("find.hint"))
        today = here.now.astimezone(here.zone).date()
        offered = (self._look.language, today, search, tuple(officers.items()))
        if offered == self._offered:
            return
        self._offered = offered
        names = ("find.period", "find.outcome", "find.officer")
        for choice, name in zip(self.choices, names, strict=True):
            choice.setAccessibleName(say(name))
        self._offer(
            self.period,
            "find.period",
            [(one.value, self._period(one, today)) for one in Period],
            search.period.value,
        )
        outcomes = [(one.value, say(f"outcome_of.{one.value}")) for one in Outcome]
        everything = ("all", say("find.all"))
        self._offer(self.outcome, "find.outcome", [everything, *outcomes], search.outcome or "all")
        # An officer's identifier may be any word; the entry for all of them is none.
        people = [
            ("all:", say("find.all")),
            *((f"all:{key}", name) for key, name in officers.items()),
        ]
        self._offer(self.officer, "find.officer", people, f"all:{search.officer}")

    def _offer(self, choice: Choice, name: str, entries: list[tuple[str, str]], now: str) -> None:
        said = [
            (key, self._say("find.chosen", name=self._say(name), what=words))
            for key, words in entries
        ]
        choice.offer(said, now)

    def _period(self, period: Period, today: date) -> str:
        first, say = period.first(today), self._say
        # Not by the days alone: on the 1st, the month and the year have one day as well.
        if first is None or period is Period.TODAY:
            return say(f"find.{period.value}")
        last = today.strftime("%m-%d")
        return say("find.range", **{"from": first.isoformat(), "to": last})


def line_words(say: OwnWords, one: Masked) -> tuple[str, str]:
    """The same of a line of the list."""
    if one.outcome is Outcome.USABLE and not one.proven:
        return say("outcome_of.usable"), say("why.unproven")
    return outcome_words(say, one.outcome, one.reason)


def outcome_words(say: OwnWords, outcome: str, reason: str) -> tuple[str, str]:
    """How a case stands, and why: the second empty where nothing is to be said."""
    for key in (f"why.{reason}", f"ending.{reason}"):
        if reason and key in say and outcome not in (Outcome.USABLE, Outcome.NOT_PROVEN):
            return say(f"outcome_of.{outcome}"), say(key)
    return say(f"outcome_of.{outcome}"), ""


def people_words(names: Mapping[str, str], *who: str) -> str:
    return " · ".join(dict.fromkeys(names.get(one, one) for one in who if one))


class ListCard(Card):
    """The masked cases of one page."""

    turned = Signal(int)
    chosen = Signal(str)

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, header=0, padding=(1, 1, 1, 1))
        self._say = say
        self._narrow = False
        self._found: Found | None = None
        self._shown: object = None
        self._head = HeadRow(look, 36)
        self._head_row = Row(look, 35, COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        self.rows = RowList()
        self.rows.moved.connect(self._moved)
        self.rows.opened.connect(self._moved)
        self._empty = Text(look, "", Type.BODY, "muted", align=Qt.AlignmentFlag.AlignHCenter)
        self._none = holder(column(24, self._empty))
        self._scroll = Scrolled(holder(column(self.rows, self._none, None)), least=160)
        self.pager = Pager(look)
        self.pager.turned.connect(self.turned)
        self.body.addWidget(self._head)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(Line(look))
        self.body.addWidget(self.pager)
        self._head.stand_above(self._scroll)

    def set_size(self, narrow: bool, small: bool) -> None:
        self._narrow = narrow or small
        self._scroll.setMinimumHeight(320 if small else 160)
        self._head.setFixedHeight(32 if self._narrow else 36)
        self._head_row.setFixedHeight(31 if self._narrow else 35)
        self._shown = None

    @property
    def columns(self) -> tuple[float, ...]:
        return NARROW_COLUMNS if self._narrow else COLUMNS

    def render(
        self,
        found: Found | None,
        chosen: str,
        here: says.Here,
        names: Mapping[str, str],
        *,
        searching: bool = True,
    ) -> None:
        """``found`` is None before the first search has ended; ``searching``: it still runs."""
        say = self._say
        self.setAccessibleName(say("title"))
        self._head_row.set_columns(self.columns)
        self._head_row.empty()
        for place, name in enumerate(NAMES):
            words = Text(self._look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, words)
        self._show_foot(found)
        lines = found.lines if found else ()
        state = (lines, self._look.language, self._narrow, tuple(names.items()))
        if state != self._shown:
            self._shown, self._found = state, found
            with self.rows.rebuilding():
                self.rows.empty()
                for one in lines:
                    self.rows.add(self._row(one, here, names))
        self._found = found
        self._mark(chosen)
        empty = say("list.none_found" if found is not None and found.of else "list.none")
        if found is None:
            empty = say("list.searching" if searching else "list.unread_all")
        self._empty.say("" if lines else empty)
        shown(self._none, not lines)

    def _show_foot(self, found: Found | None) -> None:
        say, page = self._say, found.page if found else 0
        pages = found.pages if found else 1
        words = ""
        if found is not None:
            seconds = f"{found.seconds:.3f}"
            words = say("list.count", of=f"{found.of:,}", n=f"{found.count:,}", seconds=seconds)
        self.pager.name(say("list.before"), say("list.next"))
        self.pager.show_place(words, say("list.page", n=page + 1, of=pages), page, pages)

    def _row(self, one: Masked, here: says.Here, names: Mapping[str, str]) -> Row:
        look, say = self._look, self._say
        line = Row(look, 38 if self._narrow else 48, self.columns, clickable=True)
        first, second = self._person(one)
        word, why = line_words(say, one)
        told = f"{word} · {why}" if why else word
        glyph = GLYPHS[one.outcome]
        state = row(GlyphSign(look, glyph, 16, word), Text(look, told, Type.SMALL, glyph.token),
                    gap=8)  # fmt: skip
        state.setStretch(1, 1)
        outcome = holder(state)
        outcome.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        outcome.setFixedHeight(20)
        known = bool(one.latin)
        name = Text(look, first, Type.BODY if known else Type.SMALL, "text" if known else "muted")
        if second and not self._narrow:
            name = holder(column(name, Text(look, second, Type.SMALL, "muted")))  # type: ignore[assignment]
            name.setFixedHeight(44)
        who = people_words(names, one.officer, one.approver)
        opened = says.day_and_clock(one.opened_at, here)
        if one.opened_at.astimezone(here.zone).year != here.now.astimezone(here.zone).year:
            opened = one.opened_at.astimezone(here.zone).strftime("%Y-%m-%d")
        cells: tuple[QWidget, ...] = (
            Text(look, one.number, Type.BODY if not self._narrow else Type.SMALL),
            name,
            Text(look, one.birth_date or "—", Type.SMALL, "muted"),
            outcome,
            Text(look, opened, Type.SMALL, "muted"),
            Text(look, who, Type.SMALL, "muted"),
        )
        for place, cell in enumerate(cells):
            line.put(place, cell)
        parts = (one.number, first, second, one.birth_date, told, opened, who)
        line.setAccessibleName(", ".join(part for part in parts if part))
        return line

    def _person(self, one: Masked) -> tuple[str, str]:
        if one.latin:
            return says.person(self._look, one.hangul, one.latin)
        return self._say("list.purged" if one.purged else "list.unread"), ""

    def _moved(self, place: int) -> None:
        if self._found is not None and 0 <= place < len(self._found.lines):
            self.chosen.emit(self._found.lines[place].number)

    def _mark(self, chosen: str) -> None:
        lines = self._found.lines if self._found else ()
        for place, line in enumerate(self.rows.rows):
            is_it = lines[place].number == chosen
            line.set_ground("accent-soft" if is_it else None, edge=is_it)
            if is_it and self.rows.current != place:
                self.rows.blockSignals(True)
                self.rows.choose(place)
                self.rows.blockSignals(False)


class CaseCard(Card):
    """One case: its person masked, the way behind the masks, and the steps it took."""

    reveal_asked = Signal(str)
    hide_asked = Signal()

    def __init__(self, look: Look, say: OwnWords) -> None:
        super().__init__(look, padding=(1, 0, 1, 0), header=48)
        self._say = say
        self._shown: object = None
        self._offered = ""
        self._badge = Badge(look)
        self.right.addWidget(self._badge)
        self._hint = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._facts = column(gap=0, margins=(16, 8, 16, 8))
        self._facts_box = holder(self._facts)
        self.well = self._make_well(look)
        self._events_title = Text(look, "", Type.STRONG)
        self._took = Text(look, "", Type.SMALL, "muted")
        head = row(self._events_title, None, self._took, margins=(16, 0, 16, 0))
        self._events_head = holder(head)
        self._events_head.setFixedHeight(38)
        self._events = column(gap=0, margins=(16, 4, 12, 8))
        self._lines = [Line(look), Line(look)]
        self._scroll = Scrolled(holder(column(self._events, None)), least=120)
        self.body.addWidget(holder(column(self._hint, margins=(16, 12, 16, 12))))
        self.body.addWidget(self._facts_box)
        self.body.addWidget(holder(column(self.well, margins=(16, 0, 16, 12))))
        self.body.addWidget(self._lines[0])
        self.body.addWidget(self._events_head)
        self.body.addWidget(self._lines[1])
        self.body.addWidget(self._scroll, 1)

    def _make_well(self, look: Look) -> Box:
        well = Box(look, "well", None, 8)
        self._well_title = Text(look, "", Type.STRONG)
        self._well_note = Text(look, "", Type.SMALL, "muted")
        self.reason = Choice(look)
        self.act = Button(look, "", Kind.SECONDARY, height=40, icon="eye")
        self.reason.chosen.connect(lambda _key: self._allow())
        self.act.clicked.connect(self._pressed)
        self._is_open = False
        self._ask = row(self.reason, self.act, gap=8)
        self._ask.setStretch(0, 1)
        head = row(self._well_title, None, self._well_note)
        well.setLayout(column(head, 8, self._ask, margins=(12, 8, 12, 12)))
        return well

    def set_narrow(self, narrow: bool) -> None:
        """The reason that goes into the log is read whole before the button is pressed."""
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._ask.setDirection(down if narrow else across)

    def _allow(self) -> None:
        self.act.setEnabled(self._is_open or bool(self.reason.value()))

    def _pressed(self) -> None:
        if self._is_open:
            self.hide_asked.emit()
        elif self.reason.value():
            self.reveal_asked.emit(self.reason.value())

    def render(
        self,
        chosen: str,
        detail: Detail | None,
        revealed: Revealed | None,
        here: says.Here,
        names: Mapping[str, str],
    ) -> None:
        say = self._say
        there = detail is not None and bool(chosen)
        kind = detail.line.kind if detail is not None and there else CaseKind.ISSUE
        self.name(chosen or say("title"), say(f"kind.{kind}") if kind is not CaseKind.ISSUE else "")
        for part in (self._facts_box, self._events_head, self._scroll, *self._lines):
            shown(part, there)
        readable = detail is not None and there and detail.readable
        shown(self._facts_box, readable)
        shown(self.well.parentWidget() or self.well, readable)
        shown(self._badge, there)
        self._say_hint(chosen, detail)
        if detail is None or not there:
            # What is only hidden could still be read by whoever reads the widgets.
            clear(self._facts)
            clear(self._events)
            self._shown = None
            return
        line = detail.line
        self._badge.show_state(GLYPHS[line.outcome], say(f"outcome_of.{line.outcome}"))
        if readable:
            self._show_facts(detail, revealed)
        else:
            clear(self._facts)
        self._show_well(line.number, revealed, here)
        self._show_events(detail, here, names)

    def _say_hint(self, chosen: str, detail: Detail | None) -> None:
        say, words = self._say, ""
        if not chosen:
            words = say("detail.choose")
        elif detail is not None and not detail.readable:
            words = say("detail.purged_text" if detail.line.purged else "detail.unread_text")
        self._hint.say(words)
        shown(self._hint.parentWidget() or self._hint, bool(words))

    def _show_facts(self, detail: Detail, revealed: Revealed | None) -> None:
        say, line, look = self._say, detail.line, self._look
        clear(self._facts)
        if revealed is not None:
            person = says.person(look, revealed.hangul, revealed.latin)
            born, passport = revealed.birth_date.isoformat(), revealed.passport
            resident = revealed.resident
        else:
            person = says.person(look, line.hangul, line.latin)
            born, passport, resident = line.birth_date, detail.passport, detail.resident
        name = f"{person[0]}  __{person[1]}__" if person[1] else person[0]
        values = {"person": name, "birth": born, "passport": passport, "resident": resident}
        for key, value in values.items():
            fact = Row(look, 28, (116, -1), padding=0, line=False)
            fact.put(0, Text(look, say(f"detail.{key}"), Type.SMALL, "muted"))
            text = Text(look, value or "—", Type.BODY)
            fact.put(1, text)
            fact.setAccessibleName(f"{say(f'detail.{key}')}, {text.text()}")
            self._facts.addWidget(fact)

    def _show_well(self, number: str, revealed: Revealed | None, here: says.Here) -> None:
        say = self._say
        self._is_open = revealed is not None
        self._well_title.say(say("reveal.title"))
        left = round((revealed.until - here.now).total_seconds()) if revealed else 0
        note = say("reveal.left", n=max(0, left)) if revealed else say("reveal.note")
        self._well_note.say(note, "warning" if revealed else "muted")
        self.reason.setAccessibleName(say("reveal.reason"))
        offered = f"{number} {self._look.language}"
        if offered != self._offered:
            same_case = self._offered.partition(" ")[0] == number
            kept = self.reason.value() if same_case else ""
            entries = [
                (one.value, say("reveal.chosen", why=say(f"reveal.{one.value}")))
                for one in RevealReason
            ]
            self.reason.offer(entries, kept, say("reveal.choose"))
            self._offered = offered
        self.reason.setEnabled(revealed is None)
        self.act.say(say("reveal.hide" if revealed else "reveal.act"))
        self.act.set_icon("eye-off" if revealed else "eye")
        self._allow()

    def _show_events(self, detail: Detail, here: says.Here, names: Mapping[str, str]) -> None:
        say = self._say
        self._events_title.say(say("events.title"))
        took = ""
        if detail.closed_at is not None:
            minutes = round((detail.closed_at - detail.line.opened_at).total_seconds() / 60)
            took = say("events.took", n=minutes)
            if minutes >= _MANY_MINUTES:
                took = say("events.took_hours", n=round(minutes / 60))
        self._took.say(took)
        state = (detail.events, self._look.language, tuple(names.items()), here.zone)
        if state == self._shown:
            return
        self._shown = state
        clear(self._events)
        first = detail.line.opened_at.astimezone(here.zone).date()
        for one in detail.events:
            self._events.addWidget(self._event(one, here, names, first))

    def _event(self, one: Event, here: says.Here, names: Mapping[str, str], first: date) -> Row:
        look, say = self._look, self._say
        glyph = _ENDED.get(one.key, Glyph.PASSED)
        word = say(f"event.{one.key}")
        detail = self._detail(one, names)
        same_day = one.at.astimezone(here.zone).date() == first
        line = Row(look, 32, (29, 96, -1, 40 if same_day else 78), padding=0, line=False)
        at = says.clock(one.at, here) if same_day else says.day_and_clock(one.at, here)
        line.put(0, GlyphSign(look, glyph, 16, word))
        line.put(1, Text(look, word, Type.BODY))
        line.put(2, Text(look, detail, Type.SMALL, "muted"))
        time = Text(look, at, Type.SMALL, "muted", align=Qt.AlignmentFlag.AlignRight)
        line.put(3, time, right=True)
        line.setAccessibleName(", ".join(part for part in (word, detail, at) if part))
        return line

    def _detail(self, one: Event, names: Mapping[str, str]) -> str:
        say, facts = self._say, dict(one.facts)
        if not one.detail:
            return ""
        if one.detail in ("ended", "reason"):
            outcome = Outcome.REVOKED if one.detail == "reason" else Outcome.REFUSED
            return outcome_words(say, outcome, str(facts.get("reason", "")))[1]
        if "who" in facts:
            facts["who"] = people_words(names, *str(facts["who"]).split())
        if "result" in facts:
            facts["result"] = say(f"state.{facts['result']}")
        if "judgement" in facts:
            facts["judgement"] = say(f"judgement.{facts['judgement']}")
        return say(f"told.{one.detail}", **facts)

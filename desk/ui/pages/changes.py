"""What must change: credentials that a deletion, a new passport or a death concerns.

Signals: ``look_again`` (F5), ``open_asked(str)`` (case number, into after-care),
``aside_asked(str, str)`` (case number, kind), ``take_asked``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.counter.notices import Due, Line, Listing
from desk.store.status import Validity
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import Card, HeadRow, Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.pager import Pager
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Verdict
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

AREA = "changes"
COLUMNS = (142, -110, -170, -170, 116, -150)
NARROW_COLUMNS = (122, -96, -150, -150, 116, -130)
NAMES = ("number", "person", "what", "source", "now", "due")
NOW = {Validity.VALID: Glyph.PASSED, Validity.SUSPENDED: Glyph.ATTENTION}
PAGE = 50
"""Lines shown at once: a wrong extract may concern thousands, and each line is drawn."""
DUE = {Due.REVOKE: "danger", Due.REISSUE: "warning", Due.LOOK: "accent"}


@dataclass(frozen=True)
class ChangesView:
    """``listing`` is None until it was read. ``taken``: new and known notices of the file that
    just came in. ``may_act``: the officer may set aside and import."""

    here: says.Here
    listing: Listing | None = None
    shows_aside: bool = False
    taken: tuple[int, int] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    may_act: bool = True
    trouble: Spoken | None = None


class ChangesPage(Page):
    """Verdict above; one list, open or set aside."""

    look_again = Signal()
    open_asked = Signal(str)
    aside_asked = Signal(str, str)
    take_asked = Signal()
    list_chosen = Signal(bool)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self._view: ChangesView | None = None
        self._lines: tuple[Line, ...] = ()
        self._shown: object = None
        self._page = 0
        self._turned = self._aside = False
        self.verdict = Verdict(look)
        self._register = Text(look, "", Type.SMALL, "muted")
        self.verdict.show_right(self._register)
        self.list = Card(look, header=0, padding=(1, 1, 1, 8))
        self.standing = Button(look, "", Kind.SECONDARY, height=40, small=True)
        self.aside = Button(look, "", Kind.SECONDARY, height=40, small=True)
        self.standing.clicked.connect(lambda: self.list_chosen.emit(False))
        self.aside.clicked.connect(lambda: self.list_chosen.emit(True))
        tools = row(self.standing, self.aside, None, gap=8, margins=(16, 12, 16, 12))
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        self.rows = RowList()
        self.rows.moved.connect(self._moved)
        self.rows.opened.connect(self._moved)
        self._empty = Text(look, "", Type.BODY, "muted", align=Qt.AlignmentFlag.AlignHCenter)
        self._table = Scrolled(holder(column(self.rows, 32, self._empty, None)), least=160)
        self.list.body.addLayout(tools)
        self.list.body.addWidget(self._head)
        self.pager = Pager(look)
        self.pager.turned.connect(self._turn)
        self.list.body.addWidget(self._table, 1)
        self.list.body.addWidget(self.pager)
        self._head.stand_above(self._table)
        self.body.addWidget(self.verdict)
        self.body.addWidget(self.list, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if hasattr(self, "_table"):
            self.verdict.set_narrow(narrow or small)
            self._table.setMinimumHeight(280 if small else 160)
            self._shown = None

    @property
    def line(self) -> Line | None:
        """The chosen line."""
        place = self.rows.current
        return self._lines[place] if 0 <= place < len(self._lines) else None

    def render(self, view: ChangesView) -> None:
        self._view = view
        self._show_verdict(view)
        self._show_list(view)
        self.show_trouble(view.trouble)
        self._show_acts()
        self.say_head(self.say("title"), self.say("lead"))

    def _show_verdict(self, view: ChangesView) -> None:
        say, found = self.say, view.listing
        if found is None:
            self._register.say("")
            if view.trouble is None:
                self.verdict.show_state(Glyph.BUSY, say("verdict.loading"), "")
            else:
                title, text = say("verdict.unread"), say("verdict.unread_text")
                self.verdict.show_state(Glyph.NOT_DONE, title, text)
            return
        as_of = found.register_as_of
        time = says.day_and_clock(as_of, view.here) if as_of else ""
        self._register.say(
            say("verdict.register", time=time) if as_of else say("verdict.no_register")
        )
        count = len(found.standing)
        text = say("verdict.some_text" if count else "verdict.none_text")
        if view.taken is not None:
            text = say("verdict.taken", new=view.taken[0], known=view.taken[1])
        if count:
            self.verdict.show_state(Glyph.ATTENTION, say("verdict.some", n=count), text)
        elif as_of is not None:
            self.verdict.show_state(Glyph.PASSED, say("verdict.none"), text)
        else:
            # Nothing was compared: that is not «nothing must change».
            if view.taken is None:
                text = say("verdict.not_done_text")
            self.verdict.show_state(Glyph.NOT_DONE, say("verdict.not_done"), text)

    def _show_list(self, view: ChangesView) -> None:
        say, found = self.say, view.listing or Listing()
        for button, key, count, chosen in (
            (self.standing, "list.standing", len(found.standing), not view.shows_aside),
            (self.aside, "list.aside", len(found.aside), view.shows_aside),
        ):
            button.say(say(key, n=count))
            button.set_icon("check" if chosen else None)
            button.choose_quietly(chosen)
        columns = NARROW_COLUMNS if self.narrow or self.small else COLUMNS
        self._head_row.set_columns(columns)
        self._head_row.empty()
        for place, name in enumerate(NAMES):
            words = Text(self.look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, words)
        lines = found.aside if view.shows_aside else found.standing
        state = (lines, self._page, self.look.language, columns, tuple(view.names.items()))
        if state != self._shown:
            self._show_lines(lines, view, columns)
            self._shown = (lines, self._page, *state[2:])
        self._mark()
        compared = view.listing is not None and view.listing.register_as_of is not None
        none = say("list.none_aside" if view.shows_aside else "list.none")
        if not compared and not view.shows_aside:
            none = say("list.not_done")
        self._empty.say("" if lines or view.listing is None else none)

    def _show_lines(
        self, lines: tuple[Line, ...], view: ChangesView, columns: tuple[float, ...]
    ) -> None:
        """One page of them. Whoever chose a line finds that same one chosen where another desk
        has settled others meanwhile."""
        keys, before = [(one.number, one.kind) for one in lines], self.line
        kept = (before.number, before.kind) if before is not None else None
        if view.shows_aside is not self._aside:
            self._aside, self._page = view.shows_aside, 0
        at = keys.index(kept) if kept in keys and not self._turned else self._page * PAGE
        self._turned = False
        had_focus = any(one.hasFocus() for one in self.rows.rows)
        self._page = min(at, max(0, len(lines) - 1)) // PAGE
        self._lines = lines[self._page * PAGE : (self._page + 1) * PAGE]
        with self.rows.rebuilding():
            self.rows.empty()
            for one in self._lines:
                self.rows.add(self._row(one, view, columns))
        self.rows.choose(at - self._page * PAGE if kept in keys else 0, focus=had_focus)
        self._show_pager(len(lines))

    def _show_pager(self, of: int) -> None:
        say, pages = self.say, -(-of // PAGE)
        shown(self.pager, pages > 1)
        first = self._page * PAGE + 1
        last = min(of, first + PAGE - 1)
        self.pager.name(say("list.before"), say("list.next"))
        count = say("list.count", first=first, last=last, of=f"{of:,}")
        told = say("list.page", n=self._page + 1, of=pages)
        self.pager.show_place(count, told, self._page, pages)

    def _turn(self, page: int) -> None:
        self._page, self._turned = page, True
        if self._view is not None:
            self._show_list(self._view)
            self._show_acts()

    def _row(self, one: Line, view: ChangesView, columns: tuple[float, ...]) -> Row:
        look, say = self.look, self.say
        line = Row(look, 56, columns, clickable=True)
        first, second = self._person(one)
        what, since = say(f"kind.{one.kind}"), self._since(one, view.here)
        source, paper = say(f"source.{one.source}"), self._paper(one, view.here)
        now = say(f"now.{one.validity}")
        due, more = say(f"due.{one.due}"), ""
        if one.end_reason:
            due = say(f"reason.{one.end_reason}")
            at = says.day_and_clock(one.ended_at, view.here) if one.ended_at else ""
            who = ", ".join(view.names.get(by, by) for by in one.ended_by)
            more = " · ".join(part for part in (who, at) if part)
        elif one.asked is not None:
            signed = one.asked.approvals[0]
            who = view.names.get(signed.officer, signed.officer_name)
            more = say("due.second_card", who=who)
        state = row(GlyphSign(look, NOW[one.validity], 16, now),
                    Text(look, now, Type.SMALL, NOW[one.validity].token), None, gap=8)  # fmt: skip
        status = holder(state)
        status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        status.setFixedHeight(20)
        cells: tuple[QWidget, ...] = (
            Text(look, one.number, Type.SMALL if self.narrow or self.small else Type.BODY),
            self._two(first, second, "text" if one.latin else "muted"),
            self._two(what, since, "text", Type.STRONG),
            self._two(source, paper, "text"),
            status,
            self._two(due, more, "muted" if one.end_reason else DUE[one.due], Type.STRONG),
        )
        for place, cell in enumerate(cells):
            line.put(place, cell)
        parts = (one.number, first, second, what, since, source, paper, now, due, more)
        line.setAccessibleName(", ".join(part for part in parts if part))
        return line

    def _two(self, first: str, second: str, token: str, kind: Type = Type.BODY) -> QWidget:
        look = self.look
        below = [Text(look, second, Type.SMALL, "muted")] if second else []
        box = holder(column(Text(look, first, kind, token), *below))
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.setFixedHeight(44 if second else 24)
        return box

    def _person(self, one: Line) -> tuple[str, str]:
        if one.latin:
            return says.person(self.look, one.hangul, one.latin)
        return self.say("list.purged"), ""

    def _since(self, one: Line, here: says.Here) -> str:
        if one.effective_on is not None:
            return self.say("when.since", day=one.effective_on.isoformat())
        return self.say("when.noted", time=says.day_and_clock(one.noted_at, here))

    def _paper(self, one: Line, here: says.Here) -> str:
        return one.document or self.say("when.noted", time=says.day_and_clock(one.noted_at, here))

    def _moved(self, _place: int) -> None:
        self._mark()
        self._show_acts()

    def _mark(self) -> None:
        for place, line in enumerate(self.rows.rows):
            chosen = place == self.rows.current
            line.set_ground("accent-soft" if chosen else None, edge=chosen)

    def _show_acts(self) -> None:
        view, say, line = self._view, self.say, self.line
        if view is None:
            return
        aside = view.may_act and line is not None and not view.shows_aside
        self.footer.show_others(
            (
                Other("care", say("act.back"), icon="chevron-left"),
                Other("aside", say(self._aside_word(line)), enabled=aside),
                Other("take", say("act.take"), Kind.QUIET, "file-text", enabled=view.may_act),
            )
        )
        why = say("act.choose") if line is None else say("act.open_why", number=line.number)
        if aside and line is not None and line.takes_two_cards:
            why = say("act.two_cards_why", number=line.number)
        if not view.may_act:
            why = say("act.role")
        self.footer.show_primary(
            Primary(say("act.open"), line is not None, why, ("Ctrl+Enter",), icon="tablet")
        )

    def _aside_word(self, line: Line | None) -> str:
        return "act.second_card" if line is not None and line.asked is not None else "act.aside"

    def other_asked(self, key: str) -> None:
        if key == "care":
            self.back.emit()
        elif key == "take":
            self.take_asked.emit()
        elif key == "aside" and self.line is not None:
            self.aside_asked.emit(self.line.number, self.line.kind.value)

    def primary_key(self) -> None:
        if self.line is not None:
            self.open_asked.emit(self.line.number)

    def first_focus(self) -> QWidget | None:
        return self.rows.rows[self.rows.current] if self.rows.rows else self.standing

    def refresh(self) -> None:
        self.look_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

"""The board: is the desk ready to open, and how do today's cases stand.

Signals: ``check_again`` (F5), ``bundle_asked`` (the support bundle), ``new_case`` (Ctrl+N and
the primary), ``case_opened(str)`` (case number, to go on or, finished, to look at),
``remedy_asked(str, str)`` (check key, code).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.counter.board import (
    LINES,
    Board,
    BoardCheck,
    CaseRow,
    CheckKey,
    CheckState,
    RowState,
    Since,
    lines,
)
from desk.issuance.case import CaseKind, State
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, rounded, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.phone_progress import READ_TWICE
from desk.ui.parts.box import Card, HeadRow, Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.search import SearchField
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.renewals import AREA as RENEWAL
from desk.ui.renewals import kind_words
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords

ICONS = {
    CheckKey.CARD_SERVICE: "plug-zap",
    CheckKey.PASSPORT_READER: "book-open",
    CheckKey.OFFICER_CARD: "id-card",
    CheckKey.CAMERA: "camera",
    CheckKey.PRINTER: "printer",
    CheckKey.ENROLLMENT_SERVICE: "server",
    CheckKey.TRUST_LIST: "shield-check",
    CheckKey.REGISTER: "file-text",
    CheckKey.CLOCK: "clock",
}
STATES = {
    CheckState.CHECKING: Glyph.WAITING,
    CheckState.READY: Glyph.PASSED,
    CheckState.NOT_DONE: Glyph.NOT_DONE,
    CheckState.ATTENTION: Glyph.ATTENTION,
    CheckState.UNUSABLE: Glyph.FAILED,
}
TILES = {
    RowState.IN_PROGRESS: Glyph.HALF,
    RowState.WAITING: Glyph.WAITING,
    RowState.NOT_PROVEN: Glyph.ATTENTION,
    RowState.USABLE: Glyph.PASSED,
    RowState.ENDED: Glyph.FAILED,
}
COLUMNS = (130, -80, -84, -200, 60, -90, 78)
COLUMN_NAMES = ("case", "applicant", "step", "state", "opened", "officer")
STEP_OF = {
    State.OPENED: "passport",
    State.DOCUMENT_CHECKED: "eligibility",
    State.ELIGIBLE: "face",
    State.FACE_CHECKED: "review",
    State.PREPARED: "review",
    State.APPROVED: "phone",
    State.OFFERED: "phone",
    State.SIGNING: "phone",
    State.DELIVERED: "proof",
    State.PROVEN: "hand_over",
    State.ACTIVATED: "hand_over",
}
_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_TWO_LINES = 36
_ENDS_BY_ITSELF = {State.OFFERED: Glyph.BUSY, State.PREPARED: Glyph.HALF}
"""What waits for somebody else, and only for a time."""


@dataclass(frozen=True)
class BoardView:
    """``checking`` while devices are asked; ``window`` is this counter, whose open cases
    can be gone on with; ``remedies`` are words of buttons by check key."""

    here: says.Here
    board: Board
    checking: bool = False
    remedies: Mapping[CheckKey, str] = field(default_factory=dict)
    trouble: Spoken | None = None


class BoardPage(Page):
    """Checks left, today's cases right."""

    check_again = Signal()
    bundle_asked = Signal()
    new_case = Signal()
    case_opened = Signal(str)
    remedy_asked = Signal(str, str)

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self._troubles = troubles
        self._view: BoardView | None = None
        self._checks_card = Card(look, header=0, padding=(1, 1, 1, 8))
        self._ready = _CheckHead(look)
        self._checks = [_CheckLine(look, key) for key in LINES]
        self._checks_card.body.addWidget(self._ready)
        for line in self._checks:
            line.asked.connect(self.remedy_asked)
            self._checks_card.body.addWidget(line)
        left = column(self._checks_card, None)
        self._left = holder(left)
        self._cases = _CasesCard(look)
        self._cases.opened.connect(self.case_opened)
        self._columns = row(self._left, self._cases, gap=16)
        self._columns.setStretch(1, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        width = 352 if narrow else 400
        self._left.setMinimumWidth(0 if small else width)
        self._left.setMaximumWidth(16777215 if small else width)
        for line in self._checks:
            line.set_narrow(narrow or small)
        self._ready.set_narrow(narrow or small)
        self._cases.set_size(narrow, small)

    def render(self, view: BoardView) -> None:
        self._view = view
        board, say = view.board, self.look.say
        checks = {check.key.line: check for check in lines(board.checks)}
        self._ready.render(view, board)
        for line in self._checks:
            check = checks.get(line.key, BoardCheck(line.key, CheckState.CHECKING))
            spoken = self._spoken(check)
            line.render(check, spoken, view.remedies.get(line.key, ""))
        self._cases.render(view)
        self.show_trouble(view.trouble)
        again = Other(
            "again",
            say("board.check_again"),
            icon="refresh-cw",
            enabled=not view.checking,
            cap="F5",
        )
        ready = board.checked_at is not None and not view.checking
        bundle = Other("bundle", say("bundle.save"), icon="file-text", enabled=ready)
        self.footer.show_others((again, bundle))
        may = board.can_open and not view.checking
        why = (
            say("board.before_start")
            if may
            else say("board.not_ready" if not view.checking else "board.wait")
        )
        keys = ("Ctrl+N",) if may else ()
        self.footer.show_primary(Primary(say("board.new_case"), may, why, keys, icon="plus"))
        self.say_head(say("rail.board"), says.long_day(self.look, view.here.now, view.here.zone))

    def _spoken(self, check: BoardCheck) -> Spoken | None:
        if check.code is None:
            return None
        return self._troubles.of(check.code, self.look.language, check.facts)

    def search(self) -> None:
        """Ctrl+F: the search field takes the focus."""
        self._cases.search_field.ask()

    def other_asked(self, key: str) -> None:
        if key == "again":
            self.check_again.emit()
        elif key == "bundle":
            self.bundle_asked.emit()

    def refresh(self) -> None:
        if self._view is not None and not self._view.checking:
            self.check_again.emit()

    def primary_key(self) -> None:
        self.new_case.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


class _CheckHead(QWidget):
    """Title of the checks: how many are ready, when they were asked, and may we open."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._title = Text(look, "", Type.STRONG)
        self._counts = Text(look, "", Type.SMALL, "muted")
        self._badge = Badge(look)
        words = column(None, self._title, self._counts, None)
        self.setLayout(row(words, None, self._badge, margins=(16, 0, 16, 0)))
        self.set_narrow(False)

    def set_narrow(self, narrow: bool) -> None:
        self.setFixedHeight(56 if narrow else 64)

    def render(self, view: BoardView, board: Board) -> None:
        say = self._look.say
        ready = sum(check.state is CheckState.READY for check in lines(board.checks))
        at = says.clock(board.checked_at, view.here) if board.checked_at else "—"
        self._title.say(say("board.ready"))
        self._counts.say(say("board.counts", n=ready, of=len(LINES), time=at))
        if view.checking:
            self._badge.show_state(Glyph.BUSY, say("board.checking"))
        elif board.can_open:
            self._badge.show_state(Glyph.PASSED, say("board.can_open"))
        else:
            self._badge.show_state(Glyph.FAILED, say("board.cannot_open"))


class _CheckLine(QWidget):
    """56 high (44 narrow); with trouble it opens: sentence, next step, code."""

    asked = Signal(str, str)

    def __init__(self, look: Look, key: CheckKey) -> None:
        super().__init__()
        self._look, self.key, self._code = look, key, ""
        self._ground: str | None = None
        self._icon = IconSign(look, ICONS[key], 24)
        self._name = Text(look, "", Type.STRONG)
        self._fact = Text(look, "", Type.SMALL, "muted")
        self._sign = GlyphSign(look, Glyph.WAITING, 20)
        self._word = Text(look, "", Type.STRONG)
        words = column(None, self._name, self._fact, None)
        self._head = holder(
            row(self._icon, 16, words, 8, self._sign, 8, self._word, margins=(16, 0, 16, 0))
        )
        self._head.layout().setStretch(2, 1)  # type: ignore[union-attr]
        self._text = Text(look, "", Type.SMALL, wrap=True)
        self._next = Text(look, "", Type.SMALL, wrap=True)
        self._remedy = Button(look, "", Kind.SECONDARY, height=32)
        self._remedy.clicked.connect(lambda: self.asked.emit(self.key.value, self._code))
        self._code_text = Text(look, "", Type.SMALL, "muted")
        arrow = column(IconSign(look, "arrow-right", 20, "text"), None)
        next_row = row(arrow, self._next, gap=8)
        next_row.setStretch(1, 1)
        low = row(self._remedy, None, self._code_text)
        self._low = holder(low)
        self._more = holder(column(self._text, 4, next_row, 4, self._low, margins=(56, 0, 16, 12)))
        self.setLayout(column(self._head, self._more))
        self.set_narrow(False)
        look.restyled.connect(self.update)

    def set_narrow(self, narrow: bool) -> None:
        self._head.setFixedHeight(44 if narrow else 56)

    def render(self, check: BoardCheck, spoken: Spoken | None, remedy: str) -> None:
        say = self._look.say
        glyph = STATES[check.state]
        word = say(f"device.{check.state.value}")
        self._name.say(say(f"part.{check.key.value}"))
        self._fact.say(self._fact_words(check, spoken))
        self._sign.show_state(glyph, word)
        self._word.say(word, glyph.token)
        loud = check.state in (CheckState.ATTENTION, CheckState.UNUSABLE)
        shown(self._more, loud and spoken is not None)
        self._ground = glyph.ground if loud else None
        self._code = check.code or ""
        if spoken is not None:
            self._text.say(spoken.text)
            code = "" if remedy else f"  __{spoken.code}__"
            self._next.say(f"**{say('banner.next')}**  {spoken.next}{code}")
            self._code_text.say(spoken.code)
        self._remedy.say(remedy)
        shown(self._low, bool(remedy))
        parts = [self._name.text(), self._fact.text(), word]
        if spoken is not None:
            parts += [spoken.text, spoken.next, spoken.code]
        self.setAccessibleName(", ".join(part for part in parts if part))
        self.update()

    def _fact_words(self, check: BoardCheck, spoken: Spoken | None) -> str:
        key = f"part_fact.{check.key.value}_{check.fact}"
        if key in self._look.words:
            return self._look.say(key, **dict(check.facts))
        return spoken.title if spoken is not None else ""

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._ground:
            painter.fillRect(self.rect(), self._look[self._ground])
        painter.fillRect(0, 0, self.width(), 1, self._look["line"])


class _Tile(QWidget):
    """One of the five counts of the day."""

    def __init__(self, look: Look, state: RowState) -> None:
        super().__init__()
        self._look = look
        self.state = state
        self._sign = GlyphSign(look, TILES[state], 16)
        self._name = Text(look, "", Type.SMALL)
        self._count = Text(look, "", Type.TITLE)
        self._note = Text(look, "", Type.SMALL, "muted")
        head = row(self._sign, self._name, gap=8)
        head.setStretch(1, 1)
        counts = row(self._count, 8, self._note)
        counts.setStretch(2, 1)
        self.setLayout(column(head, counts, margins=(12, 6, 8, 6)))
        self.setFixedHeight(64)
        look.restyled.connect(self.update)

    def render(self, count: int, note: str = "") -> None:
        word = self._look.say(f"row_state.{self.state.value}")
        self._sign.show_state(TILES[self.state], word)
        self._name.say(word)
        self._count.say(str(count))
        self._note.say(note)
        self.setAccessibleName(", ".join(part for part in (f"{word} {count}", note) if part))

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        rounded(QPainter(self), QRectF(self.rect()), 8, self._look["well"])


class _CasesCard(Card):
    """Today's cases: the sum that adds up, the tiles, the table in two parts."""

    opened = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look, header=0, padding=(1, 1, 1, 1))
        self._view: BoardView | None = None
        self._shown: object = None
        self._title = Text(look, "", Type.STRONG)
        self._sum = Text(look, "", Type.SMALL, "muted")
        self.search_field = SearchField(look, low=True)
        self.search_field.setFixedWidth(200)
        self.search_field.textChanged.connect(lambda _text: self._rebuild())
        words = column(None, self._title, self._sum, None)
        head = holder(row(words, 16, self.search_field, margins=(16, 0, 16, 0)))
        head.layout().setStretch(0, 1)  # type: ignore[union-attr]
        head.setFixedHeight(64)
        self._tiles = [_Tile(look, state) for state in RowState]
        tiles = row(*self._tiles, gap=8, margins=(16, 0, 16, 16))
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        self._rows = RowList()
        self._numbers: list[str] = []
        self._ticking: list[tuple[CaseRow, Text]] = []
        self._empty = Text(look, "", Type.BODY, "muted", align=Qt.AlignmentFlag.AlignHCenter)
        self._inside = holder(column(self._rows, 32, self._empty, None))
        self._scroll = Scrolled(self._inside, least=120)
        self.body.addWidget(head)
        self.body.addLayout(tiles)
        self.body.addWidget(self._head)
        self.body.addWidget(self._scroll, 1)
        self.body.addSpacing(8)
        self._rows.opened.connect(lambda place: self.opened.emit(self._numbers[place]))
        self._head.stand_above(self._scroll)

    def set_size(self, narrow: bool, small: bool) -> None:
        self._scroll.setMinimumHeight(320 if small else 120)
        self.search_field.setFixedWidth(152 if narrow else 200)

    def render(self, view: BoardView) -> None:
        self._view = view
        say, board = self._look.say, view.board
        self.setAccessibleName(say("board.today"))
        self._title.say(say("board.today"))
        counts = {state: board.count(state) for state in RowState}
        key = "board.sum_since" if board.usable_no_more else "board.sum"
        told = {state.value: count for state, count in counts.items()}
        self._sum.say(say(key, n=len(board.rows), since=board.usable_no_more, **told))
        self.search_field.name(say("board.find"), say("board.find"))
        for tile in self._tiles:
            since = board.usable_no_more if tile.state is RowState.USABLE else 0
            tile.render(counts[tile.state], say("board.since", n=since) if since else "")
        self._head_row.empty()
        for place, name in enumerate(COLUMN_NAMES):
            words = say(f"column.{name}")
            self._head_row.put(place, Text(self._look, words, Type.SMALL_STRONG, "muted"))
        self._rebuild()

    def _rebuild(self) -> None:
        view = self._view
        if view is None:
            return
        found = [one for one in view.board.rows if self._matches(one)]
        state = (tuple(found), self._look.language, view.here.window)
        if state == self._shown:
            self._tick(view)
            return
        self._shown = state
        with self._rows.rebuilding():
            self._fill(found, view)
        say = self._look.say
        self._empty.say(
            "" if found else say("board.none_found" if view.board.rows else "board.none")
        )

    def _tick(self, view: BoardView) -> None:
        """What is left of the QRs, in place."""
        for one, text in self._ticking:
            text.say(case_state(self._look, one, view.here)[1])

    def _fill(self, found: list[CaseRow], view: BoardView) -> None:
        self._rows.empty()
        self._numbers, self._ticking = [], []
        for finished in (False, True):
            part = [one for one in found if one.is_finished is finished]
            if part:
                self._rows.add_between(self._part_head(finished, len(part)))
            for one in part:
                self._rows.add(self._row(one, view))

    def _matches(self, one: CaseRow) -> bool:
        words = self.search_field.text().strip().lower()
        return not words or words in one.number.lower() or words in one.name.lower()

    def _part_head(self, finished: bool, count: int) -> Row:
        say = self._look.say
        line = Row(self._look, 36)
        key = "board.finished" if finished else "board.to_go_on"
        line.put(0, Text(self._look, say(key, n=count), Type.SMALL))
        return line

    def _row(self, one: CaseRow, view: BoardView) -> Row:
        look, say, here = self._look, self._look.say, view.here
        line = Row(look, 40, COLUMNS, clickable=True)
        elsewhere = not one.is_finished and one.window != here.window
        step = say("step.closed") if one.is_finished else say(f"step.{_step(one)}")
        glyph, words = case_state(look, one, here)
        told = Text(look, words, Type.SMALL, wrap=True, align=_MIDDLE, line=18)
        if one.waits_until is not None and not one.is_finished:
            self._ticking.append((one, told))
        state = holder(row(GlyphSign(look, glyph, 16, words), told, gap=8))
        state.layout().setStretch(1, 1)  # type: ignore[union-attr]
        state.setSizePolicy(line.sizePolicy())
        state.setFixedHeight(_TWO_LINES)
        officer = say("board.window_officer", window=one.window, officer=one.officer_name)
        cells = (
            Text(look, one.number, Type.SMALL, "muted"),
            Text(look, one.name or "—", Type.BODY),
            Text(look, step, Type.SMALL),
            state,
            Text(look, says.clock(one.opened_at, here), Type.SMALL, "muted"),
            Text(look, officer, Type.SMALL),
        )
        for place, cell in enumerate(cells):
            line.put(place, cell)
        act = say("board.view" if one.is_finished else "board.open")
        if elsewhere:
            act = say("board.used_at", window=one.window)
        size = Type.SMALL if elsewhere else Type.SMALL_STRONG
        line.put(6, Text(look, act, size, "muted" if elsewhere else "accent"), right=True)
        parts = (one.number, one.name, step, words, act)
        line.setAccessibleName(", ".join(part for part in parts if part))
        self._numbers.append(one.number)
        return line


def _step(one: CaseRow) -> str:
    """The step at which a case stands; an approved resume waits for its phone's proof."""
    if one.kind is CaseKind.RESUME and one.state is State.APPROVED:
        return "proof"
    return STEP_OF.get(one.state, "passport")


def case_state(look: Look, one: CaseRow, here: says.Here) -> tuple[Glyph, str]:
    """Glyph and words of a case in the table; of a renewal also what kind it is."""
    glyph, words = _state(look, one, here)
    return glyph, " · ".join(part for part in (kind_words(look, one.kind), words) if part)


def _state(look: Look, one: CaseRow, here: says.Here) -> tuple[Glyph, str]:
    say = look.say
    if one.kind is CaseKind.RESUME and one.state is State.APPROVED:
        return Glyph.HALF, OwnWords(look, RENEWAL)("renewal_state.approved")
    if one.state in _ENDS_BY_ITSELF and one.waits_until is not None:
        left = max(0, int((one.waits_until - here.now).total_seconds()))
        time = f"{left // 60:02d}:{left % 60:02d}"
        return _ENDS_BY_ITSELF[one.state], say(f"case_state.{one.state.value}", left=time)
    if one.held == READ_TWICE and one.state.is_open:
        return Glyph.ATTENTION, say("case_state.held")
    if one.row_state is RowState.ENDED:
        key = f"ending.{one.ending_reason}"
        why = say(key) if key in look.words else ""
        words = say(f"case_state.{one.state.value}")
        return Glyph.FAILED, f"{words} · {why}" if why else words
    if one.since is not None:
        glyph = Glyph.ATTENTION if one.since is Since.SUSPENDED else Glyph.NOT_DONE
        return glyph, say(f"case_state.since_{one.since.value}")
    if one.state is State.ACTIVATED:
        return Glyph.ATTENTION, say("case_state.activated")
    glyphs = {RowState.USABLE: Glyph.PASSED, RowState.NOT_PROVEN: Glyph.ATTENTION}
    if one.row_state in glyphs:
        return glyphs[one.row_state], say(f"case_state.{one.state.value}")
    return Glyph.HALF, say(f"case_state.{one.state.value}")

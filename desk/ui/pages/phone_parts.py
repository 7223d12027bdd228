"""Parts shared by the phone and the proof page: QR card, progress, «what to do now»."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Card, Line, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Choice, PinEntry
from desk.ui.parts.person import Facts
from desk.ui.parts.qrcard import Countdown, QrPlace, QrState
from desk.ui.parts.rows import LiveRow, RowList
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type

BADGES = {
    QrState.PENDING: Glyph.WAITING,
    QrState.LIVE: Glyph.NOTE,
    QrState.USED: Glyph.PASSED,
    QrState.USABLE: Glyph.PASSED,
    QrState.BLOCKED: Glyph.FAILED,
    QrState.ENDED: Glyph.NOT_DONE,
}


class QrCard(Card):
    """The QR's place, what is left of it or when it was read, and its two buttons."""

    enlarge = Signal()
    again = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 16, 17, 16))
        self._badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self._badge)
        self.place = QrPlace(look)
        self.countdown = Countdown(look)
        self._times = [
            (Text(look, "", Type.BODY, "muted"), Text(look, "", Type.BODY)) for _ in range(2)
        ]
        lines = column(*[holder(row(name, None, value)) for name, value in self._times], gap=4)
        self._time_box = holder(lines)
        self._low = column(self.countdown, self._time_box)
        self._enlarge = Button(look, "", Kind.SECONDARY, icon="maximize-2")
        self._again = Button(look, "", Kind.SECONDARY, icon="refresh-cw")
        for button, signal in ((self._enlarge, self.enlarge), (self._again, self.again)):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(signal)
        self._buttons = row(self._enlarge, self._again, gap=8)
        self._inner = column(self._low, None, self._buttons)
        self._side = row(holder(self._inner), margins=(7, 0, 7, 0))
        self.body.addWidget(self.place, 0, Qt.AlignmentFlag.AlignHCenter)
        self.body.addSpacing(16)
        self.body.addLayout(self._side, 1)

    def set_narrow(self, narrow: bool) -> None:
        self.place.set_module(7 if narrow else 9)
        self.body.setContentsMargins(17, 8 if narrow else 16, 17, 8 if narrow else 16)
        self._narrow = narrow

    def render(self, name: str, state: QrState, text: str, title: str, words: str) -> None:
        self.name(name)
        key = f"qr_state.{state.value}"
        self.show_badge(BADGES[state], self._look.say(key))
        self.place.show_state(state, text, title, words)
        self.place.set_module(7 if getattr(self, "_narrow", False) else 9)

    def show_badge(self, glyph: Glyph, word: str) -> None:
        self._badge.show_state(glyph, word)

    def show_countdown(self, left: int, whole: int) -> None:
        shown(self.countdown, True)
        shown(self._time_box, False)
        self.countdown.show_left(left, whole)

    def show_times(self, lines: Sequence[tuple[str, str]]) -> None:
        shown(self.countdown, False)
        shown(self._time_box, True)
        for place, (name, value) in enumerate(self._times):
            there = place < len(lines)
            shown(name, there)
            shown(value, there)
            if there:
                name.say(lines[place][0])
                value.say(lines[place][1])

    def show_buttons(self, enlarge: str, can_enlarge: bool, again: str, can_again: bool) -> None:
        self._enlarge.say(enlarge)
        self._enlarge.setEnabled(can_enlarge)
        self._again.say(again)
        self._again.setEnabled(can_again)

    def first_button(self) -> QWidget | None:
        return next((b for b in (self._enlarge, self._again) if b.isEnabled()), None)


@dataclass(frozen=True)
class ProgressLine:
    glyph: Glyph
    name: str
    detail: str
    time: str
    key: str = ""


class ProgressCard(Card):
    """Rows that turn in their places as things happen elsewhere."""

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 1))
        self._narrow = False
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._list = RowList()
        self._rows: list[LiveRow] = []
        self.body.addWidget(self._list)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        for line in self._rows:
            line.set_narrow(narrow)

    def render(self, name: str, lines: Sequence[ProgressLine]) -> None:
        say = self._look.say
        self.name(name)
        self._note.say(say("progress.by_itself"))
        if len(lines) != len(self._rows):
            self._list.empty()
            self._rows = [LiveRow(self._look) for _ in lines]
            for item in self._rows:
                item.set_narrow(self._narrow)
                self._list.add(item)
        metrics = QFontMetricsF(self._look.font(Type.STRONG))
        width = int(max((metrics.horizontalAdvance(line.name) for line in lines), default=100)) + 44
        for item, line in zip(self._rows, lines, strict=True):
            word = say(f"state.{line.glyph.value}")
            item.name_width(max(156, width))
            item.show_state(line.glyph, word, line.name, line.detail, line.time)
            item.set_line(item is not self._rows[-1])


@dataclass(frozen=True)
class NowView:
    """What the officer does now. ``glyph`` ATTENTION or FAILED colours the card."""

    title: str
    words: str
    glyph: Glyph | None = None
    icon: str = "smartphone"
    code: str = ""
    next_step: str = ""
    steps: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    card_glyph: Glyph | None = None
    asks_pin: bool = False
    new_pin: str = ""
    new_pin_note: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    reason: str = ""


class NowCard(Card):
    """«지금 할 일»: one title, a paragraph, and where due PIN, steps, reason, new PIN."""

    new_pin = Signal()
    reason_chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._code = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._code)
        self._icon = IconSign(look, "smartphone", 28, "accent")
        self._sign = GlyphSign(look, Glyph.ATTENTION, 28)
        self._title = Text(look, "", Type.TITLE)
        head = row(self._icon, self._sign, 12, self._title)
        head.setStretch(3, 1)
        self._words = Text(look, "", Type.BODY, wrap=True)
        self._next = Text(look, "", Type.BODY, wrap=True)
        arrow = column(2, IconSign(look, "arrow-right", 20, "text"), None)
        self._next_row = holder(row(arrow, 8, self._next))
        self._next_row.layout().setStretch(2, 1)  # type: ignore[union-attr]
        self._steps = column(gap=4)
        self.pin = PinEntry(look)
        self.pin.setFixedWidth(320)
        self.pin_note = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._pin_row = holder(row(self.pin, 24, column(26, self.pin_note, None)))
        self._pin_row.layout().setStretch(2, 1)  # type: ignore[union-attr]
        self._line = Line(look)
        self._facts = Facts(look)
        self._fact_box = holder(column(self._line, 8, self._facts))
        self._new = Button(look, "", Kind.SECONDARY, icon="rotate-ccw")
        self._new.clicked.connect(self.new_pin)
        self._new_note = Text(look, "", Type.SMALL, "muted", wrap=True)
        self._new_row = holder(row(self._new, 16, self._new_note))
        self._new_row.layout().setStretch(2, 1)  # type: ignore[union-attr]
        self.reason = Choice(look)
        self.reason.setMaximumWidth(420)
        self.reason.chosen.connect(self.reason_chosen)
        self.body.addLayout(head)
        for item in (6, self._words, 10, self._next_row):
            self.body.addSpacing(item) if isinstance(item, int) else self.body.addWidget(item)
        self.body.addLayout(self._steps)
        self.body.addSpacing(12)
        self.body.addWidget(self._pin_row)
        self.body.addStretch(1)
        for widget in (self._fact_box, self._new_row, self.reason):
            self.body.addWidget(widget)
        self._shown_steps: tuple[str, ...] = ()

    def set_narrow(self, narrow: bool) -> None:
        edge = 14 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)

    def render(self, view: NowView) -> None:
        say = self._look.say
        alarming = view.glyph in (Glyph.ATTENTION, Glyph.FAILED)
        self.name(say("phone.now"))
        self.set_tone(view.glyph.token if alarming and view.glyph else None)
        self._code.say(view.code)
        shown(self._sign, view.glyph is not None)
        shown(self._icon, view.glyph is None)
        if view.glyph is not None:
            self._sign.show_state(view.glyph, view.title)
        self._icon.show_icon(view.icon, "accent")
        self._title.say(view.title)
        self._words.say(view.words)
        shown(self._words, bool(view.words))
        self._next.say(f"**{say('banner.next')}**  {view.next_step}")
        shown(self._next_row, bool(view.next_step))
        self._show_steps(view.steps)
        shown(self._pin_row, view.asks_pin)
        glyphs = {1: view.card_glyph} if view.card_glyph is not None else None
        self._facts.show_facts(view.facts, glyphs)
        shown(self._fact_box, bool(view.facts) and not view.asks_pin)
        self._new.say(view.new_pin)
        self._new_note.say(view.new_pin_note)
        shown(self._new_row, bool(view.new_pin))
        shown(self.reason, bool(view.reasons))
        if view.reasons:
            self.reason.setAccessibleName(say("phone.what_happened"))
            chosen = view.reason or self.reason.value()
            self.reason.offer(view.reasons, chosen, say("phone.what_happened"))

    def _show_steps(self, steps: tuple[str, ...]) -> None:
        if steps == self._shown_steps:
            return
        self._shown_steps = steps
        clear(self._steps)
        for number, words in enumerate(steps, 1):
            digit = Text(self._look, str(number), Type.STRONG, "muted")
            digit.setFixedWidth(12)
            self._steps.addLayout(row(digit, 8, Text(self._look, words, Type.BODY, wrap=True)))

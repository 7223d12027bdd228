"""Parts shared by the phone and the proof page: QR card, progress, «what to do now»."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Card, Line, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Choice, PinEntry
from desk.ui.parts.frame import Page
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
WIDE, NARROW = 524, 420
"""How wide the QR's card is in the wide and in the narrow window."""
LEAST_SIDE = 53
"""Modules that the QR's place is made for: version 7 with its quiet zone."""
AROUND_WIDE, AROUND_NARROW = 193, 170
"""What of the card's height is not the QR: header, countdown, buttons and gaps."""


@dataclass(frozen=True)
class TimeLine:
    """A name, a value, and what follows it; ``strong`` in 600, ``alarming`` in red too."""

    name: str
    value: str
    more: str = ""
    strong: bool = True
    alarming: bool = False


class QrCard(Card):
    """The QR's place, what is left of it or when it was read, and its two buttons."""

    enlarge = Signal()
    again = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(17, 16, 17, 16))
        self._narrow, self._room = False, 0
        self._badge = Badge(look, Glyph.WAITING, " ")
        self.right.addWidget(self._badge)
        self.place = QrPlace(look)
        self.countdown = Countdown(look)
        self._times = [
            (Text(look, "", Type.BODY, "muted"), Text(look, "", Type.BODY)) for _ in range(2)
        ]
        lines = column(*[holder(row(name, None, value)) for name, value in self._times], gap=4)
        self._time_box = holder(column(6, lines))
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

    def set_narrow(self, narrow: bool, small: bool) -> None:
        """``small``: the columns stand under one another and the card takes the width."""
        self._narrow = narrow
        edge = 8 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)
        width = NARROW if narrow else WIDE
        self.setMinimumWidth(0 if small else width)
        self.setMaximumWidth(16777215 if small else width)
        self._fit()

    def set_room(self, height: int) -> None:
        """How high the card may be without scrolling; 0: as high as it likes."""
        if height != self._room:
            self._room = height
            self._fit()

    def _fit(self) -> None:
        """Whole pixels a module: 9, or 7 in the narrow window; less where a banner takes
        the room or the symbol is a larger one; never below 6."""
        side = max(LEAST_SIDE, self.place.qr.side)
        most = 7 if self._narrow else 9
        across = ((NARROW if self._narrow else WIDE) - 36) // side
        around = AROUND_NARROW if self._narrow else AROUND_WIDE
        down = (self._room - around - 2) // side if self._room else most
        self.place.set_module(max(6, min(most, across, down)))

    def render(self, name: str, state: QrState, text: str, title: str, words: str) -> None:
        self.name(name)
        key = f"qr_state.{state.value}"
        self.show_badge(BADGES[state], self._look.say(key))
        self.place.show_state(state, text, title, words)
        self._fit()

    def show_badge(self, glyph: Glyph, word: str) -> None:
        self._badge.show_state(glyph, word)

    def show_countdown(self, left: int, whole: int) -> None:
        shown(self.countdown, True)
        shown(self._time_box, False)
        self.countdown.show_left(left, whole)

    def show_times(self, lines: Sequence[TimeLine]) -> None:
        shown(self.countdown, False)
        shown(self._time_box, True)
        for place, (name, value) in enumerate(self._times):
            line = lines[place] if place < len(lines) else None
            shown(name, line is not None)
            shown(value, line is not None)
            if line is None:
                continue
            name.say(line.name)
            value.strong_token = "danger" if line.alarming else None
            words = f"**{line.value}**" if line.strong else line.value
            value.say(f"{words} · {line.more}" if line.more else words)
            value.setAccessibleName(f"{line.name}: {value.text()}")

    def show_buttons(self, enlarge: str, can_enlarge: bool, again: str, can_again: bool) -> None:
        self._enlarge.say(enlarge)
        self._enlarge.setEnabled(can_enlarge)
        self._again.say(again)
        self._again.setEnabled(can_again)

    def first_button(self) -> QWidget | None:
        return next((b for b in (self._enlarge, self._again) if b.isEnabled()), None)


@dataclass(frozen=True)
class ProgressLine:
    """One row: its state, its name, what happened and when, as words."""

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

    @property
    def _each(self) -> int:
        return 32 if self._narrow else 46

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        for line in self._rows:
            line.set_narrow(narrow)
        self._hold()

    def _hold(self) -> None:
        # What the rows need is known before Qt lays them out: the card never jumps.
        self.setFixedHeight(self.HEADER + 2 + self._each * len(self._rows))

    def render(self, name: str, lines: Sequence[ProgressLine]) -> None:
        say = self._look.say
        self.name(name)
        self._note.say(say("progress.by_itself"))
        if len(lines) != len(self._rows):
            self._list.empty()
            self._rows = [LiveRow(self._look) for _ in lines]
            for item in self._rows:
                self._list.add(item)
                item.set_narrow(self._narrow)
            self._hold()
        metrics = QFontMetricsF(self._look.font(Type.STRONG))
        width = int(max((metrics.horizontalAdvance(line.name) for line in lines), default=100)) + 44
        for item, line in zip(self._rows, lines, strict=True):
            word = say(f"state.{line.glyph.value}")
            item.name_width(max(156, width))
            item.show_state(line.glyph, word, line.name, line.detail, line.time)
            item.set_line(item is not self._rows[-1])


@dataclass(frozen=True)
class NowView:
    """What the officer does now. ``glyph`` ATTENTION or FAILED colours the card;
    ``glyphs`` stand before the facts of those places."""

    title: str
    words: str
    glyph: Glyph | None = None
    icon: str = "smartphone"
    code: str = ""
    next_step: str = ""
    steps: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    glyphs: Mapping[int, Glyph] = field(default_factory=dict)
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
        self._title = Text(look, "", Type.TITLE, wrap=True)
        head = row(column(self._icon, None), column(self._sign, None), 12, self._title)
        head.setStretch(3, 1)
        self._words = Text(look, "", Type.BODY, wrap=True)
        self._next = Text(look, "", Type.BODY, wrap=True)
        arrow = column(2, IconSign(look, "arrow-right", 20, "text"), None)
        next_row = row(arrow, 8, self._next)
        next_row.setStretch(2, 1)
        self._next_row = holder(column(10, next_row))
        self._steps = column(gap=4)
        self._steps_box = holder(column(8, self._steps))
        self.pin = PinEntry(look)
        self.pin.setFixedWidth(320)
        self.pin_note = Text(look, "", Type.SMALL, "muted", wrap=True)
        pin_row = row(self.pin, 24, column(28, self.pin_note, None))
        pin_row.setStretch(2, 1)
        self._pin_space = column(pin_row)
        self._pin_row = holder(self._pin_space)
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
        self.body.addSpacing(8)
        for widget in (self._words, self._next_row, self._steps_box, self._pin_row):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        for widget in (self._fact_box, self._new_row, self.reason):
            self.body.addWidget(widget)
        self._shown_steps: tuple[str, ...] = ()
        self._shown_reasons: object = None
        self._tries: tuple[int | None, bool] = (None, False)
        self._may: tuple[bool, str] = (True, "")

    def set_narrow(self, narrow: bool) -> None:
        edge = 8 if narrow else 16
        self.body.setContentsMargins(17, edge, 17, edge)
        self._pin_space.setContentsMargins(0, 4 if narrow else 14, 0, 0)

    def show_tries(self, tries: int | None, wrong: bool) -> None:
        """Tell the PIN field what is new: telling it takes a consent given there back."""
        if (tries, wrong) != self._tries:
            self._tries = (tries, wrong)
            self.pin.show_tries(tries, wrong)

    def allow(self, may: bool, why: str) -> None:
        """Switch the PIN field on or off; off wipes it and says ``why``."""
        if (may, why) != self._may:
            self._may = (may, why)
            self.pin.allow(may, why)

    def render(self, view: NowView) -> None:
        say = self._look.say
        alarming = view.glyph in (Glyph.ATTENTION, Glyph.FAILED)
        self.name(say("phone.now"))
        self.set_tone(view.glyph.token if alarming and view.glyph else None)
        self._code.say(view.code)
        shown(self._sign, view.glyph is not None)
        shown(self._icon, view.glyph is None)
        if view.glyph is not None:
            self._sign.show_state(view.glyph, say(f"state.{view.glyph.value}"))
        self._icon.show_icon(view.icon, "accent")
        self._title.say(view.title)
        self._words.say(view.words)
        shown(self._words, bool(view.words))
        self._next.say(f"**{say('banner.next')}**  {view.next_step}")
        shown(self._next_row, bool(view.next_step))
        self._show_steps(view.steps)
        shown(self._pin_row, view.asks_pin)
        self._facts.show_facts(view.facts, view.glyphs)
        shown(self._fact_box, bool(view.facts) and not view.asks_pin)
        self._new.say(view.new_pin)
        self._new_note.say(view.new_pin_note)
        shown(self._new_row, bool(view.new_pin))
        shown(self.reason, bool(view.reasons))
        self._show_reasons(view)

    def _show_reasons(self, view: NowView) -> None:
        """Offer the reasons once: a list that is open is not torn away."""
        state = (view.reasons, view.reason)
        if state == self._shown_reasons:
            return
        self._shown_reasons = state
        name = self._look.say("phone.what_happened")
        self.reason.setAccessibleName(name)
        self.reason.offer(view.reasons, view.reason, name)

    def _show_steps(self, steps: tuple[str, ...]) -> None:
        shown(self._steps_box, bool(steps))
        if steps == self._shown_steps:
            return
        self._shown_steps = steps
        clear(self._steps)
        for number, words in enumerate(steps, 1):
            digit = Text(self._look, str(number), Type.STRONG, "muted")
            digit.setFixedWidth(10)
            line = row(digit, 8, Text(self._look, words, Type.BODY, wrap=True))
            line.setStretch(2, 1)
            self._steps.addLayout(line)


class QrPage(Page):
    """A page with the QR left, its progress right top and a card of its own below that.

    Where a banner takes room, the QR shrinks by whole pixels a module and the rows take
    the narrow window's heights, so that countdown, buttons and fields stay in sight.
    """

    ROOMY = 640
    """From this height on the wide window keeps its wide rows."""

    def __init__(self, look: Look, below: QWidget) -> None:
        super().__init__(look)
        self.qr, self.progress = QrCard(look), ProgressCard(look)
        self._right = column(self.progress, below)
        self._right.setStretch(1, 1)
        self._columns = row(self.qr, holder(self._right))
        self._columns.setStretch(1, 1)
        self.body.addLayout(self._columns, 1)
        self._scroll.viewport().installEventFilter(self)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right.setSpacing(self.gap)
        self.qr.set_narrow(narrow or small, small)
        self._give_room()

    def set_dense(self, dense: bool) -> None:
        """Low rows or high ones; a page adds its own card."""
        self.progress.set_narrow(dense)

    def _give_room(self) -> None:
        height = self._scroll.viewport().height()
        self.qr.set_room(0 if self.small else height)
        self.set_dense(self.narrow or self.small or height < self.ROOMY)

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._give_room()
        return False

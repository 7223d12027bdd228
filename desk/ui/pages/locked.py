"""Locked: nothing personal is on the screen; the case is kept, the same card opens it.

Signals: ``pin_given(bytearray, bool)`` (the receiver wipes the digits), ``pin_change``,
``hand_over_asked`` (another officer shall go on), ``check_devices``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from desk.issuance.posts import SEOUL
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Box, Line, Scrolled, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import PinEntry
from desk.ui.parts.rail import Mark
from desk.ui.parts.sign import Badge, IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import announce
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

TIGHT_HEIGHT, LOW_HEIGHT = 800, 680


class LockReason(StrEnum):
    CARD_REMOVED = "card_removed"
    BY_OFFICER = "by_officer"
    IDLE = "idle"
    MONITOR_GONE = "monitor_gone"


class Hand(StrEnum):
    """NONE: nobody asked. WANTED: the other card is waited for. AGREED: the other officer's
    PIN is next."""

    NONE = "none"
    WANTED = "wanted"
    AGREED = "agreed"


@dataclass(frozen=True)
class LockView:
    """``case_number`` and ``step`` (the step's name) are all that is told of a case.

    ``own_card``: the card in the reader is the one that signed in; None: no card there.
    ``may``: a PIN may be asked for with the card that is there. ``other`` names the officer
    whose card is there instead; ``hand`` says how far the hand-over to somebody else is.
    """

    here: says.Here
    reason: LockReason
    locked_at: str
    officer: str
    case_number: str = ""
    step: str = ""
    own_card: bool | None = None
    may: bool = True
    other: str = ""
    hand: Hand = Hand.NONE
    tries: int | None = None
    on_pad: bool = False
    wrong: bool = False
    busy: bool = False
    trouble: Spoken | None = None
    minutes_left: int = 0


class LockedPage(QWidget):
    """A card of 560 in the middle of the rail's colour."""

    pin_given = Signal(object, bool)
    pin_change = Signal()
    hand_over_asked = Signal()
    check_devices = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._view: LockView | None = None
        self._is_due = False
        self._mark = Mark(look)
        self._app = Text(look, "", Type.STRONG, "rail-text")
        self._post = Text(look, "", Type.SMALL, "rail-muted")
        self._clocks = [
            Text(look, "", Type.SMALL, "rail-text" if n % 2 else "rail-muted") for n in range(4)
        ]
        post, post_time, seoul, seoul_time = self._clocks
        clocks = row(post, 5, post_time, 10, seoul, 5, seoul_time)
        head = row(self._mark, 12, self._app, 12, self._post, None, clocks)
        self._title = Text(look, "", Type.DISPLAY)
        self._why = Text(look, "", Type.BODY, wrap=True)
        self._case, self._card = KeptLine(look, "folder-lock"), KeptLine(look, "id-card")
        lines = Box(look)
        self._between = Line(look)
        lines.setLayout(column(self._case, self._between, self._card))
        self._next = Text(look, "", Type.STRONG, wrap=True)
        self._next_more = Text(look, "", Type.BODY, "muted", wrap=True)
        arrow = IconSign(look, "arrow-right", 20, "text")
        next_row = row(column(2, arrow, None), column(self._next, self._next_more), gap=12)
        next_row.setStretch(1, 1)
        self.pin = PinEntry(look, height=48, room=16)
        self.unlock = Button(look, "", Kind.PRIMARY, height=48)
        self.unlock.setSizePolicy(lines.sizePolicy())
        self.unlock.clicked.connect(self._give)
        self.pin.pin_given.connect(self._give)
        self.pin.ready_changed.connect(self.unlock.setEnabled)
        self.hand_over = Button(look, "", Kind.SECONDARY, height=48)
        self.hand_over.clicked.connect(self.hand_over_asked)
        self.change = Button(look, "", Kind.LINK, height=24, small=False)
        self.change.clicked.connect(self.pin_change)
        self._devices = Button(look, "", Kind.LINK, height=24, small=False)
        self._devices.clicked.connect(self.check_devices)
        self._screen = Text(look, "", Type.SMALL, "muted")
        title_row = row(IconSign(look, "lock", 36), 16, self._title, None)
        buttons = row(self.unlock, self.hand_over, gap=8)
        buttons.setStretch(0, 1)
        links = row(self.change, None, self._devices)
        self._head = column(title_row, self._why)
        self._acts = column(column(self.pin, buttons), links)
        self._form = column(self._head, lines, next_row, self._acts)
        self._below = row(IconSign(look, "monitor", 16), 8, self._screen, None)
        box = Box(look, "card", None)
        box.setLayout(column(self._form, Line(look), self._below))
        box.setFixedWidth(560)
        self._foot = Text(look, "", Type.SMALL, "rail-muted")
        self._version = Text(look, "", Type.SMALL, "rail-muted")
        middle = holder(column(None, row(None, box, None), None, margins=(0, 8, 0, 8)))
        foot_row = row(self._foot, None, self._version)
        outer = column(head, Scrolled(middle), foot_row, margins=(32, 16, 32, 18))
        outer.setStretch(1, 1)
        self.setLayout(outer)
        self._set_room(TIGHT_HEIGHT)
        look.retranslated.connect(self.retranslate)
        look.restyled.connect(self.update)

    def _set_room(self, height: int) -> None:
        """In a low window the same stands closer, so that all of it is seen."""
        tight, low = height < TIGHT_HEIGHT, height < LOW_HEIGHT
        self._form.setSpacing(8 if low else (14 if tight else 24))
        self._head.setSpacing(2 if low else (8 if tight else 12))
        self._acts.setSpacing(4 if low else (8 if tight else 16))
        top, bottom = (10, 6) if low else ((18, 14) if tight else (30, 24))
        self._form.setContentsMargins(32, top, 32, bottom)
        self._below.setContentsMargins(32, 6 if low else 12, 32, 6 if low else 12)
        for line in (self._case, self._card):
            line.setFixedHeight(50 if low else 64)

    def render(self, view: LockView) -> None:
        say, look, here = self._look.say, self._look, view.here
        fresh = self._view is None or self._view.locked_at != view.locked_at
        self._view = view
        self._app.say(say("app.short_name"))
        post = here.post.get(look.language, here.post["ko"])
        self._post.say(say("lock.post", post=post, window=here.window))
        post_time = says.header_time(look, here.now, here.zone)
        seoul_time = says.header_time(look, here.now, SEOUL)
        words = (say("header.post"), post_time, say("header.seoul"), seoul_time)
        for text, word in zip(self._clocks, words, strict=True):
            text.say(word)
        self._title.say(say("lock.title"))
        self._why.say(say(f"lock.{view.reason.value}", time=view.locked_at))
        self._render_lines(view)
        self._render_next(view)
        self._render_pin(view)
        self._devices.say(say("sign_in.devices"))
        self._screen.say(say("lock.applicant_sees"))
        self._foot.say(say("lock.later", n=view.minutes_left) if view.minutes_left else "")
        self._version.say(here.version)
        if fresh:
            announce(self, f"{self._title.text()}. {self._why.text()}")

    def _render_lines(self, view: LockView) -> None:
        say = self._look.say
        shown(self._case, bool(view.case_number))
        shown(self._between, bool(view.case_number))
        stopped = say("lock.stopped_at", step=view.step)
        self._case.render(view.case_number, stopped, Glyph.PASSED, say("lock.kept"))
        present = view.own_card is not None
        detail = say("card.waiting_reader")
        if present:
            detail = say("lock.own_card" if view.own_card else "lock.other_card")
        if view.other:
            detail = say("lock.other_officer", officer=view.other)
        badge = say("card.present" if present else "card.absent")
        glyph = Glyph.PASSED if view.own_card else (Glyph.ATTENTION if present else Glyph.NOT_DONE)
        self._card.render(say("card.officer_card"), detail, glyph, badge)

    def _render_next(self, view: LockView) -> None:
        trouble = view.trouble
        if trouble is not None:
            self._next.say(trouble.title, "danger" if trouble.level == "stop" else "warning")
            self._next_more.say(f"{trouble.text} {trouble.next} {trouble.code}".strip())
            return
        for line, words in zip((self._next, self._next_more), self._next_words(view), strict=True):
            line.say(words, "text" if line is self._next else "muted")

    def _next_words(self, view: LockView) -> tuple[str, str]:
        """What is to be done, and what comes of it."""
        say = self._look.say
        if view.own_card:
            return say("lock.enter_pin"), say("lock.then")
        if view.other and view.hand is Hand.AGREED:
            return say("lock.enter_other", officer=view.other), say("lock.enter_other_more")
        if view.other:
            return say("lock.other_waits", officer=view.other), say("lock.other_waits_more")
        if view.hand is Hand.WANTED:
            return say("lock.insert_other"), say("lock.insert_other_more")
        return say("lock.insert_card", officer=view.officer), say("lock.then")

    def _render_pin(self, view: LockView) -> None:
        say = self._look.say
        agreed = bool(view.other) and view.hand is Hand.AGREED
        asked = bool(view.own_card) or agreed
        may = asked and view.may and not view.busy and view.tries != 0
        self.pin.show_tries(view.tries if asked else None, view.wrong)
        self.pin.show_pad(view.on_pad)
        self.pin.allow(may, "" if asked else say("lock.pin_after_card"))
        self.unlock.say(self._act(view, agreed))
        self.hand_over.say(say("lock.hand_over"))
        shown(self.hand_over, not view.own_card and not agreed)
        self.hand_over.setEnabled(not view.busy)
        self.unlock.setEnabled(self.pin.is_ready())
        # Changing at leisure is for the sign-in page; a blocked card needs its way out here.
        self.change.say(say("card_pin.unblock_open"))
        shown(self.change, asked and view.tries == 0)
        self._lead_to_pin(may)

    def _lead_to_pin(self, due: bool) -> None:
        """The card is back, or refused its PIN: the next key is the PIN's."""
        came_due, self._is_due = due and not self._is_due, due
        if came_due and self.isVisible():
            self.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def _act(self, view: LockView, agreed: bool) -> str:
        if view.busy:
            return self._look.say("lock.busy")
        return self._look.say("lock.take_over" if agreed else "lock.unlock")

    def _give(self) -> None:
        if self.pin.is_ready():
            last = bool(self._view and self._view.tries == 1)
            self.pin_given.emit(self.pin.take(), last)

    def first_focus(self) -> QWidget:
        if self.pin.dots.isEnabled():
            return self.pin.dots
        return self.unlock if self.unlock.isEnabled() else self._devices

    def wipe(self) -> None:
        """Forget typed digits."""
        self.pin.wipe()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_room(self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["rail"])


class KeptLine(QWidget):
    """Icon, name with a line beneath, badge."""

    def __init__(self, look: Look, icon: str) -> None:
        super().__init__()
        self._name = Text(look, "", Type.STRONG)
        self._detail = Text(look, "", Type.SMALL, "muted")
        self._badge = Badge(look)
        words = holder(column(None, self._name, self._detail, None))
        outer = row(IconSign(look, icon, 24), 16, words, 16, self._badge, margins=(17, 0, 17, 0))
        outer.setStretch(2, 1)
        outer.setAlignment(self._badge, Qt.AlignmentFlag.AlignVCenter)
        self.setLayout(outer)
        self.setFixedHeight(64)

    def render(self, name: str, detail: str, glyph: Glyph, word: str) -> None:
        self._name.say(name)
        self._detail.say(detail)
        self._badge.show_state(glyph, word)
        self.setAccessibleName(f"{name}, {detail}, {word}")

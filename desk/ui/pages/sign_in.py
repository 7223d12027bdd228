"""Sign-in: who sits here is known by card and PIN. Before it nothing of a case is shown.

Signals: ``pin_given(bytearray, bool)`` (the digits and whether the last try is meant; the
receiver wipes them), ``language_chosen(str)``, ``check_devices``,
``pin_change`` (the card's PIN shall be another).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desk.issuance.posts import SEOUL
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import Box, Line, Scrolled, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import PinEntry
from desk.ui.parts.rail import Mark
from desk.ui.parts.sign import Badge, GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Banner
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

TIGHT_HEIGHT = 700


@dataclass(frozen=True)
class CardView:
    """The card in the reader: whose it is (empty: unknown), a line beneath, and whether it
    is ``present``. ``may``: it may sign in, so that its PIN is asked for. ``certificate`` says
    how long it holds, as words."""

    present: bool
    name: str = ""
    detail: str = ""
    certificate: str = ""
    certificate_ok: bool = True
    may: bool = True


@dataclass(frozen=True)
class SignInView:
    """``facts`` are the lines under the post's name; ``states`` stand at the foot.

    ``tries`` None: unknown yet. ``wrong``: the PIN given last was not right. ``busy``: the
    card is being asked. ``on_pad``: the PIN is typed on the reader.
    """

    here: says.Here
    card: CardView
    facts: tuple[tuple[str, str], ...] = ()
    states: tuple[tuple[Glyph, str], ...] = ()
    tries: int | None = None
    wrong: bool = False
    busy: bool = False
    on_pad: bool = False
    trouble: Spoken | None = None


class SignInPage(QWidget):
    """The post at the left, card and PIN at the right."""

    pin_given = Signal(object, bool)
    language_chosen = Signal(str)
    check_devices = Signal()
    pin_change = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._view: SignInView | None = None
        self._is_due = False
        self._left = PostPanel(look)
        self._languages = LanguageSwitch(look)
        self._languages.chosen.connect(self.language_chosen)
        self._title = Text(look, "", Type.DISPLAY)
        self._lead = Text(look, "", Type.BODY, "muted")
        self.banner = Banner(look)
        self._below_banner = holder(column(16))
        self._below_banner.hide()
        self._card = CardBox(look)
        self.pin = PinEntry(look, height=48, room=48)
        self.enter = Button(look, "", Kind.PRIMARY, height=48)
        self.enter.setSizePolicy(self._card.sizePolicy())
        self.enter.setEnabled(False)
        self.enter.clicked.connect(self._give)
        self.pin.pin_given.connect(self._give)
        self.pin.ready_changed.connect(self.enter.setEnabled)
        self._devices = Button(look, "", Kind.LINK, height=24, small=False)
        self._devices.clicked.connect(self.check_devices)
        self.change = Button(look, "", Kind.LINK, height=24, small=False)
        self.change.clicked.connect(self.pin_change)
        below = row(self.change, None, self._devices)
        form = column(
            self._title, 8, self._lead, 32, self._card, 24, self.pin, 8, self.enter, 16, below
        )
        box = holder(form)
        box.setFixedWidth(448)
        self._states = row(gap=16)
        self._version = Text(look, "", Type.SMALL, "muted")
        foot = row(self._states, None, self._version)
        top = row(None, self._languages)
        middle = holder(column(None, self.banner, self._below_banner, row(None, box, None), None))
        right = column(
            top,
            Scrolled(middle),
            foot,
            margins=(32, 20, 32, 24),
        )
        right.setStretch(1, 1)
        outer = row(self._left, right)
        outer.setStretch(1, 1)
        self.setLayout(outer)
        look.retranslated.connect(self.retranslate)
        look.restyled.connect(self.update)

    def render(self, view: SignInView) -> None:
        say, here = self._look.say, view.here
        self._view = view
        self._left.render(here, view.facts)
        self._languages.render()
        self._title.say(say("sign_in.title"))
        self._lead.say(say("sign_in.lead"))
        self._card.render(view.card)
        self.pin.show_tries(view.tries, view.wrong)
        self.pin.show_pad(view.on_pad)
        self.pin.show_note(say("sign_in.pin_note"))
        why = "" if view.card.present else say("lock.pin_after_card")
        may = view.card.present and view.card.may and not view.busy and view.tries != 0
        self.pin.allow(may, why)
        self.enter.say(say("sign_in.busy" if view.busy else "sign_in.enter"))
        self.enter.setEnabled(self.pin.is_ready())
        self._devices.say(say("sign_in.devices"))
        shown(self.change, view.card.present and not view.busy)
        self.change.say(say("card_pin.unblock_open" if view.tries == 0 else "card_pin.change_open"))
        self._show_states(view.states)
        self._version.say(here.version)
        self._show_trouble(view.trouble)
        self._lead_to_pin(may)

    def _lead_to_pin(self, due: bool) -> None:
        """A card was put in, or refused its PIN: the next key is the PIN's."""
        came_due, self._is_due = due and not self._is_due, due
        if came_due and self.isVisible():
            self.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_states(self, states: tuple[tuple[Glyph, str], ...]) -> None:
        clear(self._states)
        for glyph, words in states:
            text = Text(self._look, words, Type.SMALL, glyph.token)
            self._states.addLayout(row(GlyphSign(self._look, glyph, 16, words), text, gap=8))

    def _show_trouble(self, trouble: Spoken | None) -> None:
        if trouble is None:
            self.banner.hide()
            self._below_banner.hide()
            return
        shown(self._below_banner, True)
        self.banner.show_trouble(
            trouble.glyph, trouble.title, trouble.text, trouble.next, trouble.code
        )

    def _give(self) -> None:
        if self.pin.is_ready():
            last = bool(self._view and self._view.tries == 1)
            self.pin_given.emit(self.pin.take(), last)

    def first_focus(self) -> QWidget:
        if self.pin.dots.isEnabled():
            return self.pin.dots
        return self.enter if self.enter.isEnabled() else self._devices

    def wipe(self) -> None:
        """Forget typed digits (the page is left or covered)."""
        self.pin.wipe()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

    # Qt's own
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._left.setFixedWidth(min(520, max(280, self.width() * 36 // 100)))
        self._left.set_tight(self.height() < TIGHT_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["background"])


class PostPanel(QWidget):
    """The left third: mark, post, station, clocks; on the rail's colour."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._desk = Text(look, "", Type.SMALL, "rail-muted")
        self._service = Text(look, "", Type.STRONG, "rail-text", wrap=True)
        head = row(Mark(look, 48), 16, column(None, self._desk, self._service, None))
        head.setStretch(2, 1)
        self._post = Text(look, "", Type.DISPLAY, "rail-text", wrap=True)
        self._facts = QGridLayout()
        self._facts.setContentsMargins(0, 0, 0, 0)
        self._facts.setHorizontalSpacing(24)
        self._facts.setVerticalSpacing(8)
        self._facts.setColumnMinimumWidth(0, 72)
        self._facts.setColumnStretch(1, 1)
        self._clocks = QGridLayout()
        self._clocks.setContentsMargins(0, 0, 0, 0)
        self._clocks.setHorizontalSpacing(24)
        self._clocks.setVerticalSpacing(4)
        self._clocks.setColumnMinimumWidth(0, 72)
        self._clocks.setColumnStretch(1, 1)
        self.setLayout(
            column(
                head,
                96,
                self._post,
                28,
                self._facts,
                None,
                Line(look, "rail-line"),
                24,
                self._clocks,
                margins=(56, 56, 56, 56),
            )
        )
        look.restyled.connect(self.update)

    def set_tight(self, tight: bool) -> None:
        edge = 32 if tight else 56
        self.layout().setContentsMargins(edge, edge, edge, edge)  # type: ignore[union-attr]

    def render(self, here: says.Here, facts: tuple[tuple[str, str], ...]) -> None:
        look, say = self._look, self._look.say
        self._desk.say(say("app.desk"))
        self._service.say(say("app.service"))
        self._post.say(here.post.get(look.language, here.post["ko"]))
        self._fill(self._facts, facts)
        times = (
            (say("sign_in.post_time"), says.long_time(look, here.now, here.zone)),
            (say("sign_in.seoul_time"), says.long_time(look, here.now, SEOUL)),
        )
        self._fill(self._clocks, times)

    def _fill(self, grid: QGridLayout, lines: tuple[tuple[str, str], ...]) -> None:
        for place, (name, value) in enumerate(lines):
            cells = []
            for number, token in enumerate(("rail-muted", "rail-text")):
                item = grid.itemAtPosition(place, number)
                text = item.widget() if item else None
                if not isinstance(text, Text):
                    # In a small window a time takes two lines rather than lose its minutes.
                    text = Text(self._look, "", Type.BODY, token, wrap=number == 1)
                    grid.addWidget(text, place, number)
                cells.append(text)
            cells[0].say(name)
            cells[1].say(value)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["rail"])


class LanguageSwitch(QWidget):
    """한국어 | English: the one in use stands in 600."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._buttons = {
            lang: Button(look, name, Kind.QUIET, height=24)
            for lang, name in (("ko", "한국어"), ("en", "English"))
        }
        for lang, button in self._buttons.items():
            button.clicked.connect(lambda _=False, key=lang: self.chosen.emit(key))
        line = Line(look, "line-strong", standing=True)
        line.setFixedHeight(14)
        ko, en = self._buttons.values()
        self.setLayout(row(IconSign(look, "globe", 20), 8, ko, 9, line, 9, en))

    def render(self) -> None:
        for lang, button in self._buttons.items():
            button.setCheckable(True)
            button.setChecked(lang == self._look.language)
            button.choose_quietly(lang == self._look.language)


class CardBox(Box):
    """The officer's card: holder, state, and how long the certificate holds."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Text(look, "", Type.STRONG)
        self._detail = Text(look, "", Type.SMALL, "muted")
        self._badge = Badge(look)
        self._icon = IconSign(look, "id-card", 28, "accent")
        top = row(
            self._icon, 16, column(self._name, self._detail), 16, self._badge,
            margins=(17, 15, 17, 15),
        )  # fmt: skip
        top.setStretch(2, 1)
        self._line = Line(look)
        self._valid_icon = IconSign(look, "badge-check", 20)
        self._valid = Text(look, "", Type.SMALL, "muted")
        self._until = Text(look, "", Type.SMALL)
        low = row(self._valid_icon, 8, self._valid, None, self._until, margins=(17, 8, 17, 8))
        self._low = holder(low)
        self.setLayout(column(top, self._line, self._low))

    def render(self, card: CardView) -> None:
        say = self._look.say
        self._icon.show_icon("id-card", "accent" if card.present else "muted")
        self._name.say(card.name or say("card.officer_card"))
        waiting = say("card.reading" if card.present else "card.waiting")
        known = card.present and bool(card.name)
        self._detail.say(card.detail or ("" if known else waiting))
        shown(self._detail, bool(self._detail.text()))
        glyph = Glyph.PASSED if card.present else Glyph.NOT_DONE
        self._badge.show_state(glyph, say("card.present" if card.present else "card.absent"))
        shown(self._line, bool(card.certificate))
        shown(self._low, bool(card.certificate))
        valid = "card.certificate_valid" if card.certificate_ok else "card.certificate_not_valid"
        self._valid.say(say(valid), "muted" if card.certificate_ok else "danger")
        self._until.say(card.certificate)

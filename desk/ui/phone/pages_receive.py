"""From the QR to the credential: home, offer, PIN, progress."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import shown
from desk.ui.parts.box import Box, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.fields import Field, Labelled
from desk.ui.parts.sign import GlyphSign, IconSign
from desk.ui.parts.text import Text
from desk.ui.phone.keypad import PinCells, PinPad
from desk.ui.phone.page import Context, PhonePage
from desk.ui.phone.parts import CardTile, Note, big, fact, ruled, second, title
from desk.ui.phone.snapshot import PIN_LENGTH, PhoneScreen, PinView, ProgressView, Stage
from desk.ui.theme import Type


class HomePage(PhonePage):
    """The IDs kept, or that there is none; and the way to a QR."""

    back = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look, screen = self.look, self.snapshot
        self.fill(title(look, look.say("home.title")), 16)
        tiles = [CardTile(look, card) for card in screen.cards]
        for tile, card in zip(tiles, screen.cards, strict=True):
            tile.clicked.connect(
                lambda _on=False, key=card.card_id: self.acts.card_opened.emit(key)
            )
            self.fill(tile, 12)
        if not tiles:
            self.fill(self._empty())
        self._note = column()
        self.fill(self._note, None, self._text_field())
        self.scan = big(look, "", icon="scan-qr-code")
        self.scan.clicked.connect(lambda: self.acts.scan_requested.emit(""))
        self.buttons(self.scan)
        self.follow(screen)

    def _empty(self) -> QWidget:
        look = self.look
        icon = IconSign(look, "id-card", 48, "muted")
        centre = Qt.AlignmentFlag.AlignHCenter
        box = Box(look, "background", "line", 14)
        box.setLayout(
            column(
                row(None, icon, None),
                12,
                Text(look, look.say("home.empty"), Type.STRONG, align=centre, wrap=True),
                4,
                Text(
                    look, look.say("home.empty_more"), Type.BODY, "muted", align=centre, wrap=True
                ),
                margins=(20, 32, 20, 32),
            )
        )
        return box

    def _text_field(self) -> QWidget:
        """For a QR that stands on another screen: its text, typed or pasted."""
        look = self.look
        self.field = Field(look)
        self.field.setFixedHeight(48)
        self.field.setInputMethodHints(Qt.InputMethodHint.ImhNoAutoUppercase)
        read = Button(look, look.say("button.read_text"), Kind.SECONDARY, height=48)
        self.field.returnPressed.connect(self._read_text)
        read.clicked.connect(self._read_text)
        labelled = Labelled(look, self.field)
        labelled.say(look.say("home.text_label"))
        below = row(labelled, column(None, read), gap=8)
        below.setStretch(0, 1)
        self._by_text = holder(below)
        self.open_text = Button(
            look, look.say("home.by_text"), Kind.QUIET, height=48, icon="keyboard"
        )
        self.open_text.clicked.connect(self._show_text)
        self._by_text.hide()
        return holder(column(16, row(None, self.open_text, None), self._by_text))

    def _show_text(self) -> None:
        self.open_text.hide()
        self._by_text.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _read_text(self) -> None:
        text = self.field.text().strip()
        if text and not self.snapshot.reading:
            self.acts.scan_requested.emit(text)

    def follow(self, screen: PhoneScreen) -> None:
        super().follow(screen)
        look = self.look
        self.scan.setEnabled(not screen.reading)
        self.scan.say(look.say("home.reading" if screen.reading else "button.scan"))
        clear(self._note)
        if screen.no_qr:
            strong, more = look.say("home.no_qr"), look.say("home.no_qr_more")
            self._note.addSpacing(12)
            self._note.addWidget(Note(look, strong, more, tone="warning", glyph=Glyph.ATTENTION))

    def first_focus(self) -> QWidget:
        return self.scan

    def announcement(self) -> str:
        return self.look.say("home.no_qr") if self.snapshot.no_qr else ""


class OfferPage(PhonePage):
    """What is offered and by whom, before any PIN."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look, offer = self.look, context.screen.offer
        if offer is None:
            return
        more = look.say("offer.formats", n=offer.formats) if offer.formats > 1 else ""
        what = fact(look, look.say("offer.what"), look.named(offer.names), more=more)
        issuer = fact(look, look.say("offer.issuer"), offer.issuer, strong=False)
        pin = look.say("offer.pin" if offer.needs_pin else "offer.no_pin")
        pin_more = look.say("offer.pin_more") if offer.needs_pin else ""
        self.fill(
            title(look, look.say("offer.title")),
            16,
            ruled(look, (what, issuer)),
            12,
            Note(look, pin, pin_more, icon="key-round"),
            12,
            Note(
                look,
                look.say("offer.own"),
                look.say("offer.own_more"),
                tone="warning",
                glyph=Glyph.ATTENTION,
            ),
            None,
        )
        self.go_on = big(look, look.say("button.go_on"))
        self.stop = second(look, look.say("button.stop"))
        self.go_on.clicked.connect(self.acts.offer_accepted)
        self.stop.clicked.connect(self.acts.home_wanted)
        self.buttons(self.go_on, self.stop)

    def first_focus(self) -> QWidget:
        return self.go_on

    def announcement(self) -> str:
        return self.look.say("offer.title")


class PinPage(PhonePage):
    """Six digits by touch or keys; sent when the holder confirms."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look = self.look
        self.cells, self.keypad = PinCells(look), PinPad(look)
        self._problem = Text(
            look, "", Type.SMALL_STRONG, "danger", wrap=True, align=Qt.AlignmentFlag.AlignHCenter
        )
        problem = holder(column(self._problem, None))
        problem.setMinimumHeight(50)
        self.fill(
            title(look, look.say("pin.title"), look.say("pin.lead")),
            24,
            row(None, self.cells, None),
            12,
            problem,
            None,
            self.keypad,
        )
        self.body.setContentsMargins(20, 24, 20, 8)
        self.confirm = big(look, look.say("button.confirm"))
        self.buttons(self.confirm)
        self._foot_line.hide()
        self.confirm.clicked.connect(self._send)
        self.keypad.digit.connect(self._pressed)
        self.keypad.dropped.connect(self._drop)
        self.keypad.cleared.connect(self._clear)
        self.follow(context.screen)

    def follow(self, screen: PhoneScreen) -> None:
        super().follow(screen)
        self.keypad.setEnabled(not screen.pin.checking)
        self._show()

    def _show(self) -> None:
        pin, count = self.snapshot.pin, self.digits.count
        wrong = pin.wrong and not pin.checking and count == 0
        self.cells.show_count(PIN_LENGTH if pin.checking else count, wrong)
        self._problem.say(self._sentence(pin), "muted" if pin.checking else "danger")
        self.confirm.setEnabled(self.digits.is_full and not pin.checking)

    def _sentence(self, pin: PinView) -> str:
        say = self.look.say
        if pin.checking:
            return say("pin.checking")
        if not pin.wrong:
            return ""
        if pin.tries_left is None:
            return say("pin.wrong_uncounted")
        if pin.tries_left == 1:
            return f"{say('pin.wrong', n=1)}\n{say('pin.last')}"
        return say("pin.wrong", n=pin.tries_left)

    def _pressed(self, digit: int) -> None:
        if not self.snapshot.pin.checking:
            self.digits.add(digit)
            self._show()

    def _drop(self) -> None:
        self.digits.drop()
        self._show()

    def _clear(self) -> None:
        self.digits.wipe()
        self._show()

    def _send(self) -> None:
        if self.digits.is_full and not self.snapshot.pin.checking:
            pin = self.digits.taken()
            self._show()
            self.acts.pin_entered.emit(pin)

    def first_focus(self) -> QWidget:
        return self.cells

    def key(self, event: QKeyEvent) -> bool:
        text, key = event.text(), event.key()
        if len(text) == 1 and text.isascii() and text.isdigit():
            self._pressed(int(text))
        elif key == Qt.Key.Key_Backspace:
            self._drop()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._send()
        else:
            return False
        return True

    def announcement(self) -> str:
        return self._sentence(self.snapshot.pin) or self.look.say("pin.title")


_STAGES = tuple(Stage)
_STAGE_WORDS = {
    Stage.PIN: "progress.pin",
    Stage.KEY: "progress.key",
    Stage.SIGNATURE: "progress.signature",
    Stage.KEPT: "progress.kept",
}


class ProgressPage(PhonePage):
    """Receiving: what is done, what is under way, what is still to come."""

    back = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        look = self.look
        self._lead = Text(look, "", Type.BODY, "muted", wrap=True)
        self._rows: dict[Stage, tuple[GlyphSign, Text, Text]] = {}
        rows = []
        for stage in _STAGES:
            sign = GlyphSign(look, Glyph.WAITING, 28)
            name = Text(look, "", Type.BODY, wrap=True)
            name.setAlignment(Qt.AlignmentFlag.AlignVCenter)
            word = Text(look, "", Type.SMALL_STRONG, "muted")
            words = row(sign, 14, name, 8, word)
            words.setStretch(2, 1)
            line = holder(words)
            line.setMinimumHeight(32)
            self._rows[stage] = (sign, name, word)
            rows.append(line)
        self._pin_row = rows[0]
        self.fill(
            title(look, look.say("progress.title")), 4, self._lead, 20, ruled(look, rows), None
        )
        self.follow(context.screen)

    def follow(self, screen: PhoneScreen) -> None:
        super().follow(screen)
        view = screen.progress
        if view is None:
            return
        look = self.look
        waits = view.waiting and view.stage is Stage.SIGNATURE
        self._lead.say(look.say("progress.lead_waiting" if waits else "progress.lead"))
        shown(self._pin_row, view.with_pin)
        here = _STAGES.index(view.stage)
        for place, stage in enumerate(_STAGES):
            self._show_row(stage, place - here, view)

    def _show_row(self, stage: Stage, ahead: int, view: ProgressView) -> None:
        look = self.look
        sign, name, word = self._rows[stage]
        key = "done" if ahead < 0 else "now" if ahead == 0 else "waiting"
        glyph = {"done": Glyph.PASSED, "now": Glyph.BUSY, "waiting": Glyph.WAITING}[key]
        sign.show_state(glyph, look.say(f"state.{key}"))
        word.say(look.say(f"state.{key}"), glyph.token)
        name.say(self._name(stage, view), kind=Type.STRONG if ahead == 0 else Type.BODY)

    def _name(self, stage: Stage, view: ProgressView) -> str:
        if stage is Stage.KEPT and view.expected > 1 and view.kept:
            return self.look.say("progress.kept_of", n=view.kept, of=view.expected)
        return self.look.say(_STAGE_WORDS[stage])

    def announcement(self) -> str:
        return self.look.say("progress.title")

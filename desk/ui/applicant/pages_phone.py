"""06: the QR, what the phone does with it, and the proof by a second QR."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desk.ui.applicant.drawings import PHONE, Drawing, phone_clock, phone_receiving, phone_wrong
from desk.ui.applicant.frame import Foot, Press
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.page import HELP, HELP_ICON, Context, PageView, card, notice, ruled
from desk.ui.applicant.pages_checks import PhaseRow
from desk.ui.applicant.parts import Disc, GlyphSpot, IconSpot, Tile
from desk.ui.applicant.qrview import Countdown, LiveStates, QrSymbol
from desk.ui.applicant.snapshot import TRIES, LiveState, Progress
from desk.ui.applicant.text import Stack
from desk.ui.glyphs import Glyph
from desk.ui.theme import Type

LEFT = 400


def step_row(kit: Kit, number: int, pair: tuple[Run, Run | None], *, lead: bool = True) -> QWidget:
    """A number in a disc and what to do."""
    kind = Type.WIDE_LEAD_STRONG if lead else Type.WIDE_STRONG
    words = Stack(kit, pair, kind, wrap=True, line=37 if lead else None)
    holder = QWidget()
    gap = 20 if lead else 16
    disc = Disc(kit, number, 40 if kit.larger and not lead else 48)
    holder.setLayout(kit.row(disc, gap, kit.column(None, words, None)))
    return holder


class _QrPage(PageView):
    """QR and countdown left, what to do right."""

    symbol_key = ""
    step_keys: tuple[str, ...] = ()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        most = round(8 * max(1.0, kit.unit))
        self.symbol = QrSymbol(kit, kit.say(self.symbol_key), most=most)
        self.countdown = Countdown(kit, self.facts.post.zone)
        side = QWidget()
        side.setLayout(kit.row(self.countdown, margins=(8, 0, 8, 0)))
        inner = kit.column(1, self.symbol, side, margins=(1, 0, 1, kit.pick(30, 14)))
        inner.setStretch(1, 1)
        self._left = card(kit, inner)
        self._left.setFixedWidth(kit.px(LEFT))
        rows = [
            step_row(kit, number, kit.pair(key))
            for number, key in enumerate(self.step_keys, start=1)
        ]
        steps = card(kit, kit.column(*ruled(kit, rows), margins=(24, 4, 24, 4)))
        right = kit.column(steps, 16, self.below())
        right.setStretch(0, 1)
        self.setLayout(kit.row(self._left, right, gap=24))
        self.follow()

    def below(self) -> QWidget:
        raise NotImplementedError

    def follow(self) -> None:
        self.tick()

    def tick(self) -> None:
        """A QR whose time is over is taken away here, before the desk has said so."""
        facts, now = self.facts.qr, self.context.now()
        if facts is None or now >= facts.expires_at:
            self.symbol.show_text("")
        else:
            self.symbol.show_text(facts.text)
        if facts is not None:
            self.countdown.show_time(facts, now)


class QrPage(_QrPage):
    """06: only after the PIN; gone with the first fetch."""

    symbol_key = "qr.symbol"
    step_keys = ("qr.app", "qr.scan", "qr.pin")

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("qr.title")

    def below(self) -> QWidget:
        self.states = LiveStates(self.kit, second=not self.kit.low)
        return card(self.kit, self.kit.column(self.states))

    def follow(self) -> None:
        super().follow()
        self.states.show_state(self.facts.live)

    def _enlarge(self) -> None:
        self.context.visit.enlarged = True
        self.context.refresh()

    def foot(self) -> Foot:
        larger = Press("button.larger_qr", self._enlarge, icon="scan")
        return Foot("qr.warning", "shield-alert", (larger,))


class LargeQrPage(PageView):
    """The QR alone, as large as the window allows, with the same countdown."""

    full = True
    bare = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        self.symbol = QrSymbol(kit, kit.say("qr.symbol"))
        self.countdown = Countdown(kit, self.facts.post.zone)
        self.countdown.setMinimumWidth(kit.px(300))
        self.countdown.setMaximumWidth(kit.px(400))
        tile = card(kit, kit.column(self.symbol, margins=(2, 2, 2, 2)))
        side = kit.column(None, self.countdown, None)
        layout = kit.row(tile, side, gap=40, margins=(40, 24, 40, 24))
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.tick()

    def follow(self) -> None:
        self.tick()

    def tick(self) -> None:
        facts, now = self.facts.qr, self.context.now()
        gone = facts is None or now >= facts.expires_at
        self.symbol.show_text("" if gone or facts is None else facts.text)
        if facts is not None:
            self.countdown.show_time(facts, now)

    def _shrink(self) -> None:
        self.context.visit.enlarged = False
        self.context.refresh()

    def foot(self) -> Foot:
        back = Press("button.smaller_qr", self._shrink, icon="arrow-left")
        return Foot("qr.warning", "shield-alert", (back,))


class ProvePage(_QrPage):
    """06e: what is asked, for what; nothing is usable before."""

    symbol_key = "prove.symbol"
    step_keys = ("prove.open", "prove.scan", "prove.submit")

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("prove.title")

    def below(self) -> QWidget:
        kit = self.kit
        icon = IconSpot(kit, "hourglass", 36)
        tile = notice(kit, kit.pair("prove.after"), "accent", icon, margins=(20, 8, 20, 8))
        tile.setFixedHeight(kit.px(kit.pick(90, 76, 62)))
        return tile

    def foot(self) -> Foot:
        return Foot("prove.asked", "list-checks")


def _phone_card(
    kit: Kit, paint: Callable[[QPainter, Kit], None], pair: tuple[Run, Run | None], name: str
) -> Tile:
    """The drawing of a phone with two lines beneath."""
    drawing = Drawing(kit, paint, PHONE, name)
    words = Stack(
        kit,
        (pair[0].weighted(True), pair[1]),
        wrap=True,
        align=Qt.AlignmentFlag.AlignHCenter,
    )
    tile = card(
        kit,
        kit.column(
            kit.pick(62, 24),
            drawing,
            kit.pick(26, 16),
            words,
            kit.pick(52, 24),
            margins=(16, 0, 16, 0),
        ),
    )
    tile.setFixedWidth(kit.px(LEFT if not kit.larger else 320))
    return tile


class SendingPage(PageView):
    """06b: the QR is used; the phone's key, the signature, the delivery."""

    ROWS = (
        LiveState.SCANNED,
        LiveState.PIN_OK,
        LiveState.PHONE_READY,
        LiveState.SIGNING,
        LiveState.SAVED,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        left = _phone_card(kit, phone_receiving, kit.pair("sending.used"), kit.say("sending.title"))
        self._rows = [
            PhaseRow(kit, f"qr.{state.value}", height=99, lead=True) for state in self.ROWS
        ]
        right = card(kit, kit.column(*ruled(kit, list(self._rows)), margins=(24, 4, 24, 4)))
        self.setLayout(kit.row(left, right, gap=24))
        self.follow()

    def title(self) -> tuple[Run, Run | None]:
        is_saved = self.facts.live is LiveState.SAVED
        return self.kit.pair("sending.saved" if is_saved else "sending.title")

    def follow(self) -> None:
        order = list(LiveState)
        reached = order.index(self.facts.live)
        for row, state in zip(self._rows, self.ROWS, strict=True):
            place = order.index(state)
            done = place < reached or (place == reached and state is not LiveState.SIGNING)
            # What comes next is what is going on now.
            busy = place == reached + 1 and self.facts.live is not LiveState.SIGNING
            busy = busy or (place == reached and state is LiveState.SIGNING)
            row.show_progress(Progress.DONE if done else Progress.NOW if busy else Progress.WAITING)

    def foot(self) -> Foot:
        return Foot("sending.wait", "smartphone")


class _Tries(QWidget):
    """One disc per try, used ones crossed out."""

    def __init__(self, kit: Kit, left: int) -> None:
        super().__init__()
        self._kit, self._left = kit, left
        self.setFixedSize(kit.px(TRIES * 48 - 12), kit.px(36))
        self.setAccessibleName(f"{left} / {TRIES}")

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(kit.unit, kit.unit)
        for place in range(TRIES):
            box = QRectF(place * 48, 0, 36, 36)
            if place >= TRIES - self._left:
                painter.setPen(QPen(kit["line-strong"], 2))
                painter.setBrush(kit["card"])
                painter.drawEllipse(box.adjusted(1, 1, -1, -1))
                continue
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(kit["danger"])
            painter.drawEllipse(box)
            painter.setPen(
                QPen(kit["on-danger"], 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            )
            inner = box.adjusted(12.5, 12.5, -12.5, -12.5)
            painter.drawLine(inner.topLeft(), inner.bottomRight())
            painter.drawLine(inner.topRight(), inner.bottomLeft())


class WrongPinPage(PageView):
    """06c: tries left on the phone."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit, left = self.kit, self.facts.tries_left
        phone = _phone_card(kit, phone_wrong, kit.pair("sending.used"), kit.say("wrong_pin.title"))
        sign = GlyphSpot(kit, Glyph.ATTENTION, 48)
        told = notice(
            kit,
            kit.pair("wrong_pin.lead", n=left),
            "warning",
            sign,
            kind=Type.WIDE_LEAD_STRONG,
            even=True,
            margins=(24, kit.pick(16, 8), 24, kit.pick(16, 8)),
        )
        told.setFixedHeight(kit.px(kit.pick(182, 156, 110)))
        words = Stack(kit, _strong(kit.pair("wrong_pin.tries")))
        tries = card(kit, kit.row(words, None, _Tries(kit, left), margins=(24, 8, 24, 8)))
        tries.setFixedHeight(kit.px(kit.pick(98, 80, 70)))
        forgot = Stack(kit, kit.pair("wrong_pin.forgot"), wrap=True)
        layout = kit.row(
            IconSpot(kit, "rotate-ccw-key", 40),
            16,
            kit.column(None, forgot, None),
            margins=(24, 8, 24, 8),
        )
        right = kit.column(told, 16, tries, 16, card(kit, layout))
        right.setStretch(4, 1)
        self.setLayout(kit.row(phone, right, gap=24))

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair("wrong_pin.title")

    def foot(self) -> Foot:
        new = Press("button.new_pin", self.context.acts.new_pin_wanted.emit, icon="rotate-ccw")
        return Foot(HELP, HELP_ICON, (new,))


class ExpiredPage(PageView):
    """06d: nothing is wrong; a new PIN makes a new QR."""

    words = "expired"
    drawing = staticmethod(phone_clock)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        kit = self.kit
        phone = _phone_card(kit, self.drawing, self._ended(), kit.say(f"{self.words}.title"))
        lead = kit.pair(f"{self.words}.lead")
        calm = notice(
            kit,
            (lead[0], lead[1]),
            "accent",
            GlyphSpot(kit, Glyph.PASSED, 48),
            kind=Type.WIDE_LEAD_STRONG,
            even=True,
            margins=(24, kit.pick(16, 8), 24, kit.pick(16, 8)),
        )
        calm.setFixedHeight(kit.px(kit.pick(220, 194, 170)))
        question = kit.pair(f"{self.words}.question")
        asked = Stack(kit, question, Type.WIDE_LEAD_STRONG, wrap=True)
        answer = Stack(kit, kit.pair(f"{self.words}.answer"), wrap=True)
        reason = kit.row(
            IconSpot(kit, "shield-check", 48),
            20,
            kit.column(None, asked, 8, answer, None),
            margins=(24, 8, 24, 8),
        )
        right = kit.column(calm, 16, card(kit, reason))
        right.setStretch(2, 1)
        self.setLayout(kit.row(phone, right, gap=24))

    def _ended(self) -> tuple[Run, Run | None]:
        ended = self.facts.ended_at or self.context.now()
        here = ended.astimezone(ZoneInfo(self.facts.post.zone))
        return self.kit.pair("expired.ended", t=f"{here:%H:%M}")

    def title(self) -> tuple[Run, Run | None]:
        return self.kit.pair(f"{self.words}.title")

    def foot(self) -> Foot:
        wanted = self.context.acts.new_pin_wanted.emit
        new = Press("button.pin_again", wanted, filled=True, icon="rotate-ccw")
        return Foot(HELP, HELP_ICON, (new,))


class NoTriesPage(ExpiredPage):
    """06d after the last try: the PIN closed the QR and not its time."""

    words = "no_tries"
    drawing = staticmethod(phone_wrong)


def _strong(pair: tuple[Run, Run | None]) -> tuple[Run, Run | None]:
    return pair[0].weighted(True), pair[1]

"""A QR on the applicant's window with what is left of its time, and how far the phone is."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desk.issuance.posts import SEOUL
from desk.ui.applicant.kit import Kit, Run
from desk.ui.applicant.pages_checks import Bar
from desk.ui.applicant.parts import IconSpot
from desk.ui.applicant.snapshot import LiveState, QrFacts
from desk.ui.applicant.text import Say
from desk.ui.glyphs import Glyph
from desk.ui.parts.qr import QUIET_ZONE, modules
from desk.ui.theme import Type

LEAST_MODULE = 6
LAST_MINUTE = timedelta(minutes=1)
ANNOUNCED = (300, 60, 30)
"""Seconds left at which the countdown is spoken."""


class QrSymbol(QWidget):
    """Whole pixels a module, at least 6; four modules of white; black on white always."""

    def __init__(self, kit: Kit, name: str, *, most: int | None = None) -> None:
        super().__init__()
        self._kit, self._most = kit, most
        self._rows: tuple[tuple[bool, ...], ...] = ()
        self._text = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_text(self, text: str) -> None:
        """An empty text removes the symbol and keeps nothing of it."""
        if text != self._text:
            self._text = text
            self._rows = modules(text) if text else ()
            self.updateGeometry()
            self.update()

    @property
    def text(self) -> str:
        return self._text

    def module(self) -> int:
        """Pixels a module in the room there is."""
        side = len(self._rows) + 2 * QUIET_ZONE
        room = min(self.width(), self.height()) // side
        most = self._most or room
        return max(LEAST_MODULE, min(room, most))

    # Qt's own
    def minimumSizeHint(self) -> QSize:
        edge = (len(self._rows) + 2 * QUIET_ZONE) * LEAST_MODULE
        return QSize(edge, edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        module, count = self.module(), len(self._rows)
        span = (count + 2 * QUIET_ZONE) * module
        left, top = (self.width() - span) // 2, (self.height() - span) // 2
        painter.fillRect(QRectF(left, top, span, span), QColor(Qt.GlobalColor.white))
        black = QColor(Qt.GlobalColor.black)
        quiet = QUIET_ZONE * module
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(
                        left + quiet + x * module, top + quiet + y * module, module, module, black
                    )


class Countdown(QWidget):
    """Time left, a bar, and until when on both clocks. Amber in the last minute."""

    def __init__(self, kit: Kit, zone: str) -> None:
        super().__init__()
        self._kit, self._zone = kit, ZoneInfo(zone)
        self._icon = _Timer(kit)
        self._left = Say(kit, Run("", "ko"), Type.WIDE_LEAD_STRONG)
        self._bar = Bar(kit, 8)
        self._until = Say(kit, Run("", "ko"), align=Qt.AlignmentFlag.AlignHCenter)
        self._spoken: int | None = -1
        icon_room = kit.column(kit.px(0), None, self._icon, None)
        line = kit.row(None, icon_room, 12, self._left, None)
        bar = kit.row(self._bar, margins=(22, 0, 22, 0))
        self.setLayout(kit.column(line, 7, bar, 8, self._until))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_time(self, facts: QrFacts, now: datetime) -> None:
        """Called each second. The accessible name changes at 5 min, 1 min, 30 s and at the
        end only, so that a reader is not spoken over every second."""
        kit = self._kit
        left = max(timedelta(), facts.expires_at - now)
        seconds = int(left.total_seconds() + 0.999)
        ending = left <= LAST_MINUTE
        token = "warning" if ending else "text"
        word = kit.say("qr.ending" if ending else "qr.left")
        clock = f"{seconds // 60}:{seconds % 60:02}"
        words = Run(f"{word}  ", kit.language, token, ending)
        self._left.set_runs([words, Run(clock, "ko", token, True, True)])
        self._icon.colour(token)
        whole = facts.expires_at - facts.started_at
        share = left / whole if whole else 0.0
        self._speak(seconds)
        bar = "warning" if ending else "accent"
        self._bar.show_share(share, self.accessibleName(), bar)
        self._until.set_runs(self._until_runs(facts.expires_at))

    def _until_runs(self, at: datetime) -> list[Run]:
        kit, lang = self._kit, self._kit.language
        here, korea = at.astimezone(self._zone), at.astimezone(SEOUL)
        until = kit.main("qr.until", t=f"{here:%H:%M}").weighted(True)
        there = kit.main("qr.korea", "muted", t=kit.until(korea, here, lang))
        return [until.even(), Run("  ·  ", "ko", "text"), there.even()]

    def _speak(self, seconds: int) -> None:
        step = next((mark for mark in reversed(ANNOUNCED) if seconds <= mark), None)
        if step == self._spoken and seconds:
            return
        self._spoken = step
        minutes, rest = divmod(seconds, 60)
        self.setAccessibleName(self._kit.say("qr.left_spoken", m=minutes, s=rest))


class _Timer(IconSpot):
    def __init__(self, kit: Kit) -> None:
        super().__init__(kit, "timer", 32, "text")

    def colour(self, token: str) -> None:
        self._token = token
        self.update()


class LiveStates(QWidget):
    """Five states in a row with lines between them."""

    SHOWN = (
        LiveState.WAITING,
        LiveState.SCANNED,
        LiveState.PIN_OK,
        LiveState.SIGNING,
        LiveState.SAVED,
    )

    def __init__(self, kit: Kit, *, second: bool = True) -> None:
        super().__init__()
        self._kit, self._second = kit, second and kit.second is not None
        self._state = LiveState.WAITING
        self.setFixedHeight(kit.px(106 if self._second else 82))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_state(LiveState.WAITING)

    def show_state(self, state: LiveState) -> None:
        self._state = LiveState.PIN_OK if state is LiveState.PHONE_READY else state
        self.setAccessibleName(self._kit.say(f"qr.{self._state.value}"))
        self.update()

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        kit, painter = self._kit, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pitch = (self.width() - kit.px(8)) / len(self.SHOWN)
        centres = [kit.px(4) + pitch * (place + 0.5) for place in range(len(self.SHOWN))]
        middle = kit.px(27)
        painter.setPen(QPen(kit["line"], max(2.0, kit.line_width)))
        for before, after in pairwise(centres):
            painter.drawLine(
                QPointF(before + kit.px(22), middle), QPointF(after - kit.px(22), middle)
            )
        here = self.SHOWN.index(self._state)
        for place, (state, centre) in enumerate(zip(self.SHOWN, centres, strict=True)):
            glyph = Glyph.WAITING
            if place < here or self._state is LiveState.SAVED:
                glyph = Glyph.PASSED
            elif place == here:
                glyph = Glyph.HALF
            side = kit.px(32)
            box = QRectF(centre - side / 2, middle - side / 2, side, side)
            kit.look.paint_glyph(painter, glyph, box)
            current = place == here
            first = kit.main(f"qr.{state.value}", "accent" if current else "muted")
            self._word(painter, first.weighted(current), centre, 60)
            second = kit.other(f"qr.{state.value}")
            if self._second and second is not None:
                self._word(painter, second, centre, 84)

    def _word(self, painter: QPainter, run: Run, centre: float, middle: float) -> None:
        kit = self._kit
        font = kit.font(Type.WIDE_BODY, run.lang, bool(run.strong))
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(kit[run.token])
        base = kit.px(middle) + (metrics.ascent() - metrics.descent()) / 2
        left = centre - metrics.horizontalAdvance(run.text) / 2
        painter.drawText(QPointF(round(left), round(base)), run.text)

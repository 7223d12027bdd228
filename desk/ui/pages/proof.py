"""Proof: the phone presents what it received; only then is it usable.

Signals: ``new_qr_requested``, ``enlarge_requested``, ``cannot_prove(str)`` (a reason; the
case stays «delivered, not proven»), ``go_on``; besides ``stop_case``, ``remedy(str)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.case import Case
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.phone_parts import ProgressCard, ProgressLine, QrCard
from desk.ui.parts.box import Card, HeadRow, column, holder, row
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.qrcard import QrState
from desk.ui.parts.rows import Row, RowList
from desk.ui.parts.sign import GlyphSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import Remedy
from desk.ui.services import Service, Services
from desk.ui.theme import Type
from desk.ui.troubles import Spoken


class ProofStep(StrEnum):
    """What must be true before it is usable, in its order."""

    ASKED = "asked"
    PRESENTED = "presented"
    SAME_KEY = "same_key"
    CONTENT = "content"
    STATUS = "status"


@dataclass(frozen=True)
class ProofView:
    """``done`` holds the time of every step that has passed; ``failed`` the one that did
    not. ``qr_text`` while the check QR lives, ``placed_at`` and ``expires_at`` its life."""

    here: says.Here
    case: Case
    services: Services
    done: tuple[tuple[ProofStep, datetime], ...] = ()
    failed: ProofStep | None = None
    qr_text: str = ""
    placed_at: datetime | None = None
    expires_at: datetime | None = None
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    read_only: bool = False

    @property
    def is_usable(self) -> bool:
        return any(step is ProofStep.STATUS for step, _ in self.done)


class ProofPage(Page):
    """Second QR left; progress and the services right."""

    new_qr_requested = Signal()
    enlarge_requested = Signal()
    cannot_prove = Signal()
    go_on = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._view: ProofView | None = None
        self.qr = QrCard(look)
        self.qr.enlarge.connect(self.enlarge_requested)
        self.qr.again.connect(self.new_qr_requested)
        self.progress = ProgressCard(look)
        self.services = ServicesCard(look)
        self._right_column = column(self.progress, self.services)
        self._right_column.setStretch(1, 1)
        self._right = holder(self._right_column)
        self._columns = row(self.qr, self._right)
        self._columns.setStretch(1, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        tight = narrow or small
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right_column.setSpacing(self.gap)
        self.qr.set_narrow(tight)
        width = 420 if tight else 524
        self.qr.setMinimumWidth(0 if small else width)
        self.qr.setMaximumWidth(16777215 if small else width)
        self.progress.set_narrow(tight)
        self.services.set_narrow(tight)

    def render(self, view: ProofView) -> None:
        self._view = view
        say = self.look.say
        self.qr.render(say("proof.qr"), *self._qr(view))
        if self._is_live(view):
            self.qr.show_badge(Glyph.NOTE, say("proof.second_qr"))
        self._render_below(view)
        self.progress.render(say("proof.progress"), self._lines(view))
        self.services.render(view.services, view.is_usable)
        self._render_trouble(view)
        self._render_footer(view)
        head = "usable" if view.is_usable else ("ended" if self._is_ended(view) else "waiting")
        self.say_head(say("step.proof"), say(f"proof.head_{head}"))

    def tick(self, left: int, whole: int) -> None:
        """Once a second: what is left of the QR's life."""
        self.qr.countdown.show_left(left, whole)

    @staticmethod
    def _presented(view: ProofView) -> bool:
        return any(step is ProofStep.PRESENTED for step, _ in view.done)

    def _is_live(self, view: ProofView) -> bool:
        return bool(view.qr_text) and not self._presented(view) and not self._is_ended(view)

    @staticmethod
    def _is_ended(view: ProofView) -> bool:
        return (
            view.expires_at is not None and view.expires_at <= view.here.now and not view.done[1:]
        )

    def _qr(self, view: ProofView) -> tuple[QrState, str, str, str]:
        say = self.look.say
        if view.is_usable:
            return QrState.USABLE, "", say("proof.usable"), say("proof.usable_more")
        if view.failed is not None:
            return QrState.BLOCKED, "", say("proof.failed"), say("proof.failed_more")
        if self._presented(view):
            return QrState.USED, "", say("proof.checking"), say("proof.checking_more")
        if self._is_ended(view):
            return QrState.ENDED, "", say("phone.ended"), say("proof.ended_more")
        if view.qr_text:
            return QrState.LIVE, view.qr_text, say("proof.qr_of_case"), ""
        return QrState.PENDING, "", say("proof.preparing"), ""

    def _render_below(self, view: ProofView) -> None:
        say = self.look.say
        times = dict(view.done)
        live = self._is_live(view)
        if live and view.placed_at and view.expires_at:
            left = int((view.expires_at - view.here.now).total_seconds())
            self.qr.show_countdown(left, int((view.expires_at - view.placed_at).total_seconds()))
        elif view.is_usable:
            at = says.clock_seconds(times[ProofStep.STATUS], view.here)
            lines = [(say("proof.usable_at"), f"**{at}**")]
            if view.case.expiry_date is not None:
                day = view.case.expiry_date.isoformat()
                lines.append((say("content.valid"), say("proof.until", date=day)))
            self.qr.show_times(lines)
        else:
            self.qr.show_times([])
        again = not view.is_usable and not view.read_only
        self.qr.show_buttons(say("phone.enlarge"), live, say("phone.qr_again"), again)

    def _lines(self, view: ProofView) -> list[ProgressLine]:
        say, times = self.look.say, dict(view.done)
        lines, waiting = [], False
        for step in ProofStep:
            name = say(f"proof_step.{step.value}")
            if step in times:
                at = says.clock_seconds(times[step], view.here)
                detail = say(f"proof_step.{step.value}_done", n=len(view.case.issued) or 1)
                lines.append(ProgressLine(Glyph.PASSED, name, detail, at))
            elif step is view.failed:
                detail = say("proof_step.not_so")
                lines.append(ProgressLine(Glyph.FAILED, name, detail, ""))
                waiting = True
            elif not waiting:
                detail = say(f"proof_step.{step.value}_busy")
                lines.append(ProgressLine(Glyph.BUSY, name, detail, ""))
                waiting = True
            else:
                last = step is ProofStep.STATUS
                detail = say("proof_step.still_suspended") if last else ""
                lines.append(ProgressLine(Glyph.WAITING, name, detail, ""))
        return lines

    def _render_trouble(self, view: ProofView) -> None:
        if view.trouble is None:
            self.hide_banner()
            return
        spoken = view.trouble
        self.show_banner(
            glyph=spoken.glyph,
            title=spoken.title,
            sentence=spoken.text,
            next_step=spoken.next,
            code=spoken.code,
            remedies=view.remedies,
        )

    def _render_footer(self, view: ProofView) -> None:
        say = self.look.say
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        stop = Other("stop", say("footer.stop_case"), Kind.QUIET)
        cannot = Other("cannot", say("proof.cannot"))
        self.footer.show_others((stop,) if view.is_usable else (stop, cannot))
        why = "" if view.is_usable else say("proof.why")
        keys = ("Ctrl+Enter",) if view.is_usable else ()
        self.footer.show_primary(Primary(say("footer.next_hand_over"), view.is_usable, why, keys))

    def other_asked(self, key: str) -> None:
        if key == "cannot":
            self.cannot_prove.emit()

    def primary_key(self) -> None:
        view = self._view
        if view is None or view.read_only or view.is_usable:
            self.go_on.emit()

    def enlarge(self) -> None:
        if self._view is not None and self._is_live(self._view):
            self.enlarge_requested.emit()

    def first_focus(self) -> QWidget | None:
        if self._view is not None and self._view.is_usable:
            return self.footer.primary
        return self.qr.first_button()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


class ServicesCard(Card):
    """Where it can be used: what is known of each service and since when."""

    COLUMNS = (-200, -190, 116, 96)

    def __init__(self, look: Look) -> None:
        super().__init__(look, padding=(1, 0, 1, 8))
        self._note = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._note)
        self._head = HeadRow(look)
        self._head_row = Row(look, 31, self.COLUMNS, line=False)
        self._head.setLayout(column(self._head_row, 1))
        self._rows = RowList()
        self._narrow = False
        self._shown: object = None
        self._last: tuple[Services, bool] | None = None
        for widget in (self._head, self._rows):
            self.body.addWidget(widget)
        self.body.addStretch(1)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        if self._last is not None:
            self.render(*self._last)

    def render(self, services: Services, usable: bool) -> None:
        look, say = self._look, self._look.say
        self._last = (services, usable)
        state = (services, usable, look.language, self._narrow)
        if state == self._shown:
            return
        self._shown = state
        self.name(say("proof.services"))
        self._note.say(say("proof.services_of", day=services.as_of.isoformat()))
        self._head_row.empty()
        for place, name in enumerate(("service", "asks_for", "outcome_word", "since")):
            text = Text(look, say(f"column.{name}"), Type.SMALL_STRONG, "muted")
            self._head_row.put(place, text)
        self._rows.empty()
        for service in services.services:
            self._rows.add(self._row(service, usable, last=service is services.services[-1]))

    def _row(self, service: Service, usable: bool, last: bool) -> Row:
        look, say = self._look, self._look.say
        glyph, word = self._outcome(service, usable)
        line = Row(look, 48 if self._narrow else 64, self.COLUMNS, line=not last)
        name = service.name.get(look.language, service.name["ko"])
        line.put(0, Text(look, name, Type.STRONG))
        asks = "·".join(say(f"claim.{claim}") for claim in service.claims)
        asks = asks or say("proof.asks_unknown")
        line.put(1, Text(look, asks, Type.SMALL, "muted"))
        outcome = holder(
            row(GlyphSign(look, glyph, 20, word), Text(look, word, Type.STRONG, glyph.token), gap=7)
        )
        outcome.layout().setStretch(1, 1)  # type: ignore[union-attr]
        outcome.setFixedSize(112, 24)
        line.put(2, outcome)
        since = say("proof.since", month=service.listed) if service.listed else say("proof.no_date")
        line.put(3, Text(look, since, Type.SMALL, "text" if service.listed else "muted"))
        line.setAccessibleName(", ".join((name, word, asks, since)))
        return line

    def _outcome(self, service: Service, usable: bool) -> tuple[Glyph, str]:
        say = self._look.say
        if service.state != "listed":
            return Glyph.NOT_DONE, say("service.planned")
        if not usable:
            return Glyph.WAITING, say("service.before")
        return Glyph.PASSED, say("service.listed")

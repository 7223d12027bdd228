"""The approver's page: differences first, each opened, then another person's card signs.

An item counts as opened once its evidence was on the screen at full height; how long it
stood there is counted by whoever runs the page (`evidence_is_whole`).

Signals: ``item_chosen(int)``, ``step_asked(int)``, ``approve_requested(bytearray, bool)``
(PIN, wiped by the receiver; whether the last try is meant), ``return_requested``,
``refuse_requested``, ``enlarge_requested``; besides those of every page.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.case import Case
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.approver_parts import (
    CleanCard,
    Evidence,
    EvidenceCard,
    ItemLine,
    ItemsCard,
)
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_parts import ApprovalCard, SigningView
from desk.ui.pages.review_words import AREA, CaseWords, Flagged
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.verdict import Verdict
from desk.ui.troubles import Spoken, TroubleWords


@dataclass(frozen=True)
class ApproverView:
    """``seconds`` says how long each item's evidence was on the screen; an item that is not
    in it was not opened. ``current`` is the item shown, ``left`` the seconds until the case
    returns to its officer. ``preparer`` and ``approver`` are names; ``sent_at`` is a time."""

    here: says.Here
    case: Case
    flagged: tuple[Flagged, ...]
    seconds: tuple[tuple[str, int], ...]
    current: int
    left: int
    preparer: str
    approver: str
    sent_at: str
    digest: str
    words: tuple[tuple[str, str], ...]
    covers: tuple[int, int, int] = (0, 0, 0)
    portrait: QImage | None = None
    taken: QImage | None = None
    card_present: bool = True
    tries: int | None = None
    on_pad: bool = False
    wrong: bool = False
    signing: bool = False
    trouble: Spoken | None = None


class ApproverPage(Page):
    """Verdict with the clock above; what must be opened left, the evidence right."""

    item_chosen = Signal(int)
    step_asked = Signal(int)
    approve_requested = Signal(object, bool)
    return_requested = Signal()
    refuse_requested = Signal()
    enlarge_requested = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self._say = OwnWords(look, AREA)
        self._lines = CaseWords(look, troubles)
        self._view: ApproverView | None = None
        self.verdict = Verdict(look)
        self.items = ItemsCard(look)
        self.items.chosen.connect(self.item_chosen)
        self.clean = CleanCard(look)
        self.clean.step_asked.connect(self.step_asked)
        self.approval = ApprovalCard(look, room=20)
        self.approval.pin.pin_given.connect(self._give)
        self.approval.pin.ready_changed.connect(lambda _ready: self._footer_now())
        self.evidence = EvidenceCard(look)
        self.evidence.moved.connect(self._move)
        self.evidence.enlarge.connect(self.enlarge_requested)
        self._left_column = column(self.items, self.clean, self.approval)
        self._left_column.setStretch(2, 1)
        self._left = holder(self._left_column)
        self._columns = row(self._left, self.evidence)
        self._columns.setStretch(1, 1)
        self.body.addWidget(self.verdict)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        for layout in (self._columns, self._left_column):
            layout.setSpacing(self.gap)
        tight = narrow or small
        width = 344 if narrow else 400
        self._left.setMinimumWidth(0 if small else width)
        self._left.setMaximumWidth(16777215 if small else width)
        self.approval.setMaximumWidth(16777215 if small else width)
        self.verdict.set_narrow(tight)
        self.clean.set_narrow(tight)
        self.approval.set_narrow(True)
        self.evidence.set_narrow(tight)

    def evidence_is_whole(self) -> bool:
        """The evidence of the current item is on the screen from its first line to its last."""
        matter = self.evidence.matter
        if self._view is None or not self._view.flagged or not matter.isVisible():
            return False
        seen = matter.visibleRegion().boundingRect()
        return bool(seen.height() >= matter.height() and seen.width() >= matter.width())

    def render(self, view: ApproverView) -> None:
        self._view = view
        say = self._say
        self._render_verdict(view)
        seconds = dict(view.seconds)
        flags = [self._lines.flag_line(view.case, item, {}) for item in view.flagged]
        lines = [ItemLine(flag, seconds.get(flag.key)) for flag in flags]
        self.items.render(lines, view.current)
        facts = self._lines.fact_lines(view.here, view.case, view.flagged)
        self.clean.render([line for line in facts if line.glyph is Glyph.PASSED])
        who = say("approver.who", preparer=view.preparer, approver=view.approver)
        self.approval.render(self._signing(view), who)
        self.evidence.render(
            Evidence(
                here=view.here,
                case=view.case,
                flag=flags[view.current] if flags else None,
                code=view.flagged[view.current].code if flags else "",
                place=view.current,
                count=len(flags),
                officer=view.preparer,
                portrait=view.portrait,
                taken=view.taken,
            )
        )
        self.keep_trouble(view.trouble)
        self._render_footer(view)
        sent = say("approver.sent", window=view.case.window, name=view.preparer, time=view.sent_at)
        self.say_head(say("approver.title"), sent)

    def _render_verdict(self, view: ApproverView) -> None:
        say, count = self._say, len(view.flagged)
        if count:
            title = say("approver.look_first", n=count)
            self.verdict.show_state(Glyph.ATTENTION, title, say("approver.open_every"))
        else:
            title = say("approver.nothing_first")
            self.verdict.show_state(Glyph.PASSED, title, say("approver.by_policy"))
        left = say("approver.left", left=f"{view.left // 60:02d}:{view.left % 60:02d}")
        self.verdict.show_clock(say("approver.waits_at", window=view.case.window), left)

    def _signing(self, view: ApproverView) -> SigningView:
        unopened = self._unopened(view)
        return SigningView(
            digest=view.digest,
            words=view.words,
            covers=view.covers,
            card_present=view.card_present,
            tries=view.tries,
            on_pad=view.on_pad,
            wrong=view.wrong,
            signing=view.signing,
            asks=True,
            say_words=self._say("approver.words"),
            why_not=self._say("approver.open_then_pin") if unopened else "",
        )

    def _unopened(self, view: ApproverView) -> int:
        return len({item.key for item in view.flagged} - {key for key, _ in view.seconds})

    # Footer

    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    def _render_footer(self, view: ApproverView) -> None:
        say, free = self._say, not view.signing
        self.footer.show_others(
            (
                Other("return", say("approver.return"), Kind.SECONDARY, "rotate-ccw", free),
                Other("refuse", say("approver.refuse"), Kind.DANGER_OUTLINE, enabled=free),
            )
        )
        may = self._may(view)
        word = self.look.say("review.signing") if view.signing else say("approver.approve")
        keys = ("Enter",) if may else ()
        self.footer.show_primary(Primary(word, may, self._why(view), keys, "id-card"))

    def _may(self, view: ApproverView) -> bool:
        return self.approval.pin.is_ready() and not view.signing and not self._unopened(view)

    def _why(self, view: ApproverView) -> str:
        say = self._say
        if view.signing:
            return self.look.say("review.signing_why")
        if unopened := self._unopened(view):
            return say("approver.unopened", n=unopened)
        if not view.card_present:
            return say("approver.card_first")
        ready = self.approval.pin.is_ready()
        return say("approver.then_officer") if ready else self.look.say("review.pin_first")

    def other_asked(self, key: str) -> None:
        if key == "return":
            self.return_requested.emit()
        elif key == "refuse":
            self.refuse_requested.emit()

    def _give(self) -> None:
        view = self._view
        if view is not None and self._may(view):
            self.approve_requested.emit(self.approval.pin.take(), view.tries == 1)

    def _move(self, by: int) -> None:
        if self._view is not None:
            self.item_chosen.emit(self._view.current + by)

    def primary_key(self) -> None:
        self._give()

    def enlarge(self) -> None:
        self.enlarge_requested.emit()

    def wipe(self) -> None:
        """Forget typed digits (lock, page left)."""
        self.approval.pin.wipe()

    def first_focus(self) -> QWidget | None:
        view = self._view
        if view is not None and self._unopened(view) and self.evidence.next.isEnabled():
            return self.evidence.next
        dots = self.approval.pin.dots
        return dots if dots.isEnabled() else None

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

"""Review: what needs eyes first, the facts in short, then one card signs one digest.

Where another person's card is to follow, the page says whose turn it is, and waits: the
approver comes to this desk (``approve_here``), or signs at another; ``call_back`` takes the
request back.

Signals: ``item_opened(str)`` (the evidence of a flagged item is on the screen),
``step_asked(int)`` (look back at a step), ``approve_requested(bytearray, bool)`` (PIN as
ASCII, wiped by the receiver; whether the last try is meant), ``refuse_requested``,
``go_on``; besides ``back``, ``stop_case``, ``remedy(str)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.issuance.case import Case
from desk.ui import says
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_parts import (
    ApprovalCard,
    ContentCard,
    FactsCard,
    FlaggedCard,
    SigningView,
    Slot,
    SlotsCard,
)
from desk.ui.pages.review_words import AREA, CaseWords, Flagged
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.button import Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.verdict import Remedy
from desk.ui.troubles import Spoken, TroubleWords


@dataclass(frozen=True)
class ReviewView:
    """``digest`` is the case's in hex, ``words`` its four check words (Korean, English).

    ``opened_at`` gives the time of opening by item key, as words. ``covers`` counts facts,
    results and reasons under the digest. ``signing``: the card is at work. ``slots`` say whose
    cards sign, empty where one is enough; ``waiting``: the second is still to come.
    """

    here: says.Here
    case: Case
    flagged: Sequence[Flagged] = ()
    opened_at: tuple[tuple[str, str], ...] = ()
    picture: QImage | None = None
    digest: str = ""
    words: tuple[tuple[str, str], ...] = ()
    covers: tuple[int, int, int] = (0, 0, 0)
    card_present: bool = True
    tries: int | None = None
    on_pad: bool = False
    wrong: bool = False
    signing: bool = False
    can_refuse: bool = True
    slots: tuple[Slot, ...] = ()
    waiting: bool = False
    trouble: Spoken | None = None
    remedies: tuple[Remedy, ...] = ()
    read_only: bool = False


class ReviewPage(Page):
    """Flagged items and facts left; what the credential will say, and the card, right."""

    item_opened = Signal(str)
    step_asked = Signal(int)
    approve_requested = Signal(object, bool)
    refuse_requested = Signal()
    approve_here = Signal()
    call_back = Signal()
    go_on = Signal()

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self.words = CaseWords(look, troubles)
        self._view: ReviewView | None = None
        self.flagged = FlaggedCard(look)
        self.flagged.opened.connect(self.item_opened)
        self.facts = FactsCard(look)
        self.facts.step_asked.connect(self.step_asked)
        self.content_card = ContentCard(look)
        self.approval = ApprovalCard(look)
        self.approval.pin.pin_given.connect(self._give)
        self.approval.pin.ready_changed.connect(lambda _ready: self._footer_now())
        self.slots = SlotsCard(look)
        self._say = OwnWords(look, AREA)
        self._left_column = column(self.flagged, self.facts, self.slots)
        self._left_column.setStretch(1, 1)
        self._right_column = column(self.content_card, self.approval)
        self._right_column.setStretch(1, 1)
        self._left, self._right = holder(self._left_column), holder(self._right_column)
        self._columns = row(self._left, self._right)
        self._columns.setStretch(0, 1)
        self.body.addLayout(self._columns, 1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        for layout in (self._columns, self._left_column, self._right_column):
            layout.setSpacing(self.gap)
        width = 352 if narrow else 400
        self._right.setMinimumWidth(0 if small else width)
        self._right.setMaximumWidth(16777215 if small else width)
        self.facts.set_narrow(narrow or small)
        self.content_card.set_narrow(narrow or small)
        self.approval.set_narrow(narrow or small)

    def render(self, view: ReviewView) -> None:
        self._view = view
        say = self.look.say
        opened = dict(view.opened_at)
        lines = [self.words.flag_line(view.case, item, opened) for item in view.flagged]
        self.flagged.render(lines)
        self.facts.render(self.words.fact_lines(view.here, view.case, view.flagged))
        self.content_card.render(view.here, view.case, view.picture)
        self.slots.render(view.slots)
        shown(self.slots, bool(view.slots))
        self.approval.render(self._signing(view))
        self.show_trouble(view.trouble, view.remedies)
        self._render_footer(view)
        words = self._say("slots.waiting") if view.waiting else say("review.open_then_approve")
        self.say_head(say("step.review"), words)

    def _signing(self, view: ReviewView) -> SigningView:
        return SigningView(
            digest=view.digest,
            words=view.words,
            covers=view.covers,
            card_present=view.card_present,
            tries=view.tries,
            on_pad=view.on_pad,
            wrong=view.wrong,
            signing=view.signing,
            asks=not view.read_only and not view.waiting,
            say_words=self.look.say("review.words"),
        )

    # Trouble and footer
    def _footer_now(self) -> None:
        if self._view is not None:
            self._render_footer(self._view)

    def _unopened(self, view: ReviewView) -> int:
        times = dict(view.opened_at)
        keys = {item.key for item in view.flagged}
        return len(keys - set(times) - set(view.case.opened_items))

    def _render_footer(self, view: ReviewView) -> None:
        say = self.look.say
        if view.waiting:
            self._render_waiting()
            return
        if view.read_only:
            self.footer.show_others(())
            self.footer.show_primary(Primary(say("footer.to_current"), keys=("Ctrl+Enter",)))
            return
        refuse = Other(
            "refuse", say("review.refuse"), Kind.DANGER_OUTLINE, enabled=not view.signing
        )
        others = (*self.leave_out(), refuse) if view.can_refuse else self.leave_out()
        self.footer.show_others(others)
        unopened = self._unopened(view)
        word = say("review.signing" if view.signing else "review.approve")
        may = self.approval.pin.is_ready() and not view.signing and not unopened
        self.footer.show_primary(
            Primary(word, may, self._why(view, unopened), ("Enter",) if may else (), "id-card")
        )

    def _render_waiting(self) -> None:
        say = self._say
        call_back = Other("call_back", say("slots.call_back"), Kind.SECONDARY, "rotate-ccw")
        self.footer.show_others((*self.leave_out(), call_back))
        word, why = say("slots.approve_here"), say("slots.approve_here_why")
        self.footer.show_primary(Primary(word, True, why, ("Ctrl+Enter",), "id-card"))

    def _why(self, view: ReviewView, unopened: int) -> str:
        say = self.look.say
        if view.signing:
            return say("review.signing_why")
        if unopened:
            return say("review.unopened", n=unopened)
        if not view.card_present:
            return say("review.card_first")
        if not self.approval.pin.is_ready():
            return say("review.pin_first")
        return self._say("slots.then_approver") if view.slots else say("review.then_phone")

    def other_asked(self, key: str) -> None:
        if key == "refuse":
            self.refuse_requested.emit()
        elif key == "call_back":
            self.call_back.emit()

    def _give(self) -> None:
        view = self._view
        asked = view is not None and not view.read_only and not view.waiting
        ready = asked and self.approval.pin.is_ready()
        if view is not None and ready and not view.signing and not self._unopened(view):
            self.approve_requested.emit(self.approval.pin.take(), view.tries == 1)

    def primary_key(self) -> None:
        if self._view is not None and self._view.waiting:
            self.approve_here.emit()
        elif self._view is not None and self._view.read_only:
            self.go_on.emit()
        else:
            self._give()

    def wipe(self) -> None:
        """Forget typed digits (lock, page left)."""
        self.approval.pin.wipe()

    def first_focus(self) -> QWidget | None:
        if self.flagged.first_unopened is not None:
            return self.flagged.first_unopened
        dots = self.approval.pin.dots
        return dots if dots.isEnabled() else self.footer.primary

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

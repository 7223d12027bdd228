"""After-care: the loss call above, what the person holds left, what may be done right.

Signals: ``find_asked(str, date)``, ``call_begun`` (the first key of a call), ``chosen(str)``
(a case number among several), ``deed_asked(str)``, ``undo_asked``, ``history_asked``,
``changes_asked``, ``look_again`` (F5), ``left`` (Esc, or back to the case that was open when
the call came).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from desk.counter.holdings import Deed, Holding, Standing
from desk.issuance.case import State
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.aftercare_parts import (
    GLYPHS,
    CallCard,
    DeedsCard,
    FoundCard,
    HoldingCard,
    NobodyCard,
    NoticeBar,
    title_key,
)
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.parts.verdict import GUARD_MS, Verdict
from desk.ui.troubles import Spoken

AREA = "aftercare"


@dataclass(frozen=True)
class AftercareView:
    """``found`` is None until something was searched; ``holding`` is the one that is shown.
    ``call_seconds`` since the first key of a call, None before. ``offered`` are the deeds that
    have a way at this desk. ``must_change``: how many credentials the register's changes
    concern, None where nobody counts them. ``back_to``: the case the call interrupted."""

    here: says.Here
    found: tuple[Holding, ...] | None = None
    holding: Holding | None = None
    searching: bool = False
    busy: bool = False
    call_seconds: int | None = None
    offered: frozenset[Deed] = frozenset()
    undo_seconds: int = 0
    must_change: int | None = None
    has_history: bool = False
    back_to: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    trouble: Spoken | None = None


class AftercarePage(Page):
    """Holding left; call, verdict and deeds right."""

    find_asked = Signal(str, object)
    call_begun = Signal()
    chosen = Signal(str)
    deed_asked = Signal(str)
    undo_asked = Signal()
    history_asked = Signal()
    changes_asked = Signal()
    look_again = Signal()
    left = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self._view: AftercareView | None = None
        self.call = CallCard(look, self.say)
        self.holding = HoldingCard(look, self.say)
        self.deeds = DeedsCard(look, self.say)
        self.found = FoundCard(look, self.say)
        self.nobody = NobodyCard(look, self.say)
        self.verdict = Verdict(look)
        self.suspend = Button(look, "", Kind.PRIMARY, height=48, icon="circle-pause").at_least(200)
        self.undo = Button(look, "", Kind.SECONDARY, height=40, icon="rotate-ccw")
        self.verdict.show_right(self.undo, self.suspend)
        self._offer = QTimer(self, singleShot=True, interval=GUARD_MS)
        self._offer.timeout.connect(self._give_focus)
        self.notice = NoticeBar(look, self.say)
        cards = (self.call, self.verdict, self.notice, self.found, self.nobody, self.deeds)
        self._right = column(*cards, None, gap=16)
        # What stands below the verdict takes the room; before anything was searched, nobody.
        for tall in (self.found, self.nobody, self.deeds):
            self._right.setStretch(self._right.indexOf(tall), 100)
        for low in (self.call, self.verdict, self.notice):
            low.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._right_box = holder(self._right)
        self._columns = row(self.holding, self._right_box, gap=16)
        self._columns.setStretch(1, 1)
        self.body.addLayout(self._columns, 1)
        self._connect()
        self.set_size(False, False)

    def _connect(self) -> None:
        self.call.asked.connect(self.find_asked)
        self.call.begun.connect(self.call_begun)
        self.found.chosen.connect(self.chosen)
        self.deeds.asked.connect(self.deed_asked)
        self.suspend.clicked.connect(lambda: self.deed_asked.emit(Deed.SUSPEND.value))
        self.undo.clicked.connect(self.undo_asked)
        # The footer leads on; the page's main act stands in the verdict, beside whom it is of.
        self.footer.primary_pressed.disconnect(self.primary_key)
        self.footer.primary_pressed.connect(self.changes_asked)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        # In a small window the call comes first: somebody waits on the line.
        down, across = QBoxLayout.Direction.BottomToTop, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._right.setSpacing(self.gap)
        width = 340 if narrow else 400
        self.holding.setMinimumWidth(0 if small else width)
        self.holding.setMaximumWidth(16777215 if small else width)
        self.holding.setMinimumHeight(480 if small else 0)
        self.found.setMinimumHeight(240 if small else 0)
        self.verdict.set_narrow(narrow or small)
        self.notice.set_narrow(narrow or small)

    def render(self, view: AftercareView) -> None:
        fresh = self._view is None or _first_hit(view) != _first_hit(self._view)
        self._view = view
        here, one = view.here, view.holding
        self.call.render(view.call_seconds, *self._told(view))
        self.holding.render(one, here, view.names)
        self._show_verdict(view)
        several = one is None and view.found is not None and len(view.found) > 1
        shown(self.found, several)
        shown(self.nobody, view.found == ())
        shown(self.deeds, one is not None)
        if several:
            self.found.render(view.found or (), here)
        self.nobody.render()
        shown(self.notice, one is not None and bool(one.notices))
        if one is not None and one.notices:
            self.notice.render(one)
        if one is not None:
            busy = view.busy or view.searching
            self.deeds.render(one, view.offered, here, view.names, busy=busy)
        self.keep_trouble(view.trouble)
        self._show_footer(view)
        lead = self.say("lead_call", case=view.back_to) if view.back_to else self.say("lead")
        self.say_head(self.say("title"), lead)
        if fresh:
            self._go_on(view)

    def _told(self, view: AftercareView) -> tuple[Glyph, str]:
        say, found = self.say, view.found
        if view.searching:
            return Glyph.BUSY, say("call.searching")
        if found is None:
            return Glyph.WAITING, say("call.ask")
        if not found:
            return Glyph.ATTENTION, say("call.found_none")
        if len(found) == 1:
            return Glyph.PASSED, say("call.found_one", n=1)
        return Glyph.PASSED, say("call.found_several", n=len(found))

    def _show_verdict(self, view: AftercareView) -> None:
        say, one = self.say, view.holding
        shown(self.verdict, one is not None or view.found is not None)
        shown(self.suspend, one is not None and one.may(Deed.SUSPEND))
        shown(self.undo, view.undo_seconds > 0)
        self.suspend.say(say("act.suspend"))
        self.suspend.setEnabled(not (view.busy or view.searching))
        self.undo.say(say("act.undo"))
        self.undo.setEnabled(not view.busy)
        if one is not None:
            glyph = GLYPHS[one.standing] if one.published else Glyph.ATTENTION
            self.verdict.show_state(glyph, say(title_key(one)), self._sentence(view, one))
        elif view.found:
            title, text = say("verdict.several"), say("verdict.several_text")
            self.verdict.show_state(Glyph.NOTE, title, text)
        else:
            title, text = say("verdict.none"), say("verdict.none_text")
            self.verdict.show_state(Glyph.ATTENTION, title, text)

    def _sentence(self, view: AftercareView, one: Holding) -> str:
        say = self.say
        due = f"verdict.{one.standing.value}_due"
        if not one.published and due in say:
            return say("verdict.moved") if one.moved else say(due)
        if view.undo_seconds > 0:
            return say("verdict.undo", n=view.undo_seconds)
        day = one.valid_until.isoformat() if one.valid_until else say("card.unknown")
        if one.standing is Standing.USABLE:
            shown_since = any(moment.kind == "CARE.RESUMED" for moment in one.moments)
            unproven = one.state is State.ACTIVATED and not shown_since
            key = "activated" if unproven else "usable"
            return say(f"verdict.{key}", day=day)
        if one.standing is Standing.SUSPENDED:
            at = max(credential.changed_at for credential in one.credentials)
            return say("verdict.suspended", time=says.day_and_clock(at, view.here))
        if one.standing is Standing.UNPROVEN and one.reported:
            return say("verdict.reported")
        if one.standing is Standing.REVOKED and one.replaced_by is not None:
            return say("verdict.replaced", case=one.replaced_by)
        return say(f"verdict.{one.standing.value}", case=one.number)

    def _show_footer(self, view: AftercareView) -> None:
        say = self.say
        back = Other("case", say("act.back_to_case", case=view.back_to), icon="chevron-left")
        history = Other("history", say("act.history"), icon="folder-search")
        others = ((back,) if view.back_to else ()) + ((history,) if view.has_history else ())
        self.footer.show_others(others)
        counted = view.must_change is not None
        why = say("act.must_change", n=view.must_change) if counted else ""
        changes = Primary(say("act.changes"), True, why, icon="list-checks", kind=Kind.SECONDARY)
        self.footer.show_primary(changes)
        shown(self.footer.primary, counted)

    def _go_on(self, view: AftercareView) -> None:
        """One was found: the next key may act. Never while somebody is typing a name."""
        if self.call.name_field.hasFocus() or not self.isVisible():
            return
        if view.holding is not None and self.suspend.isVisible():
            self.suspend.setFocus(Qt.FocusReason.TabFocusReason)
        elif view.found is not None and len(view.found) > 1 and view.holding is None:
            self.found.rows.choose(0, focus=True)

    def rest_focus(self) -> None:
        """An act is under way, and its button rests: the next key is no neighbour's, which
        might lead away from the page."""
        self._offer.stop()
        if not self._is_typed_into():
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def offer_focus(self) -> None:
        """The act is done: in a moment, for whoever pressed twice, a key takes it back where that
        is possible still."""
        self._offer.start()

    def _give_focus(self) -> None:
        act = next((one for one in (self.undo, self.suspend) if one.isVisible()), None)
        if act is not None and not self._is_typed_into():
            act.setFocus(Qt.FocusReason.TabFocusReason)

    def _is_typed_into(self) -> bool:
        """Somebody types whom the next call is about."""
        focused = self.window().focusWidget()
        return focused is not None and self.call.isAncestorOf(focused)

    def first_focus(self) -> QWidget | None:
        return self.call.name_field

    def other_asked(self, key: str) -> None:
        if key == "case":
            self.left.emit()
        elif key == "history":
            self.history_asked.emit()

    def primary_key(self) -> None:
        """Ctrl+Enter: suspend who is found."""
        if self.suspend.isVisible() and self.suspend.isEnabled():
            self.deed_asked.emit(Deed.SUSPEND.value)

    def search(self) -> None:
        """Ctrl+F: back to the name."""
        self.call.name_field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.call.name_field.selectAll()

    def refresh(self) -> None:
        """F5: what is shown, as it stands now."""
        self.look_again.emit()

    def escape(self) -> None:
        self.left.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


def _first_hit(view: AftercareView) -> tuple[str, ...]:
    if view.holding is not None:
        return (view.holding.number,)
    return tuple(one.number for one in view.found or ())

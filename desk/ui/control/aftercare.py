"""Joins after-care with the records: the loss call, what a person holds, and the acts on it.

A call may come while a case is open: the case waits behind the page, and F7 or Esc leads back
to it. What is resumed or reissued, and what the register's changes concern, is shown by those
who do it: they give this control a way (``ways``, ``show_changes``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from desk.counter import aftercare, holdings
from desk.counter.holdings import Deed, Holding
from desk.issuance.aftercare import CareAct, Channel, StandsOtherwise, SuspendReason
from desk.issuance.case import Case
from desk.store.care import KeptAct
from desk.store.holders import Person
from desk.trouble import Trouble
from desk.ui.aftercare_dialogs import SuspendDialog
from desk.ui.control.aftercare_cards import TwoCardsAct
from desk.ui.control.desk import Desk
from desk.ui.control.session import Session
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.aftercare import AftercarePage, AftercareView
from desk.ui.pages.aftercare_parts import TWO_CARDS

PUBLISH_AGAIN = 5
"""Seconds after which a list that did not go out is tried again."""


class AftercareControl(QObject):
    """``ways``: what opens a deed that is a case of its own. ``show_changes`` opens the list of
    what must change, ``count_changes`` counts it; None where there is none. Signals:
    ``changed(Holding)`` after an act, ``case_moved(Case)`` where it was the open case's."""

    changed = Signal(object)
    case_moved = Signal(object)

    def __init__(self, desk: Desk, session: Session, page: AftercarePage) -> None:
        super().__init__(desk)
        self._desk, self._page = desk, page
        self.ways: dict[Deed, Callable[[Holding], None]] = {}
        self.show_changes: Callable[[], None] | None = None
        self.count_changes: Callable[[], int] | None = None
        self.two_cards = TwoCardsAct(desk, session)
        self.dialog: SuspendDialog | None = None
        self._back: tuple[str, Step] | None = None
        self._turn = 0
        self._found: tuple[Holding, ...] | None = None
        self._holding: Holding | None = None
        self._searching = self._busy = False
        self._trouble: Trouble | None = None
        self._begun: datetime | None = None
        self._ended: datetime | None = None
        self._due = self._publishing = False
        self._ticks = 0
        page.find_asked.connect(self._find)
        page.call_begun.connect(self._call_begun)
        page.chosen.connect(self._choose)
        page.deed_asked.connect(lambda key: self._ask(Deed(key)))
        page.undo_asked.connect(self._undo)
        page.history_asked.connect(lambda: desk.navigation.enter(Place.HISTORY))
        page.changes_asked.connect(self._to_changes)
        page.look_again.connect(self.look_again)
        page.left.connect(self.leave)
        self.two_cards.done.connect(self._agreed)
        self.two_cards.closed.connect(self._look_again)
        session.closed.connect(self._covered)
        desk.ticked.connect(self._tick)
        desk.look.retranslated.connect(self.render)

    # Coming and going

    def enter(self) -> None:
        """The page as one of the rail's places: a new search. Whoever unlocks the desk finds
        what was there."""
        stands = self._desk.place is Place.AFTERCARE and self._back is None
        self._back = None
        if not stands:
            self._forget()
        self._desk.show_place(Place.AFTERCARE, self._page)
        self.render()
        self._look_again()

    def call(self) -> None:
        """F7: a loss call. The open case waits behind it; F7 again leads back."""
        desk = self._desk
        if not desk.is_open or not desk.navigation.leads_to(Place.AFTERCARE, desk.officer):
            return
        if desk.place is Place.AFTERCARE and desk.shell.page is self._page:
            self.leave() if self._back is not None else self._new_call()
            return
        if desk.case is None or desk.step is None:
            self.enter()
            return
        self._back = (desk.case.number, desk.step)
        self._forget()
        desk.show_beside(Place.AFTERCARE, self._page)
        self.render()

    def show_holding(self, number: str, person: Person | None = None) -> None:
        """Open what the case ``number`` gave, for whoever came from a list."""
        self.enter()
        self._forget()
        desk, officer, turn = self._desk, self._desk.officer, self._turn

        def done(holding: Holding) -> None:
            if turn != self._turn:
                # A call has come in between: what is being typed is not written over.
                return
            self._found, self._holding = (holding,), holding
            if holding.person is not None:
                name = holding.person.hangul or holding.person.latin
                self._page.call.show_person(name, holding.person.birth_date)
            self.render()

        desk.work(
            Lane.RECORDS,
            lambda: holdings.holding(desk.station, officer, number, person),
            done,
            lambda trouble: self._failed(trouble) if turn == self._turn else None,
        )

    def holds(self, step: Step) -> bool:
        """Whether a call keeps the window from going on to ``step``; it goes there afterwards."""
        if self._back is None or self._desk.place is not Place.AFTERCARE:
            return False
        self._back = (self._back[0], step)
        return True

    def let_go(self) -> None:
        """Another case is opened from here: the one that the call interrupted stays as it is,
        on the board."""
        self._back = None

    def leave(self) -> None:
        """Back to the case that the call interrupted, as it stands by now."""
        if self._back is None:
            return
        number, step = self._back
        desk, station = self._desk, self._desk.station

        def done(case: Case) -> None:
            if self._back is not None and desk.place is Place.AFTERCARE:
                self._back = None
                desk.set_case(case)
                desk.go_to.emit(step if case.state.is_open else desk.current())

        desk.work(Lane.RECORDS, lambda: station.load(number), done, self._failed)

    def _new_call(self) -> None:
        self._forget()
        self.render()
        self._page.call.name_field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _forget(self) -> None:
        self._turn += 1
        self._found, self._holding, self._trouble = None, None, None
        self._searching = self._busy = False
        self._begun = self._ended = None
        self._page.call.forget()
        self._page.begin_anew()

    def _covered(self) -> None:
        """The desk was locked: no name stays on the page."""
        if self.dialog is not None:
            self.dialog.reject()

    # Searching

    def _call_begun(self) -> None:
        """A key in the fields of the call. Whoever was found by other words goes: what may be
        suspended by the next press is never somebody else's than who is being asked for."""
        fresh = self._begun is None or self._ended is not None
        if fresh:
            self._begun, self._ended = self._desk.station.now(), None
        if self._found is not None and self._page.call.is_another:
            self._turn += 1
            self._found = self._holding = None
            self._searching = False
            self._page.call.let_go()
            fresh = True
        if fresh:
            self.render()

    def _find(self, name: str, born: date) -> None:
        desk, officer = self._desk, self._desk.officer
        self._turn += 1
        turn = self._turn
        self._searching, self._trouble = True, None
        self._page.begin_anew()
        self.render()

        def done(found: tuple[Holding, ...]) -> None:
            if turn == self._turn:
                self._searching = False
                self._found = found
                self._holding = found[0] if len(found) == 1 else None
                self.render()

        def failed(trouble: Trouble) -> None:
            if turn == self._turn:
                self._found = self._holding = None
                self._failed(trouble)

        desk.work(
            Lane.RECORDS,
            lambda: holdings.find(desk.station, officer, name, born),
            done,
            failed,
        )

    def activate(self, number: str) -> None:
        """From the hand-over page of a case whose phone could not present what it has."""
        desk, officer = self._desk, self._desk.officer

        def done(holding: Holding) -> None:
            window = desk.shell.window()
            if not holding.may(Deed.ACTIVATE):
                desk.show_trouble(StandsOtherwise(case=number, state=holding.standing.value))
            elif desk.is_open and desk.case is not None and desk.case.number == number:
                self._holding = holding
                self._ask_two_cards(window, holding, CareAct.ACTIVATE)

        desk.work(Lane.RECORDS, lambda: holdings.read(desk.station, officer, number), done)

    def _choose(self, number: str) -> None:
        self._holding = next((one for one in self._found or () if one.number == number), None)
        self.render()

    # Acts

    def _ask(self, deed: Deed) -> None:
        one = self._holding
        if one is None or self._busy or self._searching or not one.may(deed):
            return
        self._trouble = None
        self._page.begin_anew()
        if deed is Deed.SUSPEND:
            self._ask_suspension(one)
        elif deed in TWO_CARDS:
            self._ask_two_cards(self._page.window(), one, TWO_CARDS[deed])
        elif deed in self.ways:
            self.ways[deed](one)

    def _ask_two_cards(self, parent: QWidget, one: Holding, act: CareAct) -> None:
        self.two_cards.open(parent, one.whose, act, one.asked)

    def _ask_suspension(self, one: Holding) -> None:
        dialog = SuspendDialog(
            self._desk.look, self._page.window(), one, on_call=self._begun is not None
        )
        self.dialog = dialog
        dialog.finished.connect(lambda result: self._suspension_decided(one, bool(result)))
        dialog.open()

    def _suspension_decided(self, one: Holding, agreed: bool) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        dialog.deleteLater()
        if agreed and self._desk.is_open:
            self._suspend(one.number, *dialog.answer())

    def _suspend(self, number: str, reason: SuspendReason, channel: Channel) -> None:
        station, officer = self._desk.station, self._desk.officer
        self._act(
            lambda: aftercare.suspend(station, officer, number, reason, channel, publish=False)
        )

    def _undo(self) -> None:
        one = self._holding
        station, officer = self._desk.station, self._desk.officer
        if one is not None:
            self._act(lambda: aftercare.undo(station, officer, one.number, publish=False))

    def _act(self, job: Callable[[], Holding]) -> None:
        """The records at once; the published list right after, and again until it is out."""
        self._busy, self._trouble = True, None
        self._page.begin_anew()
        self._page.rest_focus()
        self.render()

        def done(holding: Holding) -> None:
            self._busy = False
            if self._ended is None and self._begun is not None:
                self._ended = self._desk.station.now()
            self._take(holding)
            self._page.offer_focus()
            self._publish()

        def failed(trouble: Trouble) -> None:
            self._failed(trouble)
            self._page.offer_focus()

        self._desk.work(Lane.RECORDS, job, done, failed)

    def _take(self, holding: Holding) -> None:
        """What was shown, as it stands now."""
        before = self._holding
        if before is not None and before.number == holding.number:
            self._holding = holding
        if self._found is not None:
            # A page where nobody was looked for yet does not say that nobody was found.
            known = self._found
            self._found = tuple(holding if one.number == holding.number else one for one in known)
        self.changed.emit(holding)
        self.render()

    def _agreed(self, kept: KeptAct) -> None:
        if kept.statement.act is CareAct.SET_ASIDE:
            return
        self._publish()
        number = kept.statement.case_number
        desk, station = self._desk, self._desk.station
        if desk.case is not None and desk.case.number == number:
            desk.work(Lane.RECORDS, lambda: station.load(number), self._moved)

    def _moved(self, case: Case) -> None:
        """Also behind a call: the applicant still stands before what was shown of it."""
        if self._desk.takes_over(case):
            self.case_moved.emit(case)

    def look_again(self) -> None:
        """Another desk of the post may have done something to what stands here."""
        if self._desk.is_open and self._desk.place is Place.AFTERCARE and not self._busy:
            self._look_again()

    def _look_again(self) -> None:
        """The same holding once more; nobody new looks."""
        one = self._holding
        desk = self._desk
        if one is None or desk.sign_in is None:
            return
        officer = desk.officer
        desk.work(
            Lane.RECORDS,
            lambda: holdings.read(desk.station, officer, one.number, one.person),
            self._take,
        )

    def _failed(self, trouble: Trouble) -> None:
        self._busy = self._searching = False
        self._trouble = trouble
        self.render()
        self._look_again()

    # The published list

    def _publish(self) -> None:
        if self._publishing:
            self._due = True
            return
        station = self._desk.station
        self._due, self._publishing = False, True
        self._desk.work(
            Lane.SERVICE, lambda: aftercare.publish_due(station), self._published, self._kept_back
        )

    def _published(self, is_out: bool) -> None:
        self._publishing = False
        self._due = self._due or not is_out
        self._look_again()

    def _kept_back(self, _trouble: Trouble) -> None:
        self._published(False)

    def _tick(self) -> None:
        self._ticks += 1
        if self._due and not self._publishing and self._ticks % PUBLISH_AGAIN == 0:
            self._publish()
        self.render()

    # What must change

    def _to_changes(self) -> None:
        if self.show_changes is not None:
            self.show_changes()

    # Showing

    def render(self) -> None:
        desk, one = self._desk, self._holding
        if desk.place is not Place.AFTERCARE or desk.sign_in is None:
            return
        self._page.render(
            AftercareView(
                here=desk.here(),
                found=self._found,
                holding=one,
                searching=self._searching,
                busy=self._busy,
                call_seconds=self._call_seconds(),
                offered=frozenset({Deed.SUSPEND, Deed.ACTIVATE, Deed.REVOKE, *self.ways}),
                undo_seconds=self._undo_seconds(),
                must_change=self.count_changes() if self.count_changes else None,
                has_history=desk.navigation.leads_to(Place.HISTORY, desk.officer),
                back_to=self._back[0] if self._back else "",
                names=desk.officer_names(),
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

    def _call_seconds(self) -> int | None:
        if self._begun is None:
            return None
        until = self._ended or self._desk.station.now()
        return max(0, int((until - self._begun).total_seconds()))

    def _undo_seconds(self) -> int:
        one = self._holding
        if one is None or one.undo_until is None or not one.may(Deed.UNDO):
            return 0
        left = (one.undo_until - self._desk.station.now()).total_seconds()
        return max(0, int(left))

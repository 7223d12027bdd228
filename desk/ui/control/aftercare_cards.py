"""Two persons' cards under one act on a credential: the dialog, and the reader lent in between.

The signed-in officer's card signs first, unless somebody else's has done so already. Then the
reader is lent: another person's card takes its place and signs the same statement, here or at
another desk. Whoever gives it up takes back what was asked for; a desk that locks does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desk.cards.piv import Pin, wipe
from desk.cards.troubles import NoCard, NoReader
from desk.counter import aftercare, card_facts
from desk.counter.card_facts import CardFacts
from desk.counter.holdings import Whose
from desk.counter.officers import Officer
from desk.issuance.aftercare import CareAct, Statement, StatementOver
from desk.issuance.case import Approval
from desk.issuance.digest import check_words
from desk.store.care import CareState, KeptAct
from desk.trouble import Trouble
from desk.ui.aftercare_dialogs import Signer, TwoCardsActDialog, TwoCardsView
from desk.ui.control.desk import Desk
from desk.ui.control.session import Session
from desk.ui.lanes import Lane

ASK_AGAIN = 3
"""Seconds after which the records are asked whether another desk's card has signed."""


class TwoCardsAct(QObject):
    """``done(KeptAct)``: both have signed and it is done; ``closed``: the dialog is gone."""

    done = Signal(object)
    closed = Signal()

    def __init__(self, desk: Desk, session: Session) -> None:
        super().__init__(desk)
        self._desk, self._session = desk, session
        self.dialog: TwoCardsActDialog | None = None
        self._number = ""
        self._act = CareAct.REVOKE
        self._statement: Statement | None = None
        self._first: Approval | None = None
        self._second: CardFacts | None = None
        self._barred: Trouble | None = None
        self._busy = self._lent = False
        self._trouble: Trouble | None = None
        self._reads = self._ticks = 0
        desk.card_changed.connect(self._card_changed)
        desk.ticked.connect(self._tick)

    def open(
        self,
        parent: QWidget,
        whose: Whose,
        act: CareAct,
        asked: KeptAct | None = None,
        reasons: Sequence[str] = (),
    ) -> None:
        """Ask for what is missing: both cards, or the second one alone where ``asked`` has the
        first. ``reasons`` are those that may be given here, none for all of the act's. Nothing
        where it asks already: it was pressed once more before the records had answered."""
        if self.dialog is not None:
            return
        self._number, self._act = whose.number, act
        self._statement = self._first = self._second = self._trouble = self._barred = None
        self._busy = self._lent = False
        dialog = TwoCardsActDialog(self._desk.look, parent, whose, act, reasons)
        if asked is not None and asked.statement.act is act:
            self._statement, self._first = asked.statement, asked.approvals[0]
            dialog.show_given(asked.statement.reason, asked.statement.basis)
        dialog.sign_asked.connect(self._sign)
        dialog.finished.connect(self._finished)
        self.dialog = dialog
        self._begin_turn()
        dialog.open()

    # Whose turn it is

    @property
    def _turn(self) -> int:
        return 0 if self._first is None else 1

    def _begin_turn(self) -> None:
        """The second card takes the place of the first one's, where that is this officer's."""
        if self._first is not None and self._is_first(self._desk.officer) and not self._lent:
            self._lent = True
            self._session.lend()
        self.render()
        self._look()

    def _is_first(self, officer: Officer) -> bool:
        first = self._first
        return first is not None and officer.officer_id == first.officer

    def _look(self) -> None:
        """Whose card is in the reader now; asked only for the second signature."""
        if self._turn == 0 or self._busy or self.dialog is None:
            return
        self._reads += 1
        turn, station, statement = self._reads, self._desk.station, self._statement
        over = StatementOver(case=self._number)

        def job() -> tuple[CardFacts, Trouble | None]:
            facts = card_facts.look(station, knock=False)
            if facts.officer is None or facts.refused is not None:
                return facts, facts.refused
            if statement is None:
                return facts, over
            return facts, aftercare.why_not_next(station, facts.officer, statement)

        self._desk.work(
            Lane.CARD,
            job,
            lambda found: self._seen(turn, found[0], found[1], None),
            lambda trouble: self._seen(turn, None, None, trouble),
        )

    def _seen(
        self,
        turn: int,
        facts: CardFacts | None,
        barred: Trouble | None,
        trouble: Trouble | None,
    ) -> None:
        if turn != self._reads or self.dialog is None or self._busy:
            return
        before = self._second.card if self._second else ""
        self._second, self._barred = facts, barred
        if trouble is not None and not isinstance(trouble, NoCard | NoReader):
            self._trouble = trouble
        elif (facts.card if facts else "") != before:
            # What was said of another card, or typed for it, goes with it.
            # The first one's own card is no trouble: it waits to be taken out.
            is_other = facts is not None and not self._is_firsts(facts)
            self._trouble = barred if is_other else None
            self.dialog.pin.wipe()
        self.render()

    def _card_changed(self) -> None:
        if self.dialog is not None:
            self.render()
            self._look()

    def _signer(self) -> Officer | None:
        """Whose card would sign next; None where none is there that may."""
        if self._turn == 0:
            return self._desk.officer if self._desk.card_present else None
        second = self._second
        return second.officer if second is not None and self._barred is None else None

    def _is_firsts(self, facts: CardFacts) -> bool:
        return facts.officer is not None and self._is_first(facts.officer)

    def _why(self) -> str:
        if self._turn == 0:
            return "why_first"
        second = self._second
        if second is None or self._is_firsts(second):
            return "why_second"
        return "why_unknown" if second.officer is None else "why_barred"

    # Signing

    def _sign(self, pin: Pin, last_try: bool) -> None:
        signer, dialog = self._signer(), self.dialog
        if dialog is None or signer is None or self._busy:
            wipe(pin)
            return
        self._busy, self._trouble = True, None
        station, number, act = self._desk.station, self._number, self._act
        reason, basis = dialog.given
        known = self._statement
        self.render()

        def job() -> KeptAct:
            try:
                said = known or aftercare.draw_up(station, signer, number, act, reason, basis)
                return aftercare.sign(station, signer, said, pin, last_try, publish=False)
            finally:
                wipe(pin)

        self._desk.work(
            Lane.CARD,
            job,
            lambda kept: self._signed(dialog, kept),
            lambda trouble: self._refused(trouble) if self.dialog is dialog else None,
        )

    def _signed(self, dialog: TwoCardsActDialog, kept: KeptAct) -> None:
        if self.dialog is not dialog:
            self._signed_behind(kept)
            return
        self._busy = False
        self._statement, self._first = kept.statement, kept.approvals[0]
        if kept.state is CareState.DONE:
            self._finish(kept)
        else:
            self._begin_turn()

    def _signed_behind(self, kept: KeptAct) -> None:
        """The desk was locked while the card signed: the signature counts, nobody is asked on."""
        if kept.state is CareState.DONE:
            self.done.emit(kept)
        self.closed.emit()

    def _refused(self, trouble: Trouble) -> None:
        self._busy, self._trouble = False, trouble
        self.render()
        self._look()
        self._desk.ask_card.emit()

    def _finish(self, kept: KeptAct) -> None:
        dialog = self.dialog
        self._statement = None
        if dialog is not None:
            dialog.accept()
        self.done.emit(kept)

    # Another desk, and the end

    def _tick(self) -> None:
        self._ticks += 1
        statement = self._statement
        if self.dialog is None or statement is None or self._busy or self._ticks % ASK_AGAIN:
            return
        station = self._desk.station
        self._desk.work(
            Lane.RECORDS,
            lambda: aftercare.awaited(station, statement),
            lambda kept: self._heard(statement, kept),
        )

    def _heard(self, statement: Statement, kept: KeptAct | None) -> None:
        if self.dialog is None or statement != self._statement or self._busy or kept is None:
            return
        if kept.state is CareState.DONE:
            self._finish(kept)
        elif kept.state is CareState.WITHDRAWN:
            # Nothing is there any more that the present card could sign.
            self._statement, self._barred = None, StatementOver(case=statement.case_number)
            self._refused(self._barred)

    def _finished(self, _result: int) -> None:
        dialog, statement = self.dialog, self._statement
        self.dialog = None
        if dialog is not None:
            dialog.deleteLater()
        mine = self._is_first(self._desk.officer)
        if statement is not None and mine and not self._desk.is_locked:
            self._give_up(statement)
        if self._lent:
            self._lent = False
            self._session.take_back()
        self.closed.emit()

    def _give_up(self, statement: Statement) -> None:
        desk, officer = self._desk, self._desk.officer
        desk.work(Lane.RECORDS, lambda: aftercare.give_up(desk.station, officer, statement))

    def render(self) -> None:
        dialog, desk = self.dialog, self._desk
        if dialog is None:
            return
        signer, second = self._signer(), self._second
        words = check_words(self._statement.digest) if self._statement else ()
        first_turn = self._turn == 0
        tries = desk.tries_for(self._trouble) if first_turn else (second.tries if second else None)
        dialog.render(
            TwoCardsView(
                signers=(self._first_place(), self._second_place(signer)),
                turn=self._turn,
                ready=signer is not None,
                why=self._why(),
                tries=tries,
                on_pad=desk.card_pad if first_turn else bool(second and second.on_pad),
                wrong=desk.is_wrong_pin(self._trouble),
                busy=self._busy,
                words=words,
                trouble=desk.spoken(self._trouble) if self._trouble else None,
            )
        )

    def _first_place(self) -> Signer:
        if self._first is not None:
            return Signer(self._named(self._first.officer, self._first.officer_name), "signed")
        state = "now" if self._desk.card_present else "waits"
        return Signer(self._desk.officer_name(self._desk.officer), state)

    def _second_place(self, signer: Officer | None) -> Signer:
        assert self.dialog is not None
        other = self.dialog.say("ask.other")
        if self._turn == 0:
            return Signer(other, "later")
        if signer is None:
            return Signer(other, "waits")
        return Signer(self._desk.officer_name(signer), "now")

    def _named(self, officer_id: str, otherwise: str) -> str:
        known = self._desk.station.officers.values()
        found = next((one for one in known if one.officer_id == officer_id), None)
        return self._desk.officer_name(found) if found else otherwise

"""Turns at offers: read, changed by a rule, written where nobody came between.

No lock is held while a rule thinks. It begins with the offer as it is known; what it decides is
written only if the offer still bears the mark of that state (compare and swap), and a decision
that changes nothing is believed only of what was just read. Otherwise the rule takes another
turn at the offer as it stands now. So a turn is one statement to the database, or one
transaction sent in one go.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Database, Driver, Row, Statement
from desk.enrollment.mailbox.known import Known
from desk.enrollment.mailbox.offer import Offer
from desk.enrollment.mailbox.rules import expire_if_due
from desk.enrollment.mailbox.tables import to_ms
from desk.enrollment.mailbox.transaction import Steps
from desk.enrollment.mailbox.turn import Turn
from desk.enrollment.trouble import LinkTrouble, MailboxBroken, NotThere

# Each conflict is a change that somebody else made to the same offer, of which there are not
# so many: guesses, alarms, requests are bounded.
_MOST_TURNS = 100

_T = TypeVar("_T")


class _Due(Exception):
    """An offer's time is over: that is to be written down first."""


class Turns(Steps):
    """Steps of a database, and turns at its offers."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._known = Known()

    def turn(self, offer_id: str, rule: Callable[[Turn], _T], now: datetime) -> _T:
        """What ``rule`` says when its turn at that offer is over, written down; an offer whose
        time is over has ended before. A rule whose writing was not heard of may be asked once
        more: it finds what it wrote.

        Raises NotThere, what the rule raises (nothing is written then), MailboxTrouble.
        """
        known, came_between, at = self._known.take(offer_id), False, to_ms(now)
        for _ in range(_MOST_TURNS):
            try:
                with self._database.connection() as db:
                    offer = known or _read(db, offer_id)
                    turn = Turn(offer, at, db, again=came_between)
                    expire_if_due(turn)
                    result = rule(turn)
                    if turn.changed:
                        if turn.write():
                            self._known.keep(offer)
                            return result
                        came_between = True
                    elif known is None:
                        self._known.keep(offer)
                        return result
            except LinkTrouble:
                if known is None:
                    raise
            except Exception as error:
                if not self._database.is_conflict(error):
                    self._raise_trouble(error)
                    raise
                came_between = True
            known = None
        raise MailboxBroken

    def seen(self, offer_id: str, view: Callable[[Offer], _T], now: datetime) -> _T:
        """What ``view`` makes of an offer as it stands now; raises NotThere."""

        def act(db: Driver) -> _T:
            row = _found(db, sql.OFFER_BY_ID, offer_id)
            offer = self._known.take(offer_id)
            if offer is None or offer.mark != row.mark:
                offer = Offer.read(row.document)
            if offer.is_due(to_ms(now)):
                raise _Due
            result = view(offer)
            self._known.keep(offer)
            return result

        try:
            return self.in_look(act)
        except _Due:
            return self.turn(offer_id, lambda turn: view(turn.offer), now)

    def last_seen(self, offer_id: str, view: Callable[[Offer], _T], now: datetime) -> _T | None:
        """The same of an offer as this process saw it last, without asking the database, for
        what a turn comes after; None where it is not known here."""
        offer = self._known.take(offer_id)
        if offer is None or offer.is_due(to_ms(now)):
            return None
        result = view(offer)
        self._known.keep(offer)
        return result

    def as_written(self, offer_id: str) -> Offer:
        """The offer as it stands in the database, its end not looked at; raises NotThere."""
        return self.in_look(lambda db: _read(db, offer_id))

    def id_at(self, handle_hash: str) -> str:
        """Which offer has that handle; raises NotThere."""

        def act(db: Driver) -> str:
            offer = Offer.read(_found(db, sql.OFFER_BY_HANDLE, handle_hash).document)
            self._known.keep(offer)
            return offer.offer_id

        return self._known.id_at(handle_hash) or self.in_look(act)


def _read(db: Driver, offer_id: str) -> Offer:
    return Offer.read(_found(db, sql.OFFER_BY_ID, offer_id).document)


def _found(db: Driver, statement: Statement, key: str) -> Row:
    """Mark and document."""
    row = db.execute(statement, {"key": key}).one_or_none()
    if row is None:
        raise NotThere
    return row

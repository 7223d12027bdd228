"""One rule's turn at an offer: what it may read, and what is to be written when it is over.

Whatever is written beside the offer (its answers, its nonces) is written with it or not at
all: by statements that do nothing unless the offer bears the mark that this turn gave it.
"""

from __future__ import annotations

import random
from typing import Any

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Asked, Driver
from desk.enrollment.mailbox.offer import Facts, Offer
from desk.enrollment.mailbox.tables import forgotten_at
from desk.issuance.ports import EventKind

_MARK_BITS = 62


def new_mark() -> int:
    """One that nobody else gives. Not counted up, for processes are copies of one another; nor
    a secret, which would be fetched from the system for each change."""
    return random.getrandbits(_MARK_BITS)


class Turn:
    """``at`` is now, in milliseconds since 1970. ``again``: somebody came between before, so that
    what is usually not there has to be looked for."""

    def __init__(self, offer: Offer, at: int, db: Driver, *, again: bool) -> None:
        self.offer, self.at, self.again = offer, at, again
        self.changed = False
        self._db = db
        self._former, self._mark = offer.mark, new_mark()
        self._stood = _sought(offer)
        self._beside: list[Asked] = []

    def change(self) -> None:
        """The offer is not what it was."""
        self.changed = True

    def event(self, kind: EventKind, facts: Facts | None = None) -> None:
        """What happened, for the desk to hear; a change as well."""
        self.offer.events.append((kind, self.at, facts or {}))
        self.changed = True

    # Beside the offer

    def answer_of(self, request_id: str) -> bytes | None:
        kept = self._db.execute(sql.ANSWER_OF_REQUEST, {"key": request_id})
        answer: bytes | None = kept.scalar_one_or_none()
        return answer

    def keep_answer(self, request_id: str, sealed: bytes) -> None:
        self._write(sql.NEW_ANSWER, {"request": request_id, "answer": sealed})

    def wipe_answer(self, request_id: str) -> None:
        self._write(sql.WIPE_ANSWER, {"request": request_id})

    def use_nonce(self, nonce_mark: str) -> bool:
        """Use up a nonce that this offer has not used for anything yet; False where another
        one, or this one's phone in vain, has. What nobody knows before is found out by the
        database when it is written, and then asked for here."""
        if self.again and self._db.execute(sql.NONCE, {"key": nonce_mark}).all():
            return False
        self._write(sql.NEW_NONCE, {"nonce": nonce_mark})
        return True

    def _write(self, statement: Any, values: dict[str, Any]) -> None:
        self._beside.append((statement, {**values, "key": self.offer.offer_id, "mark": self._mark}))
        self.changed = True

    # The end of it

    def write(self) -> bool:
        """The offer as it is now, and what goes with it; False where it was another one."""
        offer = self.offer
        offer.mark = self._mark
        values = {"key": offer.offer_id, "former": self._former, **_held(offer)}
        sought = _sought(offer)
        if sought != self._stood:
            # Only what changed: the first two have indexes, which cost as much as the row.
            both = zip(_SOUGHT, sought, self._stood, strict=True)
            values |= {name: now for name, now, before in both if now != before}
        return self._db.swap(values, *self._beside)


def whole_row(offer: Offer) -> dict[str, Any]:
    """All that stands of a new offer in its table."""
    names = {"offer_id": offer.offer_id, "handle_hash": offer.handle_hash}
    return {**names, **_held(offer), **dict(zip(_SOUGHT, _sought(offer), strict=True))}


def _held(offer: Offer) -> dict[str, Any]:
    return {"mark": offer.mark, "document": offer.document()}


_SOUGHT = ("ended", "due_at", "waiting", "waiting_since")


def _sought(offer: Offer) -> tuple[Any, ...]:
    """What an offer is looked for by, as ``_SOUGHT`` names it."""
    ended = offer.ended_at
    due = offer.ends_at if ended is None else forgotten_at(ended)
    waiting = offer.waiting
    since = waiting[0].received_at if waiting else None
    return ended is not None, due, len(waiting), since

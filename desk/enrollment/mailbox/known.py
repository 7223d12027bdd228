"""The offers that this process saw last, as they stood then.

A turn may begin with what is known here instead of asking the database: whether it still
stands so is found out when it is written. Nothing is answered from here that nobody checks
later. Whoever takes an offer has it for himself, and keeps it here again when he is done: one
that was changed and not written does not come back.
"""

from __future__ import annotations

from threading import Lock

from desk.enrollment.mailbox.offer import Offer

KEPT = 200
"""Offers; each is a few kilobytes, a hundred where a phone sends ten long proofs, and none of
it is what the database does not hold."""


class Known:
    """Offers by their identifiers; threads may share it."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        # By handle, in the order in which they came.
        self._ids: dict[str, str] = {}
        self._lock = Lock()

    def id_at(self, handle_hash: str) -> str | None:
        """Which offer has that handle, for good."""
        return self._ids.get(handle_hash)

    def take(self, offer_id: str) -> Offer | None:
        """None where it is not known, or somebody else has it."""
        return self._offers.pop(offer_id, None)

    def keep(self, offer: Offer) -> None:
        with self._lock:
            self._ids[offer.handle_hash] = offer.offer_id
            self._offers[offer.offer_id] = offer
            if len(self._ids) > KEPT:
                self._offers.pop(self._ids.pop(next(iter(self._ids))), None)

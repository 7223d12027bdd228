"""The offers that this process saw last, as they stood then.

A turn may begin with what is known here instead of asking the database: whether it still
stands so is found out when it is written. Nothing is answered from here that nobody checks
later. Whoever takes an offer has it for himself, and keeps it here again when he is done: one
that was changed and not written does not come back.
"""

from __future__ import annotations

from enum import StrEnum, auto
from threading import Lock

from desk.enrollment.mailbox.offer import Offer

KEPT = 200
"""Offers; each is a few kilobytes, a hundred where a phone sends ten long proofs, and none of
it is what the database does not hold."""


class By(StrEnum):
    """What an offer is found by."""

    ID = auto()
    HANDLE = auto()
    CODE = auto()
    TOKEN = auto()
    REQUEST = auto()


Name = tuple[By, str]


class Known:
    """Offers by any of their names; threads may share it."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        self._offer_of: dict[Name, str] = {}
        # In the order in which they came, with how they are named.
        self._names: dict[str, list[Name]] = {}
        self._lock = Lock()

    def take(self, name: Name) -> Offer | None:
        """None where it is not known, or somebody else has it."""
        offer_id = self._offer_of.get(name)
        return None if offer_id is None else self._offers.pop(offer_id, None)

    def keep(self, offer: Offer) -> None:
        with self._lock:
            named = self._names.get(offer.offer_id)
            # One with fewer is older than what somebody else has just kept.
            if named is None or len(named) < _count(offer):
                self._name(offer)
            self._offers[offer.offer_id] = offer

    def _name(self, offer: Offer) -> None:
        names = _names(offer)
        self._names[offer.offer_id] = names
        for name in names:
            self._offer_of[name] = offer.offer_id
        if len(self._names) > KEPT:
            oldest = next(iter(self._names))
            self._offers.pop(oldest, None)
            for name in self._names.pop(oldest):
                self._offer_of.pop(name, None)


def _count(offer: Offer) -> int:
    """How many names it has."""
    return 3 + (offer.token_hash is not None) + len(offer.requests)


def _names(offer: Offer) -> list[Name]:
    names = [(By.ID, offer.offer_id), (By.HANDLE, offer.handle_hash), (By.CODE, offer.code_hash)]
    if offer.token_hash is not None:
        names.append((By.TOKEN, offer.token_hash))
    return names + [(By.REQUEST, one.request_id) for one in offer.requests]

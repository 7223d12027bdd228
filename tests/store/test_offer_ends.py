"""Offers of whose end the service has to be told."""

from __future__ import annotations

from datetime import timedelta

from desk.store import offer_ends
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.offer_ends import OfferEnd

LIFE = timedelta(minutes=10)


def end(stamp: Stamp, offer_id: str = "offer-1", reason: str = "new_qr") -> OfferEnd:
    return OfferEnd(offer_id, "station:LA03", reason, stamp.at + LIFE)


def due(store: Store, station: str = "station:LA03") -> tuple[OfferEnd, ...]:
    with store.read() as session:
        return offer_ends.due(session, station)


def test_end_is_due_until_the_service_was_told(store: Store, stamp: Stamp) -> None:
    with store.load() as connection:
        offer_ends.note(connection, end(stamp))
        offer_ends.note(connection, end(stamp, "offer-2"))
    with store.load() as connection:
        offer_ends.settled(connection, "offer-1")
        offer_ends.settled(connection, "of nobody")

    assert due(store) == (end(stamp, "offer-2"),)


def test_each_station_tells_its_own_service(store: Store, stamp: Stamp) -> None:
    with store.load() as connection:
        offer_ends.note(connection, end(stamp))

    assert due(store, "station:LA01") == ()


def test_later_reason_counts(store: Store, stamp: Stamp) -> None:
    with store.load() as connection:
        offer_ends.note(connection, end(stamp, reason="not_shown"))
        offer_ends.note(connection, end(stamp, reason="reprinted"))

    assert due(store) == (end(stamp, reason="reprinted"),)


def test_what_ended_by_itself_is_forgotten(store: Store, stamp: Stamp) -> None:
    with store.load() as connection:
        offer_ends.note(connection, end(stamp))
    for before, left in ((stamp.at + LIFE, 1), (stamp.at + LIFE + timedelta(seconds=1), 0)):
        with store.load() as connection:
            offer_ends.forget(connection, before)

        assert len(due(store)) == left

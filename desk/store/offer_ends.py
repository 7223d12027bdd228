"""Offers that end, until the service has been told.

One is noted before the service can have it, and again in the step that ends it: whenever the
desk dies, the next start finds what nobody counts on any more. What the service cannot be told
in time ends there by itself, and is forgotten here.

Nothing happens to a case by these lines: those that come or go by themselves need no event, and
are written by :meth:`desk.store.database.Store.load`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.orm import Session

from desk.store.models import OfferEndRow


@dataclass(frozen=True)
class OfferEnd:
    """``station`` is who has to tell: where desks share the records, each has a service."""

    offer_id: str
    station: str
    reason: str
    until: datetime


def note(place: Session | Connection, end: OfferEnd) -> None:
    """The service is to be told; a later reason for the same offer counts."""
    settled(place, end.offer_id)
    place.execute(insert(OfferEndRow).values(**vars(end)))


def settled(place: Session | Connection, offer_id: str) -> None:
    """The service was told, or a case counts on the offer."""
    place.execute(delete(OfferEndRow).where(OfferEndRow.offer_id == offer_id))


def due(session: Session, station: str) -> tuple[OfferEnd, ...]:
    query = select(OfferEndRow).where(OfferEndRow.station == station).order_by(OfferEndRow.until)
    return tuple(
        OfferEnd(row.offer_id, row.station, row.reason, row.until) for row in session.scalars(query)
    )


def forget(connection: Connection, before: datetime) -> None:
    """Those that ended by themselves before then."""
    connection.execute(delete(OfferEndRow).where(OfferEndRow.until < before))

"""What several transactions of the mailbox have in common, inside the transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from desk.enrollment.mailbox.tables import (
    checks_table,
    events_table,
    nonces_table,
    offers_table,
    requests_table,
    to_ms,
)
from desk.enrollment.records import TRIES, Claim, OfferState, RequestState
from desk.enrollment.trouble import NotThere
from desk.issuance.ports import EventKind

# What ended stays for the desk to read its events, then goes.
KEPT_AFTER_END = timedelta(days=7)
# A phone (or a prankster) may scan as often as it likes; the officer needs one alarm.
ALARMS_KEPT = 20


def settle_reserved_tries(db: Connection, now: datetime) -> None:
    """A guess that was being judged when the service died counts as a wrong one."""
    query = sa.select(offers_table).where(offers_table.c.tries_reserved > 0)
    for row in db.execute(query).all():
        for _ in range(row.tries_reserved):
            current = known_offer(db, row.offer_id)
            if current.state == OfferState.OPEN:
                book_wrong(db, current, now)
        set_offer(db, row.offer_id, tries_reserved=0)


def offer_row(db: Connection, offer_id: str) -> Row[Any] | None:
    return db.execute(
        sa.select(offers_table).where(offers_table.c.offer_id == offer_id)
    ).one_or_none()


def known_offer(db: Connection, offer_id: str) -> Row[Any]:
    row = offer_row(db, offer_id)
    if row is None:
        raise NotThere
    return row


def known_request(db: Connection, request_id: str) -> Row[Any]:
    query = sa.select(requests_table).where(requests_table.c.request_id == request_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotThere
    return row


def check_row(db: Connection, check_id: str) -> Row[Any] | None:
    return db.execute(
        sa.select(checks_table).where(checks_table.c.check_id == check_id)
    ).one_or_none()


def set_offer(db: Connection, offer_id: str, **values: object) -> None:
    db.execute(sa.update(offers_table).where(offers_table.c.offer_id == offer_id).values(values))


def set_request(db: Connection, request_id: str, **values: object) -> None:
    db.execute(
        sa.update(requests_table).where(requests_table.c.request_id == request_id).values(values)
    )


def record(
    db: Connection,
    offer_id: str,
    kind: EventKind,
    now: datetime,
    facts: Mapping[str, str | int],
) -> None:
    raise_seq = sa.update(offers_table).where(offers_table.c.offer_id == offer_id)
    seq = db.execute(
        raise_seq.values(last_seq=offers_table.c.last_seq + 1).returning(offers_table.c.last_seq)
    ).scalar_one()
    values = {"offer_id": offer_id, "seq": seq, "kind": kind, "at": to_ms(now)}
    db.execute(sa.insert(events_table).values(**values, facts=dict(facts)))


def raise_alarm(db: Connection, row: Row[Any], client: str, step: str, now: datetime) -> None:
    """Record a second look that an honest phone has no reason for."""
    other = row.first_client is not None and row.first_client != client
    used = row.token_hash is not None
    if row.state not in (OfferState.OPEN, OfferState.CLAIMED) or not (other or used):
        return
    if row.alarms >= ALARMS_KEPT:
        return
    set_offer(db, row.offer_id, alarms=row.alarms + 1)
    facts = {"step": step, "client": "other" if other else "same", "claimed": int(used)}
    record(db, row.offer_id, EventKind.FETCHED_AGAIN, now, facts)


def book_wrong(db: Connection, row: Row[Any], now: datetime) -> int:
    wrong = row.tries_wrong + 1
    left: int = TRIES - wrong
    set_offer(db, row.offer_id, tries_wrong=wrong, tries_reserved=max(row.tries_reserved - 1, 0))
    record(db, row.offer_id, EventKind.CODE_WRONG, now, {"tries_left": left})
    if left <= 0:
        end(db, row.offer_id, OfferState.VOID, now)
        record(db, row.offer_id, EventKind.VOIDED, now, {"reason": "tries"})
    return left


def expired_if_due(db: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """End an offer whose time is over; a delivered one simply stays claimed until purged."""
    if row.state == OfferState.OPEN:
        due = row.expires_at <= to_ms(now)
    else:
        due = row.state == OfferState.CLAIMED and row.token_expires_at <= to_ms(now)
    if not due:
        return row
    unserved = row.state == OfferState.OPEN or not _served(db, row)
    end(db, row.offer_id, OfferState.EXPIRED, now)
    if unserved:
        record(db, row.offer_id, EventKind.EXPIRED, now, {})
    return known_offer(db, row.offer_id)


def _served(db: Connection, row: Row[Any]) -> bool:
    query = sa.select(sa.func.count()).select_from(requests_table)
    served = query.where(
        requests_table.c.offer_id == row.offer_id, requests_table.c.state == RequestState.DELIVERED
    )
    return int(db.execute(served).scalar_one()) >= len(row.configurations)


def end(db: Connection, offer_id: str, state: OfferState, now: datetime) -> None:
    """An ended offer keeps no PIN hash and no ciphertext, and answers nobody any more."""
    set_offer(
        db,
        offer_id,
        state=state,
        ended_at=to_ms(now),
        pin_hash=None,
        pin_salt=None,
        tries_reserved=0,
    )
    of_offer = sa.update(requests_table).where(requests_table.c.offer_id == offer_id)
    db.execute(of_offer.values(sealed=None))
    unserved = requests_table.c.state.in_([RequestState.WAITING, RequestState.ANSWERED])
    db.execute(of_offer.where(unserved).values(state=RequestState.DENIED))


def why_not(state: OfferState) -> Claim:
    reasons = {OfferState.CLAIMED: Claim.USED, OfferState.EXPIRED: Claim.EXPIRED}
    return reasons.get(state, Claim.VOID)


def use_nonce(
    db: Connection, nonce_hash: str, configuration: str, offer_id: str, now: datetime
) -> bool:
    """Use a nonce up for one configuration of one offer.

    One nonce may serve the several configurations of an offer, because some wallets ask
    for one a run (Credo 0.6.3); it never serves two phones, nor one configuration twice.
    """
    used = db.execute(sa.select(nonces_table).where(nonces_table.c.nonce_hash == nonce_hash)).all()
    if any(row.offer_id != offer_id or row.configuration == configuration for row in used):
        return False
    values = {"nonce_hash": nonce_hash, "configuration": configuration}
    db.execute(sa.insert(nonces_table).values(**values, offer_id=offer_id, used_at=to_ms(now)))
    return True


def forget_old(db: Connection, now: datetime) -> None:
    """Remove what ended long ago, and nonces that have outlived their own time limit."""
    limit = long_ago(now)
    old = (
        sa.select(offers_table.c.offer_id).where(offers_table.c.ended_at < limit).scalar_subquery()
    )
    for table in (events_table, requests_table):
        db.execute(sa.delete(table).where(table.c.offer_id.in_(old)))
    db.execute(sa.delete(offers_table).where(offers_table.c.ended_at < limit))
    db.execute(sa.delete(nonces_table).where(nonces_table.c.used_at < limit))


def long_ago(now: datetime) -> int:
    return to_ms(now - KEPT_AFTER_END)

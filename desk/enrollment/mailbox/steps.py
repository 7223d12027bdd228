"""What several transactions of the mailbox have in common, inside the transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Answer, Driver, Row
from desk.enrollment.mailbox.rows import encryption_value, request_view
from desk.enrollment.mailbox.tables import to_ms
from desk.enrollment.mailbox.transaction import Due
from desk.enrollment.records import TRIES, Claim, OfferState, RequestState, RequestView
from desk.enrollment.trouble import NotThere
from desk.issuance.ports import EventKind, ResponseEncryption

# What ended stays for the desk to read its events, then goes.
KEPT_AFTER_END = timedelta(days=7)
# Longer than a call's signature is good for.
KEPT_AFTER_HEARD = timedelta(minutes=5)
# A phone (or a prankster) may scan as often as it likes; the officer needs one alarm.
ALARMS_KEPT = 20


def count_reserved_tries(db: Driver, now: datetime) -> None:
    """Older layouts set a guess aside while it was judged: what is left of that was wrong."""
    for row in db.execute(sql.OFFERS_BEING_TRIED).all():
        for _ in range(row.tries_reserved):
            current = locked_offer(db, row.offer_id)
            if current.state == OfferState.OPEN:
                book_wrong(db, current, now)
        set_offer(db, row.offer_id, tries_reserved=0)


def found(db: Driver, statement: sa.Select[Any], key: str) -> Row | None:
    """The one row of a statement with one ``key``, or None."""
    return db.execute(statement, {"key": key}).one_or_none()


def known_offer(db: Driver, offer_id: str) -> Row:
    return _known(db, sql.OFFER_BY_ID, offer_id)


def locked_offer(db: Driver, offer_id: str) -> Row:
    """The offer as it stands, and as it will until this step ends."""
    return _known(db, sql.LOCK_OFFER, offer_id)


def known_request(db: Driver, request_id: str) -> Row:
    return _known(db, sql.REQUEST_BY_ID, request_id)


def locked_request(db: Driver, request_id: str) -> Row:
    """A request as it stands, and its offer, until this step ends."""
    return _known(db, sql.LOCK_REQUEST, request_id)


def kept_answer(db: Driver, request_id: str) -> bytes | None:
    answer: bytes | None = db.execute(
        sql.ANSWER_OF_REQUEST, {"key": request_id}
    ).scalar_one_or_none()
    return answer


def _known(db: Driver, statement: sa.Select[Any], key: str) -> Row:
    return there(db.execute(statement, {"key": key}))


def there(answer: Answer) -> Row:
    """The one row of an answer; raises NotThere."""
    row = answer.one_or_none()
    if row is None:
        raise NotThere
    return row


def set_offer(db: Driver, offer_id: str, **values: object) -> None:
    db.change(sql.SET_OFFER, {"key": offer_id, **values})


def set_request(db: Driver, request_id: str, **values: object) -> None:
    db.change(sql.SET_REQUEST, {"key": request_id, **values})


def record(
    db: Driver,
    offer_id: str,
    kind: EventKind,
    now: datetime,
    facts: Mapping[str, str | int],
    **changed: object,
) -> None:
    """Write an event with the offer's next number, and what it ``changed`` in the offer."""
    if changed:
        set_offer(db, offer_id, **changed)
    values = {"key": offer_id, "offer_id": offer_id, "kind": kind, "at": to_ms(now)}
    db.change(sql.NEW_EVENT, {**values, "facts": dict(facts)})


def take_out(db: Driver, row: Row, sealed: bytes | None, now: datetime) -> RequestView:
    """An answer is about to leave for the phone: that is recorded before it does."""
    set_request(db, row.request_id, state=RequestState.DELIVERED)
    facts = {"configuration": row.configuration}
    record(db, row.offer_id, EventKind.ANSWERED, now, facts)
    return replace(request_view(row), state=RequestState.DELIVERED, sealed=sealed)


def raise_alarm(db: Driver, row: Row, client: str, step: str, now: datetime) -> None:
    """Record a second look that an honest phone has no reason for."""
    other = row.first_client is not None and row.first_client != client
    used = row.token_hash is not None
    if row.state not in (OfferState.OPEN, OfferState.CLAIMED) or not (other or used):
        return
    if row.alarms >= ALARMS_KEPT:
        return
    facts = {"step": step, "client": "other" if other else "same", "claimed": int(used)}
    record(db, row.offer_id, EventKind.FETCHED_AGAIN, now, facts, alarms=row.alarms + 1)


def book_wrong(db: Driver, row: Row, now: datetime) -> int:
    wrong = row.tries_wrong + 1
    left: int = TRIES - wrong
    facts = {"tries_left": left}
    record(db, row.offer_id, EventKind.CODE_WRONG, now, facts, tries_wrong=wrong)
    if left <= 0:
        end(db, row.offer_id, OfferState.VOID, now)
        record(db, row.offer_id, EventKind.VOIDED, now, {"reason": "tries"})
    return left


def expired_if_due(db: Driver, row: Row, now: datetime) -> Row:
    """End an offer whose time is over; a delivered one simply stays claimed until purged."""
    if row.state == OfferState.OPEN:
        due = row.expires_at <= to_ms(now)
    else:
        due = row.state == OfferState.CLAIMED and row.token_expires_at <= to_ms(now)
    if not due:
        return row
    if not db.in_step:
        raise Due
    row = locked_offer(db, row.offer_id)
    if row.state not in (OfferState.OPEN, OfferState.CLAIMED):
        # Somebody else has just found the same.
        return row
    unserved = row.state == OfferState.OPEN or not _served(db, row)
    end(db, row.offer_id, OfferState.EXPIRED, now)
    if unserved:
        record(db, row.offer_id, EventKind.EXPIRED, now, {})
    return known_offer(db, row.offer_id)


def _served(db: Driver, row: Row) -> bool:
    requests = db.execute(sql.REQUESTS_OF_OFFER, {"key": row.offer_id}).all()
    served = [one for one in requests if one.state == RequestState.DELIVERED]
    return len(served) >= len(row.configurations)


def end(db: Driver, offer_id: str, state: OfferState, now: datetime) -> None:
    """An ended offer keeps no PIN hash and no ciphertext, and answers nobody any more."""
    set_offer(
        db,
        offer_id,
        state=state,
        ended_at=to_ms(now),
        pin_hash=None,
        pin_salt=None,
    )
    db.change(sql.WIPE_ANSWERS, {"key": offer_id})
    db.change(sql.DENY_UNSERVED, {"key": offer_id})


def why_not(row: Row) -> Claim:
    """Why an offer that is not open any more cannot be redeemed."""
    if row.state == OfferState.VOID:
        return Claim.VOID
    # A claimed offer whose token ran out is used, not late.
    return Claim.USED if row.token_hash else Claim.EXPIRED


def use_nonce(
    db: Driver, nonce_hash: str, configuration: str, offer_id: str, now: datetime
) -> bool:
    """Use a nonce up for one configuration of one offer, or for all ("").

    It never serves two phones, nor one configuration twice.
    """
    db.hold(nonce_hash)
    used = db.execute(sql.NONCE_USES, {"key": nonce_hash}).all()
    if any(row.offer_id != offer_id or row.configuration == configuration for row in used):
        return False
    values = {"nonce_hash": nonce_hash, "configuration": configuration}
    db.change(sql.NEW_NONCE_USE, {**values, "offer_id": offer_id, "used_at": to_ms(now)})
    return True


def answer_otherwise(db: Driver, row: Row, terms: ResponseEncryption | None, now: datetime) -> Row:
    """The request with its answer to be encrypted by ``terms`` from now on."""
    wanted = encryption_value(terms)
    if row.encryption == wanted or row.state == RequestState.DENIED:
        return row
    waits = row.state == RequestState.WAITING
    if not waits and kept_answer(db, row.request_id) is None:
        # The offer has ended: there is nothing left to encrypt again.
        return row
    db.change(sql.WIPE_ANSWER, {"key": row.request_id})
    set_request(db, row.request_id, state=RequestState.WAITING, encryption=wanted)
    if not waits:
        facts = {"configuration": row.configuration, "keys": len(row.keys), "again": 1}
        record(db, row.offer_id, EventKind.KEY_RECEIVED, now, facts)
    return known_request(db, row.request_id)


def forget_old(db: Driver, now: datetime) -> None:
    """Remove what ended long ago, and nonces that have outlived their own time limit."""
    for statement in sql.FORGET_OLD:
        db.change(statement, {"limit": to_ms(now - KEPT_AFTER_END)})
    db.change(sql.FORGET_HEARD, {"limit": to_ms(now - KEPT_AFTER_HEARD)})

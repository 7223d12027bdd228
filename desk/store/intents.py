"""Intents: what is about to be signed, durable before the card sees it.

::

    live ──signed──▶ signed ──delivered──▶ delivered
      └──────────────┴─────────void───────────┘──▶ void (its status index says INVALID)

After a crash a live intent has an unknown end: the card may have signed. It is either
signed again over the very same bytes, or voided together with its index (facts of I1, I2).
The intents of one request of a phone are written together, one a key. At most one request
of a case is live, and at most one of a format stands at all; the tables themselves refuse a
second.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk.store import cases, holders, journal, renewals, status
from desk.store.journal import Stamp
from desk.store.models import CaseRow, IntentRow
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import CasePurged, HeldElsewhere, IntentEnded, IntentStands, NonceUsed


class IntentState(StrEnum):
    LIVE = "live"
    SIGNED = "signed"
    DELIVERED = "delivered"
    VOID = "void"


@dataclass(frozen=True)
class Draft:
    """What the credential package prepared.

    ``device_key`` is the RFC 7638 thumbprint of the phone's key; ``to_be_signed`` the exact
    bytes the card will hash and sign; ``material`` whatever finishing needs besides the
    signature. ``valid_until`` and ``status_uri`` (the list's address) are what the credential
    says of itself, known beyond the purge.
    ``nonce_hash`` names the nonce that the phone's proof was made with.
    """

    case_number: str
    offer_id: str
    request_id: str
    format: str
    device_key: str
    slot: StatusSlot
    to_be_signed: bytes = field(repr=False)
    material: bytes = field(repr=False)
    valid_until: datetime | None = None
    status_uri: str | None = None
    nonce_hash: str | None = None


@dataclass(frozen=True)
class Intent:
    id: str
    draft: Draft
    state: IntentState
    signature: bytes | None = field(repr=False)
    credential: bytes | None = field(repr=False)
    written_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None


def write(session: Session, stamp: Stamp, draft: Draft) -> Intent:
    """Make the intent durable (at the end of the transaction). Raises :class:`IntentStands`
    where another request of the case is live, or one of this format is not void, and
    :class:`HeldElsewhere` where another case gave this person a credential since the
    eligibility was decided: two windows may have decided at the same time. The case that this
    one replaces does not count, and must be the same person's
    (:class:`~desk.store.troubles.OtherHolder`). A proof's nonce serves one offer
    (:class:`NonceUsed`)."""
    case = session.get_one(CaseRow, draft.case_number)
    renewals.demand_same_holder(session, case.number, case.holder, case.former)
    others = cases.other_holdings(session, case.holder, case.number, case.former)
    if others:
        raise HeldElsewhere(draft.case_number, case=draft.case_number, other=others[0])
    if draft.nonce_hash and other_use(session, draft.nonce_hash, draft.offer_id):
        raise NonceUsed(draft.case_number, case=draft.case_number)
    # Whoever loses the phone on the way home must be found, whatever becomes of this desk.
    holders.remember(session, draft.case_number)
    row = IntentRow(
        id=secrets.token_hex(16),
        case_number=draft.case_number,
        offer_id=draft.offer_id,
        request_id=draft.request_id,
        format=draft.format,
        device_key=draft.device_key,
        list_name=draft.slot.list_name,
        position=draft.slot.index,
        state=IntentState.LIVE,
        to_be_signed=draft.to_be_signed,
        to_be_signed_sha256=hashlib.sha256(draft.to_be_signed).hexdigest(),
        material=draft.material,
        written_at=stamp.at,
        valid_until=draft.valid_until,
        status_uri=draft.status_uri,
        nonce_hash=draft.nonce_hash,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as reason:
        raise IntentStands(draft.case_number, case=draft.case_number) from reason
    journal.append(
        session,
        stamp,
        "CRED.INTENT",
        draft.case_number,
        intent=row.id,
        format=draft.format,
        device_key=draft.device_key,
        list=draft.slot.list_name,
        position=draft.slot.index,
        sha256=row.to_be_signed_sha256,
    )
    return _intent(row)


def mark_signed(
    session: Session, stamp: Stamp, intent_id: str, signature: bytes, credential: bytes
) -> Intent:
    """The card signed. Raises :class:`IntentEnded` unless the intent is live."""
    row = _row(session, intent_id, IntentState.LIVE)
    row.state, row.signature, row.credential = IntentState.SIGNED, signature, credential
    row.signed_at = stamp.at
    digest = hashlib.sha256(credential).hexdigest()
    journal.append(session, stamp, "CRED.SIGNED", row.case_number, intent=row.id, sha256=digest)
    return _intent(row)


def mark_delivered(session: Session, stamp: Stamp, intent_id: str) -> Intent:
    """The phone has it. Raises :class:`IntentEnded` unless the intent is signed."""
    row = _row(session, intent_id, IntentState.SIGNED)
    row.state, row.ended_at = IntentState.DELIVERED, stamp.at
    journal.append(session, stamp, "CRED.DELIVERED", row.case_number, intent=row.id)
    return _intent(row)


def void(session: Session, stamp: Stamp, intent_id: str, reason: str) -> None:
    """End the intent; its status index says INVALID from now on. Nothing happens to an
    intent that is void already."""
    row = session.get_one(IntentRow, intent_id)
    if row.state == IntentState.VOID:
        return
    row.state, row.ended_at, row.end_reason = IntentState.VOID, stamp.at, reason
    slot = StatusSlot(row.list_name, row.position)
    status.set_validity(session, stamp, slot, Validity.INVALID, reason)
    journal.append(session, stamp, "CRED.VOIDED", row.case_number, intent=row.id, reason=reason)


def standing(session: Session, case_number: str) -> tuple[Intent, ...]:
    """The intents of a case that are not void, in the order they were written."""
    query = select(IntentRow).where(
        IntentRow.case_number == case_number, IntentRow.state != IntentState.VOID
    )
    return tuple(_intent(row) for row in session.scalars(query.order_by(IntentRow.written_at)))


def nonce_hash(nonce: str) -> str:
    """The form in which a nonce is kept."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def other_use(session: Session, nonce_hash: str, offer_id: str) -> bool:
    """Whether an intent of another offer came of the same nonce, be it void or purged."""
    query = select(IntentRow.id).where(
        IntentRow.nonce_hash == nonce_hash, IntentRow.offer_id != offer_id
    )
    return session.scalar(query.limit(1)) is not None


def unfinished(session: Session) -> tuple[Intent, ...]:
    """All intents that are live or signed but not delivered: what a start has to settle."""
    states = [IntentState.LIVE.value, IntentState.SIGNED.value]
    query = select(IntentRow).where(IntentRow.state.in_(states)).order_by(IntentRow.written_at)
    return tuple(_intent(row) for row in session.scalars(query))


def _row(session: Session, intent_id: str, state: IntentState) -> IntentRow:
    row = session.get_one(IntentRow, intent_id)
    if row.state != state:
        raise IntentEnded(intent_id, intent=intent_id, state=row.state)
    return row


def _intent(row: IntentRow) -> Intent:
    if row.to_be_signed is None or row.material is None:
        raise CasePurged(row.case_number, case=row.case_number)
    draft = Draft(
        case_number=row.case_number,
        offer_id=row.offer_id,
        request_id=row.request_id,
        format=row.format,
        device_key=row.device_key,
        slot=StatusSlot(row.list_name, row.position),
        to_be_signed=row.to_be_signed,
        material=row.material,
        valid_until=row.valid_until,
        status_uri=row.status_uri,
        nonce_hash=row.nonce_hash,
    )
    return Intent(
        id=row.id,
        draft=draft,
        state=IntentState(row.state),
        signature=row.signature,
        credential=row.credential,
        written_at=row.written_at,
        signed_at=row.signed_at,
        ended_at=row.ended_at,
    )

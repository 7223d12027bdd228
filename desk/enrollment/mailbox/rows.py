"""Between rows and records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from desk.enrollment.answers import terms_mark
from desk.enrollment.mailbox.driver import Row
from desk.enrollment.mailbox.tables import from_ms, to_ms
from desk.enrollment.records import (
    CheckView,
    Grant,
    Holder,
    NewCheck,
    NewOffer,
    NewRequest,
    OfferLook,
    OfferState,
    OfferView,
    RequestState,
    RequestView,
)
from desk.issuance.ports import EventKind, OfferEvent, ResponseEncryption


def offer_values(new: NewOffer) -> dict[str, Any]:
    return {
        "offer_id": new.offer_id,
        "handle_hash": new.handle_hash,
        "code_hash": new.code_hash,
        "configurations": list(new.configurations),
        "state": OfferState.OPEN,
        "pin_salt": new.pin_salt,
        "pin_hash": new.pin_hash,
        "expires_at": to_ms(new.expires_at),
    }


def offer_view(row: Row) -> OfferView:
    return OfferView(
        row.offer_id,
        OfferState(row.state),
        tuple(row.configurations),
        from_ms(row.expires_at),
        row.pin_salt,
        row.pin_hash,
    )


def placed_view(new: NewOffer) -> OfferView:
    """The view of an offer that was just stored: as its row will be read."""
    return OfferView(
        new.offer_id,
        OfferState.OPEN,
        new.configurations,
        from_ms(to_ms(new.expires_at)),
        new.pin_salt,
        new.pin_hash,
    )


def claimed_values(grant: Grant, now: datetime) -> dict[str, Any]:
    """What redeeming changes in an offer."""
    return {
        "state": OfferState.CLAIMED,
        "token_hash": grant.token_hash,
        "token_expires_at": to_ms(now + grant.life),
        "details": None if grant.details is None else list(grant.details),
        "dpop_key": grant.dpop_key,
        "pin_hash": None,
        "pin_salt": None,
    }


def holder(row: Row) -> Holder:
    return Holder(
        row.offer_id,
        OfferState(row.state),
        tuple(row.configurations),
        None if row.details is None else tuple(row.details),
        row.dpop_key,
    )


def offer_look(row: Row, now: datetime) -> OfferLook:
    over = row.state == OfferState.OPEN and row.expires_at <= to_ms(now)
    state = OfferState.EXPIRED if over else OfferState(row.state)
    return OfferLook(state, row.token_hash is not None, from_ms(row.expires_at))


def request_values(new: NewRequest, now: datetime) -> dict[str, Any]:
    return {
        "request_id": new.request_id,
        "offer_id": new.offer_id,
        "configuration": new.configuration,
        "keys": list(new.keys),
        "proofs": list(new.proofs),
        "nonce": new.nonce,
        "seal_to": new.seal_to,
        "received_at": to_ms(now),
        "state": RequestState.WAITING,
        "encryption": encryption_value(new.encryption),
        "notification_id": new.notification_id,
        "proof_type": new.proof_type,
    }


def request_view(row: Row) -> RequestView:
    return RequestView(
        row.request_id,
        row.offer_id,
        row.configuration,
        tuple(row.keys),
        tuple(row.proofs),
        row.nonce,
        row.seal_to,
        from_ms(row.received_at),
        RequestState(row.state),
        row.deferred,
        None if row.encryption is None else ResponseEncryption(**row.encryption),
        row.notification_id,
        row.proof_type or "jwt",
    )


def filed_view(new: NewRequest, now: datetime) -> RequestView:
    """The view of a request that was just stored: as its row will be read."""
    return RequestView(
        new.request_id,
        new.offer_id,
        new.configuration,
        new.keys,
        new.proofs,
        new.nonce,
        new.seal_to,
        from_ms(to_ms(now)),
        RequestState.WAITING,
        False,
        new.encryption,
        new.notification_id,
        new.proof_type,
    )


def encryption_value(terms: ResponseEncryption | None) -> dict[str, Any] | None:
    return None if terms is None else {"jwk": dict(terms.jwk), "enc": terms.enc, "zip": terms.zip}


def encryption_mark(row: Row) -> str | None:
    """What an answer to a request has to be encrypted for; None: sealed to the token."""
    terms = request_view(row).encryption
    return None if terms is None else terms_mark(terms)


def check_view(row: Row) -> CheckView:
    received = from_ms(row.received_at) if row.received_at is not None else None
    return CheckView(
        row.check_id,
        row.request_object,
        from_ms(row.expires_at),
        row.seal_to,
        row.response,
        received,
    )


def offer_event(row: Row) -> OfferEvent:
    return OfferEvent(row.seq, EventKind(row.kind), from_ms(row.at), row.facts)


def ends_at(row: Row) -> datetime | None:
    """When an offer will expire by itself, or None when it has ended."""
    if row.state == OfferState.OPEN:
        return from_ms(row.expires_at)
    return from_ms(row.token_expires_at) if row.state == OfferState.CLAIMED else None


def check_values(new: NewCheck) -> dict[str, Any]:
    return {
        "check_id": new.check_id,
        "request_object": new.request_object,
        "expires_at": to_ms(new.expires_at),
        "seal_to": new.seal_to,
    }

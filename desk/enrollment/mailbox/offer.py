"""What the mailbox knows of one offer: one document, read and written as a whole.

It holds hashes, public keys, states, times and events; answers lie beside it. ``mark`` is
another one after each change, so that whoever writes can say which state that follows from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Any

import orjson

from desk.enrollment.answers import terms_mark
from desk.enrollment.mailbox.tables import from_ms, to_ms
from desk.enrollment.records import (
    Holder,
    NewOffer,
    NewRequest,
    News,
    OfferLook,
    OfferState,
    OfferView,
    RequestState,
    RequestView,
)
from desk.enrollment.trouble import NotThere
from desk.issuance.ports import EventKind, OfferEvent, ResponseEncryption

Facts = dict[str, str | int]
Event = tuple[EventKind, int, Facts]
"""Its time in milliseconds since 1970; its number is its place, from 1."""


@dataclass
class Request:
    """A phone's keys for one of the things offered; ``encryption`` None: its answer is sealed
    to ``seal_to`` (hexadecimal). ``nonce`` is that of its proofs, ``repeated_with`` that of the
    last proofs which asked for the same with the same keys."""

    request_id: str
    configuration: str
    keys: list[str]
    proofs: list[str]
    nonce: str
    seal_to: str
    received_at: int
    encryption: dict[str, Any] | None
    notification_id: str | None
    proof_type: str
    state: RequestState = RequestState.WAITING
    deferred: bool = False
    reported: str | None = None
    repeated_with: str | None = None

    @classmethod
    def filed(cls, new: NewRequest, at: int) -> Request:
        return cls(
            new.request_id,
            new.configuration,
            list(new.keys),
            list(new.proofs),
            new.nonce,
            new.seal_to.hex(),
            at,
            encryption_value(new.encryption),
            new.notification_id,
            new.proof_type,
        )

    @classmethod
    def read(cls, values: dict[str, Any]) -> Request:
        values["state"] = RequestState(values["state"])
        return cls(**values)

    @property
    def terms(self) -> ResponseEncryption | None:
        return None if self.encryption is None else ResponseEncryption(**self.encryption)

    @property
    def terms_mark(self) -> str | None:
        """What its answer has to be encrypted for; None: sealed."""
        terms = self.terms
        return None if terms is None else terms_mark(terms)


@dataclass
class Offer:
    """An offer, its events and requests; times in milliseconds since 1970, salt and hash of the
    PIN hexadecimal, both None once it is claimed or over. Of code and token the hashes of what
    follows the offer's identifier in them. ``guesses``: the wrong ones, each by the token that
    it would have got, and the tries left after it."""

    offer_id: str
    handle_hash: str
    code_hash: str
    configurations: list[str]
    expires_at: int
    pin_salt: str | None
    pin_hash: str | None
    mark: int
    state: OfferState = OfferState.OPEN
    tries_wrong: int = 0
    first_client: str | None = None
    token_hash: str | None = None
    token_expires_at: int | None = None
    details: list[str] | None = None
    dpop_key: str | None = None
    alarms: int = 0
    ended_at: int | None = None
    events: list[Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    guesses: dict[str, int] = field(default_factory=dict)

    @classmethod
    def placed(cls, new: NewOffer, mark: int) -> Offer:
        return cls(
            new.offer_id,
            new.handle_hash,
            new.code_hash,
            list(new.configurations),
            to_ms(new.expires_at),
            new.pin_salt.hex(),
            new.pin_hash.hex(),
            mark,
        )

    @classmethod
    def read(cls, document: str) -> Offer:
        """The inverse of :meth:`document`."""
        values = orjson.loads(document)
        values["state"] = OfferState(values["state"])
        values["events"] = [(EventKind(kind), at, facts) for kind, at, facts in values["events"]]
        values["requests"] = [Request.read(one) for one in values["requests"]]
        return cls(**values)

    def document(self) -> str:
        return orjson.dumps(self).decode()

    @property
    def ends_at(self) -> int | None:
        """When it will end by itself; None when it has ended."""
        return None if self.ended_at is not None else self.token_expires_at or self.expires_at

    def is_due(self, at: int) -> bool:
        """Whether that has come; ``at`` in milliseconds since 1970."""
        end = self.ends_at
        return end is not None and end <= at

    def request(self, request_id: str) -> Request:
        """Raises NotThere."""
        for one in self.requests:
            if one.request_id == request_id:
                return one
        raise NotThere

    @property
    def waiting(self) -> list[Request]:
        """The requests that await the desk's answer."""
        return [one for one in self.requests if one.state is RequestState.WAITING]


def encryption_value(terms: ResponseEncryption | None) -> dict[str, Any] | None:
    return None if terms is None else {"jwk": dict(terms.jwk), "enc": terms.enc, "zip": terms.zip}


# What others are told of it


def offer_view(offer: Offer) -> OfferView:
    return OfferView(
        offer.offer_id,
        offer.state,
        tuple(offer.configurations),
        from_ms(offer.expires_at),
        _bytes(offer.pin_salt),
        _bytes(offer.pin_hash),
    )


def offer_look(offer: Offer, now: datetime) -> OfferLook:
    over = offer.state is OfferState.OPEN and offer.is_due(to_ms(now))
    state = OfferState.EXPIRED if over else offer.state
    return OfferLook(state, offer.token_hash is not None, from_ms(offer.expires_at))


def holder(offer: Offer, token_hash: str, now: datetime) -> Holder | None:
    """Who holds that token; None where it is past its time, or not yet this offer's."""
    known = compare_digest(offer.token_hash or "", token_hash)
    if not known or (offer.token_expires_at or 0) <= to_ms(now):
        return None
    return Holder(
        offer.offer_id,
        offer.state,
        tuple(offer.configurations),
        None if offer.details is None else tuple(offer.details),
        offer.dpop_key,
    )


def request_view(offer: Offer, request: Request, sealed: bytes | None = None) -> RequestView:
    return RequestView(
        request.request_id,
        offer.offer_id,
        request.configuration,
        tuple(request.keys),
        tuple(request.proofs),
        request.nonce,
        bytes.fromhex(request.seal_to),
        from_ms(request.received_at),
        request.state,
        request.deferred,
        request.terms,
        request.notification_id,
        request.proof_type,
        sealed,
    )


def news(offer: Offer, after: int) -> News:
    end = offer.ends_at
    return News(
        tuple(
            OfferEvent(number, kind, from_ms(at), facts)
            for number, (kind, at, facts) in enumerate(offer.events[after:], after + 1)
        ),
        tuple(request_view(offer, one) for one in offer.waiting),
        None if end is None else from_ms(end),
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)

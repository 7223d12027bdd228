"""What the mailbox holds and answers with: states, orders and views, without SQL or HTTP.

Nothing here names a person. Secrets appear as hashes, answers as ciphertext.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from desk.issuance.ports import OfferEvent, ResponseEncryption

TRIES = 5


def timed(at: int, mark: str = "") -> str:
    """A mark behind its time (milliseconds since 1970; as text in the same order): what is old
    stands together."""
    return f"{at // 1000:08x}{mark}"


class OfferState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    VOID = "void"
    EXPIRED = "expired"


class RequestState(StrEnum):
    WAITING = "waiting"
    ANSWERED = "answered"
    DELIVERED = "delivered"
    DENIED = "denied"


class Claim(StrEnum):
    """Why a pre-authorized code could not be tried or redeemed."""

    UNKNOWN = "unknown"
    USED = "used"
    VOID = "void"
    EXPIRED = "expired"
    TOO_MANY_TRIES = "too_many_tries"
    WRONG_CODE = "wrong_code"
    NOT_OFFERED = "not_offered"


class Filing(StrEnum):
    """What became of a phone's credential request."""

    FILED = "filed"
    REPEATED = "repeated"
    OTHER_KEY = "other_key"
    NONCE_USED = "nonce_used"
    ENDED = "ended"


class NewOffer(NamedTuple):
    """An offer to be stored; ``pin_hash`` and ``pin_salt`` are wiped once it is claimed."""

    offer_id: str
    handle_hash: str
    code_hash: str
    configurations: tuple[str, ...]
    pin_salt: bytes
    pin_hash: bytes
    expires_at: datetime


@dataclass(frozen=True)
class OfferView:
    offer_id: str
    state: OfferState
    configurations: tuple[str, ...]
    expires_at: datetime
    pin_salt: bytes | None = field(repr=False)
    pin_hash: bytes | None = field(repr=False)


@dataclass(frozen=True)
class OfferLook:
    """What may be said of an offer to anybody who holds its address."""

    state: OfferState
    redeemed: bool
    expires_at: datetime


class Grant(NamedTuple):
    """What a redeemed code gave: hash of the access token, and the configurations that were
    asked for one by one (``authorization_details``; None: whatever the offer holds, asked for
    by configuration id). ``dpop_key`` is the thumbprint of the key that the token is bound to,
    where it is (RFC 9449)."""

    token_hash: str
    life: timedelta
    details: tuple[str, ...] | None = None
    dpop_key: str | None = None


Fits = Callable[[bytes, bytes], bool]
"""Whether a PIN is the one of a salt and a hash."""


class Redemption(NamedTuple):
    """What became of an attempt at a code: redeemed, or what stood in the way. ``offer_id`` is
    None for a code that nobody knows, ``tries_left`` is about a wrong transaction code;
    ``configurations`` are those offered, once it is redeemed."""

    offer_id: str | None
    obstacle: Claim | None = None
    tries_left: int = 0
    configurations: tuple[str, ...] = ()


class Holder(NamedTuple):
    """Who holds a valid access token; ``details`` and ``dpop_key`` as in :class:`Grant`."""

    offer_id: str
    state: OfferState
    configurations: tuple[str, ...]
    details: tuple[str, ...] | None = None
    dpop_key: str | None = None


class NewRequest(NamedTuple):
    """A checked credential request; ``keys`` are RFC 7638 thumbprints in order of the proofs,
    ``seal_to`` is the X25519 key that its answer is sealed to."""

    request_id: str
    offer_id: str
    configuration: str
    keys: tuple[str, ...]
    proofs: tuple[str, ...]
    nonce: str
    seal_to: bytes
    encryption: ResponseEncryption | None = None
    notification_id: str | None = None
    proof_type: str = "jwt"
    shared_nonce: bool = True
    """Its nonce may serve the offer's other configurations as well."""


class RequestView(NamedTuple):
    request_id: str
    offer_id: str
    configuration: str
    keys: tuple[str, ...]
    proofs: tuple[str, ...]
    nonce: str
    seal_to: bytes
    received_at: datetime
    state: RequestState
    deferred: bool
    encryption: ResponseEncryption | None = None
    notification_id: str | None = None
    proof_type: str = "jwt"
    sealed: bytes | None = None
    """Its answer, where it is taken out for the phone and is still there."""


class News(NamedTuple):
    """Events of an offer, its credential requests that await the desk's answer, and when it
    will end by itself (None: it has ended)."""

    events: tuple[OfferEvent, ...]
    requests: tuple[RequestView, ...]
    ends_at: datetime | None


class Queue(NamedTuple):
    """Requests that await an answer: how many, and when the first of them came."""

    length: int
    oldest: datetime | None


@dataclass(frozen=True)
class NewCheck:
    check_id: str
    request_object: str
    expires_at: datetime
    seal_to: bytes


@dataclass(frozen=True)
class CheckView:
    check_id: str
    request_object: str
    expires_at: datetime
    seal_to: bytes
    response: str | None = field(repr=False)
    received_at: datetime | None


@dataclass(frozen=True)
class StatusView:
    jwt: str
    cwt: bytes

"""What the desk asks of the phone-facing service: the seam and its plain records.

The desk is always the one who calls (outbound HTTP in ``desk.enrollment.link``); tests
put a link of their own in its place. Every call is idempotent by the identifier that the
desk made beforehand, so that a call whose answer was lost may simply be made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol


class EventKind(StrEnum):
    """What happened to an offer, in the order a good day brings it."""

    FETCHED = "fetched"
    FETCHED_AGAIN = "fetched_again"
    CODE_WRONG = "code_wrong"
    CODE_RIGHT = "code_right"
    KEY_RECEIVED = "key_received"
    DEFERRED = "deferred"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    FAILED = "failed"
    DELETED = "deleted"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(frozen=True)
class ServiceHealth:
    """``queue`` is the number of key requests waiting for an answer, ``oldest_seconds`` how
    long the first of them has waited. ``terms`` is what the service decides of its talk with
    phones, by the entries of [enrollment] (``encryption``, ``dpop``, ``batch``,
    ``attestation``), as far as it says."""

    ok: bool
    version: str
    queue: int
    latency_ms: float
    oldest_seconds: int = 0
    terms: Mapping[str, str | int] = field(default_factory=dict)


class QrForm(StrEnum):
    """What the enrollment QR holds (OpenID4VCI 1.0, 4.1): the offer's address, or the offer
    itself, for any wallet or for those that listen to HAIP's scheme only; or the https
    address of the landing page, for phones that scan with their own camera."""

    REFERENCE = "reference"
    VALUE = "value"
    HAIP_REFERENCE = "haip-reference"
    HAIP_VALUE = "haip-value"
    PAGE = "page"


@dataclass(frozen=True)
class OfferOrder:
    """``configurations`` name credential configurations (``mdoc``, ``sd-jwt``); ``tx_code``
    is the applicant's issuance PIN, six digits, kept by neither side in clear. ``post``
    is the code of the post that the landing page names."""

    offer_id: str
    configurations: tuple[str, ...]
    tx_code: str = field(repr=False)
    expires_at: datetime
    qr: QrForm = QrForm.REFERENCE
    post: str = ""


@dataclass(frozen=True)
class Offer:
    """``uri`` is the text of the enrollment QR (``openid-credential-offer://…``, or the
    ``https://…`` of the landing page)."""

    offer_id: str
    uri: str
    expires_at: datetime


class OfferEvent(NamedTuple):
    """``seq`` rises by one within an offer; ``facts`` hold ``tries_left`` and the like."""

    seq: int
    kind: EventKind
    at: datetime
    facts: Mapping[str, str | int] = MappingProxyType({})


@dataclass(frozen=True)
class ResponseEncryption:
    """How a phone wants its answer encrypted (OpenID4VCI 1.0, 8.2): ``jwk`` with its ``kid``
    where it has one, ``enc`` and ``zip`` as JWE names them."""

    jwk: Mapping[str, str]
    enc: str
    zip: str | None = None


@dataclass(frozen=True)
class KeyRequest:
    """A phone's credential request as it came in: the desk verifies every proof itself.

    ``proofs`` are compact JWTs of the kind ``proof_type`` (OpenID4VCI 1.0 appendix F: ``jwt``,
    or one ``attestation``); ``nonce`` is the one the
    service handed out; ``seal_to`` is the X25519 public key (32 bytes) whose private half
    only the holder of the access token can derive. Where the phone wants its answer
    encrypted to a key of its own, ``encryption`` names it, and ``notification_id`` goes into
    the answer. ``nonce_made_at`` is what the link found of the nonce by the station's own key:
    None where it is none that was made under it.
    """

    request_id: str
    offer_id: str
    configuration: str
    proofs: tuple[str, ...]
    nonce: str
    seal_to: bytes
    received_at: datetime
    encryption: ResponseEncryption | None = None
    notification_id: str | None = None
    proof_type: str = "jwt"
    nonce_made_at: datetime | None = None


@dataclass(frozen=True)
class CheckOrder:
    """A presentation the desk asks for; ``request_object`` is its signed JWT (RFC 9101)."""

    check_id: str
    request_object: str
    expires_at: datetime


@dataclass(frozen=True)
class Check:
    """``uri`` is the text of the check QR (``openid4vp://…``)."""

    check_id: str
    uri: str
    expires_at: datetime


@dataclass(frozen=True)
class CheckAnswer:
    """``response`` is what the phone posted, still encrypted to the desk where asked for."""

    check_id: str
    response: str
    received_at: datetime


class StatusForm(StrEnum):
    """The two forms of a status list token (Token Status List draft-20, section 5)."""

    JWT = "jwt"
    CWT = "cwt"


class StatusPlace(Protocol):
    """Where status lists are read by everybody. ``publish`` may raise a coded Trouble."""

    def uri(self, name: str, form: StatusForm) -> str:
        """The address of one form of a list; goes into credentials and into the list."""
        ...

    def publish(self, name: str, jwt: str, cwt: bytes) -> None:
        """Replace what stands under the list's addresses, both forms."""
        ...


@dataclass(frozen=True)
class OfferNews:
    """What happened to an offer, and the phone's keys that await an answer."""

    events: tuple[OfferEvent, ...]
    requests: tuple[KeyRequest, ...]


class EnrollmentLink(Protocol):
    """The desk's way to the phone-facing service. Every method may raise a coded Trouble."""

    @property
    def issuer(self) -> str:
        """The credential issuer identifier: the address phones use, the audience of proofs."""
        ...

    def response_uri(self, check_id: str) -> str:
        """Where a phone posts its answer to a check."""
        ...

    def status_uri(self, name: str) -> str:
        """Where everybody reads a status list."""
        ...

    def health(self) -> ServiceHealth: ...

    def place_offer(self, order: OfferOrder) -> Offer: ...

    def void_offer(self, offer_id: str, reason: str) -> None: ...

    def news(self, offer_id: str, after: int, wait_s: float) -> OfferNews: ...

    def events(self, offer_id: str, after: int, wait_s: float) -> tuple[OfferEvent, ...]: ...

    def get_ready(self) -> None:
        """While a phone is awaited: make whatever of the answer needs nothing of it."""
        ...

    def requests(self, offer_id: str) -> tuple[KeyRequest, ...]: ...

    def answer(self, request: KeyRequest, credentials: Sequence[str]) -> None: ...

    def deny(self, request_id: str, reason: str) -> None: ...

    def place_check(self, order: CheckOrder) -> Check: ...

    def check_answer(self, check_id: str, wait_s: float) -> CheckAnswer | None: ...

    def publish_status(self, name: str, jwt: str, cwt: bytes) -> None: ...


@dataclass(frozen=True)
class ServiceLists:
    """The phone-facing service as the place: one address, the form by the Accept header."""

    link: EnrollmentLink

    def uri(self, name: str, form: StatusForm) -> str:
        return self.link.status_uri(name)

    def publish(self, name: str, jwt: str, cwt: bytes) -> None:
        self.link.publish_status(name, jwt, cwt)

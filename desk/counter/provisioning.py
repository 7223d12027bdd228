"""An officer's card made ready: what is on it, a key made in it, its certificate put on it.

The key is made inside the card and never leaves it. The ministry's authority gets a request
with the profile of its slot; its certificate goes onto the card only when the card's key
answers for it, the profile fits and the chain ends at a known root. The key management
slot (9D) is written by the card's issuer: most cards sign no request with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from desk.cards.certificates import load_certificate, public_key_of, verify_signature
from desk.cards.piv import Pin, PivSession
from desk.cards.piv_data import KeyType, PinPolicy, Slot
from desk.cards.request import Wanted, certification_request
from desk.cards.revocation import Revocations, RevocationState
from desk.cards.session import CardSession
from desk.cards.troubles import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    CertificateUnreadable,
    KeyUnusable,
    NoSignerCertificate,
    NoSignInCertificate,
    RevocationListRefused,
    SignatureMismatch,
)
from desk.counter.station import Station
from desk.credential import chain
from desk.credential.claims import ISSUING_COUNTRY
from desk.credential.profile import DOCUMENT_SIGNER, problems
from desk.credential.troubles import IssuerUnknown, Malformed, NotValidNow
from desk.trouble import Trouble

ENDING_DAYS = 60
"""So many days before its end, and every day from then on, a certificate's end is told."""
REQUESTED = (Slot.AUTHENTICATION, Slot.SIGNATURE)
"""The slots a request can be made for."""
SHOWN = (Slot.AUTHENTICATION, Slot.SIGNATURE, Slot.KEY_MANAGEMENT)
_CHALLENGE_BYTES = 32


class SlotInUse(Trouble):
    """The slot's certificate is still good; a new key would end it. Facts: slot, until."""

    code = "CARD-31"


class WrongProfile(Trouble):
    """The certificate does not fit what its slot is for. Facts: slot, reason."""

    code = "CARD-32"


class OtherKey(Trouble):
    """The certificate is for another key than the one in the card. Fact: slot."""

    code = "CARD-33"


class OtherIssuer(Trouble):
    """No known root issued the certificate. Facts: slot, issuer."""

    code = "CARD-34"


class NotWritten(Trouble):
    """What the card holds after writing is not what was written. Fact: slot."""

    code = "CARD-35"


class CertificateEnding(Trouble):
    """A certificate of the officer's card ends soon. Fact: days."""

    code = "CARD-30"


class RevocationListOld(Trouble):
    """The authority has promised a newer revocation list by now. Fact: days since it was made."""

    code = "CARD-36"


@dataclass(frozen=True)
class Roots:
    """Who may issue for which slot: DER roots, the credential's country (alpha-2), and the
    revocation lists of all of them."""

    signer: tuple[bytes, ...]
    sign_in: tuple[bytes, ...]
    country: str
    revocations: Revocations

    @classmethod
    def of_station(cls, station: Station) -> Roots:
        authority = station.authority
        return cls(
            signer=authority.anchors,
            sign_in=authority.officer_roots,
            country=ISSUING_COUNTRY,
            revocations=authority.revocations,
        )

    def of(self, slot: Slot) -> tuple[bytes, ...]:
        return self.signer if slot is Slot.SIGNATURE else self.sign_in


class State(StrEnum):
    """How a slot stands, as the desk judges it."""

    EMPTY = "empty"
    READY = "ready"
    ENDING = "ending"
    LIST_OLD = "list_old"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    REVOKED = "revoked"
    UNFIT = "unfit"
    UNREADABLE = "unreadable"

    @property
    def is_usable(self) -> bool:
        return self in (State.READY, State.ENDING, State.LIST_OLD)


@dataclass(frozen=True)
class SlotStatus:
    """One slot. ``days_left`` counts down to the certificate's end; ``trouble`` says in the
    desk's words why the slot is not simply ready; ``revocation`` is None where no list tells."""

    slot: Slot
    state: State
    trouble: Trouble | None = None
    key_type: KeyType | None = None
    subject: str = ""
    issuer: str = ""
    until: datetime | None = None
    days_left: int | None = None
    revocation: RevocationState | None = None


@dataclass(frozen=True)
class PinStatus:
    """What an officer should know before typing a PIN."""

    tries_left: int | None
    policy: PinPolicy
    pin_pad: bool


@dataclass(frozen=True)
class CardStatus:
    """What a card tells without its PIN."""

    identity: str | None
    pin: PinStatus
    slots: tuple[SlotStatus, ...]


@dataclass(frozen=True)
class Request:
    """A request for the authority, and the subject it asks for."""

    slot: Slot
    der: bytes
    subject: str

    @property
    def pem(self) -> bytes:
        return x509.load_der_x509_csr(self.der).public_bytes(Encoding.PEM)


# What is on it ----------------------------------------------------------------------


def pin_status(session: PivSession) -> PinStatus:
    """Tries, policy and pad; changes nothing."""
    return PinStatus(session.tries_left(), session.pin_policy(), session.has_pin_pad())


def card_status(session: PivSession, roots: Roots, now: datetime) -> CardStatus:
    """Every slot, the tries left and the PIN's policy; asks for no PIN and changes nothing."""
    identity = session.identity()
    return CardStatus(
        identity=identity.hex() if identity else None,
        pin=pin_status(session),
        slots=tuple(slot_status(session, slot, roots, now) for slot in SHOWN),
    )


def slot_status(session: CardSession, slot: Slot, roots: Roots, now: datetime) -> SlotStatus:
    """The certificate in one slot, judged as the desk will judge it."""
    try:
        der = session.certificate(slot)
        if der is None:
            return SlotStatus(slot, State.EMPTY, _missing(slot))
        certificate = load_certificate(der)
        key_type = KeyType.of(public_key_of(certificate))
        revocation = roots.revocations.state(certificate, now)
    except CertificateUnreadable as reason:
        return SlotStatus(slot, State.UNREADABLE, reason)
    except RevocationListRefused as reason:
        return SlotStatus(slot, State.UNFIT, reason)
    status = SlotStatus(
        slot=slot,
        state=State.READY,
        key_type=key_type,
        subject=_common_name(certificate.subject),
        issuer=_common_name(certificate.issuer),
        until=certificate.not_valid_after_utc,
        days_left=(certificate.not_valid_after_utc - now).days,
        revocation=revocation,
    )
    state, trouble = _judged(certificate, status, roots, now)
    return replace(status, state=state, trouble=trouble)


def _missing(slot: Slot) -> Trouble | None:
    if slot is Slot.SIGNATURE:
        return NoSignerCertificate(slot="9C")
    return NoSignInCertificate(slot="9A") if slot is Slot.AUTHENTICATION else None


_REFUSALS = {
    CertificateExpired: State.EXPIRED,
    CertificateNotYetValid: State.NOT_YET,
    CertificateRevoked: State.REVOKED,
}


def _judged(
    certificate: x509.Certificate, status: SlotStatus, roots: Roots, now: datetime
) -> tuple[State, Trouble | None]:
    """The worst that can be said of it comes first."""
    try:
        roots.revocations.check(certificate, now)
    except (CertificateExpired, CertificateNotYetValid, CertificateRevoked) as reason:
        return _REFUSALS[type(reason)], reason
    for problem in _profile_problems(certificate, status.slot, roots.country):
        return State.UNFIT, WrongProfile(slot=f"{status.slot:02X}", reason=problem)
    if status.days_left is not None and status.days_left <= ENDING_DAYS:
        return State.ENDING, CertificateEnding(days=status.days_left)
    known = status.revocation
    if known and known.as_of and known.stale:
        return State.LIST_OLD, RevocationListOld(days=(now - known.as_of).days)
    return State.READY, None


# A key and its request --------------------------------------------------------------


def request(
    session: PivSession,
    slot: Slot,
    key_type: KeyType,
    subject: x509.Name,
    pin: Pin,
    management_key: bytes,
    now: datetime,
    *,
    over_old: bool = False,
    allow_last_try: bool = False,
) -> Request:
    """Make a new key in ``slot`` and sign a request for it.

    Everything that may refuse is asked before the key is made, because making it ends the
    old one: the slot in use (`SlotInUse`, unless ``over_old``), the management key, the PIN.
    """
    if not over_old:
        _require_free(session, slot, now)
    session.authenticate_management(management_key)
    session.verify_pin(pin, allow_last_try)
    public_key = session.generate(slot, key_type)
    # The old certificate would speak for a key that is gone.
    if session.certificate(slot) is not None:
        session.put_object(slot.certificate_tag, b"")
    der = certification_request(
        subject,
        public_key,
        _wanted(slot),
        lambda data: session.verify_and_sign(slot, data, pin, key_type, allow_last_try),
    )
    return Request(slot, der, subject.rfc4514_string())


def subject_for(slot: Slot, country: str, organisation: str, name: str) -> x509.Name:
    """The subject asked for. A name is made up where none is given: every verifier sees the
    signer's, which must name no officer; who signs in is known by the list of officers."""
    kind = "Document signer" if slot is Slot.SIGNATURE else "Officer"
    name = name or f"{kind} {secrets.token_hex(4).upper()}"
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    return x509.Name(attributes)


def _require_free(session: PivSession, slot: Slot, now: datetime) -> None:
    try:
        der = session.certificate(slot)
        until = load_certificate(der).not_valid_after_utc if der else now
    except CertificateUnreadable:
        return
    if until > now:
        raise SlotInUse(slot=f"{slot:02X}", until=f"{until:%Y-%m-%d}")


def _wanted(slot: Slot) -> Sequence[Wanted]:
    """ISO/IEC 18013-5 annex B.1.4 for 9C, a client's certificate for 9A."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    if slot is Slot.SIGNATURE:
        return Wanted(usage), Wanted(x509.ExtendedKeyUsage([DOCUMENT_SIGNER]))
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return Wanted(usage), Wanted(purpose, critical=False)


# Its certificate --------------------------------------------------------------------


def install(
    session: PivSession,
    slot: Slot,
    der: bytes,
    roots: Roots,
    pin: Pin,
    management_key: bytes,
    now: datetime,
    *,
    allow_last_try: bool = False,
) -> SlotStatus:
    """Write the authority's certificate (DER), after everything about it was checked.

    In this order: time and revocation, profile (`WrongProfile`), chain (`OtherIssuer`), the
    card's key (`OtherKey`), management key. Nothing is written where one refuses.
    """
    certificate = load_certificate(der)
    roots.revocations.check(certificate, now)
    if problem := next(iter(_profile_problems(certificate, slot, roots.country)), None):
        raise WrongProfile(slot=f"{slot:02X}", reason=problem)
    check_chain(der, slot, roots, now)
    _check_key(session, slot, certificate, pin, allow_last_try)
    session.authenticate_management(management_key)
    session.put_certificate(slot, der)
    if session.certificate(slot) != der:
        raise NotWritten(slot=f"{slot:02X}")
    return slot_status(session, slot, roots, now)


def check_chain(der: bytes, slot: Slot, roots: Roots, now: datetime) -> None:
    """Raises OtherIssuer where no root for the slot vouches for the certificate."""
    try:
        chain.verify((der,), roots.of(slot), now)
    except (IssuerUnknown, Malformed, NotValidNow) as reason:
        issuer = _common_name(load_certificate(der).issuer)
        raise OtherIssuer(slot=f"{slot:02X}", issuer=issuer) from reason


def _check_key(
    session: PivSession, slot: Slot, certificate: x509.Certificate, pin: Pin, last_try: bool
) -> None:
    """The card signs something nobody could have kept; the certificate's key must verify it."""
    key = public_key_of(certificate)
    challenge = secrets.token_bytes(_CHALLENGE_BYTES)
    try:
        signature = session.verify_and_sign(slot, challenge, pin, KeyType.of(key), last_try)
        verify_signature(key, signature, challenge)
    except (KeyUnusable, SignatureMismatch) as reason:
        raise OtherKey(slot=f"{slot:02X}") from reason


def _profile_problems(certificate: x509.Certificate, slot: Slot, country: str) -> Sequence[str]:
    if slot is Slot.SIGNATURE:
        return tuple(problems(certificate, country))
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return ("KeyUsage is missing",)
    opens = usage.key_agreement or usage.key_encipherment
    fits = opens if slot is Slot.KEY_MANAGEMENT else usage.digital_signature
    return () if fits and not usage.key_cert_sign else ("KeyUsage differs from the slot's use",)


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()

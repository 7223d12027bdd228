"""One officer's card signs one statement, in one conversation, verified before it counts.

What the digest is made of, and whether this person may sign it, is asked by the caller
before the card and its PIN.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from desk.cards.certificates import (
    load_certificate,
    public_key_of,
    raw_signature,
    verify_signature,
)
from desk.cards.piv import Pin
from desk.cards.piv_data import KeyType, Slot
from desk.cards.session import CardSession
from desk.cards.troubles import NoSignInCertificate, OtherCard
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance import approvals
from desk.issuance.case import Approval, Purpose


def sign(
    station: Station,
    session: CardSession,
    officer: Officer,
    case_number: str,
    digest: bytes,
    purpose: Purpose,
    pin: Pin,
    allow_last_try: bool,
) -> Approval:
    """The signature of this officer's card over ``digest``. Raises OtherCard, the troubles of
    the certificate and the card's own."""
    certificate = certificate_of(session, officer)
    station.authority.revocations.check(load_certificate(certificate), station.now())
    draft = approvals.draft(digest, officer, purpose, certificate, station.now())
    said = approvals.statement(case_number, draft)
    key = public_key_of(load_certificate(certificate))
    signature = session.verify_and_sign(
        Slot.AUTHENTICATION, said, pin, KeyType.of(key), allow_last_try
    )
    verify_signature(key, signature, said)
    raw = raw_signature(signature, KeyType.of(key) or KeyType.P256)
    return replace(draft, signature=raw.hex())


def certificate_of(session: CardSession, officer: Officer) -> bytes:
    """The 9A certificate (DER) of this officer's card and no other."""
    certificate = session.certificate(Slot.AUTHENTICATION)
    if certificate is None:
        raise NoSignInCertificate(slot="9A")
    if hashlib.sha256(certificate).hexdigest() != officer.card:
        raise OtherCard()
    return certificate

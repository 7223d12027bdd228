"""Who may work at this desk: the sign-in by card.

An officer is known by the certificate in slot 9A of the card. The card proves that it
holds the key by signing a fresh challenge after the PIN (FIPS 201-3, 6.2.3.1); what the
person may do comes from the ministry's list (`desk.issuance.officers`), never from the card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.cards.certificates import check_validity, load_certificate
from desk.cards.piv import Pin, wipe
from desk.cards.piv_data import Slot
from desk.cards.session import CardSession
from desk.cards.signer import Usable
from desk.cards.troubles import NoSignInCertificate
from desk.issuance.officers import Officer
from desk.trouble import Trouble

__all__ = [
    "Officer",
    "OfficerUnknown",
    "OtherPost",
    "SignIn",
    "admit",
    "read_card_identity",
    "sign_in",
]


class OfficerUnknown(Trouble):
    """The card is genuine, but nobody on this station's list holds it."""

    code = "OFFICER-01"


class OtherPost(Trouble):
    """The officer belongs to another post than this station."""

    code = "OFFICER-03"


@dataclass(frozen=True)
class SignIn:
    """A session at the desk: who, with which card, since when."""

    officer: Officer
    card: str
    since: datetime


def read_card_identity(session: CardSession) -> str:
    """The SHA-256 (hex) of the card's 9A certificate; asks for no PIN."""
    certificate = session.certificate(Slot.AUTHENTICATION)
    if certificate is None:
        raise NoSignInCertificate(slot="9A")
    return hashlib.sha256(certificate).hexdigest()


def admit(
    session: CardSession,
    officers: Mapping[str, Officer],
    post: str,
    now: Callable[[], datetime],
    usable: Usable = check_validity,
) -> Officer:
    """Whether this card may sign in here: list and post, then the certificate's time and
    revocation (``usable``). Asks for no PIN. Raises the card's own troubles, those above and
    those of the list."""
    officer = officers.get(read_card_identity(session))
    if officer is None:
        raise OfficerUnknown()
    if officer.post != post:
        raise OtherPost(post=officer.post)
    usable(load_certificate(session.certificate(Slot.AUTHENTICATION) or b""), now())
    return officer


def sign_in(
    session: CardSession,
    pin: Pin,
    officers: Mapping[str, Officer],
    post: str,
    now: Callable[[], datetime],
    allow_last_try: bool = False,
    usable: Usable = check_validity,
    before_pin: Callable[[CardSession], object] = lambda _session: None,
    after_pin: Callable[[CardSession, SignIn], None] = lambda _session, _sign_in: None,
) -> SignIn:
    """What :func:`admit` asks, ``before_pin``, PIN, challenge, ``after_pin``, in this order of
    refusal and in one session: a card that may not sign in costs no try. Raises what `admit`
    raises and the card's own troubles; ``pin`` is wiped in any case, None is typed on the
    reader."""
    try:
        officer = admit(session, officers, post, now, usable)
        before_pin(session)
        session.verify_pin(pin, allow_last_try)
        session.prove(Slot.AUTHENTICATION)
        signed_in = SignIn(officer, officer.card, now())
        after_pin(session, signed_in)
    finally:
        wipe(pin)
    return signed_in

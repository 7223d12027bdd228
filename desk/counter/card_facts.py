"""What an officer's card tells before a PIN: whose it is, and whether it may sign in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from desk.cards.certificates import load_certificate
from desk.cards.piv_data import Slot
from desk.cards.session import CardSession
from desk.cards.troubles import NoCard, NotOfficerCard
from desk.counter import signing_in
from desk.counter.officers import Officer, read_card_identity
from desk.counter.station import Station
from desk.iso7816.troubles import TransportFailed
from desk.trouble import Trouble


@dataclass(frozen=True)
class CardFacts:
    """``officer`` is None where nobody on the list holds the card; ``refused`` is why it may
    not sign in. ``tries`` of the PIN are None where the card hides them, ``days_left`` of the
    signer's certificate where it has none."""

    card: str
    officer: Officer | None
    refused: Trouble | None
    tries: int | None
    on_pad: bool
    days_left: int | None


def look(station: Station, *, knock: bool) -> CardFacts:
    """Ask the officer's card, in one session. Raises what keeps a session from beginning.

    ``knock``: a card that is neither an officer's nor a passport may be looked for in the
    other readers, which asks whatever lies there.
    """
    try:
        with station.officer_card() as session:
            return read(station, session)
    except NoCard:
        if knock and station.roles.stranger():
            raise NotOfficerCard from None
        raise


def read(station: Station, session: CardSession) -> CardFacts:
    card = read_card_identity(session)
    refused = _refusal(station, session)
    return CardFacts(
        card=card,
        officer=_known(station, card),
        refused=refused,
        tries=session.tries_left(),
        on_pad=session.has_pin_pad(),
        days_left=_days_left(session.certificate(Slot.SIGNATURE), station.now),
    )


def _refusal(station: Station, session: CardSession) -> Trouble | None:
    try:
        signing_in.admission(station, session)
    except TransportFailed:
        raise
    except Trouble as reason:
        return reason
    return None


def _known(station: Station, card: str) -> Officer | None:
    try:
        return station.officers.get(card)
    except Trouble:
        return None


def _days_left(certificate: bytes | None, now: Callable[[], datetime]) -> int | None:
    if certificate is None:
        return None
    return max(0, (load_certificate(certificate).not_valid_after_utc - now()).days)

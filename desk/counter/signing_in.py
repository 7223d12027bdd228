"""Signing in at this station: one session with the card proves who it is and opens the records.

The steps stand in :func:`desk.counter.officers.sign_in`; what this station adds: a card that
could not open its records is told so before the PIN, and right behind the proof, in the same
session, they are opened and the card seals the log as it finds it.
"""

from __future__ import annotations

from desk.cards.piv import Pin
from desk.cards.session import CardSession
from desk.counter import officers, sealing
from desk.counter.officers import SignIn
from desk.counter.station import Station
from desk.issuance.seals import Purpose


def sign_in(
    station: Station, session: CardSession, pin: Pin, allow_last_try: bool = False
) -> SignIn:
    """Raises what :func:`desk.counter.officers.sign_in` and the records raise; ``pin`` is
    wiped in any case, None is typed on the reader."""
    signed_in = officers.sign_in(
        session,
        pin,
        station.officers,
        station.post.code,
        station.now,
        allow_last_try,
        station.authority.revocations.check,
        before_pin=station.records.admit,
        after_pin=station.open_records,
    )
    sealing.try_to_seal(station, signed_in.officer, Purpose.SIGN_IN, sealing.by_session(session))
    return signed_in

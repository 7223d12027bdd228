"""Signing in at this station: one session with the card proves who it is and opens the records.

The steps stand in :func:`desk.counter.officers.sign_in`; what this station adds: a card that
could not open its records, or that has failed too often, is told so before the PIN; the
attempt is counted before the PIN goes to the card; and right behind the proof, in the same
session, the records are opened and the card seals the log as it finds it.
"""

from __future__ import annotations

from desk.cards.piv import Pin
from desk.cards.session import CardSession
from desk.cards.troubles import (
    OtherCard,
    PinBlocked,
    SignatureMismatch,
    WrongPin,
    WrongPinUncounted,
)
from desk.counter import lockout, officers, sealing
from desk.counter.lockout import Counts, Lockouts
from desk.counter.officers import Officer, SignIn, read_card_identity
from desk.counter.station import Station
from desk.issuance.roles import Right
from desk.issuance.seals import Purpose
from desk.trouble import Trouble

_FAILED = (WrongPin, WrongPinUncounted, PinBlocked, SignatureMismatch)
"""The card was asked and has refused. Whatever else stops a sign-in is no failure."""


def sign_in(
    station: Station,
    session: CardSession,
    pin: Pin,
    allow_last_try: bool = False,
    expected: str = "",
) -> SignIn:
    """``expected`` is the one card (SHA-256 of its 9A certificate, hex) that may sign in now,
    empty for any.

    Raises what :func:`desk.counter.officers.sign_in`, the records and the lock-out raise, and
    OtherCard; ``pin`` is wiped in any case, None is typed on the reader."""
    attempt = _Attempt(station, expected)
    try:
        signed_in = officers.sign_in(
            session,
            pin,
            station.officers,
            station.post.code,
            station.now,
            allow_last_try,
            station.authority.revocations.check,
            before_pin=attempt.begin,
            after_pin=attempt.passed,
        )
    except Trouble as reason:
        attempt.ended(reason)
        raise
    attempt.lift(signed_in)
    sealing.try_to_seal(station, signed_in.officer, Purpose.SIGN_IN, sealing.by_session(session))
    return signed_in


def lockouts(station: Station) -> Lockouts:
    """The station's counts of failed sign-ins."""
    return Lockouts(station.home / lockout.FILE_NAME, station.settings.lock, station.now)


def admission(station: Station, session: CardSession) -> Officer:
    """Everything that is asked before the PIN: whose card it is, and that it may sign in.

    Raises what keeps it from signing in."""
    officer = officers.admit(
        session,
        station.officers,
        station.post.code,
        station.now,
        station.authority.revocations.check,
    )
    check_pause(station, officer)
    station.records.admit(session)
    return officer


def check_pause(station: Station, officer: Officer) -> None:
    """Whether the card may try now. Raises :class:`~desk.counter.lockout.CardPaused`,
    :class:`~desk.counter.lockout.StationPaused`."""
    lockouts(station).check(officer.card, keeps_desk=officer.role.may(Right.LIFT_LOCK))


def forget_failures(station: Station, session: CardSession) -> None:
    """The card's PIN was set by its PUK: what was guessed before is over."""
    lockouts(station).forget(read_card_identity(session))


class _Attempt:
    """One sign-in as the lock-out sees it."""

    def __init__(self, station: Station, expected: str) -> None:
        self._station, self._expected = station, expected
        self._lockouts = lockouts(station)
        self._card = ""
        self._before: Counts | None = None

    def begin(self, session: CardSession) -> None:
        card = read_card_identity(session)
        if self._expected not in ("", card):
            raise OtherCard()
        check_pause(self._station, self._station.officers[card])
        self._station.records.admit(session)
        self._card, self._before = card, self._lockouts.count(card)

    def passed(self, session: CardSession, sign_in: SignIn) -> None:
        if self._before is not None:
            self._lockouts.passed(self._card, self._before)
        self._before = None
        self._station.open_records(session, sign_in)

    def ended(self, reason: Trouble) -> None:
        """Told only where the PIN was asked for: nothing else was counted."""
        if self._before is None:
            return
        if not isinstance(reason, _FAILED):
            self._lockouts.take_back(self._before)
            return
        failures = self._lockouts.counts().cards[self._card].failures
        pause = int(self._lockouts.pause(failures).total_seconds())
        if pause:
            self._note("SESSION.LOCKED_OUT", attempts=failures, seconds=pause)

    def lift(self, signed_in: SignIn) -> None:
        """Whoever keeps the desk ends the pauses of all others by signing in."""
        if not signed_in.officer.role.may(Right.LIFT_LOCK):
            return
        lifted = self._lockouts.lift()
        if lifted:
            self._station.note(signed_in.officer, "SESSION.LOCKS_LIFTED", count=lifted)

    def _note(self, kind: str, **facts: int) -> None:
        self._station.note(None, kind, certificate=self._card, **facts)

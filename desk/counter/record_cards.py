"""Whose cards open the records: beginning, letting cards in, taking them out, another key.

Every act is done by somebody who holds an enrolled card and may (`Right.RECORDS_CARDS`), or by
whoever holds the recovery card when the officers' cards are lost; the head of post keeps it.
A card is let in only when it is what it should be (an officer of this post by the ministry's
list, or a recovery card that is nobody's), and when it has shown with its PIN that it opens
the records' key. The window and `desk records` share this; one reader is enough for all of
it, because the acts come in halves: first the card that allows, then the card that comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from desk.cards.piv import Pin, wipe
from desk.cards.piv_data import Slot
from desk.cards.session import CardSession
from desk.cards.troubles import KeyUnusable
from desk.counter import officers, provisioning
from desk.counter.officers import Officer, SignIn, read_card_identity
from desk.counter.provisioning import Roots
from desk.counter.records import Records
from desk.counter.station import Station
from desk.issuance.roles import Right
from desk.store.journal import Stamp
from desk.store.key_ring import CardKind, EnrolledCard, OpenedRing
from desk.store.troubles import NoSuchCard
from desk.trouble import Trouble

RECOVERY_ACTOR = "card:recovery"


class RecoveryIsOfficers(Trouble):
    """The recovery card must be nobody's: one loss would take both."""

    code = "KEYS-10"


class NotRecoveryCard(Trouble):
    """The card opens the records, but it is an officer's: signing in is its way."""

    code = "KEYS-11"


@dataclass(frozen=True)
class Desk:
    """What these acts need of a station; commands have no station, only this."""

    records: Records
    officers: Mapping[str, Officer]
    post: str
    roots: Roots
    now: Callable[[], datetime]

    @classmethod
    def of_station(cls, station: Station) -> Desk:
        return cls(
            records=station.records,
            officers=station.officers,
            post=station.post.code,
            roots=Roots.of_station(station),
            now=station.now,
        )

    def stamp(self, officer: Officer) -> Stamp:
        return Stamp(self.now(), f"officer:{officer.officer_id}")


@dataclass(frozen=True)
class Allowed:
    """The first half of an act: somebody who may has opened the ring."""

    opened: OpenedRing
    stamp: Stamp


@dataclass(frozen=True)
class ListedCard:
    """An enrolled card as people know it; ``holder`` is None for the recovery card and for
    somebody who is no longer on the list."""

    card: EnrolledCard
    holder: Officer | None


# The first half ---------------------------------------------------------------------------


def begin(desk: Desk, session: CardSession, pin: Pin, last_try: bool = False) -> Allowed:
    """The first officer's card, for records that are still to be made.

    Raises what signing in raises, AlreadyBegun, KeyUnusable, OtherIssuer.
    """
    found: list[OpenedRing] = []

    def take(session: CardSession, signed_in: SignIn) -> None:
        stamp = desk.stamp(signed_in.officer)
        found.append(desk.records.begin(session, signed_in.officer.officer_id, stamp))

    def none_yet(_session: CardSession) -> None:
        desk.records.require_none()

    signed_in = _sign_in(desk, session, pin, last_try, take, before=none_yet)
    return Allowed(found[0], desk.stamp(signed_in.officer))


def allow(desk: Desk, session: CardSession, pin: Pin, last_try: bool = False) -> Allowed:
    """An enrolled officer who may say whose cards open the records; they open too.

    Raises what signing in and opening raise, RoleMayNot before the PIN.
    """
    found: list[OpenedRing] = []

    def may(session: CardSession) -> None:
        officer = desk.officers[read_card_identity(session)]
        officer.role.demand(Right.RECORDS_CARDS)
        desk.records.admit(session)

    def take(session: CardSession, signed_in: SignIn) -> None:
        stamp = desk.stamp(signed_in.officer)
        found.append(desk.records.authorise(session, signed_in.officer.officer_id, stamp))

    signed_in = _sign_in(desk, session, pin, last_try, take, before=may)
    return Allowed(found[0], desk.stamp(signed_in.officer))


def allow_by_recovery(
    desk: Desk, session: CardSession, pin: Pin, last_try: bool = False
) -> Allowed:
    """The recovery card, in the place of an officer whose card is lost.

    Raises CardNotEnrolled, NotRecoveryCard, and the card's own troubles.
    """
    stamp = Stamp(desk.now(), RECOVERY_ACTOR)
    try:
        # Its certificate may have run out in the safe; its key opens all the same.
        if desk.records.admit(session) is not CardKind.RECOVERY:
            raise NotRecoveryCard
        session.verify_pin(pin, last_try)
        return Allowed(desk.records.authorise(session, "", stamp), stamp)
    finally:
        wipe(pin)


# The second half --------------------------------------------------------------------------


def conclude(
    desk: Desk, begun: Allowed, session: CardSession, pin: Pin, last_try: bool = False
) -> None:
    """The recovery card: with it the records are made, and open.

    Raises AlreadyEnrolled, RecoveryIsOfficers, OtherIssuer, and the card's own troubles.
    """
    _present_recovery(desk, session, pin, last_try)
    desk.records.conclude(begun.opened, session, begun.stamp)


def add_officer(
    desk: Desk, allowed: Allowed, session: CardSession, pin: Pin, last_try: bool = False
) -> ListedCard:
    """Let an officer's card in. Raises what signing in raises, AlreadyEnrolled, OtherIssuer."""
    found: list[EnrolledCard] = []

    def take(session: CardSession, signed_in: SignIn) -> None:
        holder, stamp = signed_in.officer.officer_id, allowed.stamp
        kind = CardKind.OFFICER
        found.append(desk.records.add_card(allowed.opened, session, kind, holder, stamp))

    signed_in = _sign_in(desk, session, pin, last_try, take)
    return ListedCard(found[0], signed_in.officer)


def add_recovery(
    desk: Desk, allowed: Allowed, session: CardSession, pin: Pin, last_try: bool = False
) -> ListedCard:
    """Let another recovery card in. Raises like :func:`conclude`."""
    _present_recovery(desk, session, pin, last_try)
    records, opened = desk.records, allowed.opened
    card = records.add_card(opened, session, CardKind.RECOVERY, "", allowed.stamp)
    return ListedCard(card, None)


def remove(desk: Desk, allowed: Allowed, fingerprint: str) -> EnrolledCard:
    """Take the card out whose fingerprint begins so; the others get another key.

    Raises NoSuchCard, LastOfItsKind, Busy.
    """
    found = [one for one in desk.records.cards() if one.fingerprint.startswith(fingerprint)]
    if len(found) != 1 or not fingerprint:
        raise NoSuchCard()
    desk.records.remove_card(allowed.opened, found[0].fingerprint, allowed.stamp)
    return found[0]


def rotate(desk: Desk, allowed: Allowed) -> None:
    """Another key for the same cards. Raises Busy."""
    desk.records.rotate(allowed.opened, allowed.stamp)


def listed(desk: Desk) -> tuple[ListedCard, ...]:
    """All enrolled cards with their holders; needs no card. Raises the list's troubles."""
    known = {officer.officer_id: officer for officer in desk.officers.values()}
    return tuple(ListedCard(card, known.get(card.holder)) for card in desk.records.cards())


# Steps ------------------------------------------------------------------------------------


def _present_recovery(desk: Desk, session: CardSession, pin: Pin, last_try: bool) -> None:
    """A card that may become a recovery card, its PIN presented."""
    try:
        if _is_officers(desk, session):
            raise RecoveryIsOfficers
        _require_issued(desk, session)
        session.verify_pin(pin, last_try)
    finally:
        wipe(pin)


def _sign_in(
    desk: Desk,
    session: CardSession,
    pin: Pin,
    last_try: bool,
    take: Callable[[CardSession, SignIn], None],
    before: Callable[[CardSession], None] = lambda _session: None,
) -> SignIn:
    def check(session: CardSession) -> None:
        before(session)
        _require_issued(desk, session)

    return officers.sign_in(
        session,
        pin,
        desk.officers,
        desk.post,
        desk.now,
        last_try,
        desk.roots.revocations.check,
        before_pin=check,
        after_pin=take,
    )


def _is_officers(desk: Desk, session: CardSession) -> bool:
    certificate = session.certificate(Slot.AUTHENTICATION)
    return certificate is not None and read_card_identity(session) in desk.officers


def _require_issued(desk: Desk, session: CardSession) -> None:
    """The key management certificate (9D) is in force and comes from whoever issues the
    officers' cards: else anybody's key could be slipped in under a known name."""
    der = session.certificate(Slot.KEY_MANAGEMENT)
    if der is None:
        raise KeyUnusable(slot="9D")
    status = provisioning.slot_status(session, Slot.KEY_MANAGEMENT, desk.roots, desk.now())
    if not status.state.is_usable:
        raise status.trouble or KeyUnusable(slot="9D")
    provisioning.check_chain(der, Slot.KEY_MANAGEMENT, desk.roots, desk.now())

"""The offer: one QR, one phone, one secret that only the applicant knows.

The issuance PIN goes to the service as the second secret and stays nowhere here. The offer
is stored with the case before its QR is shown; a new one ends the old one together with
every credential that was prepared for it. One that ends is kept in mind until the service
knows: a desk that dies in between says so at its next start.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from datetime import timedelta

from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.issuance.case import Act, Case, OfferFacts, State, advance
from desk.issuance.ports import EventKind, OfferEvent, OfferOrder, QrForm
from desk.store import cases, intents, offer_ends
from desk.store.offer_ends import OfferEnd
from desk.trouble import Trouble

_log = logging.getLogger(__name__)

_ID_BYTES = 24
# As the service gives tokens out, counted from the claim; then a phone says nothing more.
_TOKEN_LIFE = timedelta(hours=1)
# Why the service voids an offer of its own accord: what it says goes into the log in no other
# words than these.
_ITS_REASONS = ("tries",)
_REPORTS = (EventKind.ACCEPTED, EventKind.FAILED, EventKind.DELETED)


class NotKept(Trouble):
    """The app on the phone says that it did not keep what it received."""

    code = "OFFER-05"


def place_offer(
    station: Station,
    officer: Officer,
    case: Case,
    tx_code: str,
    configurations: tuple[str, ...] | None = None,
) -> Case:
    """Mint the offer for an approved case: OFFERED. ``configurations`` are those of the
    settings where none are named. Raises NotPossible and the link's troubles; after one
    of these the case stands as before."""
    case = station.touched(officer, case)
    advance(case, Act.OFFER, station.now())
    order = OfferOrder(
        offer_id=secrets.token_urlsafe(_ID_BYTES),
        configurations=configurations or station.settings.enrollment.formats,
        tx_code=tx_code,
        expires_at=station.now() + timedelta(minutes=station.settings.enrollment.offer_minutes),
        qr=QrForm(station.settings.enrollment.qr),
        post=station.post.code,
    )
    end = OfferEnd(order.offer_id, station.actor, "not_shown", order.expires_at + _TOKEN_LIFE)
    with station.store.load() as connection:
        offer_ends.note(connection, end)
    offer = station.link.place_offer(order)
    now = station.now()
    # The service may end it sooner; that it lives longer than was asked is not taken from it.
    ends = min(order.expires_at, offer.expires_at)
    facts = OfferFacts(offer.offer_id, offer.uri, order.configurations, now, ends)
    offered = advance(case, Act.OFFER, now, offer=facts, pin_set_at=now, issued=(), held=None)
    expires_at = ends.isoformat(timespec="seconds")
    with station.store.write() as session:
        cases.save(session, station.stamp(officer), offered, "OFFER.PLACED", expires_at=expires_at)
        offer_ends.settled(session, offer.offer_id)
    return offered


def note_event(station: Station, case: Case, event: OfferEvent) -> Case:
    """What an event of the live offer changes in the case; most only show on the screen."""
    # Read again after a restart, the events of an ended case change nothing any more.
    if case.offer is None or not case.state.is_open:
        return case
    if event.kind is EventKind.FETCHED_AGAIN:
        return _read_again(station, case, event)
    if event.kind is EventKind.VOIDED:
        told = event.facts.get("reason")
        reason = told if told in _ITS_REASONS else "voided"
        return withdraw(station, None, case, str(reason), tell=False)
    if event.kind is EventKind.EXPIRED and case.state is not State.DELIVERED:
        # What a phone has does not end with the way it came, though it asked once more.
        return withdraw(station, None, case, "expired", tell=False)
    return case


def is_foreign(case: Case, event: OfferEvent) -> bool:
    """Whether the service says that the phone has fetched what this case did not issue: that is
    not noted, least of all in the service's words."""
    if event.kind is not EventKind.ANSWERED:
        return False
    foreign = event.facts.get("configuration") not in case.issued_configurations
    if foreign:
        _log.warning("case %s: what the service says was fetched is not of it", case.number)
    return foreign


def _read_again(station: Station, case: Case, event: OfferEvent) -> Case:
    """The same phone may look at the QR twice; another one, or any after the claim, is the
    alarm of a photographed QR. What was delivered meanwhile stays suspended until proven."""
    other = event.facts.get("client") != "same" or bool(event.facts.get("claimed"))
    if case.state is State.DELIVERED or not other:
        return case
    return withdraw(station, None, case, "qr_read_twice", held="qr_read_twice")


def may_still_ask(station: Station, case: Case) -> bool:
    """Whether the phone's token lives: later the service knows nothing of the offer."""
    return case.offer is not None and station.now() <= case.offer.expires_at + _TOKEN_LIFE


def not_kept(station: Station, case: Case) -> NotKept | None:
    """What the phone last said of each thing it received; None where it kept them all, or
    says nothing."""
    if case.offer is None or not may_still_ask(station, case):
        return None
    told = {
        str(event.facts.get("configuration", "")): event.kind
        for event in station.link.events(case.offer.offer_id, 0, 0.0)
        if event.kind in _REPORTS
    }
    return NotKept() if set(told.values()) - {EventKind.ACCEPTED} else None


def withdraw(
    station: Station,
    officer: Officer | None,
    case: Case,
    reason: str,
    *,
    tell: bool = True,
    held: str | None = None,
) -> Case:
    """End the live offer: APPROVED again, prepared credentials void, their indexes INVALID.

    The records come first and decide: a service that cannot be told keeps nobody from
    ending an offer. Its phone gets nothing more, because nobody answers it, and what it has
    never becomes valid; the list goes out with the next publication, and the service hears of
    the end at the next start.
    """
    case = station.touched(officer, case)
    if case.offer is None:
        return case
    until = case.offer.expires_at + _TOKEN_LIFE
    end = OfferEnd(case.offer.offer_id, station.actor, reason, until) if tell else None
    stamp = station.stamp(officer)
    open_again = advance(case, Act.WITHDRAW_OFFER, stamp.at, offer=None, issued=(), held=held)
    with station.store.write() as session:
        for intent in intents.standing(session, case.number):
            intents.void(session, stamp, intent.id, reason)
        cases.save(session, stamp, open_again, "OFFER.WITHDRAWN", reason=reason)
        if end is not None:
            offer_ends.note(session, end)
    # After the records: what is made ready from now on finds no phone awaited there.
    station.ready.forget(case.number)
    try:
        if end is not None:
            _tell(station, end)
        publish_status(station)
    except Trouble as trouble:
        _log.warning("case %s: service not told of the end: %s", case.number, trouble.code)
    return open_again


def tell_ends(station: Station) -> None:
    """Tell the service of the offers that no case counts on: withdrawn while it was silent, or
    placed by a desk that died before anybody saw the QR. Not beside :func:`place_offer`."""
    with station.store.load() as connection:
        offer_ends.forget(connection, station.now())
    with station.store.read() as session:
        ends = offer_ends.due(session, station.actor)
    for end in ends:
        try:
            _tell(station, end)
        except Trouble as trouble:
            # It may not know this one, and know the next.
            _log.warning("service not told of an offer's end: %s", trouble.code)


def _tell(station: Station, end: OfferEnd) -> None:
    station.link.void_offer(end.offer_id, end.reason)
    with station.store.load() as connection:
        offer_ends.settled(connection, end.offer_id)


def release(station: Station, officer: Officer, case: Case, reason: str = "") -> Case:
    """The officer has looked into an alarm and lets the case go on; ``reason`` is what it was,
    as the officer found it."""
    told = reason or case.held or ""
    return station.save(officer, replace(case, held=None), "CASE.RELEASED", reason=told)

"""What a start has to settle before anybody goes on: what a killed desk left half done.

Nothing here asks for a card or a person. Cases of former days expire, and what is
left of a visit that is over goes; the service is told of
offers that no case counts on; what it knows of each live one is noted; an answer that was
signed and may not have left goes out again, as the same bytes. A service that does not answer
keeps nobody from starting: its offers are settled when their page asks again.
"""

from __future__ import annotations

import logging

from desk.counter import intake, offering, proving, signing
from desk.counter.apart import apart
from desk.counter.decided import is_decided
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.issuance.case import Case, CaseKind, State
from desk.store import cases

_log = logging.getLogger(__name__)


def settle(station: Station) -> None:
    """Settle everything that needs no person; what does not settle now is logged, and keeps
    nothing else from it."""
    with apart(_log, "cases of former days are still open"):
        intake.expire_stale(station)
    with apart(_log, "what visits left is still there"):
        intake.wipe_left(station)
    with apart(_log, "the service is not told of offers that ended"):
        offering.tell_ends(station)
    with apart(_log, "cases are not settled"):
        _catch_up_all(station)
    with apart(_log, "status lists are still due"):
        # Also an unchanged list: its signature runs out.
        publish_status(station, even_if_same=True)


def _catch_up_all(station: Station) -> None:
    with station.store.read() as session:
        waiting = [case for case in cases.open_cases(session) if _may_be_cut_off(case)]
    for case in waiting:
        if _is_ours(station, case):
            with apart(_log, f"case {case.number} is not settled"):
                catch_up(station, case)


def conclude_decided(station: Station) -> list[Case]:
    """Finish proofs whose list could not go out until now: the cases that are PROVEN by it."""
    with station.store.read() as session:
        ours = [case for case in cases.open_cases(session) if _is_ours(station, case)]
        decided = [case for case in ours if is_decided(session, case)]
    concluded = []
    for case in decided:
        with apart(_log, f"case {case.number} is still to be proven"):
            known = proving.conclude(station, case)
            if known.state is State.PROVEN:
                concluded.append(known)
    return concluded


def _may_be_cut_off(case: Case) -> bool:
    """Something outside the records goes on with the case, or a proof of it was decided."""
    return case.offer is not None or case.kind is CaseKind.RESUME


def _is_ours(station: Station, case: Case) -> bool:
    """Where desks share the records the others are at work on theirs."""
    here = station.settings.station
    return not station.store.shared or (case.post, case.window) == (here.post, here.window)


def catch_up(station: Station, case: Case) -> Case:
    """Note what happened to the live offer meanwhile, answer what is signed already, and
    finish a proof that was decided."""
    if case.offer is None:
        return proving.conclude(station, case)
    for event in station.link.events(case.offer.offer_id, 0, 0.0):
        case = offering.note_event(station, case, event)
        case = signing.note_delivery(station, None, case, event)
    if case.state in (State.OFFERED, State.SIGNING, State.DELIVERED):
        case = signing.answer_signed(station, case)
    return proving.conclude(station, case)

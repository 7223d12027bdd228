"""Opening a case, what the applicant agrees to, and the ends that issue nothing."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from desk.counter import day_close
from desk.counter.apart import apart
from desk.counter.decided import is_decided
from desk.counter.offering import withdraw
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance import case as cases_of
from desk.issuance.case import Act, Case, Consent, Ending, State, advance
from desk.issuance.roles import Right
from desk.store import cases, consents, sequences
from desk.store.consents import ConsentAnswer
from desk.store.troubles import CaseChanged, StoreTrouble

_log = logging.getLogger(__name__)

CONSENT_VERSION = "2026-07"
PURPOSES = ("passport", "face")
"""What the applicant is asked; the resident number is told, because the law settles it."""
STALE_AFTER = timedelta(hours=20)
"""A case that nobody touched this long has outlived its day and expires."""


def open_case(station: Station, officer: Officer, language: str = "ko") -> Case:
    """A new case with the next number of the post's year.

    Raises RoleMayNot and what :func:`desk.counter.day_close.demand_open` raises.
    """
    demand_may_open(station, officer)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        number = sequences.next_case_number(
            session, station.post.code, station.post.local(stamp.at)
        )
        case = new_case(station, officer, number, stamp.at, language=language)
        cases.add(session, stamp, case)
    return case


def demand_may_open(station: Station, officer: Officer) -> None:
    """Raises RoleMayNot and what :func:`desk.counter.day_close.demand_open` raises."""
    officer.role.demand(Right.PREPARE)
    day_close.demand_open(station)


def new_case(station: Station, officer: Officer, number: str, at: datetime, **facts: Any) -> Case:
    """A case of this window as it begins, with ``facts`` of it."""
    begun = cases_of.open_case(
        number,
        station.post.code,
        station.settings.station.window,
        officer.officer_id,
        officer.name_ko,
        at,
    )
    return replace(begun, **facts)


def record_consent(
    station: Station,
    officer: Officer,
    case: Case,
    answers: dict[str, bool],
    language: str,
    pressed_by: str = "applicant",
) -> Case:
    """Keep every answer, purpose by purpose; the case carries what was agreed to."""
    stamp = station.stamp(officer)
    given = tuple(purpose for purpose, agreed in answers.items() if agreed)
    consent = Consent(given, CONSENT_VERSION, language, stamp.at, pressed_by)
    changed = replace(station.touched(officer, case), consent=consent, language=language)
    with station.store.write() as session:
        consents.record(
            session,
            stamp,
            case.number,
            [
                ConsentAnswer(purpose, CONSENT_VERSION, language, agreed, stamp.at, pressed_by)
                for purpose, agreed in answers.items()
            ],
        )
        cases.save(session, stamp, changed, "CASE.CONSENTED", count=len(given))
    return changed


def keep_language(station: Station, officer: Officer, number: str, language: str) -> Case:
    """What the applicant has touched, kept with the case as it stands by now: an act that is
    under way elsewhere may write it at any moment, and nothing of that is lost."""
    with station.store.write() as session:
        known = station.touched(officer, cases.load(session, number))
        changed = replace(known, language=language)
        cases.save(session, station.stamp(officer), changed, "CASE.LANGUAGE")
    return changed


def refuse(
    station: Station, officer: Officer, case: Case, reason: str, code: str = "", remark: str = ""
) -> Case:
    """REFUSED, with the rule or finding that stands behind it."""
    ending = Ending(reason, code, remark)
    return _end(station, officer, case, Act.REFUSE, ending, "CASE.REFUSED")


def cancel(station: Station, officer: Officer, case: Case, reason: str, remark: str = "") -> Case:
    """CANCELLED: the applicant or the officer ends it; a live offer ends with it."""
    ending = Ending(reason, "", remark)
    return _end(station, officer, case, Act.CANCEL, ending, "CASE.CANCELLED")


def expire_stale(station: Station) -> tuple[Case, ...]:
    """End the cases of former days, so that none hangs for ever (I10); one that cannot end now
    keeps no other from it."""
    with station.store.read() as session:
        waiting = [case for case in cases.open_cases(session) if is_stale(station, case)]
        # A decided resume is PROVEN as soon as its list is out.
        waiting = [one for one in waiting if not is_decided(session, one)]
    ended = []
    for case in waiting:
        # Another desk that shares the records may be ending it as well.
        with apart(_log, f"case {case.number} does not expire"), suppress(CaseChanged):
            ended.append(_end(station, None, case, Act.EXPIRE, Ending("left_open"), "CASE.EXPIRED"))
    return tuple(ended)


def is_stale(station: Station, case: Case) -> bool:
    """Whether the case has outlived its day. What a phone already holds must be proven or ended
    by a person."""
    waits = case.state.is_open and case.state is not State.DELIVERED
    return waits and _last_touched(case) < station.now() - STALE_AFTER


def wipe_left(station: Station) -> None:
    """Destroy what ended cases of former days that nobody closed still have of the visit: it is
    over all the same, and the applicant was told so."""
    with station.store.read() as session:
        left = cases.left_unclosed(session, station.now() - STALE_AFTER)
    for number in left:
        with station.store.write() as session:
            cases.wipe_blobs(session, station.stamp(), number, cases.OF_THE_VISIT)
    if left:
        station.store.checkpoint()


def _last_touched(case: Case) -> datetime:
    return max(step.at for step in case.history)


def _end(
    station: Station, officer: Officer | None, case: Case, act: Act, ending: Ending, event: str
) -> Case:
    case = station.touched(officer, case)
    advance(case, act, station.now())
    if case.offer is not None:
        case = withdraw(station, officer, case, ending.reason)
    now = station.now()
    if act is Act.REFUSE:
        # Closed at the hand-over, with its slip.
        ended = advance(case, act, now, ending=ending, held=None, closed_at=None)
        return station.save(officer, ended, event, reason=ending.reason, code=ending.code)
    # The other ends leave nothing to do.
    ended = advance(case, act, now, ending=ending, held=None, closed_at=now)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        cases.wipe_blobs(session, stamp, case.number, cases.OF_THE_VISIT)
        cases.save(session, stamp, ended, event, reason=ending.reason, code=ending.code)
    with suppress(StoreTrouble):
        # It has ended, whatever keeps the log file from being cut now: the next one does it.
        station.store.checkpoint()
    return ended

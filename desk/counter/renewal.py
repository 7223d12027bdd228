"""Renewing what a person holds: on another phone, or again on the same one.

Both are ordinary cases at the window: passport, register, face, approval by policy. A reissue
then goes to a new phone; in the step in which that phone's credential becomes VALID the former
one becomes INVALID, and until then the former one stays as it was. A resume signs nothing: the
phone shows the suspended credential with its key, and the same status says VALID again.

Suspending and revoking are :mod:`desk.counter.aftercare`'s; what turns VALID together with
what turns INVALID stands in :mod:`desk.counter.proving`.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from desk.counter import intake
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance.case import Case, CaseKind
from desk.issuance.roles import Right
from desk.store import cases, notices, renewals, sequences
from desk.store.renewals import Former
from desk.store.session import Session
from desk.store.status import Validity
from desk.store.troubles import FormerPassport, MustBeRevoked
from desk.trouble import Trouble


class ReissueReason(StrEnum):
    """Why another phone gets it, or the same one once more."""

    NEW_PHONE = "new_phone"
    APP_RESET = "app_reset"
    BOUGHT_AFTER_LOSS = "bought_after_loss"
    NEW_PASSPORT = "new_passport"


INSTEAD = "reissued_instead"
"""Why a resume ended that gave way to a reissue."""


class ResumeReason(StrEnum):
    """Why a suspended credential may be used again."""

    PHONE_FOUND = "phone_found"
    CAUSE_SETTLED = "cause_settled"
    BY_MISTAKE = "by_mistake"


class RenewalTrouble(Trouble):
    """What keeps a credential from being renewed."""


class NothingToRenew(RenewalTrouble):
    """The case gave nothing that still stands. Fact: case."""

    code = "RENEW-01"


class NotSuspended(RenewalTrouble):
    """There is nothing to resume: no credential of the case is suspended. Fact: case."""

    code = "RENEW-02"


class UnderWay(RenewalTrouble):
    """An open case renews the same credential already. Facts: case, window."""

    code = "RENEW-03"


class TechnicallyOver(RenewalTrouble):
    """The credential on the phone has run out; it can only be reissued. Facts: case, date."""

    code = "RENEW-05"


class NeverUsable(RenewalTrouble):
    """The case still waits for its phone's proof: it is gone on with, not renewed. Fact: case."""

    code = "RENEW-06"


def open_reissue(
    station: Station,
    officer: Officer,
    number: str,
    reason: ReissueReason,
    language: str = "ko",
) -> Case:
    """A case that gives another phone what case ``number`` gave.

    Its credential ends when the former one would have, unless that day has passed already.
    Raises the family of :class:`RenewalTrouble`, MustBeRevoked, CaseMissing, RoleMayNot and
    DayTrouble.
    """
    return _open(station, officer, CaseKind.REISSUE, number, reason, language)


def open_resume(
    station: Station,
    officer: Officer,
    number: str,
    reason: ResumeReason,
    language: str = "ko",
) -> Case:
    """A case that makes what case ``number`` gave, and what is suspended, usable again.

    Raises the same, :class:`NotSuspended`, :class:`TechnicallyOver` and FormerPassport.
    """
    return _open(station, officer, CaseKind.RESUME, number, reason, language)


def reissue_instead(station: Station, officer: Officer, case: Case) -> Case:
    """The resume ``case`` turned out to be of a credential that names a former passport: it
    ends, and a case that reissues the credential is opened.

    Raises what :func:`open_reissue` raises, and NotPossible once it has ended.
    """
    if case.kind is not CaseKind.RESUME or case.former is None:
        raise ValueError("only a resume gives way to a reissue")
    intake.cancel(station, officer, case, INSTEAD)
    reason = ReissueReason.NEW_PASSPORT
    return open_reissue(station, officer, case.former, reason, case.language)


def why_not(station: Station, kind: CaseKind, number: str) -> Trouble | None:
    """What keeps case ``number`` from being renewed so now; None where nothing does."""
    with station.store.read() as session:
        try:
            _demand_renewable(station, session, kind, renewals.former(session, number))
        except (RenewalTrouble, FormerPassport, MustBeRevoked) as reason:
            return reason
    return None


def case_under_way(station: Station, number: str) -> Case | None:
    """The open case that renews what ``number`` gave, where there is one."""
    with station.store.read() as session:
        found = renewals.under_way(session, number)
        return cases.load(session, found.number) if found else None


def _open(
    station: Station,
    officer: Officer,
    kind: CaseKind,
    number: str,
    reason: StrEnum,
    language: str,
) -> Case:
    officer.role.demand(Right.AFTER_CARE)
    intake.demand_may_open(station, officer)
    stamp = station.stamp(officer)
    with station.store.write() as session:
        former = renewals.former(session, number)
        # Whoever writes here is alone: two windows cannot both find nothing under way.
        _demand_renewable(station, session, kind, former)
        own = sequences.next_case_number(session, station.post.code, station.post.local(stamp.at))
        case = intake.new_case(
            station,
            officer,
            own,
            stamp.at,
            language=language,
            kind=kind,
            former=number,
            renewal_reason=reason.value,
            expiry_date=_kept_end(station, kind, former),
            issued=former.issued if kind is CaseKind.RESUME else (),
        )
        cases.add(session, stamp, case)
    return case


def _demand_renewable(station: Station, session: Session, kind: CaseKind, former: Former) -> None:
    under_way = renewals.under_way(session, former.number)
    if under_way is not None:
        raise UnderWay(case=under_way.number, window=under_way.window)
    if former.state.is_open:
        raise NeverUsable(case=former.number)
    if not former.entries:
        raise NothingToRenew(case=former.number)
    notices.demand_none_ends(session, former.number)
    if kind is CaseKind.RESUME:
        notices.demand_same_passport(session, former.number)
        _demand_resumable(station, former)


def _demand_resumable(station: Station, former: Former) -> None:
    if not any(one.validity is Validity.SUSPENDED for one in former.entries):
        raise NotSuspended(case=former.number)
    if not former.issued:
        raise NothingToRenew(case=former.number)
    end = min(one.valid_until for one in former.issued)
    if end <= station.now():
        raise TechnicallyOver(case=former.number, date=station.post.local(end).date().isoformat())


def _kept_end(station: Station, kind: CaseKind, former: Former) -> date | None:
    """The day that stays; a reissue after it gets a new one at its review."""
    today = station.post.local(station.now()).date()
    over = former.expires_on is not None and former.expires_on <= today
    return None if kind is CaseKind.REISSUE and over else former.expires_on

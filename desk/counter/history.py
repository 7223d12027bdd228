"""The post's past cases: searched while typing, shown masked, unmasked only with a reason.

What leaves this module is masked: the middle of the Hangul name, all but the first letter of
the given names, month and day of birth, the middle of the passport number, all of the resident
number. :func:`reveal` alone gives the rest, of one case, and the log says who asked and why.
A purged case keeps its number, times, people of the post, slips and how it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance.case import Case, CaseKind, State
from desk.issuance.record import RecordDamaged
from desk.issuance.roles import Right
from desk.store import cases, journal, slips
from desk.store.cases import CaseTrail
from desk.store.history import HistoryIndex, Outcome, PastCase, Wanted
from desk.store.slips import SlipKind
from desk.store.troubles import CaseMissing, CasePurged

PAGE = 11
SHOWN_FOR = timedelta(seconds=30)
MASK = "•"


class RevealReason(StrEnum):
    """Why an officer looks behind the masks."""

    HOLDER_ASKS = "holder_asks"
    LOSS = "loss"
    COMPLAINT = "complaint"
    CORRECTION = "correction"
    INSPECTION = "inspection"


@dataclass(frozen=True)
class Masked:
    """A case as a line of the list. Empty where nothing is known: before a passport was read,
    or after the purge. ``proven`` is False for what is usable without a phone's proof."""

    number: str
    kind: CaseKind
    hangul: str
    latin: str
    birth_date: str
    outcome: Outcome
    reason: str
    proven: bool
    opened_at: datetime
    officer: str
    approver: str
    purged: bool


@dataclass(frozen=True)
class Found:
    """One page of what fits. ``page`` counts from 0; ``seconds`` is how long the search took."""

    lines: tuple[Masked, ...] = ()
    count: int = 0
    of: int = 0
    page: int = 0
    seconds: float = 0.0
    officers: tuple[str, ...] = ()

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // PAGE))


@dataclass(frozen=True)
class Event:
    """A step the case took: ``key`` names it, ``detail`` the sentence about it, or empty."""

    key: str
    at: datetime
    detail: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Detail:
    """One case. ``holding`` is the case whose credential after-care would show, empty where
    there is none; ``readable`` is False where nothing personal is left to show."""

    line: Masked
    passport: str
    resident: str
    events: tuple[Event, ...]
    closed_at: datetime | None
    holding: str

    @property
    def readable(self) -> bool:
        return bool(self.line.latin)


@dataclass(frozen=True)
class Revealed:
    """What stood behind the masks, until ``until``."""

    number: str
    hangul: str = field(repr=False)
    latin: str = field(repr=False)
    birth_date: date = field(repr=False)
    passport: str = field(repr=False)
    resident: str = field(repr=False)
    until: datetime


def search(
    station: Station,
    officer: Officer,
    index: HistoryIndex,
    wanted: Wanted,
    page: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Found:
    """One page of the cases that fit. Raises :class:`~desk.issuance.roles.RoleMayNot`."""
    officer.role.demand(Right.READ_HISTORY)
    index.refresh(station.store)
    began = clock()
    found = index.search(wanted)
    took = clock() - began
    page = min(page, max(0, -(-len(found) // PAGE) - 1))
    return Found(
        lines=tuple(masked(one) for one in found[page * PAGE : (page + 1) * PAGE]),
        count=len(found),
        of=len(index),
        page=page,
        seconds=took,
        officers=tuple(sorted(index.officers())),
    )


def detail(station: Station, officer: Officer, index: HistoryIndex, number: str) -> Detail:
    """One case with the steps it took. Raises RoleMayNot and
    :class:`~desk.store.troubles.CaseMissing`."""
    officer.role.demand(Right.READ_HISTORY)
    index.refresh(station.store)
    past = index.get(number)
    if past is None:
        raise CaseMissing(number, case=number)
    case = _case(station, past)
    document, register = (case.document, case.register) if case else (None, None)
    return Detail(
        line=masked(past),
        passport=masked_passport(document.number) if document else "",
        resident=masked_all(register.resident_number) if register else "",
        events=_events(station, past, case),
        closed_at=past.closed_at,
        holding=past.holder if past.outcome in _WITH_CREDENTIAL else "",
    )


def reveal(station: Station, officer: Officer, number: str, reason: RevealReason) -> Revealed:
    """Everything of one case, for half a minute; the log has who and why before.

    Raises RoleMayNot, CaseMissing and :class:`~desk.store.troubles.CasePurged`.
    """
    officer.role.demand(Right.READ_HISTORY)
    case = station.load(number)
    source = case.register or case.document
    if source is None:
        raise CasePurged(number, case=number)
    with station.store.write() as session:
        stamp = station.stamp(officer)
        journal.append(session, stamp, "HISTORY.REVEALED", number, reason=reason.value)
    return Revealed(
        number=number,
        hangul=case.register.name_hangul if case.register else "",
        latin=f"{source.surname} {source.given_names}".strip(),
        birth_date=source.birth_date,
        passport=case.document.number if case.document else "",
        resident=case.register.resident_number if case.register else "",
        until=stamp.at + SHOWN_FOR,
    )


# Masks ------------------------------------------------------------------------------------


def masked(past: PastCase) -> Masked:
    person = past.person
    return Masked(
        number=past.number,
        kind=past.kind,
        hangul=masked_hangul(person.hangul) if person else "",
        latin=masked_latin(person.surname, person.given_names) if person else "",
        birth_date=f"{person.birth_date.year}-{MASK * 2}-{MASK * 2}" if person else "",
        outcome=past.outcome,
        reason=past.reason,
        proven=past.state is not State.ACTIVATED,
        opened_at=past.opened_at,
        officer=past.officer,
        approver=past.approver,
        purged=past.purged,
    )


def masked_hangul(name: str) -> str:
    """김•늘; of two syllables the second goes, of four both between."""
    if len(name) < 3:
        return name[:1] + MASK * (len(name) - 1)
    return name[0] + MASK * (len(name) - 2) + name[-1]


def masked_latin(surname: str, given_names: str) -> str:
    """KIM H•••••; how long a long name is does not show."""
    given = given_names[:1] + MASK * min(5, max(0, len(given_names) - 1))
    return f"{surname} {given}".strip()


def masked_passport(number: str) -> str:
    """M12••••67."""
    if len(number) < 7:
        return masked_all(number)
    return number[:3] + MASK * (len(number) - 5) + number[-2:]


def masked_all(number: str) -> str:
    return "".join(sign if sign == "-" else MASK for sign in number)


# The steps of one case --------------------------------------------------------------------

_WITH_CREDENTIAL = frozenset(
    {Outcome.NOT_PROVEN, Outcome.USABLE, Outcome.SUSPENDED, Outcome.REVOKED}
)
_KEYS = {
    State.OPENED: "opened",
    State.DOCUMENT_CHECKED: "document",
    State.ELIGIBLE: "eligible",
    State.FACE_CHECKED: "face",
    State.APPROVED: "approved",
    State.OFFERED: "offered",
    State.DELIVERED: "delivered",
    State.PROVEN: "proven",
    State.ACTIVATED: "activated",
    State.REFUSED: "refused",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
}


def _case(station: Station, past: PastCase) -> Case | None:
    with suppress(CasePurged, RecordDamaged):
        return station.load(past.number)
    return None


def _events(station: Station, past: PastCase, case: Case | None) -> tuple[Event, ...]:
    with station.store.read() as session:
        trail = cases.trail(session, past.number)
        printed = [one for one in slips.slips_of(session, past.number) if one.counts]
    steps = {one.state: one for one in trail if one.state in _KEYS}
    found = [_event(one, case, station) for one in steps.values()]
    if past.closed_at is not None:
        given = [one.serial for one in printed if one.kind is not SlipKind.ENROLLMENT]
        told = {"slip": given[-1]} if given else {}
        found.append(Event("closed", past.closed_at, "slip" if given else "", told))
    found += _changes(station, past)
    return tuple(sorted(found, key=lambda one: one.at))


def _event(step: CaseTrail, case: Case | None, station: Station) -> Event:
    key = _KEYS[step.state]
    if case is None:
        who = station.officers.get(step.actor.removeprefix("officer:"))
        told = {"who": who.officer_id} if key == "approved" and who else {}
        return Event(key, step.at, "approved" if told else "", told)
    fact, facts = _DETAILS.get(key, _nothing)(case)
    return Event(key, step.at, fact, facts)


_Told = tuple[str, dict[str, str | int]]


def _nothing(_case: Case) -> _Told:
    return "", {}


def _opened(case: Case) -> _Told:
    if case.consent is None:
        return "", {}
    return f"consent_{case.consent.given_by}", {"n": len(case.consent.purposes)}


def _document(case: Case) -> _Told:
    if case.document is None:
        return "", {}
    return "document", {"result": case.document.overall.value}


def _eligible(case: Case) -> _Told:
    if case.verdict is None:
        return "", {}
    return "eligible", {"n": len(case.verdict.rules), "edition": case.verdict.edition}


def _face(case: Case) -> _Told:
    if case.face is None:
        return "", {}
    told = {"judgement": case.face.judgement.value, "distance": f"{case.face.distance:.2f}"}
    return "face", dict(told)


def _approved(case: Case) -> _Told:
    people = dict.fromkeys(one.officer for one in case.approvals)
    return ("approved", {"who": " ".join(people)}) if people else ("", {})


def _offered(case: Case) -> _Told:
    if case.offer is None:
        return "", {}
    lasts = case.offer.expires_at - case.offer.placed_at
    return "offered", {"n": round(lasts.total_seconds() / 60)}


def _delivered(case: Case) -> _Told:
    return "delivered", {"n": len(case.issued_configurations)}


def _ended(case: Case) -> _Told:
    return "ended", {"reason": case.ending.reason} if case.ending else {}


_DETAILS: Mapping[str, Callable[[Case], _Told]] = {
    "opened": _opened,
    "document": _document,
    "eligible": _eligible,
    "face": _face,
    "approved": _approved,
    "offered": _offered,
    "delivered": _delivered,
    "refused": _ended,
    "cancelled": _ended,
}

_CARE = {
    "CARE.SUSPENDED": "suspended",
    "CARE.SUSPENSION_UNDONE": "undone",
    "CARE.RESUMED": "resumed",
    "CARE.REVOKED": "revoked",
    "CARE.REPLACED": "replaced",
}


def _changes(station: Station, past: PastCase) -> list[Event]:
    """What after-care did with the credential."""
    if past.outcome not in _WITH_CREDENTIAL:
        return []
    with station.store.read() as session:
        told = journal.of_kinds(session, past.number, tuple(_CARE))
    return [
        Event(_CARE[one.kind], one.at, "reason", {"reason": str(one.facts.get("reason") or "")})
        if one.facts.get("reason")
        else Event(_CARE[one.kind], one.at)
        for one in told
    ]

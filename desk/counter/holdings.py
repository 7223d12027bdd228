"""What a person holds: the credentials of one case as they stand, and what may be done now.

A holding is found by name and birth date, as on a loss call, or by its case number. Every
look leaves its event, and the event names a case and no person. What is shown comes from
tables that outlive the purge; only the holder's name goes with it, and of a person found by
name the words looked for stand in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.counter.statuses import is_published_at
from desk.issuance.aftercare import is_over
from desk.issuance.audit import AuditEvent, Fact
from desk.issuance.case import CaseKind, State, last_day
from desk.issuance.roles import Right, RoleMayNot
from desk.store import care, holders, journal, notices, renewals, slips, status
from desk.store.care import KeptAct
from desk.store.holders import Credential, Person
from desk.store.notice_file import NoticeKind
from desk.store.notices import ENDING, MustChange
from desk.store.session import Session
from desk.store.slips import SlipKind
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import CaseMissing

UNDO_FOR = timedelta(minutes=1)
"""So long whoever suspended may take it back, if nothing else happened."""


class Standing(StrEnum):
    """What the credentials of a case are together."""

    USABLE = "usable"
    SUSPENDED = "suspended"
    UNPROVEN = "unproven"
    """Delivered; the phone has not presented it, and it was never usable."""
    IN_PROGRESS = "in_progress"
    """On its way to the phone."""
    REVOKED = "revoked"


class Deed(StrEnum):
    """What may be done with a holding."""

    SUSPEND = "suspend"
    UNDO = "undo"
    RESUME = "resume"
    REISSUE = "reissue"
    ACTIVATE = "activate"
    REVOKE = "revoke"


@dataclass(frozen=True)
class Whose:
    """The holder of a case; ``person`` is None where nobody says any more who it is."""

    number: str
    person: Person | None


@dataclass(frozen=True)
class Moment:
    """Something that happened, by the kind of its event. ``actors`` are officers' identifiers."""

    kind: str
    at: datetime
    actors: tuple[str, ...]
    facts: Mapping[str, Fact]


@dataclass(frozen=True)
class Holding:
    """``person`` is None where nobody says any more whose it is. ``published``: the lists say
    what the records say, where the credentials point to; ``moved``: they point to where lists
    are published no longer. ``valid_until`` is the last day of use, ``expires_on`` that of the
    administrative life. ``reported``: a suspension was asked for and stands. ``why_not`` has a
    word key for each deed that is not possible now; the others are. ``bar`` is the key of what
    keeps it from becoming usable, whoever looks (:func:`bar_in`). ``undo_until``: until then
    the officer who looked may take the suspension back. ``notices``: what was told of the
    holder since, the gravest first, as long as nobody settled it."""

    number: str
    person: Person | None
    state: State
    kind: CaseKind
    former: str | None
    standing: Standing
    credentials: tuple[Credential, ...]
    issued_at: datetime | None
    valid_until: date | None
    slip: str
    moments: tuple[Moment, ...]
    purged: bool
    reported: bool
    published: bool
    asked: KeptAct | None = None
    undo_until: datetime | None = None
    notices: tuple[MustChange, ...] = ()
    moved: bool = False
    expires_on: date | None = None
    bar: str = ""
    why_not: Mapping[Deed, str] = field(default_factory=dict)

    @property
    def whose(self) -> Whose:
        return Whose(self.number, self.person)

    @property
    def configurations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.configuration for one in self.credentials))

    @property
    def keys(self) -> tuple[str, ...]:
        """The phone's keys, each once: a batch has several."""
        return tuple(dict.fromkeys(one.key for one in self.credentials))

    @property
    def standing_slots(self) -> tuple[StatusSlot, ...]:
        return tuple(one.slot for one in self.credentials if one.validity is not Validity.INVALID)

    @property
    def replaced_by(self) -> str | None:
        """The case whose reissue ended these credentials."""
        told = (one for one in self.moments if one.kind == "CARE.REPLACED")
        return next((str(one.facts.get("target")) for one in told), None)

    def may(self, deed: Deed) -> bool:
        return deed not in self.why_not


def find(station: Station, officer: Officer, name: str, birth_date: date) -> tuple[Holding, ...]:
    """What this person holds; where nothing stands, what was revoked. The newest first.

    Raises :class:`~desk.issuance.roles.RoleMayNot`.
    """
    _demand_look(officer)
    with station.store.read() as session:
        people = holders.find(session, name, birth_date)
        found = [
            one
            for number, person in people.items()
            if (one := _held(station, session, officer, number, person)) is not None
        ]
    standing = [one for one in found if one.standing is not Standing.REVOKED]
    chosen = sorted(standing or found, key=lambda one: one.number, reverse=True)
    _note(station, officer, chosen, "name")
    return tuple(chosen)


def holding(
    station: Station, officer: Officer, number: str, person: Person | None = None
) -> Holding:
    """What the case ``number`` gave. ``person`` is whose it is, where somebody knows it
    although the case is purged.

    Raises RoleMayNot, :class:`~desk.store.troubles.CaseMissing` where the case gave nothing.
    """
    _demand_look(officer)
    one = read(station, officer, number, person)
    _note(station, officer, (one,), "number")
    return one


def read(station: Station, officer: Officer, number: str, person: Person | None = None) -> Holding:
    """The same for whoever looks at it already: no new look, no event."""
    with station.store.read() as session:
        return read_in(station, session, officer, number, person)


def read_in(
    station: Station,
    session: Session,
    officer: Officer,
    number: str,
    person: Person | None = None,
) -> Holding:
    """As :func:`read`, in the caller's transaction: what an act is decided upon cannot change
    before it is done."""
    one = _held(station, session, officer, number, person)
    if one is None:
        raise CaseMissing(number, case=number)
    return one


def bar_in(session: Session, number: str) -> str:
    """Why what the case ``number`` delivered may not become usable, with or without a proof: the
    word key of :attr:`Holding.why_not`. Empty where it may, or was usable before."""
    credentials = holders.credentials_of(session, number)
    if not credentials:
        return ""
    case = holders.case_facts(session, number)
    standing = _standing(case.state, credentials)
    return _bar(standing, _against(session, number, case.former, standing))


def look_in(station: Station, session: Session, officer: Officer, number: str) -> Whose:
    """Whose the case is, in the caller's transaction; the look leaves its event."""
    journal.append(session, station.stamp(officer), "CARE.LOOKED", number, source="number")
    return Whose(number, holders.person_of(session, number))


def asked_in(station: Station, session: Session, number: str) -> KeptAct | None:
    """What waits for its second card, while that still counts."""
    asked = care.asked(session, number)
    return asked if asked and not is_over(asked.statement, station.now()) else None


def _demand_look(officer: Officer) -> None:
    if not any(officer.role.may(right) for right in (Right.SUSPEND, Right.READ_HISTORY)):
        raise RoleMayNot(role=officer.role.value, right=Right.SUSPEND.value)


def _note(station: Station, officer: Officer, found: tuple[Holding, ...] | list[Holding],
          by: str) -> None:  # fmt: skip
    with station.store.write() as session:
        stamp = station.stamp(officer)
        for one in found:
            journal.append(session, stamp, "CARE.LOOKED", one.number, source=by)
        if not found:
            journal.append(session, stamp, "CARE.NOT_FOUND", source=by)


# Reading one holding


def _held(
    station: Station, session: Session, officer: Officer, number: str, person: Person | None
) -> Holding | None:
    credentials = holders.credentials_of(session, number)
    if not credentials:
        return None
    case = holders.case_facts(session, number)
    events = journal.of_kinds(session, number, _TOLD)
    standing = _standing(case.state, credentials)
    known = holders.person_of(session, number)
    due = set(status.due_lists(session))
    reported = care.is_reported(session, number)
    undo_until = _undo_until(station, session, officer, number) if reported else None
    against = _against(session, number, case.former, standing)
    moved = any(_is_moved(station, one) for one in credentials)
    ends = [one.valid_until for one in credentials if one.valid_until is not None]
    return Holding(
        number=number,
        person=known or person,
        state=case.state,
        kind=case.kind,
        former=case.former,
        standing=standing,
        credentials=credentials,
        issued_at=case.delivered_at or credentials[0].signed_at,
        valid_until=last_day(case.expires_on, ends, station.post.zone),
        slip=_slip(session, number),
        moments=_moments(events),
        purged=case.purged,
        reported=reported,
        published=not due & {one.slot.list_name for one in credentials} and not moved,
        moved=moved,
        expires_on=case.expires_on,
        asked=asked_in(station, session, number),
        undo_until=undo_until,
        notices=tuple(sorted(notices.of_case(session, number), key=_gravity)),
        bar=_bar(standing, against),
        why_not=_why_not(officer, undo_until, against),
    )


def _is_moved(station: Station, one: Credential) -> bool:
    """Its list is no longer published where the credential says. Only a storage is asked for
    its addresses: the service may be away, and nobody who reports a loss waits for it."""
    storage = station.status_storage
    if storage is None or one.status_uri is None:
        return False
    return not is_published_at(storage, one.slot.list_name, one.status_uri)


def _standing(state: State, credentials: tuple[Credential, ...]) -> Standing:
    validities = {one.validity for one in credentials}
    if validities == {Validity.INVALID}:
        return Standing.REVOKED
    if Validity.VALID in validities:
        return Standing.USABLE
    if state is State.DELIVERED:
        return Standing.UNPROVEN
    return Standing.IN_PROGRESS if state.is_open else Standing.SUSPENDED


def _slip(session: Session, number: str) -> str:
    """The sheet that the holder took home."""
    kept = [one for one in slips.slips_of(session, number) if one.counts]
    given = [one.serial for one in kept if one.kind is SlipKind.HANDOVER]
    return (given or [one.serial for one in kept] or [""])[-1]


# The last of each is told; what has no line here is no event of the credential's life.
_ONCE = ("DOCUMENT.CHECKED", "FACE.JUDGED", "CASE.APPROVED")
_ALWAYS = (
    "PROOF.GIVEN",
    "PROOF.POSTPONED",
    "CARE.SUSPENDED",
    "CARE.SUSPENSION_UNDONE",
    "CARE.RESUMED",
    "CARE.ACTIVATED",
    "CARE.REVOKED",
    "CARE.REPLACED",
)
_DELIVERED, _PREPARED = "CASE.ANSWERED", "CASE.PREPARED"
_TOLD = (*_ONCE, *_ALWAYS, _DELIVERED, _PREPARED)


def _moments(events: tuple[AuditEvent, ...]) -> tuple[Moment, ...]:
    """What the credential went through, the newest first."""
    found: list[AuditEvent] = []
    for event in events:
        if event.kind in _ONCE:
            found = [one for one in found if one.kind != event.kind]
        if event.kind in (*_ONCE, *_ALWAYS) or _is_delivery(event):
            found.append(event)
    prepared = [event.actor for event in events if event.kind == _PREPARED][-1:]
    return tuple(_moment(event, prepared) for event in reversed(found))


def _is_delivery(event: AuditEvent) -> bool:
    return event.kind == _DELIVERED and event.facts.get("state") == State.DELIVERED.value


def _moment(event: AuditEvent, prepared: list[str]) -> Moment:
    actors = [*prepared, event.actor] if event.kind == "CASE.APPROVED" else [event.actor]
    people = [one.removeprefix("officer:") for one in actors if one.startswith("officer:")]
    return Moment(event.kind, event.at, tuple(dict.fromkeys(people)), event.facts)


# What may be done


def _undo_until(
    station: Station, session: Session, officer: Officer, number: str
) -> datetime | None:
    """Until when this officer may take the suspension back; None where that is over, or
    something happened since."""
    last = journal.newest_but(session, number, ("CARE.LOOKED", status.CHANGED))
    if last is None or last.kind != care.SUSPENDED:
        return None
    if last.actor != f"officer:{officer.officer_id}":
        return None
    until = last.at + UNDO_FOR
    return until if station.now() < until else None


_WHY: Mapping[Standing, Mapping[Deed, str]] = {
    Standing.USABLE: {Deed.RESUME: "is_usable", Deed.ACTIVATE: "is_usable"},
    Standing.SUSPENDED: {Deed.SUSPEND: "is_suspended", Deed.ACTIVATE: "is_suspended"},
    Standing.UNPROVEN: {Deed.RESUME: "not_proven", Deed.REISSUE: "not_proven"},
    Standing.IN_PROGRESS: {deed: "in_progress" for deed in Deed},
    Standing.REVOKED: {deed: "is_revoked" for deed in Deed},
}


_GRAVITY = (NoticeKind.DIED, NoticeKind.DELETED, NoticeKind.NEW_PASSPORT, NoticeKind.MISSING)


def _gravity(notice: MustChange) -> int:
    return _GRAVITY.index(notice.kind)


def _forbidden(told: Iterable[MustChange]) -> dict[Deed, str]:
    """What a notice leaves no way to: nothing becomes usable again that must be revoked, and
    no credential that names a former passport."""
    kinds = {one.kind for one in told}
    if kinds & ENDING:
        return dict.fromkeys((Deed.RESUME, Deed.REISSUE, Deed.ACTIVATE), "must_revoke")
    if NoticeKind.NEW_PASSPORT in kinds:
        return dict.fromkeys((Deed.RESUME, Deed.ACTIVATE), "new_passport")
    return {}


def _against(
    session: Session, number: str, former: str | None, standing: Standing
) -> dict[Deed, str]:
    """What keeps each deed from being done, whoever asks."""
    why = {**_forbidden(notices.of_case(session, number)), **_WHY[standing]}
    if standing is not Standing.UNPROVEN:
        return why
    if renewals.others_held(session, number, former) and why.get(Deed.ACTIVATE) != "must_revoke":
        why[Deed.ACTIVATE] = "held_elsewhere"
    if care.is_reported(session, number):
        why |= {Deed.SUSPEND: "is_reported", Deed.ACTIVATE: "is_reported"}
    return why


def _bar(standing: Standing, against: Mapping[Deed, str]) -> str:
    """What was usable once is resumed, or is on its way. A former passport keeps officers from
    making it usable, not the phone that shows it: it is changed afterwards, as what is usable."""
    never = standing in (Standing.UNPROVEN, Standing.REVOKED)
    why = against.get(Deed.ACTIVATE, "") if never else ""
    return "" if why == "new_passport" else why


def _why_not(
    officer: Officer, undo_until: datetime | None, against: Mapping[Deed, str]
) -> dict[Deed, str]:
    why = dict(against)
    if undo_until is None:
        why[Deed.UNDO] = "undo_over"
    if not officer.role.may(Right.SUSPEND):
        why |= dict.fromkeys((Deed.SUSPEND, Deed.UNDO), "role")
    if not officer.role.may(Right.AFTER_CARE):
        why |= dict.fromkeys((Deed.RESUME, Deed.REISSUE, Deed.ACTIVATE, Deed.REVOKE), "role")
    return why

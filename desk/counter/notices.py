"""What must change, as the counter sees it: masked, each line with what is to be done.

Nothing is changed here by itself: a line leads to after-care, where an officer revokes or
issues again, or it is set aside with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from desk.counter import history, holdings
from desk.counter.holdings import Whose
from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance.aftercare import CareAct, SetAside
from desk.issuance.case import Case
from desk.issuance.roles import Right
from desk.store import notices as kept
from desk.store import register
from desk.store.care import KeptAct
from desk.store.notice_file import NoticeKind, read_notices
from desk.store.notices import MustChange, NoSuchNotice, Paper, Source, Taken
from desk.store.session import Session
from desk.store.status import Validity
from desk.trouble import Trouble


class TakesTwoCards(Trouble):
    """That somebody died is set aside by two persons' cards
    (:mod:`desk.counter.aftercare`), never by one officer. Fact: case."""

    code = "NOTICE-05"


class Due(StrEnum):
    """What an officer has to do about it."""

    REVOKE = "revoke"
    REISSUE = "reissue"
    LOOK = "look"


DUE = {
    NoticeKind.DELETED: Due.REVOKE,
    NoticeKind.DIED: Due.REVOKE,
    NoticeKind.NEW_PASSPORT: Due.REISSUE,
    NoticeKind.MISSING: Due.LOOK,
}


@dataclass(frozen=True)
class Line:
    """One credential that must change. Names are masked, and empty after the purge.
    ``ended_by`` are officers' identifiers. ``asked``: one card has signed that it be set
    aside, another is awaited."""

    number: str
    kind: NoticeKind
    due: Due
    source: Source
    effective_on: date | None
    document: str
    noted_at: datetime
    issued_at: datetime
    validity: Validity
    hangul: str
    latin: str
    ended_at: datetime | None
    ended_by: tuple[str, ...]
    end_reason: str
    asked: KeptAct | None = None

    @property
    def takes_two_cards(self) -> bool:
        """Whether one officer alone may not set it aside."""
        return self.kind is NoticeKind.DIED


@dataclass(frozen=True)
class Listing:
    """``register_as_of`` is when the extract was true that was compared last."""

    standing: tuple[Line, ...] = ()
    aside: tuple[Line, ...] = ()
    register_as_of: datetime | None = None


def listing(station: Station, officer: Officer) -> Listing:
    """Raises :class:`~desk.issuance.roles.RoleMayNot`."""
    officer.role.demand(Right.READ_HISTORY)
    with station.store.read() as session:
        extract = register.state(session)
        return Listing(
            standing=tuple(_line(one, station, session) for one in kept.standing(session)),
            aside=tuple(_line(one, station, session) for one in kept.set_aside(session)),
            register_as_of=extract.as_of if extract else None,
        )


def count(station: Station) -> int:
    """How many credentials must change now. Tells of nobody."""
    with station.store.read() as session:
        return len(kept.standing(session))


def put_aside(
    station: Station, officer: Officer, number: str, kind: NoticeKind, reason: SetAside
) -> Listing:
    """This credential stays as it is; the log says who said so and why.

    Raises RoleMayNot, :class:`TakesTwoCards` and :class:`~desk.store.notices.NoSuchNotice`.
    """
    officer.role.demand(Right.AFTER_CARE)
    if kind is NoticeKind.DIED:
        raise TakesTwoCards(case=number)
    with station.store.write() as session:
        kept.put_aside(session, station.stamp(officer), number, kind, reason)
    return listing(station, officer)


AT_THE_WINDOW = (SetAside.OTHER_PERSON, SetAside.NOTICE_WRONG, SetAside.SETTLED_ELSEWHERE)
"""Why a notice does not hold against the applicant who stands there."""


def against(station: Station, case: Case) -> tuple[Paper, ...]:
    """What files told of this applicant that the register's extract does not know, and that
    stands in the way of an issuing."""
    if case.register is None:
        return ()
    with station.store.read() as session:
        return kept.against(session, case.register)


def put_aside_at_window(station: Station, officer: Officer, case: Case, reason: SetAside) -> None:
    """What was told of this applicant is wrong, or of somebody else: it stands in nobody's way
    any more; the log says who said so, why, and in which case. The rules are asked anew by
    the caller.

    Raises RoleMayNot, :class:`TakesTwoCards` and :class:`~desk.store.notices.NoSuchNotice`.
    """
    officer.role.demand(Right.AFTER_CARE)
    with station.store.write() as session:
        if case.register is None:
            raise NoSuchNotice(case=case.number)
        if kept.death_papers(session, case.number):
            raise TakesTwoCards(case=case.number)
        stamp = station.stamp(officer)
        kept.put_aside_against(session, stamp, case.register, case.number, reason)


def take_file(station: Station, officer: Officer, path: Path) -> Taken:
    """Take the notices of a file. Raises RoleMayNot and the family of
    :class:`~desk.store.notice_file.NoticesRefused`."""
    officer.role.demand(Right.AFTER_CARE)
    stamp = station.stamp(officer)
    # East of Greenwich a day may already be one that UTC has not reached.
    told, sha256 = read_notices(path, stamp.at.date() + timedelta(days=1))
    with station.store.write() as session:
        return kept.take(session, stamp, told, sha256)


def death_of(station: Station, officer: Officer, number: str) -> tuple[Whose, KeptAct | None]:
    """Of whom it was told that they died, for two cards to set it aside, and the statement
    that one card has signed already. A look, like that of after-care.

    Raises RoleMayNot and :class:`~desk.store.notices.NoSuchNotice`.
    """
    officer.role.demand(Right.AFTER_CARE)
    with station.store.write() as session:
        if not kept.death_papers(session, number):
            raise NoSuchNotice(case=number, kind=NoticeKind.DIED.value)
        whose = holdings.look_in(station, session, officer, number)
        return whose, _asked(station, session, number)


def _asked(station: Station, session: Session, number: str) -> KeptAct | None:
    asked = holdings.asked_in(station, session, number)
    return asked if asked and asked.statement.act is CareAct.SET_ASIDE else None


def _line(one: MustChange, station: Station, session: Session) -> Line:
    waits = one.kind is NoticeKind.DIED and one.ended_at is None
    person = one.person or {}
    latin = history.masked_latin(person.get("surname", ""), person.get("given_names", ""))
    return Line(
        number=one.case_number,
        kind=one.kind,
        due=DUE[one.kind],
        source=one.source,
        effective_on=one.effective_on,
        document=one.document,
        noted_at=one.noted_at,
        issued_at=one.issued_at,
        validity=one.validity,
        hangul=history.masked_hangul(person.get("hangul", "")),
        latin=latin,
        ended_at=one.ended_at,
        ended_by=tuple(one.ended_by.removeprefix("officer:").split("+")) if one.ended_by else (),
        end_reason=one.end_reason,
        asked=_asked(station, session, one.case_number) if waits else None,
    )

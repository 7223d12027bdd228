"""Credentials that must change: what was told of their holders after the issuing.

Told by a file of notices (:mod:`desk.store.notice_file`), or found by comparing an imported
extract of the register with the credentials that stand. People are known by keyed digests
only, so that a case is found also when its record is gone. Nothing is ever taken off the list
because somebody looked: a line goes when the credential is INVALID, when an officer sets it
aside with a reason, or when the next extract says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from desk.issuance.aftercare import SetAside
from desk.issuance.case import ENDS, RegisterFacts
from desk.store import cases, journal
from desk.store.journal import Stamp
from desk.store.models import CaseRow, NoticeRow, StatusEntryRow
from desk.store.notice_file import Notice, NoticeKind
from desk.store.register_file import STRUCK_OFF, Entry
from desk.store.status import Validity
from desk.store.troubles import CasePurged, FormerPassport, MustBeRevoked
from desk.trouble import Trouble

ENDING = frozenset({NoticeKind.DELETED, NoticeKind.DIED})
"""What leaves nothing to do but to revoke."""
WITHDRAWN = "withdrawn"
"""The end of what a later extract no longer shows."""


class NoSuchNotice(Trouble):
    """Nothing of this kind stands for the case: it was settled meanwhile. Facts: case, kind."""

    code = "NOTICE-04"


class Source(StrEnum):
    REGISTER = "register"
    FILE = "file"


@dataclass(frozen=True)
class MustChange:
    """One credential and why it must change. ``document`` is the number of the paper, empty
    where the register told; ``person`` what a search knows of the holder, None after the
    purge. ``ended_at`` and what follows are set for a line that was set aside; ``ended_by`` is
    the actor, of two officers both identifiers with a + between them."""

    case_number: str
    kind: NoticeKind
    source: Source
    effective_on: date | None
    document: str
    noted_at: datetime
    issued_at: datetime
    validity: Validity
    person: dict[str, str] | None
    ended_at: datetime | None = None
    ended_by: str = ""
    end_reason: str = ""


@dataclass(frozen=True)
class Paper:
    """What was told of somebody, by the number of the paper that says so."""

    kind: NoticeKind
    effective_on: date | None
    document: str


@dataclass(frozen=True)
class Taken:
    """What a file brought: notices never seen before, and such as were known already."""

    new: int
    known: int


@dataclass(frozen=True)
class Compared:
    """What an extract says of the credentials that stand: how many were looked for, how many
    lines are new and withdrawn, and how many passports could not be compared because nobody
    kept a digest of theirs."""

    looked_for: int
    new: int
    withdrawn: int
    unknown_passports: int


def take(session: Session, stamp: Stamp, notices: Iterable[Notice], sha256: str) -> Taken:
    """Keep the notices of a file; one that is known changes nothing, also when it was set
    aside since."""
    secret, new, known = cases.pepper(session), 0, 0
    for notice in notices:
        holder = cases.keyed_digest(secret, notice.overseas_number)
        if _is_known(session, notice, holder):
            known += 1
            continue
        new += 1
        row = NoticeRow(
            kind=notice.kind.value,
            source=Source.FILE.value,
            holder=holder,
            effective_on=notice.effective_on,
            document=notice.document,
            passport=cases.passport_digest_under(secret, notice.passport_number),
            sha256=sha256,
            noted_at=stamp.at,
        )
        session.add(row)
        session.flush()
    journal.append(
        session, stamp, "NOTICES.IMPORTED", entries=new + known, count=new, sha256=sha256
    )
    return Taken(new, known)


def overlaid(session: Session, found: Iterable[RegisterFacts]) -> tuple[RegisterFacts, ...]:
    """Entries of the extract as they stand with what was told since it was true: whoever was
    struck off or died by a notice that is younger counts as struck off, by that paper. The
    living first, as before."""
    entries = [_overlaid(session, entry) for entry in found]
    return tuple(sorted(entries, key=lambda entry: entry.status == STRUCK_OFF))


def _overlaid(session: Session, entry: RegisterFacts) -> RegisterFacts:
    if entry.status == STRUCK_OFF:
        return entry
    against = _against(session, entry)
    if not against:
        return entry
    since, paper = against[0].effective_on, against[0].document
    return replace(entry, status=STRUCK_OFF, status_date=since, status_reason=paper)


def _against(session: Session, entry: RegisterFacts) -> list[NoticeRow]:
    """What files told of this holder since the extract was true, the newest first. A death
    stands against a younger extract as well, for one person alone may import that: two end
    it."""
    newer = NoticeRow.noted_at > entry.as_of
    query = select(NoticeRow).where(
        NoticeRow.holder == cases.holder_digest(session, entry.overseas_number),
        NoticeRow.source == Source.FILE,
        NoticeRow.kind.in_(ENDING),
        or_(NoticeRow.kind == NoticeKind.DIED, newer),
        NoticeRow.ended_at.is_(None),
    )
    return list(session.scalars(query.order_by(NoticeRow.noted_at.desc())))


def against(session: Session, entry: RegisterFacts) -> tuple[Paper, ...]:
    """The papers by which this holder counts as struck off although the extract that
    ``entry`` is of says otherwise, the newest first."""
    return tuple(
        Paper(NoticeKind(one.kind), one.effective_on, one.document)
        for one in _against(session, entry)
    )


def put_aside_against(
    session: Session,
    stamp: Stamp,
    entry: RegisterFacts,
    case_number: str,
    reason: SetAside,
    officers: Sequence[str] = (),
) -> None:
    """Whoever stands at the window with case ``case_number`` is not whom these papers mean, or
    they are wrong. Raises :class:`NoSuchNotice`."""
    found = _against(session, entry)
    if not found:
        raise NoSuchNotice(case=case_number, kind=NoticeKind.DELETED.value)
    for one in found:
        _end(one, stamp, reason.value, officers)
        facts = {"kind": one.kind, "reason": reason.value}
        journal.append(session, stamp, "NOTICE.SET_ASIDE", case_number, **facts)
    session.flush()


def standing(session: Session) -> tuple[MustChange, ...]:
    """The credentials that must change now, those told first at the top: one line for each
    case and kind."""
    return _listed(session, NoticeRow.ended_at.is_(None))


def of_case(session: Session, case_number: str) -> tuple[MustChange, ...]:
    """The same of one case, as long as its credential stands."""
    return _listed(session, and_(NoticeRow.ended_at.is_(None), CaseRow.number == case_number))


def demand_none_ends(session: Session, case_number: str) -> None:
    """Before the credential of this case becomes usable or is renewed. Raises
    :class:`MustBeRevoked` where its holder was struck off or died."""
    for one in of_case(session, case_number):
        if one.kind in ENDING:
            raise MustBeRevoked(case_number, case=case_number, kind=one.kind.value)


def demand_same_passport(session: Session, case_number: str) -> None:
    """Raises :class:`FormerPassport` where another passport was told of the holder."""
    for one in of_case(session, case_number):
        if one.kind is NoticeKind.NEW_PASSPORT:
            raise FormerPassport(case_number, case=case_number)


def set_aside(session: Session) -> tuple[MustChange, ...]:
    """What officers set aside of credentials that still stand, the newest last."""
    aside = and_(NoticeRow.ended_at.is_not(None), NoticeRow.end_reason != WITHDRAWN)
    return _listed(session, aside)


def put_aside(
    session: Session,
    stamp: Stamp,
    case_number: str,
    kind: NoticeKind,
    reason: SetAside,
    officers: Sequence[str] = (),
) -> None:
    """This credential stays as it is; ``officers`` where more than the stamp's signed for it.
    Raises :class:`NoSuchNotice`."""
    found = _standing_of(session, case_number, kind)
    if not found:
        raise NoSuchNotice(case=case_number, kind=kind.value)
    for notice in found:
        _end(notice, stamp, reason.value, officers)
    session.flush()
    journal.append(
        session, stamp, "NOTICE.SET_ASIDE", case_number, kind=kind.value, reason=reason.value
    )


def _standing_of(session: Session, case_number: str, kind: NoticeKind) -> list[NoticeRow]:
    """The notices of this kind that concern the credential of this case."""
    return [
        notice
        for notice, case, _issued, _validity in _matches(session, NoticeRow.ended_at.is_(None))
        if case.number == case_number and notice.kind == kind
    ]


def death_papers(session: Session, case_number: str) -> tuple[str, ...]:
    """The papers that would be set aside with a death told of the holder of this case: those
    of its credential, or, where it has none yet, all that stand in the applicant's way. Empty
    where no death was told. Raises CaseMissing."""
    found = _standing_of(session, case_number, NoticeKind.DIED)
    if not found:
        entry = _applicant(session, case_number)
        found = _against(session, entry) if entry else []
    died = any(one.kind == NoticeKind.DIED for one in found)
    return tuple(sorted({one.document for one in found})) if died else ()


def put_death_aside(
    session: Session, stamp: Stamp, case_number: str, reason: SetAside, officers: Sequence[str]
) -> None:
    """What :func:`death_papers` names stands in nobody's way any more; ``officers`` are the two
    who signed for it. Raises :class:`NoSuchNotice`."""
    if _standing_of(session, case_number, NoticeKind.DIED):
        put_aside(session, stamp, case_number, NoticeKind.DIED, reason, officers)
        return
    entry = _applicant(session, case_number)
    if entry is None:
        raise NoSuchNotice(case=case_number, kind=NoticeKind.DIED.value)
    put_aside_against(session, stamp, entry, case_number, reason, officers)


def _applicant(session: Session, case_number: str) -> RegisterFacts | None:
    """Whom an open case is for, as the register has them."""
    with suppress(CasePurged):
        case = cases.load(session, case_number)
        return case.register if case.state not in ENDS else None
    return None


# Comparing an extract ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """What an extract says of one holder."""

    struck_off: bool
    since: date | None
    passport: str | None


class RegisterWatch:
    """Sees every line of an extract while it is loaded, and keeps what concerns a holder."""

    def __init__(self, session: Session) -> None:
        self._secret = cases.pepper(session)
        self.holders = frozenset(row.holder for row in _candidates(session))
        self.seen: dict[str, _Seen] = {}

    def see(self, lines: Iterable[Entry]) -> None:
        if not self.holders:
            return
        secret, holders = self._secret, self.holders
        for line in lines:
            holder = cases.keyed_digest(secret, line.overseas_number)
            if holder in holders:
                self.seen[holder] = _Seen(
                    line.status == STRUCK_OFF,
                    line.status_date,
                    cases.passport_digest_under(secret, line.passport_number),
                )


def compare(session: Session, stamp: Stamp, watch: RegisterWatch, sha256: str) -> Compared:
    """Write down what the extract that ``watch`` saw says of the credentials that stand.

    A holder who came in between is compared at the next import: that case was decided with
    the extract before.
    """
    looked_for = new = withdrawn = unknown = 0
    for case in _candidates(session):
        if case.holder not in watch.holders:
            continue
        looked_for += 1
        unknown += case.document is None
        found = _finding(case, watch.seen.get(case.holder))
        kept = _settle(session, stamp, case, found)
        withdrawn += kept.withdrawn
        if found is not None and not kept.stands:
            new += 1
            kind, since, passport = found
            session.add(
                NoticeRow(
                    kind=kind.value,
                    source=Source.REGISTER.value,
                    holder=case.holder,
                    case_number=case.number,
                    effective_on=since,
                    document="",
                    passport=passport,
                    sha256=sha256,
                    noted_at=stamp.at,
                )
            )
    session.flush()
    if looked_for:
        journal.append(
            session, stamp, "REGISTER.COMPARED", entries=looked_for, count=new, removed=withdrawn
        )
    return Compared(looked_for, new, withdrawn, unknown)


_Found = tuple[NoticeKind, date | None, str | None]


@dataclass(frozen=True)
class _Kept:
    stands: bool
    withdrawn: int


def _candidates(session: Session) -> list[Row[Any]]:
    """Cases with a credential that is not ended, or that may still get one."""
    query = select(CaseRow.number, CaseRow.holder, CaseRow.document, CaseRow.register_document)
    open_still = CaseRow.state.not_in([state.value for state in ENDS])
    return list(
        session.execute(
            query.where(CaseRow.holder.is_not(None), or_(open_still, _stands())).order_by(
                CaseRow.number
            )
        )
    )


def _stands() -> Any:
    """The case has a credential that is not ended."""
    return CaseRow.number.in_(
        select(StatusEntryRow.case_number).where(StatusEntryRow.validity != Validity.INVALID)
    )


def _finding(case: Row[Any], seen: _Seen | None) -> _Found | None:
    if seen is None:
        return NoticeKind.MISSING, None, None
    if seen.struck_off:
        return NoticeKind.DELETED, seen.since, None
    if case.document is None or seen.passport in (None, case.document):
        return None
    # The register may have had another number already when the credential was approved.
    if seen.passport == case.register_document:
        return None
    return NoticeKind.NEW_PASSPORT, None, seen.passport


def _settle(session: Session, stamp: Stamp, case: Row[Any], found: _Found | None) -> _Kept:
    """End what the register no longer says of this case; whether ``found`` stands already,
    or was set aside for the very same reason."""
    query = select(NoticeRow).where(
        NoticeRow.case_number == case.number, NoticeRow.source == Source.REGISTER
    )
    stands, withdrawn = False, 0
    for row in session.scalars(query):
        same = found == (NoticeKind(row.kind), row.effective_on, row.passport)
        if same and row.end_reason != WITHDRAWN:
            stands = True
        elif row.ended_at is None:
            _end(row, stamp, WITHDRAWN)
            withdrawn += 1
    return _Kept(stands, withdrawn)


# Looking ----------------------------------------------------------------------------------


def _is_known(session: Session, notice: Notice, holder: str) -> bool:
    query = select(NoticeRow.id).where(
        NoticeRow.holder == holder,
        NoticeRow.source == Source.FILE,
        NoticeRow.kind == notice.kind,
        NoticeRow.effective_on == notice.effective_on,
        NoticeRow.document == notice.document,
    )
    return session.scalar(query.limit(1)) is not None


def _listed(session: Session, which: Any) -> tuple[MustChange, ...]:
    lines: dict[tuple[str, str], MustChange] = {}
    for notice, case, issued_at, validity in _matches(session, which):
        key = (case.number, notice.kind)
        line = _line(notice, case, issued_at, validity)
        # A paper says more than the register, which follows it.
        if key not in lines or lines[key].source is not Source.FILE:
            lines[key] = line
    return tuple(sorted(lines.values(), key=lambda one: (one.noted_at, one.case_number)))


def _matches(
    session: Session, which: Any
) -> Iterator[tuple[NoticeRow, CaseRow, datetime, Validity]]:
    """Notices with the cases they are of and whose credentials stand."""
    of_it = or_(NoticeRow.case_number.is_(None), NoticeRow.case_number == CaseRow.number)
    query = (
        select(NoticeRow, CaseRow)
        .join(CaseRow, and_(CaseRow.holder == NoticeRow.holder, of_it))
        .where(which, _stands())
        .order_by(NoticeRow.noted_at, NoticeRow.id)
    )
    for notice, case in session.execute(query):
        if _concerns(notice, case):
            issued_at, validity = _entry(session, case.number)
            yield notice, case, issued_at, validity


def _concerns(notice: NoticeRow, case: CaseRow) -> bool:
    """Whether the credential of ``case`` is older than what the notice says. Who was struck off
    by a paper and registered again got it upon an extract that is younger (:func:`_against`)."""
    if notice.source == Source.REGISTER:
        return True
    if notice.kind == NoticeKind.DELETED:
        return notice.noted_at > _decided_upon(case)
    if notice.kind != NoticeKind.NEW_PASSPORT:
        return True
    if notice.passport is not None and case.document is not None:
        return notice.passport != case.document
    return notice.effective_on is None or case.opened_at.date() <= notice.effective_on


def _decided_upon(case: CaseRow) -> datetime:
    """Until when whatever a paper said of the holder was known to the extract that the case was
    decided upon. The purge takes that with the record: what was told before the case was opened
    did not stand in its way, or there would be no credential."""
    entry = (case.record or {}).get("register")
    return datetime.fromisoformat(entry["as_of"]) if entry else case.opened_at


def _entry(session: Session, case_number: str) -> tuple[datetime, Validity]:
    """When the standing credential got its place on the list, and what that says."""
    query = select(StatusEntryRow.allocated_at, StatusEntryRow.validity).where(
        StatusEntryRow.case_number == case_number, StatusEntryRow.validity != Validity.INVALID
    )
    found = session.execute(query.order_by(StatusEntryRow.allocated_at)).all()
    valid = [row for row in found if row.validity == Validity.VALID]
    return found[0].allocated_at, Validity((valid or found)[0].validity)


def _line(notice: NoticeRow, case: CaseRow, issued_at: datetime, validity: Validity) -> MustChange:
    return MustChange(
        case_number=case.number,
        kind=NoticeKind(notice.kind),
        source=Source(notice.source),
        effective_on=notice.effective_on,
        document=notice.document,
        noted_at=notice.noted_at,
        issued_at=issued_at,
        validity=validity,
        person=case.person,
        ended_at=notice.ended_at,
        ended_by=notice.ended_by or "",
        end_reason=notice.end_reason or "",
    )


def _end(row: NoticeRow, stamp: Stamp, reason: str, officers: Sequence[str] = ()) -> None:
    by = f"officer:{'+'.join(officers)}" if officers else stamp.actor
    row.ended_at, row.ended_by, row.end_reason = stamp.at, by, reason

"""All cases of the records as one index to search: what each was, how it ended, how it stands.

The index lies in memory, made once from a few columns and afterwards brought up to date by
the log: every change of a case has its event there, of this desk or of another one that shares
the records. Names and birth dates are in it until the case is purged; whoever holds an index
lets go of it when nobody may look any more.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, true
from sqlalchemy.orm import Session

from desk.issuance import audit
from desk.issuance.audit import AuditEvent
from desk.issuance.case import CaseKind, State
from desk.issuance.record import RecordDamaged
from desk.store import care, cases, sealing
from desk.store.cells import Sealed
from desk.store.database import Store
from desk.store.models import AuditRow, CaseRow, CaseStepRow, SlipRow, StatusEntryRow
from desk.store.register_file import latin_key
from desk.store.status import Validity

# So many cases are asked for in one statement: every SQLite takes 999 values.
_AT_ONCE = 400


class Outcome(StrEnum):
    """How a case stands today, its credential included."""

    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    NOT_PROVEN = "not_proven"
    USABLE = "usable"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Person:
    """Whom a case is about, as far as a search looks. ``hangul`` may be empty."""

    hangul: str
    surname: str
    given_names: str
    birth_date: date


@dataclass(frozen=True)
class PastCase:
    """``person`` is None before a passport was read and after the purge. ``reason`` is the key
    of why it ended, was suspended or revoked. ``approver`` is an officer's identifier. A case
    that resumed a credential stands as that one does."""

    number: str
    kind: CaseKind
    state: State
    outcome: Outcome
    reason: str
    opened_at: datetime
    closed_at: datetime | None
    officer: str
    approver: str
    person: Person | None = field(repr=False)
    slips: tuple[str, ...]
    purged: bool
    holder: str
    """The case whose credential this one's is: its own, or that which it resumed."""
    text: str = field(repr=False, compare=False)
    """All that a search looks at, in the spellings in which it compares."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for. ``since`` and ``until`` are moments (UTC), the second excluded;
    ``officer`` prepared or approved."""

    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    outcome: Outcome | None = None
    officer: str = ""


class HistoryIndex:
    """Used by one thread at a time."""

    def __init__(self) -> None:
        self._cases: dict[str, PastCase] = {}
        self._ordered: list[PastCase] = []
        self._seen = 0

    def __len__(self) -> int:
        return len(self._cases)

    def refresh(self, store: Store) -> int:
        """Take in what happened since the last time; how many cases changed."""
        with store.read() as session:
            last = session.scalar(select(func.max(AuditRow.seq))) or 0
            if not self._seen:
                fresh = list(_read(session, None))
            elif last > self._seen:
                fresh = list(_changed(session, self._seen))
            else:
                return 0
        self._seen = last
        self._cases |= {one.number: one for one in fresh}
        if fresh:
            newest = sorted(self._cases.values(), key=lambda one: one.number, reverse=True)
            self._ordered = sorted(newest, key=lambda one: one.opened_at, reverse=True)
        return len(fresh)

    def search(self, wanted: Wanted) -> list[PastCase]:
        """The cases that fit, the newest first."""
        found = self._ordered
        if wanted.text.strip():
            first, *more = _forms(wanted.text)
            # Nearly always there is one spelling, and this runs at every key.
            if more:
                found = [one for one in found if _holds(one.text, (first, *more))]
            else:
                found = [one for one in found if first in one.text]
        return [one for one in found if _fits(one, wanted)]

    def get(self, number: str) -> PastCase | None:
        return self._cases.get(number)

    def officers(self) -> frozenset[str]:
        """Whoever prepared or approved a case."""
        both = ((one.officer, one.approver) for one in self._ordered)
        return frozenset(name for pair in both for name in pair if name)

    def first_opened(self) -> datetime | None:
        return self._ordered[-1].opened_at if self._ordered else None


def _holds(text: str, forms: tuple[str, ...]) -> bool:
    return any(form in text for form in forms)


def _fits(one: PastCase, wanted: Wanted) -> bool:
    """All that is wanted but the text."""
    return (
        (wanted.since is None or one.opened_at >= wanted.since)
        and (wanted.until is None or one.opened_at < wanted.until)
        and (wanted.outcome is None or one.outcome is wanted.outcome)
        and (not wanted.officer or wanted.officer in (one.officer, one.approver))
    )


# Comparing --------------------------------------------------------------------------------


def _forms(text: str) -> tuple[str, ...]:
    """The spellings of what was typed under which it may stand in a case's text."""
    typed = unicodedata.normalize("NFC", text).strip().upper()
    close = "".join(typed.split())
    forms = {close}
    letters = latin_key(typed, "").rstrip("<")
    if letters and not any(sign.isdigit() or "가" <= sign <= "힣" for sign in typed):
        forms.add(letters)
    digits = "".join(sign for sign in typed if sign.isdigit())
    if digits and not any(sign.isalpha() for sign in typed):
        # 1991.3.14, 91/03/14: a date in whatever spelling.
        forms.add(digits)
        forms.add(_date_form(typed))
    return tuple(form for form in forms if form)


def _date_form(typed: str) -> str:
    """19910314 of 1991.3.14; empty for what is no date."""
    parts = "".join(sign if sign.isdigit() else " " for sign in typed).split()
    if len(parts) != 3 or len(parts[0]) not in (2, 4):
        return ""
    return parts[0] + parts[1].rjust(2, "0") + parts[2].rjust(2, "0")


def _text(number: str, person: Person | None, slips: Sequence[str]) -> str:
    parts = [number, *slips]
    if person is not None:
        surname, _, given = latin_key(person.surname, person.given_names).partition("<")
        born = person.birth_date.isoformat()
        hangul = "".join(person.hangul.split())
        parts += [hangul, surname + given, given + surname, born, born.replace("-", "")]
    return "\n".join(parts)


# Reading ----------------------------------------------------------------------------------


def _changed(session: Session, since: int) -> Iterator[PastCase]:
    query = select(AuditRow.case_number).where(
        AuditRow.seq > since, AuditRow.case_number.is_not(None)
    )
    numbers = iter(sorted({number for number in session.scalars(query) if number}))
    while some := list(islice(numbers, _AT_ONCE)):
        # What resumed a credential changes with it.
        with_them = select(CaseRow.number).where(CaseRow.former.in_(some))
        yield from _read(session, sorted({*some, *session.scalars(with_them)}))


def _read(session: Session, numbers: Sequence[str] | None) -> Iterator[PastCase]:
    """The cases of these numbers; None: all there are."""

    def of(column: Any) -> ColumnElement[bool]:
        return true() if numbers is None else column.in_(numbers)

    approvers = _approvers(session, of(CaseStepRow.case_number))
    slips = _slips(session, of(SlipRow.case_number))
    rows = session.execute(
        select(
            CaseRow.number,
            CaseRow.kind,
            CaseRow.former,
            CaseRow.state,
            CaseRow.opened_at,
            CaseRow.closed_at,
            CaseRow.officer,
            CaseRow.ending,
            CaseRow.purged_at,
            CaseRow.person,
        ).where(of(CaseRow.number))
    ).all()
    holders = {row.number: _holder(row) for row in rows}
    every = None if numbers is None else sorted(set(holders.values()))
    entries = true() if every is None else StatusEntryRow.case_number.in_(every)
    validity = _validities(session, entries)
    outcomes = {
        row.number: _outcome(State(row.state), validity.get(holders[row.number], frozenset()))
        for row in rows
    }
    unproven = [number for number, outcome in outcomes.items() if outcome is Outcome.NOT_PROVEN]
    reported = _reported(session, unproven)
    outcomes |= dict.fromkeys(reported, Outcome.SUSPENDED)
    told = (Outcome.SUSPENDED, Outcome.REVOKED)
    asked = {holders[number] for number, outcome in outcomes.items() if outcome in told}
    reasons = _reasons(session, sorted(asked))
    for row in rows:
        person, ending = _person(session, row), row.ending
        numbers_of = tuple(slips.get(row.number, ()))
        yield PastCase(
            number=row.number,
            kind=CaseKind(row.kind),
            state=State(row.state),
            outcome=outcomes[row.number],
            reason=reported.get(row.number) or reasons.get(holders[row.number]) or ending or "",
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            officer=row.officer,
            approver=approvers.get(row.number, ""),
            person=person,
            slips=numbers_of,
            purged=row.purged_at is not None,
            holder=holders[row.number],
            text=_text(row.number, person, numbers_of),
        )


def _holder(row: Row[Any]) -> str:
    """The case whose status entries say how this one's credential stands."""
    resumed = row.kind == CaseKind.RESUME and row.state == State.PROVEN
    return str(row.former if resumed and row.former else row.number)


def _person(session: Session, row: Row[Any]) -> Person | None:
    plain = row.person
    if isinstance(plain, Sealed):
        cells = sealing.cells_of(session)
        assert cells is not None
        plain = json.loads(cells.open(plain, "cases", "person", (row.number,)))
    if plain is None and row.purged_at is None:
        plain = _person_of_record(session, row.number)
    if plain is None:
        return None
    return Person(**(plain | {"birth_date": date.fromisoformat(plain["birth_date"])}))


def _person_of_record(session: Session, number: str) -> dict[str, str] | None:
    """Of a case stored at a time when nobody kept it beside the record."""
    try:
        return cases.person_of(cases.load(session, number))
    except RecordDamaged:
        return None


def _approvers(session: Session, which: ColumnElement[bool]) -> dict[str, str]:
    """Whose card approved last, by case."""
    query = select(CaseStepRow.case_number, CaseStepRow.actor).where(
        CaseStepRow.state == State.APPROVED, which
    )
    rows = session.execute(query.order_by(CaseStepRow.position)).all()
    return {row.case_number: row.actor.removeprefix("officer:") for row in rows}


def _slips(session: Session, which: ColumnElement[bool]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    query = select(SlipRow.case_number, SlipRow.serial).where(which)
    for row in session.execute(query.order_by(SlipRow.printed_at, SlipRow.serial)):
        found[row.case_number].append(row.serial)
    return found


def _validities(session: Session, which: ColumnElement[bool]) -> dict[str, frozenset[Validity]]:
    found: dict[str, set[Validity]] = defaultdict(set)
    query = select(StatusEntryRow.case_number, StatusEntryRow.validity).where(which).distinct()
    for row in session.execute(query):
        found[row.case_number].add(Validity(row.validity))
    return {number: frozenset(values) for number, values in found.items()}


def _outcome(state: State, validities: frozenset[Validity]) -> Outcome:
    if state in (State.DELIVERED, State.PROVEN, State.ACTIVATED):
        if Validity.VALID in validities:
            return Outcome.USABLE
        if Validity.SUSPENDED in validities:
            never = state is State.DELIVERED
            return Outcome.NOT_PROVEN if never else Outcome.SUSPENDED
        return Outcome.REVOKED if validities else Outcome.NOT_PROVEN
    return _OF_STATE.get(state, Outcome.IN_PROGRESS)


_OF_STATE = {
    State.OFFERED: Outcome.WAITING,
    State.SIGNING: Outcome.WAITING,
    State.REFUSED: Outcome.REFUSED,
    State.CANCELLED: Outcome.CANCELLED,
    State.EXPIRED: Outcome.EXPIRED,
}


def _reported(session: Session, numbers: Sequence[str]) -> dict[str, str]:
    """Which of these were reported as lost before anybody could use them, and why. Their
    entries say SUSPENDED as before: only the log knows."""
    found: dict[str, str] = {}
    for event in _events(session, numbers, (care.SUSPENDED, *care.TAKEN_BACK)):
        if event.kind == care.SUSPENDED:
            found[event.case or ""] = str(event.facts.get("reason") or "")
        else:
            found.pop(event.case or "", None)
    return found


def _reasons(session: Session, numbers: Sequence[str]) -> dict[str, str]:
    """Why the credentials of these cases last changed, by case."""
    return {
        event.case or "": str(event.facts.get("reason") or "")
        for event in _events(session, numbers, ("STATUS.CHANGED",))
    }


def _events(session: Session, numbers: Sequence[str], kinds: Sequence[str]) -> Iterator[AuditEvent]:
    """The events of these cases that are of these kinds, each case's in their order."""
    waiting = iter(numbers)
    while some := list(islice(waiting, _AT_ONCE)):
        query = select(AuditRow.line).where(
            AuditRow.kind.in_(kinds), AuditRow.case_number.in_(some)
        )
        for line in session.scalars(query.order_by(AuditRow.seq)):
            yield audit.read_line(line)

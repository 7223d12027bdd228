"""The figures of a day's books from the records, and the closes that were signed.

What was begun comes from the log, what became of it from cases, sheets and indexes as they are
stored: each side would have to be falsified by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.issuance import audit
from desk.issuance.audit import AuditEvent
from desk.issuance.books import Book, BookState, DayBooks, Fate, Item
from desk.issuance.case import CaseKind, State
from desk.store import journal, slips
from desk.store.journal import Stamp
from desk.store.models import (
    AuditRow,
    CaseRow,
    CaseStepRow,
    DayCloseRow,
    IntentRow,
    SlipRow,
    StatusEntryRow,
)

_ENDS = {
    State.PROVEN.value: Fate.ISSUED,
    State.ACTIVATED.value: Fate.ISSUED,
    State.DELIVERED.value: Fate.ISSUED,
    State.REFUSED.value: Fate.REFUSED,
    State.CANCELLED.value: Fate.ENDED,
    State.EXPIRED.value: Fate.ENDED,
}
_TAKEN = frozenset({"PHONE.KEY_TAKEN"})
_OUTLIVED = frozenset({"expired"})
_SHEET_USED = frozenset(
    state.value for state in (State.SIGNING, State.DELIVERED, State.PROVEN, State.ACTIVATED)
)


@dataclass(frozen=True)
class Span:
    """A day in the post's time: ``start`` belongs to it, ``end`` does not."""

    day: date
    start: datetime
    end: datetime


@dataclass(frozen=True)
class DaySignature:
    """One card under a day's summary: ``signature`` (hex, as the card makes it) over the
    summary's statement, ``note`` its line under the checkpoint."""

    officer: str
    name: str
    certificate: str
    at: datetime
    signature: str
    note: str


@dataclass(frozen=True)
class DayClose:
    """A day that was summed up: closed when two have signed. ``checkpoint`` is the note text
    that both cards sign beside the summary."""

    day: date
    summary: bytes
    digest: str
    checkpoint: str
    signatures: tuple[DaySignature, ...]
    closed_at: datetime | None


def gather(session: Session, post: str, span: Span) -> DayBooks:
    """The four books of that day as the records stand."""
    begun = _begun(session, span)
    cases = _cases(session, span, begun.get("CASE.OPENED", ()))
    return DayBooks(
        day=span.day,
        post=post,
        books=(
            cases,
            _offers(session, span, begun.get("OFFER.PLACED", ())),
            _slips(session, span, begun.get("SLIP.ISSUED", ())),
            _indexes(session, span),
        ),
        not_proven=_with_state(session, cases, State.DELIVERED),
        activated=_with_state(session, cases, State.ACTIVATED),
        carried=tuple(item.key for item in cases.of(Fate.OPEN)),
    )


def days_with_cases(session: Session, since: datetime, before: datetime) -> tuple[datetime, ...]:
    """When cases were opened in a stretch of time, oldest first."""
    query = select(CaseRow.opened_at).where(CaseRow.opened_at >= since, CaseRow.opened_at < before)
    return tuple(session.scalars(query.order_by(CaseRow.opened_at)))


def close_of(session: Session, day: date) -> DayClose | None:
    row = session.get(DayCloseRow, day)
    return None if row is None else _close(row)


def closed_days(session: Session) -> frozenset[date]:
    query = select(DayCloseRow.day).where(DayCloseRow.closed_at.is_not(None))
    return frozenset(session.scalars(query))


def keep_first(session: Session, stamp: Stamp, close: DayClose) -> None:
    """The first card has signed; an earlier first signature of that day is replaced."""
    row = session.get(DayCloseRow, close.day)
    if row is None:
        row = DayCloseRow(day=close.day)
        session.add(row)
    row.summary, row.digest, row.checkpoint = close.summary, close.digest, close.checkpoint
    row.signatures = [_plain(one) for one in close.signatures]
    row.closed_at = None
    session.flush()
    first = close.signatures[0]
    journal.append(
        session,
        stamp,
        "DAY.SIGNED",
        None,
        digest=close.digest,
        certificate=first.certificate,
        target=close.day.isoformat(),
    )


def keep_second(session: Session, stamp: Stamp, close: DayClose) -> DayClose:
    """The second card has signed: the day is closed."""
    row = session.get_one(DayCloseRow, close.day)
    row.signatures = [_plain(one) for one in close.signatures]
    row.closed_at = stamp.at
    session.flush()
    journal.append(
        session,
        stamp,
        "DAY.CLOSED",
        None,
        digest=close.digest,
        certificate=",".join(one.certificate for one in close.signatures),
        target=close.day.isoformat(),
    )
    return replace(close, closed_at=stamp.at)


def _begun(session: Session, span: Span) -> Mapping[str, Sequence[AuditEvent]]:
    """Events of that day that begin something, by kind, as their lines tell them."""
    kinds = ("CASE.OPENED", "OFFER.PLACED", "SLIP.ISSUED")
    query = select(AuditRow.line).where(
        AuditRow.kind.in_(kinds), AuditRow.at >= span.start, AuditRow.at < span.end
    )
    found: dict[str, list[AuditEvent]] = {}
    for line in session.scalars(query.order_by(AuditRow.seq)):
        event = audit.read_line(line)
        found.setdefault(event.kind, []).append(event)
    return found


def _cases(session: Session, span: Span, opened: Sequence[AuditEvent]) -> BookState:
    query = select(CaseRow.number, CaseRow.state, CaseRow.window, CaseRow.kind).where(
        CaseRow.opened_at >= span.start, CaseRow.opened_at < span.end
    )
    known = {
        number: (_fate(state, kind), window)
        for number, state, window, kind in session.execute(query)
    }
    told = {event.case or "": event for event in opened}
    items = []
    for number in sorted({*known, *told}):
        fate = Fate.UNEXPLAINED
        if number in known and number in told:
            fate = known[number][0]
        facts = {"window": known[number][1]} if number in known else {}
        items.append(Item(number, fate, facts))
    return BookState(Book.CASES, len(opened), tuple(items))


def _fate(state: str, kind: str) -> Fate:
    fate = _ENDS.get(state, Fate.OPEN)
    resumed = fate is Fate.ISSUED and kind == CaseKind.RESUME
    return Fate.RESUMED if resumed else fate


def _with_state(session: Session, cases: BookState, state: State) -> tuple[str, ...]:
    numbers = [item.key for item in cases.items]
    query = select(CaseRow.number).where(CaseRow.number.in_(numbers), CaseRow.state == state.value)
    return tuple(session.scalars(query.order_by(CaseRow.number)))


def _offers(session: Session, span: Span, placed: Sequence[AuditEvent]) -> BookState:
    """Each QR by what the log tells next of its case; counted against the case's own steps."""
    steps = select(CaseStepRow.case_number, func.count()).where(
        CaseStepRow.state == State.OFFERED.value,
        CaseStepRow.at >= span.start,
        CaseStepRow.at < span.end,
    )
    rows = session.execute(steps.group_by(CaseStepRow.case_number))
    stored: dict[str, int] = {number: count for number, count in rows}
    told: dict[str, list[AuditEvent]] = {}
    for event in placed:
        told.setdefault(event.case or "", []).append(event)
    items: list[Item] = []
    for number in sorted({*stored, *told}):
        mine = told.get(number, [])
        fates = _offer_fates(session, number, mine)
        known = stored.get(number, 0)
        for place in range(max(known, len(mine))):
            both = place < min(known, len(mine))
            fate = fates[place] if both else Fate.UNEXPLAINED
            items.append(Item(f"{number}/{place + 1}", fate, {"case": number}))
    return BookState(Book.OFFERS, len(placed), tuple(items))


def _offer_fates(session: Session, number: str, placed: Sequence[AuditEvent]) -> list[Fate]:
    if not placed:
        return []
    query = select(AuditRow.line).where(
        AuditRow.case_number == number, AuditRow.seq > placed[0].seq
    )
    later = [audit.read_line(line) for line in session.scalars(query.order_by(AuditRow.seq))]
    ends = [event.seq for event in placed[1:]] + [None]
    return [
        _fate_of_offer([e for e in later if e.seq > one.seq and (end is None or e.seq < end)])
        for one, end in zip(placed, ends, strict=True)
    ]


def _fate_of_offer(later: Sequence[AuditEvent]) -> Fate:
    for event in later:
        if event.kind in _TAKEN:
            return Fate.TAKEN
        if event.kind == "OFFER.WITHDRAWN":
            return Fate.EXPIRED if event.facts.get("reason") in _OUTLIVED else Fate.VOID
        if event.kind == "CASE.EXPIRED":
            return Fate.EXPIRED
        if event.kind in ("CASE.CANCELLED", "CASE.REFUSED"):
            return Fate.VOID
    return Fate.LIVE


def _slips(session: Session, span: Span, issued: Sequence[AuditEvent]) -> BookState:
    query = select(SlipRow).where(SlipRow.printed_at >= span.start, SlipRow.printed_at < span.end)
    rows = {row.serial: row for row in session.scalars(query)}
    told = {str(event.facts.get("slip")) for event in issued}
    items = []
    for serial in sorted({*rows, *told}):
        row = rows.get(serial)
        if row is None or serial not in told:
            items.append(Item(serial, Fate.UNEXPLAINED))
        else:
            items.append(Item(serial, _fate_of_slip(session, row), _slip_facts(row)))
    return BookState(Book.SLIPS, len(issued), tuple(items))


def _fate_of_slip(session: Session, row: SlipRow) -> Fate:
    case = session.get_one(CaseRow, row.case_number)
    if row.voided_at is not None:
        if not slips.is_out(session, case.number, row.serial):
            return Fate.SPOILED
        if row.void_reason == slips.OUTDATED:
            return Fate.HANDED
        # A sheet that was printed anew lies somewhere: nobody has said where.
        return Fate.UNEXPLAINED if row.void_reason == "reprinted" else Fate.SPOILED
    if row.kind == "enrollment" and case.state in _SHEET_USED:
        return Fate.HANDED
    if case.closed_at is None:
        ended = row.kind == "enrollment" and case.state in _ENDS
        return Fate.HANDED if ended else Fate.WITH_CASE
    return Fate.HANDED if _slip_given(session, row.case_number) else Fate.UNEXPLAINED


def _slip_given(session: Session, number: str) -> bool:
    """Whether the officer said at the close that the sheet was handed over."""
    query = select(AuditRow.line).where(
        AuditRow.case_number == number, AuditRow.kind == "CASE.CLOSED"
    )
    line = session.scalars(query.order_by(AuditRow.seq.desc()).limit(1)).first()
    return line is not None and "slip" in str(audit.read_line(line).facts.get("given")).split(",")


def _slip_facts(row: SlipRow) -> dict[str, str]:
    facts = {
        "printed_at": row.printed_at.isoformat(),
        "printed_by": row.printed_by,
        "case": row.case_number,
    }
    if row.replaced_by:
        facts["replaced_by"] = row.replaced_by
    if row.voided_at is not None:
        facts["voided_at"] = row.voided_at.isoformat()
    return facts


def _indexes(session: Session, span: Span) -> BookState:
    query = select(StatusEntryRow).where(
        StatusEntryRow.allocated_at >= span.start, StatusEntryRow.allocated_at < span.end
    )
    entries = session.scalars(
        query.order_by(StatusEntryRow.list_name, StatusEntryRow.position)
    ).all()
    intents = select(IntentRow.list_name, IntentRow.position, IntentRow.state).where(
        IntentRow.case_number.in_({entry.case_number for entry in entries})
    )
    states = {(name, place): state for name, place, state in session.execute(intents)}
    items = tuple(
        Item(
            f"{entry.list_name}/{entry.position}",
            _FATE_OF_INTENT.get(
                states.get((entry.list_name, entry.position), ""), Fate.UNEXPLAINED
            ),
            {"case": entry.case_number},
        )
        for entry in entries
    )
    return BookState(Book.INDEXES, len(entries), items)


_FATE_OF_INTENT = {
    "signed": Fate.CREDENTIAL,
    "delivered": Fate.CREDENTIAL,
    "void": Fate.VOID,
    "live": Fate.PENDING,
}


def _close(row: DayCloseRow) -> DayClose:
    signatures = tuple(_signature(one) for one in row.signatures)
    return DayClose(row.day, row.summary, row.digest, row.checkpoint, signatures, row.closed_at)


def _signature(plain: Mapping[str, str]) -> DaySignature:
    return DaySignature(
        officer=plain["officer"],
        name=plain["name"],
        certificate=plain["certificate"],
        at=datetime.fromisoformat(plain["at"]),
        signature=plain["signature"],
        note=plain["note"],
    )


def _plain(one: DaySignature) -> dict[str, str]:
    return {**vars(one), "at": one.at.isoformat()}

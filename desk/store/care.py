"""Acts that two cards sign, from the first signature until they are done or given up.

What was done stays for ever, with both signatures and the bytes they cover: it is evidence.
What a statement says and who may sign it is :mod:`desk.issuance.aftercare`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.issuance.aftercare import Channel, Statement, SuspendReason, read_statement
from desk.issuance.audit import AuditEvent, AuditHead
from desk.issuance.case import Approval
from desk.issuance.record import from_plain, to_plain
from desk.store import journal
from desk.store.journal import Stamp
from desk.store.models import CareActRow
from desk.store.status import CHANGED, StatusSlot, Validity

SUSPENDED = "CARE.SUSPENDED"
TAKEN_BACK = ("CARE.SUSPENSION_UNDONE", "CARE.RESUMED")


class CareState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class KeptAct:
    statement: Statement
    approvals: tuple[Approval, ...]
    state: CareState
    ended_at: datetime | None


def ask(session: Session, stamp: Stamp, statement: Statement, approval: Approval) -> KeptAct:
    """The first card has signed. What another statement of the case still asked for ends."""
    for row in _rows(session, statement.case_number, CareState.ASKED):
        _withdraw(session, stamp, row)
    row = CareActRow(
        digest=statement.digest.hex(),
        case_number=statement.case_number,
        kind=statement.act.value,
        facts=statement.facts,
        approvals=[to_plain(approval)],
        state=CareState.ASKED.value,
        asked_at=statement.asked_at,
    )
    session.add(row)
    session.flush()
    _note(session, stamp, statement, approval)
    return _act(row)


def do(session: Session, stamp: Stamp, statement: Statement, approval: Approval) -> KeptAct:
    """The second card has signed, and in this transaction what was agreed is done."""
    row = session.get_one(CareActRow, statement.digest.hex())
    row.approvals = [*row.approvals, to_plain(approval)]
    row.state, row.ended_at = CareState.DONE.value, stamp.at
    session.flush()
    _note(session, stamp, statement, approval)
    return _act(row)


def withdraw(session: Session, stamp: Stamp, digest: bytes) -> None:
    """Whoever asked thought better of it. Nothing happens to what is done already."""
    row = session.get(CareActRow, digest.hex())
    if row is not None and row.state == CareState.ASKED:
        _withdraw(session, stamp, row)


def asked(session: Session, number: str) -> KeptAct | None:
    """What waits for its second card in this case."""
    rows = _rows(session, number, CareState.ASKED)
    return _act(rows[-1]) if rows else None


def kept(session: Session, digest: bytes) -> KeptAct | None:
    row = session.get(CareActRow, digest.hex())
    return None if row is None else _act(row)


def done(session: Session, number: str) -> tuple[KeptAct, ...]:
    """What two cards agreed to in this case, in the order in which it was done."""
    return tuple(_act(row) for row in _rows(session, number, CareState.DONE))


def is_reported(session: Session, number: str) -> bool:
    """Whether a suspension of this case's credentials was asked for, and nothing has taken it
    back since."""
    told = journal.newest_of(session, number, (SUSPENDED, *TAKEN_BACK))
    return told is not None and told.kind == SUSPENDED


def note_suspended(
    session: Session,
    stamp: Stamp,
    number: str,
    reason: SuspendReason,
    channel: Channel,
    count: int,
    since: AuditHead,
) -> None:
    """A suspension was asked for, and ``count`` entries say so now. Which of them were VALID
    is told by the lines of the log behind ``since``, and the event names these lines: a list
    of the entries themselves would have no bound."""
    lines = f"{since.count + 1}-{journal.head(session).count}"
    journal.append(
        session,
        stamp,
        SUSPENDED,
        number,
        reason=reason.value,
        channel=channel.value,
        count=count,
        lines=lines,
    )


def taken_from_valid(session: Session, number: str) -> frozenset[StatusSlot]:
    """The entries of the case that its last suspension took from VALID."""
    told = journal.newest_of(session, number, (SUSPENDED,))
    if told is None:
        return frozenset()
    return frozenset(
        StatusSlot(str(event.facts.get("list")), int(event.facts.get("position") or 0))
        for event in _changes_of(session, number, told)
        if event.facts.get("from") == Validity.VALID.value
    )


def _changes_of(session: Session, number: str, told: AuditEvent) -> tuple[AuditEvent, ...]:
    """The changes of entries that belong to a suspension. One of a time when its event did not
    name their lines shares its moment with them."""
    lines = told.facts.get("lines")
    if isinstance(lines, str):
        first, last = (int(part) for part in lines.split("-"))
        found = journal.between(session, first, last)
    else:
        changed = journal.of_kinds(session, number, (CHANGED,))
        found = tuple(event for event in changed if event.at == told.at)
    return tuple(one for one in found if one.case == number and one.kind == CHANGED)


def _rows(session: Session, number: str, state: CareState) -> list[CareActRow]:
    query = select(CareActRow).where(
        CareActRow.case_number == number, CareActRow.state == state.value
    )
    return list(session.scalars(query.order_by(CareActRow.asked_at)))


def _withdraw(session: Session, stamp: Stamp, row: CareActRow) -> None:
    row.state, row.ended_at = CareState.WITHDRAWN.value, stamp.at
    session.flush()
    facts = {"digest": row.digest, "act": row.kind}
    journal.append(session, stamp, "CARE.WITHDRAWN", row.case_number, **facts)


def _note(session: Session, stamp: Stamp, statement: Statement, approval: Approval) -> None:
    journal.append(
        session,
        stamp,
        "CARE.SIGNED",
        statement.case_number,
        act=statement.act.value,
        reason=statement.reason,
        digest=approval.digest,
        certificate=approval.certificate_sha256,
        purpose=approval.purpose.value,
    )


def _act(row: CareActRow) -> KeptAct:
    return KeptAct(
        statement=read_statement(row.facts),
        approvals=tuple(from_plain(Approval, one) for one in row.approvals),
        state=CareState(row.state),
        ended_at=row.ended_at,
    )

"""The audit chain in the records: append in the writer's transaction, read, export.

The form of an event and its verification are :mod:`desk.issuance.audit`'s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from desk.issuance import audit
from desk.issuance.audit import AuditEvent, AuditHead, Fact
from desk.store.database import note_audited
from desk.store.models import AuditRow
from desk.store.troubles import Unwritable

_PAGE = 1000


@dataclass(frozen=True)
class Stamp:
    """Who and when. ``actor`` names a card or a device: ``officer:4f2a…``, ``station:LA01``."""

    at: datetime
    actor: str


@dataclass(frozen=True)
class Listed:
    """An event as the records list it; whether its line holds is not asked."""

    seq: int
    at: datetime
    actor: str
    kind: str
    case: str | None
    hash: str


def append(
    session: Session,
    stamp: Stamp,
    kind: str,
    case: str | None = None,
    /,
    **facts: Fact | float,
) -> AuditEvent:
    """Bind one event to the chain, in the caller's writing transaction.

    Raises :class:`~desk.issuance.audit.FactNotAllowed` for a fact outside the whitelist.
    """
    event = audit.link(head(session), stamp.at, stamp.actor, kind, case, facts)
    session.add(
        AuditRow(
            seq=event.seq,
            at=event.at,
            actor=event.actor,
            kind=event.kind,
            case_number=event.case,
            hash=event.hash,
            line=event.line,
        )
    )
    session.flush()
    note_audited(session, event.hash, event.kind)
    return event


def tells(session: Session, kind: str, case: str) -> bool:
    """Whether the log has an event of this kind of the case."""
    query = select(AuditRow.seq).where(AuditRow.case_number == case, AuditRow.kind == kind)
    return session.scalar(query.limit(1)) is not None


def head(session: Session) -> AuditHead:
    last = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
    found = session.execute(last).first()
    return audit.START if found is None else AuditHead(found.seq, found.hash)


def events(
    session: Session, *, after: int = 0, limit: int = _PAGE, case: str | None = None
) -> tuple[AuditEvent, ...]:
    """Events in their order, from the one behind ``after``."""
    query = select(AuditRow.line).where(AuditRow.seq > after).order_by(AuditRow.seq).limit(limit)
    if case is not None:
        query = query.where(AuditRow.case_number == case)
    return tuple(audit.read_line(line) for line in session.scalars(query))


def of_kinds(session: Session, case: str, kinds: Sequence[str]) -> tuple[AuditEvent, ...]:
    """The events of a case that are of these kinds, in their order."""
    query = select(AuditRow.line).where(AuditRow.case_number == case, AuditRow.kind.in_(kinds))
    return tuple(audit.read_line(line) for line in session.scalars(query.order_by(AuditRow.seq)))


def between(session: Session, first: int, last: int) -> tuple[AuditEvent, ...]:
    """The events ``first`` to ``last``, both among them; none where ``last`` is the lower."""
    query = select(AuditRow.line).where(AuditRow.seq.between(first, last)).order_by(AuditRow.seq)
    return tuple(audit.read_line(line) for line in session.scalars(query))


def newest(
    session: Session,
    limit: int,
    kinds: Sequence[str] = (),
    text: str = "",
    actors: Sequence[str] = (),
    only: Sequence[int] = (),
) -> tuple[Listed, ...]:
    """The newest events first. ``kinds`` are whole names, or beginnings where they end with a
    dot; ``text`` is looked for in number, case, kind and actor, ``actors`` fit it too; ``only``
    names the numbers wanted."""
    query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if kinds:
        query = query.where(or_(*(_of_kind(kind) for kind in kinds)))
    if only:
        query = query.where(AuditRow.seq.in_(only))
    if text:
        query = query.where(_found(text, actors))
    return tuple(
        Listed(row.seq, row.at, row.actor, row.kind, row.case_number, row.hash)
        for row in session.scalars(query)
    )


def newest_of(session: Session, case: str | None, kinds: Sequence[str]) -> AuditEvent | None:
    """The newest event of a case among these kinds; with None of no case."""
    query = select(AuditRow.line).where(AuditRow.case_number == case, AuditRow.kind.in_(kinds))
    line = session.scalars(query.order_by(AuditRow.seq.desc()).limit(1)).first()
    return None if line is None else audit.read_line(line)


def newest_but(session: Session, case: str, kinds: Sequence[str]) -> AuditEvent | None:
    """The newest event of a case that is of none of these kinds."""
    query = select(AuditRow.line).where(AuditRow.case_number == case, AuditRow.kind.not_in(kinds))
    line = session.scalars(query.order_by(AuditRow.seq.desc()).limit(1)).first()
    return None if line is None else audit.read_line(line)


def _of_kind(kind: str) -> ColumnElement[bool]:
    if kind.endswith("."):
        return AuditRow.kind.startswith(kind, autoescape=True)
    return AuditRow.kind == kind


def _found(text: str, actors: Sequence[str]) -> ColumnElement[bool]:
    wanted = text.strip().replace(",", "")
    if wanted.isdecimal() and len(wanted) < 16:
        return AuditRow.seq == int(wanted)
    upper = wanted.upper()
    return or_(
        AuditRow.case_number.contains(upper, autoescape=True),
        AuditRow.kind.contains(upper, autoescape=True),
        AuditRow.actor.contains(wanted, autoescape=True),
        AuditRow.actor.in_(actors),
    )


def walk(session: Session, after: int, last: int) -> Iterator[AuditEvent]:
    """Events from the one behind ``after`` to the one numbered ``last``, page by page."""
    while after < last:
        page = events(session, after=after, limit=min(_PAGE, last - after))
        yield from page
        if not page:
            return
        after = page[-1].seq


def actors(session: Session, case: str, *, but: tuple[str, ...] = ()) -> frozenset[str]:
    """In whose names the events of ``case`` were written; kinds that begin with one of
    ``but`` do not count."""
    query = select(AuditRow.actor, AuditRow.kind).where(AuditRow.case_number == case).distinct()
    return frozenset(row.actor for row in session.execute(query) if not row.kind.startswith(but))


def lines(session: Session, at: datetime) -> Iterator[str]:
    """The exported log line by line, closed by its head record. One reading session."""
    end = head(session)
    after = 0
    while after < end.count:
        page = select(AuditRow.seq, AuditRow.line).where(AuditRow.seq > after)
        rows = session.execute(page.order_by(AuditRow.seq).limit(_PAGE)).all()
        yield from (row.line for row in rows)
        after = rows[-1].seq
    yield audit.head_line(end, at)


def export(session: Session, target: Path, at: datetime) -> AuditHead:
    """Write the whole log to ``target``: complete under its name, or not there at all."""
    part = target.with_name(target.name + ".part")
    try:
        with part.open("w", encoding="ascii", newline="\n") as file:
            for line in lines(session, at):
                file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as reason:
        part.unlink(missing_ok=True)
        raise Unwritable("export", file=target.name) from reason
    return head(session)

"""Running numbers: of cases in a post and year, of slips on a station. Never given twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from desk.store.models import SequenceRow


def next_number(session: Session, scope: str) -> int:
    """The next number of ``scope``, from 1; taken only if the transaction commits."""
    row = session.get(SequenceRow, scope)
    if row is None:
        row = SequenceRow(scope=scope, last=0)
        session.add(row)
    row.last += 1
    session.flush()
    return row.last


def next_case_number(session: Session, post: str, at: datetime) -> str:
    """``LA-2026-001842``. ``at`` is local to the post: its year counts."""
    return f"{post}-{at.year}-{next_number(session, f'case:{post}-{at.year}'):06d}"


def next_slip_serial(session: Session, station: str) -> str:
    """``LA03-000416`` for the station whose serial prefix is ``LA03``."""
    return f"{station}-{next_number(session, f'slip:{station}'):06d}"

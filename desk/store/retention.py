"""Destroying personal data when its time is over, beyond recovery (I8).

A closed case keeps its number, states and times, its slips, consents and status indexes,
the log, and keyed digests of holder and passport, none of which names a person; while a
credential of it stands, also those by which its holder is found when the phone is lost. Its
record, pictures, passport files and the bytes of its credentials go. ``secure_delete``
overwrites the freed places; the log file is moved in and cut, because it would still hold the
old pages.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk.issuance.case import ENDS
from desk.issuance.record import RecordDamaged
from desk.store import cases, holders, journal
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.models import CaseRow, IntentRow


def due(session: Session, closed_before: datetime) -> tuple[str, ...]:
    """Numbers of ended cases that were closed (or, unclosed, last changed) before then and
    still hold personal data."""
    ends = [state.value for state in ENDS]
    query = select(CaseRow.number, CaseRow.closed_at, CaseRow.changed_at).where(
        CaseRow.purged_at.is_(None), CaseRow.state.in_(ends), CaseRow.changed_at < closed_before
    )
    return tuple(
        number
        for number, closed_at, changed_at in session.execute(query.order_by(CaseRow.opened_at))
        if (closed_at or changed_at) < closed_before
    )


def purge(store: Store, stamp: Stamp, closed_before: datetime) -> tuple[str, ...]:
    """Purge every case that is due; their numbers. One transaction a case."""
    with store.read() as session:
        numbers = due(session, closed_before)
    for number in numbers:
        with store.write() as session:
            # Another desk that shares the records may have done it meanwhile.
            if session.get_one(CaseRow, number).purged_at is None:
                purge_case(session, stamp, number)
    if numbers:
        store.checkpoint()
    return numbers


def purge_case(session: Session, stamp: Stamp, number: str) -> None:
    """Destroy the personal data of one case. The caller's :meth:`Store.checkpoint` finishes
    it: until then the old pages lie, encrypted, in the log file."""
    row = session.get_one(CaseRow, number)
    wiped = cases.wipe_blobs(session, stamp, number)
    _empty_intents(session, number)
    if row.record is not None and row.document is None:
        # Stored at a time when nobody kept it; what cannot be read goes all the same.
        with suppress(RecordDamaged):
            cases.note_document(session, row, cases.load(session, number))
    holders.forget(session, number)
    row.record, row.person, row.purged_at = None, None, stamp.at
    journal.append(session, stamp, "CASE.PURGED", number, count=wiped)


def _empty_intents(session: Session, number: str) -> None:
    session.execute(
        update(IntentRow)
        .where(IntentRow.case_number == number)
        .values(to_be_signed=None, material=None, signature=None, credential=None)
    )

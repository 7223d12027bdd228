"""The register extract in the records: import, age, and finding one person in it.

An import loads its lines beside the extract in use and takes its place in one step; until
then nobody sees it. One bad line refuses the whole file, and the former extract stays. The
ministry's size is 2.4 million lines: nothing here holds more than one batch in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Index,
    Table,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from desk.issuance.case import RegisterFacts
from desk.store import journal
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.models import RegisterBatchRow, RegisterEntryA, RegisterEntryB
from desk.store.register_file import (
    BadLine,
    Entry,
    ExtractEmpty,
    ExtractLines,
    ExtractRefused,
    ExtractUnreadable,
    Reason,
    latin_key,
    read_extract,
)
from desk.store.troubles import StoreTrouble

LINES_A_STEP = 5_000
MOST_BAD_LINES = 200

_Entries = type[RegisterEntryA] | type[RegisterEntryB]
_TABLES: dict[str, _Entries] = {"a": RegisterEntryA, "b": RegisterEntryB}


@dataclass(frozen=True)
class RegisterState:
    """The extract in use: when it was true, how many entries, SHA-256 of its file (hex)."""

    batch: int
    as_of: datetime
    entries: int
    sha256: str


def import_extract(
    store: Store,
    path: Path,
    stamp: Stamp,
    posts: Collection[str],
    as_of: datetime | None = None,
    most_bad_lines: int = MOST_BAD_LINES,
) -> RegisterState:
    """Put the extract in ``path`` in the place of the one in use.

    ``as_of`` is when the extract was true, by default now. Raises the family of
    :class:`~desk.store.register_file.ExtractRefused`; then nothing has changed but the log.
    """
    tidy(store)
    loading = _begin(store, stamp, as_of or stamp.at)
    try:
        # East of Greenwich a day may already be one that UTC has not reached.
        today = stamp.at.date() + timedelta(days=1)
        entries = _load(store, loading, path, frozenset(posts), today, most_bad_lines)
        state = _put_in_use(store, stamp, loading, entries, _sha256(path))
    except ExtractRefused as refusal:
        _note_refusal(store, stamp, refusal)
        raise
    finally:
        # A full disk may refuse this as well; the next import does it again.
        with suppress(StoreTrouble):
            tidy(store)
    return state


def tidy(store: Store) -> None:
    """Remove what an interrupted or refused import left, and the extract no longer in use."""
    with store.read() as session:
        unused = select(RegisterBatchRow.id, RegisterBatchRow.slot)
        left = session.execute(unused.where(RegisterBatchRow.state != "active")).all()
    for batch, slot in left:
        _empty(store, _TABLES[slot])
        with store.load() as connection:
            connection.execute(delete(RegisterBatchRow).where(RegisterBatchRow.id == batch))
    if left:
        # The log file would still hold the pages as they were before.
        store.checkpoint()


def state(session: Session) -> RegisterState | None:
    """The extract in use, if there is one."""
    row = session.scalar(select(RegisterBatchRow).where(RegisterBatchRow.state == "active"))
    if row is None:
        return None
    return RegisterState(row.id, row.as_of, row.entries, row.sha256 or "")


def by_overseas_number(session: Session, number: str) -> tuple[RegisterFacts, ...]:
    return _entries(session, lambda entry: entry.overseas_number == number)


def by_passport(session: Session, number: str) -> tuple[RegisterFacts, ...]:
    """Entries with this passport number; empty for an empty number."""
    if not number:
        return ()
    return _entries(session, lambda entry: entry.passport_number == number)


def by_name(
    session: Session, surname: str, given_names: str, birth_date: date, *, cut: bool = False
) -> tuple[RegisterFacts, ...]:
    """Entries of this Latin name and birth date, whatever spaces, hyphens and accents.

    ``cut``: the name may be cut off, as machine readable zones do from 39 letters on.
    """
    key = latin_key(surname, given_names)

    def same(entry: _Entries) -> ColumnElement[bool]:
        name = entry.latin_key
        alike = name.startswith(key.rstrip("<"), autoescape=True) if cut else name == key
        return and_(entry.birth_date == birth_date, alike)

    return _entries(session, same)


def find(
    session: Session,
    passport_number: str,
    surname: str,
    given_names: str,
    birth_date: date,
    *,
    cut: bool = False,
) -> tuple[RegisterFacts, ...]:
    """By passport number and birth date, else by name and birth date. Several entries mean
    that a person must decide; entries that are alive come first."""
    same_passport = [
        entry for entry in by_passport(session, passport_number) if entry.birth_date == birth_date
    ]
    if same_passport:
        return tuple(same_passport)
    return by_name(session, surname, given_names, birth_date, cut=cut)


@dataclass(frozen=True)
class _Loading:
    batch: int
    table: _Entries


def _begin(store: Store, stamp: Stamp, as_of: datetime) -> _Loading:
    """Claim the table that is not in use."""
    with store.load() as connection:
        used = connection.scalars(select(RegisterBatchRow.slot)).all()
        slot = next(slot for slot in _TABLES if slot not in used)
        values = {"slot": slot, "state": "loading", "started_at": stamp.at, "as_of": as_of}
        query = insert(RegisterBatchRow).values(**values, entries=0)
        batch = connection.execute(query.returning(RegisterBatchRow.id)).scalar_one()
    return _Loading(batch, _TABLES[slot])


def _load(
    store: Store, loading: _Loading, path: Path, posts: frozenset[str], today: date, most: int
) -> int:
    """Lay all good lines down, step by step; how many. Raises for the bad ones.

    Indexes are made when all lines are there: sorted once instead of touched at random.
    """
    bad: list[BadLine] = []
    count = entries = 0
    lines = read_extract(path, posts, today)
    _drop_indexes(store, loading.table)
    while step := tuple(islice(lines, LINES_A_STEP)):
        good = [_row(line) for line in step if isinstance(line, Entry)]
        for line in step:
            if isinstance(line, tuple):
                count += 1
                bad.extend(line if len(bad) < most else ())
        entries += len(good)
        if good:
            with store.load() as connection:
                connection.execute(insert(loading.table), good)
    _make_indexes(store, loading.table)
    repeated_count, repeated = _repeated(store, loading.table, most)
    count += repeated_count
    if count:
        shown = sorted([*bad, *repeated], key=lambda line: line.line)[:most]
        raise ExtractLines(count, tuple(shown))
    if not entries:
        raise ExtractEmpty(path.name, file=path.name)
    return entries


def _repeated(store: Store, table: _Entries, most: int) -> tuple[int, list[BadLine]]:
    """How many lines repeat an overseas number of an earlier line, and the first of them."""
    number = table.overseas_number
    several = select(number, func.min(table.line), func.count()).group_by(number)
    count = 0
    named: list[BadLine] = []
    with store.read() as session:
        for repeated, first, lines in session.execute(several.having(func.count() > 1)):
            count += lines - 1
            if len(named) < most:
                later = select(table.line).where(number == repeated, table.line > first)
                named += [
                    BadLine(line, "overseas_number", Reason.DUPLICATE, first)
                    for line in session.scalars(later.limit(most)).all()
                ]
    return count, named


def _put_in_use(
    store: Store, stamp: Stamp, loading: _Loading, entries: int, sha256: str
) -> RegisterState:
    with store.write() as session:
        row = session.get_one(RegisterBatchRow, loading.batch)
        session.execute(
            update(RegisterBatchRow)
            .where(RegisterBatchRow.state == "active")
            .values(state="retired")
        )
        row.state, row.entries, row.sha256 = "active", entries, sha256
        journal.append(
            session,
            stamp,
            "REGISTER.IMPORTED",
            batch=row.id,
            entries=entries,
            sha256=sha256,
            as_of=row.as_of.isoformat(),
        )
        return RegisterState(row.id, row.as_of, entries, sha256)


def _note_refusal(store: Store, stamp: Stamp, refusal: ExtractRefused) -> None:
    with store.write() as session:
        count = len(refusal.lines) if isinstance(refusal, ExtractLines) else 0
        journal.append(session, stamp, "REGISTER.REFUSED", code=refusal.code, lines=count)


def _empty(store: Store, table: _Entries) -> None:
    """Remove all lines in short transactions, so that the desk's own writing gets between."""
    _drop_indexes(store, table)
    some = select(table.line).order_by(table.line).limit(LINES_A_STEP).subquery()
    while True:
        with store.load() as connection:
            last = connection.scalar(select(func.max(some.c.line)))
            if last is None:
                break
            connection.execute(delete(table).where(table.line <= last))
    _make_indexes(store, table)


def _drop_indexes(store: Store, table: _Entries) -> None:
    for index in _indexes(table):
        with store.load() as connection:
            index.drop(connection, checkfirst=True)


def _make_indexes(store: Store, table: _Entries) -> None:
    for index in _indexes(table):
        with store.load() as connection:
            index.create(connection, checkfirst=True)


def _indexes(table: _Entries) -> tuple[Index, ...]:
    return tuple(cast(Table, table.__table__).indexes)


def _row(entry: Entry) -> dict[str, Any]:
    return {**vars(entry), "latin_key": latin_key(entry.surname, entry.given_names)}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as reason:
        raise ExtractUnreadable(path.name, file=path.name) from reason


def _entries(
    session: Session, condition: Callable[[_Entries], ColumnElement[bool]]
) -> tuple[RegisterFacts, ...]:
    """Entries of the extract in use, the living first, else in the order of its lines."""
    in_use = session.scalar(select(RegisterBatchRow).where(RegisterBatchRow.state == "active"))
    if in_use is None:
        return ()
    table = _TABLES[in_use.slot]
    found = session.scalars(select(table).where(condition(table))).all()
    rows = list(cast(Sequence[RegisterEntryA | RegisterEntryB], found))
    rows.sort(key=lambda row: (row.status, row.line))
    return tuple(_facts(row, in_use.as_of) for row in rows)


def _facts(row: RegisterEntryA | RegisterEntryB, as_of: datetime) -> RegisterFacts:
    return RegisterFacts(
        overseas_number=row.overseas_number,
        name_hangul=row.name_hangul,
        surname=row.surname,
        given_names=row.given_names,
        birth_date=row.birth_date,
        sex=row.sex,
        nationality=row.nationality,
        resident_number=row.resident_number,
        passport_number=row.passport_number,
        post=row.post,
        address=row.address,
        status=row.status,
        status_date=row.status_date,
        status_reason=row.status_reason,
        as_of=as_of,
    )

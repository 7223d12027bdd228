"""The register extract in the records: import, age, and finding one person in it.

An import loads its lines beside the extract in use and takes its place in one step, together
with what it says of credentials that stand (:mod:`desk.store.notices`); until then nobody
sees it. One bad line refuses the whole file, and the former extract stays. The
ministry's size is 2.4 million lines: nothing here holds more than one batch in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from desk.issuance.case import RegisterFacts
from desk.issuance.posts import SEOUL
from desk.store import journal, notices
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.models import RegisterBatchRow
from desk.store.notices import RegisterWatch
from desk.store.register_file import (
    BadLine,
    Entry,
    ExtractEmpty,
    ExtractLines,
    ExtractMisdated,
    ExtractOlder,
    ExtractRefused,
    ExtractUnreadable,
    Reason,
    hangul_key,
    latin_key,
    read_extract,
)
from desk.store.register_rows import LINES_A_STEP, Rows, indexes, rows_in, rows_of
from desk.store.troubles import Busy, StoreTrouble

MOST_BAD_LINES = 200
SLOTS = ("a", "b")
_IMPORTING = "register"
_IMPORTED = "REGISTER.IMPORTED"


@dataclass(frozen=True)
class RegisterState:
    """The extract in use: when it was true, how many entries, SHA-256 of its file (hex).

    Just imported, it also says of which day its newest entry is, and whether an extract before
    had newer ones: then it may be older, whatever its time.
    """

    batch: int
    as_of: datetime
    entries: int
    sha256: str
    newest: date | None = None
    goes_back: bool = False


def import_extract(
    store: Store,
    path: Path,
    stamp: Stamp,
    posts: Collection[str],
    as_of: datetime | None = None,
    most_bad_lines: int = MOST_BAD_LINES,
) -> RegisterState:
    """Put the extract in ``path`` in the place of the one in use.

    ``as_of`` is when the extract was true; a file does not say it. Where nobody does, it is
    now, or for the very file in use what was said of that. Raises the family of
    :class:`~desk.store.register_file.ExtractRefused`; then nothing has changed but the log.
    Raises Busy while another desk that shares the records imports one.
    """
    with store.alone(_IMPORTING):
        return _import(store, path, stamp, posts, as_of, most_bad_lines)


def _import(
    store: Store,
    path: Path,
    stamp: Stamp,
    posts: Collection[str],
    as_of: datetime | None,
    most_bad_lines: int,
) -> RegisterState:
    _tidy(store)
    try:
        sha256 = _sha256(path)
        loading = _begin(store, stamp, _made_at(store, sha256, stamp, as_of))
        # East of Greenwich a day may already be one that UTC has not reached.
        today = stamp.at.date() + timedelta(days=1)
        found, watch = _load(store, loading, path, frozenset(posts), today, most_bad_lines)
        if as_of is not None:
            _demand_made_at(as_of, found, stamp.at)
        state = _put_in_use(store, stamp, loading, found, sha256, watch)
    except ExtractRefused as refusal:
        _note_refusal(store, stamp, refusal)
        raise
    finally:
        # A full disk may refuse this as well; the next import does it again.
        with suppress(StoreTrouble):
            _tidy(store)
    return state


def _made_at(store: Store, sha256: str, stamp: Stamp, said: datetime | None) -> datetime:
    """When the extract was true. Raises ExtractOlder: what changed since would be undone."""
    with store.read() as session:
        used = state(session)
    if said is None:
        return used.as_of if used and used.sha256 == sha256 else stamp.at
    made = said.astimezone(SEOUL).date()
    if used is not None and made < (day := used.as_of.astimezone(SEOUL).date()):
        raise ExtractOlder(made=made.isoformat(), in_use=day.isoformat())
    return said


def _demand_made_at(said: datetime, found: _Found, now: datetime) -> None:
    """Raises ExtractMisdated."""
    made, here = (at.astimezone(SEOUL) for at in (said, now))
    if said > now or (found.newest is not None and found.newest > made.date()):
        newest = found.newest.isoformat() if found.newest else "-"
        # A clock that runs ahead, or another zone's time, may be of the same day.
        made_at, told_at = (f"{at:%Y-%m-%d %H:%M}" for at in (made, here))
        raise ExtractMisdated(made=made_at, newest=newest, now=told_at)


def tidy(store: Store) -> None:
    """Remove what an interrupted or refused import left, and the extract no longer in use.

    Nothing happens while another desk imports one: that is no interrupted import.
    """
    with suppress(Busy), store.alone(_IMPORTING):
        _tidy(store)


def _tidy(store: Store) -> None:
    with store.read() as session:
        unused = select(RegisterBatchRow.id, RegisterBatchRow.slot)
        left = session.execute(unused.where(RegisterBatchRow.state != "active")).all()
    for batch, slot in left:
        _empty(store, slot)
        with store.load() as connection:
            connection.execute(delete(RegisterBatchRow).where(RegisterBatchRow.id == batch))
    if left:
        # The log file would still hold the pages as they were before.
        store.checkpoint()


def state(session: Session) -> RegisterState | None:
    """The extract in use, if there is one."""
    row = _in_use(session)
    if row is None:
        return None
    return RegisterState(row.id, row.as_of, row.entries, row.sha256 or "")


def by_overseas_number(session: Session, number: str) -> tuple[RegisterFacts, ...]:
    in_use = _in_use(session)
    if in_use is None:
        return ()
    return _facts(in_use, rows_in(session).by_overseas_number(session, in_use, number))


def by_passport(session: Session, number: str) -> tuple[RegisterFacts, ...]:
    """Entries with this passport number; empty for an empty number."""
    in_use = _in_use(session)
    if in_use is None or not number:
        return ()
    return _facts(in_use, rows_in(session).by_passport(session, in_use, number))


def by_name(
    session: Session, surname: str, given_names: str, birth_date: date, *, cut: bool = False
) -> tuple[RegisterFacts, ...]:
    """Entries of this Latin name and birth date, whatever spaces, hyphens and accents.

    ``cut``: the name may be cut off, as machine readable zones do from 39 letters on.
    """
    in_use = _in_use(session)
    if in_use is None:
        return ()
    key = latin_key(surname, given_names)
    key = key.rstrip("<") if cut else key
    found = rows_in(session).by_name(session, in_use, key, birth_date, cut=cut)
    return _facts(in_use, found)


def by_hangul(session: Session, name: str, birth_date: date) -> tuple[RegisterFacts, ...]:
    """Entries of this name in Hangul and this birth date, whatever stands between the
    syllables; none for a name without any."""
    in_use, key = _in_use(session), hangul_key(name)
    if in_use is None or not key:
        return ()
    return _facts(in_use, rows_in(session).by_hangul(session, in_use, key, birth_date))


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
    slot: str
    rows: Rows


@dataclass
class _Found:
    """What an extract held: how many entries, and of which day the newest is."""

    entries: int = 0
    newest: date | None = None

    def see(self, lines: Iterable[Entry]) -> None:
        for line in lines:
            self.entries += 1
            day = line.status_date
            if day is not None and (self.newest is None or day > self.newest):
                self.newest = day


def _begin(store: Store, stamp: Stamp, as_of: datetime) -> _Loading:
    """Claim the table that is not in use."""
    with store.load() as connection:
        used = connection.scalars(select(RegisterBatchRow.slot)).all()
        slot = next(slot for slot in SLOTS if slot not in used)
        values = {"slot": slot, "state": "loading", "started_at": stamp.at, "as_of": as_of}
        query = insert(RegisterBatchRow).values(**values, entries=0)
        batch = connection.execute(query.returning(RegisterBatchRow.id)).scalar_one()
    return _Loading(batch, slot, rows_of(store.cells))


def _load(
    store: Store, loading: _Loading, path: Path, posts: frozenset[str], today: date, most: int
) -> tuple[_Found, RegisterWatch]:
    """Lay all good lines down, step by step; what they are, and what they say of those who
    hold a credential. Raises for the bad ones.

    Indexes are made when all lines are there: sorted once instead of touched at random.
    """
    bad: list[BadLine] = []
    count, found = 0, _Found()
    lines = read_extract(path, posts, today)
    rows = loading.rows
    with store.read() as session:
        watch = RegisterWatch(session)
    _drop_indexes(store, loading.rows, loading.slot)
    while step := tuple(islice(lines, LINES_A_STEP)):
        good = [line for line in step if isinstance(line, Entry)]
        for line in step:
            if isinstance(line, tuple):
                count += 1
                bad.extend(line if len(bad) < most else ())
        found.see(good)
        watch.see(good)
        if good:
            with store.load() as connection:
                rows.lay(connection, loading.slot, loading.batch, good)
    _make_indexes(store, loading.rows, loading.slot)
    repeated_count, repeated = _repeated(store, loading, most)
    count += repeated_count
    if count:
        shown = sorted([*bad, *repeated], key=lambda line: line.line)[:most]
        raise ExtractLines(count, tuple(shown))
    if not found.entries:
        raise ExtractEmpty(path.name, file=path.name)
    return found, watch


def _repeated(store: Store, loading: _Loading, most: int) -> tuple[int, list[BadLine]]:
    """How many lines repeat an overseas number of an earlier line, and the first of them."""
    table, number = loading.rows.table(loading.slot), loading.rows.number(loading.slot)
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
    store: Store,
    stamp: Stamp,
    loading: _Loading,
    found: _Found,
    sha256: str,
    watch: RegisterWatch,
) -> RegisterState:
    entries, newest = found.entries, found.newest
    with store.write() as session:
        former = _former_newest(session)
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
            _IMPORTED,
            batch=row.id,
            entries=entries,
            sha256=sha256,
            as_of=row.as_of.isoformat(),
            source_at=newest.isoformat() if newest else "",
        )
        notices.compare(session, stamp, watch, sha256)
        goes_back = bool(former and newest and newest < former)
        return RegisterState(row.id, row.as_of, entries, sha256, newest, goes_back)


def _former_newest(session: Session) -> date | None:
    """Of which day the newest entry of the extract before was, as the log tells."""
    event = journal.newest_of(session, None, (_IMPORTED,))
    told = str(event.facts.get("source_at", "")) if event else ""
    return date.fromisoformat(told) if told else None


def _note_refusal(store: Store, stamp: Stamp, refusal: ExtractRefused) -> None:
    with store.write() as session:
        count = len(refusal.lines) if isinstance(refusal, ExtractLines) else 0
        journal.append(session, stamp, "REGISTER.REFUSED", code=refusal.code, lines=count)


def _empty(store: Store, slot: str) -> None:
    """In short transactions, so that the desk's own writing gets between."""
    rows = rows_of(store.cells)
    table = rows.table(slot)
    some = select(table.line).order_by(table.line).limit(LINES_A_STEP).subquery()
    _drop_indexes(store, rows, slot)
    while True:
        with store.load() as connection:
            last = connection.scalar(select(func.max(some.c.line)))
            if last is None:
                break
            connection.execute(delete(table).where(table.line <= last))
    _make_indexes(store, rows, slot)


def _drop_indexes(store: Store, rows: Rows, slot: str) -> None:
    for index in indexes(rows.table(slot)):
        with store.load() as connection:
            index.drop(connection, checkfirst=True)


def _make_indexes(store: Store, rows: Rows, slot: str) -> None:
    for index in indexes(rows.table(slot)):
        with store.load() as connection:
            index.create(connection, checkfirst=True)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as reason:
        raise ExtractUnreadable(path.name, file=path.name) from reason


def _in_use(session: Session) -> RegisterBatchRow | None:
    return session.scalar(select(RegisterBatchRow).where(RegisterBatchRow.state == "active"))


def _facts(batch: RegisterBatchRow, found: Iterable[Entry]) -> tuple[RegisterFacts, ...]:
    """The living first, else in the order of the extract's lines."""
    ordered = sorted(found, key=lambda entry: (entry.status, entry.line))
    names = [f.name for f in fields(Entry) if f.name != "line"]
    return tuple(
        RegisterFacts(**{name: getattr(entry, name) for name in names}, as_of=batch.as_of)
        for entry in ordered
    )

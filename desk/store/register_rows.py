"""How the lines of an extract lie in a database, and how one is found there.

In the desk's own file, which is encrypted as a whole, a line is a row of plain columns. In
a shared database it is sealed whole and found by lookups. One of the two is chosen by the
session's way of sealing; :mod:`desk.store.register` need not know which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Index, Table, and_, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk.store import sealing
from desk.store.cells import Cells, Sealed
from desk.store.models import (
    RegisterBatchRow,
    RegisterEntryA,
    RegisterEntryB,
    SealedRegisterEntryA,
    SealedRegisterEntryB,
)
from desk.store.register_file import Entry, hangul_key, latin_key
from desk.store.troubles import trouble_of

LINES_A_STEP = 5_000
NAME_LETTERS = 12
"""So much of a name goes into its lookup. A name that a zone cut off has many more."""

PlainTable = type[RegisterEntryA | RegisterEntryB]
SealedTable = type[SealedRegisterEntryA | SealedRegisterEntryB]
_PLAIN: dict[str, PlainTable] = {"a": RegisterEntryA, "b": RegisterEntryB}
_SEALED: dict[str, SealedTable] = {"a": SealedRegisterEntryA, "b": SealedRegisterEntryB}
Accept = Callable[[Entry], bool]


class Rows(Protocol):
    """Lines of the two slots. ``batch`` is the import that a line belongs to."""

    def table(self, slot: str) -> PlainTable | SealedTable: ...

    def number(self, slot: str) -> InstrumentedAttribute[Any]:
        """The column in which two lines of one overseas number are equal."""
        ...

    def lay(self, connection: Connection, slot: str, batch: int, lines: list[Entry]) -> None: ...

    def by_overseas_number(
        self, session: Session, batch: RegisterBatchRow, number: str
    ) -> list[Entry]: ...

    def by_passport(
        self, session: Session, batch: RegisterBatchRow, number: str
    ) -> list[Entry]: ...

    def by_name(
        self, session: Session, batch: RegisterBatchRow, key: str, birth_date: date, *, cut: bool
    ) -> list[Entry]: ...

    def by_hangul(
        self, session: Session, batch: RegisterBatchRow, name: str, birth_date: date
    ) -> list[Entry]: ...


def rows_of(cells: Cells | None) -> Rows:
    return PlainRows() if cells is None else SealedRows(cells)


def rows_in(session: Session) -> Rows:
    return rows_of(sealing.cells_of(session))


def indexes(table: PlainTable | SealedTable) -> tuple[Index, ...]:
    return tuple(cast(Table, table.__table__).indexes)


class PlainRows:
    def table(self, slot: str) -> PlainTable:
        return _PLAIN[slot]

    def number(self, slot: str) -> InstrumentedAttribute[Any]:
        return self.table(slot).overseas_number

    def lay(self, connection: Connection, slot: str, batch: int, lines: list[Entry]) -> None:
        rows = [
            {**vars(line), "latin_key": latin_key(line.surname, line.given_names)} for line in lines
        ]
        connection.execute(insert(self.table(slot)), rows)

    def by_overseas_number(
        self, session: Session, batch: RegisterBatchRow, number: str
    ) -> list[Entry]:
        table = self.table(batch.slot)
        return self._entries(session, batch, table.overseas_number == number)

    def by_passport(self, session: Session, batch: RegisterBatchRow, number: str) -> list[Entry]:
        table = self.table(batch.slot)
        return self._entries(session, batch, table.passport_number == number)

    def by_name(
        self, session: Session, batch: RegisterBatchRow, key: str, birth_date: date, *, cut: bool
    ) -> list[Entry]:
        name = self.table(batch.slot).latin_key
        alike = name.startswith(key, autoescape=True) if cut else name == key
        born = self.table(batch.slot).birth_date == birth_date
        return self._entries(session, batch, and_(born, alike))

    def by_hangul(
        self, session: Session, batch: RegisterBatchRow, name: str, birth_date: date
    ) -> list[Entry]:
        born = self.table(batch.slot).birth_date == birth_date
        same_day = self._entries(session, batch, born)
        return [one for one in same_day if hangul_key(one.name_hangul) == name]

    def _entries(self, session: Session, batch: RegisterBatchRow, condition: Any) -> list[Entry]:
        found = session.scalars(select(self.table(batch.slot)).where(condition))
        return [_plain_entry(row) for row in found]

    def all_of(self, session: Session, batch: RegisterBatchRow) -> Iterator[list[Entry]]:
        """Every line of a batch, some at a time."""
        query = select(self.table(batch.slot)).execution_options(yield_per=LINES_A_STEP)
        for rows in session.scalars(query).partitions():
            yield [_plain_entry(row) for row in rows]
            session.expunge_all()


class SealedRows:
    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def table(self, slot: str) -> SealedTable:
        return _SEALED[slot]

    def number(self, slot: str) -> InstrumentedAttribute[Any]:
        return self.table(slot).overseas_key

    def lay(self, connection: Connection, slot: str, batch: int, lines: list[Entry]) -> None:
        """By COPY, which takes a third of the time of INSERT."""
        driver: Any = connection.connection.driver_connection
        target = f"{self.table(slot).__tablename__} ({', '.join(_SEALED_COLUMNS)})"
        try:
            with (
                driver.cursor() as cursor,
                cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy,
            ):
                copy.set_types(["int4", *["bytea"] * (len(_SEALED_COLUMNS) - 1)])
                for line in lines:
                    copy.write_row(self.sealed(line, batch))
        except Exception as error:
            # Past SQLAlchemy, so its errors do not come as the other ones do.
            trouble = trouble_of(error)
            if trouble is None:
                raise
            raise trouble from error

    def sealed(self, entry: Entry, batch: int) -> tuple[int, bytes, bytes, bytes, bytes, Sealed]:
        """The values of `_SEALED_COLUMNS`."""
        name = latin_key(entry.surname, entry.given_names)
        content = _SPELL(_values(entry)).encode()
        return (
            entry.line,
            self._cells.lookup("overseas", entry.overseas_number),
            self._cells.lookup("passport", entry.passport_number),
            self._person(entry.birth_date, name),
            self._hangul(entry.birth_date, hangul_key(entry.name_hangul)),
            self._cells.seal(content, "register", "entry", (entry.line,), str(batch)),
        )

    def by_overseas_number(
        self, session: Session, batch: RegisterBatchRow, number: str
    ) -> list[Entry]:
        key = self._cells.lookup("overseas", number)
        column = self.table(batch.slot).overseas_key
        return self._entries(session, batch, column == key, lambda e: e.overseas_number == number)

    def by_passport(self, session: Session, batch: RegisterBatchRow, number: str) -> list[Entry]:
        key = self._cells.lookup("passport", number)
        column = self.table(batch.slot).passport_key
        return self._entries(session, batch, column == key, lambda e: e.passport_number == number)

    def by_name(
        self, session: Session, batch: RegisterBatchRow, key: str, birth_date: date, *, cut: bool
    ) -> list[Entry]:
        def same(entry: Entry) -> bool:
            name = latin_key(entry.surname, entry.given_names)
            return entry.birth_date == birth_date and (name.startswith(key) if cut else name == key)

        column = self.table(batch.slot).person_key
        return self._entries(session, batch, column == self._person(birth_date, key), same)

    def by_hangul(
        self, session: Session, batch: RegisterBatchRow, name: str, birth_date: date
    ) -> list[Entry]:
        def same(entry: Entry) -> bool:
            return entry.birth_date == birth_date and hangul_key(entry.name_hangul) == name

        column = self.table(batch.slot).hangul_key
        return self._entries(session, batch, column == self._hangul(birth_date, name), same)

    def _person(self, birth_date: date, name: str) -> bytes:
        return self._cells.lookup("person", birth_date.isoformat(), name[:NAME_LETTERS])

    def _hangul(self, birth_date: date, name: str) -> bytes:
        return self._cells.lookup("hangul", birth_date.isoformat(), name)

    def _entries(
        self, session: Session, batch: RegisterBatchRow, condition: Any, accept: Accept
    ) -> list[Entry]:
        table = self.table(batch.slot)
        found = session.execute(select(table.line, table.entry).where(condition)).all()
        opened = (self.open(batch.id, line, sealed) for line, sealed in found)
        return [entry for entry in opened if accept(entry)]

    def open(self, batch: int, line: int, sealed: bytes) -> Entry:
        content = self._cells.open(sealed, "register", "entry", (line,), str(batch))
        return _entry(line, json.loads(content))


def _plain_entry(row: object) -> Entry:
    return Entry(**{f.name: getattr(row, f.name) for f in fields(Entry)})


_SEALED_COLUMNS = ("line", "overseas_key", "passport_key", "person_key", "hangul_key", "entry")
_NAMES = tuple(f.name for f in fields(Entry) if f.name != "line")
_BORN, _SINCE = _NAMES.index("birth_date"), _NAMES.index("status_date")
_ALL_OF = attrgetter(*_NAMES)
_SPELL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _values(entry: Entry) -> list[str | None]:
    """All but the line's number, in the order of the record."""
    values = list(_ALL_OF(entry))
    values[_BORN] = entry.birth_date.isoformat()
    values[_SINCE] = entry.status_date.isoformat() if entry.status_date else None
    return values


def _entry(line: int, values: list[Any]) -> Entry:
    for place in (_BORN, _SINCE):
        values[place] = date.fromisoformat(values[place]) if values[place] else None
    return Entry(line, *values)

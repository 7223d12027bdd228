"""How the lines of an extract lie in a database, and how one is found there.

In the desk's own file, which is encrypted as a whole, a line is a row of plain columns. In
a shared database it is sealed whole and found by lookups. One of the two is chosen by the
session's way of sealing; :mod:`desk.store.register` need not know which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import date
from typing import Any, Protocol, cast

from sqlalchemy import Index, Table, and_, delete, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from desk.store import sealing
from desk.store.cells import Cells
from desk.store.database import Store
from desk.store.models import (
    RegisterBatchRow,
    RegisterEntryA,
    RegisterEntryB,
    SealedRegisterEntryA,
    SealedRegisterEntryB,
)
from desk.store.register_file import Entry, latin_key

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

    def row(self, entry: Entry, batch: int) -> dict[str, Any]: ...

    def empty(self, store: Store, slot: str) -> None: ...

    def by_overseas_number(
        self, session: Session, batch: RegisterBatchRow, number: str
    ) -> list[Entry]: ...

    def by_passport(
        self, session: Session, batch: RegisterBatchRow, number: str
    ) -> list[Entry]: ...

    def by_name(
        self, session: Session, batch: RegisterBatchRow, key: str, birth_date: date, *, cut: bool
    ) -> list[Entry]: ...


def rows_of(cells: Cells | None) -> Rows:
    return _PlainRows() if cells is None else SealedRows(cells)


def rows_in(session: Session) -> Rows:
    return rows_of(sealing.cells_of(session))


def indexes(table: PlainTable | SealedTable) -> tuple[Index, ...]:
    return tuple(cast(Table, table.__table__).indexes)


class _PlainRows:
    def table(self, slot: str) -> PlainTable:
        return _PLAIN[slot]

    def number(self, slot: str) -> InstrumentedAttribute[Any]:
        return self.table(slot).overseas_number

    def row(self, entry: Entry, batch: int) -> dict[str, Any]:
        return {**vars(entry), "latin_key": latin_key(entry.surname, entry.given_names)}

    def empty(self, store: Store, slot: str) -> None:
        """In short transactions, so that the desk's own writing gets between."""
        table = self.table(slot)
        some = select(table.line).order_by(table.line).limit(LINES_A_STEP).subquery()
        while True:
            with store.load() as connection:
                last = connection.scalar(select(func.max(some.c.line)))
                if last is None:
                    return
                connection.execute(delete(table).where(table.line <= last))

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

    def _entries(self, session: Session, batch: RegisterBatchRow, condition: Any) -> list[Entry]:
        found = session.scalars(select(self.table(batch.slot)).where(condition))
        return [Entry(**{f.name: getattr(row, f.name) for f in fields(Entry)}) for row in found]


class SealedRows:
    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def table(self, slot: str) -> SealedTable:
        return _SEALED[slot]

    def number(self, slot: str) -> InstrumentedAttribute[Any]:
        return self.table(slot).overseas_key

    def row(self, entry: Entry, batch: int) -> dict[str, Any]:
        content = json.dumps(_values(entry), ensure_ascii=False, separators=(",", ":")).encode()
        name = latin_key(entry.surname, entry.given_names)
        return {
            "line": entry.line,
            "overseas_key": self._cells.lookup("overseas", entry.overseas_number),
            "passport_key": self._cells.lookup("passport", entry.passport_number),
            "person_key": self._person(entry.birth_date, name),
            "entry": self._cells.seal(content, "register", "entry", (entry.line,), str(batch)),
        }

    def empty(self, store: Store, slot: str) -> None:
        with store.load() as connection:
            connection.execute(text(f"TRUNCATE {self.table(slot).__tablename__}"))

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

    def _person(self, birth_date: date, name: str) -> bytes:
        return self._cells.lookup("person", birth_date.isoformat(), name[:NAME_LETTERS])

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


def _values(entry: Entry) -> list[str | None]:
    """All but the line's number, in the order of the record."""
    values: Iterable[Any] = (getattr(entry, f.name) for f in fields(Entry)[1:])
    return [value.isoformat() if isinstance(value, date) else value for value in values]


def _entry(line: int, values: list[Any]) -> Entry:
    names = [f.name for f in fields(Entry)[1:]]
    facts = dict(zip(names, values, strict=True))
    for name in ("birth_date", "status_date"):
        facts[name] = None if facts[name] is None else date.fromisoformat(facts[name])
    return Entry(line, **facts)

"""The mailbox's statements on the database's own driver.

SQLAlchemy writes every statement, once for the dialect in use; running it goes straight to
the driver. An issuance is some forty small statements, and through SQLAlchemy's execution
they cost several times what the database itself needs.
"""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler

Statement = sa.Select[*tuple[Any, ...]] | sa.Insert | sa.Update | sa.Delete
Row = Any
"""One row: a named tuple, its columns read as attributes."""

_NOTHING: Mapping[str, Any] = {}
_COMPARED = frozenset({"key", "now", "limit", "after"})
"""Names of what statements compare with; every other value is a column's."""


class Answer:
    """What a statement gave back; read once."""

    def __init__(self, cursor: sqlite3.Cursor, row: Callable[[tuple[Any, ...]], Row]) -> None:
        self._cursor, self._row = cursor, row

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def all(self) -> list[Row]:
        return [self._row(values) for values in self._cursor.fetchall()]

    def one_or_none(self) -> Row | None:
        """The row, or None; what is asked for by its key is there once at most."""
        values = self._cursor.fetchone()
        return None if values is None else self._row(values)

    def one(self) -> Row:
        return self._row(self._cursor.fetchone())

    def scalar_one(self) -> Any:
        return self._cursor.fetchone()[0]

    def scalar_one_or_none(self) -> Any:
        values = self._cursor.fetchone()
        return None if values is None else values[0]


@dataclass(frozen=True)
class _Written:
    """A statement as text, the values it brings along, those that are JSON, and its rows."""

    text: str
    fixed: Mapping[str, Any]
    json: tuple[str, ...]
    row: Callable[[tuple[Any, ...]], Row]

    def filled(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.fixed and not self.json:
            return values
        written = {name: json.dumps(values[name]) for name in self.json if values[name] is not None}
        return {**self.fixed, **values, **written}


class Driver:
    """One connection; errors are the driver's own. Columns of JSON are written and read as
    such, all others as the driver has them: text, whole numbers, bytes, None."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._dialect = sqlite.dialect(paramstyle="named")
        self._written: dict[tuple[int, tuple[str, ...]], _Written] = {}

    def execute(self, statement: Statement, values: Mapping[str, Any] = _NOTHING) -> Answer:
        """Run a statement that lives as long as the program: it is remembered by identity.
        Inserts and updates set the columns that ``values`` name."""
        place = id(statement), tuple(values)
        written = self._written.get(place)
        if written is None:
            written = self._written[place] = self._write(statement, place[1])
        cursor = self._connection.execute(written.text, written.filled(values))
        return Answer(cursor, written.row)

    def say(self, command: str) -> None:
        """A command without values: the frame of a transaction, a setting."""
        self._connection.execute(command).close()

    def ask(self, command: str) -> Any:
        """The one value that a command without values answers."""
        return self._connection.execute(command).fetchone()[0]

    def create(self, tables: sa.MetaData) -> None:
        """What is missing of ``tables`` and their indexes."""
        for table in tables.sorted_tables:
            self._create(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                self._create(CreateIndex(index, if_not_exists=True))

    def add_column(self, column: sa.Column[Any]) -> None:
        kind = column.type.compile(self._dialect)
        self.say(f"ALTER TABLE {column.table.name} ADD COLUMN {column.name} {kind}")

    def undo(self) -> None:
        """End a transaction that did not come to its end; most errors end it by themselves."""
        if self._connection.in_transaction:
            self.say("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def _create(self, element: CreateTable | CreateIndex) -> None:
        self.say(str(element.compile(dialect=self._dialect)))

    def _write(self, statement: Statement, names: tuple[str, ...]) -> _Written:
        columns = None
        if isinstance(statement, sa.Insert | sa.Update):
            columns = [name for name in names if name not in _COMPARED]
        compiled = statement.compile(dialect=self._dialect, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)
        own = {name: bind for name, bind in compiled.binds.items() if name not in names}
        fixed = {name: bind.value for name, bind in own.items() if not bind.required}
        return _Written(
            str(compiled),
            fixed | _defaults(statement, own),
            tuple(name for name in names if isinstance(compiled.binds[name].type, sa.JSON)),
            _rows(compiled),
        )


def _defaults(statement: Statement, own: Mapping[str, object]) -> dict[str, Any]:
    """What an insert's columns hold that nobody names."""
    if not isinstance(statement, sa.Insert):
        return {}
    columns = statement.table.columns
    defaults = ((name, columns[name].default) for name in own)
    return {name: one.arg for name, one in defaults if isinstance(one, sa.ColumnDefault)}


def _rows(compiled: SQLCompiler) -> Callable[[tuple[Any, ...]], Row]:
    entries = compiled._result_columns
    fields = [entry.keyname for entry in entries]
    make = namedtuple("Row", fields)  # type: ignore[misc]  # noqa: PYI024
    places = [n for n, entry in enumerate(entries) if isinstance(entry.type, sa.JSON)]
    if not places:
        return make._make

    def row(values: tuple[Any, ...]) -> Row:
        read = list(values)
        for place in places:
            if read[place] is not None:
                read[place] = json.loads(read[place])
        return make._make(read)

    return row

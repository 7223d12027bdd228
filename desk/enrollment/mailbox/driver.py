"""The mailbox's statements on a database's own driver.

SQLAlchemy writes every statement, once for the dialect in use; running it goes straight to
the driver: through SQLAlchemy's execution the small statements of an issuance cost several
times what the database itself needs. Which databases there are stands in ``file`` and
``server``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler

from desk.enrollment.trouble import MailboxTrouble

Statement = sa.Select[*tuple[Any, ...]] | sa.Insert | sa.Update | sa.Delete
Asked = tuple[Statement, Mapping[str, Any]]
"""A statement and its values."""
Row = Any
"""One row: a named tuple, its columns read as attributes."""

UNLOGGED = "unlogged"
"""A table's note (``info``) that a server's crash may empty it."""

_NOTHING: Mapping[str, Any] = {}
_COMPARED = frozenset({"key", "former", "now", "limit", "until"})
"""Names of what statements compare with; every other value is a column's."""


class Cursor(Protocol):
    """What both drivers' cursors have in common."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Answer:
    """What a statement gave back; read once."""

    def __init__(self, cursor: Cursor, row: Callable[[tuple[Any, ...]], Row]) -> None:
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

    def scalar_one_or_none(self) -> Any:
        values = self._cursor.fetchone()
        return None if values is None else values[0]


@dataclass(frozen=True)
class Written:
    """A statement as text, with ``places`` for its values: those that never change stand in
    them already. ``given`` says whose value goes where; ``row`` makes its rows."""

    text: str
    places: tuple[Any, ...]
    given: tuple[tuple[int, str], ...]
    row: Callable[[tuple[Any, ...]], Row]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        filled = list(self.places)
        for place, name in self.given:
            filled[place] = values[name]
        return filled


class Driver(ABC):
    """One connection; errors are the driver's own. Values are text, whole numbers, truths,
    bytes and None. ``in_step`` is whether a transaction is going on."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.in_step = False
        self._written: dict[tuple[int, tuple[str, ...]], Written] = {}

    def execute(self, statement: Statement, values: Mapping[str, Any] = _NOTHING) -> Answer:
        """Run a statement that lives as long as the program: it is remembered by identity.
        Inserts and updates set the columns that ``values`` name."""
        written = self.written(statement, values)
        return Answer(self.run(written.text, written.filled(values)), written.row)

    def change(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """The same where nobody asks for an answer: within a step it may be sent together with
        what comes next, its commit at the latest, and its error is raised there."""
        self.execute(statement, values)

    def written(self, statement: Statement, values: Mapping[str, Any]) -> Written:
        place = id(statement), tuple(values)
        written = self._written.get(place)
        if written is None:
            written = self._written[place] = _write(statement, place[1], self._dialect)
        return written

    def say(self, command: str) -> None:
        """A command without values: the frame of a transaction, a setting."""
        self.run(command, ())

    def ask(self, command: str) -> Any:
        """The one value that a command without values answers."""
        return self.run(command, ()).fetchone()[0]

    def create(self, tables: sa.MetaData) -> None:
        """What is missing of ``tables`` and their indexes."""
        for table in tables.sorted_tables:
            self.say(self.table_text(table))
            for index in table.indexes:
                element = CreateIndex(index, if_not_exists=True)
                self.say(str(element.compile(dialect=self._dialect)))

    def table_text(self, table: sa.Table) -> str:
        """The command that makes a table where there is none."""
        return str(CreateTable(table, if_not_exists=True).compile(dialect=self._dialect))

    @abstractmethod
    def has(self, table: str) -> bool:
        """Whether there is such a table."""

    @abstractmethod
    def named(self, command: str) -> list[dict[str, Any]]:
        """The rows of a command without values, by the names of their columns; what an older
        layout may have had."""

    @abstractmethod
    def run(self, text: str, values: Sequence[Any]) -> Cursor:
        """Send one statement."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction."""

    @abstractmethod
    def commit(self) -> None:
        """End it: from here on it is durable."""

    @abstractmethod
    def undo(self) -> None:
        """End a transaction that did not come to its end; most errors end it by themselves."""

    @abstractmethod
    def swap(self, offer: Mapping[str, Any], *beside: Asked) -> bool:
        """Write an offer (``statements.SWAP_OFFER``) and what goes with it in one transaction,
        durable when this returns. False, and nothing is written, where somebody else has
        changed it; what goes with it must do nothing then by itself: on a server all is sent
        in one go."""

    @abstractmethod
    def hold(self, name: str) -> None:
        """Nobody else holds ``name`` until this transaction ends."""

    @abstractmethod
    def shut(self, table: str) -> None:
        """Nobody else reads or writes a table until this transaction ends."""

    @abstractmethod
    def check_room(self) -> None:
        """As the mailbox's; outside of a step."""

    @abstractmethod
    def close(self) -> None: ...


class HeardBefore(Exception):
    """A call of the desk was heard by another process, or by this one."""


class Ear(Protocol):
    """Hears what other processes told. Close it."""

    def fileno(self) -> int:
        """What becomes readable when there is something to hear."""

    def heard(self) -> list[str]:
        """The marks of the topics told since last time; raises MailboxAway."""

    def close(self) -> None: ...


class Database(Protocol):
    """A file or a server. ``shared``: other processes work on it as well, and steps may run
    beside each other, each on a connection of its own."""

    shared: bool

    def connection(self) -> AbstractContextManager[Driver]:
        """A connection for one step; raises MailboxTrouble."""

    def bringing(self, asked: Asked) -> AbstractContextManager[None]:
        """What this fibre or thread asks first meanwhile takes ``asked`` along, in one
        transaction: the number of a call of the desk. Raises HeardBefore where that is known. A
        server's only."""

    def trouble(self, error: Exception) -> MailboxTrouble | None:
        """The trouble that a driver's error stands for; None for an error of another kind."""

    def ear(self) -> Ear | None:
        """As the mailbox's."""

    def is_conflict(self, error: Exception) -> bool:
        """Whether somebody else was in the way: nothing happened, at once again it will."""

    def close(self) -> None: ...


def _write(statement: Statement, names: tuple[str, ...], dialect: Dialect) -> Written:
    columns = None
    if isinstance(statement, sa.Insert | sa.Update) and not _chooses(statement):
        columns = [name for name in names if name not in _COMPARED]
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    assert isinstance(compiled, SQLCompiler)
    assert compiled.positiontup is not None
    own = ((name, bind) for name, bind in compiled.binds.items() if name not in names)
    fixed = {name: bind.value for name, bind in own if not bind.required}
    places = list(enumerate(compiled.positiontup))
    fields = [entry.keyname for entry in compiled._result_columns]
    make = namedtuple("Row", fields)  # type: ignore[misc]  # noqa: PYI024
    return Written(
        str(compiled),
        tuple(fixed.get(name) for _, name in places),
        tuple((place, name) for place, name in places if name not in fixed),
        make._make,
    )


def _chooses(statement: Statement) -> bool:
    """An insert of what a query finds, whose columns are named already."""
    return isinstance(statement, sa.Insert) and statement.select is not None

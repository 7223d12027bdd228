"""The mailbox as a SQLite file: one service process, one connection, no waiting.

Write-ahead log, a sync at every commit, removed content overwritten.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Asked, Driver
from desk.enrollment.trouble import MailboxBroken, MailboxFull, MailboxInUse

log = logging.getLogger("desk.enrollment")

# A service that ends still has the file; one that goes on serving keeps it.
_BUSY_SECONDS = 10
# A few answers' worth: with less the next phone may be the one that is turned away.
_LEAST_FREE = 1 << 20
_PRAGMAS = (
    # One process has the file: what it remembers of it (offers, calls it has heard) would not
    # be another one's. Nothing is locked and unlocked for each statement either.
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    # Kibibytes of pages: the indexes of a busy week, so that none is read again for each of
    # the offers.
    "cache_size=-32768",
)


class FileDriver(Driver):
    """The connection to a file in ``folder``."""

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        super().__init__(sqlite.dialect(paramstyle="qmark"))
        self._connection, self._folder = connection, folder

    def run(self, text: str, values: Sequence[Any]) -> sqlite3.Cursor:
        return self._connection.execute(text, values)

    def named(self, command: str) -> list[dict[str, Any]]:
        rows = self.run(command, ())
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def has(self, table: str) -> bool:
        return bool(self.ask(f"SELECT count(*) FROM sqlite_master WHERE name = '{table}'"))

    def begin(self) -> None:
        # Taking the write lock at once: what is read in a step still holds when it writes.
        self.run("BEGIN IMMEDIATE", ())

    def commit(self) -> None:
        self.run("COMMIT", ())

    def undo(self) -> None:
        if self._connection.in_transaction:
            self.run("ROLLBACK", ())

    def swap(self, offer: Mapping[str, Any], *beside: Asked) -> bool:
        if not beside:
            # By itself it is a transaction already.
            return self.execute(sql.SWAP_OFFER, offer).rowcount == 1
        self.begin()
        try:
            if self.execute(sql.SWAP_OFFER, offer).rowcount != 1:
                self.undo()
                return False
            for one in beside:
                self.execute(*one)
            self.commit()
        except BaseException:
            self.undo()
            raise
        return True

    def hold(self, name: str) -> None:
        """Whoever writes to the file holds all of it."""

    def shut(self, table: str) -> None:
        """Nobody else writes, and what is read stays as it was read."""

    def check_room(self) -> None:
        with suppress(OSError):
            if shutil.disk_usage(self._folder).free < _LEAST_FREE:
                raise MailboxFull

    def close(self) -> None:
        self._connection.close()


class FileDatabase:
    """The file ``path``, made where there is none; raises MailboxTrouble."""

    shared = False

    def __init__(self, path: Path) -> None:
        connection: sqlite3.Connection | None = None
        try:
            # Transactions are the mailbox's own (isolation_level).
            connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            if _code(error) == sqlite3.SQLITE_BUSY:
                raise MailboxInUse(file=path.name) from error
            raise _trouble(error) from error
        self._driver = FileDriver(connection, path.parent)
        self._always = nullcontext[Driver](self._driver)

    def connection(self) -> AbstractContextManager[Driver]:
        return self._always

    def bringing(self, _asked: Asked) -> AbstractContextManager[None]:
        raise NotImplementedError("one process hears all calls by itself")

    def trouble(self, error: Exception) -> MailboxFull | MailboxBroken | None:
        return _trouble(error) if isinstance(error, sqlite3.Error) else None

    def ear(self) -> None:
        """Nobody else has the file."""

    def is_conflict(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.IntegrityError)

    def close(self) -> None:
        self._driver.close()


def _trouble(error: sqlite3.Error) -> MailboxFull | MailboxBroken:
    if _code(error) == sqlite3.SQLITE_FULL:
        return MailboxFull()
    # In SQLite's own words, which are of files and tables.
    log.error("database: %s", error)
    return MailboxBroken()


def _code(error: sqlite3.Error) -> int:
    """SQLite's own, without its extension."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF

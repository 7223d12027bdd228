"""Opening the records, and the two kinds of transaction on them.

One encrypted file of the desk's own, or a PostgreSQL that the desks of a post share
(:mod:`desk.store.postgres`); whoever uses the store need not know which. The file is
SQLCipher with a raw key; write-ahead log with full synchronisation, so that what was
committed survives a power cut; deleted content is overwritten. A reader never waits. A
writer takes the write lock at its beginning (``BEGIN IMMEDIATE``): what it reads cannot
change before it commits, on which audit chain, status indexes and numbers rely.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, sessionmaker

from desk.store import changes, pool, postgres, schema, sealing
from desk.store.cells import Cells
from desk.store.changes import Bell, Changes, SharedEar
from desk.store.key import RecordsKey
from desk.store.models import KeyRingRow, MetaRow
from desk.store.pool import RecordsPool
from desk.store.postgres import SharedDatabase
from desk.store.schema import WRITING
from desk.store.troubles import (
    Busy,
    NotOpened,
    StoreTrouble,
    Unreachable,
    Unwritable,
    WrongKind,
    database_troubles,
    trouble_of,
)

BUSY_SECONDS = 5.0
_AUDITED = "audited"
_KINDS = "kinds"
_CHANGED = "changed"


class StoreKind(StrEnum):
    """Training records never open in live work, nor live ones in training."""

    LIVE = "live"
    TRAINING = "training"


class UnauditedChange(RuntimeError):
    """A bug: a transaction changed records and wrote no audit event."""


class Store:
    """The open records. Threads may share it; each takes sessions of its own."""

    def __init__(self, engine: Engine, cells: Cells | None = None) -> None:
        self.engine = engine
        self.cells = cells
        self._bell = Bell()
        self._turns: dict[str, threading.Lock] = {}
        info = sealing.session_info(cells)
        writing = engine.execution_options(**_writing(cells))
        # Nobody who shares the records waits for lines that nobody sees yet.
        self._bulk = writing.execution_options(**{postgres.LOADING: cells is not None})
        reading = engine if cells is None else engine.execution_options(**postgres.READING)
        self._reading = sessionmaker(reading, expire_on_commit=False, info=info)
        self._writing = sessionmaker(
            writing, class_=_WritingSession, expire_on_commit=False, info=info
        )

    @classmethod
    def open(
        cls,
        place: Path | SharedDatabase,
        key: RecordsKey,
        kind: StoreKind | None = StoreKind.LIVE,
    ) -> Store:
        """Open or make the records in ``place`` and bring them to today's shape.

        ``kind=None`` takes what is there (new records are live ones): for commands that
        serve both. Raises the family of :mod:`desk.store.troubles`.
        """
        if isinstance(place, SharedDatabase):
            engine, cells = postgres.open_engine(place), Cells(key)
        else:
            _make_private(place)
            engine, cells = open_engine(place, key), None
        try:
            with database_troubles():
                schema.upgrade(engine)
                _claim(engine, kind, cells)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, cells)

    @property
    def shared(self) -> bool:
        """Whether other desks use these records as well."""
        return self.cells is not None

    def key_is_in_force(self) -> bool:
        """False where another desk replaced the key of shared records. A server that is away
        does not say so, and what is done next will tell of it."""
        if self.cells is None:
            return True
        try:
            with database_troubles(), self.engine.connect() as connection:
                found = connection.scalar(select(KeyRingRow.key_id))
        except StoreTrouble:
            return True
        return found == self.cells.key_id.hex()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view of the records; nothing in it is written."""
        with database_troubles(), self._reading() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: everything in it is durable at its end, or nothing is.

        On shared records :class:`~desk.store.troubles.OutcomeUnknown` says that the server
        went away at the very end and could not be asked which of the two it is.
        """
        with database_troubles(), self._writing() as session:
            session.connection()
            yield session
            session.flush()
            kinds: set[str] = session.info.pop(_KINDS, set())
            if self.shared and kinds:
                postgres.notify(session.connection(), changes.CHANNEL, changes.payload(kinds))
            self._commit(session)
        self._bell.ring(frozenset(kinds))

    def _commit(self, session: Session) -> None:
        event = session.info.get(_AUDITED)
        try:
            session.commit()
        except DBAPIError as error:
            if not (event and isinstance(trouble_of(error.orig), Unreachable)):
                raise
            postgres.require_committed(self.engine, event)

    def changes(self) -> Changes:
        """An ear for what is committed from now on: by this program, and where the records
        are shared by every desk. Close it."""
        with database_troubles():
            return SharedEar(self.engine) if self.shared else self._bell.ear()

    @contextmanager
    def load(self) -> Iterator[Connection]:
        """One transaction on rows that nobody sees yet, or no longer: bulk loading and
        removing. What comes into use does so by :meth:`write`, with its event."""
        with database_troubles(), self._bulk.begin() as connection:
            yield connection

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Nobody else who shares the records does ``what`` meanwhile. Raises
        :class:`~desk.store.troubles.Busy`. One program has an own file for itself."""
        if not self.shared:
            yield
            return
        with database_troubles(), postgres.alone(self.engine, what):
            yield

    @contextmanager
    def in_turn(self, what: str, patience: float) -> Iterator[None]:
        """One after another do ``what``: this program's threads, and every desk that shares the
        records. ``patience`` is how many seconds either is waited for; raises
        :class:`~desk.store.troubles.Busy` after that. Not within a transaction."""
        turn = self._turns.setdefault(what, threading.Lock())
        if not turn.acquire(timeout=patience):
            raise Busy(what)
        try:
            if not self.shared:
                yield
                return
            with database_troubles(), postgres.in_turn(self.engine, what, patience):
                yield
        finally:
            turn.release()

    def checkpoint(self) -> bool:
        """Move the log into the file and cut the log to nothing, so that no removed content
        is left in it. False where somebody was still reading: the next one, or closing,
        finishes it."""
        if self.shared:
            with database_troubles():
                postgres.clean(self.engine)
            return True
        with database_troubles(), self.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            busy, _pages, _moved = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def close(self) -> None:
        """Connections still in use end with what uses them."""
        pool.close(self.engine)


class _WritingSession(Session):
    """Commits a change only together with its audit event."""


@event.listens_for(_WritingSession, "after_flush")
def _note_flush(session: Session, _context: UOWTransaction) -> None:
    if session.new or session.dirty or session.deleted:
        session.info[_CHANGED] = True


@event.listens_for(_WritingSession, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    if not state.is_select:
        state.session.info[_CHANGED] = True


@event.listens_for(_WritingSession, "before_commit")
def _demand_event(session: Session) -> None:
    session.flush()
    if session.info.pop(_CHANGED, False) and not session.info.pop(_AUDITED, False):
        raise UnauditedChange
    session.info.pop(_AUDITED, None)


def note_audited(session: Session, event: str, kind: str) -> None:
    """Called by :mod:`desk.store.journal` for each event it appends, with its hash."""
    session.info[_AUDITED] = event
    session.info.setdefault(_KINDS, set()).add(kind)


def open_engine(path: Path, key: RecordsKey) -> Engine:
    """An engine on the encrypted file. Parameters and key never reach a log or a message."""

    def connect() -> Any:
        connection = sqlcipher.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, key)
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite://",
        module=sqlcipher,
        creator=connect,
        poolclass=RecordsPool,
        pool_size=4,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(path: Path) -> None:
    """New records belong to one user; SQLite gives its log file the same rights."""
    try:
        path.touch(mode=0o600, exist_ok=True)
    except OSError as reason:
        raise Unwritable("records", file=path.name) from reason


def _prepare(connection: Any, key: RecordsKey) -> None:
    for pragma in (
        # SQLCipher would write to the program's error output what we raise as troubles.
        "PRAGMA cipher_log_level = NONE",
        key.pragma(),
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",
        "PRAGMA temp_store = MEMORY",
    ):
        connection.execute(pragma).fetchall()


def _begin(connection: Connection) -> None:
    # The driver's own transaction handling is off (isolation_level=None): it begins only
    # before the first change, so that what was read earlier might have changed meanwhile.
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _writing(cells: Cells | None) -> dict[str, Any]:
    """Options of an engine that writes; on shared records with the key it must write under."""
    return {WRITING: True} | ({} if cells is None else {postgres.KEY_ID: cells.key_id.hex()})


def _claim(engine: Engine, kind: StoreKind | None, cells: Cells | None) -> None:
    """Mark new records as training or live; refuse records of the other kind or key."""
    if cells is not None and _is_claimed(engine):
        # Nobody waits for the desk that writes just to look.
        writing = engine
    else:
        writing = engine.execution_options(**{WRITING: True})
    with Session(writing, info=sealing.session_info(cells)) as session, session.begin():
        if cells is not None:
            _claim_key(session, cells)
        found = session.get(MetaRow, "kind")
        if found is None:
            facts = {"kind": (kind or StoreKind.LIVE).value, "holder_pepper": secrets.token_hex(32)}
            session.add_all(MetaRow(name=name, value=value) for name, value in facts.items())
        elif kind is not None and found.value != kind:
            raise WrongKind(found.value, found=found.value, wanted=kind.value)


def _is_claimed(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.scalar(select(KeyRingRow.key_id)) is not None


def _claim_key(session: Session, cells: Cells) -> None:
    ring = session.get_one(KeyRingRow, 1)
    if ring.key_id is None:
        ring.key_id = cells.key_id.hex()
    elif ring.key_id != cells.key_id.hex():
        raise NotOpened("key")

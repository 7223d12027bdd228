"""The mailbox on a PostgreSQL: several service processes, on one machine or more.

Each step runs on a connection of its own, kept for the next one. Nobody holds a lock while he
thinks: a change of an offer is one word to the server, in which the offer is compared and
swapped, so that phones of different offers do not wait for each other. Commits are synchronous
whatever the server's own settings say. A server that goes away is a trouble that passes:
nothing of the step happened, or all of it did.

No password stands in the address, which every program of the machine can read: libpq takes
it from its password file, or signs in with a client certificate. The way to another machine
is protected by TLS with the server's name checked.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg import conninfo, errors, pq
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from desk.enrollment import fibres
from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import (
    UNLOGGED,
    Asked,
    Driver,
    HeardBefore,
    Statement,
)
from desk.enrollment.mailbox.tables import heard_table
from desk.enrollment.mailbox.told import CHANNEL, LISTENERS, PROCESS
from desk.enrollment.trouble import (
    MailboxAddressUnusable,
    MailboxAway,
    MailboxBroken,
    MailboxFull,
)

log = logging.getLogger("desk.enrollment")

CONNECTIONS = 4
"""Of one process: so many steps run beside each other."""
_LOCK_SECONDS = 5
_CONNECT_SECONDS = 3
_HUNG_SECONDS = 20
"""A process that began a step and went silent is cut off after this."""
_MUTE_SECONDS = _HUNG_SECONDS + 2
"""A server that is silent for longer than it was told to work on anything hangs."""
_FAREWELL_SECONDS = 1.0
"""Who ends waits for so long at most."""
_DEAD_SECONDS = 10
"""A connection whose other end no longer answers is given up after this, on both ends."""
_TOLD_SECONDS = 30.0
_TRUSTED_SECONDS = 0.05
"""A line that was used so shortly before is not looked at before it is used again: should the
server have fallen meanwhile, the step that finds out is done again."""
_REFUSED_BY_POOLER = "unsupported startup parameter"
"""In the words of the one that is met most (PgBouncer)."""
_MOST_PORTS = 65535
_LOCAL = {"127.0.0.1", "::1", "localhost"}
_CONFLICTS = (
    errors.UniqueViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    # Two processes that make the same table at once.
    errors.DuplicateTable,
    errors.DuplicateObject,
)
# The server or its way is not there now: connections (08), locks and room for callers (53300),
# too slow, shutting down and starting (57), a standby that does not write yet (25006).
_PASSING = ("08", "53300", "55P03", "57", "25006")
_FULL = "53100"
# Rights, tables, columns (42) and schemas (3F): the server names these and nothing more.
_OF_NAMES = ("42", "3F")
_BINARY = 1
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)

_SENT: Final[Mapping[type, Callable[[Any], bytes | None]]] = {
    bytes: bytes,
    str: str.encode,
    int: lambda value: b"%d" % value,
    bool: lambda value: b"t" if value else b"f",
    type(None): lambda value: value,
}
"""How the server reads a value: bytes as they are, all others as text."""


def _number(value: bytes) -> int:
    return int.from_bytes(value, signed=True)


_RECEIVED: Final[Mapping[int, Callable[[bytes], Any]]] = {
    16: lambda value: value != b"\0",
    17: bytes,
    20: _number,
    21: _number,
    23: _number,
}
"""What a value of the server's is, by its type's number in the server's own catalogue; all
others are text."""


def check_address(address: str) -> Mapping[str, Any]:
    """What libpq is told of ``address``; raises MailboxAddressUnusable."""
    try:
        told = conninfo.conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise MailboxAddressUnusable(reason="address") from error
    if not all(_is_port(port) for port in str(told.get("port") or "").split(",")):
        raise MailboxAddressUnusable(reason="address")
    if told.get("password") is not None:
        raise MailboxAddressUnusable(reason="password")
    if not told.get("dbname"):
        raise MailboxAddressUnusable(reason="database")
    hosts = f"{told.get('host') or ''},{told.get('hostaddr') or ''}".split(",")
    named = [host for host in hosts if host]
    if not named:
        raise MailboxAddressUnusable(reason="host")
    if any(host not in _LOCAL and not host.startswith("/") for host in named):
        if told.get("sslmode", "verify-full") != "verify-full":
            raise MailboxAddressUnusable(reason="sslmode")
        return {**told, "sslmode": "verify-full"}
    return told


def _is_port(text: str) -> bool:
    """As libpq sees it: empty is the usual one."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_PORTS))
    return not text or (is_number and 0 < int(text) <= _MOST_PORTS)


_KEPT = (
    # A document changes six times and has just outgrown what a row holds by default: whole in
    # its row, with room for the next one beside it.
    "ALTER TABLE offers SET (fillfactor = 50, toast_tuple_target = 8160)",
    # Ciphertext and compressed bits, which the server would try to compress.
    "ALTER TABLE answers ALTER sealed SET STORAGE EXTERNAL",
    "ALTER TABLE status_lists ALTER jwt SET STORAGE EXTERNAL, ALTER cwt SET STORAGE EXTERNAL",
)
"""How the server keeps what it keeps: an eighth of its work for an issuance."""

Luggage = ContextVar[Asked | None]
"""What the next words of a fibre or thread to the server take along. It stays until they are
written: where they were not, or nobody knows, it goes with what comes next."""

_Text = tuple[str, Sequence[Any]]
"""A statement's text and its values."""
_Order = tuple[bytes, list[Any], list[bool]]
"""A prepared statement's name, its values, and which of them are sent as they are."""
_UNSYNCHRONISED = "set_config('synchronous_commit', 'off', true)"
_WHOSE = f"SELECT current_setting('{PROCESS}', true)"
_PLACE = re.compile(r"\$(\d+)")
_TO_DISK = "SELECT set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true)"
# A mebibyte: tables grow by up to half of one at once.
_FILL_SOME = (
    "WITH room AS MATERIALIZED (SELECT repeat('x', 8000) FROM generate_series(1, 132))"
    " SELECT count(*) FROM room"
)
_HOLD = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


class ServerDriver(Driver):
    """One connection to the server.

    Statements are prepared once and sent by libpq's own calls: with psycopg's cursors, which
    adapt any type to any other, each takes three times as long. What needs no answer waits for
    what does and goes with it: the beginning of a transaction, what a call of the desk brings.
    """

    def __init__(self, told: Mapping[str, Any], process: str, luggage: Luggage) -> None:
        super().__init__(PGDialect_psycopg(paramstyle="numeric_dollar"))  # type: ignore[no-untyped-call]
        self.connection = psycopg.connect(autocommit=True, **_arguments(told, process))
        self.pid = self.connection.info.backend_pid
        self._wire = self.connection.pgconn
        self._names: dict[str, bytes] = {}
        self._both: dict[str, str] = {}
        self._unsent: list[_Order] = []
        self._luggage = luggage
        self.hearing = fibres.Hearing(self.connection, _MUTE_SECONDS)
        self.trusted_until = 0.0

    def run(self, text: str, values: Sequence[Any]) -> Rows:
        if self._unsent:
            return self._in_one_go((text, values))[0]
        # In a transaction it went along with the beginning.
        if self._luggage.get() is None or not self.is_usable:
            return self._run_alone(text, values)
        rows = self._run_alone(*self._bringing(text, values))
        self._luggage.set(None)
        return rows

    def _bringing(self, text: str, values: Sequence[Any]) -> _Text:
        """This statement, and what is brought with it where something is: one that does both,
        for less than two.

        Where the other one only looks, nothing of it has to be synchronised. It would be: who
        looks tidies a page up now and then, which is written down, and who writes anything
        waits for all that is written down.
        """
        brought = self._luggage.get()
        if brought is None:
            return text, values
        written = self.written(*brought)
        both = self._both.get(text)
        if both is None:
            before = len(written.places)
            moved = _PLACE.sub(lambda place: f"${int(place[1]) + before}", text)
            light = f" RETURNING {_UNSYNCHRONISED}" if text.startswith("SELECT") else ""
            both = self._both[text] = f"WITH brought AS ({written.text}{light}) {moved}"
        return both, [*written.filled(brought[1]), *values]

    def _run_alone(self, text: str, values: Sequence[Any]) -> Rows:
        if not values:
            self._wire.send_query_params(text.encode(), None, result_format=_BINARY)
        else:
            self._wire.send_query_prepared(*self._order(text, values), _BINARY)
        return self._heard()

    def swap(self, offer: Mapping[str, Any], *beside: Asked) -> bool:
        # What it returns is for the server to do: to read it costs as much as to send it.
        if not beside:
            return self.execute(sql.SWAP_AND_TELL, offer).rowcount == 1
        # What is sent in one go is one transaction (PostgreSQL, «Pipeline Mode»).
        first, *others = (self._filled(*one) for one in ((sql.SWAP_AND_TELL, offer), *beside))
        swapped = self._in_one_go(self._bringing(*first), *others)[0]
        self._luggage.set(None)
        return swapped.rowcount == 1

    def change(self, statement: Statement, values: Mapping[str, Any]) -> None:
        if self.in_step:
            self._later(statement, values)
        else:
            self.execute(statement, values)

    def _later(self, statement: Statement, values: Mapping[str, Any]) -> None:
        self._unsent.append(self._order(*self._filled(statement, values)))

    def _filled(self, statement: Statement, values: Mapping[str, Any]) -> _Text:
        written = self.written(statement, values)
        return written.text, written.filled(values)

    def named(self, command: str) -> list[dict[str, Any]]:
        rows = self.run(command, ())
        return [dict(zip(rows.names, row, strict=True)) for row in rows.fetchall()]

    def is_of(self, process: str) -> bool:
        """Whether the settings that this connection began with have come to the server."""
        (named,) = self._run_alone(_WHOSE, ()).fetchall()
        return named == (process,)

    def has(self, table: str) -> bool:
        return bool(self.ask(f"SELECT to_regclass('{table}') IS NOT NULL"))

    def begin(self) -> None:
        self._unsent = [self._order("BEGIN", ())]
        if brought := self._luggage.get():
            self._later(*brought)

    def commit(self) -> None:
        try:
            self.run("COMMIT", ())
        except BaseException:
            self.undo()
            raise
        self._luggage.set(None)

    def undo(self) -> None:
        self._unsent = []
        if self._wire.transaction_status != pq.TransactionStatus.IDLE:
            # With the connection gone the server undoes it by itself.
            with suppress(psycopg.Error):
                self._wire.send_query(b"ROLLBACK")
                self._heard()

    def hold(self, name: str) -> None:
        self._unsent.append(self._order(_HOLD, (name,)))

    def shut(self, table: str) -> None:
        self.say(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

    def create(self, tables: sa.MetaData) -> None:
        super().create(tables)
        for command in _KEPT:
            self.say(command)

    def table_text(self, table: sa.Table) -> str:
        text = super().table_text(table)
        return text.replace("CREATE", "CREATE UNLOGGED", 1) if table.info.get(UNLOGGED) else text

    def check_room(self) -> None:
        # By a temporary file, on the database's own disk and gone at once: what is written into
        # tables may still find a place in one of their pages when there is none for the next.
        # An operator's own bound on such files says nothing of the disk.
        with suppress(errors.ConfigurationLimitExceeded):
            self._in_one_go((_TO_DISK, ()), (_FILL_SOME, ()))

    @property
    def is_usable(self) -> bool:
        return self._wire.transaction_status == pq.TransactionStatus.IDLE

    @property
    def is_silent(self) -> bool:
        """Whether the server has nothing to say unasked: not even that it goes."""
        try:
            return not self.hearing.has_come()
        except (OSError, ValueError, psycopg.Error):
            return False

    def close(self) -> None:
        self.hearing.leave()
        with suppress(psycopg.Error):
            self.connection.close()

    def _order(self, text: str, values: Sequence[Any]) -> _Order:
        name = self._names.get(text) or self._prepare(text)
        # Annotated too narrowly by the library: None is NULL.
        sent: list[Any] = [_SENT[type(value)](value) for value in values]
        return name, sent, [type(value) is bytes for value in values]

    def _in_one_go(self, *texts: _Text) -> list[Rows]:
        """What waits and ``texts`` after it, by libpq's pipeline mode; what each of ``texts``
        gave back. After an error the server passes over the rest."""
        sent, self._unsent = [*self._unsent, *(self._order(*one) for one in texts)], []
        return self._answers_to(sent)[-len(texts) :]

    def _answers_to(self, sent: list[_Order]) -> list[Rows]:
        wire = self._wire
        wire.enter_pipeline_mode()
        try:
            for order in sent:
                wire.send_query_prepared(*order, _BINARY)
            wire.pipeline_sync()
            return [self._checked(result) for result in self._results()]
        finally:
            # Fails on a line that is gone, which is_usable sees as well.
            with suppress(psycopg.Error):
                wire.exit_pipeline_mode()

    def _results(self) -> list[pq.abc.PGresult]:
        """One a statement, all that the server says of them being read; raises psycopg.Error."""
        wire, results = self._wire, list[pq.abc.PGresult]()
        self._flush()
        while True:
            result = self._next_result()
            if result is None:
                if wire.status != pq.ConnStatus.OK:
                    raise psycopg.OperationalError("the server is gone")
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)

    def _heard(self) -> Rows:
        """What the server says of one statement sent by itself; raises psycopg.Error."""
        self._flush()
        last = None
        while (result := self._next_result()) is not None:
            last = result
        if last is None:
            raise psycopg.OperationalError("the server is gone")
        return self._checked(last)

    def _next_result(self) -> pq.abc.PGresult | None:
        """Waited for; None after the last of a statement."""
        wire = self._wire
        while wire.is_busy():
            try:
                self.hearing.wait()
            except TimeoutError as error:
                raise self._given_up() from error
            wire.consume_input()
        return wire.get_result()

    def _flush(self) -> None:
        """Send what the line did not take at once; the server may be talking meanwhile."""
        while self._wire.flush():
            try:
                self.hearing.wait_to_speak()
            except TimeoutError as error:
                raise self._given_up() from error
            self._wire.consume_input()

    def _given_up(self) -> psycopg.Error:
        """A server that keeps its lines and says nothing on them is away: nobody hears any more
        what it may yet say on this one."""
        log.warning("database: silent for %g s", self.hearing.patience)
        self.close()
        return psycopg.OperationalError("the server is silent")

    def _prepare(self, text: str) -> bytes:
        name = f"s{len(self._names)}".encode()
        self._wire.send_prepare(name, text.encode())
        self._heard()
        self._names[text] = name
        return name

    def _checked(self, result: pq.abc.PGresult) -> Rows:
        """Raises psycopg's error of a result that is one."""
        if result.status in _DONE:
            return Rows(result)
        if not result.error_field(pq.DiagnosticField.SQLSTATE):
            # Said by this end of the line: the other one is gone.
            raise psycopg.OperationalError("the server is gone")
        error = errors.error_from_result(result)
        if isinstance(error, errors.UniqueViolation) and error.diag.table_name == heard_table.name:
            raise HeardBefore from error
        raise error


class Rows:
    """What a statement gave back: columns of the types that the mailbox's tables have."""

    def __init__(self, result: pq.abc.PGresult) -> None:
        self._result = result
        self._next = 0

    @property
    def rowcount(self) -> int:
        return self._result.command_tuples or 0

    @property
    def names(self) -> list[str]:
        result = self._result
        return [(result.fname(n) or b"").decode() for n in range(result.nfields)]

    def fetchone(self) -> tuple[Any, ...] | None:
        result, row = self._result, self._next
        if row >= result.ntuples:
            return None
        self._next += 1
        return tuple([_received(result, row, column) for column in range(result.nfields)])

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows = []
        while (row := self.fetchone()) is not None:
            rows.append(row)
        return rows


def _received(result: pq.abc.PGresult, row: int, column: int) -> Any:
    value = result.get_value(row, column)
    return None if value is None else _RECEIVED.get(result.ftype(column), bytes.decode)(value)


class ServerDatabase:
    """The database at ``address``; raises MailboxAddressUnusable. Threads may share it."""

    shared = True

    def __init__(self, address: str) -> None:
        self._told = check_address(address)
        self._idle: list[ServerDriver] = []
        self._lock = threading.Lock()
        self._closed = False
        self._process = secrets.token_hex(8)
        self._own_pids: set[int] = set()
        self._luggage: Luggage = ContextVar("luggage", default=None)
        self._was_reached = False
        self._tell_again_at = 0.0

    def connection(self) -> AbstractContextManager[Driver]:
        return _Lent(self)

    @contextmanager
    def bringing(self, asked: Asked) -> Iterator[None]:
        self._luggage.set(asked)
        try:
            yield
        finally:
            self._luggage.set(None)

    def trouble(self, error: Exception) -> MailboxFull | MailboxAway | MailboxBroken | None:
        if not isinstance(error, psycopg.Error):
            return None
        state = error.sqlstate or ""
        if state == _FULL:
            return MailboxFull()
        passing = not state and isinstance(error, psycopg.OperationalError)
        if passing or state.startswith(_PASSING):
            return MailboxAway()
        named = error.diag.message_primary if state.startswith(_OF_NAMES) else None
        log.error("database: %s", named or f"{type(error).__name__} {state}")
        return MailboxBroken()

    def is_conflict(self, error: Exception) -> bool:
        return isinstance(error, _CONFLICTS)

    def ear(self) -> ServerEar:
        driver = self.connect()
        # It tells nothing itself, and its number may be another's when it is gone.
        self._own_pids.discard(driver.pid)
        try:
            return ServerEar(driver, self._own_pids)
        except psycopg.Error as error:
            driver.close()
            self._tell_operator(error)
            raise MailboxAway from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for driver in idle:
            driver.close()

    def connect(self) -> ServerDriver:
        """A connection beside those of the steps; raises MailboxAway, and MailboxAddressUnusable
        where from the beginning somebody stands between who does not let all through."""
        try:
            driver = self._connected()
        except _Pooled as error:
            self._tell_operator(error)
            if self._was_reached:
                # As long as it lasts: the address was good before.
                raise MailboxAway from error
            raise MailboxAddressUnusable(reason="pooler") from error
        except psycopg.Error as error:
            self._tell_operator(error)
            raise self.trouble(error) or MailboxBroken() from error
        self._was_reached = True
        self._own_pids.add(driver.pid)
        return driver

    def _connected(self) -> ServerDriver:
        """Raises psycopg.Error, _Pooled."""
        try:
            driver = ServerDriver(self._told, self._process, self._luggage)
        except psycopg.OperationalError as error:
            # Of several hosts each says a line.
            for line in str(error).splitlines():
                if _REFUSED_BY_POOLER in line:
                    raise _Pooled(line) from error
            raise
        try:
            if driver.is_of(self._process):
                return driver
            raise _Pooled("a connection's settings do not come to the server")
        except Exception:
            driver.close()
            raise

    def _tell_operator(self, error: Exception) -> None:
        """Why there is no connection, or no ear, in libpq's words: now and then, not at each
        attempt."""
        now = time.monotonic()
        if now >= self._tell_again_at:
            self._tell_again_at = now + _TOLD_SECONDS
            log.warning("database: %s", str(error).strip().partition("\n")[0])

    def take(self) -> ServerDriver:
        """A connection that nobody else works with; raises MailboxAway."""
        while (driver := self._kept()) is not None:
            if time.monotonic() < driver.trusted_until or driver.is_silent:
                return driver
            # The server has said goodbye, or fallen: that is known before anything is asked.
            self._let_go([driver])
        return fibres.in_thread(self.connect)

    def _kept(self) -> ServerDriver | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def give_back(self, driver: ServerDriver, *, usable: bool) -> None:
        """A broken one is one of many: the server was away, and all it had are gone."""
        with self._lock:
            if usable and not self._closed and len(self._idle) < CONNECTIONS:
                driver.trusted_until = time.monotonic() + _TRUSTED_SECONDS
                self._idle.append(driver)
                return
            gone = [driver] if usable else [driver, *self._idle]
            self._idle = [one for one in self._idle if one not in gone]
        self._let_go(gone)

    def _let_go(self, drivers: list[ServerDriver]) -> None:
        for one in drivers:
            self._own_pids.discard(one.pid)
            one.close()


class _Pooled(Exception):
    """A pooler stands between, and keeps settings to himself."""


class _Lent(AbstractContextManager[Driver]):
    """A connection while somebody works with it."""

    def __init__(self, database: ServerDatabase) -> None:
        self._database = database

    def __enter__(self) -> Driver:
        self._driver = self._database.take()
        return self._driver

    def __exit__(self, failed: object, *_how: object) -> None:
        driver = self._driver
        # After an error a line that is gone may still look like one that is there.
        usable = driver.is_usable and (failed is None or driver.is_silent)
        self._database.give_back(driver, usable=usable)


class ServerEar:
    """A connection that listens, and that the others know of. What this process told itself is
    not news to it. Raises psycopg.Error."""

    def __init__(self, driver: ServerDriver, own_pids: Container[int]) -> None:
        self._driver, self._own_pids = driver, own_pids
        driver.say(f"LISTEN {CHANNEL}")
        driver.say(_FORGET_THE_DEAF)
        driver.say(_BE_KNOWN)

    def fileno(self) -> int:
        return self._driver.connection.fileno()

    def heard(self) -> list[str]:
        wire = self._driver.connection.pgconn
        marks = []
        try:
            # Until there is nothing more: of a line that has failed the loop tells once.
            while True:
                wire.consume_input()
                while (told := wire.notifies()) is not None:
                    if told.be_pid not in self._own_pids:
                        marks.append(told.extra.decode())
                if self._driver.is_silent:
                    break
        except psycopg.Error as error:
            raise MailboxAway from error
        return marks

    def close(self) -> None:
        self._driver.hearing.patience = _FAREWELL_SECONDS
        with suppress(psycopg.Error):
            self._driver.say(_BE_FORGOTTEN)
        self._driver.close()


_ME = f"current_setting('{PROCESS}')"
_BE_KNOWN = (
    f"INSERT INTO {LISTENERS} VALUES ({_ME}, pg_backend_pid())"
    " ON CONFLICT (process) DO UPDATE SET ear = excluded.ear"
)
_BE_FORGOTTEN = f"DELETE FROM {LISTENERS} WHERE process = {_ME}"
# Of processes that fell. One that merely lost its line makes itself known again, and wakes all
# who wait there.
_FORGET_THE_DEAF = f"DELETE FROM {LISTENERS} WHERE ear NOT IN (SELECT pid FROM pg_stat_activity)"

_ON_THE_SERVER: Final = {
    # What was committed survives a crash, whatever the server's own settings say.
    "synchronous_commit": "on",
    "lock_timeout": f"{_LOCK_SECONDS}s",
    "statement_timeout": f"{_HUNG_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{_HUNG_SECONDS}s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": f"{_DEAD_SECONDS}s",
}


def _arguments(told: Mapping[str, Any], process: str) -> dict[str, Any]:
    settings = {**_ON_THE_SERVER, PROCESS: process}
    own = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {
        # Of several hosts the one that writes: a standby lets in whoever does not ask.
        "target_session_attrs": "read-write",
        **told,
        "application_name": "desk-enrollment",
        "connect_timeout": told.get("connect_timeout") or _CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": _DEAD_SECONDS * 1000,
        # Ours last: they are what the mailbox relies on.
        "options": f"{told.get('options') or ''} {own}".strip(),
    }

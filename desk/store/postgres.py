"""Records shared on a PostgreSQL of the post: the way there, and what differs on it.

The server and its dumps belong to somebody else, so what may tell of a person is sealed
before it goes there (:mod:`desk.store.sealing`), and the way is protected by TLS with the
server's name checked unless it is this machine. No password stands in the settings: libpq
takes it from its password file, or signs in with a client certificate.

One writer at a time, as with the desk's own file: a writing transaction first takes one
advisory lock of the whole database, so that what it reads cannot change before it commits.
Readers never wait and see one moment. A desk that dies or hangs loses the lock by itself.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from desk.store.pool import RecordsPool
from desk.store.schema import WRITING
from desk.store.troubles import (
    AddressWrong,
    Busy,
    KeyReplaced,
    OutcomeUnknown,
    Unprotected,
    Unreachable,
)

DRIVER = "postgresql+psycopg"
WRITE_LOCK = int.from_bytes(b"deskdesk")
"""The advisory lock of whoever writes; any fixed number."""
KEY_LOCK = WRITE_LOCK + 1
"""Shared by whoever lays many lines down unseen; whoever replaces the key has it alone."""
LOCK_SECONDS = 5.0
CONNECT_SECONDS = 5
OUTCOME_SECONDS = 10.0
"""So long is asked whether a commit whose answer was lost took place."""
HUNG_SECONDS = 60
"""A desk that began a transaction and went silent is cut off after this."""
DEAD_SECONDS = 15
"""A connection whose other end no longer answers is given up after this, on both ends."""
KEY_ID = "records_key_id"
LOADING = "records_loading"
READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_LOCAL = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class SharedDatabase:
    """The address of shared records, checked; make it by :meth:`at`."""

    url: URL

    @classmethod
    def at(cls, address: str) -> SharedDatabase:
        """Raises :class:`AddressWrong` and :class:`Unprotected`."""
        try:
            url = make_url(address)
        except ArgumentError as reason:
            raise AddressWrong("address") from reason
        if url.drivername not in ("postgresql", DRIVER) or not url.database:
            raise AddressWrong("address")
        if url.password is not None or "password" in url.query:
            raise AddressWrong("password")
        hosts = _hosts(url)
        if not hosts:
            raise AddressWrong("host")
        if any(host not in _LOCAL and not host.startswith("/") for host in hosts):
            url = _protected(url)
        return cls(url.set(drivername=DRIVER))


def _hosts(url: URL) -> list[str]:
    named = [url.host] if url.host else []
    for key in ("host", "hostaddr"):
        given = url.query.get(key, ())
        for one in (given,) if isinstance(given, str) else given:
            named.extend(one.split(","))
    return [host for host in named if host]


def _protected(url: URL) -> URL:
    """TLS to exactly this server; anything less is refused, not mended."""
    if url.query.get("sslmode", "verify-full") != "verify-full":
        raise Unprotected("sslmode")
    return url.update_query_dict({"sslmode": "verify-full"})


def open_engine(shared: SharedDatabase) -> Engine:
    """An engine on the shared records. Parameters never reach a log or a message."""
    engine = create_engine(
        shared.url,
        poolclass=RecordsPool,
        pool_size=4,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=_connect_arguments(),
    )
    event.listen(engine, "begin", _begin)
    return engine


def _connect_arguments() -> dict[str, Any]:
    on_the_server = {
        # What was committed survives a crash, whatever the server's own settings say.
        "synchronous_commit": "on",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{HUNG_SECONDS}s",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "2",
        "tcp_user_timeout": f"{DEAD_SECONDS}s",
    }
    return {
        "application_name": "desk",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": DEAD_SECONDS * 1000,
        "options": " ".join(f"-c {name}={value}" for name, value in on_the_server.items()),
    }


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(LOADING):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({KEY_LOCK})")
    elif options.get(WRITING):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
    else:
        return
    # A statement of its own: one begun before the lock was had would not see what the
    # writer before committed.
    if KEY_ID in options:
        found = connection.exec_driver_sql("SELECT key_id FROM key_ring").scalar()
        if found != options[KEY_ID]:
            raise KeyReplaced()


def lock_key(connection: Connection) -> None:
    """Wait for whoever is laying lines down under the key, and keep others from beginning."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({KEY_LOCK})")


@contextmanager
def alone(engine: Engine, what: str) -> Iterator[None]:
    """Keep every other desk from doing ``what``. Raises :class:`Busy` where one does."""
    outside = engine.execution_options(isolation_level="AUTOCOMMIT")
    with outside.connect() as connection:
        lock = _lock_of(what)
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock{lock}").scalar():
            raise Busy(what)
        try:
            yield
        finally:
            # A busy server notices a connection's end only some time later, and would refuse
            # whoever comes next meanwhile.
            with suppress(DBAPIError):
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock{lock}")
            # Not given back to the pool: whatever happens, its end ends the lock.
            connection.invalidate()


@contextmanager
def in_turn(engine: Engine, what: str, patience: float) -> Iterator[None]:
    """Wait up to ``patience`` seconds for whichever desk does ``what``. Raises :class:`Busy`.

    A transaction that does nothing else keeps the turn, so that a desk that hangs loses it as
    a writer does, after :data:`HUNG_SECONDS`; where it wakes it is told at the end
    (:class:`Unreachable`).
    """
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{patience}s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{_lock_of(what)}")
        yield


def _lock_of(what: str) -> str:
    return f"({WRITE_LOCK >> 32}, {zlib.crc32(what.encode()) - 2**31})"


def notify(connection: Connection, channel: str, told: str) -> None:
    """Tell whoever listens on ``channel``, when the transaction commits."""
    connection.execute(
        text("SELECT pg_notify(:channel, :told)"), {"channel": channel, "told": told}
    )


def require_committed(engine: Engine, event: str) -> None:
    """After a commit whose answer was lost: return where it took place. ``event`` is the hash
    of an audit event that the transaction wrote.

    Raises :class:`Unreachable` where it did not, and :class:`OutcomeUnknown` where the
    server cannot be asked.
    """
    ends = time.monotonic() + OUTCOME_SECONDS
    while (stored := _is_stored(engine, event)) is None:
        if time.monotonic() > ends:
            raise OutcomeUnknown()
        time.sleep(0.1)
    if not stored:
        raise Unreachable("commit")


def _is_stored(engine: Engine, event: str) -> bool | None:
    """Asked behind the write lock: whoever has it knows that the transaction has ended. Its
    number would not do, for a server that crashed may give the same one out again."""
    query = text("SELECT count(*) FROM audit_events WHERE hash = :hash")
    writing = engine.execution_options(**{WRITING: True})
    with suppress(DBAPIError), writing.begin() as connection:
        return bool(connection.scalar(query, {"hash": event}))
    return None


_SHRINKING = ("cases", "case_blobs", "intents", "register_sealed_a", "register_sealed_b")


def clean(engine: Engine) -> None:
    """Let the server use the room of what was removed for something else.

    What was removed stays sealed until then, in the server's files and in its backups; only
    replacing the key of the records ends it there as well.
    """
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"VACUUM {', '.join(_SHRINKING)}"))

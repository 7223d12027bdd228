"""A PostgreSQL of the tests' own: one server a test run, on a private socket, gone after it.

The root ``conftest.py`` offers :func:`postgres`; a test takes it and asks for databases of
its own. The server listens on no network address, refuses to run as root (then it runs as
the package's account) and is not tuned to survive a power cut: files are not synchronised,
which is what makes it fast. A test skips with its reason where PostgreSQL is missing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# The root conftest imports this module for every test, on every system.
if TYPE_CHECKING:
    import psycopg

USER = "desk"
ACCOUNTS = ("postgres", "nobody")
"""Whose rights the server gets where the tests run as root: the package's own account."""
# Debian keeps the server's programs off the path, one folder a version.
DEBIAN = Path("/usr/lib/postgresql")
SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "listen_addresses=",
    "shared_buffers=32MB",
    "max_connections=60",
    "logging_collector=off",
)


class Missing(Exception):
    """No server of our own can run here; the message says why."""


@dataclass(frozen=True)
class Database:
    """One database of the server: ``url`` for SQLAlchemy, ``conninfo`` and ``address`` for
    libpq."""

    name: str
    socket_folder: Path

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{USER}@/{self.name}?host={self.socket_folder}"

    @property
    def address(self) -> str:
        return f"postgresql://{USER}@/{self.name}?host={self.socket_folder}"

    @property
    def conninfo(self) -> str:
        return f"host={self.socket_folder} dbname={self.name} user={USER}"

    def connect(self) -> psycopg.Connection:
        """A connection beside the program's, each statement a transaction of its own."""
        import psycopg

        return psycopg.connect(self.conninfo, autocommit=True)


class PostgresServer:
    """The server: `stop` and `start` as often as wanted; `database` makes a new one."""

    def __init__(self, folder: Path, programs: Path, account: str | None) -> None:
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._programs = programs
        self._account = account
        self.folder = folder
        self._run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")

    def start(self, *settings: str) -> None:
        """Start the server, with ``settings`` beside the usual ones, and wait until it takes
        connections."""
        told = (*SETTINGS, *settings)
        options = " ".join([f"-k {self.folder}", *(f"-c {setting}" for setting in told)])
        self._run("pg_ctl", "start", "-w", "-s", "-l", str(self._log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it and wait for its end; ``immediate`` is what a crash leaves behind."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", mode)

    @property
    def running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def database(self, template: Database | None = None) -> Database:
        """A new database, a copy of ``template`` where one is given (nobody may be in it)."""
        made = Database(f"d{secrets.token_hex(6)}", self.folder)
        source = template.name if template else "template0"
        self._administer(f"CREATE DATABASE {made.name} TEMPLATE {source}")
        return made

    def drop(self, database: Database) -> None:
        """Remove a database, whoever is still in it."""
        self._administer(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")

    def lay(self, name: str, content: bytes) -> Path:
        """A file that the server alone reads: its TLS key."""
        file = self.folder / name
        file.write_bytes(content)
        file.chmod(0o600)
        if self._account is not None:
            os.chown(file, *_ids(self._account))
        return file

    def dump(self, database: Database) -> bytes:
        """Everything in the database as pg_dump writes it down."""
        command = [str(self._programs / "pg_dump"), "--inserts", database.conninfo]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def files(self) -> Iterator[Path]:
        """Every file of the server: tables, write-ahead log, what was removed but not yet
        overwritten."""
        yield from (file for file in self._data.rglob("*") if file.is_file())

    def _administer(self, statement: str) -> None:
        with closing(Database("postgres", self.folder).connect()) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *arguments]
        # The server inherits what its starter writes to, so that must not be a pipe.
        with (self.folder / "starter.log").open("ab") as log:
            done = subprocess.run(
                command,
                cwd=self.folder,
                **self.rights(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )
        if done.returncode:
            told = (self.folder / "starter.log").read_text(errors="replace")[-800:]
            told += self._log.read_text(errors="replace")[-800:] if self._log.exists() else ""
            raise RuntimeError(f"{program}: {told}")

    def rights(self) -> dict[str, Any]:
        """What starts another program as the server's account (``subprocess``)."""
        if self._account is None:
            return {}
        return {"user": self._account, "group": _ids(self._account)[1], "extra_groups": []}


@contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A running server of our own; raises Missing where none can be."""
    programs = _programs()
    if programs is None:
        raise Missing("PostgreSQL's server is not installed")
    account = _account()
    # Short and outside pytest's own folder: a socket's path has at most 107 bytes, and the
    # account of the server must be able to walk there.
    folder = Path(tempfile.mkdtemp(prefix="desk-pg-"))
    try:
        if account is not None:
            os.chown(folder, *_ids(account))
        server = PostgresServer(folder, programs, account)
        server.start()
        try:
            yield server
        finally:
            if server.running:
                server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_host() -> Iterator[PostgresServer]:
    """The run's server; `postgres` hands it to a test."""
    try:
        with own_server() as server:
            yield server
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres(postgres_host: PostgresServer) -> PostgresServer:
    """The running server, whatever the test before did to it."""
    if not postgres_host.running:
        postgres_host.start()
    return postgres_host


def _programs() -> Path | None:
    """The folder with initdb, pg_ctl and postgres of the newest version here."""
    found = shutil.which("initdb")
    if found and (Path(found).resolve().parent / "postgres").exists():
        return Path(found).resolve().parent
    versions = [path.parent for path in DEBIAN.glob("*/bin/postgres")]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


def _account() -> str | None:
    """Whose rights the server gets; ``None`` for one's own. Raises Missing."""
    if not hasattr(os, "geteuid"):
        raise Missing("the tests' own PostgreSQL needs a POSIX system")
    if os.geteuid() != 0:
        return None
    for account in ACCOUNTS:
        with suppress(KeyError):
            _ids(account)
            return account
    raise Missing("PostgreSQL does not run as root and there is no account for it")


def _ids(account: str) -> tuple[int, int]:
    """User and group; KeyError where there is no such account."""
    import pwd

    entry = pwd.getpwnam(account)
    return entry.pw_uid, entry.pw_gid

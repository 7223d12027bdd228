"""A real pooler (PgBouncer) before the server: it is refused, however it is set; and while one
stands there only for a time, the database is away."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from desk.enrollment.mailbox import Mailbox
from desk.enrollment.mailbox.server import ServerDatabase, check_address
from desk.enrollment.trouble import MailboxAddressUnusable, MailboxAway
from tests.enrollment.test_mailbox import T0
from tests.postgres import USER, Database, PostgresServer

POOLER = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin") or shutil.which("pgbouncer")
PORT = 6432

pytestmark = pytest.mark.skipif(POOLER is None, reason="PgBouncer is not installed")


@contextmanager
def pooled(server: PostgresServer, database: Database, setting: str) -> Iterator[str]:
    """The database's address by way of a pooler with one more setting."""
    folder = server.folder
    settings = [
        "[databases]",
        f"{database.name} = host={folder} dbname={database.name} user={USER}",
        "[pgbouncer]",
        "listen_addr =",
        f"listen_port = {PORT}",
        f"unix_socket_dir = {folder}",
        "auth_type = any",
        setting,
    ]
    file = server.lay("pgbouncer.ini", "\n".join(settings).encode())
    address = f"postgresql://{USER}@/{database.name}?host={folder}&port={PORT}"
    with subprocess.Popen(
        [str(POOLER), str(file)], stderr=subprocess.DEVNULL, cwd=folder, **server.rights()
    ) as pooler:
        try:
            while not _lets_in(address):
                assert pooler.poll() is None
            yield address
        finally:
            pooler.kill()


def _lets_in(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


SETTINGS = pytest.mark.parametrize("setting", ["", "ignore_startup_parameters = options"])


@SETTINGS
def test_a_pooler_that_keeps_settings_to_himself_is_refused(
    postgres: PostgresServer, setting: str
) -> None:
    """They say what makes a commit last, and whose a connection is."""
    database = postgres.database()
    with (
        pooled(postgres, database, setting) as address,
        pytest.raises(MailboxAddressUnusable) as refused,
    ):
        Mailbox(address, T0)

    assert refused.value.facts == {"reason": "pooler"}


@SETTINGS
def test_one_that_comes_and_goes_while_the_service_serves_is_waited_for(
    postgres: PostgresServer, setting: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Among several hosts of an address, say: phones are told to come back, and who looks after
    the mailbox goes on later. The log says why."""
    database = postgres.database()
    box = Mailbox(database.address, T0)
    server = box._database
    assert isinstance(server, ServerDatabase)
    straight = server._told

    with pooled(postgres, database, setting) as address:
        server._told = check_address(address)
        _let_go_of_lines(server)
        with pytest.raises(MailboxAway):
            box.queue(T0)
        with pytest.raises(MailboxAway):
            box.ear()

    server._told = straight
    assert box.queue(T0).length == 0
    (said,) = caplog.messages
    assert said.startswith("database: ")
    box.close()


def _let_go_of_lines(server: ServerDatabase) -> None:
    while (driver := server._kept()) is not None:
        driver.close()

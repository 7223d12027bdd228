"""The mailbox's layout and connection: tables, times, and the database's own errors."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from desk.enrollment.mailbox.driver import Driver
from desk.enrollment.trouble import MailboxBroken, MailboxFull, MailboxNewer

LAYOUT = 5

tables = sa.MetaData()

layout_table = sa.Table("layout", tables, sa.Column("version", sa.Integer, primary_key=True))

offers_table = sa.Table(
    "offers",
    tables,
    sa.Column("offer_id", sa.String(64), primary_key=True),
    sa.Column("handle_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("configurations", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("pin_salt", sa.LargeBinary),
    sa.Column("pin_hash", sa.LargeBinary),
    sa.Column("tries_reserved", sa.Integer, nullable=False, default=0),
    sa.Column("tries_wrong", sa.Integer, nullable=False, default=0),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("first_client", sa.String(32)),
    sa.Column("token_hash", sa.String(64), unique=True),
    sa.Column("token_expires_at", sa.BigInteger),
    sa.Column("seal_to", sa.LargeBinary),
    sa.Column("details", sa.JSON(none_as_null=True)),
    sa.Column("dpop_key", sa.String(64)),
    sa.Column("last_seq", sa.Integer, nullable=False, default=0),
    sa.Column("alarms", sa.Integer, nullable=False, default=0),
    sa.Column("ended_at", sa.BigInteger, index=True),
)

events_table = sa.Table(
    "events",
    tables,
    sa.Column("offer_id", sa.String(64), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
)

requests_table = sa.Table(
    "requests",
    tables,
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("offer_id", sa.String(64), nullable=False),
    sa.Column("configuration", sa.String(64), nullable=False),
    sa.Column("keys", sa.JSON, nullable=False),
    sa.Column("proofs", sa.JSON, nullable=False),
    sa.Column("nonce", sa.String(128), nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("deferred", sa.Boolean, nullable=False, default=False),
    sa.Column("sealed", sa.Text),
    sa.Column("reported", sa.String(16)),
    # How the phone wants its answer encrypted; NULL: sealed to its token alone.
    sa.Column("encryption", sa.JSON(none_as_null=True)),
    sa.Column("notification_id", sa.String(64)),
    # NULL in rows of an older layout: "jwt".
    sa.Column("proof_type", sa.String(16)),
    # One key of one phone for each thing offered: a second key finds the place taken.
    sa.UniqueConstraint("offer_id", "configuration"),
)

nonces_table = sa.Table(
    "nonces",
    tables,
    sa.Column("nonce_hash", sa.String(64), primary_key=True),
    sa.Column("configuration", sa.String(64), primary_key=True),
    sa.Column("offer_id", sa.String(64), nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=False, index=True),
)

checks_table = sa.Table(
    "checks",
    tables,
    sa.Column("check_id", sa.String(64), primary_key=True),
    sa.Column("request_object", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("seal_to", sa.LargeBinary, nullable=False),
    sa.Column("response", sa.Text),
    sa.Column("received_at", sa.BigInteger),
)

status_table = sa.Table(
    "status_lists",
    tables,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("jwt", sa.Text, nullable=False),
    sa.Column("cwt", sa.LargeBinary, nullable=False),
)


# What a file of an older layout lacks; new tables come by themselves.
ADDED = {
    1: ((offers_table, "details"),),
    2: ((requests_table, "encryption"), (requests_table, "notification_id")),
    3: ((offers_table, "dpop_key"),),
    4: ((requests_table, "proof_type"),),
}


def to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def open_driver(path: Path) -> Driver:
    """The file ``path``, made where there is none; raises MailboxTrouble."""
    connection: sqlite3.Connection | None = None
    try:
        # Transactions are the mailbox's own (isolation_level).
        connection = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise as_trouble(error) from error
    return Driver(connection)


def as_trouble(error: sqlite3.Error) -> MailboxFull | MailboxBroken:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return MailboxFull() if code == sqlite3.SQLITE_FULL else MailboxBroken()


_LAYOUT_FOUND = sa.select(layout_table.c.version)
_NEW_LAYOUT = sa.insert(layout_table)
_SET_LAYOUT = sa.update(layout_table)


def create_or_check_layout(db: Driver) -> None:
    """Create the tables where there are none; raises MailboxNewer."""
    db.create(tables)
    found = db.execute(_LAYOUT_FOUND).scalar_one_or_none()
    if found is None:
        db.execute(_NEW_LAYOUT, {"version": LAYOUT})
        return
    if found > LAYOUT:
        raise MailboxNewer(found=found, known=LAYOUT)
    for older in range(found, LAYOUT):
        for table, column in ADDED.get(older, ()):
            db.add_column(table.c[column])
    db.execute(_SET_LAYOUT, {"version": LAYOUT})

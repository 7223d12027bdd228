"""The mailbox's layout, the same in a file and on a server, and how times are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from desk.enrollment.mailbox.driver import UNLOGGED
from desk.enrollment.mailbox.told import LISTENERS

LAYOUT = 8

# What ended stays for the desk to read its events, then goes.
KEPT_AFTER_END = timedelta(days=7)

tables = sa.MetaData()

layout_table = sa.Table("layout", tables, sa.Column("version", sa.Integer, primary_key=True))

# The document says everything; beside it stands what an offer is looked for by.
offers_table = sa.Table(
    "offers",
    tables,
    sa.Column("offer_id", sa.String(64), primary_key=True),
    sa.Column("handle_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("token_hash", sa.String(64)),
    sa.Column("mark", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    # When it ends by itself, or is forgotten where it has ended.
    sa.Column("due_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("ended", sa.Boolean, nullable=False),
    # Its requests that await the desk's answer, and when the first of them came.
    sa.Column("waiting", sa.Integer, nullable=False),
    sa.Column("waiting_since", sa.BigInteger),
)


def _index_where_there(name: str, column: sa.Column[Any], *, unique: bool = False) -> None:
    """Of those rows only that have something there: entries of nothing cost the same."""
    there = column.is_not(None)
    sa.Index(name, column, unique=unique, sqlite_where=there, postgresql_where=there)


_index_where_there("ix_offers_token", offers_table.c.token_hash, unique=True)
_index_where_there("ix_offers_waiting", offers_table.c.waiting_since)

# Where a request belongs.
requests_table = sa.Table(
    "requests",
    tables,
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("offer_id", sa.String(64), nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Apart from the offers, which change several times while an answer stays.
answers_table = sa.Table(
    "answers",
    tables,
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

# What may be used once: the nonces of proofs by one offer, DPoP proofs by one request.
nonces_table = sa.Table(
    "nonces",
    tables,
    sa.Column("nonce_hash", sa.String(64), primary_key=True),
    sa.Column("used_by", sa.String(64), nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
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

# Numbers of the desk's calls, where several processes hear them: good for two minutes each,
# so that nothing of them has to outlive a crash of the server.
heard_table = sa.Table(
    "heard_calls",
    tables,
    sa.Column("number", sa.String(256), primary_key=True),
    sa.Column("heard_by", sa.String(32), nullable=False),
    sa.Column("heard_at", sa.BigInteger, nullable=False, index=True),
    info={UNLOGGED: True},
)

# The processes that hear what the others do, and the connection that each of them hears by.
listeners_table = sa.Table(
    LISTENERS,
    tables,
    sa.Column("process", sa.String(32), primary_key=True),
    sa.Column("ear", sa.Integer, nullable=False),
    info={UNLOGGED: True},
)


def to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def forgotten_at(ended_at: int) -> int:
    return ended_at + KEPT_AFTER_END // timedelta(milliseconds=1)

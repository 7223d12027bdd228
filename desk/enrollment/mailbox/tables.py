"""The mailbox's layout, the same in a file and on a server, and how times are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from desk.enrollment.mailbox.driver import UNLOGGED
from desk.enrollment.mailbox.told import LISTENERS

LAYOUT = 9

# What ended stays for the desk to read its events, then goes.
KEPT_AFTER_END = timedelta(days=7)

tables = sa.MetaData()


def _text(length: int) -> sa.String:
    """What is looked for, in the order of its bytes on either database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


layout_table = sa.Table("layout", tables, sa.Column("version", sa.Integer, primary_key=True))

# The document says everything; beside it stands what an offer is looked for by. Code, token and
# requests name it themselves; its address does not, for the sake of a small QR.
offers_table = sa.Table(
    "offers",
    tables,
    sa.Column("offer_id", _text(64), primary_key=True),
    sa.Column("handle_hash", _text(64), nullable=False, unique=True),
    sa.Column("mark", sa.BigInteger, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    # When it ends by itself, or is forgotten where it has ended.
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    # Its requests that await the desk's answer, and when the first of them came.
    sa.Column("waiting", sa.Integer, nullable=False),
    sa.Column("waiting_since", sa.BigInteger),
)
has_ended = offers_table.c.ended.is_(True)
goes_on = offers_table.c.ended.is_(False)
for _name, _those in (("ix_offers_ended", has_ended), ("ix_offers_going_on", goes_on)):
    sa.Index(_name, offers_table.c.due_at, sqlite_where=_those, postgresql_where=_those)

# Apart from the offers, which change several times while an answer stays.
answers_table = sa.Table(
    "answers",
    tables,
    sa.Column("request_id", _text(96), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

# What may be used once: the nonces of proofs by one offer, DPoP proofs by one request. Each
# behind its time (``records.timed``), so that what is too old is a range.
nonces_table = sa.Table(
    "nonces",
    tables,
    sa.Column("timed_mark", _text(80), primary_key=True),
    sa.Column("used_by", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)

checks_table = sa.Table(
    "checks",
    tables,
    sa.Column("check_id", _text(64), primary_key=True),
    sa.Column("request_object", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("seal_to", sa.LargeBinary, nullable=False),
    sa.Column("response", sa.Text),
    sa.Column("received_at", sa.BigInteger),
)

status_table = sa.Table(
    "status_lists",
    tables,
    sa.Column("name", _text(64), primary_key=True),
    sa.Column("jwt", sa.Text, nullable=False),
    sa.Column("cwt", sa.LargeBinary, nullable=False),
)

# Numbers of the desk's calls, each behind its time, where several processes hear them: good for
# two minutes each, so that nothing of them has to outlive a crash of the server.
heard_table = sa.Table(
    "heard_calls",
    tables,
    sa.Column("timed_number", _text(256), primary_key=True),
    sa.Column("heard_by", sa.String(32), nullable=False),
    info={UNLOGGED: True},
)

# The processes that hear what the others do, and the connection that each of them hears by.
listeners_table = sa.Table(
    LISTENERS,
    tables,
    sa.Column("process", _text(32), primary_key=True),
    sa.Column("ear", sa.Integer, nullable=False),
    info={UNLOGGED: True},
)


def to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def forgotten_at(ended_at: int) -> int:
    return ended_at + KEPT_AFTER_END // timedelta(milliseconds=1)

"""The mailbox's layout, the same in a file and on a server, and how times are written."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from desk.enrollment.keys import from_base64url
from desk.enrollment.mailbox.driver import UNLOGGED, Driver
from desk.enrollment.trouble import MailboxNewer

LAYOUT = 7

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
    # Written by older layouts only, as is tries_at.
    sa.Column("tries_reserved", sa.Integer, nullable=False, default=0),
    sa.Column("tries_wrong", sa.Integer, nullable=False, default=0),
    # When the last of the reserved ones was: NULL where none ever was.
    sa.Column("tries_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("first_client", sa.String(32)),
    sa.Column("token_hash", sa.String(64), unique=True),
    sa.Column("token_expires_at", sa.BigInteger),
    sa.Column("details", sa.JSON(none_as_null=True)),
    sa.Column("dpop_key", sa.String(64)),
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
    sa.Column("reported", sa.String(16)),
    # How the phone wants its answer encrypted; NULL: sealed to its token alone.
    sa.Column("encryption", sa.JSON(none_as_null=True)),
    sa.Column("notification_id", sa.String(64)),
    # NULL in rows of an older layout: "jwt".
    sa.Column("proof_type", sa.String(16)),
    # What its answer is sealed to.
    sa.Column("seal_to", sa.LargeBinary),
    # One key of one phone for each thing offered: a second key finds the place taken.
    sa.UniqueConstraint("offer_id", "configuration"),
)

# Apart from the requests, whose rows change several times while the answer stays.
answers_table = sa.Table(
    "answers",
    tables,
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
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

# What an older layout lacks; new tables come by themselves.
ADDED = {
    1: ((offers_table, "details"),),
    2: ((requests_table, "encryption"), (requests_table, "notification_id")),
    3: ((offers_table, "dpop_key"),),
    4: ((requests_table, "proof_type"),),
    5: ((offers_table, "tries_at"),),
    6: ((requests_table, "seal_to"),),
}


def to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


_REQUESTS_WHOLE = 7
_NEW_ANSWER = sa.insert(answers_table)
_LAYOUT_FOUND = sa.select(layout_table.c.version)
_NEW_LAYOUT = sa.insert(layout_table)
_SET_LAYOUT = sa.update(layout_table)


def create_or_check_layout(db: Driver) -> None:
    """Create the tables where there are none; raises MailboxNewer."""
    # Processes that start together do not make the same table twice.
    db.hold("layout")
    found = db.execute(_LAYOUT_FOUND).scalar_one_or_none() if db.has(layout_table) else None
    if found == LAYOUT and all(db.has(table) for table in tables.sorted_tables):
        # Nothing to make: not even asked for, which would stop others' writing for a moment.
        return
    db.create(tables)
    if found is None:
        db.execute(_NEW_LAYOUT, {"version": LAYOUT})
        return
    if found > LAYOUT:
        raise MailboxNewer(found=found, known=LAYOUT)
    for older in range(found, LAYOUT):
        for table, column in ADDED.get(older, ()):
            db.add_column(table.c[column])
    if found < _REQUESTS_WHOLE:
        _move_answers(db)
        _move_sealing_keys(db)
        # An event's number follows from those before it.
        db.say("ALTER TABLE offers DROP COLUMN last_seq")
    db.execute(_SET_LAYOUT, {"version": LAYOUT})


def _move_answers(db: Driver) -> None:
    """Older layouts kept answers beside their requests, as text: base64url of what is sealed
    to a token, or a JWE."""
    kept = "SELECT request_id, sealed, encryption FROM requests WHERE sealed IS NOT NULL"
    for request_id, text, encryption in db.run(kept, ()).fetchall():
        sealed = from_base64url(text) if encryption is None else text.encode()
        db.execute(_NEW_ANSWER, {"request_id": request_id, "sealed": sealed})
    db.say("ALTER TABLE requests DROP COLUMN sealed")


def _move_sealing_keys(db: Driver) -> None:
    """Older layouts kept what answers are sealed to with the offer."""
    db.say(
        "UPDATE requests SET seal_to ="
        " (SELECT seal_to FROM offers WHERE offers.offer_id = requests.offer_id)"
    )
    db.say("ALTER TABLE offers DROP COLUMN seal_to")

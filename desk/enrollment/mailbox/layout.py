"""The mailbox's layout: made where there is none, and older ones taken over.

Up to layout 7 an offer, its events and its requests were rows of their own. What stands in
them becomes the offer's document, whichever columns they had by then.

Up to layout 8 codes, tokens and requests did not name their offer, and are not known any more.
A phone that has not redeemed its offer yet fetches it again, by the same QR (one that carries
the whole offer is made anew by the same order). The offer of a phone that has is over, as if its
token's time had come: the desk hears of it where a credential was still to be delivered, and
answers that lay there go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from desk.enrollment.mailbox.driver import Driver
from desk.enrollment.mailbox.offer import Offer, Request
from desk.enrollment.mailbox.rules import book_wrong
from desk.enrollment.mailbox.tables import (
    LAYOUT,
    from_ms,
    heard_table,
    layout_table,
    nonces_table,
    offers_table,
    tables,
    to_ms,
)
from desk.enrollment.mailbox.turn import Turn, new_mark, whole_row
from desk.enrollment.nonces import use_marks
from desk.enrollment.records import OfferState, RequestState
from desk.enrollment.trouble import MailboxNewer
from desk.issuance.ports import EventKind

_Old = Mapping[str, Any]
_FOUND = sa.select(layout_table.c.version)
_NEW_LAYOUT = sa.insert(layout_table)
_SET_LAYOUT = sa.update(layout_table)
_NEW_OFFER = sa.insert(offers_table)
_NEW_NONCE = sa.insert(nonces_table)


def create_or_check_layout(db: Driver, now: datetime) -> None:
    """Create the tables where there are none, and bring older ones up; raises MailboxNewer."""
    # Processes that start together do not make the same table twice.
    db.hold("layout")
    found = db.execute(_FOUND).scalar_one_or_none() if db.has(layout_table.name) else None
    if found == LAYOUT and all(db.has(table.name) for table in tables.sorted_tables):
        # Nothing to make: not even asked for, which would stop others' writing for a moment.
        return
    if found is not None and found > LAYOUT:
        raise MailboxNewer(found=found, known=LAYOUT)
    if found is not None and found < LAYOUT:
        _take_over(db, now)
    else:
        db.create(tables)
    db.execute(_NEW_LAYOUT if found is None else _SET_LAYOUT, {"version": LAYOUT})


def _take_over(db: Driver, now: datetime) -> None:
    """Offers and nonces; the desk's calls are forgotten as by a crash of the server."""
    # First, as processes of the former version do that still run.
    db.say(f"DROP TABLE IF EXISTS {heard_table.name}")
    old = {name: _rows(db, name) for name in ("offers", "events", "requests", "nonces")}
    for name in (*old, "answers"):
        db.say(f"DROP TABLE IF EXISTS {name}")
    db.create(tables)
    events, requests = _by_offer(old["events"]), _by_offer(old["requests"])
    for row in old["offers"]:
        if "document" in row:
            offer = Offer.read(row["document"])
        else:
            offer = _offer(row, events[row["offer_id"]], requests[row["offer_id"]])
        _count_reserved(db, offer, row.get("tries_reserved") or 0, now)
        if offer.token_expires_at is not None:
            offer.token_expires_at = min(offer.token_expires_at, to_ms(now))
        db.execute(_NEW_OFFER, whole_row(offer))
    for nonce_hash, row in {row["nonce_hash"]: row for row in old["nonces"]}.items():
        used_by = row.get("used_by") or row["offer_id"]
        for mark in use_marks(from_ms(row["used_at"]), nonce_hash):
            db.execute(_NEW_NONCE, {"timed_mark": mark, "used_by": used_by})


def _rows(db: Driver, name: str) -> list[dict[str, Any]]:
    """None is changed any more, by a process of the former version that still runs."""
    if not db.has(name):
        return []
    db.shut(name)
    return db.named(f"SELECT * FROM {name}")


def _by_offer(rows: Iterable[_Old]) -> defaultdict[str, list[_Old]]:
    found = defaultdict[str, list[_Old]](list)
    for row in rows:
        found[row["offer_id"]].append(row)
    return found


def _offer(row: _Old, events: list[_Old], requests: list[_Old]) -> Offer:
    return Offer(
        row["offer_id"],
        row["handle_hash"],
        row["code_hash"],
        _json(row["configurations"]),
        row["expires_at"],
        _hex(row["pin_salt"]),
        _hex(row["pin_hash"]),
        new_mark(),
        OfferState(row["state"]),
        row["tries_wrong"],
        row["first_client"],
        row["token_hash"],
        row["token_expires_at"],
        _json(row.get("details")),
        row.get("dpop_key"),
        row["alarms"],
        row["ended_at"],
        [
            (EventKind(one["kind"]), one["at"], _json(one["facts"]))
            for one in sorted(events, key=lambda one: int(one["seq"]))
        ],
        [
            _request(one, row.get("seal_to"))
            for one in sorted(requests, key=lambda one: int(one["received_at"]))
        ],
    )


def _request(row: _Old, seal_to: bytes | None) -> Request:
    """Up to layout 6 the offer said what answers are sealed to."""
    return Request(
        row["request_id"],
        row["configuration"],
        _json(row["keys"]),
        _json(row["proofs"]),
        row["nonce"],
        _hex(row.get("seal_to") or seal_to) or "",
        row["received_at"],
        _json(row.get("encryption")),
        row.get("notification_id"),
        row.get("proof_type") or "jwt",
        RequestState(row["state"]),
        bool(row["deferred"]),
        row["reported"],
    )


def _count_reserved(db: Driver, offer: Offer, reserved: int, now: datetime) -> None:
    """Up to layout 5 a guess was set aside while it was judged: what is left of that was
    wrong."""
    turn = Turn(offer, to_ms(now), db, again=False)
    for _ in range(reserved):
        if offer.state is OfferState.OPEN:
            book_wrong(turn)


def _json(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()

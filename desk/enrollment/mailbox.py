"""The service's database: every durable step between desk and phone, and nothing personal.

Tables hold hashes, public keys, states, ciphertext and times. Each public method is one
transaction that either happened on the disk or did not (WAL, synchronous=FULL), with the
event it causes in the same transaction. Offers end by themselves: whoever looks at one
after its time finds it expired, so that no timer has to survive a restart.

Left to others: what the records mean to a phone (``wallet``) and to the desk
(``desk_side``), and waking those who wait (``waiting``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, event

from desk.enrollment.records import (
    TRIES,
    CheckView,
    Claim,
    Filing,
    Holder,
    NewCheck,
    NewOffer,
    NewRequest,
    OfferState,
    OfferView,
    RequestState,
    RequestView,
    StatusView,
    Try,
)
from desk.enrollment.trouble import (
    AlreadyOtherwise,
    MailboxBroken,
    MailboxFull,
    MailboxNewer,
    MailboxTrouble,
    NotThere,
)
from desk.issuance.ports import EventKind, OfferEvent

LAYOUT = 1
# What ended stays for the desk to read its events, then goes.
KEPT_AFTER_END = timedelta(days=7)
# A phone (or a prankster) may scan as often as it likes; the officer needs one alarm.
ALARMS_KEPT = 20

_tables = sa.MetaData()

_layout = sa.Table("layout", _tables, sa.Column("version", sa.Integer, primary_key=True))

_offers = sa.Table(
    "offers",
    _tables,
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
    sa.Column("last_seq", sa.Integer, nullable=False, default=0),
    sa.Column("alarms", sa.Integer, nullable=False, default=0),
    sa.Column("ended_at", sa.BigInteger, index=True),
)

_events = sa.Table(
    "events",
    _tables,
    sa.Column("offer_id", sa.String(64), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("facts", sa.JSON, nullable=False),
)

_requests = sa.Table(
    "requests",
    _tables,
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
    # One key of one phone for each thing offered: a second key finds the place taken.
    sa.UniqueConstraint("offer_id", "configuration"),
)

_nonces = sa.Table(
    "nonces",
    _tables,
    sa.Column("nonce_hash", sa.String(64), primary_key=True),
    sa.Column("configuration", sa.String(64), primary_key=True),
    sa.Column("offer_id", sa.String(64), nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=False, index=True),
)

_checks = sa.Table(
    "checks",
    _tables,
    sa.Column("check_id", sa.String(64), primary_key=True),
    sa.Column("request_object", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("seal_to", sa.LargeBinary, nullable=False),
    sa.Column("response", sa.Text),
    sa.Column("received_at", sa.BigInteger),
)

_status = sa.Table(
    "status_lists",
    _tables,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("jwt", sa.Text, nullable=False),
    sa.Column("cwt", sa.LargeBinary, nullable=False),
)


def _to_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _from_ms(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


class Mailbox:
    """One database file. Not for several threads at once: the service gives it one."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Open or create the file and settle what a crash left; raises MailboxTrouble."""
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            poolclass=sa.StaticPool,
            connect_args={"check_same_thread": False, "timeout": 10},
        )
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin_writing)
        try:
            with self._step() as db:
                _create_or_check_layout(db)
                _settle_reserved_tries(db, now)
        except MailboxTrouble:
            self._engine.dispose()
            raise

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _step(self) -> Iterator[Connection]:
        """One transaction; the database's own errors become coded troubles."""
        try:
            with self._engine.begin() as db:
                yield db
        except sa.exc.DBAPIError as error:
            raise _as_trouble(error) from error

    def limit_pages(self, pages: int) -> None:
        """Let the file grow no further than so many pages: an exercise for a full disk."""
        with self._step() as db:
            db.exec_driver_sql(f"PRAGMA max_page_count={int(pages)}")

    # Offers, from the desk

    def place_offer(self, new: NewOffer, now: datetime) -> tuple[OfferView, bool]:
        """Store an offer, or find it there already; the second value says whether it is new."""
        with self._step() as db:
            row = _offer_row(db, new.offer_id)
            if row is None:
                _forget_old(db, now)
                values = _offer_values(new)
                db.execute(sa.insert(_offers).values(values))
                row = _offer_row(db, new.offer_id)
                assert row is not None
                return _offer_view(row), True
            return _offer_view(_expired_if_due(db, row, now)), False

    def void_offer(self, offer_id: str, reason: str, now: datetime) -> None:
        """End an offer; ending an ended one changes nothing. Raises NotThere."""
        with self._step() as db:
            row = _expired_if_due(db, _known_offer(db, offer_id), now)
            if OfferState(row.state) in (OfferState.OPEN, OfferState.CLAIMED):
                _end(db, offer_id, OfferState.VOID, now)
                _record(db, offer_id, EventKind.VOIDED, now, {"reason": reason})

    def events(self, offer_id: str, after: int, now: datetime) -> tuple[OfferEvent, ...]:
        """What happened to an offer since event ``after``; raises NotThere."""
        with self._step() as db:
            _expired_if_due(db, _known_offer(db, offer_id), now)
            query = sa.select(_events).where(_events.c.offer_id == offer_id, _events.c.seq > after)
            rows = db.execute(query.order_by(_events.c.seq)).all()
        return tuple(
            OfferEvent(row.seq, EventKind(row.kind), _from_ms(row.at), row.facts) for row in rows
        )

    def next_end(self, offer_id: str) -> datetime | None:
        """When an offer will expire by itself, or None when it has ended; raises NotThere."""
        with self._step() as db:
            row = _known_offer(db, offer_id)
        if row.state == OfferState.OPEN:
            return _from_ms(row.expires_at)
        return _from_ms(row.token_expires_at) if row.state == OfferState.CLAIMED else None

    def waiting_requests(self, offer_id: str, now: datetime) -> tuple[RequestView, ...]:
        """The credential requests of an offer that await the desk's answer; raises NotThere."""
        with self._step() as db:
            offer = _expired_if_due(db, _known_offer(db, offer_id), now)
            query = sa.select(_requests).where(
                _requests.c.offer_id == offer_id, _requests.c.state == RequestState.WAITING
            )
            rows = db.execute(query.order_by(_requests.c.received_at)).all()
        return tuple(_request_view(row, offer.seal_to) for row in rows)

    def answer(self, request_id: str, sealed: str) -> str:
        """Keep the sealed answer to a request; the first stays. Returns its offer.

        Raises NotThere, or AlreadyOtherwise when the request was denied or its offer ended.
        """
        with self._step() as db:
            row = _known_request(db, request_id)
            if row.state == RequestState.DENIED:
                raise AlreadyOtherwise(reason="denied")
            if row.state == RequestState.WAITING:
                _set_request(db, request_id, state=RequestState.ANSWERED, sealed=sealed)
            return str(row.offer_id)

    def deny(self, request_id: str) -> str:
        """Refuse a request for good; raises NotThere, or AlreadyOtherwise when answered."""
        with self._step() as db:
            row = _known_request(db, request_id)
            if row.state in (RequestState.ANSWERED, RequestState.DELIVERED):
                raise AlreadyOtherwise(reason="answered")
            _set_request(db, request_id, state=RequestState.DENIED)
            return str(row.offer_id)

    def queue_length(self) -> int:
        """How many credential requests await an answer."""
        with self._step() as db:
            query = sa.select(sa.func.count()).select_from(_requests)
            count = db.execute(query.where(_requests.c.state == RequestState.WAITING))
            return int(count.scalar_one())

    # Offers, from the phone

    def fetch_offer(self, handle_hash: str, client: str, now: datetime) -> OfferView | None:
        """A phone looks at an offer: the first look and every suspicious one are events."""
        with self._step() as db:
            query = sa.select(_offers).where(_offers.c.handle_hash == handle_hash)
            row = db.execute(query).one_or_none()
            if row is None:
                return None
            row = _expired_if_due(db, row, now)
            if row.first_client is None and row.state == OfferState.OPEN:
                _set_offer(db, row.offer_id, first_client=client)
                _record(db, row.offer_id, EventKind.FETCHED, now, {})
            else:
                _raise_alarm(db, row, client, "offer", now)
            return _offer_view(row)

    def reserve_try(self, code_hash: str, client: str, now: datetime) -> Try | Claim:
        """Count a guess before it is judged, so that no crash and no crowd gets one free."""
        with self._step() as db:
            query = sa.select(_offers).where(_offers.c.code_hash == code_hash)
            row = db.execute(query).one_or_none()
            if row is None:
                return Claim.UNKNOWN
            row = _expired_if_due(db, row, now)
            if row.state == OfferState.CLAIMED:
                _raise_alarm(db, row, client, "token", now)
                return Claim.USED
            if row.state == OfferState.EXPIRED:
                # A claimed offer whose token ran out is used, not late.
                return Claim.USED if row.token_hash else Claim.EXPIRED
            if row.state == OfferState.VOID:
                return Claim.VOID
            if row.tries_reserved + row.tries_wrong >= TRIES:
                return Claim.TOO_MANY_TRIES
            _set_offer(db, row.offer_id, tries_reserved=row.tries_reserved + 1)
            return Try(row.offer_id, tuple(row.configurations), row.pin_salt, row.pin_hash)

    def count_wrong(self, offer_id: str, now: datetime) -> int:
        """A reserved guess was wrong: the tries left; with none left the offer is void."""
        with self._step() as db:
            row = _expired_if_due(db, _known_offer(db, offer_id), now)
            if row.state != OfferState.OPEN:
                return 0
            return _book_wrong(db, row, now)

    def claim(
        self, offer_id: str, token_hash: str, seal_to: bytes, now: datetime, life: timedelta
    ) -> Claim | None:
        """A reserved guess was right: the code is redeemed, by one phone only.

        Returns None for the one that won, otherwise what stood in the way.
        """
        with self._step() as db:
            row = _expired_if_due(db, _known_offer(db, offer_id), now)
            if row.state != OfferState.OPEN:
                return _why_not(OfferState(row.state))
            _set_offer(
                db,
                offer_id,
                state=OfferState.CLAIMED,
                token_hash=token_hash,
                token_expires_at=_to_ms(now + life),
                seal_to=seal_to,
                pin_hash=None,
                pin_salt=None,
                tries_reserved=0,
            )
            _record(db, offer_id, EventKind.CODE_RIGHT, now, {})
            return None

    def holder(self, token_hash: str, now: datetime) -> Holder | None:
        """Whose access token this is; None when unknown or past its time."""
        with self._step() as db:
            query = sa.select(_offers).where(_offers.c.token_hash == token_hash)
            row = db.execute(query).one_or_none()
            if row is None:
                return None
            row = _expired_if_due(db, row, now)
        if row.state == OfferState.EXPIRED or row.token_expires_at <= _to_ms(now):
            return None
        return Holder(row.offer_id, OfferState(row.state), tuple(row.configurations), row.seal_to)

    def file_request(self, new: NewRequest, nonce_hash: str, now: datetime) -> Filing:
        """Queue a phone's key for the desk; the same key again finds its first request."""
        with self._step() as db:
            row = db.execute(
                sa.select(_requests).where(
                    _requests.c.offer_id == new.offer_id,
                    _requests.c.configuration == new.configuration,
                )
            ).one_or_none()
            if row is not None and tuple(row.proofs) == new.proofs:
                return Filing.REPEATED
            if not _use_nonce(db, nonce_hash, new.configuration, new.offer_id, now):
                return Filing.NONCE_USED
            if row is not None:
                same = tuple(row.keys) == new.keys
                return Filing.REPEATED if same else Filing.OTHER_KEY
            db.execute(sa.insert(_requests).values(_request_values(new, now)))
            facts: dict[str, str | int] = {"configuration": new.configuration}
            facts["keys"] = len(new.keys)
            _record(db, new.offer_id, EventKind.KEY_RECEIVED, now, facts)
            return Filing.FILED

    def request_of(self, offer_id: str, configuration: str) -> RequestView | None:
        """The one request of an offer for a configuration."""
        return next(
            (r for r in self.requests_of(offer_id) if r.configuration == configuration), None
        )

    def requests_of(self, offer_id: str) -> tuple[RequestView, ...]:
        """All requests of an offer, whatever their state."""
        with self._step() as db:
            offer = _known_offer(db, offer_id)
            query = sa.select(_requests).where(_requests.c.offer_id == offer_id)
            rows = db.execute(query).all()
        return tuple(_request_view(row, offer.seal_to) for row in rows)

    def defer(self, request_id: str, now: datetime) -> None:
        """The phone was told to come back: recorded once."""
        with self._step() as db:
            row = _known_request(db, request_id)
            if not row.deferred:
                _set_request(db, request_id, deferred=True)
                facts = {"configuration": row.configuration}
                _record(db, row.offer_id, EventKind.DEFERRED, now, facts)

    def deliver(self, request_id: str, now: datetime) -> None:
        """The answer is about to leave for the phone: recorded once, before it does."""
        with self._step() as db:
            row = _known_request(db, request_id)
            if row.state == RequestState.ANSWERED:
                _set_request(db, request_id, state=RequestState.DELIVERED)
                facts = {"configuration": row.configuration}
                _record(db, row.offer_id, EventKind.ANSWERED, now, facts)

    def report(self, request_id: str, kind: EventKind, now: datetime) -> None:
        """What the wallet says became of a credential; saying it twice counts once."""
        with self._step() as db:
            row = _known_request(db, request_id)
            if row.reported == kind:
                return
            _set_request(db, request_id, reported=kind)
            if kind is EventKind.ACCEPTED:
                _set_request(db, request_id, sealed=None)
            _record(db, row.offer_id, kind, now, {"configuration": row.configuration})

    # Checks

    def place_check(self, new: NewCheck, now: datetime) -> CheckView:
        """Store a presentation request; a repeated order finds its first."""
        with self._step() as db:
            row = _check_row(db, new.check_id)
            if row is None:
                db.execute(sa.delete(_checks).where(_checks.c.expires_at < _long_ago(now)))
                values = {
                    "check_id": new.check_id,
                    "request_object": new.request_object,
                    "expires_at": _to_ms(new.expires_at),
                    "seal_to": new.seal_to,
                }
                db.execute(sa.insert(_checks).values(values))
                row = _check_row(db, new.check_id)
                assert row is not None
            return _check_view(row)

    def check(self, check_id: str) -> CheckView | None:
        with self._step() as db:
            row = _check_row(db, check_id)
        return _check_view(row) if row is not None else None

    def answer_check(self, check_id: str, response: str, now: datetime) -> bool:
        """Keep the first answer to a check; False when there is one already."""
        with self._step() as db:
            update = sa.update(_checks).where(
                _checks.c.check_id == check_id, _checks.c.response.is_(None)
            )
            done = db.execute(update.values(response=response, received_at=_to_ms(now)))
            return done.rowcount == 1

    # Status lists

    def publish_status(self, name: str, jwt: str, cwt: bytes) -> None:
        with self._step() as db:
            changed = db.execute(
                sa.update(_status).where(_status.c.name == name).values(jwt=jwt, cwt=cwt)
            )
            if changed.rowcount == 0:
                db.execute(sa.insert(_status).values(name=name, jwt=jwt, cwt=cwt))

    def status(self, name: str) -> StatusView | None:
        with self._step() as db:
            row = db.execute(sa.select(_status).where(_status.c.name == name)).one_or_none()
        return StatusView(row.jwt, row.cwt) if row is not None else None


def _prepare_connection(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy's own "begin" opens the transaction, see _begin_writing.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_writing(db: Connection) -> None:
    # Taking the write lock at once: what is read in a step still holds when it writes.
    db.exec_driver_sql("BEGIN IMMEDIATE")


def _as_trouble(error: sa.exc.DBAPIError) -> MailboxFull | MailboxBroken:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return MailboxFull() if code == sqlite3.SQLITE_FULL else MailboxBroken()


def _create_or_check_layout(db: Connection) -> None:
    """Create the tables where there are none; raises MailboxNewer."""
    _tables.create_all(db)
    found = db.execute(sa.select(_layout.c.version)).scalar_one_or_none()
    if found is None:
        db.execute(sa.insert(_layout).values(version=LAYOUT))
    elif found > LAYOUT:
        raise MailboxNewer(found=found, known=LAYOUT)


def _settle_reserved_tries(db: Connection, now: datetime) -> None:
    """A guess that was being judged when the service died counts as a wrong one."""
    query = sa.select(_offers).where(_offers.c.tries_reserved > 0)
    for row in db.execute(query).all():
        for _ in range(row.tries_reserved):
            current = _known_offer(db, row.offer_id)
            if current.state == OfferState.OPEN:
                _book_wrong(db, current, now)
        _set_offer(db, row.offer_id, tries_reserved=0)


def _offer_row(db: Connection, offer_id: str) -> Row[Any] | None:
    return db.execute(sa.select(_offers).where(_offers.c.offer_id == offer_id)).one_or_none()


def _known_offer(db: Connection, offer_id: str) -> Row[Any]:
    row = _offer_row(db, offer_id)
    if row is None:
        raise NotThere
    return row


def _known_request(db: Connection, request_id: str) -> Row[Any]:
    query = sa.select(_requests).where(_requests.c.request_id == request_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotThere
    return row


def _check_row(db: Connection, check_id: str) -> Row[Any] | None:
    return db.execute(sa.select(_checks).where(_checks.c.check_id == check_id)).one_or_none()


def _set_offer(db: Connection, offer_id: str, **values: object) -> None:
    db.execute(sa.update(_offers).where(_offers.c.offer_id == offer_id).values(values))


def _set_request(db: Connection, request_id: str, **values: object) -> None:
    db.execute(sa.update(_requests).where(_requests.c.request_id == request_id).values(values))


def _record(
    db: Connection,
    offer_id: str,
    kind: EventKind,
    now: datetime,
    facts: Mapping[str, str | int],
) -> None:
    raise_seq = sa.update(_offers).where(_offers.c.offer_id == offer_id)
    seq = db.execute(
        raise_seq.values(last_seq=_offers.c.last_seq + 1).returning(_offers.c.last_seq)
    ).scalar_one()
    values = {"offer_id": offer_id, "seq": seq, "kind": kind, "at": _to_ms(now)}
    db.execute(sa.insert(_events).values(**values, facts=dict(facts)))


def _raise_alarm(db: Connection, row: Row[Any], client: str, step: str, now: datetime) -> None:
    """Record a second look that an honest phone has no reason for."""
    other = row.first_client is not None and row.first_client != client
    used = row.token_hash is not None
    if row.state not in (OfferState.OPEN, OfferState.CLAIMED) or not (other or used):
        return
    if row.alarms >= ALARMS_KEPT:
        return
    _set_offer(db, row.offer_id, alarms=row.alarms + 1)
    facts = {"step": step, "client": "other" if other else "same", "claimed": int(used)}
    _record(db, row.offer_id, EventKind.FETCHED_AGAIN, now, facts)


def _book_wrong(db: Connection, row: Row[Any], now: datetime) -> int:
    wrong = row.tries_wrong + 1
    left: int = TRIES - wrong
    _set_offer(db, row.offer_id, tries_wrong=wrong, tries_reserved=max(row.tries_reserved - 1, 0))
    _record(db, row.offer_id, EventKind.CODE_WRONG, now, {"tries_left": left})
    if left <= 0:
        _end(db, row.offer_id, OfferState.VOID, now)
        _record(db, row.offer_id, EventKind.VOIDED, now, {"reason": "tries"})
    return left


def _expired_if_due(db: Connection, row: Row[Any], now: datetime) -> Row[Any]:
    """End an offer whose time is over; a delivered one simply stays claimed until purged."""
    if row.state == OfferState.OPEN:
        due = row.expires_at <= _to_ms(now)
    else:
        due = row.state == OfferState.CLAIMED and row.token_expires_at <= _to_ms(now)
    if not due:
        return row
    unserved = row.state == OfferState.OPEN or not _served(db, row)
    _end(db, row.offer_id, OfferState.EXPIRED, now)
    if unserved:
        _record(db, row.offer_id, EventKind.EXPIRED, now, {})
    return _known_offer(db, row.offer_id)


def _served(db: Connection, row: Row[Any]) -> bool:
    query = sa.select(sa.func.count()).select_from(_requests)
    served = query.where(
        _requests.c.offer_id == row.offer_id, _requests.c.state == RequestState.DELIVERED
    )
    return int(db.execute(served).scalar_one()) >= len(row.configurations)


def _end(db: Connection, offer_id: str, state: OfferState, now: datetime) -> None:
    """An ended offer keeps no PIN hash and no ciphertext, and answers nobody any more."""
    _set_offer(
        db,
        offer_id,
        state=state,
        ended_at=_to_ms(now),
        pin_hash=None,
        pin_salt=None,
        tries_reserved=0,
    )
    of_offer = sa.update(_requests).where(_requests.c.offer_id == offer_id)
    db.execute(of_offer.values(sealed=None))
    unserved = _requests.c.state.in_([RequestState.WAITING, RequestState.ANSWERED])
    db.execute(of_offer.where(unserved).values(state=RequestState.DENIED))


def _why_not(state: OfferState) -> Claim:
    reasons = {OfferState.CLAIMED: Claim.USED, OfferState.EXPIRED: Claim.EXPIRED}
    return reasons.get(state, Claim.VOID)


def _use_nonce(
    db: Connection, nonce_hash: str, configuration: str, offer_id: str, now: datetime
) -> bool:
    """Use a nonce up for one configuration of one offer.

    One nonce may serve the several configurations of an offer, because some wallets ask
    for one a run (Credo 0.6.3); it never serves two phones, nor one configuration twice.
    """
    used = db.execute(sa.select(_nonces).where(_nonces.c.nonce_hash == nonce_hash)).all()
    if any(row.offer_id != offer_id or row.configuration == configuration for row in used):
        return False
    values = {"nonce_hash": nonce_hash, "configuration": configuration}
    db.execute(sa.insert(_nonces).values(**values, offer_id=offer_id, used_at=_to_ms(now)))
    return True


def _forget_old(db: Connection, now: datetime) -> None:
    """Remove what ended long ago, and nonces that have outlived their own time limit."""
    long_ago = _long_ago(now)
    old = sa.select(_offers.c.offer_id).where(_offers.c.ended_at < long_ago).scalar_subquery()
    for table in (_events, _requests):
        db.execute(sa.delete(table).where(table.c.offer_id.in_(old)))
    db.execute(sa.delete(_offers).where(_offers.c.ended_at < long_ago))
    db.execute(sa.delete(_nonces).where(_nonces.c.used_at < long_ago))


def _long_ago(now: datetime) -> int:
    return _to_ms(now - KEPT_AFTER_END)


def _offer_values(new: NewOffer) -> dict[str, Any]:
    return {
        "offer_id": new.offer_id,
        "handle_hash": new.handle_hash,
        "code_hash": new.code_hash,
        "configurations": list(new.configurations),
        "state": OfferState.OPEN,
        "pin_salt": new.pin_salt,
        "pin_hash": new.pin_hash,
        "expires_at": _to_ms(new.expires_at),
    }


def _offer_view(row: Row[Any]) -> OfferView:
    return OfferView(
        row.offer_id,
        OfferState(row.state),
        tuple(row.configurations),
        _from_ms(row.expires_at),
        row.pin_salt,
        row.pin_hash,
    )


def _request_values(new: NewRequest, now: datetime) -> dict[str, Any]:
    return {
        "request_id": new.request_id,
        "offer_id": new.offer_id,
        "configuration": new.configuration,
        "keys": list(new.keys),
        "proofs": list(new.proofs),
        "nonce": new.nonce,
        "received_at": _to_ms(now),
        "state": RequestState.WAITING,
    }


def _request_view(row: Row[Any], seal_to: bytes) -> RequestView:
    return RequestView(
        row.request_id,
        row.offer_id,
        row.configuration,
        tuple(row.keys),
        tuple(row.proofs),
        row.nonce,
        seal_to,
        _from_ms(row.received_at),
        RequestState(row.state),
        row.deferred,
        row.sealed,
    )


def _check_view(row: Row[Any]) -> CheckView:
    received = _from_ms(row.received_at) if row.received_at is not None else None
    return CheckView(
        row.check_id,
        row.request_object,
        _from_ms(row.expires_at),
        row.seal_to,
        row.response,
        received,
    )

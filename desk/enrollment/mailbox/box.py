"""The service's database: every durable step between desk and phone, and nothing personal.

Tables hold hashes, public keys, states, ciphertext and times. Each public method is one
transaction that either happened on the disk or did not (WAL, synchronous=FULL), with the
event it causes in the same transaction. Offers end by themselves: whoever looks at one
after its time finds it expired, so that no timer has to survive a restart.

Left to others: what the records mean to a phone (``issuing``, ``presenting``) and to the desk
(``desk_side``), and waking those who wait (``waiting``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, event

from desk.enrollment.mailbox.rows import (
    check_view,
    offer_values,
    offer_view,
    request_values,
    request_view,
)
from desk.enrollment.mailbox.steps import (
    book_wrong,
    check_row,
    end,
    expired_if_due,
    forget_old,
    known_offer,
    known_request,
    long_ago,
    offer_row,
    raise_alarm,
    record,
    set_offer,
    set_request,
    settle_reserved_tries,
    use_nonce,
    why_not,
)
from desk.enrollment.mailbox.tables import (
    as_trouble,
    begin_writing,
    checks_table,
    create_or_check_layout,
    events_table,
    from_ms,
    offers_table,
    prepare_connection,
    requests_table,
    status_table,
    to_ms,
)
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
    MailboxTrouble,
)
from desk.issuance.ports import EventKind, OfferEvent


class Mailbox:
    """One database file. Not for several threads at once: the service gives it one."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Open or create the file and settle what a crash left; raises MailboxTrouble."""
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            poolclass=sa.StaticPool,
            # An error's text goes to the log; what a statement holds does not.
            hide_parameters=True,
            connect_args={"check_same_thread": False, "timeout": 10},
        )
        event.listen(self._engine, "connect", prepare_connection)
        event.listen(self._engine, "begin", begin_writing)
        try:
            with self._step() as db:
                create_or_check_layout(db)
                settle_reserved_tries(db, now)
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
            raise as_trouble(error) from error

    def limit_pages(self, pages: int) -> None:
        """Let the file grow no further than so many pages: an exercise for a full disk."""
        with self._step() as db:
            db.exec_driver_sql(f"PRAGMA max_page_count={int(pages)}")

    # Offers, from the desk

    def place_offer(self, new: NewOffer, now: datetime) -> tuple[OfferView, bool]:
        """Store an offer, or find it there already; the second value says whether it is new."""
        with self._step() as db:
            row = offer_row(db, new.offer_id)
            if row is None:
                forget_old(db, now)
                values = offer_values(new)
                db.execute(sa.insert(offers_table).values(values))
                row = offer_row(db, new.offer_id)
                assert row is not None
                return offer_view(row), True
            return offer_view(expired_if_due(db, row, now)), False

    def void_offer(self, offer_id: str, reason: str, now: datetime) -> None:
        """End an offer; ending an ended one changes nothing. Raises NotThere."""
        with self._step() as db:
            row = expired_if_due(db, known_offer(db, offer_id), now)
            if OfferState(row.state) in (OfferState.OPEN, OfferState.CLAIMED):
                end(db, offer_id, OfferState.VOID, now)
                record(db, offer_id, EventKind.VOIDED, now, {"reason": reason})

    def events(self, offer_id: str, after: int, now: datetime) -> tuple[OfferEvent, ...]:
        """What happened to an offer since event ``after``; raises NotThere."""
        with self._step() as db:
            expired_if_due(db, known_offer(db, offer_id), now)
            query = sa.select(events_table).where(
                events_table.c.offer_id == offer_id, events_table.c.seq > after
            )
            rows = db.execute(query.order_by(events_table.c.seq)).all()
        return tuple(
            OfferEvent(row.seq, EventKind(row.kind), from_ms(row.at), row.facts) for row in rows
        )

    def next_end(self, offer_id: str) -> datetime | None:
        """When an offer will expire by itself, or None when it has ended; raises NotThere."""
        with self._step() as db:
            row = known_offer(db, offer_id)
        if row.state == OfferState.OPEN:
            return from_ms(row.expires_at)
        return from_ms(row.token_expires_at) if row.state == OfferState.CLAIMED else None

    def waiting_requests(self, offer_id: str, now: datetime) -> tuple[RequestView, ...]:
        """The credential requests of an offer that await the desk's answer; raises NotThere."""
        with self._step() as db:
            offer = expired_if_due(db, known_offer(db, offer_id), now)
            query = sa.select(requests_table).where(
                requests_table.c.offer_id == offer_id,
                requests_table.c.state == RequestState.WAITING,
            )
            rows = db.execute(query.order_by(requests_table.c.received_at)).all()
        return tuple(request_view(row, offer.seal_to) for row in rows)

    def answer(self, request_id: str, sealed: str) -> str:
        """Keep the sealed answer to a request; the first stays. Returns its offer.

        Raises NotThere, or AlreadyOtherwise when the request was denied or its offer ended.
        """
        with self._step() as db:
            row = known_request(db, request_id)
            if row.state == RequestState.DENIED:
                raise AlreadyOtherwise(reason="denied")
            if row.state == RequestState.WAITING:
                set_request(db, request_id, state=RequestState.ANSWERED, sealed=sealed)
            return str(row.offer_id)

    def deny(self, request_id: str) -> str:
        """Refuse a request for good; raises NotThere, or AlreadyOtherwise when answered."""
        with self._step() as db:
            row = known_request(db, request_id)
            if row.state in (RequestState.ANSWERED, RequestState.DELIVERED):
                raise AlreadyOtherwise(reason="answered")
            set_request(db, request_id, state=RequestState.DENIED)
            return str(row.offer_id)

    def queue_length(self) -> int:
        """How many credential requests await an answer."""
        with self._step() as db:
            query = sa.select(sa.func.count()).select_from(requests_table)
            count = db.execute(query.where(requests_table.c.state == RequestState.WAITING))
            return int(count.scalar_one())

    # Offers, from the phone

    def fetch_offer(self, handle_hash: str, client: str, now: datetime) -> OfferView | None:
        """A phone looks at an offer: the first look and every suspicious one are events."""
        with self._step() as db:
            query = sa.select(offers_table).where(offers_table.c.handle_hash == handle_hash)
            row = db.execute(query).one_or_none()
            if row is None:
                return None
            row = expired_if_due(db, row, now)
            if row.first_client is None and row.state == OfferState.OPEN:
                set_offer(db, row.offer_id, first_client=client)
                record(db, row.offer_id, EventKind.FETCHED, now, {})
            else:
                raise_alarm(db, row, client, "offer", now)
            return offer_view(row)

    def reserve_try(self, code_hash: str, client: str, now: datetime) -> Try | Claim:
        """Count a guess before it is judged, so that no crash and no crowd gets one free."""
        with self._step() as db:
            query = sa.select(offers_table).where(offers_table.c.code_hash == code_hash)
            row = db.execute(query).one_or_none()
            if row is None:
                return Claim.UNKNOWN
            row = expired_if_due(db, row, now)
            if row.state == OfferState.CLAIMED:
                raise_alarm(db, row, client, "token", now)
                return Claim.USED
            if row.state == OfferState.EXPIRED:
                # A claimed offer whose token ran out is used, not late.
                return Claim.USED if row.token_hash else Claim.EXPIRED
            if row.state == OfferState.VOID:
                return Claim.VOID
            if row.tries_reserved + row.tries_wrong >= TRIES:
                return Claim.TOO_MANY_TRIES
            set_offer(db, row.offer_id, tries_reserved=row.tries_reserved + 1)
            return Try(row.offer_id, tuple(row.configurations), row.pin_salt, row.pin_hash)

    def count_wrong(self, offer_id: str, now: datetime) -> int:
        """A reserved guess was wrong: the tries left; with none left the offer is void."""
        with self._step() as db:
            row = expired_if_due(db, known_offer(db, offer_id), now)
            if row.state != OfferState.OPEN:
                return 0
            return book_wrong(db, row, now)

    def claim(
        self, offer_id: str, token_hash: str, seal_to: bytes, now: datetime, life: timedelta
    ) -> Claim | None:
        """A reserved guess was right: the code is redeemed, by one phone only.

        Returns None for the one that won, otherwise what stood in the way.
        """
        with self._step() as db:
            row = expired_if_due(db, known_offer(db, offer_id), now)
            if row.state != OfferState.OPEN:
                return why_not(OfferState(row.state))
            set_offer(
                db,
                offer_id,
                state=OfferState.CLAIMED,
                token_hash=token_hash,
                token_expires_at=to_ms(now + life),
                seal_to=seal_to,
                pin_hash=None,
                pin_salt=None,
                tries_reserved=0,
            )
            record(db, offer_id, EventKind.CODE_RIGHT, now, {})
            return None

    def holder(self, token_hash: str, now: datetime) -> Holder | None:
        """Whose access token this is; None when unknown or past its time."""
        with self._step() as db:
            query = sa.select(offers_table).where(offers_table.c.token_hash == token_hash)
            row = db.execute(query).one_or_none()
            if row is None:
                return None
            row = expired_if_due(db, row, now)
        if row.state == OfferState.EXPIRED or row.token_expires_at <= to_ms(now):
            return None
        return Holder(row.offer_id, OfferState(row.state), tuple(row.configurations), row.seal_to)

    def file_request(self, new: NewRequest, nonce_hash: str, now: datetime) -> Filing:
        """Queue a phone's key for the desk; the same key again finds its first request."""
        with self._step() as db:
            row = db.execute(
                sa.select(requests_table).where(
                    requests_table.c.offer_id == new.offer_id,
                    requests_table.c.configuration == new.configuration,
                )
            ).one_or_none()
            if row is not None and tuple(row.proofs) == new.proofs:
                return Filing.REPEATED
            if not use_nonce(db, nonce_hash, new.configuration, new.offer_id, now):
                return Filing.NONCE_USED
            if row is not None:
                same = tuple(row.keys) == new.keys
                return Filing.REPEATED if same else Filing.OTHER_KEY
            db.execute(sa.insert(requests_table).values(request_values(new, now)))
            facts: dict[str, str | int] = {"configuration": new.configuration}
            facts["keys"] = len(new.keys)
            record(db, new.offer_id, EventKind.KEY_RECEIVED, now, facts)
            return Filing.FILED

    def request_of(self, offer_id: str, configuration: str) -> RequestView | None:
        """The one request of an offer for a configuration."""
        return next(
            (r for r in self.requests_of(offer_id) if r.configuration == configuration), None
        )

    def requests_of(self, offer_id: str) -> tuple[RequestView, ...]:
        """All requests of an offer, whatever their state."""
        with self._step() as db:
            offer = known_offer(db, offer_id)
            query = sa.select(requests_table).where(requests_table.c.offer_id == offer_id)
            rows = db.execute(query).all()
        return tuple(request_view(row, offer.seal_to) for row in rows)

    def defer(self, request_id: str, now: datetime) -> None:
        """The phone was told to come back: recorded once."""
        with self._step() as db:
            row = known_request(db, request_id)
            if not row.deferred:
                set_request(db, request_id, deferred=True)
                facts = {"configuration": row.configuration}
                record(db, row.offer_id, EventKind.DEFERRED, now, facts)

    def deliver(self, request_id: str, now: datetime) -> None:
        """The answer is about to leave for the phone: recorded once, before it does."""
        with self._step() as db:
            row = known_request(db, request_id)
            if row.state == RequestState.ANSWERED:
                set_request(db, request_id, state=RequestState.DELIVERED)
                facts = {"configuration": row.configuration}
                record(db, row.offer_id, EventKind.ANSWERED, now, facts)

    def report(self, request_id: str, kind: EventKind, now: datetime) -> None:
        """What the wallet says became of a credential; saying it twice counts once."""
        with self._step() as db:
            row = known_request(db, request_id)
            if row.reported == kind:
                return
            set_request(db, request_id, reported=kind)
            if kind is EventKind.ACCEPTED:
                set_request(db, request_id, sealed=None)
            record(db, row.offer_id, kind, now, {"configuration": row.configuration})

    # Checks

    def place_check(self, new: NewCheck, now: datetime) -> CheckView:
        """Store a presentation request; a repeated order finds its first."""
        with self._step() as db:
            row = check_row(db, new.check_id)
            if row is None:
                db.execute(sa.delete(checks_table).where(checks_table.c.expires_at < long_ago(now)))
                values = {
                    "check_id": new.check_id,
                    "request_object": new.request_object,
                    "expires_at": to_ms(new.expires_at),
                    "seal_to": new.seal_to,
                }
                db.execute(sa.insert(checks_table).values(values))
                row = check_row(db, new.check_id)
                assert row is not None
            return check_view(row)

    def check(self, check_id: str) -> CheckView | None:
        with self._step() as db:
            row = check_row(db, check_id)
        return check_view(row) if row is not None else None

    def answer_check(self, check_id: str, response: str, now: datetime) -> bool:
        """Keep the first answer to a check; False when there is one already."""
        with self._step() as db:
            update = sa.update(checks_table).where(
                checks_table.c.check_id == check_id, checks_table.c.response.is_(None)
            )
            done = db.execute(update.values(response=response, received_at=to_ms(now)))
            return done.rowcount == 1

    # Status lists

    def publish_status(self, name: str, jwt: str, cwt: bytes) -> None:
        with self._step() as db:
            changed = db.execute(
                sa.update(status_table).where(status_table.c.name == name).values(jwt=jwt, cwt=cwt)
            )
            if changed.rowcount == 0:
                db.execute(sa.insert(status_table).values(name=name, jwt=jwt, cwt=cwt))

    def status(self, name: str) -> StatusView | None:
        with self._step() as db:
            row = db.execute(
                sa.select(status_table).where(status_table.c.name == name)
            ).one_or_none()
        return StatusView(row.jwt, row.cwt) if row is not None else None

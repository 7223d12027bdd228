"""The service's database: every durable step between desk and phone, and nothing personal.

Tables hold hashes, public keys, states, ciphertext and times. Each public method is one
transaction that either happened on the disk or did not (WAL, synchronous=FULL), with the
event it causes in the same transaction. Offers end by themselves: whoever looks at one
after its time finds it expired, so that no timer has to survive a restart.

Left to others: what the records mean to a phone (``issuing``, ``presenting``) and to the desk
(``desk_side``), and waking those who wait (``waiting``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Driver, Row
from desk.enrollment.mailbox.rows import (
    check_values,
    check_view,
    encryption_value,
    ends_at,
    holder,
    offer_look,
    offer_values,
    offer_view,
    request_values,
    request_view,
)
from desk.enrollment.mailbox.steps import (
    answer_otherwise,
    book_wrong,
    end,
    expired_if_due,
    forget_old,
    found,
    known_offer,
    known_request,
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
    create_or_check_layout,
    from_ms,
    open_driver,
    to_ms,
)
from desk.enrollment.records import (
    TRIES,
    CheckView,
    Claim,
    Filing,
    Grant,
    Holder,
    NewCheck,
    NewOffer,
    NewRequest,
    News,
    OfferLook,
    OfferState,
    OfferView,
    Queue,
    RequestState,
    RequestView,
    StatusView,
    Try,
)
from desk.enrollment.trouble import (
    AlreadyOtherwise,
    MailboxTrouble,
)
from desk.issuance.ports import EventKind, OfferEvent, ResponseEncryption

Facts = dict[str, str | int]


class Mailbox:
    """One database file. Not for several threads at once: the service gives it one."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Open or create the file and settle what a crash left; raises MailboxTrouble."""
        self._driver = open_driver(path)
        try:
            with self._step() as db:
                create_or_check_layout(db)
                settle_reserved_tries(db, now)
        except MailboxTrouble:
            self.close()
            raise

    def close(self) -> None:
        self._driver.close()

    @contextmanager
    def _step(self) -> Iterator[Driver]:
        """One transaction; the database's own errors become coded troubles."""
        db = self._driver
        try:
            # Taking the write lock at once: what is read in a step still holds when it writes.
            db.say("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.undo()
                raise
            db.say("COMMIT")
        except sqlite3.Error as error:
            db.undo()
            raise as_trouble(error) from error

    def limit_pages(self, pages: int) -> None:
        """Let the file grow no further than so many pages: an exercise for a full disk."""
        with self._step() as db:
            db.say(f"PRAGMA max_page_count={int(pages)}")

    # Offers, from the desk

    def place_offer(self, new: NewOffer, now: datetime) -> tuple[OfferView, bool]:
        """Store an offer, or find it there already; the second value says whether it is new."""
        with self._step() as db:
            row = found(db, sql.OFFER_BY_ID, new.offer_id)
            if row is None:
                forget_old(db, now)
                db.execute(sql.NEW_OFFER, offer_values(new))
                return offer_view(known_offer(db, new.offer_id)), True
            return offer_view(expired_if_due(db, row, now)), False

    def void_offer(self, offer_id: str, reason: str, now: datetime) -> None:
        """End an offer; ending an ended one changes nothing. Raises NotThere."""
        with self._step() as db:
            row = expired_if_due(db, known_offer(db, offer_id), now)
            if OfferState(row.state) in (OfferState.OPEN, OfferState.CLAIMED):
                end(db, offer_id, OfferState.VOID, now)
                record(db, offer_id, EventKind.VOIDED, now, {"reason": reason})

    def news(self, offer_id: str, after: int, now: datetime) -> News:
        """What happened to an offer since event ``after``; raises NotThere."""
        with self._step() as db:
            offer = expired_if_due(db, known_offer(db, offer_id), now)
            rows = db.execute(sql.EVENTS_AFTER, {"key": offer_id, "after": after}).all()
        events = tuple(
            OfferEvent(row.seq, EventKind(row.kind), from_ms(row.at), row.facts) for row in rows
        )
        return News(events, ends_at(offer))

    def waiting_requests(self, offer_id: str, now: datetime) -> tuple[RequestView, ...]:
        """The credential requests of an offer that await the desk's answer; raises NotThere."""
        with self._step() as db:
            offer = expired_if_due(db, known_offer(db, offer_id), now)
            rows = db.execute(sql.REQUESTS_OF_OFFER, {"key": offer_id}).all()
        waiting = [row for row in rows if row.state == RequestState.WAITING]
        return tuple(request_view(row, offer.seal_to) for row in waiting)

    def encrypt_otherwise(
        self, request_id: str, terms: ResponseEncryption | None, now: datetime
    ) -> RequestView:
        """A deferred request decides how its own answer is encrypted (9.1): what was answered
        for another key is asked of the desk again."""
        with self._step() as db:
            row = answer_otherwise(db, known_request(db, request_id), terms, now)
            offer = known_offer(db, row.offer_id)
        return request_view(row, offer.seal_to)

    def answer(self, request_id: str, sealed: str, terms: ResponseEncryption | None = None) -> str:
        """Keep the sealed answer to a request; the first stays. Returns its offer.

        An answer encrypted as the phone does not want it any more changes nothing: the desk
        was asked again. Raises NotThere, or AlreadyOtherwise when the request was denied or
        its offer ended.
        """
        with self._step() as db:
            row = known_request(db, request_id)
            if row.state == RequestState.DENIED:
                raise AlreadyOtherwise(reason="denied")
            if row.state == RequestState.WAITING and row.encryption == encryption_value(terms):
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

    def queue(self, now: datetime) -> Queue:
        """The credential requests that await an answer, of offers that have not ended."""
        with self._step() as db:
            row = db.execute(sql.REQUESTS_WAITING, {"now": to_ms(now)}).one()
        return Queue(int(row.length), None if row.oldest is None else from_ms(row.oldest))

    # Offers, from the phone

    def fetch_offer(self, handle_hash: str, client: str, now: datetime) -> OfferView | None:
        """A phone looks at an offer: the first look and every suspicious one are events."""
        with self._step() as db:
            row = found(db, sql.OFFER_BY_HANDLE, handle_hash)
            if row is None:
                return None
            row = expired_if_due(db, row, now)
            if row.first_client is None and row.state == OfferState.OPEN:
                set_offer(db, row.offer_id, first_client=client)
                record(db, row.offer_id, EventKind.FETCHED, now, {})
            else:
                raise_alarm(db, row, client, "offer", now)
            return offer_view(row)

    def look_at_offer(self, handle_hash: str, now: datetime) -> OfferLook | None:
        """How an offer stands; a look from outside changes nothing and is no event."""
        with self._step() as db:
            row = found(db, sql.OFFER_BY_HANDLE, handle_hash)
        return None if row is None else offer_look(row, now)

    def reserve_try(self, code_hash: str, client: str, now: datetime) -> Try | Claim:
        """Count a guess before it is judged, so that no crash and no crowd gets one free."""
        with self._step() as db:
            row = found(db, sql.OFFER_BY_CODE, code_hash)
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

    def release_try(self, offer_id: str) -> None:
        """A reserved guess was not judged, because its request was refused before."""
        with self._step() as db:
            row = known_offer(db, offer_id)
            set_offer(db, offer_id, tries_reserved=max(row.tries_reserved - 1, 0))

    def count_wrong(self, offer_id: str, now: datetime) -> int:
        """A reserved guess was wrong: the tries left; with none left the offer is void."""
        with self._step() as db:
            row = expired_if_due(db, known_offer(db, offer_id), now)
            if row.state != OfferState.OPEN:
                return 0
            return book_wrong(db, row, now)

    def claim(self, offer_id: str, grant: Grant, now: datetime) -> Claim | None:
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
                token_hash=grant.token_hash,
                token_expires_at=to_ms(now + grant.life),
                seal_to=grant.seal_to,
                details=None if grant.details is None else list(grant.details),
                dpop_key=grant.dpop_key,
                pin_hash=None,
                pin_salt=None,
                tries_reserved=0,
            )
            record(db, offer_id, EventKind.CODE_RIGHT, now, {})
            return None

    def holder(self, token_hash: str, now: datetime) -> Holder | None:
        """Whose access token this is; None when unknown or past its time."""
        with self._step() as db:
            row = found(db, sql.OFFER_BY_TOKEN, token_hash)
            if row is None:
                return None
            row = expired_if_due(db, row, now)
        if row.state == OfferState.EXPIRED or row.token_expires_at <= to_ms(now):
            return None
        return holder(row)

    def use_once(self, mark: str, now: datetime) -> bool:
        """Use up what may be shown once only; False when it was shown before."""
        with self._step() as db:
            return use_nonce(db, mark, "", "", now)

    def file_request(
        self, new: NewRequest, nonce_hash: str, now: datetime
    ) -> tuple[Filing, RequestView | None]:
        """Queue a phone's key for the desk; the same key again finds its first request."""
        with self._step() as db:
            offer = expired_if_due(db, known_offer(db, new.offer_id), now)
            if offer.state != OfferState.CLAIMED:
                return Filing.ENDED, None
            rows = db.execute(sql.REQUESTS_OF_OFFER, {"key": new.offer_id}).all()
            first = next((row for row in rows if row.configuration == new.configuration), None)
            outcome = _filing(db, first, new, nonce_hash, now)
            if outcome is Filing.REPEATED and first is not None:
                first = answer_otherwise(db, first, new.encryption, now)
            if outcome is Filing.FILED:
                db.execute(sql.NEW_REQUEST, request_values(new, now))
                facts: Facts = {"configuration": new.configuration, "keys": len(new.keys)}
                record(db, new.offer_id, EventKind.KEY_RECEIVED, now, facts)
            row = first or known_request(db, new.request_id) if outcome in _STANDING else None
        return outcome, request_view(row, offer.seal_to) if row is not None else None

    def request(self, request_id: str) -> RequestView:
        """One request as it stands; raises NotThere."""
        with self._step() as db:
            row = known_request(db, request_id)
            offer = known_offer(db, row.offer_id)
        return request_view(row, offer.seal_to)

    def requests_of(self, offer_id: str) -> tuple[RequestView, ...]:
        """All requests of an offer, whatever their state."""
        with self._step() as db:
            offer = known_offer(db, offer_id)
            rows = db.execute(sql.REQUESTS_OF_OFFER, {"key": offer_id}).all()
        return tuple(request_view(row, offer.seal_to) for row in rows)

    def defer(self, request_id: str, now: datetime) -> None:
        """The phone was told to come back: recorded once."""
        with self._step() as db:
            row = known_request(db, request_id)
            if not row.deferred:
                set_request(db, request_id, deferred=True)
                facts = {"configuration": row.configuration}
                record(db, row.offer_id, EventKind.DEFERRED, now, facts)

    def deliver(self, request_id: str, now: datetime) -> bool:
        """The answer is about to leave for the phone: recorded once, before it does.

        False when it must not leave any more, because the offer ended meanwhile.
        """
        with self._step() as db:
            row = known_request(db, request_id)
            if row.state == RequestState.ANSWERED:
                set_request(db, request_id, state=RequestState.DELIVERED)
                facts = {"configuration": row.configuration}
                record(db, row.offer_id, EventKind.ANSWERED, now, facts)
                return True
            return bool(row.state == RequestState.DELIVERED and row.sealed is not None)

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
            row = found(db, sql.CHECK_BY_ID, new.check_id)
            if row is None:
                forget_old(db, now)
                db.execute(sql.NEW_CHECK, check_values(new))
                row = found(db, sql.CHECK_BY_ID, new.check_id)
            assert row is not None
            return check_view(row)

    def check(self, check_id: str) -> CheckView | None:
        with self._step() as db:
            row = found(db, sql.CHECK_BY_ID, check_id)
        return check_view(row) if row is not None else None

    def answer_check(self, check_id: str, response: str, now: datetime) -> bool:
        """Keep the first answer to a check; False when there is one already."""
        with self._step() as db:
            values = {"key": check_id, "response": response, "received_at": to_ms(now)}
            return db.execute(sql.ANSWER_CHECK, values).rowcount == 1

    # Status lists

    def publish_status(self, name: str, jwt: str, cwt: bytes) -> None:
        with self._step() as db:
            changed = db.execute(sql.SET_STATUS, {"key": name, "jwt": jwt, "cwt": cwt})
            if changed.rowcount == 0:
                db.execute(sql.NEW_STATUS, {"name": name, "jwt": jwt, "cwt": cwt})

    def status(self, name: str) -> StatusView | None:
        with self._step() as db:
            row = found(db, sql.STATUS_BY_NAME, name)
        return StatusView(row.jwt, row.cwt) if row is not None else None


# Those that leave the phone with a request to wait for.
_STANDING = (Filing.FILED, Filing.REPEATED)


def _filing(
    db: Driver, first: Row | None, new: NewRequest, nonce_hash: str, now: datetime
) -> Filing:
    """What a request is, seen beside the first one for the same thing."""
    if first is not None and tuple(first.proofs) == new.proofs:
        return Filing.REPEATED
    used_for = new.configuration if new.shared_nonce else ""
    if not use_nonce(db, nonce_hash, used_for, new.offer_id, now):
        return Filing.NONCE_USED
    if first is None:
        return Filing.FILED
    return Filing.REPEATED if tuple(first.keys) == new.keys else Filing.OTHER_KEY

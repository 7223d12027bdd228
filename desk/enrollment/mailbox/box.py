"""The service's database: every durable step between desk and phone, and nothing personal.

Tables hold hashes, public keys, states, ciphertext and times. Each public method is one
transaction that either happened on the disk or did not (WAL, synchronous=FULL), with the
event it causes in the same transaction. Offers end by themselves: whoever looks at one
after its time finds it expired, so that no timer has to survive a restart.

Left to others: what the records mean to a phone (``issuing``, ``presenting``) and to the desk
(``desk_side``), and waking those who wait (``waiting``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Asked, Driver, Ear, Row
from desk.enrollment.mailbox.place import open_database
from desk.enrollment.mailbox.rows import (
    check_values,
    check_view,
    claimed_values,
    encryption_mark,
    ends_at,
    filed_view,
    holder,
    offer_event,
    offer_look,
    offer_values,
    offer_view,
    placed_view,
    request_values,
    request_view,
)
from desk.enrollment.mailbox.steps import (
    answer_otherwise,
    book_wrong,
    count_reserved_tries,
    end,
    expired_if_due,
    forget_old,
    found,
    kept_answer,
    known_offer,
    locked_offer,
    locked_request,
    raise_alarm,
    record,
    set_request,
    take_out,
    there,
    use_nonce,
    why_not,
)
from desk.enrollment.mailbox.tables import (
    create_or_check_layout,
    from_ms,
    to_ms,
)
from desk.enrollment.mailbox.transaction import (
    Steps,
    look,
    step,
)
from desk.enrollment.records import (
    CheckView,
    Claim,
    Filing,
    Fits,
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
    Redemption,
    RequestState,
    RequestView,
    StatusView,
)
from desk.enrollment.trouble import (
    AlreadyOtherwise,
    MailboxTrouble,
)
from desk.issuance.ports import EventKind, ResponseEncryption

Facts = dict[str, str | int]

_FORGET_EVERY = timedelta(minutes=1)


class Mailbox(Steps):
    """One file, for one process and not for several threads at once; or a server's database,
    for as many as want it (``shared``)."""

    def __init__(self, place: Path | str, now: datetime) -> None:
        """Open or create it (a ``postgresql://`` address stands for a server) and settle what
        a crash left; raises MailboxTrouble."""
        super().__init__(open_database(place))
        self._forgot_at = datetime.min.replace(tzinfo=UTC)
        try:
            self._open(now)
        except MailboxTrouble:
            self.close()
            raise

    @step
    def _open(self, db: Driver, now: datetime) -> None:
        create_or_check_layout(db)
        count_reserved_tries(db, now)

    def close(self) -> None:
        self._database.close()

    def ear(self) -> Ear | None:
        """Hears which topics other processes ring, from now on; None where there are none.
        Raises MailboxAway."""
        return self._database.ear()

    @step
    def limit_pages(self, db: Driver, pages: int) -> None:
        """Let the file grow no further than so many pages: an exercise for a full disk."""
        db.say(f"PRAGMA max_page_count={int(pages)}")

    def _forget_now_and_then(self, now: datetime) -> None:
        if now - self._forgot_at >= _FORGET_EVERY:
            self._forgot_at = now
            self._forget(now)

    @step
    def _forget(self, db: Driver, now: datetime) -> None:
        forget_old(db, now)

    # Offers, from the desk

    def place_offer(self, new: NewOffer, now: datetime) -> tuple[OfferView, bool]:
        """Store an offer, or find it there already; the second value says whether it is new."""
        self._forget_now_and_then(now)
        return self._place_offer(new, now)

    @look
    def _place_offer(self, db: Driver, new: NewOffer, now: datetime) -> tuple[OfferView, bool]:
        if db.execute(sql.NEW_OFFER, offer_values(new)).rowcount == 1:
            return placed_view(new), True
        return offer_view(expired_if_due(db, known_offer(db, new.offer_id), now)), False

    @step
    def void_offer(self, db: Driver, offer_id: str, reason: str, now: datetime) -> None:
        """End an offer; ending an ended one changes nothing. Raises NotThere."""
        row = expired_if_due(db, locked_offer(db, offer_id), now)
        if OfferState(row.state) in (OfferState.OPEN, OfferState.CLAIMED):
            end(db, offer_id, OfferState.VOID, now)
            record(db, offer_id, EventKind.VOIDED, now, {"reason": reason})

    @look
    def news(self, db: Driver, offer_id: str, after: int, now: datetime) -> News:
        """What happened to an offer since event ``after``, and what awaits the desk's answer;
        raises NotThere."""
        key = {"key": offer_id}
        asked: list[Asked] = [
            (sql.OFFER_BY_ID, key),
            (sql.EVENTS_AFTER, {**key, "after": after}),
            (sql.WAITING_OF_OFFER, key),
        ]
        offer, events, waiting = db.together(*asked)
        row = there(offer)
        if expired_if_due(db, row, now) is not row:
            # It has just ended, which is news as well.
            offer, events, waiting = db.together(*asked)
            row = there(offer)
        return News(
            tuple(offer_event(one) for one in events.all()),
            tuple(request_view(one) for one in waiting.all()),
            ends_at(row),
        )

    @step
    def encrypt_otherwise(
        self, db: Driver, request_id: str, terms: ResponseEncryption | None, now: datetime
    ) -> RequestView:
        """A deferred request decides how its own answer is encrypted (9.1): what was answered
        for another key is asked of the desk again."""
        row = locked_request(db, request_id)
        return request_view(answer_otherwise(db, row, terms, now))

    @step
    def answer(
        self,
        db: Driver,
        request_id: str,
        sealed: bytes,
        terms: str | None,
        now: datetime,
        *,
        is_awaited: bool = False,
    ) -> RequestView:
        """Keep the sealed answer to a request; the first stays. The request as it stands then.

        ``terms`` marks what it is encrypted for (``answers.terms_mark``): an answer encrypted
        as the phone does not want it any more changes nothing, for the desk was asked again.
        Where the phone holds its line (``is_awaited``) and was not told to come back meanwhile,
        it is taken out for it at once, as :meth:`deliver` does. Raises NotThere, or
        AlreadyOtherwise when the request was denied or its offer ended.
        """
        row = locked_request(db, request_id)
        if row.state == RequestState.DENIED:
            raise AlreadyOtherwise(reason="denied")
        if row.state != RequestState.WAITING or encryption_mark(row) != terms:
            return request_view(row)
        db.change(sql.NEW_ANSWER, {"request_id": request_id, "sealed": sealed})
        if is_awaited and not row.deferred:
            return take_out(db, row, sealed, now)
        db.change(sql.DECIDE_REQUEST, {"key": request_id, "state": RequestState.ANSWERED})
        return replace(request_view(row), state=RequestState.ANSWERED)

    @step
    def deny(self, db: Driver, request_id: str) -> str:
        """Refuse a request for good; raises NotThere, or AlreadyOtherwise when answered."""
        row = locked_request(db, request_id)
        if row.state in (RequestState.ANSWERED, RequestState.DELIVERED):
            raise AlreadyOtherwise(reason="answered")
        values = {"state": RequestState.DENIED}
        db.change(sql.DECIDE_REQUEST, {"key": request_id, **values})
        return str(row.offer_id)

    @look
    def queue(self, db: Driver, now: datetime) -> Queue:
        """The credential requests that await an answer, of offers that have not ended."""
        row = db.execute(sql.REQUESTS_WAITING, {"now": to_ms(now)}).one()
        return Queue(int(row.length), None if row.oldest is None else from_ms(row.oldest))

    # Offers, from the phone

    @step
    def fetch_offer(
        self, db: Driver, handle_hash: str, client: str, now: datetime
    ) -> OfferView | None:
        """A phone looks at an offer: the first look and every suspicious one are events."""
        row = found(db, sql.LOCK_OFFER_BY_HANDLE, handle_hash)
        if row is None:
            return None
        row = expired_if_due(db, row, now)
        if row.first_client is None and row.state == OfferState.OPEN:
            record(db, row.offer_id, EventKind.FETCHED, now, {}, first_client=client)
        else:
            raise_alarm(db, row, client, "offer", now)
        return offer_view(row)

    @look
    def look_at_offer(self, db: Driver, handle_hash: str, now: datetime) -> OfferLook | None:
        """How an offer stands; a look from outside changes nothing and is no event."""
        row = found(db, sql.OFFER_BY_HANDLE, handle_hash)
        return None if row is None else offer_look(row, now)

    def redeem(
        self, code_hash: str, client: str, fits: Fits, grant: Grant, now: datetime
    ) -> Redemption:
        """Try a code: by one phone only, five guesses at the PIN and no more.

        Judging and counting are one step, so that no crash and no crowd gets a guess for
        nothing: nobody is told before it is written down. A right guess may be repeated where
        its commit was not heard of, a wrong one would count twice.
        """
        judged = True

        def judge(salt: bytes, wanted: bytes) -> bool:
            nonlocal judged
            judged = fits(salt, wanted)
            return judged

        return self.in_step(
            lambda db: self._redeem(db, code_hash, client, judge, grant, now),
            again=lambda: judged,
        )

    def _redeem(
        self, db: Driver, code_hash: str, client: str, fits: Fits, grant: Grant, now: datetime
    ) -> Redemption:
        row = found(db, sql.LOCK_OFFER_BY_CODE, code_hash)
        if row is None:
            return Redemption(None, Claim.UNKNOWN)
        row = expired_if_due(db, row, now)
        if row.token_hash == grant.token_hash:
            # This very grant, whose commit was not heard of.
            return Redemption(row.offer_id)
        if row.state == OfferState.CLAIMED:
            raise_alarm(db, row, client, "token", now)
        if row.state != OfferState.OPEN:
            return Redemption(row.offer_id, why_not(row))
        if not set(grant.details or ()) <= set(row.configurations):
            # Before the PIN is looked at: nobody learns from this whether it was right.
            return Redemption(row.offer_id, Claim.NOT_OFFERED)
        if not fits(row.pin_salt, row.pin_hash):
            return Redemption(row.offer_id, Claim.WRONG_CODE, book_wrong(db, row, now))
        record(db, row.offer_id, EventKind.CODE_RIGHT, now, {}, **claimed_values(grant, now))
        return Redemption(row.offer_id)

    @look
    def holder(self, db: Driver, token_hash: str, now: datetime) -> Holder | None:
        """Whose access token this is; None when unknown or past its time."""
        row = found(db, sql.OFFER_BY_TOKEN, token_hash)
        if row is None:
            return None
        row = expired_if_due(db, row, now)
        if row.state == OfferState.EXPIRED or row.token_expires_at <= to_ms(now):
            return None
        return holder(row)

    @look
    def use_once(self, db: Driver, mark: str, by: str, now: datetime) -> bool:
        """Use up what may be shown once only; False when it was shown before. ``by`` is
        whoever asks, a random name for this once."""
        values = {"nonce_hash": mark, "configuration": "", "offer_id": by}
        if db.execute(sql.FIRST_USE, {**values, "used_at": to_ms(now)}).rowcount == 1:
            return True
        return any(row.offer_id == by for row in db.execute(sql.NONCE_USES, {"key": mark}).all())

    @step
    def file_request(
        self, db: Driver, new: NewRequest, nonce_hash: str, now: datetime
    ) -> tuple[Filing, RequestView | None]:
        """Queue a phone's key for the desk; the same key again finds its first request."""
        key = {"key": new.offer_id}
        offer, requests = db.together((sql.LOCK_OFFER, key), (sql.REQUESTS_OF_OFFER, key))
        if expired_if_due(db, there(offer), now).state != OfferState.CLAIMED:
            return Filing.ENDED, None
        same = (row for row in requests.all() if row.configuration == new.configuration)
        first = next(same, None)
        outcome = _filing(db, first, new, nonce_hash, now)
        if outcome is Filing.REPEATED and first is not None:
            first = answer_otherwise(db, first, new.encryption, now)
        if outcome is Filing.FILED:
            db.change(sql.NEW_REQUEST, request_values(new, now))
            facts: Facts = {"configuration": new.configuration, "keys": len(new.keys)}
            record(db, new.offer_id, EventKind.KEY_RECEIVED, now, facts)
            return outcome, filed_view(new, now)
        return outcome, request_view(first) if first and outcome is Filing.REPEATED else None

    @look
    def requests_of(self, db: Driver, offer_id: str) -> tuple[RequestView, ...]:
        """All requests of an offer, whatever their state."""
        rows = db.execute(sql.REQUESTS_OF_OFFER, {"key": offer_id}).all()
        return tuple(request_view(row) for row in rows)

    @step
    def defer(self, db: Driver, request_id: str, now: datetime) -> RequestView:
        """The phone is told to come back: recorded once. Where it was answered or denied at
        the last moment, that is what it is told."""
        row = locked_request(db, request_id)
        if row.state == RequestState.DELIVERED:
            return replace(request_view(row), sealed=kept_answer(db, request_id))
        if row.state == RequestState.DENIED:
            return request_view(row)
        if not row.deferred:
            set_request(db, request_id, deferred=True)
            facts = {"configuration": row.configuration}
            record(db, row.offer_id, EventKind.DEFERRED, now, facts)
        return replace(request_view(row), deferred=True)

    @step
    def deliver(self, db: Driver, request_id: str, now: datetime) -> RequestView:
        """The request as it stands, its answer about to leave for the phone where it has one:
        that is recorded once, before it does. Raises NotThere."""
        row = locked_request(db, request_id)
        if row.state == RequestState.ANSWERED:
            return take_out(db, row, kept_answer(db, request_id), now)
        if row.state == RequestState.DELIVERED:
            return replace(request_view(row), sealed=kept_answer(db, request_id))
        return request_view(row)

    @step
    def report(
        self,
        db: Driver,
        offer_id: str,
        meant: Callable[[str], bool],
        kind: EventKind,
        now: datetime,
    ) -> bool:
        """What the wallet says became of a credential; saying it twice counts once.

        ``meant`` says of a request's identifier whether it is the one. False when none of the
        delivered ones is. Its answer stays, sealed, until the token's end: a wallet may ask
        again with the same key, as the conformance suite's issuer plan does after its
        «accepted».
        """
        key = {"key": offer_id}
        offer, heads = db.together((sql.LOCK_OFFER, key), (sql.HEADS_OF_REQUESTS, key))
        there(offer)
        row = next((one for one in heads.all() if meant(one.request_id)), None)
        if row is None or row.state != RequestState.DELIVERED:
            return False
        if row.reported != kind:
            set_request(db, row.request_id, reported=kind)
            record(db, offer_id, kind, now, {"configuration": row.configuration})
        return True

    # Checks

    def place_check(self, new: NewCheck, now: datetime) -> CheckView:
        """Store a presentation request; a repeated order finds its first."""
        self._forget_now_and_then(now)
        return self._place_check(new)

    @look
    def _place_check(self, db: Driver, new: NewCheck) -> CheckView:
        db.execute(sql.NEW_CHECK, check_values(new))
        return check_view(db.execute(sql.CHECK_BY_ID, {"key": new.check_id}).one())

    @look
    def check(self, db: Driver, check_id: str) -> CheckView | None:
        row = found(db, sql.CHECK_BY_ID, check_id)
        return check_view(row) if row is not None else None

    @look
    def answer_check(self, db: Driver, check_id: str, response: str, now: datetime) -> bool:
        """Keep the first answer to a check; False when there is another one already."""
        values = {"key": check_id, "response": response, "received_at": to_ms(now)}
        if db.execute(sql.ANSWER_CHECK, values).one_or_none() is not None:
            return True
        row = found(db, sql.CHECK_BY_ID, check_id)
        return row is not None and bool(row.response == response)

    # The desk's calls

    @look
    def hear_call(self, db: Driver, number: str, by: str, now: datetime) -> bool:
        """Remember a call's number, where several processes hear; False if one of them has
        heard it before. ``by`` as in :meth:`use_once`."""
        values = {"number": number, "heard_by": by, "heard_at": to_ms(now)}
        if db.execute(sql.FIRST_HEARD, values).rowcount == 1:
            return True
        row = found(db, sql.HEARD_BY, number)
        return row is not None and bool(row.heard_by == by)

    # Status lists

    @look
    def publish_status(self, db: Driver, name: str, jwt: str, cwt: bytes) -> None:
        """Both forms of a list; the latest stays."""
        db.execute(sql.SET_STATUS, {"name": name, "jwt": jwt, "cwt": cwt})

    @look
    def status(self, db: Driver, name: str) -> StatusView | None:
        row = found(db, sql.STATUS_BY_NAME, name)
        return StatusView(row.jwt, row.cwt) if row is not None else None


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

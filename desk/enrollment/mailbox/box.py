"""The service's database: every durable step between desk and phone, and nothing personal.

It holds hashes, public keys, states, ciphertext and times. What changes an offer is a rule
(``rules``) that takes its turn at the offer's document (``turns``): one transaction that either
happened on the disk or did not (WAL, synchronous=FULL), with the event it causes. Offers end by
themselves: whoever looks at one after its time finds it expired, so that no timer has to
survive a restart.

Left to others: what the records mean to a phone (``issuing``, ``presenting``) and to the desk
(``desk_side``), and waking those who wait (``waiting``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import TypeVar

from desk.enrollment.keys import parted
from desk.enrollment.mailbox import rules
from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.checks import check_values, check_view
from desk.enrollment.mailbox.driver import Driver, Ear, HeardBefore
from desk.enrollment.mailbox.layout import create_or_check_layout
from desk.enrollment.mailbox.offer import (
    Offer,
    holder,
    news,
    offer_look,
    offer_view,
    request_view,
)
from desk.enrollment.mailbox.place import open_database
from desk.enrollment.mailbox.tables import from_ms, to_ms
from desk.enrollment.mailbox.transaction import look, step
from desk.enrollment.mailbox.turn import Turn, new_mark, whole_row
from desk.enrollment.mailbox.turns import Turns
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
    OfferView,
    Queue,
    Redemption,
    RequestView,
    StatusView,
    timed,
)
from desk.enrollment.trouble import MailboxTrouble, NotThere
from desk.issuance.ports import EventKind, ResponseEncryption

_T = TypeVar("_T")

# Far longer than checks are good for.
_KEPT_AFTER_USE = timedelta(days=7)
# From the hour on in which the nonce of what was used was made (``nonces``). The nonce is good
# for five minutes, and without a good one nothing used is taken again: the rest is for the
# clocks of several processes.
_KEPT_AFTER_NONCE = timedelta(hours=2)
# Longer than a call's signature is good for.
_KEPT_AFTER_HEARD = timedelta(minutes=5)


class Mailbox(Turns):
    """One file, for one process and not for several threads at once; or a server's database,
    for as many as want it (``shared``)."""

    def __init__(self, place: Path | str, now: datetime) -> None:
        """Open or create it (a ``postgresql://`` address stands for a server); raises
        MailboxTrouble."""
        super().__init__(open_database(place))
        try:
            self._open(now)
        except MailboxTrouble:
            self.close()
            raise

    @step
    def _open(self, db: Driver, now: datetime) -> None:
        create_or_check_layout(db, now)

    def close(self) -> None:
        self._database.close()

    def ear(self) -> Ear | None:
        """Hears which topics other processes ring, from now on; None where there are none.
        Raises MailboxAway."""
        return self._database.ear()

    @look
    def check_room(self, db: Driver) -> None:
        """Raises MailboxFull where what phones and desks bring next may find no room."""
        db.check_room()

    @step
    def limit_pages(self, db: Driver, pages: int) -> None:
        """Let the file grow no further than so many pages: an exercise for a full disk."""
        db.say(f"PRAGMA max_page_count={int(pages)}")

    # What nobody needs any more

    @look
    def due(self, db: Driver, now: datetime, most: int) -> list[str]:
        """Offers whose time is over and that nobody has looked at since."""
        rows = db.execute(sql.OFFERS_DUE, {"now": to_ms(now), "limit": most}).all()
        return [row.offer_id for row in rows]

    def end_if_due(self, offer_id: str, now: datetime) -> bool:
        """Whether its time is over: it has ended then."""
        try:
            return self.turn(offer_id, lambda turn: turn.changed, now)
        except NotThere:
            return False

    @step
    def forget(self, db: Driver, now: datetime) -> None:
        """Remove what ended long ago, and nonces that have outlived their own time limit."""
        used, heard = now - _KEPT_AFTER_NONCE, now - _KEPT_AFTER_HEARD
        db.change(sql.FORGET_OLD, {"now": to_ms(now)})
        db.change(sql.FORGET_CHECKS, {"limit": to_ms(now - _KEPT_AFTER_USE)})
        db.change(sql.FORGET_USED, {"until": timed(to_ms(used))})
        db.change(sql.FORGET_HEARD, {"until": timed(to_ms(heard))})

    # Offers, from the desk

    def place_offer(self, new: NewOffer, now: datetime) -> tuple[OfferView, bool]:
        """Store an offer, or find it there already; the second value says whether it is new."""
        offer = Offer.placed(new, new_mark())
        view = offer_view(offer)
        if self._place(offer):
            return view, True
        return self.seen(new.offer_id, offer_view, now), False

    @look
    def _place(self, db: Driver, offer: Offer) -> bool:
        if db.execute(sql.NEW_OFFER, whole_row(offer)).rowcount != 1:
            return False
        self._known.keep(offer)
        return True

    def void_offer(self, offer_id: str, reason: str, now: datetime) -> None:
        """End an offer; ending an ended one changes nothing. Raises NotThere."""
        self.turn(offer_id, lambda turn: rules.void(turn, reason), now)

    def news(self, offer_id: str, after: int, now: datetime) -> News:
        """What happened to an offer since event ``after``, and what awaits the desk's answer;
        raises NotThere."""
        return self.seen(offer_id, lambda offer: news(offer, after), now)

    def encrypt_otherwise(
        self, request_id: str, terms: ResponseEncryption | None, now: datetime
    ) -> RequestView:
        """A deferred request decides how its own answer is encrypted (9.1): what was answered
        for another key is asked of the desk again."""

        def rule(turn: Turn) -> RequestView:
            return rules.encrypt_otherwise(turn, request_id, terms)

        return self._turn_of(request_id, rule, now)

    def answer(
        self,
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

        def rule(turn: Turn) -> RequestView:
            return rules.answer(turn, request_id, sealed, terms, is_awaited=is_awaited)

        return self._turn_of(request_id, rule, now)

    def deny(self, request_id: str, now: datetime) -> str:
        """Refuse a request for good; whose it was. Raises NotThere, or AlreadyOtherwise when
        answered."""
        return self._turn_of(request_id, lambda turn: rules.deny(turn, request_id), now)

    def _turn_of(self, request_id: str, rule: Callable[[Turn], _T], now: datetime) -> _T:
        """A turn at the offer whose request that is."""
        return self.turn(parted(request_id)[0], rule, now)

    @look
    def queue(self, db: Driver, now: datetime) -> Queue:
        """The credential requests that await an answer, of offers that have not ended."""
        row = db.execute(sql.REQUESTS_WAITING, {"now": to_ms(now)}).one()
        return Queue(int(row.length or 0), None if row.oldest is None else from_ms(row.oldest))

    # Offers, from the phone

    def fetch_offer(self, handle_hash: str, client: str, now: datetime) -> OfferView | None:
        """A phone looks at an offer: the first look and every suspicious one are events."""
        try:
            offer_id = self.id_at(handle_hash)
            return self.turn(offer_id, lambda turn: rules.fetch(turn, client), now)
        except NotThere:
            return None

    def look_at_offer(self, handle_hash: str, now: datetime) -> OfferLook | None:
        """How an offer stands; a look from outside changes nothing and is no event."""
        try:
            return offer_look(self.as_written(self.id_at(handle_hash)), now)
        except NotThere:
            return None

    def is_code(self, offer_id: str, code_hash: str, now: datetime) -> bool:
        """Whether an offer has that code, whatever became of it: a look that is no try."""

        def same(offer: Offer) -> bool:
            return compare_digest(offer.code_hash, code_hash)

        try:
            return self.last_seen(offer_id, same, now) or self.seen(offer_id, same, now)
        except NotThere:
            return False

    def redeem(
        self,
        offer_id: str,
        code_hash: str,
        client: str,
        fits: Fits,
        grant: Grant,
        now: datetime,
    ) -> Redemption:
        """Try a code: by one phone only, five guesses at the PIN and no more.

        Judging and counting are one step, so that no crash and no crowd gets a guess for
        nothing: nobody is told before it is written down. The same guess again, by the token
        that it is for, finds what was written.
        """

        def rule(turn: Turn) -> Redemption:
            return rules.redeem(turn, code_hash, client, fits, grant)

        try:
            return self.turn(offer_id, rule, now)
        except NotThere:
            return Redemption(None, Claim.UNKNOWN)

    def holder(self, offer_id: str, token_hash: str, now: datetime) -> Holder | None:
        """Whose access token this is; None when unknown or past its time."""
        try:
            return self.seen(offer_id, lambda offer: holder(offer, token_hash, now), now)
        except NotThere:
            return None

    def known_holder(self, offer_id: str, token_hash: str, now: datetime) -> Holder | None:
        """The same where it is known without asking the database: good enough for a request
        whose own step looks at the offer again."""
        return self.last_seen(offer_id, lambda offer: holder(offer, token_hash, now), now)

    @look
    def use_once(self, db: Driver, mark: str, by: str) -> bool:
        """Use up what may be shown once only, by a mark behind its time; False when it was
        shown before. ``by`` is whoever asks, a random name for this once."""
        values = {"timed_mark": mark, "used_by": by}
        if db.execute(sql.FIRST_USE, values).rowcount == 1:
            return True
        return bool(db.execute(sql.NONCE, {"key": mark}).scalar_one_or_none() == by)

    def file_request(
        self, new: NewRequest, nonce_mark: str, now: datetime
    ) -> tuple[Filing, RequestView | None]:
        """Queue a phone's key for the desk; the same key again finds its first request."""

        def rule(turn: Turn) -> tuple[Filing, RequestView | None]:
            return rules.file(turn, new, nonce_mark)

        return self.turn(new.offer_id, rule, now)

    def requests_of(self, offer_id: str) -> tuple[RequestView, ...]:
        """All requests of an offer, whatever their state; raises NotThere."""
        offer = self.as_written(offer_id)
        return tuple(request_view(offer, one) for one in offer.requests)

    def defer(self, request_id: str, now: datetime) -> RequestView:
        """The phone is told to come back: recorded once. Where it was answered or denied at
        the last moment, that is what it is told."""
        return self._turn_of(request_id, lambda turn: rules.defer(turn, request_id), now)

    def deliver(self, request_id: str, now: datetime) -> RequestView:
        """The request as it stands, its answer about to leave for the phone where it has one:
        that is recorded once, before it does. Raises NotThere."""
        return self._turn_of(request_id, lambda turn: rules.deliver(turn, request_id), now)

    def report(
        self, offer_id: str, meant: Callable[[str], bool], kind: EventKind, now: datetime
    ) -> bool:
        """What the wallet says became of a credential; saying it twice counts once.

        ``meant`` says of a request's identifier whether it is the one. False when none of the
        delivered ones is. Its answer stays, sealed, until the token's end: a wallet may ask
        again with the same key, as the conformance suite's issuer plan does after its
        «accepted».
        """
        return self.turn(offer_id, lambda turn: rules.report(turn, meant, kind), now)

    # Checks

    @look
    def place_check(self, db: Driver, new: NewCheck) -> CheckView:
        """Store a presentation request; a repeated order finds its first."""
        db.execute(sql.NEW_CHECK, check_values(new))
        return check_view(db.execute(sql.CHECK_BY_ID, {"key": new.check_id}).one())

    @look
    def check(self, db: Driver, check_id: str) -> CheckView | None:
        row = db.execute(sql.CHECK_BY_ID, {"key": check_id}).one_or_none()
        return check_view(row) if row is not None else None

    @look
    def answer_check(self, db: Driver, check_id: str, response: str, now: datetime) -> bool:
        """Keep the first answer to a check; False when there is another one already."""
        values = {"key": check_id, "response": response, "received_at": to_ms(now)}
        if db.execute(sql.ANSWER_CHECK, values).one_or_none() is not None:
            return True
        row = db.execute(sql.CHECK_BY_ID, {"key": check_id}).one_or_none()
        return row is not None and bool(row.response == response)

    # The desk's calls

    def in_call(self, number: str, by: str, step: Callable[[], _T]) -> _T:
        """What ``step`` says, for a call of the desk (its number behind its time) that no other
        process has heard; on a server only. Raises HeardBefore; ``by`` is whoever asks, a
        random name for this once."""
        values = {"timed_number": number, "heard_by": by}
        try:
            with self._database.bringing((sql.NEW_HEARD, values)):
                return step()
        except HeardBefore:
            if self._heard_by(number) != by:
                raise
        # It was written down by this one, whose commit was not heard of.
        return step()

    @look
    def _heard_by(self, db: Driver, number: str) -> str | None:
        heard: str | None = db.execute(sql.HEARD_BY, {"key": number}).scalar_one_or_none()
        return heard

    # Status lists

    @look
    def publish_status(self, db: Driver, name: str, jwt: str, cwt: bytes) -> None:
        """Both forms of a list; the latest stays."""
        db.execute(sql.SET_STATUS, {"name": name, "jwt": jwt, "cwt": cwt})

    @look
    def status(self, db: Driver, name: str) -> StatusView | None:
        row = db.execute(sql.STATUS_BY_NAME, {"key": name}).one_or_none()
        return StatusView(row.jwt, row.cwt) if row is not None else None

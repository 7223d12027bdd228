"""What may become of an offer: every rule between open and over, without a database.

Each takes its turn at one offer, changes it or leaves it, and says what came of it. The offer
is the one that is kept: where it changed meanwhile, the rule takes another turn.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hmac import compare_digest

from desk.enrollment.mailbox.offer import (
    Facts,
    Offer,
    Request,
    encryption_value,
    offer_view,
    request_view,
)
from desk.enrollment.mailbox.turn import Turn
from desk.enrollment.records import (
    TRIES,
    Claim,
    Filing,
    Fits,
    Grant,
    NewRequest,
    OfferState,
    OfferView,
    Redemption,
    RequestState,
    RequestView,
)
from desk.enrollment.trouble import AlreadyOtherwise, NotThere
from desk.issuance.ports import EventKind, ResponseEncryption

# A phone (or a prankster) may scan as often as it likes; the officer needs one alarm.
ALARMS_KEPT = 20
# The same of a wallet that cannot make up its mind: each is written with the whole offer.
REPORTS_KEPT = 20

_LIVING = (OfferState.OPEN, OfferState.CLAIMED)
_REPORTS = (EventKind.ACCEPTED, EventKind.FAILED, EventKind.DELETED)


# The end of an offer


def expire_if_due(turn: Turn) -> None:
    """End an offer whose time is over; one that was served whole ends quietly."""
    offer = turn.offer
    if not offer.is_due(turn.at):
        return
    served = offer.state is OfferState.CLAIMED and _is_served(offer)
    _end(turn, OfferState.EXPIRED)
    if not served:
        turn.event(EventKind.EXPIRED)


def void(turn: Turn, reason: str) -> None:
    """End an offer; ending an ended one changes nothing."""
    if turn.offer.state in _LIVING:
        _end(turn, OfferState.VOID)
        turn.event(EventKind.VOIDED, {"reason": reason})


def _is_served(offer: Offer) -> bool:
    served = [one for one in offer.requests if one.state is RequestState.DELIVERED]
    return len(served) >= len(offer.configurations)


def _end(turn: Turn, state: OfferState) -> None:
    """An ended offer keeps no PIN hash and no ciphertext, and answers nobody any more."""
    offer = turn.offer
    offer.state, offer.ended_at = state, turn.at
    offer.pin_hash = offer.pin_salt = None
    for one in offer.requests:
        turn.wipe_answer(one.request_id)
        if one.state in (RequestState.WAITING, RequestState.ANSWERED):
            one.state = RequestState.DENIED
    turn.change()


# From the phone


def fetch(turn: Turn, client: str) -> OfferView:
    """A phone looks at an offer: the first look and every suspicious one are events."""
    offer = turn.offer
    if offer.first_client is None and offer.state is OfferState.OPEN:
        offer.first_client = client
        turn.event(EventKind.FETCHED)
    else:
        _raise_alarm(turn, client, "offer")
    return offer_view(offer)


def redeem(turn: Turn, code_hash: str, client: str, fits: Fits, grant: Grant) -> Redemption:
    """Try a code with a transaction code; raises NotThere where it is not this offer's."""
    offer = turn.offer
    if not compare_digest(offer.code_hash, code_hash):
        raise NotThere
    if offer.token_hash == grant.token_hash:
        # This very grant, whose commit was not heard of.
        return _redeemed(offer)
    if grant.token_hash in offer.guesses:
        # This very guess: it was counted, and nobody told.
        return Redemption(offer.offer_id, Claim.WRONG_CODE, offer.guesses[grant.token_hash])
    if offer.state is OfferState.CLAIMED:
        _raise_alarm(turn, client, "token")
    if offer.state is not OfferState.OPEN:
        return Redemption(offer.offer_id, _why_not(offer))
    if not set(grant.details or ()) <= set(offer.configurations):
        # Before the PIN is looked at: nobody learns from this whether it was right.
        return Redemption(offer.offer_id, Claim.NOT_OFFERED)
    if not fits(bytes.fromhex(offer.pin_salt or ""), bytes.fromhex(offer.pin_hash or "")):
        left = offer.guesses[grant.token_hash] = book_wrong(turn)
        return Redemption(offer.offer_id, Claim.WRONG_CODE, left)
    _claim(turn, grant)
    return _redeemed(offer)


def _redeemed(offer: Offer) -> Redemption:
    return Redemption(offer.offer_id, configurations=tuple(offer.configurations))


def _claim(turn: Turn, grant: Grant) -> None:
    offer = turn.offer
    offer.state = OfferState.CLAIMED
    offer.token_hash = grant.token_hash
    offer.token_expires_at = turn.at + grant.life // timedelta(milliseconds=1)
    offer.details = None if grant.details is None else list(grant.details)
    offer.dpop_key = grant.dpop_key
    offer.pin_hash = offer.pin_salt = None
    turn.event(EventKind.CODE_RIGHT)


def _why_not(offer: Offer) -> Claim:
    """Why an offer that is not open any more cannot be redeemed."""
    if offer.state is OfferState.VOID:
        return Claim.VOID
    # A claimed offer whose token ran out is used, not late.
    return Claim.USED if offer.token_hash else Claim.EXPIRED


def book_wrong(turn: Turn) -> int:
    """Count a wrong guess; how many are left."""
    offer = turn.offer
    offer.tries_wrong += 1
    left = TRIES - offer.tries_wrong
    turn.event(EventKind.CODE_WRONG, {"tries_left": left})
    if left <= 0:
        void(turn, "tries")
    return left


def _raise_alarm(turn: Turn, client: str, step: str) -> None:
    """Record a second look that an honest phone has no reason for."""
    offer = turn.offer
    other = offer.first_client is not None and offer.first_client != client
    used = offer.token_hash is not None
    if offer.state not in _LIVING or not (other or used) or offer.alarms >= ALARMS_KEPT:
        return
    offer.alarms += 1
    who = "other" if other else "same"
    turn.event(EventKind.FETCHED_AGAIN, {"step": step, "client": who, "claimed": int(used)})


def file(turn: Turn, new: NewRequest, nonce_mark: str) -> tuple[Filing, RequestView | None]:
    """Queue a phone's key for the desk; the same key again finds its first request."""
    offer = turn.offer
    if offer.state is not OfferState.CLAIMED:
        return Filing.ENDED, None
    first = next((one for one in offer.requests if one.configuration == new.configuration), None)
    outcome = _filing(turn, first, new, nonce_mark)
    if outcome is Filing.FILED:
        filed = Request.filed(new, turn.at)
        offer.requests.append(filed)
        told: Facts = {"configuration": new.configuration, "keys": len(new.keys)}
        turn.event(EventKind.KEY_RECEIVED, told)
        return outcome, request_view(offer, filed)
    if outcome is Filing.REPEATED and first is not None:
        if new.nonce != first.nonce:
            first.repeated_with = new.nonce
            turn.change()
        answer_otherwise(turn, first, new.encryption)
        return outcome, request_view(offer, first)
    return outcome, None


def _filing(turn: Turn, first: Request | None, new: NewRequest, nonce_mark: str) -> Filing:
    """What a request is, seen beside the first one for the same thing."""
    if first is not None and tuple(first.proofs) == new.proofs:
        return Filing.REPEATED
    if not _may_use(turn, new, nonce_mark):
        return Filing.NONCE_USED
    if first is None:
        return Filing.FILED
    return Filing.REPEATED if tuple(first.keys) == new.keys else Filing.OTHER_KEY


def _may_use(turn: Turn, new: NewRequest, nonce_mark: str) -> bool:
    """A nonce never serves two phones, nor one thing twice; but a wallet that begins anew may
    bring its one nonce for each of the things offered."""
    served = [
        one.configuration
        for one in turn.offer.requests
        if new.nonce in (one.nonce, one.repeated_with)
    ]
    if not served:
        return turn.use_nonce(nonce_mark)
    return new.shared_nonce and new.configuration not in served


def report(turn: Turn, meant: Callable[[str], bool], kind: EventKind) -> bool:
    """What the wallet says became of a credential; saying it twice counts once."""
    offer = turn.offer
    request = next((one for one in offer.requests if meant(one.request_id)), None)
    if request is None or request.state is not RequestState.DELIVERED:
        return False
    if request.reported != kind and _reports(offer) < REPORTS_KEPT:
        request.reported = kind
        turn.event(kind, {"configuration": request.configuration})
    return True


def _reports(offer: Offer) -> int:
    return sum(kind in _REPORTS for kind, _, _ in offer.events)


# Between the desk and the phone


def answer(
    turn: Turn, request_id: str, sealed: bytes, terms: str | None, *, is_awaited: bool
) -> RequestView:
    """Keep the sealed answer to a request; the first stays."""
    offer, request = turn.offer, turn.offer.request(request_id)
    if request.state is RequestState.DENIED:
        raise AlreadyOtherwise(reason="denied")
    if request.state is not RequestState.WAITING or request.terms_mark != terms:
        return request_view(offer, request)
    turn.keep_answer(request_id, sealed)
    if is_awaited and not request.deferred:
        return _take_out(turn, request, sealed)
    request.state = RequestState.ANSWERED
    return request_view(offer, request)


def deny(turn: Turn, request_id: str) -> str:
    """Refuse a request for good; whose it was."""
    request = turn.offer.request(request_id)
    if request.state in (RequestState.ANSWERED, RequestState.DELIVERED):
        raise AlreadyOtherwise(reason="answered")
    if request.state is not RequestState.DENIED:
        request.state = RequestState.DENIED
        turn.change()
    return turn.offer.offer_id


def deliver(turn: Turn, request_id: str) -> RequestView:
    """The request as it stands, its answer about to leave for the phone where it has one."""
    offer, request = turn.offer, turn.offer.request(request_id)
    if request.state is RequestState.ANSWERED:
        return _take_out(turn, request, turn.answer_of(request_id))
    if request.state is RequestState.DELIVERED:
        return request_view(offer, request, turn.answer_of(request_id))
    return request_view(offer, request)


def defer(turn: Turn, request_id: str) -> RequestView:
    """The phone is told to come back: recorded once. Where it was answered or denied at the
    last moment, that is what it is told."""
    offer, request = turn.offer, turn.offer.request(request_id)
    if request.state is RequestState.DELIVERED:
        return request_view(offer, request, turn.answer_of(request_id))
    if request.state is not RequestState.DENIED and not request.deferred:
        request.deferred = True
        turn.event(EventKind.DEFERRED, {"configuration": request.configuration})
    return request_view(offer, request)


def encrypt_otherwise(turn: Turn, request_id: str, terms: ResponseEncryption | None) -> RequestView:
    request = turn.offer.request(request_id)
    answer_otherwise(turn, request, terms)
    return request_view(turn.offer, request)


def answer_otherwise(turn: Turn, request: Request, terms: ResponseEncryption | None) -> None:
    """From now on its answer is to be encrypted by ``terms``; one that was encrypted for
    another key is asked of the desk again."""
    wanted = encryption_value(terms)
    if request.encryption == wanted or request.state is RequestState.DENIED:
        return
    waits = request.state is RequestState.WAITING
    if not waits and turn.answer_of(request.request_id) is None:
        # The offer has ended: there is nothing left to encrypt again.
        return
    request.encryption, request.state = wanted, RequestState.WAITING
    turn.wipe_answer(request.request_id)
    if not waits:
        told: Facts = {"configuration": request.configuration, "keys": len(request.keys)}
        turn.event(EventKind.KEY_RECEIVED, {**told, "again": 1})


def _take_out(turn: Turn, request: Request, sealed: bytes | None) -> RequestView:
    """An answer is about to leave for the phone: that is recorded before it does."""
    request.state = RequestState.DELIVERED
    turn.event(EventKind.ANSWERED, {"configuration": request.configuration})
    return request_view(turn.offer, request, sealed)

"""What a service in wrong hands may hand to the desk as a phone's request: the desk itself
looks at offer, configuration, nonce and proof, and signs for none of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from desk.cards.signer import CardSigner
from desk.counter import offering, signing
from desk.counter.station import Station
from desk.credential.attestation import UNREAD, AttestationPolicy
from desk.credential.attestation_use import AttestationUse
from desk.credential.holder import key_proof
from desk.credential.signer import LocalKey
from desk.credential.statuslist import Status, StatusList
from desk.enrollment import nonces
from desk.enrollment.keys import StationKey
from desk.enrollment.trouble import ProviderUnreachable
from desk.issuance.case import Act, Case, OfferFacts, State, advance
from desk.issuance.ports import EventKind, KeyRequest, OfferEvent
from desk.store import intents, journal
from desk.store.troubles import NonceUsed
from desk.training.wallet_provider import WalletProvider
from tests.counter.test_approving import CredentialCard, approved_case, crew, opened, station

__all__ = ["opened", "station"]

ISSUER = "https://issue.example"
KEY, OTHER = StationKey(b"k" * 32), StationKey(b"o" * 32)


@dataclass
class Service:
    """Gives out one request and remembers what was denied."""

    request: KeyRequest
    denied: list[str] = field(default_factory=list)
    answers: int = 0
    issuer: str = ISSUER

    def void_offer(self, _offer_id: str, _reason: str) -> None: ...

    def get_ready(self) -> None: ...

    def requests(self, _offer_id: str) -> tuple[KeyRequest, ...]:
        return (self.request,)

    def deny(self, request_id: str, _reason: str) -> None:
        self.denied.append(request_id)

    def answer(self, _request: KeyRequest, _credentials: Any) -> None:
        self.answers += 1


def offered(station: Station, case: Case, offer_id: str) -> Case:
    now = station.now()
    offer = OfferFacts(offer_id, "uri", ("mdoc",), now, now + timedelta(minutes=10))
    case = advance(case, Act.OFFER, now, offer=offer, issued=())
    return station.save(None, case, "OFFER.PLACED")


def phones_request(
    case: Case, now: datetime, *, nonce: str = "", key: LocalKey | None = None
) -> KeyRequest:
    """A request that is right in everything."""
    assert case.offer is not None
    nonce = nonce or nonces.new_nonce(KEY.nonce_key(), now)
    return KeyRequest(
        f"request of {case.number}",
        case.offer.offer_id,
        "mdoc",
        (key_proof(key or LocalKey.generate(), ISSUER, nonce, now),),
        nonce,
        bytes(32),
        now,
        nonce_made_at=nonces.made_at(KEY.nonce_key(), nonce),
    )


def behind(
    station: Station, request: KeyRequest, policy: AttestationPolicy = UNREAD
) -> tuple[Station, Service]:
    """The desk behind a service that says this."""
    service = Service(request)
    authority = SimpleNamespace(**vars(station.authority) | {"attestations": policy})
    return replace(station, link=cast(Any, service), authority=cast(Any, authority)), service


def refused(station: Station, case: Case) -> list[str]:
    """The codes under which requests of this case were turned down."""
    with station.store.read() as session:
        events = journal.events(session, case=case.number)
        return [str(one.facts["code"]) for one in events if one.kind == "PHONE.PROOF_REFUSED"]


def test_a_phones_own_request_is_taken(station: Station) -> None:
    case = offered(station, approved_case(station), "offer-right")
    desk, service = behind(station, phones_request(case, station.now()))

    case, taken = signing.take_requests(desk, crew()[0].officer, case)

    assert case.state is State.SIGNING
    assert [len(one.keys) for one in taken] == [1]
    assert service.denied == []
    assert signing.refusal(desk, case) is None


def _of_another_offer(case: Case, now: datetime) -> KeyRequest:
    return replace(phones_request(case, now), offer_id="offer-of-somebody-else")


def _not_offered(case: Case, now: datetime) -> KeyRequest:
    return replace(phones_request(case, now), configuration="sd-jwt")


def _of_no_configuration(case: Case, now: datetime) -> KeyRequest:
    return replace(phones_request(case, now), configuration="../../passwd")


def _of_another_key(case: Case, now: datetime) -> KeyRequest:
    """Nonce and proof agree, but the station's key made no such nonce."""
    return phones_request(case, now, nonce=nonces.new_nonce(OTHER.nonce_key(), now))


def _older_than_the_offer(case: Case, now: datetime) -> KeyRequest:
    """A proof that the phone made before this offer was there."""
    made = now - timedelta(minutes=2)
    return phones_request(case, now, nonce=nonces.new_nonce(KEY.nonce_key(), made))


def _of_tomorrow(case: Case, now: datetime) -> KeyRequest:
    made = now + timedelta(days=1)
    return phones_request(case, now, nonce=nonces.new_nonce(KEY.nonce_key(), made))


def _proof_with_another_nonce(case: Case, now: datetime) -> KeyRequest:
    """An old proof behind a nonce of now."""
    old = phones_request(case, now).proofs
    return replace(phones_request(case, now), proofs=old)


def _proof_for_another_issuer(case: Case, now: datetime) -> KeyRequest:
    request = phones_request(case, now)
    proof = key_proof(LocalKey.generate(), "https://other.example", request.nonce, now)
    return replace(request, proofs=(proof,))


def _proof_of_yesterday(case: Case, now: datetime) -> KeyRequest:
    request = phones_request(case, now)
    proof = key_proof(LocalKey.generate(), ISSUER, request.nonce, now - timedelta(days=1))
    return replace(request, proofs=(proof,))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_of_another_offer, "CRED-30"),
        (_not_offered, "CRED-30"),
        (_of_no_configuration, "CRED-30"),
        (_of_another_key, "CRED-31"),
        (_older_than_the_offer, "CRED-31"),
        (_of_tomorrow, "CRED-31"),
        (_proof_with_another_nonce, "CRED-31"),
        (_proof_for_another_issuer, "CRED-30"),
        (_proof_of_yesterday, "CRED-30"),
    ],
)
def test_what_is_not_of_this_offer_and_of_now_is_denied(
    station: Station, make: Callable[[Case, datetime], KeyRequest], code: str
) -> None:
    case = offered(station, approved_case(station), f"offer-{make.__name__}")
    desk, service = behind(station, make(case, station.now()))

    after, taken = signing.take_requests(desk, crew()[0].officer, case)

    assert taken == ()
    assert after.state is State.OFFERED
    assert service.denied == [service.request.request_id]
    assert refused(station, case) == [code]
    told = signing.refusal(desk, case)
    assert told is not None and told.code == code
    with station.store.read() as session:
        assert intents.standing(session, case.number) == ()


def test_a_proof_that_served_is_worth_nothing_at_the_next_offer(station: Station) -> None:
    """The service replays the last phone's proof, seconds later, for the next applicant."""
    officer, card = crew()[0].officer, CredentialCard(station)
    first = offered(station, approved_case(station), "offer-first")
    second = offered(station, approved_case(station), "offer-second")
    request = phones_request(first, station.now())
    desk, _ = behind(station, request)
    first, taken = signing.take_requests(desk, officer, first)
    signing.sign_requests(desk, officer, first, taken, cast(CardSigner, card))
    replayed = replace(request, offer_id="offer-second", request_id="again")
    desk, service = behind(station, replayed)

    second, nothing = signing.take_requests(desk, officer, second)

    assert nothing == ()
    assert service.denied == ["again"]
    assert refused(station, second) == ["CRED-31"]
    assert len(card.signed) == 1


def test_two_desks_that_take_one_proof_at_once(station: Station) -> None:
    """Both looked before either wrote: the second intent is refused by the records."""
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(station))
    case = offered(station, approved_case(station), "offer-here")
    other = offered(station, approved_case(station), "offer-there")
    request = phones_request(case, station.now())
    desk, _ = behind(station, request)
    case, here = signing.take_requests(desk, officer, case)
    desk, _ = behind(station, replace(request, offer_id="offer-there", request_id="there"))
    other, there = signing.take_requests(desk, officer, other)
    signing.sign_requests(desk, officer, case, here, card)

    with pytest.raises(NonceUsed):
        signing.sign_requests(desk, officer, other, there, card)

    with station.store.read() as session:
        assert intents.standing(session, other.number) == ()


def test_a_repeated_request_is_the_same_one(station: Station) -> None:
    """After a restart the desk takes up what it verified, however late it is by then."""
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(station))
    case = offered(station, approved_case(station), "offer-repeated")
    desk, service = behind(station, phones_request(case, station.now()))
    case, taken = signing.take_requests(desk, officer, case)
    signing.sign_requests(desk, officer, case, taken, card)
    late = replace(desk, now=lambda: station.now() + timedelta(hours=2))

    _, again = signing.take_requests(late, officer, station.load(case.number))

    assert [one.keys for one in again] == [one.keys for one in taken]
    assert service.denied == []


@pytest.mark.parametrize("delivered", [False, True])
def test_what_the_phone_has_outlives_its_offer(station: Station, delivered: bool) -> None:
    """The phone asked once more and got no answer until its token's end: then the offer is
    over. What it has already stays; what never left is void."""
    case = offered(station, approved_case(station), f"offer-over-{delivered}")
    desk, _ = behind(station, phones_request(case, station.now()))
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(station))
    case, taken = signing.take_requests(desk, officer, case)
    case = signing.sign_requests(desk, officer, case, taken, card)
    if delivered:
        answered = OfferEvent(3, EventKind.ANSWERED, station.now(), {"configuration": "mdoc"})
        case = signing.note_delivery(desk, officer, case, answered)

    case = offering.note_event(desk, case, OfferEvent(4, EventKind.EXPIRED, station.now()))

    assert case.state is (State.DELIVERED if delivered else State.APPROVED)
    with station.store.read() as session:
        assert len(intents.standing(session, case.number)) == (1 if delivered else 0)


def test_another_key_for_what_the_phone_has_takes_nothing_from_it(station: Station) -> None:
    """The phone is about to prove; its service says that it asks with another key."""
    officer, card = crew()[0].officer, cast(CardSigner, CredentialCard(station))
    case = offered(station, approved_case(station), "offer-asked-otherwise")
    desk, _ = behind(station, phones_request(case, station.now()))
    case, taken = signing.take_requests(desk, officer, case)
    case = signing.sign_requests(desk, officer, case, taken, card)
    with station.store.read() as session:
        before = intents.standing(session, case.number)
    desk, service = behind(station, phones_request(case, station.now()))

    signing.answer_signed(desk, case)

    with station.store.read() as session:
        assert intents.standing(session, case.number) == before != ()
    assert service.answers == 0


LIST = "https://provider.example/lists/7"


def attested(station: Station, case: Case, provider: WalletProvider) -> KeyRequest:
    """A request whose key the wallet's provider vouches for, by place 6 of its list."""
    key, now = LocalKey.generate(), station.now()
    request = phones_request(case, now, key=key)
    status = {"status_list": {"idx": 6, "uri": LIST}}
    word = provider.attest([key.public], now, nonce=request.nonce, claims={"status": status})
    return replace(request, proofs=(key_proof(key, ISSUER, request.nonce, now, word),))


@pytest.mark.parametrize(("status", "codes"), [(Status.VALID, []), (Status.INVALID, ["CRED-30"])])
def test_the_desk_asks_what_became_of_an_attestation(
    station: Station, status: Status, codes: list[str]
) -> None:
    provider, listed = WalletProvider.create(station.now()), StatusList(64)
    listed.set(6, status)
    token = provider.status_list(LIST, listed, station.now())
    policy = AttestationPolicy(
        AttestationUse.REQUIRED, (provider.root,), lists={LIST: token}.__getitem__
    )
    case = offered(station, approved_case(station), f"offer-attested-{status}")
    desk, service = behind(station, attested(station, case, provider), policy)

    _, taken = signing.take_requests(desk, crew()[0].officer, case)

    assert len(taken) == (0 if codes else 1)
    assert len(service.denied) == len(codes)
    assert refused(station, case) == codes


def test_a_provider_that_cannot_be_reached_denies_nobody(station: Station) -> None:
    """The request stays with the service until the list can be had."""

    def away(_uri: str) -> str:
        raise ProviderUnreachable(host="provider.example", reason="ConnectError")

    provider = WalletProvider.create(station.now())
    policy = AttestationPolicy(AttestationUse.REQUIRED, (provider.root,), lists=away)
    case = offered(station, approved_case(station), "offer-provider-away")
    desk, service = behind(station, attested(station, case, provider), policy)

    with pytest.raises(ProviderUnreachable):
        signing.take_requests(desk, crew()[0].officer, case)

    assert service.denied == []
    assert station.load(case.number).state is State.OFFERED


def test_nobody_is_asked_about_an_offer_of_last_week(station: Station) -> None:
    """«Delivered, not proven»: the service has forgotten the offer, and the check goes on."""

    class Forgotten(Service):
        def requests(self, _offer_id: str) -> tuple[KeyRequest, ...]:
            raise AssertionError("asked about an offer that is long over")

    case = offered(station, approved_case(station), "offer-of-last-week")
    service = Forgotten(phones_request(case, station.now()))
    desk = replace(station, link=cast(Any, service))

    signing.answer_again(
        replace(desk, now=lambda: station.now() + timedelta(hours=1, minutes=11)), case
    )
    with pytest.raises(AssertionError):
        signing.answer_again(replace(desk, now=lambda: station.now() + timedelta(hours=1)), case)

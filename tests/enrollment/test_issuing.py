"""The whole way of a credential to a phone, over HTTP, with the training phone."""

from __future__ import annotations

import threading
from datetime import timedelta

import httpx
import pytest

from desk.credential.claims import Format
from desk.credential.statuslist import Status
from desk.issuance.ports import EventKind
from desk.training.phone import OfferShown, PhoneEvent, Step
from desk.training.wallet_issuer import Access
from desk.training.wallet_trouble import (
    Denied,
    OfferExpired,
    OfferUsed,
    OfferWithdrawn,
    PinTriesOver,
    PinWrong,
)
from tests.enrollment.conftest import NewPhone, together
from tests.enrollment.counter import PIN, WRONG_PIN, Counter
from tests.enrollment.steps import GRANT, offer_address

JWT, CWT = "application/statuslist+jwt", "application/statuslist+cwt"
PIN_EN = "The six-digit issuance PIN chosen at the counter"
BOTH_PINS = f"창구에서 정한 발급 비밀번호 6자리 · {PIN_EN}"


@pytest.mark.parametrize(
    ("configuration", "fmt"), [("mdoc", Format.MDOC), ("sd-jwt", Format.SD_JWT)]
)
def test_credential_arrives_while_the_phone_waits(
    counter: Counter, new_phone: NewPhone, configuration: str, fmt: Format
) -> None:
    """Each format is obtained, verified and kept, and every step is told to the desk."""
    offer, phone = counter.place(configuration), new_phone()

    with counter.answering(offer.offer_id):
        shown = phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)

    assert isinstance(shown, OfferShown)
    assert shown.needs_pin
    assert shown.pin_length == 6
    assert set(shown.names[configuration]) == {"ko", "en", "zh", "vi"}
    assert card.format is fmt
    assert card.portrait == counter.values.portrait
    assert card.value("family_name") == "MAENG"
    assert card.name("ko") == "모바일 재외국민 신원확인증"
    assert counter.kinds(offer.offer_id) == [
        EventKind.FETCHED,
        EventKind.CODE_RIGHT,
        EventKind.KEY_RECEIVED,
        EventKind.ANSWERED,
        EventKind.ACCEPTED,
    ]


def test_both_formats_in_one_offer(counter: Counter, new_phone: NewPhone) -> None:
    """One QR gives both, each bound to a key of its own."""
    offer, phone = counter.place("mdoc", "sd-jwt"), new_phone()

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)

    assert {card.format for card in cards} == set(Format)
    assert len({card.verified.key for card in cards}) == 2


def test_deferred_when_the_desk_is_slow(hasty: Counter, new_phone: NewPhone) -> None:
    """The phone is told to come back, comes back, and gets its credential once."""
    offer = hasty.place("sd-jwt")
    steps: list[Step] = []
    waiting = threading.Event()

    def note(event: PhoneEvent) -> None:
        steps.append(event.step)
        if event.step is Step.WAITING:
            waiting.set()

    phone = new_phone(note)
    phone.scan(offer.uri)

    def desk() -> int:
        waiting.wait(20)
        return hasty.answer_all(offer.offer_id)

    cards, answered = together(lambda: phone.redeem(PIN), desk)

    assert answered == 1
    assert isinstance(cards, tuple)
    assert len(cards) == 1
    assert Step.WAITING in steps
    kinds = hasty.kinds(offer.offer_id)
    assert kinds.count(EventKind.DEFERRED) == 1
    assert kinds.count(EventKind.ANSWERED) == 1


def test_wrong_pin_costs_a_try_and_not_the_code(counter: Counter, new_phone: NewPhone) -> None:
    """Four wrong PINs, then the right one: the code still works."""
    offer, phone = counter.place("mdoc"), new_phone()
    phone.scan(offer.uri)

    left = []
    for _ in range(4):
        with pytest.raises(PinWrong) as caught:
            phone.redeem(WRONG_PIN)
        left.append(caught.value.facts["tries_left"])
    with counter.answering(offer.offer_id):
        cards = phone.redeem(PIN)

    assert left == [4, 3, 2, 1]
    assert len(cards) == 1


def test_fifth_wrong_pin_voids_the_offer(counter: Counter, new_phone: NewPhone) -> None:
    """After five the right PIN is refused too, and the desk is told."""
    offer, phone = counter.place("mdoc"), new_phone()
    phone.scan(offer.uri)
    for _ in range(4):
        with pytest.raises(PinWrong):
            phone.redeem(WRONG_PIN)

    with pytest.raises(PinTriesOver):
        phone.redeem(WRONG_PIN)
    with pytest.raises(OfferWithdrawn):
        phone.redeem(PIN)

    events = counter.link.events(offer.offer_id, 0, 0)
    assert [event.kind for event in events][-2:] == [EventKind.CODE_WRONG, EventKind.VOIDED]
    assert events[-1].facts == {"reason": "tries"}
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_expired_offer(counter: Counter, new_phone: NewPhone) -> None:
    """An offer past its time cannot be read, and the desk learns of it without a phone."""
    offer = counter.place("mdoc", life=timedelta(milliseconds=300))

    events = counter.wait_for(offer.offer_id, EventKind.EXPIRED)

    assert [event.kind for event in events] == [EventKind.EXPIRED]
    with pytest.raises(OfferExpired):
        new_phone().scan(offer.uri)


def test_voided_offer(counter: Counter, new_phone: NewPhone) -> None:
    """A reprinted slip's former QR is refused; voiding twice changes nothing."""
    offer = counter.place("mdoc")

    counter.link.void_offer(offer.offer_id, "reprint")
    counter.link.void_offer(offer.offer_id, "reprint")

    with pytest.raises(OfferWithdrawn):
        new_phone().scan(offer.uri)
    (event,) = counter.link.events(offer.offer_id, 0, 0)
    assert event.facts == {"reason": "reprint"}


def test_void_ends_a_waiting_phone(counter: Counter, new_phone: NewPhone) -> None:
    """When the desk withdraws the offer, a phone that already waits gets a final no."""
    offer, phone = counter.place("mdoc"), new_phone()
    phone.scan(offer.uri)

    def desk() -> None:
        counter.wait_for(offer.offer_id, EventKind.KEY_RECEIVED)
        counter.link.void_offer(offer.offer_id, "officer")

    outcome, _ = together(lambda: phone.redeem(PIN), desk)

    assert isinstance(outcome, Denied)
    assert phone.cards == ()


def test_denied_by_the_desk(counter: Counter, new_phone: NewPhone) -> None:
    """A refused request is a final no for the phone, and stays one."""
    offer, phone = counter.place("mdoc"), new_phone()
    phone.scan(offer.uri)

    def desk() -> None:
        counter.wait_for(offer.offer_id, EventKind.KEY_RECEIVED)
        (request,) = counter.link.requests(offer.offer_id)
        counter.link.deny(request.request_id, "invalid_proof")
        counter.link.deny(request.request_id, "invalid_proof")

    outcome, _ = together(lambda: phone.redeem(PIN), desk)

    assert isinstance(outcome, Denied)


def test_second_phone_is_an_alarm(counter: Counter, new_phone: NewPhone) -> None:
    """Another phone at the same QR, before and after the claim, and nobody else, alarms."""
    offer, phone, other = counter.place("mdoc"), new_phone(), new_phone()

    phone.scan(offer.uri)
    phone.scan(offer.uri)
    other.scan(offer.uri)
    with counter.answering(offer.offer_id):
        phone.redeem(PIN)
    with pytest.raises(OfferUsed):
        other.redeem(PIN)
    with pytest.raises(OfferUsed):
        new_phone().scan(offer.uri)

    alarms = [
        dict(event.facts)
        for event in counter.link.events(offer.offer_id, 0, 0)
        if event.kind is EventKind.FETCHED_AGAIN
    ]
    assert alarms == [
        {"step": "offer", "client": "other", "claimed": 0},
        {"step": "token", "client": "other", "claimed": 1},
        {"step": "offer", "client": "other", "claimed": 1},
    ]


def test_two_phones_race_for_one_offer(counter: Counter, new_phone: NewPhone) -> None:
    """Behind a barrier, again and again: exactly one phone redeems, the other is told."""
    for _ in range(50):
        offer = counter.place("mdoc")
        phones = [new_phone(), new_phone()]
        for phone in phones:
            phone.scan(offer.uri)

        outcomes = together(*(lambda phone=phone: _token(phone) for phone in phones))

        assert [isinstance(outcome, OfferUsed) for outcome in outcomes].count(True) == 1
        assert [isinstance(outcome, Access) for outcome in outcomes].count(True) == 1
        assert counter.kinds(offer.offer_id).count(EventKind.CODE_RIGHT) == 1


def _token(phone: object) -> Access:
    """Only the redemption itself, which is what is raced for."""
    return phone._fetch_token(phone._offer, PIN)  # type: ignore[attr-defined]


def test_parallel_wrong_pins_are_all_counted(
    counter: Counter, new_phone: NewPhone, web: httpx.Client
) -> None:
    """Twenty guesses at the same moment count as five, and then nothing opens it."""
    for _ in range(5):
        offer = counter.place("mdoc")
        phone = new_phone()
        phone.scan(offer.uri)

        def guess(phone: object = phone) -> Access:
            return phone._fetch_token(phone._offer, WRONG_PIN)  # type: ignore[attr-defined]

        outcomes = together(*[guess] * 20)

        assert not any(isinstance(outcome, Access) for outcome in outcomes)
        kinds = counter.kinds(offer.offer_id)
        assert kinds.count(EventKind.CODE_WRONG) == 5
        assert kinds.count(EventKind.VOIDED) == 1
        with pytest.raises(OfferWithdrawn):
            phone.redeem(PIN)


def test_status_list_in_both_forms(
    counter: Counter, new_phone: NewPhone, web: httpx.Client
) -> None:
    """One address, the form by Accept; the phone reads the status of its card there."""
    offer, phone = counter.place("mdoc"), new_phone()
    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)

    counter.publish(Status.SUSPENDED)
    first = phone.status(card)
    counter.publish(Status.VALID)
    second = phone.status(card)

    assert (first, second) == (Status.SUSPENDED, Status.VALID)
    uri = counter.link.status_uri("1")
    cwt = web.get(uri, headers={"Accept": CWT})
    assert cwt.headers["content-type"] == CWT
    assert cwt.content[0] == 0xD2  # COSE_Sign1, tag 18
    unchanged = web.get(uri, headers={"If-None-Match": web.get(uri).headers["etag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, JWT),
        ("", JWT),
        ("*/*", JWT),
        (f"{JWT}, {CWT}", JWT),
        (f"{JWT};q=0.4, {CWT};q=0.5", CWT),
        (f"{JWT};q=0, */*", CWT),
        (f"{CWT};q=0.1, application/*", JWT),
        (f"{CWT}, application/*;q=0.9, */*;q=0.8", CWT),
        (f"{JWT};q=0.1;other=1,{CWT} ; Q=0.2", CWT),
        (f"{CWT};q=nan, {JWT};q=0.001", JWT),
        ("text/html", None),
        (f"{JWT};q=0, {CWT};q=0.0", None),
        (f"{CWT};q=2", None),
        ("application/json, text/*", None),
    ],
)
def test_form_of_a_list_by_preference(
    counter: Counter, web: httpx.Client, accept: str | None, kind: str | None
) -> None:
    """RFC 9110, 12.5.1: the most specific range counts, with its weight."""
    counter.publish(Status.VALID)
    request = web.build_request("GET", counter.link.status_uri("1"))
    request.headers.pop("accept")
    if accept is not None:
        request.headers["accept"] = accept

    answer = web.send(request)

    assert answer.status_code == (200 if kind else 406)
    assert not kind or answer.headers["content-type"] == kind
    assert answer.headers.get("vary") == ("Accept, Accept-Encoding" if kind else None)


@pytest.mark.parametrize("kind", [JWT, CWT])
def test_lists_travel_compressed_where_the_reader_can(
    counter: Counter, web: httpx.Client, kind: str
) -> None:
    """Token Status List, 8.2: gzip should be used. Both are the very same list."""
    counter.publish(Status.VALID)
    uri = counter.link.status_uri("1")

    plain = web.get(uri, headers={"Accept": kind, "Accept-Encoding": "identity"})
    packed = web.get(uri, headers={"Accept": kind, "Accept-Encoding": "gzip, br"})
    refused = web.get(uri, headers={"Accept": kind, "Accept-Encoding": "gzip;q=0, *;q=0"})

    assert packed.headers["content-encoding"] == "gzip"
    assert not any("content-encoding" in one.headers for one in (plain, refused))
    assert plain.content == packed.content == refused.content
    assert plain.headers["etag"] != packed.headers["etag"]


def test_lists_of_former_times_are_not_kept(counter: Counter, web: httpx.Client) -> None:
    """Token Status List, 8.4: who does not support the parameter says 501, not the list of now."""
    counter.publish(Status.VALID)

    answer = web.get(counter.link.status_uri("1"), params={"time": "1686925000"})

    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "창구에서 정한 발급 비밀번호 6자리"),
        ("vi", "Mã PIN nhận thẻ gồm 6 chữ số đã đặt tại quầy"),
        ("fr, zh-CN;q=0.5", "在窗口设置的6位领取密码"),
        (
            None,
            "창구에서 정한 발급 비밀번호 6자리 · The six-digit issuance PIN chosen at the counter",
        ),
        (
            "fr",
            "창구에서 정한 발급 비밀번호 6자리 · The six-digit issuance PIN chosen at the counter",
        ),
    ],
)
def test_the_wallet_asks_for_the_pin_in_its_holders_language(
    counter: Counter, web: httpx.Client, accepted: str | None, said: str
) -> None:
    """OpenID4VCI 1.0, 4.1.1: what stands above the field for the transaction code."""
    offer = counter.place("mdoc")
    headers = {} if accepted is None else {"Accept-Language": accepted}

    grants = web.get(offer_address(offer), headers=headers).json()["grants"]

    assert grants[GRANT]["tx_code"] == {"input_mode": "numeric", "length": 6, "description": said}

"""The desk's client: repeated orders, and a coded trouble for everything that can fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from desk.credential.jose import sign_compact
from desk.credential.signer import LocalKey
from desk.enrollment import keys, nonces
from desk.enrollment.calls import Reply, Unreached
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceProcess
from desk.enrollment.trouble import (
    AlreadyOtherwise,
    AnswerUnusable,
    ClocksApart,
    MailboxAway,
    MailboxBroken,
    MailboxFull,
    NotLetThrough,
    NotThere,
    OrderUnusable,
    OtherIssuer,
    ServiceDown,
    StationRefused,
    WrongAddress,
)
from desk.issuance.ports import (
    CheckOrder,
    EnrollmentLink,
    EventKind,
    KeyRequest,
    OfferOrder,
    QrForm,
)
from desk.trouble import Trouble
from tests.enrollment.conftest import together
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.station import StationAuth
from tests.enrollment.steps import Steps

KEY = StationKey(b"k" * 32)
HEALTH = {"version": "0", "queue": 0, "issuer": "http://127.0.0.1:1"}

Handler = Callable[[httpx.Request], httpx.Response]


class Answering:
    """Calls that ``handler`` answers."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        url = f"http://127.0.0.1:1{path}"
        answer = self._handler(httpx.Request(method, url, headers=dict(headers), content=body))
        return Reply(answer.status_code, answer.content)

    def target(self, path: str) -> bytes:
        return path.encode()

    def close(self) -> None:
        pass


def answering(handler: Handler) -> HttpLink:
    return HttpLink("http://127.0.0.1:1", KEY, calls=Answering(handler))


def order(offer_id: str = "order-1", **changed: object) -> OfferOrder:
    values: dict[str, object] = {
        "configurations": ("mdoc",),
        "tx_code": PIN,
        "expires_at": now() + timedelta(minutes=10),
    }
    return OfferOrder(offer_id, **(values | changed))  # type: ignore[arg-type]


def test_satisfies_the_seam(link: HttpLink) -> None:
    """The desk's Protocol, and a healthy service behind it."""
    seam: EnrollmentLink = link

    health = seam.health()

    assert health.ok
    assert health.latency_ms > 0
    assert set(health.terms) == {"encryption", "dpop", "batch", "attestation"}
    assert link.response_uri("c").startswith(seam.issuer)


def test_the_same_order_again_is_the_same_offer(counter: Counter) -> None:
    first = order("again-1")

    offers = {counter.link.place_offer(first) for _ in range(2)}

    assert len(offers) == 1
    assert counter.kinds("again-1") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"tx_code": WRONG_PIN},
        {"configurations": ("sd-jwt",)},
        {"expires_at": now() + timedelta(minutes=20)},
    ],
)
def test_another_order_under_the_same_identifier(
    counter: Counter, changed: dict[str, object]
) -> None:
    """What is already minted is never changed behind the officer's back."""
    first = order(f"other-{sorted(changed)[0]}")
    counter.link.place_offer(first)

    with pytest.raises(AlreadyOtherwise) as caught:
        values = {"expires_at": first.expires_at} | changed
        counter.link.place_offer(order(first.offer_id, **values))

    assert caught.value.facts == {"reason": "another_order"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"tx_code": "12345"},
        {"tx_code": "1234567"},
        {"tx_code": "12345a"},
        {"tx_code": "１２３４５６"},
        {"configurations": ()},
        {"configurations": ("mdoc", "mdoc")},
        {"configurations": ("passport",)},
        {"expires_at": now().replace(tzinfo=None)},
        {"expires_at": now().replace(year=1)},
        {"expires_at": now().replace(year=9999)},
        {"offer_id": "a b"},
        {"offer_id": "x" * 65},
    ],
)
def test_unusable_orders(counter: Counter, wrong: dict[str, object]) -> None:
    values: dict[str, object] = {"offer_id": "wrong-1"} | wrong

    with pytest.raises(OrderUnusable):
        counter.link.place_offer(order(str(values.pop("offer_id")), **values))


def test_unknown_identifiers(counter: Counter) -> None:
    """Events, requests, void and answers of nobody."""
    nobody = KeyRequest("nobody", "nobody", "mdoc", (), "", b"\x09" + b"\0" * 31, now())
    for call in (
        lambda: counter.link.events("nobody", 0, 0),
        lambda: counter.link.requests("nobody"),
        lambda: counter.link.void_offer("nobody", "officer"),
        lambda: counter.link.deny("nobody", "officer"),
        lambda: counter.link.answer(nobody, ["x"]),
    ):
        with pytest.raises(NotThere):
            call()


@pytest.mark.parametrize(
    ("media_type", "query", "body"),
    [
        ("application/octet-stream", "", b""),
        ("application/octet-stream", f"?terms={'0' * 64}", b"sealed"),
        ("application/jwt", "", b"a.b.c.d.e"),
        ("application/jwt", "?terms=0", b"a.b.c.d.e"),
        ("application/json", "", b"{}"),
        ("", "", b"sealed"),
    ],
)
def test_answers_of_another_form(
    service: ServiceProcess, key: StationKey, media_type: str, query: str, body: bytes
) -> None:
    """Sealed to the token, or a JWE with the mark of what it was encrypted for."""
    url = f"{service.url}/desk/requests/request-1/answer{query}"
    with httpx.Client(trust_env=False, auth=StationAuth(key, now)) as desk:
        answer = desk.put(url, content=body, headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_order")


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_key_made_beforehand_seals_one_answer(times: int) -> None:
    """Each answer opens for its phone, and no two are sealed by one key."""
    opener = keys.token_opener("token")
    sent: list[bytes] = []

    def keep(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(204)

    request = KeyRequest("r", "o", "mdoc", (), "", keys.public_bytes(opener), now())
    with answering(keep) as link:
        for _ in range(times):
            link.get_ready()
        for _ in range(3):
            link.answer(request, ["credential"])

    assert {keys.unseal(one, opener, "r") for one in sent} == {b'["credential"]'}
    assert len({one[:32] for one in sent}) == 3


def test_events_are_waited_for(counter: Counter) -> None:
    """A long poll returns as soon as something happens, and only what is new."""
    offer = counter.place()
    counter.link.void_offer(offer.offer_id, "officer")
    (first,) = counter.link.events(offer.offer_id, 0, 10)

    assert first.kind is EventKind.VOIDED
    assert counter.link.events(offer.offer_id, first.seq, 0) == ()


def test_a_waiting_poll_is_woken(counter: Counter) -> None:
    offer = counter.place()

    events, _ = together(
        lambda: counter.link.events(offer.offer_id, 0, 20),
        lambda: counter.link.void_offer(offer.offer_id, "officer"),
    )

    assert isinstance(events, tuple)
    assert [event.kind for event in events] == [EventKind.VOIDED]


def test_another_station(service: ServiceProcess) -> None:
    with HttpLink(service.url, KEY) as stranger, pytest.raises(StationRefused):
        stranger.health()


def test_nobody_listens() -> None:
    with HttpLink("http://127.0.0.1:1", KEY) as link, pytest.raises(ServiceDown):
        link.health()


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (lambda _r: httpx.Response(503, json={"code": "ENROLL-03"}), MailboxFull),
        (lambda _r: httpx.Response(503, json={"code": "ENROLL-09"}), MailboxBroken),
        (lambda _r: httpx.Response(503, json={"code": "ENROLL-21"}), MailboxAway),
        (lambda _r: httpx.Response(502), ServiceDown),
        (lambda _r: httpx.Response(502, text="<html>Bad Gateway</html>"), ServiceDown),
        (lambda _r: httpx.Response(503, json=["busy"]), ServiceDown),
        (lambda _r: httpx.Response(500, json={}), ServiceDown),
        (lambda _r: httpx.Response(200, text="<html>"), AnswerUnusable),
        (lambda _r: httpx.Response(200, json=[]), AnswerUnusable),
        (lambda _r: httpx.Response(200, json={}), AnswerUnusable),
        (lambda _r: httpx.Response(200, json=HEALTH | {"time": "yesterday"}), AnswerUnusable),
        (lambda _r: httpx.Response(200, json=HEALTH | {"time": "2026-01-01"}), AnswerUnusable),
        (lambda _r: httpx.Response(418, json={"error": "teapot"}), AnswerUnusable),
        # Once an answer of another version: whoever leads elsewhere is no service of desks.
        (lambda _r: httpx.Response(302, headers={"Location": "/"}), WrongAddress),
        (lambda _r: httpx.Response(404, json={"error": "not_found"}), WrongAddress),
        (lambda _r: httpx.Response(404, text="<html>"), WrongAddress),
        (lambda _r: httpx.Response(403, text="<html>Forbidden</html>"), NotLetThrough),
    ],
)
def test_coded_troubles(handler: Handler, expected: type[Trouble]) -> None:
    with answering(handler) as link, pytest.raises(expected):
        link.health()


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_beyond_every_calendar_is_an_unusable_answer(time: str) -> None:
    """Rightly spelled all the same: it came as a bug of the desk."""
    event = {"seq": 1, "kind": "fetched", "at": time, "facts": {}}
    body = {"events": [event], "requests": []}

    with (
        answering(lambda _r: httpx.Response(200, json=body)) as link,
        pytest.raises(AnswerUnusable),
    ):
        link.events("offer-1", 0, 0.0)


@pytest.mark.parametrize("time", ["2026-01-01T00:00:00", "2026-01-01", "yesterday", None])
def test_a_refusal_for_the_time_without_a_time_is_a_trouble(time: str | None) -> None:
    answer = {"error": "clocks_apart", "time": time}

    with (
        answering(lambda _r: httpx.Response(401, json=answer)) as link,
        pytest.raises((ClocksApart, AnswerUnusable)),
    ):
        link.health()


def test_what_is_not_there_is_told_apart_from_an_address_without_a_service() -> None:
    """A QR that nobody knows wants another QR, a wrong entry in the settings another entry."""
    told = answering(lambda _r: httpx.Response(404, json={"error": "not_found"}))
    elsewhere = answering(lambda _r: httpx.Response(404, text="<html>"))

    with told as link, pytest.raises(NotThere):
        link.requests("offer-1")
    with elsewhere as link, pytest.raises(WrongAddress):
        link.requests("offer-1")


def test_silence_in_the_middle() -> None:
    def cut(_request: httpx.Request) -> httpx.Response:
        raise Unreached

    with answering(cut) as link, pytest.raises(ServiceDown):
        link.requests("offer-1")


@pytest.mark.parametrize("seconds", [-600, 45])
def test_clocks_apart(seconds: int) -> None:
    """The service's clock is said to be off, and by how much."""
    time = (now() + timedelta(seconds=seconds)).isoformat()

    with (
        answering(lambda _r: httpx.Response(200, json=HEALTH | {"time": time})) as link,
        pytest.raises(ClocksApart) as caught,
    ):
        link.health()

    assert abs(int(caught.value.facts["seconds"] or 0) - seconds) <= 2


ISSUER, THEIRS = "https://issue.example/kr", "https://evil.example"


def hostile(uri: str, issuer: str = ISSUER, expected: str = ISSUER) -> HttpLink:
    """A desk that knows its service by ISSUER; the service says this."""
    told = {"uri": uri, "expires_at": (now() + timedelta(days=400)).isoformat()}

    def say(request: httpx.Request) -> httpx.Response:
        health = HEALTH | {"time": now().isoformat(), "issuer": issuer}
        return httpx.Response(200, json=health if "/health" in request.url.path else told)

    return HttpLink("http://127.0.0.1:1", KEY, calls=Answering(say), issuer=expected)


def test_service_that_names_another_address_is_not_believed() -> None:
    """Proofs would be made for it, and every credential would name it for its status."""
    with hostile("", issuer=THEIRS) as link:
        with pytest.raises(OtherIssuer) as told:
            link.health()
        with pytest.raises(OtherIssuer):
            _ = link.issuer

    assert told.value.facts == {"said": THEIRS, "expected": ISSUER}


@pytest.mark.parametrize(
    "issuer", [f"{ISSUER}/", "https://ISSUE.example/kr", "https://issue.example:443/kr"]
)
def test_another_spelling_of_the_address_is_the_same(issuer: str) -> None:
    """Phones compare it byte for byte with the service's own, which the desk goes on with."""
    with hostile("", issuer=issuer) as link:
        assert link.issuer == issuer


def test_any_address_at_the_host_that_is_named_without_a_path() -> None:
    """As the deployment's own steps set it: the service below a path, the desk by its host."""
    host = "https://issue.example"
    with hostile("", expected=host) as link:
        assert link.issuer == ISSUER
    for elsewhere in (
        THEIRS,
        f"{ISSUER}?x=1",
        f"{ISSUER}#x",
        "https://u@issue.example",
        "http://issue.example/kr",
        "https://issue.example:8443/kr",
    ):
        with hostile("", issuer=elsewhere, expected=host) as link, pytest.raises(OtherIssuer):
            _ = link.issuer


def _leading(address: str, before: str = "openid-credential-offer://") -> str:
    return f"{before}?{urlencode({'credential_offer_uri': address})}"


def _holding(issuer: str) -> str:
    offer = json.dumps({"credential_issuer": issuer})
    return f"openid-credential-offer://?{urlencode({'credential_offer': offer})}"


HANDLE = KEY.offer_handle("order-1")


@pytest.mark.parametrize(
    ("uri", "qr"),
    [
        (_leading(f"{THEIRS}/offer/{HANDLE}"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/of-somebody-else"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}.evil.example/offer/{HANDLE}"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", "https://evil.example/get"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", "https://evil.example/get"), QrForm.PAGE),
        (_leading(f"{THEIRS}/offer/{HANDLE}", f"{ISSUER}/get"), QrForm.PAGE),
        (_holding(THEIRS), QrForm.VALUE),
        # What a phone reads first, or opens, leads elsewhere; the rest is right.
        (_leading(f"{ISSUER}/offer/{HANDLE}", f"{THEIRS}/://"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", f"{THEIRS}#://"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", "evilapp://"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", "haip-vci://"), QrForm.REFERENCE),
        (_holding(ISSUER), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}"), QrForm.VALUE),
    ],
)
def test_offer_that_leads_phones_elsewhere_is_not_shown(uri: str, qr: QrForm) -> None:
    with hostile(uri) as link, pytest.raises(OtherIssuer):
        link.place_offer(order(qr=qr))


@pytest.mark.parametrize(
    ("uri", "qr"),
    [
        (_leading(f"{ISSUER}/offer/{HANDLE}"), QrForm.REFERENCE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", f"{ISSUER}/get"), QrForm.PAGE),
        (_leading(f"{ISSUER}/offer/{HANDLE}", f"{ISSUER}/get") + "&post=LA", QrForm.PAGE),
        (_holding(ISSUER), QrForm.VALUE),
    ],
)
def test_offer_of_this_service_is_shown(uri: str, qr: QrForm) -> None:
    with hostile(uri) as link:
        assert link.place_offer(order(qr=qr)).uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "openid-credential-offer://",
        f"{_holding(THEIRS)}&credential_offer_uri={ISSUER}/offer/{HANDLE}",
        f"{_leading(f'{ISSUER}/offer/{HANDLE}')}&credential_offer_uri={THEIRS}",
    ],
)
def test_offer_of_another_form_cannot_be_understood(uri: str) -> None:
    with hostile(uri) as link, pytest.raises(AnswerUnusable):
        link.place_offer(order())


def test_desk_itself_makes_what_a_check_shows() -> None:
    """A service that chose it could lead phones to whoever asks for more."""
    signed = sign_compact({"alg": "ES256"}, {"client_id": "x509_hash:own"}, LocalKey.generate())
    until = now() + timedelta(minutes=5)
    with hostile("openid4vp://?client_id=x509_hash:evil&request_uri=https://evil.example") as link:
        check = link.place_check(CheckOrder("check-of-twenty-characters", signed, until))

    asked = parse_qs(check.uri.removeprefix("openid4vp://?"))
    assert asked == {
        "client_id": ["x509_hash:own"],
        "request_uri": [f"{ISSUER}/present/check-of-twenty-characters/request"],
    }
    assert check.expires_at == until


def test_the_pin_does_not_show_in_texts() -> None:
    assert PIN not in repr(order())


def test_nonces_are_dated_by_the_stations_own_key(hasty: Counter, web: httpx.Client) -> None:
    """The desk reads out of the nonce itself when it was made; another key knows nothing."""
    before, steps = now(), Steps(web, hasty, hasty.place("mdoc"))
    steps.credential(steps.token())

    (request,) = hasty.link.requests(steps.offer.offer_id)
    strange = nonces.new_nonce(KEY.nonce_key(), now())

    assert request.nonce_made_at is not None
    assert before - timedelta(seconds=1) < request.nonce_made_at < now() + timedelta(seconds=1)
    assert nonces.made_at(KEY.nonce_key(), request.nonce) is None
    assert nonces.made_at(KEY.nonce_key(), strange) is not None
    assert nonces.made_at(KEY.nonce_key(), strange[:-1]) is None

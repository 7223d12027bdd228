"""The training phone against an issuer of the test's own, honest or not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, quote

import httpx
import pytest
from PIL import Image

from desk.credential import jose
from desk.credential.claims import CredentialValues, Format, load_profile
from desk.credential.keys import DeviceKey, b64url, from_b64url
from desk.credential.presentation import build_request
from desk.credential.proof import verify_proof
from desk.credential.signer import LocalKey
from desk.credential.statuslist import ListTerms, Status, StatusList, sign_jwt
from desk.credential.terms import StatusReference, Validity
from desk.training.authority import SIGNATURE, TrainingAuthority
from desk.training.phone import OfferShown, Phone, PhoneEvent, RequestShown, Step
from desk.training.wallet_cards import Card
from desk.training.wallet_issuer import PRE_AUTHORIZED
from desk.training.wallet_trouble import (
    CheckOver,
    CredentialBad,
    Denied,
    NotForThisPhone,
    NothingScanned,
    NotUnderstood,
    OfferExpired,
    OfferUsed,
    OfferWithdrawn,
    PhoneTrouble,
    PinTriesOver,
    PinWrong,
    RequestBad,
    TakesTooLong,
    Unreachable,
)
from tests.prepared import prepare

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
ISSUER = "https://issuer.example/post"
PROFILE = load_profile()
PIN = "482915"
STATUS_URI = f"{ISSUER}/status/1"


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(NOW)


@pytest.fixture(scope="module")
def stranger() -> TrainingAuthority:
    """Another root of the same names."""
    return TrainingAuthority.create(NOW)


def invented() -> CredentialValues:
    picture = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((240, 320)).save(picture, "JPEG")
    return CredentialValues(
        family_name="SEOK",
        given_name="MARU",
        name_hangul="석마루",
        birth_date=date(2001, 5, 2),
        sex=1,
        portrait=picture.getvalue(),
        issue_date=NOW.date(),
        expiry_date=NOW.date() + timedelta(days=900),
        issuing_authority="재외동포청",
        document_number="KR-0010-0001",
        overseas_number="2026-0000010",
        jurisdiction_post="주베트남 대한민국 대사관",
    )


Answer = httpx.Response
Forge = Callable[[str], str]


@dataclass
class Issuer:
    """An issuer behind ``httpx.MockTransport``; every part can be made to misbehave."""

    authority: TrainingAuthority
    configuration: str = "mdoc"
    offer: dict[str, object] = field(default_factory=dict)
    metadata: dict[str, object] = field(default_factory=dict)
    replies: dict[str, list[Answer]] = field(default_factory=dict)
    forge: Forge = lambda text: text
    bind_to: DeviceKey | None = None
    at: datetime = NOW
    seen: list[tuple[str, str]] = field(default_factory=list)
    keys: list[DeviceKey] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> Answer:
        path = request.url.path
        self.seen.append((path.rsplit("/", 1)[1], request.content.decode()))
        for part, waiting in self.replies.items():
            if part in path and waiting:
                return waiting.pop(0)
        for part, act in self._endpoints().items():
            if part in path:
                return act(request)
        return Answer(404, json={"error": "not_found"})

    def _endpoints(self) -> dict[str, Callable[[httpx.Request], Answer]]:
        return {
            "/.well-known/openid-credential-issuer/post": self._issuer_metadata,
            "/.well-known/oauth-authorization-server/post": self._server_metadata,
            "/post/offer": lambda _r: Answer(200, json=self.offered()),
            "/post/token": lambda _r: Answer(200, json={"access_token": "t"}),
            "/post/nonce": lambda _r: Answer(200, json={"c_nonce": "n"}),
            "/post/credential": self._credential,
            "/post/notification": lambda _r: Answer(204),
            "/post/status": self._status,
        }

    def offered(self) -> dict[str, object]:
        grant = {"pre-authorized_code": "c", "tx_code": {"length": 6}}
        return {
            "credential_issuer": ISSUER,
            "credential_configuration_ids": [self.configuration],
            "grants": {PRE_AUTHORIZED: grant},
        } | self.offer

    def _issuer_metadata(self, _request: httpx.Request) -> Answer:
        body: dict[str, object] = {
            f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("credential", "nonce")
        }
        body |= {
            "credential_issuer": ISSUER,
            "deferred_credential_endpoint": f"{ISSUER}/deferred",
            "notification_endpoint": f"{ISSUER}/notification",
            "credential_configurations_supported": PROFILE.credential_configurations(),
        }
        return Answer(200, json=body | self.metadata)

    def _server_metadata(self, _request: httpx.Request) -> Answer:
        return Answer(200, json={"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"})

    def _credential(self, request: httpx.Request) -> Answer:
        (proof,) = json.loads(request.content)["proofs"]["jwt"]
        key = verify_proof(proof, audience=ISSUER, nonce="n", now=NOW)
        self.keys.append(key)
        credential = self.forge(self.issue(self.bind_to or key))
        body = {"credentials": [{"credential": credential}], "notification_id": "i"}
        return Answer(200, json=body)

    def issue(self, key: DeviceKey) -> str:
        signer = self.authority.officers[0].slots[SIGNATURE].signer
        leaf = signer.certificate_chain[0]
        prepared = prepare(
            PROFILE.format_of(self.configuration),
            PROFILE,
            invented(),
            key=key,
            issuer=signer,
            validity=Validity.of(self.at, timedelta(days=30), PROFILE.rounding, leaf),
            status=StatusReference(STATUS_URI, 7),
        )
        return prepared.credential(signer.sign(prepared.to_be_signed))

    def _status(self, _request: httpx.Request) -> Answer:
        statuses = StatusList(100)
        statuses.set(7, Status.SUSPENDED)
        terms = ListTerms(STATUS_URI, NOW, NOW + timedelta(days=1), timedelta(minutes=5))
        return Answer(200, text=sign_jwt(statuses, terms, self.authority.status_signer))

    def notified(self) -> list[str]:
        return [json.loads(body)["event"] for path, body in self.seen if path == "notification"]


OFFER = f"openid-credential-offer://?credential_offer_uri={quote(ISSUER + '/offer', safe='')}"

NewPhone = Callable[..., Phone]


@pytest.fixture
def issuer(authority: TrainingAuthority) -> Issuer:
    return Issuer(authority)


@pytest.fixture
def new_phone(authority: TrainingAuthority) -> Iterator[NewPhone]:
    clients: list[httpx.Client] = []

    def make(issuer: Callable[[httpx.Request], Answer], patience: float = 0.0) -> Phone:
        clients.append(httpx.Client(transport=httpx.MockTransport(issuer)))
        events: list[PhoneEvent] = []
        phone = Phone(
            clients[-1],
            lambda: NOW,
            anchors=(authority.iaca,),
            verifiers=(authority.relying_party_root,),
            on_event=events.append,
            patience=patience,
        )
        phone.events = events  # type: ignore[attr-defined]
        return phone

    yield make
    for client in clients:
        client.close()


def steps(phone: Phone) -> list[Step]:
    return [event.step for event in phone.events]  # type: ignore[attr-defined]


def received(issuer: Issuer, phone: Phone) -> Card:
    phone.scan(OFFER)
    (card,) = phone.redeem(PIN)
    return card


@pytest.mark.parametrize("configuration", ["mdoc", "sd-jwt"])
def test_what_the_holder_sees(issuer: Issuer, new_phone: NewPhone, configuration: str) -> None:
    """Name, portrait and every claim in the holder's language."""
    issuer.configuration = configuration
    phone = new_phone(issuer)

    shown = phone.scan(OFFER)
    (card,) = phone.redeem(PIN)

    assert isinstance(shown, OfferShown)
    assert (shown.issuer, shown.needs_pin, shown.pin_length) == (ISSUER, True, 6)
    assert phone.cards == (card,)
    assert card.portrait == invented().portrait
    assert card.name("vi") == shown.names[configuration]["vi"]
    rows = {row.name("ko"): row.value for row in card.rows}
    assert rows["성 (로마자)"] == "SEOK"
    assert rows["생년월일"] == "2001-05-02"
    assert rows["만 18세 이상"] is True
    assert rows["한글 성명"] == "석마루"
    assert "사진" not in rows
    assert issuer.notified() == ["credential_accepted"]
    assert steps(phone) == [Step.OFFER_READ, Step.PIN_RIGHT, Step.KEY_SENT, Step.CARD_KEPT]
    assert "SEOK" not in repr(card)


def test_every_credential_has_its_own_key(issuer: Issuer, new_phone: NewPhone) -> None:
    phone = new_phone(issuer)

    for _ in range(2):
        received(issuer, phone)

    assert len(set(issuer.keys)) == 2
    assert [card.verified.key for card in phone.cards] == issuer.keys[::-1]


def test_offer_by_value_without_a_pin(issuer: Issuer, new_phone: NewPhone) -> None:
    """The other form of an offer, from an issuer that asks for no second secret."""
    issuer.offer = {"grants": {PRE_AUTHORIZED: {"pre-authorized_code": "c"}}}
    phone = new_phone(issuer)

    shown = phone.scan(f"haip-vci://?credential_offer={quote(json.dumps(issuer.offered()))}")
    phone.redeem("")

    assert isinstance(shown, OfferShown)
    assert not shown.needs_pin
    (form,) = (body for path, body in issuer.seen if path == "token")
    assert "tx_code" not in parse_qs(form)


def _altered_mdoc(text: str) -> str:
    return b64url(from_b64url(text).replace(b"SEOK", b"SEOL"))


def _altered_sdjwt(text: str) -> str:
    jwt, first, *rest = text.split("~")
    entry = json.loads(from_b64url(first))
    entry[0] = "A" * len(entry[0])
    return "~".join((jwt, b64url(json.dumps(entry).encode()), *rest))


def _other_signature(text: str) -> str:
    head, body, rest = text.split(".", 2)
    return f"{head}.{body}.{'A' * 86}~{rest.split('~', 1)[1]}"


@pytest.mark.parametrize(
    ("configuration", "forge", "code"),
    [
        ("mdoc", _altered_mdoc, "CRED-23"),
        ("mdoc", lambda text: text[:400], "CRED-21"),
        ("mdoc", lambda _text: "", "CRED-21"),
        ("mdoc", lambda _text: "not base64!", "CRED-21"),
        ("sd-jwt", _altered_sdjwt, "CRED-23"),
        ("sd-jwt", _other_signature, "CRED-22"),
        ("sd-jwt", lambda text: text[:-1], "CRED-21"),
    ],
)
def test_altered_credential_is_not_kept(
    issuer: Issuer, new_phone: NewPhone, configuration: str, forge: Forge, code: str
) -> None:
    """Content, signature, form: refused, not kept, and the issuer is told."""
    issuer.configuration, issuer.forge = configuration, forge
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(CredentialBad) as caught:
        phone.redeem(PIN)

    assert caught.value.facts == {"reason": code}
    assert phone.cards == ()
    assert issuer.notified() == ["credential_failure"]
    assert steps(phone)[-1] is Step.FAILED


@pytest.mark.parametrize("configuration", ["mdoc", "sd-jwt"])
def test_credential_under_another_root(
    stranger: TrainingAuthority, new_phone: NewPhone, configuration: str
) -> None:
    phone = new_phone(Issuer(stranger, configuration))
    phone.scan(OFFER)

    with pytest.raises(CredentialBad) as caught:
        phone.redeem(PIN)

    assert caught.value.facts == {"reason": "CRED-24"}


@pytest.mark.parametrize("configuration", ["mdoc", "sd-jwt"])
def test_credential_for_another_key(
    issuer: Issuer, new_phone: NewPhone, configuration: str
) -> None:
    """Genuine, but somebody else's: a phone that cannot prove it does not keep it."""
    issuer.configuration, issuer.bind_to = configuration, LocalKey.generate().public
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(CredentialBad):
        phone.redeem(PIN)

    assert phone.cards == ()


def test_credential_of_another_type(issuer: Issuer, new_phone: NewPhone) -> None:
    """The type must be the one that was offered."""
    supported = json.loads(json.dumps(PROFILE.credential_configurations()))
    supported["mdoc"]["doctype"] = "org.iso.18013.5.1.mDL"
    issuer.metadata = {"credential_configurations_supported": supported}
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(CredentialBad) as caught:
        phone.redeem(PIN)

    assert caught.value.facts == {"reason": "CRED-26"}


@pytest.mark.parametrize(
    "body",
    [
        {"credentials": []},
        {"credentials": [{}]},
        {"credentials": [{"credential": "x"}, {"credential": "y"}]},
        {"credentials": "x"},
        {"credentials": [{"credential": 7}]},
    ],
)
def test_odd_credential_answers(
    issuer: Issuer, new_phone: NewPhone, body: dict[str, object]
) -> None:
    issuer.replies = {"/credential": [Answer(200, json=body)]}
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(CredentialBad):
        phone.redeem(PIN)


def refusal(error: str, status: int = 400, **members: object) -> Answer:
    return Answer(status, json={"error": error} | members)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal("invalid_grant", reason="wrong_code", tries_left=2), PinWrong),
        (refusal("invalid_grant"), PinWrong),
        (refusal("invalid_grant", reason="too_many_tries"), PinTriesOver),
        (refusal("invalid_grant", reason="expired"), OfferExpired),
        (refusal("invalid_grant", reason="used"), OfferUsed),
        (refusal("invalid_grant", reason="void"), OfferWithdrawn),
        (refusal("invalid_request"), NotUnderstood),
        (Answer(200, json={}), NotUnderstood),
        (Answer(200, text="<html>"), NotUnderstood),
        (Answer(503), Unreachable),
    ],
)
def test_refused_tokens(
    issuer: Issuer, new_phone: NewPhone, answer: Answer, expected: type[PhoneTrouble]
) -> None:
    """Each refusal has its own trouble; afterwards the right PIN can be tried again."""
    issuer.replies = {"/token": [answer]}
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(expected) as caught:
        phone.redeem("000000")

    if "tries_left" in caught.value.facts:
        assert caught.value.facts["tries_left"] == answer.json().get("tries_left")
        assert steps(phone)[-1] is Step.PIN_WRONG
    assert len(phone.redeem(PIN)) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal("offer_expired", 410), OfferExpired),
        (refusal("offer_used", 410), OfferUsed),
        (refusal("offer_void", 410), OfferWithdrawn),
        (refusal("not_found", 404), OfferWithdrawn),
        (Answer(200, json={}), NotUnderstood),
        (Answer(200, json={"credential_issuer": ISSUER, "grants": {}}), NotUnderstood),
        (Answer(200, json=[]), NotUnderstood),
        (Answer(500, text="x"), NotUnderstood),
    ],
)
def test_refused_offers(
    issuer: Issuer, new_phone: NewPhone, answer: Answer, expected: type[PhoneTrouble]
) -> None:
    issuer.replies = {"/post/offer": [answer]}
    phone = new_phone(issuer)

    with pytest.raises(expected):
        phone.scan(OFFER)
    with pytest.raises(NothingScanned):
        phone.redeem(PIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com",
        "M<KOR",
        "openid-credential-offer://",
        "openid4vp://?client_id=x",
        "openid4vp://?request=x",
    ],
)
def test_other_qr_codes(issuer: Issuer, new_phone: NewPhone, text: str) -> None:
    phone = new_phone(issuer)

    with pytest.raises(NotForThisPhone):
        phone.scan(text)

    assert issuer.seen == []


def test_metadata_of_another_issuer(issuer: Issuer, new_phone: NewPhone) -> None:
    """The issuer of the offer and of its metadata must be the same, byte for byte."""
    issuer.metadata = {"credential_issuer": f"{ISSUER}/"}

    with pytest.raises(NotUnderstood):
        new_phone(issuer).scan(OFFER)


def test_no_connection(new_phone: NewPhone) -> None:
    def cut(_request: httpx.Request) -> Answer:
        raise httpx.ConnectError("cut")

    phone = new_phone(cut)

    with pytest.raises(Unreachable):
        phone.scan(OFFER)


def test_deferred_and_resumed(issuer: Issuer, new_phone: NewPhone) -> None:
    """Patience over: the phone says so, and goes on later with the same token and key."""
    later = Answer(202, json={"transaction_id": "d", "interval": 1})
    issuer.replies = {"/credential": [later]}
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(TakesTooLong):
        phone.redeem(PIN)
    issuer.replies = {"/deferred": [refusal("invalid_transaction_id")]}
    with pytest.raises(TakesTooLong):
        phone.resume()
    (card,) = phone.resume()

    assert card.verified.key == issuer.keys[-1]
    assert [path for path, _ in issuer.seen].count("token") == 1
    with pytest.raises(NothingScanned):
        phone.resume()


def test_denied_at_once(issuer: Issuer, new_phone: NewPhone) -> None:
    issuer.replies = {"/credential": [refusal("credential_request_denied")]}
    phone = new_phone(issuer)
    phone.scan(OFFER)

    with pytest.raises(Denied):
        phone.redeem(PIN)


def test_denied_after_deferral(issuer: Issuer, new_phone: NewPhone) -> None:
    issuer.replies = {
        "/credential": [Answer(202, json={"transaction_id": "d", "interval": 1})],
        "/deferred": [refusal("credential_request_denied")],
    }
    phone = new_phone(issuer)
    phone.scan(OFFER)
    with pytest.raises(TakesTooLong):
        phone.redeem(PIN)

    with pytest.raises(Denied):
        phone.resume()


def test_closing_ends_the_waiting(issuer: Issuer, new_phone: NewPhone) -> None:
    later = Answer(202, json={"transaction_id": "d", "interval": 1})
    issuer.replies = {"/credential": [later]}
    phone = new_phone(issuer, patience=600.0)
    phone.scan(OFFER)

    phone.close()

    with pytest.raises(TakesTooLong):
        phone.redeem(PIN)


def test_status(issuer: Issuer, new_phone: NewPhone, stranger: TrainingAuthority) -> None:
    """The list is believed only when signed under the phone's root."""
    phone = new_phone(issuer)
    card = received(issuer, phone)

    assert phone.status(card) is Status.SUSPENDED
    issuer.authority = stranger
    with pytest.raises(CredentialBad):
        phone.status(card)
    issuer.replies = {"/status": [Answer(404)]}
    with pytest.raises(NotUnderstood):
        phone.status(card)


def test_deleted_card_is_gone(issuer: Issuer, new_phone: NewPhone) -> None:
    phone = new_phone(issuer)
    card = received(issuer, phone)

    phone.delete(card)

    assert phone.cards == ()
    assert steps(phone)[-1] is Step.DELETED


CHECK = f"openid4vp://?request_uri={quote(ISSUER + '/request', safe='')}"


def asking(issuer: Issuer, authority: TrainingAuthority) -> None:
    request = build_request(
        PROFILE.dcql((Format.MDOC, Format.SD_JWT)),
        authority.verifier_signer,
        f"{ISSUER}/answer",
    )
    issuer.replies = {
        "/request": [Answer(200, text=request.object)],
        "/answer": [Answer(200, json={})],
    }


def test_presenting_to_a_known_verifier(
    issuer: Issuer, new_phone: NewPhone, authority: TrainingAuthority
) -> None:
    """The holder sees who asks for what; the answer goes out encrypted, once."""
    phone = new_phone(issuer)
    card = received(issuer, phone)
    asking(issuer, authority)

    shown = phone.scan(CHECK)
    phone.present()

    assert isinstance(shown, RequestShown)
    assert shown.known_verifier
    assert shown.card == card
    assert {path[-1] for path in shown.asked} >= {"family_name", "given_name"}
    (form,) = (body for path, body in issuer.seen if path == "answer")
    assert parse_qs(form)["response"][0].count(".") == 4
    assert "SEOK" not in form
    with pytest.raises(NothingScanned):
        phone.present()


def test_unknown_verifier_is_shown_as_one(
    issuer: Issuer, new_phone: NewPhone, stranger: TrainingAuthority
) -> None:
    phone = new_phone(issuer)
    received(issuer, phone)
    asking(issuer, stranger)

    shown = phone.scan(CHECK)

    assert isinstance(shown, RequestShown)
    assert not shown.known_verifier


def test_declining(issuer: Issuer, new_phone: NewPhone, authority: TrainingAuthority) -> None:
    phone = new_phone(issuer)
    received(issuer, phone)
    asking(issuer, authority)
    phone.scan(CHECK)

    phone.decline()

    (form,) = (parse_qs(body) for path, body in issuer.seen if path == "answer")
    assert form["error"] == ["access_denied"]
    assert "response" not in form


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"/request": [Answer(410, json={"error": "request_expired"})]}, CheckOver),
        ({"/request": [Answer(404)]}, CheckOver),
        ({"/request": [Answer(500)]}, NotUnderstood),
        ({"/request": [Answer(200, text="no.jwt")]}, RequestBad),
        ({"/request": [Answer(503)]}, Unreachable),
    ],
)
def test_requests_that_cannot_be_answered(
    issuer: Issuer,
    new_phone: NewPhone,
    replies: dict[str, list[Answer]],
    expected: type[PhoneTrouble],
) -> None:
    phone = new_phone(issuer)
    received(issuer, phone)
    issuer.replies = replies

    with pytest.raises(expected):
        phone.scan(CHECK)


def test_request_signed_by_nobody(
    issuer: Issuer, new_phone: NewPhone, authority: TrainingAuthority
) -> None:
    """A changed request is refused before anything is shown."""
    phone = new_phone(issuer)
    received(issuer, phone)
    asking(issuer, authority)
    token = issuer.replies["/request"][0].text
    head, body, signature = token.split(".")
    claims = jose.parse_object(from_b64url(body)) | {"response_uri": "https://thief.example"}
    forged = f"{head}.{b64url(jose.compact_json(claims))}.{signature}"
    issuer.replies = {"/request": [Answer(200, text=forged)]}

    with pytest.raises(RequestBad):
        phone.scan(CHECK)

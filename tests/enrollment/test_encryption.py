"""Encrypted requests and answers: OpenID4VCI 1.0 sections 8.2, 8.3, 9.1, 9.2 and 10."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.credential import jose
from desk.credential.keys import Curve, DeviceKey
from desk.credential.signer import LocalKey
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from desk.training.wallet_issuer import Manner
from tests.enrollment.conftest import NewPhone, started
from tests.enrollment.counter import PIN, Counter
from tests.enrollment.steps import Steps
from tests.jwes import jwe_with

LARGE = 1 << 22


@pytest.fixture(scope="module")
def strict(folder: Path, key: StationKey, authority: TrainingAuthority) -> Iterator[Counter]:
    """A desk at a service that takes nothing unencrypted, and defers at once."""
    process = started(folder, "strict", "--wait", "0", "--encryption", "required")
    with HttpLink(process.url, key) as link:
        yield Counter(link, authority)
    process.stop()


@pytest.fixture
def steps(hasty: Counter, web: httpx.Client) -> Steps:
    return Steps(web, hasty, hasty.place("mdoc"))


def opened(answer: httpx.Response, opener: LocalKey) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "no-store"
    return jose.parse_object(jose.decrypt(answer.text, opener.private, inflate_up_to=LARGE))


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("configuration", ["mdoc", "sd-jwt"])
def test_phone_obtains_encrypted(
    counter: Counter, new_phone: NewPhone, enc: str, compress: bool, configuration: str
) -> None:
    """Both content encryptions, compressed and not, both formats, told to the end."""
    offer = counter.place(configuration)
    phone = new_phone(manner=Manner(enc=enc, compress=compress))

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)

    assert card.portrait == counter.values.portrait
    assert counter.kinds(offer.offer_id)[-2:] == [EventKind.ANSWERED, EventKind.ACCEPTED]


def test_phone_that_does_not_encrypt_is_served_in_clear(
    counter: Counter, new_phone: NewPhone
) -> None:
    offer, phone = counter.place("mdoc"), new_phone(manner=Manner(encrypt=False))

    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)

    assert len(cards) == 1


def test_metadata_of_an_encrypting_service(strict: Counter, web: httpx.Client) -> None:
    """12.2.4: one key with kid and alg, the values, and that it is required."""
    body = web.get(f"{strict.link.issuer}/.well-known/openid-credential-issuer").json()

    asked, given = body["credential_request_encryption"], body["credential_response_encryption"]
    (jwk,) = asked["jwks"]["keys"]
    assert jwk["kid"] == DeviceKey.from_jwk(jwk).thumbprint
    assert (jwk["alg"], jwk["use"], "d" in jwk) == ("ECDH-ES", "enc", False)
    assert given["alg_values_supported"] == ["ECDH-ES"]
    for member in (asked, given):
        assert member["enc_values_supported"] == ["A128GCM", "A256GCM"]
        assert member["zip_values_supported"] == ["DEF"]
        assert member["encryption_required"] is True


def test_desk_encrypts_and_the_service_cannot_open(
    strict: Counter, web: httpx.Client, folder: Path
) -> None:
    """The credential goes through as ciphertext for the phone's own key; «come back later» is
    encrypted too, and the answer's header names the key by its kid."""
    steps, opener = Steps(web, strict, strict.place("mdoc")), LocalKey.generate(Curve.P384)
    token = steps.token()
    terms = steps.answer_to(opener, "A128GCM", kid="mine")

    first = steps.encrypted(token, steps.request_body(), response=terms)
    transaction = opened(first, opener)["transaction_id"]
    strict.answer_all(steps.offer.offer_id)
    second = steps.encrypted(token, {"transaction_id": transaction}, "deferred", response=terms)

    assert first.status_code == 202
    assert second.status_code == 200
    assert set(opened(second, opener)) == {"credentials"}
    header = jose.jwe_header(second.text)
    assert (header["alg"], header["enc"], header["kid"]) == ("ECDH-ES", "A128GCM", "mine")


def test_deferred_request_names_another_key(steps: Steps, hasty: Counter) -> None:
    """9.1: the key named last counts; the desk is asked again, the first opens nothing."""
    token, first, second = steps.token(), LocalKey.generate(), LocalKey.generate()
    early = steps.encrypted(token, steps.request_body(), opener=first)
    asked = {"transaction_id": opened(early, first)["transaction_id"]}
    hasty.answer_all(steps.offer.offer_id)

    changed = steps.encrypted(token, asked, "deferred", opener=second)
    hasty.answer_all(steps.offer.offer_id)
    late = steps.encrypted(token, asked, "deferred", opener=second)

    assert (changed.status_code, late.status_code) == (202, 200)
    assert opened(changed, second) | {"interval": 0} == {**asked, "interval": 0}
    assert len(opened(late, second)["credentials"]) == 1
    with pytest.raises(Exception, match="CRED-21"):
        jose.decrypt(late.text, first.private)


def test_deferred_request_without_a_key_is_answered_in_clear(steps: Steps, hasty: Counter) -> None:
    """9.1: «if it is not included encryption will not be performed»."""
    token, opener = steps.token(), LocalKey.generate()
    early = steps.encrypted(token, steps.request_body(), opener=opener)
    asked = {"transaction_id": opened(early, opener)["transaction_id"]}

    assert steps.post("deferred", token, json=asked).status_code == 202
    hasty.answer_all(steps.offer.offer_id)
    late = steps.post("deferred", token, json=asked)

    assert late.status_code == 200
    assert len(late.json()["credentials"]) == 1


def test_lost_answer_for_a_new_key(steps: Steps, hasty: Counter) -> None:
    """The same device key asks again with a new key to encrypt to: the desk answers again,
    and no second credential is asked for."""
    token, proof = steps.token(), steps.proof()
    body = steps.request_body(proofs={"jwt": [proof]})
    steps.encrypted(token, body)
    hasty.answer_all(steps.offer.offer_id)
    opener = LocalKey.generate()

    steps.encrypted(token, body, opener=opener)
    hasty.answer_all(steps.offer.offer_id)
    answer = steps.encrypted(token, body, opener=opener)

    assert len(opened(answer, opener)["credentials"]) == 1
    received = [
        dict(event.facts)
        for event in hasty.link.events(steps.offer.offer_id, 0, 0)
        if event.kind is EventKind.KEY_RECEIVED
    ]
    assert received == [
        {"configuration": "mdoc", "keys": 1},
        {"configuration": "mdoc", "keys": 1, "again": 1},
    ]


def test_answer_for_a_key_named_before_is_not_delivered(steps: Steps, hasty: Counter) -> None:
    """The desk fetched the request, the phone names another key, then the desk answers."""
    token, body = steps.token(), steps.request_body()
    steps.encrypted(token, body)
    (request,) = hasty.link.requests(steps.offer.offer_id)
    opener = LocalKey.generate()

    steps.encrypted(token, body, opener=opener)
    hasty.link.answer(request, [hasty.credential(request)])
    answer = steps.encrypted(token, body, opener=opener)

    assert answer.status_code == 202
    (again,) = hasty.link.requests(steps.offer.offer_id)
    assert again.encryption is not None
    assert DeviceKey.from_jwk(again.encryption.jwk) == opener.public
    assert (again.request_id, again.proofs) == (request.request_id, request.proofs)


@pytest.mark.parametrize(
    ("header", "status"), [({"iss": "wallet", "foo": 1}, 202), ({"crit": ["foo"], "foo": "x"}, 400)]
)
def test_request_with_more_in_its_header(steps: Steps, header: dict[str, Any], status: int) -> None:
    """RFC 7516, 4: what nobody knows is left alone, except where it is critical."""
    metadata = steps.web.get(f"{steps.issuer}/.well-known/openid-credential-issuer").json()
    (key,) = metadata["credential_request_encryption"]["jwks"]["keys"]
    plain = jose.compact_json(steps.request_body())
    sealed = jwe_with({"kid": key["kid"], **header}, plain, DeviceKey.from_jwk(key))

    answer = steps.post(
        "credential", steps.token(), content=sealed, headers={"Content-Type": "application/jwt"}
    )

    assert answer.status_code == status


def test_request_key_is_the_stations(key: StationKey) -> None:
    """Every process of a service has the same key, another station another."""
    first = key.request_key().private_numbers()

    assert key.request_key().private_numbers() == first
    assert StationKey(b"o" * 32).request_key().private_numbers() != first


def test_what_does_not_inflate_to_little_is_refused() -> None:
    """Ten megabytes of nothing in some kilobytes: neither here nor where zip is not allowed."""
    key = LocalKey.generate()
    bomb = jose.encrypt(b"\0" * 10_000_000, key.public, deflate=True)
    small = jose.encrypt(b"\0" * 1000, key.public, deflate=True)

    assert len(bomb) < 20_000
    assert jose.decrypt(small, key.private, inflate_up_to=1000) == b"\0" * 1000
    for limit in (0, 999):
        with pytest.raises(Exception, match="CRED-21"):
            jose.decrypt(small, key.private, inflate_up_to=limit)
    with pytest.raises(Exception, match="CRED-21"):
        jose.decrypt(bomb, key.private, inflate_up_to=1 << 30)

"""The check at the counter, over HTTP: request, answer of either kind, once."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from desk.credential import jose
from desk.credential.claims import Format
from desk.credential.presentation import (
    CheckRequest,
    ResponseMode,
    build_request,
    verify_answer,
)
from desk.credential.signer import LocalKey
from desk.credential.troubles import PresentationDeclined
from desk.credential.verify import Trust
from desk.enrollment import keys
from desk.enrollment.trouble import AlreadyOtherwise, NotThere, OrderUnusable
from desk.issuance.ports import Check, CheckOrder
from desk.training.phone import Card, Phone, RequestShown
from desk.training.wallet_trouble import CheckOver, NothingScanned, RequestBad
from tests.enrollment.conftest import NewPhone
from tests.enrollment.counter import PIN, Counter, now


def holding(counter: Counter, phone: Phone, configuration: str) -> Card:
    offer = counter.place(configuration)
    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        (card,) = phone.redeem(PIN)
    return card


def ask(
    counter: Counter,
    *formats: Format,
    mode: ResponseMode = ResponseMode.ENCRYPTED,
    life: timedelta = timedelta(minutes=10),
) -> tuple[CheckRequest, Check]:
    check_id = secrets.token_urlsafe(24)
    request = build_request(
        counter.profile.dcql(formats or tuple(Format)),
        counter.authority.verifier_signer,
        counter.link.response_uri(check_id),
        mode,
    )
    check = counter.link.place_check(CheckOrder(check_id, request.object, now() + life))
    return request, check


def trust(counter: Counter) -> Trust:
    return Trust((counter.authority.iaca,), now())


@pytest.mark.parametrize("mode", list(ResponseMode))
@pytest.mark.parametrize(
    ("configuration", "fmt"), [("mdoc", Format.MDOC), ("sd-jwt", Format.SD_JWT)]
)
def test_phone_proves_its_credential(
    counter: Counter, new_phone: NewPhone, configuration: str, fmt: Format, mode: ResponseMode
) -> None:
    """Both formats, encrypted and in clear: the desk gets the claims and the very key."""
    phone = new_phone()
    card = holding(counter, phone, configuration)
    request, check = ask(counter, fmt, mode=mode)

    shown = phone.scan(check.uri)
    before = counter.link.check_answer(check.check_id, 0)
    phone.present()
    answer = counter.link.check_answer(check.check_id, 5)

    assert isinstance(shown, RequestShown)
    assert shown.known_verifier
    assert shown.card == card
    assert before is None
    assert answer is not None
    (presented,) = verify_answer(request, answer.response, counter.profile, trust(counter))
    assert presented.credential.key == card.verified.key
    assert presented.values["family_name"] == "MAENG"


@pytest.mark.parametrize("mode", list(ResponseMode))
def test_answer_is_never_stored_in_clear(
    counter: Counter, new_phone: NewPhone, folder: Path, tmp_path: Path, mode: ResponseMode
) -> None:
    """Even an answer that was asked for in clear is ciphertext in the database."""
    phone = new_phone()
    holding(counter, phone, "sd-jwt")
    _, check = ask(counter, mode=mode)
    phone.scan(check.uri)
    phone.present()

    # The service has the file for itself.
    for part in folder.glob("patient.sqlite*"):
        shutil.copy(part, tmp_path)
    with sqlite3.connect(tmp_path / "patient.sqlite") as database:
        (stored,) = database.execute(
            "SELECT response FROM checks WHERE check_id = ?", (check.check_id,)
        ).fetchone()
    database.close()

    assert "vp_token" not in stored
    assert "{" not in stored


def test_holder_says_no(counter: Counter, new_phone: NewPhone) -> None:
    """A refusal reaches the desk as one."""
    phone = new_phone()
    holding(counter, phone, "mdoc")
    request, check = ask(counter)
    phone.scan(check.uri)

    phone.decline()

    answer = counter.link.check_answer(check.check_id, 5)
    assert answer is not None
    with pytest.raises(PresentationDeclined):
        verify_answer(request, answer.response, counter.profile, trust(counter))


def test_a_check_is_answered_once(counter: Counter, new_phone: NewPhone) -> None:
    """The first answer stays; a second phone is told that the check is over."""
    phone, other = new_phone(), new_phone()
    for one in (phone, other):
        holding(counter, one, "mdoc")
    _, check = ask(counter)
    phone.scan(check.uri)
    other.scan(check.uri)

    phone.present()
    first = counter.link.check_answer(check.check_id, 0)

    with pytest.raises(CheckOver):
        other.present()
    assert counter.link.check_answer(check.check_id, 0) == first
    with pytest.raises(NothingScanned):
        phone.present()


def test_expired_check(counter: Counter, new_phone: NewPhone) -> None:
    """After its time a check is neither shown nor answered."""
    phone = new_phone()
    holding(counter, phone, "mdoc")
    _, check = ask(counter, life=timedelta(milliseconds=-1))

    with pytest.raises(CheckOver):
        phone.scan(check.uri)


def test_phone_without_the_credential(counter: Counter, new_phone: NewPhone) -> None:
    """Nothing is sent when nothing fits."""
    _, check = ask(counter)

    with pytest.raises(RequestBad):
        new_phone().scan(check.uri)

    assert counter.link.check_answer(check.check_id, 0) is None


def test_request_of_another_client_is_refused(counter: Counter, new_phone: NewPhone) -> None:
    """The client id of the QR and of the signed request must be the same."""
    phone = new_phone()
    holding(counter, phone, "mdoc")
    _, check = ask(counter)
    other = "x509_hash%3AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    parts = urlsplit(check.uri)
    client = parse_qs(parts.query)["client_id"][0].replace(":", "%3A")

    with pytest.raises(RequestBad):
        phone.scan(check.uri.replace(client, other))


def test_link_is_spelled_as_addresses_are(counter: Counter) -> None:
    """RFC 3986: a wallet that undoes percent-encoding, and nothing else, reads the client."""
    request = {"client_id": "x509_san_dns:a b", "response_mode": "direct_post"}
    signed = jose.sign_compact({"alg": "ES256"}, request, LocalKey.generate())

    check = counter.link.place_check(CheckOrder(secrets.token_urlsafe(24), signed, now()))

    assert "?client_id=x509_san_dns%3Aa%20b&request_uri=http%3A%2F%2F" in check.uri


def test_repeated_and_changed_orders(counter: Counter) -> None:
    """The same order twice is one check; another under its identifier is refused."""
    request, check = ask(counter)
    again = CheckOrder(check.check_id, request.object, check.expires_at)

    assert counter.link.place_check(again) == check
    other, _ = ask(counter)
    with pytest.raises(AlreadyOtherwise):
        counter.link.place_check(CheckOrder(check.check_id, other.object, check.expires_at))
    with pytest.raises(OrderUnusable):
        counter.link.place_check(CheckOrder("short", request.object, check.expires_at))
    with pytest.raises(NotThere):
        counter.link.check_answer(secrets.token_urlsafe(24), 0)


def test_a_check_names_a_key_to_seal_to(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers in clear are sealed to it: without a right one they could not be kept."""
    monkeypatch.setattr(keys, "public_bytes", lambda _key: b"\x09" * 31)

    with pytest.raises(OrderUnusable):
        ask(counter)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"response": "not-a-jwe"},
        {"vp_token": "{}", "state": "x"},
        {"response": ""},
    ],
)
def test_wrong_kinds_of_answer(counter: Counter, web: httpx.Client, form: dict[str, str]) -> None:
    """What is not an encrypted answer to an encrypted request is refused and changes nothing."""
    _, check = ask(counter)

    answer = web.post(counter.link.response_uri(check.check_id), data=form)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert counter.link.check_answer(check.check_id, 0) is None


def test_request_object_by_get_and_post(counter: Counter, web: httpx.Client) -> None:
    """The wallet may fetch it either way; both give the signed object as its media type."""
    request, check = ask(counter)
    uri = parse_qs(urlsplit(check.uri).query)["request_uri"][0]

    for answer in (web.get(uri), web.post(uri, data={"wallet_nonce": "x"})):
        assert answer.text == request.object
        assert answer.headers["content-type"] == "application/oauth-authz-req+jwt"
        assert answer.headers["cache-control"] == "no-store"

"""Ways of wallets in the field: each is a switch, and off it is refused as the standard says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from desk.credential import jose
from desk.credential.signer import LocalKey
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.policy import KNOWN_QUIRKS, Quirk
from desk.training.authority import TrainingAuthority
from tests.enrollment.conftest import started
from tests.enrollment.counter import Counter
from tests.enrollment.steps import Steps


def desk_at(
    folder: Path, key: StationKey, authority: TrainingAuthority, name: str, *quirks: str
) -> Iterator[Counter]:
    options = [word for quirk in quirks for word in ("--quirk", quirk)]
    process = started(folder, name, "--wait", "0", *options)
    with HttpLink(process.url, key) as link:
        yield Counter(link, authority)
    process.stop()


@pytest.fixture(scope="module")
def strict(folder: Path, key: StationKey, authority: TrainingAuthority) -> Iterator[Counter]:
    yield from desk_at(folder, key, authority, "no-quirks", "none")


@pytest.fixture(scope="module")
def patient(folder: Path, key: StationKey, authority: TrainingAuthority) -> Iterator[Counter]:
    yield from desk_at(folder, key, authority, "quirks", *Quirk)


def second_format_with_the_same_nonce(counter: Counter, web: httpx.Client) -> httpx.Response:
    steps = Steps(web, counter, counter.place("mdoc", "sd-jwt"))
    token, nonce = steps.token(), steps.nonce()
    first = {"jwt": [steps.proof(claims={"nonce": nonce})]}
    assert steps.credential(token, proofs=first).status_code == 202
    second = {"jwt": [steps.proof(key=LocalKey.generate(), claims={"nonce": nonce})]}
    return steps.credential(token, proofs=second, credential_configuration_id="sd-jwt")


def test_one_nonce_for_both_formats(strict: Counter, hasty: Counter, web: httpx.Client) -> None:
    """Credo 0.6.3 asks for one nonce a run; by default it may."""
    assert {Quirk.SHARED_NONCE} == KNOWN_QUIRKS
    assert second_format_with_the_same_nonce(hasty, web).status_code == 202
    refused = second_format_with_the_same_nonce(strict, web)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_nonce")


def delivered_late(counter: Counter, web: httpx.Client, *, encrypted: bool) -> dict[str, object]:
    steps, opener = Steps(web, counter, counter.place("mdoc")), LocalKey.generate()
    token = steps.token()

    def ask(body: dict[str, object], path: str) -> dict[str, object]:
        if not encrypted:
            answer = steps.post(path, token, json=body)
            return dict(answer.json())
        answer = steps.encrypted(token, body, path, opener=opener)
        return jose.parse_object(jose.decrypt(answer.text, opener.private))

    transaction = ask(steps.request_body(), "credential")["transaction_id"]
    counter.answer_all(steps.offer.offer_id)
    return ask({"transaction_id": transaction}, "deferred")


@pytest.mark.parametrize("encrypted", [False, True])
def test_notification_of_what_comes_late(
    strict: Counter, patient: Counter, web: httpx.Client, encrypted: bool
) -> None:
    """Section 9.2 allows it; libraries of the field refuse it, so it is off by default."""
    assert set(delivered_late(strict, web, encrypted=encrypted)) == {"credentials"}
    assert "notification_id" in delivered_late(patient, web, encrypted=encrypted)


def test_encryption_as_draft_15_had_it(
    strict: Counter, patient: Counter, web: httpx.Client
) -> None:
    """``alg`` beside the key, in a request in clear; the answer is encrypted all the same."""
    opener = LocalKey.generate()
    terms = {"jwk": opener.public.jwk(), "alg": "ECDH-ES", "enc": "A256GCM"}

    answers = [
        Steps(web, counter, counter.place("mdoc")).credential(credential_response_encryption=terms)
        for counter in (strict, patient)
    ]

    assert answers[0].json()["error"] == "invalid_encryption_parameters"
    assert answers[1].status_code == 202
    assert "transaction_id" in jose.parse_object(jose.decrypt(answers[1].text, opener.private))

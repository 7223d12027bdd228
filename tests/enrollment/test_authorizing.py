"""The token endpoint's ``authorization_details`` and credential identifiers (RFC 9396)."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from desk.issuance.ports import EventKind, OfferOrder
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.steps import Steps

DETAIL = {"type": "openid_credential", "credential_configuration_id": "mdoc"}


def details(*entries: Any) -> str:
    return json.dumps(entries or [DETAIL])


@pytest.fixture
def steps(hasty: Counter, web: httpx.Client) -> Steps:
    return Steps(web, hasty, hasty.place("mdoc", "sd-jwt"))


def test_identifier_is_given_and_used(steps: Steps) -> None:
    """OpenID4VCI 1.0, 6.2 and 8.2: asked for by details, requested by identifier."""
    answer = steps.token_request(authorization_details=details({**DETAIL, "unknown": 1})).json()

    (granted,) = answer["authorization_details"]
    (identifier,) = granted["credential_identifiers"]
    assert granted == {**DETAIL, "credential_identifiers": [identifier]}
    given = steps.credential(
        answer["access_token"], credential_configuration_id=None, credential_identifier=identifier
    )
    assert given.status_code == 202
    (request,) = steps.counter.link.requests(steps.offer.offer_id)
    assert request.configuration == "mdoc"


def test_offer_of_the_longest_identifier(hasty: Counter, web: httpx.Client) -> None:
    """Which stands in code, token and request; whatever the desk may call it."""
    name = f".._-{secrets.token_hex(28)}.Z.."
    order = OfferOrder(name, ("mdoc",), PIN, now() + timedelta(minutes=5))
    steps = Steps(web, hasty, hasty.link.place_offer(order))
    code, token = steps.code(), steps.token()

    later = steps.credential(token)
    (request,) = hasty.link.requests(name)
    answered = hasty.answer_all(name)
    body = {"transaction_id": later.json()["transaction_id"]}
    given = steps.post("deferred", token, json=body)

    assert len(name) == 64
    assert {one.rpartition(".")[0] for one in (code, token, request.request_id)} == {name}
    assert (answered, given.status_code) == (1, 200)


def test_each_detail_has_its_own_identifier(steps: Steps) -> None:
    both = [{**DETAIL, "credential_configuration_id": name} for name in ("sd-jwt", "mdoc")]

    answer = steps.token_request(authorization_details=details(*both, both[0])).json()

    granted = answer["authorization_details"]
    assert [one["credential_configuration_id"] for one in granted] == ["sd-jwt", "mdoc"]
    assert len({one["credential_identifiers"][0] for one in granted}) == 2


def test_no_details_no_identifiers(steps: Steps) -> None:
    assert "authorization_details" not in steps.token_request().json()


def test_configuration_id_after_identifiers_is_refused(steps: Steps) -> None:
    """8.2: with identifiers in the token answer the configuration id must not be used."""
    token = steps.token_request(authorization_details=details()).json()["access_token"]

    answer = steps.credential(token)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_credential_request")


def test_identifier_of_another_token(steps: Steps, hasty: Counter, web: httpx.Client) -> None:
    other = Steps(web, hasty, hasty.place("mdoc"))
    foreign = other.token_request(authorization_details=details()).json()
    (identifier,) = foreign["authorization_details"][0]["credential_identifiers"]
    token = steps.token_request(authorization_details=details()).json()["access_token"]

    answer = steps.credential(
        token, credential_configuration_id=None, credential_identifier=identifier
    )

    assert answer.json()["error"] == "unknown_credential_identifier"


def test_refused_details_cost_neither_code_nor_try(hasty: Counter, web: httpx.Client) -> None:
    """What was not offered is refused before the PIN is looked at, right or wrong."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    foreign = details({**DETAIL, "credential_configuration_id": "sd-jwt"})

    refusals = [
        steps.token_request(authorization_details=foreign, tx_code=WRONG_PIN) for _ in range(6)
    ]

    assert {answer.json()["error"] for answer in refusals} == {"invalid_authorization_details"}
    assert "access_token" in steps.token_request().json()
    assert EventKind.CODE_WRONG not in hasty.kinds(steps.offer.offer_id)


@pytest.mark.parametrize("asked", [True, False])
def test_claims_of_a_right_form(steps: Steps, asked: bool) -> None:
    """5.1.1: which claims the wallet wants, said in the words of the metadata."""
    metadata = steps.web.get(f"{steps.issuer}/.well-known/openid-credential-issuer").json()
    entry = metadata["credential_configurations_supported"]["mdoc"]
    claims = [
        {"path": claim["path"], "mandatory": asked, "x": 1}
        for claim in entry["credential_metadata"]["claims"]
    ]

    answer = steps.token_request(authorization_details=details({**DETAIL, "claims": claims}))

    assert answer.status_code == 200


@pytest.mark.parametrize("asked", ["mdoc", "sd-jwt mdoc", "no.such.scope", "mdoc no.such.scope"])
def test_scope_of_the_token_is_told(steps: Steps, asked: str) -> None:
    """RFC 6749, 3.3: whatever was asked for, the wallet hears what it got. VCI, 5.1.2: scopes
    that nobody knows are ignored."""
    metadata = steps.web.get(f"{steps.issuer}/.well-known/openid-credential-issuer").json()
    known = {
        name: entry["scope"]
        for name, entry in metadata["credential_configurations_supported"].items()
    }
    wanted = " ".join(known.get(name, name) for name in asked.split())

    answer = steps.token_request(scope=wanted)

    assert (answer.status_code, answer.json()["scope"]) == (200, " ".join(known.values()))


def test_scope_beside_details(steps: Steps) -> None:
    """5.1.2: the details decide."""
    answer = steps.token_request(scope="x", authorization_details=details()).json()

    assert answer["scope"].endswith(".mdoc")
    assert " " not in answer["scope"]


def test_no_scope_where_none_was_asked_for(steps: Steps) -> None:
    assert "scope" not in steps.token_request().json()

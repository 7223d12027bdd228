"""Wrong requests, endpoint by endpoint, and the standard's error for each.

OpenID4VCI 1.0 final sections 6.3, 8.3.1, 9.3 and 11.3; RFC 6749 5.2; RFC 6750 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from desk.credential import jose
from desk.credential.keys import Curve
from desk.credential.signer import LocalKey
from tests.enrollment.counter import WRONG_PIN, Counter, now
from tests.enrollment.steps import GRANT, Steps, offer_address

Act = Callable[[Steps], httpx.Response]


@dataclass(frozen=True)
class Wrong:
    """One wrong request and its answer."""

    name: str
    act: Act
    status: int
    error: str


def _twice(steps: Steps) -> httpx.Response:
    code = steps.code()
    steps.token_request(pre_authorized_code=code)
    return steps.token_request(pre_authorized_code=code)


def _sixth_guess(steps: Steps) -> httpx.Response:
    code = steps.code()
    for _ in range(5):
        steps.token_request(pre_authorized_code=code, tx_code=WRONG_PIN)
    return steps.token_request(pre_authorized_code=code)


def _voided(steps: Steps) -> httpx.Response:
    code = steps.code()
    steps.counter.link.void_offer(steps.offer.offer_id, "officer")
    return steps.token_request(pre_authorized_code=code)


def _raw_token(content: bytes, kind: str = "application/x-www-form-urlencoded") -> Act:
    return lambda s: s.web.post(
        f"{s.issuer}/token", content=content, headers={"Content-Type": kind}
    )


TOKEN = [
    Wrong("no grant_type", lambda s: s.token_request(grant_type=None), 400, "invalid_request"),
    Wrong("empty grant_type", lambda s: s.token_request(grant_type=""), 400, "invalid_request"),
    Wrong(
        "another grant",
        lambda s: s.token_request(grant_type="authorization_code"),
        400,
        "unsupported_grant_type",
    ),
    Wrong("no code", lambda s: s.token_request(pre_authorized_code=None), 400, "invalid_request"),
    Wrong("no tx_code", lambda s: s.token_request(tx_code=None), 400, "invalid_request"),
    Wrong("empty tx_code", lambda s: s.token_request(tx_code=""), 400, "invalid_request"),
    Wrong(
        "unknown code",
        lambda s: s.token_request(pre_authorized_code="x" * 43),
        400,
        "invalid_grant",
    ),
    Wrong("wrong tx_code", lambda s: s.token_request(tx_code=WRONG_PIN), 400, "invalid_grant"),
    Wrong("tx_code of letters", lambda s: s.token_request(tx_code="abcdef"), 400, "invalid_grant"),
    Wrong("tx_code in Hangul", lambda s: s.token_request(tx_code="비밀번호"), 400, "invalid_grant"),
    Wrong("endless tx_code", lambda s: s.token_request(tx_code="1" * 300), 400, "invalid_request"),
    Wrong("code used twice", _twice, 400, "invalid_grant"),
    Wrong("sixth guess", _sixth_guess, 400, "invalid_grant"),
    Wrong("voided offer", _voided, 400, "invalid_grant"),
    Wrong("JSON body", _raw_token(b"{}", "application/json"), 400, "invalid_request"),
    Wrong("no body", _raw_token(b""), 400, "invalid_request"),
    Wrong("not a form", _raw_token(b"nonsense"), 400, "invalid_request"),
    Wrong("not UTF-8", _raw_token(b"grant_type=%ff"), 400, "invalid_request"),
    Wrong(
        "parameter twice",
        _raw_token(f"grant_type={GRANT}&grant_type={GRANT}".encode()),
        400,
        "invalid_request",
    ),
    Wrong("too many fields", _raw_token(b"&".join([b"a=1"] * 50)), 400, "invalid_request"),
    Wrong("too large", _raw_token(b"a=" + b"1" * 70_000), 413, "invalid_request"),
    Wrong("by GET", lambda s: s.web.get(f"{s.issuer}/token"), 405, "invalid_request"),
]


def _with_auth(value: str | None) -> Act:
    def act(steps: Steps) -> httpx.Response:
        headers = {"Authorization": value} if value is not None else {}
        return steps.web.post(f"{steps.issuer}/credential", json={}, headers=headers)

    return act


def _raw_credential(content: bytes, kind: str = "application/json") -> Act:
    return lambda s: s.post(
        "credential", s.token(), content=content, headers={"Content-Type": kind}
    )


def _with_proof(header: dict[str, Any] | None = None, claims: dict[str, Any] | None = None) -> Act:
    return lambda s: s.credential(proofs={"jwt": [s.proof(header=header, claims=claims)]})


def _private_key_in_header(steps: Steps) -> httpx.Response:
    header = {"jwk": jose.private_jwk(steps.key.private)}
    return steps.credential(proofs={"jwt": [steps.proof(header=header)]})


def _key_of_another(steps: Steps) -> httpx.Response:
    header = {"jwk": LocalKey.generate().public.jwk()}
    return steps.credential(proofs={"jwt": [steps.proof(header=header)]})


def _curve_and_algorithm_differ(steps: Steps) -> httpx.Response:
    key = LocalKey.generate(Curve.P384)
    return steps.credential(proofs={"jwt": [steps.proof(key=key, header={"alg": "ES256"})]})


def _unsigned(steps: Steps) -> httpx.Response:
    head, body, _ = steps.proof(header={"alg": "none"}).split(".")
    return steps.credential(proofs={"jwt": [f"{head}.{body}."]})


def _nonce_used_before(steps: Steps) -> httpx.Response:
    token, nonce = steps.token(), steps.nonce()
    steps.credential(token, proofs={"jwt": [steps.proof(claims={"nonce": nonce})]})
    again = steps.proof(claims={"nonce": nonce, "iat": int(now().timestamp()) - 5})
    return steps.credential(token, proofs={"jwt": [again]})


def _nonce_of_another_offer(steps: Steps) -> httpx.Response:
    nonce = steps.nonce()
    other = Steps(steps.web, steps.counter, steps.counter.place("mdoc"))
    other.credential(proofs={"jwt": [other.proof(claims={"nonce": nonce})]})
    return steps.credential(proofs={"jwt": [steps.proof(claims={"nonce": nonce})]})


def _second_key(steps: Steps) -> httpx.Response:
    token = steps.token()
    steps.credential(token)
    return steps.credential(token, proofs={"jwt": [steps.proof(key=LocalKey.generate())]})


def _same_key_twice(steps: Steps) -> httpx.Response:
    proof = steps.proof()
    return steps.credential(proofs={"jwt": [proof, proof]})


def _two_nonces(steps: Steps) -> httpx.Response:
    other = steps.proof(key=LocalKey.generate())
    return steps.credential(proofs={"jwt": [steps.proof(), other]})


def _after_void(steps: Steps) -> httpx.Response:
    token = steps.token()
    steps.counter.link.void_offer(steps.offer.offer_id, "officer")
    return steps.credential(token)


_ENCRYPTION = {"jwk": {"kty": "EC"}, "enc": "A256GCM"}

CREDENTIAL = [
    Wrong("no token", _with_auth(None), 401, "invalid_token"),
    Wrong("another scheme", _with_auth("Basic eDp5"), 401, "invalid_token"),
    Wrong("no token after Bearer", _with_auth("Bearer"), 401, "invalid_token"),
    Wrong("unknown token", _with_auth("Bearer " + "x" * 43), 401, "invalid_token"),
    Wrong("endless token", _with_auth("Bearer " + "x" * 5000), 401, "invalid_token"),
    Wrong("not JSON", _raw_credential(b"{"), 400, "invalid_credential_request"),
    Wrong("no object", _raw_credential(b"[]"), 400, "invalid_credential_request"),
    Wrong("a name twice", _raw_credential(b'{"a":1,"a":2}'), 400, "invalid_credential_request"),
    Wrong("NaN", _raw_credential(b'{"a":NaN}'), 400, "invalid_credential_request"),
    Wrong("deep JSON", _raw_credential(b"[" * 60_000), 400, "invalid_credential_request"),
    Wrong("not UTF-8", _raw_credential(b'{"a":"\xff"}'), 400, "invalid_credential_request"),
    Wrong("too large", _raw_credential(b" " * 70_000), 413, "invalid_request"),
    Wrong(
        "another media type",
        _raw_credential(b"{}", "text/plain"),
        400,
        "invalid_credential_request",
    ),
    Wrong(
        "no configuration",
        lambda s: s.credential(credential_configuration_id=None),
        400,
        "invalid_credential_request",
    ),
    Wrong(
        "configuration and identifier",
        lambda s: s.credential(credential_identifier="x"),
        400,
        "invalid_credential_request",
    ),
    Wrong(
        "unknown identifier",
        lambda s: s.credential(credential_configuration_id=None, credential_identifier="x"),
        400,
        "unknown_credential_identifier",
    ),
    Wrong(
        "unknown configuration",
        lambda s: s.credential(credential_configuration_id="passport"),
        400,
        "unknown_credential_configuration",
    ),
    Wrong(
        "configuration is an object",
        lambda s: s.credential(credential_configuration_id={}),
        400,
        "unknown_credential_configuration",
    ),
    Wrong(
        "configuration that was not offered",
        lambda s: s.credential(credential_configuration_id="sd-jwt"),
        403,
        "insufficient_scope",
    ),
    Wrong(
        "response encryption",
        lambda s: s.credential(credential_response_encryption=_ENCRYPTION),
        400,
        "invalid_encryption_parameters",
    ),
    Wrong("no proofs", lambda s: s.credential(proofs=None), 400, "invalid_proof"),
    Wrong("proofs is an array", lambda s: s.credential(proofs=[]), 400, "invalid_proof"),
    Wrong("proofs is empty", lambda s: s.credential(proofs={}), 400, "invalid_proof"),
    Wrong("empty array", lambda s: s.credential(proofs={"jwt": []}), 400, "invalid_proof"),
    Wrong("number as proof", lambda s: s.credential(proofs={"jwt": [7]}), 400, "invalid_proof"),
    Wrong("no JWT", lambda s: s.credential(proofs={"jwt": ["a.b"]}), 400, "invalid_proof"),
    Wrong(
        "huge proof", lambda s: s.credential(proofs={"jwt": ["a" * 20_000]}), 400, "invalid_proof"
    ),
    Wrong(
        "the singular proof of older drafts",
        lambda s: s.credential(proofs=None, proof={"proof_type": "jwt", "jwt": s.proof()}),
        400,
        "invalid_proof",
    ),
    Wrong(
        "two proof types",
        lambda s: s.credential(proofs={"jwt": [s.proof()], "attestation": ["x"]}),
        400,
        "invalid_proof",
    ),
    Wrong(
        "attestation only",
        lambda s: s.credential(proofs={"attestation": ["x"]}),
        400,
        "invalid_proof",
    ),
    Wrong(
        "more proofs than the batch",
        lambda s: s.credential(proofs={"jwt": ["a"] * 3}),
        400,
        "invalid_proof",
    ),
    Wrong("one key twice", _same_key_twice, 400, "invalid_proof"),
    Wrong("two nonces", _two_nonces, 400, "invalid_proof"),
    Wrong("no typ", _with_proof({"typ": None}), 400, "invalid_proof"),
    Wrong("typ of another token", _with_proof({"typ": "JWT"}), 400, "invalid_proof"),
    Wrong("no key", _with_proof({"jwk": None}), 400, "invalid_proof"),
    Wrong("key and kid", _with_proof({"kid": "did:example:1"}), 400, "invalid_proof"),
    Wrong("kid only", _with_proof({"jwk": None, "kid": "did:example:1"}), 400, "invalid_proof"),
    Wrong("critical header", _with_proof({"crit": ["x"], "x": 1}), 400, "invalid_proof"),
    Wrong("private key in the header", _private_key_in_header, 400, "invalid_proof"),
    Wrong("signed by another key", _key_of_another, 400, "invalid_proof"),
    Wrong("algorithm of another curve", _curve_and_algorithm_differ, 400, "invalid_proof"),
    Wrong("MAC", _with_proof({"alg": "HS256"}), 400, "invalid_proof"),
    Wrong("alg none", _unsigned, 400, "invalid_proof"),
    Wrong("no audience", _with_proof(claims={"aud": None}), 400, "invalid_proof"),
    Wrong("other audience", _with_proof(claims={"aud": "https://x.example"}), 400, "invalid_proof"),
    Wrong("no iat", _with_proof(claims={"iat": None}), 400, "invalid_proof"),
    Wrong("old iat", _with_proof(claims={"iat": 1_000_000}), 400, "invalid_proof"),
    Wrong("iat to come", _with_proof(claims={"iat": 9_999_999_999}), 400, "invalid_proof"),
    Wrong("iat as text", _with_proof(claims={"iat": "now"}), 400, "invalid_proof"),
    Wrong("no nonce", _with_proof(claims={"nonce": None}), 400, "invalid_proof"),
    Wrong("nonce is a number", _with_proof(claims={"nonce": 7}), 400, "invalid_proof"),
    Wrong("nonce of nobody", _with_proof(claims={"nonce": "x" * 43}), 400, "invalid_nonce"),
    Wrong("nonce used before", _nonce_used_before, 400, "invalid_nonce"),
    Wrong("nonce of another offer", _nonce_of_another_offer, 400, "invalid_nonce"),
    Wrong("second key for one offer", _second_key, 400, "credential_request_denied"),
    Wrong("after the offer was withdrawn", _after_void, 400, "credential_request_denied"),
    Wrong("by GET", lambda s: s.web.get(f"{s.issuer}/credential"), 405, "invalid_request"),
]


def _deferred_twice(steps: Steps) -> httpx.Response:
    token = steps.token()
    transaction = steps.credential(token).json()["transaction_id"]
    steps.counter.answer_all(steps.offer.offer_id)
    steps.post("deferred", token, json={"transaction_id": transaction})
    return steps.post("deferred", token, json={"transaction_id": transaction})


def _deferred_with_other_token(steps: Steps) -> httpx.Response:
    transaction = steps.credential().json()["transaction_id"]
    other = Steps(steps.web, steps.counter, steps.counter.place("mdoc"))
    return steps.post("deferred", other.token(), json={"transaction_id": transaction})


def _deferred_after_denial(steps: Steps) -> httpx.Response:
    token = steps.token()
    transaction = steps.credential(token).json()["transaction_id"]
    (request,) = steps.counter.link.requests(steps.offer.offer_id)
    steps.counter.link.deny(request.request_id, "invalid_proof")
    return steps.post("deferred", token, json={"transaction_id": transaction})


def _body(path: str, body: Any) -> Act:
    return lambda s: s.post(path, s.token(), json=body)


def _without_token(path: str) -> Act:
    return lambda s: s.web.post(f"{s.issuer}/{path}", json={})


def _notify(event: Any) -> Act:
    def act(steps: Steps) -> httpx.Response:
        token, notification = _delivered(steps)
        return steps.post(
            "notification", token, json={"notification_id": notification, "event": event}
        )

    return act


def _delivered(steps: Steps) -> tuple[str, str]:
    """Token and notification_id of a credential that the phone has got."""
    token = steps.token()
    steps.credential(token)
    steps.counter.answer_all(steps.offer.offer_id)
    return token, str(steps.credential(token).json()["notification_id"])


_UNKNOWN_NOTIFICATION = {"notification_id": "x", "event": "credential_accepted"}

LATER = [
    Wrong("deferred: no token", _without_token("deferred"), 401, "invalid_token"),
    Wrong("deferred: no transaction_id", _body("deferred", {}), 400, "invalid_credential_request"),
    Wrong(
        "deferred: unknown",
        _body("deferred", {"transaction_id": "x"}),
        400,
        "invalid_transaction_id",
    ),
    Wrong(
        "deferred: a number",
        _body("deferred", {"transaction_id": 7}),
        400,
        "invalid_transaction_id",
    ),
    Wrong(
        "deferred: not ASCII",
        _body("deferred", {"transaction_id": "가"}),
        400,
        "invalid_transaction_id",
    ),
    Wrong(
        "deferred: encryption",
        _body("deferred", {"transaction_id": "x", "credential_response_encryption": _ENCRYPTION}),
        400,
        "invalid_encryption_parameters",
    ),
    Wrong("deferred: used", _deferred_twice, 400, "invalid_transaction_id"),
    Wrong("deferred: another's", _deferred_with_other_token, 400, "invalid_transaction_id"),
    Wrong("deferred: denied", _deferred_after_denial, 400, "credential_request_denied"),
    Wrong("notification: no token", _without_token("notification"), 401, "invalid_token"),
    Wrong("notification: empty", _body("notification", {}), 400, "invalid_notification_request"),
    Wrong(
        "notification: unknown",
        _body("notification", _UNKNOWN_NOTIFICATION),
        400,
        "invalid_notification_id",
    ),
    Wrong("notification: other event", _notify("loved"), 400, "invalid_notification_request"),
    Wrong("notification: no event", _notify(None), 400, "invalid_notification_request"),
    Wrong("nonce: by GET", lambda s: s.web.get(f"{s.issuer}/nonce"), 405, "invalid_request"),
    Wrong("offer: unknown", lambda s: s.web.get(f"{s.issuer}/offer/x"), 404, "not_found"),
    Wrong("offer: by POST", lambda s: s.web.post(offer_address(s.offer)), 405, "invalid_request"),
    Wrong("check: unknown", lambda s: s.web.get(f"{s.issuer}/present/x/request"), 404, "not_found"),
    Wrong("status: unknown", lambda s: s.web.get(f"{s.issuer}/status/x"), 404, "not_found"),
    Wrong("nowhere", lambda s: s.web.get(f"{s.issuer}/nowhere"), 404, "not_found"),
    Wrong("desk: no key", lambda s: s.web.get(f"{s.issuer}/desk/health"), 401, "station_unknown"),
    Wrong(
        "desk: a phone's token",
        lambda s: s.web.get(f"{s.issuer}/desk/health", headers=s.bearer(s.token())),
        401,
        "station_unknown",
    ),
]


@pytest.mark.parametrize("wrong", [*TOKEN, *CREDENTIAL, *LATER], ids=lambda wrong: wrong.name)
def test_wrong_request(hasty: Counter, web: httpx.Client, wrong: Wrong) -> None:
    """The standard's status and error, uncached, described in plain ASCII, in clear."""
    steps = Steps(web, hasty, hasty.place("mdoc"))

    answer = wrong.act(steps)

    body = answer.json()
    assert (answer.status_code, body["error"]) == (wrong.status, wrong.error)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    # RFC 6749 5.2: %x20-21 / %x23-5B / %x5D-7E
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", body["error_description"])
    if answer.status_code == 401 and wrong.error == "invalid_token":
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_what_wallets_add_is_ignored(hasty: Counter, web: httpx.Client) -> None:
    """Members that some wallets send beside the required ones do no harm."""
    steps = Steps(web, hasty, hasty.place("mdoc"))

    token = steps.token_request(client_id="wallet", resource=steps.issuer, extra="x")
    steps.credential(token.json()["access_token"])
    hasty.answer_all(steps.offer.offer_id)
    answer = steps.credential(
        token.json()["access_token"],
        proofs={"jwt": [steps.proof(header={"x": 1}, claims={"iss": "wallet", "y": 2})]},
        headers={"DPoP": "x"},
        format="mso_mdoc",
        unknown={"a": [1]},
    )

    assert token.headers["cache-control"] == "no-store"
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"credentials", "notification_id"}


def test_missing_parameters_cost_no_try(hasty: Counter, web: httpx.Client) -> None:
    """Only a wrong transaction code counts as a wrong one."""
    steps = Steps(web, hasty, hasty.place("mdoc"))

    for _ in range(6):
        steps.token_request(tx_code=None)

    assert "access_token" in steps.token_request().json()


def test_notification_is_idempotent(hasty: Counter, web: httpx.Client) -> None:
    """Said twice it counts once (section 11)."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    token, notification = _delivered(steps)
    said = {"notification_id": notification, "event": "credential_deleted"}

    answers = [steps.post("notification", token, json=said) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [k.value for k in hasty.kinds(steps.offer.offer_id)].count("deleted") == 1


def test_lost_answer_is_given_again_to_the_same_key(hasty: Counter, web: httpx.Client) -> None:
    """A phone that lost its credential on the way asks again with the key it used."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    token = steps.token()
    steps.credential(token)
    hasty.answer_all(steps.offer.offer_id)
    first = steps.credential(token).json()
    second = steps.credential(token).json()

    assert first["credentials"] == second["credentials"]
    kinds = [kind.value for kind in hasty.kinds(steps.offer.offer_id)]
    assert kinds.count("key_received") == kinds.count("answered") == 1

"""Wrong requests for an access token: RFC 6749, VCI 6, RFC 9396, RFC 9449."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx

from tests.enrollment.counter import WRONG_PIN
from tests.enrollment.steps import GRANT, Steps
from tests.enrollment.wrong.form import Act, Wrong


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


def _details(value: Any) -> Act:
    text = value if isinstance(value, str) else json.dumps(value)
    return lambda s: s.token_request(authorization_details=text)


_DETAIL = {"type": "openid_credential", "credential_configuration_id": "mdoc"}


def _proof_for_token(**claims: Any) -> Act:
    return lambda s: s.token_request(headers={"DPoP": s.dpop("token", **claims)})


_token = partial(Wrong, "token")
_FORM, _CODE = "RFC 6749 4.5, 5.2", "VCI 6.3"
TOKEN = [
    _token(_FORM, "no grant_type", lambda s: s.token_request(grant_type=None), "invalid_request"),
    _token(_FORM, "empty grant_type", lambda s: s.token_request(grant_type=""), "invalid_request"),
    _token(
        _FORM,
        "another grant",
        lambda s: s.token_request(grant_type="authorization_code"),
        "unsupported_grant_type",
    ),
    _token(
        "VCI 6.1", "no code", lambda s: s.token_request(pre_authorized_code=None), "invalid_request"
    ),
    _token(_CODE, "no tx_code", lambda s: s.token_request(tx_code=None), "invalid_request"),
    _token(_CODE, "empty tx_code", lambda s: s.token_request(tx_code=""), "invalid_request"),
    _token(
        _CODE,
        "unknown code",
        lambda s: s.token_request(pre_authorized_code="x" * 43),
        "invalid_grant",
    ),
    _token(_CODE, "wrong tx_code", lambda s: s.token_request(tx_code=WRONG_PIN), "invalid_grant"),
    _token(
        _CODE, "tx_code of letters", lambda s: s.token_request(tx_code="abcdef"), "invalid_grant"
    ),
    _token(
        _CODE, "tx_code in Hangul", lambda s: s.token_request(tx_code="비밀번호"), "invalid_grant"
    ),
    _token(
        "own: length",
        "endless tx_code",
        lambda s: s.token_request(tx_code="1" * 300),
        "invalid_request",
    ),
    _token(
        "own: length",
        "endless code",
        lambda s: s.token_request(pre_authorized_code="1" * 300),
        "invalid_request",
    ),
    _token("VCI 13.6, 6.3", "code used twice", _twice, "invalid_grant"),
    _token("VCI 13.6", "sixth guess", _sixth_guess, "invalid_grant"),
    _token(_CODE, "voided offer", _voided, "invalid_grant"),
    _token(_FORM, "JSON body", _raw_token(b"{}", "application/json"), "invalid_request"),
    _token(_FORM, "no body", _raw_token(b""), "invalid_request"),
    _token(_FORM, "not a form", _raw_token(b"nonsense"), "invalid_request"),
    _token(_FORM, "not UTF-8", _raw_token(b"grant_type=%ff"), "invalid_request"),
    _token(
        "RFC 6749 3.2",
        "parameter twice",
        _raw_token(f"grant_type={GRANT}&grant_type={GRANT}".encode()),
        "invalid_request",
    ),
    _token("own: size", "too many fields", _raw_token(b"&".join([b"a=1"] * 50)), "invalid_request"),
    _token("own: size", "too large", _raw_token(b"a=" + b"1" * 70_000), "invalid_request", 413),
    _token(
        "RFC 6749 3.2", "by GET", lambda s: s.web.get(f"{s.issuer}/token"), "invalid_request", 405
    ),
    *(
        _token(
            "RFC 9396 5; VCI 5.1.1",
            f"authorization_details: {name}",
            _details(value),
            "invalid_authorization_details",
        )
        for name, value in {
            "not JSON": "{",
            "an object": _DETAIL,
            "empty": [],
            "too many": [_DETAIL] * 17,
            "an entry is text": ["x"],
            "another type": [{**_DETAIL, "type": "payment"}],
            "no type": [{"credential_configuration_id": "mdoc"}],
            "no configuration": [{"type": "openid_credential"}],
            "unknown configuration": [{**_DETAIL, "credential_configuration_id": "passport"}],
            "not offered": [{**_DETAIL, "credential_configuration_id": "sd-jwt"}],
            "elsewhere": [{**_DETAIL, "locations": ["https://other.example"]}],
            "claims null": [{**_DETAIL, "claims": None}],
            "claims twice": [{**_DETAIL, "claims": [{"path": ["a", "b"]}, {"path": ["a", "b"]}]}],
        }.items()
    ),
    _token(
        "RFC 9449 5",
        "DPoP: not a JWT",
        lambda s: s.token_request(headers={"DPoP": "x"}),
        "invalid_dpop_proof",
    ),
    _token("RFC 9449 8", "DPoP: without nonce", _proof_for_token(nonce=None), "use_dpop_nonce"),
    _token("RFC 9449 8", "DPoP: old nonce", _proof_for_token(nonce="x" * 43), "use_dpop_nonce"),
    _token(
        "RFC 9449 4.3", "DPoP: another method", _proof_for_token(htm="PUT"), "invalid_dpop_proof"
    ),
    _token(
        "RFC 9449 4.3",
        "DPoP: another address",
        _proof_for_token(htu="https://x.example"),
        "invalid_dpop_proof",
    ),
    _token("RFC 9449 4.2", "DPoP: no jti", _proof_for_token(jti=None), "invalid_dpop_proof"),
    _token("RFC 9449 4.2", "DPoP: no iat", _proof_for_token(iat=None), "invalid_dpop_proof"),
]

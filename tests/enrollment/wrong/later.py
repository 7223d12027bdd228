"""Wrong requests for what comes later, and elsewhere: VCI 9 and 11, and the other endpoints."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from tests.enrollment.steps import Steps, offer_address
from tests.enrollment.wrong.credentials import (
    BAD_ENCRYPTION,
    BAD_REQUEST,
    DPOP_RULE,
    TOKEN_RULE,
    bound,
    bound_as_bearer,
)
from tests.enrollment.wrong.form import Act, Wrong


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
        token, notification = delivered(steps)
        return steps.post(
            "notification", token, json={"notification_id": notification, "event": event}
        )

    return act


def delivered(steps: Steps) -> tuple[str, str]:
    """Token and notification_id of a credential that the phone has got."""
    token = steps.token()
    steps.credential(token)
    steps.counter.answer_all(steps.offer.offer_id)
    return token, str(steps.credential(token).json()["notification_id"])


def _encrypted_deferred(steps: Steps) -> httpx.Response:
    token = steps.token()
    return steps.encrypted(token, {"transaction_id": "x"}, "deferred")


_UNKNOWN_NOTIFICATION = {"notification_id": "x", "event": "credential_accepted"}
_ENCRYPTION = {"jwk": {"kty": "EC"}, "enc": "A256GCM"}

_deferred, _notification = partial(Wrong, "deferred"), partial(Wrong, "notification")
_DEFER, _NOTE = "VCI 9.3", "VCI 11.3"
LATER = [
    _deferred(TOKEN_RULE, "no token", _without_token("deferred"), "invalid_token", 401),
    _deferred(
        DPOP_RULE, "bound token as Bearer", bound_as_bearer("deferred"), "invalid_token", 401
    ),
    _deferred(
        DPOP_RULE,
        "proof for another endpoint",
        bound("deferred", htu="https://x.example/credential"),
        "invalid_dpop_proof",
        401,
    ),
    _deferred("VCI 9.1", "no transaction_id", _body("deferred", {}), BAD_REQUEST),
    _deferred(
        _DEFER, "unknown", _body("deferred", {"transaction_id": "x"}), "invalid_transaction_id"
    ),
    _deferred(_DEFER, "unknown, encrypted", _encrypted_deferred, "invalid_transaction_id"),
    _deferred(
        _DEFER, "a number", _body("deferred", {"transaction_id": 7}), "invalid_transaction_id"
    ),
    _deferred(
        _DEFER, "not ASCII", _body("deferred", {"transaction_id": "가"}), "invalid_transaction_id"
    ),
    _deferred(
        "VCI 9.1, 10",
        "key for the answer in a clear request",
        _body("deferred", {"transaction_id": "x", "credential_response_encryption": _ENCRYPTION}),
        BAD_ENCRYPTION,
    ),
    _deferred(_DEFER, "used", _deferred_twice, "invalid_transaction_id"),
    _deferred(_DEFER, "another's", _deferred_with_other_token, "invalid_transaction_id"),
    _deferred(_DEFER, "denied", _deferred_after_denial, "credential_request_denied"),
    _deferred(
        "VCI 9.1", "by GET", lambda s: s.web.get(f"{s.issuer}/deferred"), "invalid_request", 405
    ),
    _notification(_NOTE, "no token", _without_token("notification"), "invalid_token", 401),
    _notification(
        DPOP_RULE, "bound token as Bearer", bound_as_bearer("notification"), "invalid_token", 401
    ),
    _notification(_NOTE, "empty", _body("notification", {}), "invalid_notification_request"),
    _notification(
        _NOTE, "unknown id", _body("notification", _UNKNOWN_NOTIFICATION), "invalid_notification_id"
    ),
    _notification(_NOTE, "other event", _notify("loved"), "invalid_notification_request"),
    _notification(_NOTE, "no event", _notify(None), "invalid_notification_request"),
    _notification(
        "VCI 11.1",
        "by GET",
        lambda s: s.web.get(f"{s.issuer}/notification"),
        "invalid_request",
        405,
    ),
    Wrong(
        "nonce",
        "VCI 7.1",
        "by GET",
        lambda s: s.web.get(f"{s.issuer}/nonce"),
        "invalid_request",
        405,
    ),
    Wrong(
        "offer", "own: 404", "unknown", lambda s: s.web.get(f"{s.issuer}/offer/x"), "not_found", 404
    ),
    Wrong(
        "offer",
        "VCI 4.1.3",
        "by POST",
        lambda s: s.web.post(offer_address(s.offer)),
        "invalid_request",
        405,
    ),
    Wrong(
        "check",
        "own: 404",
        "unknown request",
        lambda s: s.web.get(f"{s.issuer}/present/x/request"),
        "not_found",
        404,
    ),
    Wrong(
        "check",
        "own: 404",
        "answer to none",
        lambda s: s.web.post(f"{s.issuer}/present/x", data={"response": "x"}),
        "not_found",
        404,
    ),
    Wrong(
        "status",
        "own: 404",
        "unknown",
        lambda s: s.web.get(f"{s.issuer}/status/x"),
        "not_found",
        404,
    ),
    Wrong(
        "metadata",
        "VCI 12.2.2",
        "by POST",
        lambda s: s.web.post(f"{s.issuer}/.well-known/openid-credential-issuer"),
        "invalid_request",
        405,
    ),
    Wrong(
        "any", "own: 404", "nowhere", lambda s: s.web.get(f"{s.issuer}/nowhere"), "not_found", 404
    ),
    Wrong(
        "desk",
        "own: station's key",
        "no key",
        lambda s: s.web.get(f"{s.issuer}/desk/health"),
        "station_unknown",
        401,
    ),
    Wrong(
        "desk",
        "own: station's key",
        "a phone's token",
        lambda s: s.web.get(f"{s.issuer}/desk/health", headers=s.bearer(s.token())),
        "station_unknown",
        401,
    ),
]

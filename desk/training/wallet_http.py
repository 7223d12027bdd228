"""The training phone's requests, and what the service's refusals mean to its holder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from desk.training.wallet_trouble import (
    CheckOver,
    Denied,
    NotUnderstood,
    OfferExpired,
    OfferUsed,
    OfferWithdrawn,
    PhoneTrouble,
    PinTriesOver,
    PinWrong,
    Unreachable,
)

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
NO_HEADERS: Mapping[str, str] = {}
_LONGEST_ANSWER = 8 * 1024 * 1024
_OVER: Mapping[str, type[PhoneTrouble]] = {
    "expired": OfferExpired,
    "offer_expired": OfferExpired,
    "used": OfferUsed,
    "offer_used": OfferUsed,
    "void": OfferWithdrawn,
    "offer_void": OfferWithdrawn,
    "unknown": OfferWithdrawn,
    "not_found": OfferWithdrawn,
    "too_many_tries": PinTriesOver,
    "request_expired": CheckOver,
}


class WalletHttp:
    """One phone's HTTP; ``agent`` tells it apart from other phones."""

    def __init__(self, http: httpx.Client, agent: str) -> None:
        self._http = http
        self._headers = {"User-Agent": agent}

    def get(self, url: str, accept: str = "application/json") -> httpx.Response:
        return self._send("GET", url, headers={"Accept": accept})

    def post_form(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS
    ) -> httpx.Response:
        return self._send("POST", url, data=dict(fields), headers=headers)

    def post_json(
        self, url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] = NO_HEADERS
    ) -> httpx.Response:
        if body is None:
            return self._send("POST", url, headers=headers)
        return self._send("POST", url, json=dict(body), headers=headers)

    def post_jwt(self, url: str, token: str, headers: Mapping[str, str]) -> httpx.Response:
        """An encrypted request."""
        headers = {**headers, "Content-Type": "application/jwt"}
        return self._send("POST", url, content=token, headers=headers)

    def _send(self, method: str, url: str, **parts: Any) -> httpx.Response:
        headers = {**self._headers, **parts.pop("headers", {})}
        try:
            response = self._http.request(method, url, headers=headers, timeout=_TIMEOUT, **parts)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable from error
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Unreachable
        if len(response.content) > _LONGEST_ANSWER:
            raise NotUnderstood(step="size", status=response.status_code, error="")
        return response


def members(response: httpx.Response, step: str) -> dict[str, Any]:
    """The JSON object of an answer; raises NotUnderstood."""
    try:
        value = response.json()
    except ValueError as error:
        raise NotUnderstood(step=step, status=response.status_code, error="") from error
    if not isinstance(value, dict):
        raise NotUnderstood(step=step, status=response.status_code, error="")
    return value


def accepted(response: httpx.Response, step: str) -> dict[str, Any]:
    """The members of a good answer; raises what a refusal means to the holder."""
    body = members(response, step)
    if response.is_success:
        return body
    raise refusal(body, response.status_code, step)


def refusal(body: Mapping[str, Any], status: int, step: str) -> PhoneTrouble:
    """The trouble that an error answer stands for."""
    error, reason = str(body.get("error", "")), str(body.get("reason", ""))
    if error == "invalid_grant" and reason == "wrong_code":
        return PinWrong(tries_left=_whole(body.get("tries_left")))
    if kind := _OVER.get(reason) or _OVER.get(error):
        return kind()
    if error == "invalid_grant":
        # An issuer that gives no reason: the standard's word covers all of them.
        return PinWrong(tries_left=None)
    if error == "credential_request_denied":
        return Denied()
    return NotUnderstood(step=step, status=status, error=error)


def _whole(value: object) -> int | None:
    return value if type(value) is int else None

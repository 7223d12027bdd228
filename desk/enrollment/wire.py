"""Requests taken in with caps, answers and refusals written as the standards word them.

A :class:`Refusal` is raised anywhere below an endpoint and becomes the error answer of
RFC 6749 5.2, RFC 6750 3 or OpenID4VCI 1.0. Error answers are never cached, never
encrypted, and describe themselves in plain ASCII.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette import requests
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope

from desk.credential.jose import compact_json, parse_json
from desk.credential.troubles import Malformed
from desk.enrollment.agreed import JSON, JWT

NO_STORE = {"Cache-Control": "no-store"}
_Head = tuple[tuple[bytes, bytes], ...]
_NO_CONTENT: Final = 204
_NO_STORE: Final[_Head] = ((b"cache-control", b"no-store"),)
GZIP = "gzip"
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
ANY_ORIGIN: Final[_Head] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"DPoP-Nonce, Retry-After, WWW-Authenticate"),
)
_JSON_HEAD: Final[_Head] = ((b"content-type", JSON.encode()), *_NO_STORE)
_JWT_HEAD: Final[_Head] = ((b"content-type", JWT.encode()), *_NO_STORE)
SMALL_BODY = 64 * 1024
# A sealed answer with several portraits, or a presentation with one.
LARGE_BODY = 4 * 1024 * 1024
# An honest phone sends its few kilobytes at once; an endless body holds no place.
BODY_SECONDS = 15.0
MAX_FIELDS = 32


class Request(requests.Request):
    """Starlette's, whose headers are gone through once; ``body`` where it is there as a whole
    already. ``first`` has the first header of each name, which is in small letters."""

    def __init__(
        self, scope: Scope, receive: Receive = requests.empty_receive, body: bytes | None = None
    ) -> None:
        super().__init__(scope, receive)
        self.first: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        if body is not None:
            # What Starlette itself would keep, once read.
            self._body = body

    def header(self, name: bytes) -> str:
        """The first header of that name; empty where there is none."""
        return self.first.get(name, b"").decode("latin-1")


class Refusal(Exception):
    """An error answer: ``error`` is the standard's word, ``description`` plain ASCII."""

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def challenge(scheme: str, error: str | None, description: str) -> str:
    """One challenge of a WWW-Authenticate header: the scheme with its own parameters, and what
    was wrong with what was shown in it, if it was (RFC 6750, 3.1: else no error)."""
    if error is None:
        return scheme
    return f'{scheme}, error="{error}", error_description="{description}"'


class Written(Response):
    """An answer whose body and headers are bytes already: making them of words anew for each
    of an issuance's answers takes longer than sending them."""

    def __init__(self, body: bytes, status: int, head: _Head) -> None:
        # Starlette's own would encode and look through the headers once more.
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*head]
        if status != _NO_CONTENT:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))


def refused(refusal: Refusal) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    return JSONResponse(
        {**body, **refusal.members},
        status_code=refusal.status,
        headers={**NO_STORE, **refusal.headers},
    )


def answered(body: Mapping[str, Any], status: int = 200) -> Response:
    """JSON, in which a time stands as RFC 3339 writes it."""
    return Written(compact_json(body), status, _JSON_HEAD)


def answered_jwt(token: bytes, status: int = 200) -> Response:
    return Written(token, status, _JWT_HEAD)


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The media type the caller likes best, the first of equals; empty when it takes none."""
    weights = _weights(accept or "*/*")
    best, best_weight = "", 0.0
    for media_type in offered:
        kind = media_type.partition("/")[0]
        weight = _first(weights, (media_type, f"{kind}/*", "*/*"))
        if weight > best_weight:
            best, best_weight = media_type, weight
    return best


def takes_gzip(accept_encoding: str) -> bool:
    return _first(_weights(accept_encoding), (GZIP, "*")) > 0


def _first(weights: Mapping[str, float], names: Sequence[str]) -> float:
    """The weight of the most specific name that is there (RFC 9110, 12.5.1)."""
    return next((weights[name] for name in names if name in weights), 0.0)


def _weights(listed: str) -> dict[str, float]:
    """What an Accept or Accept-Encoding header names, each with its weight from 0 to 1."""
    weights = {}
    for entry in listed.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        told = (one.partition("=")[2] for one in parameters if one.startswith("q="))
        weights[name] = _quality(next(told, "1"))
    return weights


def _quality(text: str) -> float:
    """A weight of RFC 9110, 12.4.2; 0 for anything else."""
    return float(text) if _QUALITY.match(text) else 0.0


def preflight(methods: Sequence[str]) -> Response:
    """What a browser asks before a wallet's page may send (Fetch standard, CORS preflight)."""
    headers = {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=headers)


def done() -> Response:
    return Written(b"", _NO_CONTENT, _NO_STORE)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most ``limit`` bytes and not slower than ``BODY_SECONDS``."""
    kept: bytes | None = getattr(request, "_body", None)
    if kept is not None:
        if len(kept) > limit:
            raise too_large()
        return kept
    declared = request.headers.get("content-length")
    if declared is None and "transfer-encoding" not in request.headers:
        # RFC 9112 section 6.3: a request without either has no body.
        return b""
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise too_large()
    parts = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                parts += part
                if len(parts) > limit:
                    raise too_large()
    except TimeoutError as error:
        raise Refusal("invalid_request", "the body came too slowly", status=408) from error
    except ClientDisconnect as error:
        raise Refusal("invalid_request", "the body was cut short") from error
    return bytes(parts)


async def keep_body(request: Request, limit: int) -> bytes:
    """The body, which may be read again from the request."""
    raw = await read_body(request, limit)
    request._body = raw
    return raw


def too_large() -> Refusal:
    return Refusal("invalid_request", "the body is too large", status=413)


async def read_form(request: Request, limit: int = SMALL_BODY) -> dict[str, str]:
    """The fields of a form body; a field given twice is refused (RFC 6749 section 3.2)."""
    if content_type(request) != "application/x-www-form-urlencoded":
        raise Refusal("invalid_request", "the body must be a form (urlencoded)")
    raw = await read_body(request, limit)
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise Refusal("invalid_request", "the form cannot be read") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refusal("invalid_request", "a parameter is given twice")
    # RFC 6749 section 3.2: a parameter without a value counts as left out.
    return {name: value for name, value in fields.items() if value}


async def read_json(request: Request, error: str, limit: int = SMALL_BODY) -> dict[str, Any]:
    """The JSON object of the body; anything else is refused as ``error``."""
    if content_type(request) != JSON:
        raise Refusal(error, "the body must be application/json")
    return json_object(await read_body(request, limit), error)


def json_object(raw: bytes, error: str) -> dict[str, Any]:
    """A JSON object without repeated names; anything else is refused as ``error``."""
    try:
        value = parse_json(raw)
    except Malformed as broken:
        raise Refusal(error, "the body is not JSON") from broken
    if not isinstance(value, dict):
        raise Refusal(error, "the body is not a JSON object")
    return value


def content_type(request: Request) -> str:
    """The media type of the body, without its parameters."""
    return request.header(b"content-type").partition(";")[0].strip().lower()


def query(request: Request) -> QueryParams:
    """What an address asks beside its path. The desk's calls ask the same over and over."""
    return _asked(request.scope["query_string"])


@lru_cache(maxsize=64)
def _asked(text: bytes) -> QueryParams:
    return QueryParams(text)


def caller(request: Request) -> str:
    """The address that the request comes from; empty where nobody knows."""
    client = request.scope.get("client")
    return client[0] if client else ""

"""Access tokens bound to a phone's key: DPoP, RFC 9449.

Whoever steals a bound token has nothing without the key. Proofs carry a nonce of this
service, so that a phone whose clock is wrong is not turned away and none made in advance is
taken; each is taken once, in the database, so that several processes agree.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from starlette.responses import Response

from desk.credential import jose
from desk.credential.keys import DeviceKey
from desk.credential.troubles import CredentialTrouble
from desk.enrollment import keys, wire
from desk.enrollment.nonces import is_own_nonce, new_nonce, use_marks
from desk.enrollment.policy import Demand
from desk.enrollment.service import Service
from desk.enrollment.wire import Refusal, Request

TYPE = "dpop+jwt"
SCHEME = "DPoP"
_NAME = SCHEME.lower().encode()
NONCE_HEADER = "DPoP-Nonce"
_NONCE_NAME = NONCE_HEADER.lower().encode()
# Freshness comes from the nonce; a clock further off than this is broken.
_WINDOW = timedelta(hours=24)
_LONGEST_PROOF = 8 * 1024
_LONGEST_ID = 256
_ESCAPED = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PORTS: Final = {"https": 443, "http": 80}


class Dpop:
    """The proofs of one service's phones."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._demand = service.settings.dpop
        self._nonce_key = service.key.dpop_nonce_key()

    @property
    def is_offered(self) -> bool:
        return self._demand is not Demand.OFF

    def tell_nonce(self, answer: Response) -> None:
        """A new nonce with any answer (section 8.2)."""
        if self.is_offered:
            answer.raw_headers.append((_NONCE_NAME, self._nonce().encode("ascii")))

    async def key_for_token(self, request: Request) -> str | None:
        """The key that the token asked for shall be bound to (section 5), by its thumbprint.

        None for a wallet without DPoP; raises Refusal where one is required, or wrong.
        """
        if not self.is_offered:
            return None
        if _NAME not in request.first:
            if self._demand is Demand.REQUIRED:
                raise self._refusal("invalid_dpop_proof", "a DPoP proof is required", None)
            return None
        return await self._verified(request, None)

    async def require(self, request: Request, token: str, bound_to: str) -> None:
        """Raises Refusal unless the request proves the key of a bound token (section 7)."""
        shown = await self._verified(request, token)
        if not hmac.compare_digest(shown, bound_to):
            raise self._refusal("invalid_token", "the token is bound to another key", token)

    async def _verified(self, request: Request, token: str | None) -> str:
        """The checks of section 4.3, in its order; the key's thumbprint."""
        try:
            proof = jose.parse_compact(_single(request))
            if proof.header.get("typ") != TYPE:
                raise _Wrong("another token type")
            jwk = proof.header.get("jwk")
            key = DeviceKey.from_jwk(jwk if isinstance(jwk, Mapping) else {})
            proof.verify(key)
            claims = proof.claims()
            self._check_request(request, claims)
            _check_token(claims, token)
            self._check_time(claims)
        except (_Wrong, CredentialTrouble) as wrong:
            description = str(wrong) if isinstance(wrong, _Wrong) else "the proof does not hold"
            raise self._refusal("invalid_dpop_proof", description, token) from wrong
        now = self._service.now()
        self._check_nonce(claims, token, now)
        await self._check_first_use(key, claims, token, now)
        return key.thumbprint

    def _check_request(self, request: Request, claims: Mapping[str, Any]) -> None:
        if claims.get("htm") != request.method:
            raise _Wrong("htm is another method")
        here = self._service.settings.address(request.url.path.rsplit("/", 1)[1])
        if _normal(claims.get("htu")) != _normal(here):
            raise _Wrong("htu is another address")

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        issued, now = jose.numeric_date(claims, "iat"), self._service.now()
        if issued is None or abs(now.timestamp() - issued) > _WINDOW.total_seconds():
            raise _Wrong("iat is missing or far from now")
        jose.check_in_force(claims, now, _WINDOW)

    def _check_nonce(self, claims: Mapping[str, Any], token: str | None, now: datetime) -> None:
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not is_own_nonce(self._nonce_key, nonce, now):
            raise self._refusal("use_dpop_nonce", "use the nonce of this answer", token)

    async def _check_first_use(
        self, key: DeviceKey, claims: Mapping[str, Any], token: str | None, now: datetime
    ) -> None:
        """A number is used once while the proof that had it first would be taken (11.1), also
        with another nonce."""
        identifier = claims.get("jti")
        if not isinstance(identifier, str) or not 0 < len(identifier) <= _LONGEST_ID:
            raise self._refusal("invalid_dpop_proof", "jti is missing", token)
        service, by = self._service, secrets.token_hex(8)
        for mark in use_marks(now, keys.sha256(f"{key.thumbprint} {identifier}")):
            if not await service.run(service.mailbox.use_once, mark, by):
                raise self._refusal("invalid_dpop_proof", "the proof was used before", token)

    def _nonce(self) -> str:
        return new_nonce(self._nonce_key, self._service.now())

    def _refusal(self, error: str, description: str, token: str | None) -> Refusal:
        """400 at the token endpoint (5), 401 with a challenge where a token is shown (7.1)."""
        headers = {NONCE_HEADER: self._nonce()} if self.is_offered else {}
        if token is None:
            return Refusal(error, description, headers=headers)
        headers["WWW-Authenticate"] = challenge(error, description)
        return Refusal(error, description, status=401, headers=headers)


def challenge(error: str | None = None, description: str = "") -> str:
    """The WWW-Authenticate value of section 7.1."""
    algorithms = " ".join(jose.supported_algorithms())
    return wire.challenge(f'{SCHEME} algs="{algorithms}"', error, description)


class _Wrong(Exception):
    """A check of section 4.3 that failed; its text goes into the answer."""


def _single(request: Request) -> str:
    shown = request.headers.getlist(SCHEME)
    if len(shown) != 1 or len(shown[0]) > _LONGEST_PROOF:
        raise _Wrong("exactly one DPoP header of moderate length")
    return shown[0]


def _check_token(claims: Mapping[str, Any], token: str | None) -> None:
    if token is None:
        return
    hashed = keys.to_base64url(hashlib.sha256(token.encode()).digest())
    shown = claims.get("ath")
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), hashed.encode()):
        raise _Wrong("ath is not this token's")


def _normal(address: object) -> str | None:
    """An address as RFC 3986 6.2.2 and 6.2.3 write it; None for none that a proof may name."""
    if not isinstance(address, str):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.query or parts.fragment or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    # Decoded where that changes nothing, then without dot segments.
    path = urljoin("/", _ESCAPED.sub(_decoded, parts.path))
    return urlunsplit((parts.scheme, host + shown, path, "", ""))


def _decoded(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[1], 16))
    return character if character in _UNRESERVED else escaped[0].upper()

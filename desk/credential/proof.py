"""Verifying a phone's key proof (OpenID4VCI 1.0, appendix F.1 and F.4).

The desk does this itself with what the service hands it: a service in wrong hands can
withhold a proof, but not put another key in. That the nonce was fresh and is used once
is left to ``enrollment``. Key attestations are not asked for and not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.credential import jose
from desk.credential.keys import DeviceKey
from desk.credential.troubles import CredentialTrouble, NonceStale, ProofRefused

TYPE = "openid4vci-proof+jwt"
# Phones' clocks are off by minutes; freshness comes from the nonce.
WINDOW = timedelta(minutes=10)
_KEY_HEADERS = ("jwk", "kid", "x5c")


def verify_proof(
    jwt: str,
    *,
    audience: str,
    nonce: str,
    now: datetime,
    window: timedelta = WINDOW,
) -> DeviceKey:
    """The key a genuine proof is about.

    ``audience`` is the credential issuer identifier, compared byte for byte. ``iss`` is
    not looked at: an anonymous wallet should leave it out, and nothing depends on it.
    Raises ``ProofRefused``, and ``NonceStale`` where only the nonce is another.
    """
    try:
        token = jose.parse_compact(jwt)
        if token.header.get("typ") != TYPE:
            raise ProofRefused(reason="another token type")
        key = _header_key(token.header)
        token.verify(key)
        claims = token.claims()
    except ProofRefused:
        raise
    except CredentialTrouble as trouble:
        raise ProofRefused(reason=str(trouble.facts.get("reason", ""))) from trouble
    _check_claims(claims, audience, now, window)
    if claims.get("nonce") != nonce:
        raise NonceStale(reason="another nonce")
    return key


def verify_proofs(
    proofs: Mapping[str, Any],
    *,
    audience: str,
    nonce: str,
    now: datetime,
    most: int = 1,
) -> tuple[DeviceKey, ...]:
    """The keys of a credential request's ``proofs`` object, each different.

    Raises as ``verify_proof`` does.
    """
    entries = proofs.get("jwt") if set(proofs) == {"jwt"} else None
    if not isinstance(entries, list) or not 1 <= len(entries) <= most:
        raise ProofRefused(reason="one proof type with proofs in the allowed number expected")
    keys = tuple(verify_proof(entry, audience=audience, nonce=nonce, now=now) for entry in entries)
    if len(set(keys)) != len(keys):
        raise ProofRefused(reason="one key stands in several proofs")
    return keys


def _header_key(header: Mapping[str, Any]) -> DeviceKey:
    named = [name for name in _KEY_HEADERS if name in header]
    if named == ["jwk"]:
        return DeviceKey.from_jwk(header["jwk"])
    if named == ["x5c"]:
        return DeviceKey.from_certificate(jose.x5c(header)[0])
    raise ProofRefused(reason="exactly one of jwk and x5c expected")


def _check_claims(
    claims: Mapping[str, Any], audience: str, now: datetime, window: timedelta
) -> None:
    if claims.get("aud") not in (audience, [audience]):
        raise ProofRefused(reason="another audience")
    issued = claims.get("iat")
    if type(issued) not in (int, float):
        raise ProofRefused(reason="iat is missing")
    if abs(now.astimezone(UTC).timestamp() - float(str(issued))) > window.total_seconds():
        raise ProofRefused(reason="iat is too far from now")

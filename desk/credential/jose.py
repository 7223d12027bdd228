"""Small helpers for compact JWS and JWE (RFC 7515, 7516, 7518).

Signing goes through «sign these bytes», so a JWS is put together here and not by a
library; encryption (ECDH-ES, A128GCM and A256GCM) is ``joserfc``'s. Which headers and
claims a token must carry is left to the modules that know the token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import orjson
import pybase64
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.errors import ExceededSizeError, JoseError
from joserfc.jwk import ECKey

from desk.credential.keys import Curve, DeviceKey, b64url, from_b64url
from desk.credential.troubles import Malformed, NotValidNow, SignatureNotGenuine

CONTENT_ENCRYPTIONS = ("A128GCM", "A256GCM")
KEY_AGREEMENT = "ECDH-ES"
DEFLATE = "DEF"
_JWS_PARTS, _JWE_PARTS = 3, 5
_MAX_TOKEN = 4 << 20


class _Registry(jwe.JWERegistry):
    """The library's with room for a batch of credentials, each with a portrait."""

    max_ciphertext_length = _MAX_TOKEN


# RFC 7516, 4: what nobody knows in a header is left alone, unless it is named critical.
_REGISTRY = _Registry(
    algorithms=[KEY_AGREEMENT, *CONTENT_ENCRYPTIONS, DEFLATE], strict_check_header=False
)


class TooLarge(Malformed):
    """A JWE that inflates to more than its reader takes."""


class _SigningKey(Protocol):
    def sign(self, data: bytes) -> bytes: ...


class Jws(NamedTuple):
    """A compact JWS taken apart; nothing is verified yet."""

    header: Mapping[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    def claims(self) -> dict[str, Any]:
        """The payload as JSON object; raises ``Malformed``."""
        return parse_object(self.payload)

    def verify(self, key: DeviceKey) -> None:
        """Raises ``SignatureNotGenuine``; the header's ``alg`` must be the key's own."""
        if self.header.get("alg") != key.curve.algorithm:
            raise SignatureNotGenuine(reason="algorithm does not fit the key")
        key.verify(self.signature, self.signing_input)


def compact_json(value: Any) -> bytes:
    """JSON without white space, UTF-8."""
    return orjson.dumps(value)


def parse_object(data: bytes | str) -> dict[str, Any]:
    """A JSON object without repeated names; raises ``Malformed``."""
    value = parse_json(data)
    if not isinstance(value, dict):
        raise Malformed(reason="JSON object expected")
    return value


def parse_json(data: bytes | str) -> Any:
    """JSON of any type, without repeated names, without NaN and Infinity, which no JSON has
    (RFC 8259, 6) and no time can be held against, and without half a surrogate pair, which is
    no text that could be hashed or stored (RFC 7493, 2.1); raises ``Malformed``."""
    try:
        text = (data if isinstance(data, str) else data.decode()).strip(_WHITE_SPACE)
        value, end = _STRICT.raw_decode(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as broken:
        raise Malformed(reason="not JSON") from broken
    if end != len(text):
        raise Malformed(reason="something follows the JSON")
    return value


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("repeated name")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(name)


_WHITE_SPACE = " \t\n\r"
# Made once: json.loads makes it anew for each text.
_STRICT = json.JSONDecoder(object_pairs_hook=_no_repeats, parse_constant=_no_constant)


def signing_input(header: Mapping[str, Any], payload: Mapping[str, Any]) -> bytes:
    """``BASE64URL(header).BASE64URL(payload)`` of RFC 7515 5.1."""
    return f"{b64url(compact_json(header))}.{b64url(compact_json(payload))}".encode()


def sign_compact(header: Mapping[str, Any], payload: Mapping[str, Any], key: _SigningKey) -> str:
    """A compact JWS; ``header`` must name the key's ``alg``."""
    to_be_signed = signing_input(header, payload)
    return f"{to_be_signed.decode()}.{b64url(key.sign(to_be_signed))}"


def parse_compact(token: str) -> Jws:
    """Take a compact JWS apart; raises ``Malformed``."""
    parts = token.split(".") if isinstance(token, str) and len(token) <= _MAX_TOKEN else []
    if len(parts) != _JWS_PARTS:
        raise Malformed(reason="not a compact JWS")
    header = parse_object(from_b64url(parts[0]))
    if "crit" in header:
        raise Malformed(reason="JWS with a critical header")
    return Jws(
        header=header,
        payload=from_b64url(parts[1]),
        signing_input=f"{parts[0]}.{parts[1]}".encode(),
        signature=from_b64url(parts[2]),
    )


def numeric_date(claims: Mapping[str, Any], name: str) -> float | None:
    """A time among claims (RFC 7519, 2), in seconds since 1970; None where it is none."""
    value = claims.get(name)
    # By way of text: a number of hundreds of digits is infinite, and no error.
    return float(str(value)) if type(value) in (int, float) else None


def check_in_force(claims: Mapping[str, Any], now: datetime, leeway: timedelta) -> None:
    """``nbf`` and ``exp`` bind wherever they stand (RFC 7519, 4.1.4 and 4.1.5). Raises
    ``Malformed`` where one is no time, ``NotValidNow``."""
    moment, spare = now.timestamp(), leeway.total_seconds()
    since, until = (
        numeric_date(claims, name) if name in claims else moment for name in ("nbf", "exp")
    )
    if since is None or until is None:
        raise Malformed(reason="nbf or exp is no time")
    if not since - spare <= moment < until + spare:
        raise NotValidNow(reason="says itself that it does not hold now")


def x5c_header(chain: Sequence[bytes]) -> list[str]:
    """RFC 7515 4.1.6: base64, not base64url."""
    return [pybase64.b64encode_as_string(der) for der in chain]


def x5c(header: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The DER certificates of a header; raises ``Malformed`` where there are none."""
    entries = header.get("x5c")
    if not isinstance(entries, list) or not entries:
        raise Malformed(reason="x5c is missing")
    try:
        return tuple(pybase64.b64decode(entry, validate=True) for entry in entries)
    except (TypeError, ValueError) as broken:
        raise Malformed(reason="x5c is not base64") from broken


# Encryption -----------------------------------------------------------------------


def encrypt(
    payload: bytes,
    recipient: DeviceKey,
    *,
    enc: str = "A256GCM",
    kid: str | None = None,
    content_type: str | None = None,
    deflate: bool = False,
) -> str:
    """A compact JWE by ECDH-ES to ``recipient``; raises ``Malformed`` for another ``enc``."""
    if enc not in CONTENT_ENCRYPTIONS:
        raise Malformed(reason="content encryption is not supported")
    header: dict[str, Any] = {"alg": KEY_AGREEMENT, "enc": enc}
    if kid is not None:
        header["kid"] = kid
    if content_type is not None:
        header["cty"] = content_type
    if deflate:
        header["zip"] = DEFLATE
    key = ECKey.import_key(dict(recipient.jwk()))
    return jwe.encrypt_compact(header, payload, key, registry=_REGISTRY)


def jwe_header(token: str) -> dict[str, Any]:
    """The protected header of a compact JWE; raises ``Malformed``."""
    if not isinstance(token, str) or len(token) > _MAX_TOKEN or token.count(".") != _JWE_PARTS - 1:
        raise Malformed(reason="not a compact JWE")
    return parse_object(from_b64url(token.split(".", 1)[0]))


def decrypt(token: str, private: ec.EllipticCurvePrivateKey, *, inflate_up_to: int = 0) -> bytes:
    """The payload of a compact JWE by ECDH-ES; raises ``Malformed`` where it doesn't open.

    Compressed ones (RFC 7516 4.1.3) open where the caller says up to how many bytes, and raise
    ``TooLarge`` above that, or above the 250 KiB that the library inflates.
    """
    header = jwe_header(token)
    if header.get("alg") != KEY_AGREEMENT or header.get("enc") not in CONTENT_ENCRYPTIONS:
        raise Malformed(reason="encryption algorithm is not supported")
    if "zip" in header and not inflate_up_to:
        raise Malformed(reason="compressed JWE")
    key = ECKey.import_key(private_jwk(private))
    try:
        opened = jwe.decrypt_compact(token, key, registry=_REGISTRY)
    except ExceededSizeError as much:
        raise TooLarge(reason="JWE is too large") from much
    except (JoseError, ValueError, TypeError, KeyError) as broken:
        raise Malformed(reason="does not open with this key") from broken
    if opened.plaintext is None:
        raise Malformed(reason="JWE is empty")
    if "zip" in header and len(opened.plaintext) > inflate_up_to:
        raise TooLarge(reason="JWE inflates to too much")
    return opened.plaintext


def private_jwk(private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The private JWK of a key in memory; for keys that live one request."""
    public = DeviceKey.from_public_key(private.public_key())
    secret = private.private_numbers().private_value.to_bytes(public.curve.size)
    return {**public.jwk(), "d": b64url(secret)}


def from_private_jwk(jwk: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    """Raises ``Malformed`` where ``jwk`` is no private key of a known curve."""
    public = DeviceKey.from_jwk({name: jwk[name] for name in jwk if name != "d"})
    secret = int.from_bytes(from_b64url(jwk.get("d", "")))
    try:
        private = ec.derive_private_key(secret, public.curve.group)
    except ValueError as broken:
        raise Malformed(reason="not a private key") from broken
    if DeviceKey.from_public_key(private.public_key()) != public:
        raise Malformed(reason="private key of another public key")
    return private


def supported_algorithms() -> list[str]:
    """JWS algorithm names of the curves known here."""
    return [curve.algorithm for curve in Curve]

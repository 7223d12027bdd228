"""Encrypted requests and answers on top of TLS: OpenID4VCI 1.0 sections 8.2, 8.3, 9 and 10.

A wallet encrypts its request to the service's key and names a key of its own for the answer.
Credentials are encrypted to that key at the desk, before they are sent here; what this
service encrypts itself is only «come back later», which holds nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from desk.credential import jose
from desk.credential.keys import DeviceKey
from desk.credential.troubles import CredentialTrouble, Malformed
from desk.enrollment import wire
from desk.enrollment.agreed import JWT
from desk.enrollment.answers import encrypted
from desk.enrollment.keys import StationKey
from desk.enrollment.policy import Demand, Quirk
from desk.enrollment.service import ServiceSettings
from desk.enrollment.wire import Refusal, Request
from desk.issuance.ports import ResponseEncryption

# Ten proofs, each with the attestation of all ten keys and its provider's chain, take some
# hundred thousand bytes; the JWE library inflates no more than this. Only who has shown a token
# is read so far, and asks no oftener than an offer's allowance.
_LONGEST_MESSAGE = 250 * 1024
# The same as base64url, with header, nonce and tag.
_LONGEST_JWE = _LONGEST_MESSAGE * 4 // 3 + 2048


@dataclass(frozen=True)
class Message:
    """A request as it was meant: its members, and how its answer must be encrypted."""

    body: dict[str, Any]
    encryption: ResponseEncryption | None


class MessageEncryption:
    """One service's way with encrypted messages."""

    def __init__(self, settings: ServiceSettings, key: StationKey) -> None:
        self._demand = settings.encryption
        self._draft_15 = Quirk.DRAFT_15_ENCRYPTION in settings.quirks
        self._private = key.request_key()
        self._public = DeviceKey.from_public_key(self._private.public_key())

    def metadata(self) -> dict[str, Any]:
        """The members of the issuer's metadata (12.2.4); none where nothing is encrypted."""
        if self._demand is Demand.OFF:
            return {}
        public = {**self._public.jwk(), "kid": self._public.thumbprint}
        shared = {
            "enc_values_supported": list(jose.CONTENT_ENCRYPTIONS),
            "zip_values_supported": [jose.DEFLATE],
            "encryption_required": self._demand is Demand.REQUIRED,
        }
        key = {**public, "use": "enc", "alg": jose.KEY_AGREEMENT}
        return {
            "credential_request_encryption": {"jwks": {"keys": [key]}, **shared},
            "credential_response_encryption": {
                "alg_values_supported": [jose.KEY_AGREEMENT],
                **shared,
            },
        }

    async def read(self, request: Request) -> Message:
        """The message of a request, encrypted or not; raises Refusal."""
        encrypted = wire.content_type(request) == JWT
        if not encrypted and self._demand is Demand.REQUIRED:
            raise _bad("the request must be encrypted")
        if encrypted and self._demand is Demand.OFF:
            raise _bad("request encryption is not offered")
        if encrypted:
            body = wire.json_object(await self._opened(request), "invalid_credential_request")
        else:
            body = await wire.read_json(request, "invalid_credential_request", _LONGEST_MESSAGE)
        return Message(body, self._terms(body.get("credential_response_encryption"), encrypted))

    async def _opened(self, request: Request) -> bytes:
        token = (await wire.read_body(request, _LONGEST_JWE)).decode("ascii", "replace")
        try:
            if (
                jose.jwe_header(token).get("kid", self._public.thumbprint)
                != self._public.thumbprint
            ):
                raise _bad("encrypted to an unknown key")
            plain = jose.decrypt(token, self._private, inflate_up_to=_LONGEST_MESSAGE)
        except jose.TooLarge as much:
            raise wire.too_large() from much
        except Malformed as broken:
            raise _bad("the request cannot be decrypted") from broken
        return plain

    def _terms(self, member: object, encrypted: bool) -> ResponseEncryption | None:
        if member is None:
            if self._demand is Demand.REQUIRED:
                raise _bad("credential_response_encryption is missing")
            return None
        if self._demand is Demand.OFF:
            raise _bad("response encryption is not offered")
        if not isinstance(member, Mapping):
            raise _bad("credential_response_encryption is not an object")
        if self._draft_15:
            return _response_encryption(_as_now(member))
        if not encrypted:
            # Anybody on the way could have put a key of his own in (8.2).
            raise _bad("a request that names a key for the answer must be encrypted")
        return _response_encryption(member)


def answer(body: Mapping[str, Any], terms: ResponseEncryption | None, status: int) -> Response:
    """An answer without credentials, encrypted where the wallet asked for it."""
    if terms is None:
        return wire.answered(body, status)
    return wire.answered_jwt(encrypted(body, terms).encode("ascii"), status)


def _as_now(member: Mapping[str, Any]) -> Mapping[str, Any]:
    """What draft 15 wrote beside the key, in the key."""
    jwk = member.get("jwk")
    if "alg" not in member or not isinstance(jwk, Mapping):
        return member
    return {**member, "jwk": {"alg": member["alg"], **jwk}}


def _response_encryption(member: Mapping[str, Any]) -> ResponseEncryption:
    jwk, enc, zipped = member.get("jwk"), member.get("enc"), member.get("zip")
    if not isinstance(jwk, Mapping) or jwk.get("alg") != jose.KEY_AGREEMENT:
        raise _bad("jwk must be a key with alg ECDH-ES")
    if enc not in jose.CONTENT_ENCRYPTIONS:
        raise _bad("enc is not supported")
    if zipped not in (None, jose.DEFLATE):
        raise _bad("zip is not supported")
    kid = jwk.get("kid")
    if jwk.get("use", "enc") != "enc" or not isinstance(kid, str | None) or len(kid or "") > 256:
        raise _bad("jwk is not a key to encrypt to")
    try:
        public = DeviceKey.from_jwk(jwk).jwk()
    except CredentialTrouble as trouble:
        raise _bad("jwk is no public key of P-256 or P-384") from trouble
    named = public if kid is None else {**public, "kid": kid}
    return ResponseEncryption(named, enc, zipped)


def _bad(description: str) -> Refusal:
    return Refusal("invalid_encryption_parameters", description)

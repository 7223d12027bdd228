"""The desk asks a phone to show its credential and reads the answer (OpenID4VP 1.0).

``build_request`` makes a signed request object (client id prefix ``x509_hash``, answer
by ``direct_post.jwt`` or ``direct_post``); ``verify_answer`` returns what the phone
disclosed and the key it proved, for the desk to compare with the key it issued to.
Carrying request and answer is left to ``enrollment``, the status list to ``statuslist``.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric import ec

from desk.credential import cbor, cose, jose, transcript
from desk.credential.claims import QUERY_IDS, ClaimProfile, Format
from desk.credential.keys import Curve, DeviceKey, b64url, from_b64url
from desk.credential.signer import Signer
from desk.credential.terms import StatusReference
from desk.credential.troubles import (
    ClaimsMissing,
    HolderNotProven,
    Malformed,
    OtherRequest,
    PresentationDeclined,
    PresentationRefused,
    SignatureNotGenuine,
    Undecryptable,
)
from desk.credential.verify import Trust, VerifiedCredential, verify_mdoc, verify_sdjwt

REQUEST_TYPE = "oauth-authz-req+jwt"
KEY_BINDING_TYPE = "kb+jwt"
CLIENT_PREFIX = "x509_hash:"
# Static discovery of wallets (OpenID4VP 1.0, 5.8).
AUDIENCE = "https://self-issued.me/v2"
KEY_BINDING_WINDOW = timedelta(minutes=10)
_RANDOM_BYTES = 24


class ResponseMode(StrEnum):
    """How the phone answers: encrypted to this request's own key, or in clear."""

    ENCRYPTED = "direct_post.jwt"
    CLEAR = "direct_post"


@dataclass(frozen=True)
class CheckRequest:
    """One request and what is needed to read its answer; keep it until the answer came.

    ``object`` is what the phone fetches. ``secret`` is the private JWK the answer is
    encrypted to, None for an answer in clear.
    """

    object: str
    client_id: str
    response_uri: str
    nonce: str
    state: str
    query: Mapping[str, Any]
    secret: Mapping[str, str] | None

    @property
    def encryption_key(self) -> ec.EllipticCurvePrivateKey | None:
        return jose.from_private_jwk(self.secret) if self.secret else None

    @property
    def transcript(self) -> bytes:
        """The session transcript an mdoc's device signature must cover."""
        private = self.encryption_key
        key = DeviceKey.from_public_key(private.public_key()) if private else None
        return transcript.session_transcript(self.client_id, self.nonce, key, self.response_uri)

    def to_bytes(self) -> bytes:
        """For keeping over a restart; holds the private key, no personal data."""
        return jose.compact_json(vars(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> CheckRequest:
        """Raises ``Malformed``."""
        try:
            return cls(**jose.parse_object(data))
        except TypeError as broken:
            raise Malformed(reason="check request is incomplete") from broken

    def __repr__(self) -> str:
        return f"CheckRequest({self.client_id}, {self.response_uri})"


@dataclass(frozen=True)
class Presented:
    """A credential a phone has shown: genuine, held by it, and what was asked of it.

    ``values`` by the claim profile's value names, as Python values.
    """

    format: Format
    values: Mapping[str, Any]
    credential: VerifiedCredential

    @property
    def key_thumbprint(self) -> str:
        """RFC 7638, of the key that signed the presentation."""
        return self.credential.key.thumbprint

    @property
    def status(self) -> StatusReference | None:
        return self.credential.status

    def __repr__(self) -> str:
        return f"Presented({self.format}, key {self.key_thumbprint})"


# Asking ---------------------------------------------------------------------------


def build_request(
    query: Mapping[str, Any],
    signer: Signer,
    response_uri: str,
    mode: ResponseMode = ResponseMode.ENCRYPTED,
) -> CheckRequest:
    """A signed request for a DCQL ``query`` (``ClaimProfile.dcql``), with its own key."""
    leaf = signer.certificate_chain[0]
    client_id = CLIENT_PREFIX + b64url(hashlib.sha256(leaf).digest())
    secret = _new_secret() if mode is ResponseMode.ENCRYPTED else None
    nonce, state = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(2))
    request = {
        "response_type": "vp_token",
        "response_mode": mode.value,
        "client_id": client_id,
        "response_uri": response_uri,
        "aud": AUDIENCE,
        "nonce": nonce,
        "state": state,
        "dcql_query": query,
        "client_metadata": _client_metadata(secret),
    }
    header = {
        "alg": signer.algorithm,
        "typ": REQUEST_TYPE,
        "x5c": jose.x5c_header(signer.certificate_chain),
    }
    return CheckRequest(
        object=jose.sign_compact(header, request, signer),
        client_id=client_id,
        response_uri=response_uri,
        nonce=nonce,
        state=state,
        query=query,
        secret=secret,
    )


def request_link(client_id: str, request_uri: str, scheme: str = "openid4vp") -> str:
    """The text of the check QR (OpenID4VP 1.0, 5.10)."""
    asked = urlencode({"client_id": client_id, "request_uri": request_uri}, quote_via=quote)
    return f"{scheme}://?{asked}"


def _new_secret() -> dict[str, str]:
    private = ec.generate_private_key(Curve.P256.group)
    return {**jose.private_jwk(private), "kid": secrets.token_urlsafe(6)}


def _client_metadata(secret: Mapping[str, str] | None) -> dict[str, Any]:
    names = [curve.algorithm for curve in Curve]
    numbers = [number for curve in Curve for number in curve.cose_algorithms]
    metadata: dict[str, Any] = {
        "vp_formats_supported": {
            Format.SD_JWT.value: {"sd-jwt_alg_values": names, "kb-jwt_alg_values": names},
            Format.MDOC.value: {
                "issuerauth_alg_values": numbers,
                "deviceauth_alg_values": numbers,
            },
        }
    }
    if secret is not None:
        public = {name: secret[name] for name in ("kty", "crv", "x", "y", "kid")}
        key = {**public, "use": "enc", "alg": jose.KEY_AGREEMENT}
        metadata["jwks"] = {"keys": [key]}
        metadata["encrypted_response_enc_values_supported"] = list(jose.CONTENT_ENCRYPTIONS)
    return metadata


# Reading the answer ---------------------------------------------------------------


def verify_answer(
    request: CheckRequest, answer: str | Mapping[str, str], profile: ClaimProfile, trust: Trust
) -> tuple[Presented, ...]:
    """Every credential of an answer, verified; at least one.

    ``answer`` is the form the phone posted, or what is inside of it: a JWE or the JSON
    of ``vp_token`` and ``state``. Raises ``PresentationRefused`` and its kinds, and the
    troubles of ``verify`` for a credential that isn't genuine.
    """
    token = open_answer(request, answer)
    presented = []
    for query in request.query["credentials"]:
        for entry in _presentations(token, query["id"]):
            fmt = Format(query["format"])
            check = _verify_device_response if fmt is Format.MDOC else _verify_key_bound
            credential = check(entry, request, profile, trust)
            values = _asked_values(profile, fmt, query, credential)
            presented.append(Presented(fmt, values, credential))
    if not presented:
        raise PresentationRefused(reason="no credential in the answer")
    return tuple(presented)


def open_answer(request: CheckRequest, answer: str | Mapping[str, str]) -> dict[str, Any]:
    """The ``vp_token`` object of this request's answer.

    Raises ``PresentationDeclined``, ``Undecryptable``, ``OtherRequest`` or
    ``PresentationRefused``.
    """
    members = _members(request, answer)
    if "error" in members:
        raise PresentationDeclined(error=_harmless(members["error"]))
    if members.get("state") != request.state:
        raise OtherRequest(reason="another state")
    token = members.get("vp_token")
    try:
        token = jose.parse_object(token) if isinstance(token, str) else token
    except Malformed as broken:
        raise PresentationRefused(reason="vp_token is not JSON") from broken
    if not isinstance(token, dict):
        raise PresentationRefused(reason="vp_token is missing")
    return token


def _members(request: CheckRequest, answer: str | Mapping[str, str]) -> Mapping[str, Any]:
    """The answer's members in clear; an unencrypted answer to an encrypted request is refused."""
    if isinstance(answer, str):
        text = answer.strip()
        answer = jose.parse_object(text) if text.startswith("{") else {"response": text}
    private = request.encryption_key
    if "error" in answer or (private is None and "response" not in answer):
        return answer
    if private is None or "response" not in answer:
        raise Undecryptable(reason="encrypted where clear was asked for, or clear for encrypted")
    try:
        return jose.parse_object(jose.decrypt(answer["response"], private))
    except Malformed as closed:
        raise Undecryptable(reason=str(closed.facts["reason"])) from closed


def _presentations(token: Mapping[str, Any], query_id: str) -> Sequence[str]:
    entries = token.get(query_id, [])
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise PresentationRefused(reason="vp_token of another form")
    if len(entries) > 1:
        raise PresentationRefused(reason="more credentials than asked for")
    return entries


def _asked_values(
    profile: ClaimProfile, fmt: Format, query: Mapping[str, Any], credential: VerifiedCredential
) -> dict[str, Any]:
    """Only what was asked for, whatever else the phone disclosed."""
    asked = {}
    for claim in query["claims"]:
        path = tuple(claim["path"])
        if path not in credential.disclosed:
            raise ClaimsMissing(item=path[-1])
        asked[path] = credential.disclosed[path]
    return profile.named(fmt, asked)


def _harmless(error: object) -> str:
    """An error code as it may be logged: short and of harmless characters."""
    text = str(error)[:40]
    return "".join(
        char if char.isascii() and (char.isalnum() or char == "_") else "?" for char in text
    )


# mdoc -----------------------------------------------------------------------------


def _verify_device_response(
    entry: str, request: CheckRequest, profile: ClaimProfile, trust: Trust
) -> VerifiedCredential:
    return verify_device_response(from_b64url(entry), request.transcript, profile.doctype, trust)


def verify_device_response(
    data: bytes, session_transcript: bytes, doctype: str, trust: Trust
) -> VerifiedCredential:
    """The one document of a DeviceResponse (ISO/IEC 18013-5 8.3.2.1.2.2 and 9.1.3).

    Raises ``HolderNotProven``, ``PresentationRefused`` and the troubles of ``verify_mdoc``.
    """
    members = cbor.map_slices(data)
    if "documents" not in members or cbor.decode(members.get("status", b"\x01")) != 0:
        raise PresentationRefused(reason="device response without documents or with an error")
    documents = cbor.array_slices(members["documents"])
    if len(documents) != 1:
        raise PresentationRefused(reason="exactly one document expected")
    document = cbor.map_slices(documents[0])
    if not {"docType", "issuerSigned", "deviceSigned"} <= set(document):
        raise PresentationRefused(reason="document is incomplete")
    if cbor.decode(document["docType"]) != doctype:
        raise PresentationRefused(reason="another document type")
    credential = verify_mdoc(document["issuerSigned"], trust, doctype=doctype)
    _check_device_signature(document["deviceSigned"], session_transcript, credential)
    return credential


def _check_device_signature(
    device_signed: bytes, session_transcript: bytes, credential: VerifiedCredential
) -> None:
    """The signature is made over the device's items as they came, tag and all."""
    members = cbor.map_slices(device_signed)
    auth = cbor.map_slices(members["deviceAuth"]) if "deviceAuth" in members else {}
    if "nameSpaces" not in members or "deviceSignature" not in auth:
        raise HolderNotProven(reason="device signature is missing")
    signed = transcript.device_authentication(
        session_transcript, credential.type, members["nameSpaces"]
    )
    try:
        cose.parse(auth["deviceSignature"]).verify(credential.key, detached=signed)
    except SignatureNotGenuine as wrong:
        raise HolderNotProven(reason="device signature does not verify") from wrong


# SD-JWT VC ------------------------------------------------------------------------


def _verify_key_bound(
    entry: str, request: CheckRequest, profile: ClaimProfile, trust: Trust
) -> VerifiedCredential:
    return verify_key_bound(entry, request.client_id, request.nonce, profile.vct, trust)


def verify_key_bound(
    presentation: str, audience: str, nonce: str, vct: str, trust: Trust
) -> VerifiedCredential:
    """An SD-JWT with its key-binding JWT (RFC 9901 7.3).

    Raises ``HolderNotProven``, ``OtherRequest`` and the troubles of ``verify_sdjwt``.
    """
    compact, separator, binding = presentation.rpartition("~")
    compact += separator
    if not binding:
        raise HolderNotProven(reason="key binding is missing")
    credential = verify_sdjwt(compact, trust, vct=vct)
    token = jose.parse_compact(binding)
    if token.header.get("typ") != KEY_BINDING_TYPE:
        raise HolderNotProven(reason="key binding of another type")
    try:
        token.verify(credential.key)
    except SignatureNotGenuine as wrong:
        raise HolderNotProven(reason="key binding does not verify") from wrong
    claims = token.claims()
    if claims.get("sd_hash") != b64url(hashlib.sha256(compact.encode()).digest()):
        raise HolderNotProven(reason="key binding of another presentation")
    if claims.get("nonce") != nonce or claims.get("aud") != audience:
        raise OtherRequest(reason="another nonce or audience")
    _check_age(claims.get("iat"), trust)
    return credential


def _check_age(issued: Any, trust: Trust) -> None:
    """``iat`` is a number of seconds, whole or not (RFC 7519 2, NumericDate)."""
    if type(issued) not in (int, float):
        raise HolderNotProven(reason="key binding without a time")
    # By way of its digits: a whole number may be longer than any float.
    away = trust.now.astimezone(UTC).timestamp() - float(str(issued))
    if abs(away) > KEY_BINDING_WINDOW.total_seconds():
        raise HolderNotProven(reason="key binding of another time")


def queried_formats(query: Mapping[str, Any]) -> tuple[Format, ...]:
    """The formats a query made by ``ClaimProfile.dcql`` asks for."""
    known = {query_id: fmt for fmt, query_id in QUERY_IDS.items()}
    return tuple(known[entry["id"]] for entry in query["credentials"])

"""The phone's side: key proofs, presentations, answers to requests.

The training phone is built on this; nothing of the desk's own work is. Choosing what to
disclose with the holder's consent and carrying the answer are left to the phone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desk.credential import cbor, cose, dcql, jose, proof, sdjwt, transcript
from desk.credential.claims import Format
from desk.credential.dcql import Content, Path
from desk.credential.keys import DeviceKey, b64url, from_b64url
from desk.credential.presentation import (
    AUDIENCE,
    CLIENT_PREFIX,
    KEY_BINDING_TYPE,
    REQUEST_TYPE,
    ResponseMode,
)
from desk.credential.signer import LocalKey
from desk.credential.troubles import CredentialTrouble, Malformed, RequestRefused
from desk.credential.verify import disclosed_claims


@dataclass(frozen=True)
class Held:
    """A credential on a phone as it was delivered, with the key it is bound to.

    ``credential`` is the OpenID4VCI member: base64url of an mdoc, or an SD-JWT VC.
    """

    format: Format
    credential: str
    key: LocalKey

    @property
    def type(self) -> str:
        """The document type or ``vct``; raises ``Malformed``."""
        if self.format is Format.MDOC:
            return str(_security_object(self.credential)["docType"])
        return str(jose.parse_compact(sdjwt.split(self.credential)[0]).claims().get("vct"))

    @property
    def disclosed(self) -> dict[Path, Any]:
        """Every claim by path; raises ``Malformed``."""
        if self.format is Format.SD_JWT:
            jwt, disclosures, _ = sdjwt.split(self.credential)
            return disclosed_claims(jose.parse_compact(jwt).claims(), disclosures)
        found: dict[Path, Any] = {}
        for name_space, items in _name_spaces(self.credential).items():
            for item in items.values():
                entry = cbor.decode(cbor.inner(item))
                found[name_space, entry["elementIdentifier"]] = entry["elementValue"]
        return found

    @property
    def content(self) -> Content:
        """What a query may find; raises ``Malformed``."""
        return Content(self.format, self.type, self.disclosed)

    def __repr__(self) -> str:
        return f"Held({self.format}, key {self.key.public.thumbprint})"


# Issuance -------------------------------------------------------------------------


def key_proof(
    key: LocalKey,
    audience: str,
    nonce: str | None,
    now: datetime,
    attestation: str | None = None,
) -> str:
    """A key proof (OpenID4VCI 1.0, F.1) for the issuer ``audience``, with what the wallet's
    provider says of the key where it is asked for."""
    header: dict[str, Any] = {"alg": key.algorithm, "typ": proof.TYPE, "jwk": key.public.jwk()}
    if attestation is not None:
        header["key_attestation"] = attestation
    claims = {"aud": audience, "iat": int(now.timestamp())}
    if nonce is not None:
        claims["nonce"] = nonce
    return jose.sign_compact(header, claims, key)


def dpop_proof(
    key: LocalKey,
    method: str,
    address: str,
    now: datetime,
    *,
    identifier: str,
    nonce: str | None = None,
    token: str | None = None,
) -> str:
    """A proof of the key that an access token is bound to (RFC 9449, 4.2)."""
    header = {"alg": key.algorithm, "typ": "dpop+jwt", "jwk": key.public.jwk()}
    claims = {"jti": identifier, "htm": method, "htu": address, "iat": int(now.timestamp())}
    if nonce is not None:
        claims["nonce"] = nonce
    if token is not None:
        claims["ath"] = b64url(hashlib.sha256(token.encode()).digest())
    return jose.sign_compact(header, claims, key)


# Requests -------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """A request object whose signature and client id held."""

    client_id: str
    response_uri: str
    mode: ResponseMode
    nonce: str
    state: str | None
    query: Mapping[str, Any]
    encryption: Mapping[str, Any] | None
    enc: str
    signer: bytes

    @property
    def encryption_key(self) -> DeviceKey | None:
        return DeviceKey.from_jwk(self.encryption) if self.encryption else None


def read_request(request_object: str, client_id: str | None = None) -> Request:
    """Verify a request object (OpenID4VP 1.0, 5.9.3 ``x509_hash``); raises ``RequestRefused``.

    ``client_id`` is the one of the QR, which must be the same.
    """
    try:
        token = jose.parse_compact(request_object)
        leaf = jose.x5c(token.header)[0]
        token.verify(DeviceKey.from_certificate(leaf))
        claims = token.claims()
        mode = ResponseMode(claims.get("response_mode", ""))
        encryption, enc = _encryption(claims, mode)
    except (CredentialTrouble, ValueError, TypeError, AttributeError) as broken:
        raise RequestRefused(reason="request object is not genuine") from broken
    own_id = CLIENT_PREFIX + b64url(hashlib.sha256(leaf).digest())
    if claims.get("client_id") != own_id or client_id not in (None, own_id):
        raise RequestRefused(reason="request of another client")
    if token.header.get("typ") != REQUEST_TYPE or claims.get("aud") != AUDIENCE:
        raise RequestRefused(reason="request of another type or audience")
    for name in ("nonce", "response_uri"):
        if not isinstance(claims.get(name), str):
            raise RequestRefused(reason=f"{name} is missing")
    if not isinstance(claims.get("dcql_query"), dict):
        raise RequestRefused(reason="dcql_query is missing")
    return Request(
        client_id=own_id,
        response_uri=claims["response_uri"],
        mode=mode,
        nonce=claims["nonce"],
        state=claims.get("state"),
        query=claims["dcql_query"],
        encryption=encryption,
        enc=enc,
        signer=leaf,
    )


def _encryption(claims: Mapping[str, Any], mode: ResponseMode) -> tuple[dict[str, Any] | None, str]:
    """The key to answer to and the content encryption (OpenID4VP 1.0, 8.3)."""
    if mode is ResponseMode.CLEAR:
        return None, ""
    metadata = claims.get("client_metadata", {})
    offered = metadata.get("encrypted_response_enc_values_supported", ["A128GCM"])
    enc = next((name for name in reversed(jose.CONTENT_ENCRYPTIONS) if name in offered), None)
    for jwk in metadata.get("jwks", {}).get("keys", []):
        if jwk.get("alg") == jose.KEY_AGREEMENT and enc is not None:
            DeviceKey.from_jwk(jwk)
            return dict(jwk), enc
    raise Malformed(reason="no key to answer to")


def choose(request: Request, held: Sequence[Held]) -> dict[str, tuple[Held, frozenset[Path]]]:
    """Query id → the credential that answers it and the paths to disclose (DCQL, clause 6.4).

    Raises ``RequestRefused`` where what is held can't answer.
    """
    fits = dcql.choose(request.query, [one.content for one in held])
    return {query_id: (held[fit.place], frozenset(fit.paths)) for query_id, fit in fits.items()}


# Answers --------------------------------------------------------------------------


def answer(
    request: Request, chosen: Mapping[str, tuple[Held, Collection[Path]]], now: datetime
) -> dict[str, str]:
    """The form to post to ``request.response_uri`` (OpenID4VP 1.0, 8.2 and 8.3.1)."""
    token = {
        query_id: [present(one, paths, request, now)] for query_id, (one, paths) in chosen.items()
    }
    members: dict[str, Any] = {"vp_token": token}
    if request.state is not None:
        members["state"] = request.state
    key = request.encryption_key
    if key is None or request.encryption is None:
        members["vp_token"] = jose.compact_json(token).decode()
        return members
    sealed = jose.encrypt(
        jose.compact_json(members), key, enc=request.enc, kid=request.encryption.get("kid")
    )
    return {"response": sealed}


def refusal(request: Request, error: str = "access_denied") -> dict[str, str]:
    """The form of a holder who says no (OpenID4VP 1.0, 8.5)."""
    return {"error": error} | ({"state": request.state} if request.state is not None else {})


def present(held: Held, paths: Collection[Path], request: Request, now: datetime) -> str:
    """One entry of ``vp_token``: a DeviceResponse or an SD-JWT with key binding."""
    if held.format is Format.SD_JWT:
        return sdjwt_presentation(held, paths, request.client_id, request.nonce, now)
    session = transcript.session_transcript(
        request.client_id, request.nonce, request.encryption_key, request.response_uri
    )
    return b64url(device_response(from_b64url(held.credential), paths, held.key, session))


def device_response(
    issuer_signed: bytes, paths: Collection[Path], key: LocalKey, session_transcript: bytes
) -> bytes:
    """A DeviceResponse with the chosen elements and a device signature.

    The items go out as the very bytes that were delivered (ISO/IEC 18013-5 8.3.2.1.2.2).
    """
    members = cbor.map_slices(issuer_signed)
    doctype = _doctype(members["issuerAuth"])
    shown = cbor.join_map(
        {
            "nameSpaces": _selected(members["nameSpaces"], paths),
            "issuerAuth": members["issuerAuth"],
        }
    )
    document = cbor.join_map(
        {
            "docType": cbor.encode(doctype),
            "issuerSigned": shown,
            "deviceSigned": _device_signed(doctype, key, session_transcript),
        }
    )
    return cbor.join_map(
        {
            "version": cbor.encode("1.0"),
            "documents": cbor.join_array([document]),
            "status": cbor.encode(0),
        }
    )


def _device_signed(doctype: str, key: LocalKey, session_transcript: bytes) -> bytes:
    signed = transcript.device_authentication(
        session_transcript, doctype, transcript.NO_DEVICE_ITEMS
    )
    protected = cose.protected_header(key.public.curve)
    signature = key.sign(cose.to_be_signed(protected, signed))
    auth = {"deviceSignature": cbor.encode([protected, {}, None, signature])}
    return cbor.join_map(
        {"nameSpaces": transcript.NO_DEVICE_ITEMS, "deviceAuth": cbor.join_map(auth)}
    )


def sdjwt_presentation(
    held: Held, paths: Collection[Path], audience: str, nonce: str, now: datetime
) -> str:
    """``jwt~chosen disclosures~kb-jwt`` (RFC 9901 4.3)."""
    jwt, disclosures, _ = sdjwt.split(held.credential)
    claims = jose.parse_compact(jwt).claims()
    chosen = [text for text in disclosures if _discloses(claims, text, paths)]
    shown = "~".join((jwt, *chosen, ""))
    header = {"alg": held.key.algorithm, "typ": KEY_BINDING_TYPE}
    binding = {
        "iat": int(now.timestamp()),
        "aud": audience,
        "nonce": nonce,
        "sd_hash": b64url(hashlib.sha256(shown.encode()).digest()),
    }
    return shown + jose.sign_compact(header, binding, held.key)


def _discloses(claims: Mapping[str, Any], text: str, paths: Collection[Path]) -> bool:
    """Our credentials hide leaves only, so each disclosure stands by itself."""
    try:
        return not set(disclosed_claims(claims, [text])).isdisjoint(paths)
    except CredentialTrouble:
        return False


def _selected(name_spaces: bytes, paths: Collection[Path]) -> bytes:
    chosen: dict[str, bytes] = {}
    for name_space, items in cbor.map_slices(name_spaces).items():
        shown = [
            item
            for item in cbor.array_slices(items)
            if (name_space, cbor.decode(cbor.inner(item))["elementIdentifier"]) in paths
        ]
        if shown:
            chosen[name_space] = cbor.join_array(shown)
    return cbor.join_map(chosen)


def _name_spaces(credential: str) -> dict[str, dict[int, bytes]]:
    """Namespace → the raw items by their place."""
    members = cbor.map_slices(from_b64url(credential))
    return {
        name_space: dict(enumerate(cbor.array_slices(items)))
        for name_space, items in cbor.map_slices(members["nameSpaces"]).items()
    }


def _security_object(credential: str) -> Mapping[str, Any]:
    auth = cose.parse(cbor.map_slices(from_b64url(credential))["issuerAuth"])
    value = cbor.decode(cbor.inner(auth.payload or b""))
    if not isinstance(value, dict):
        raise Malformed(reason="security object is missing")
    return value


def _doctype(issuer_auth: bytes) -> str:
    auth = cose.parse(issuer_auth)
    return str(cbor.decode(cbor.inner(auth.payload or b""))["docType"])

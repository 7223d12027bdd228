"""Verifying both credential formats from their bytes alone.

Nothing of the preparing side is used: what was issued is read as a stranger's. Every
function raises a coded trouble and returns only what held. Possession of the phone's
key is left to ``presentation``, the status list to ``statuslist``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.credential import cbor, chain, cose, jose, sdjwt
from desk.credential.claims import Format
from desk.credential.keys import DeviceKey, from_b64url, load_certificate
from desk.credential.profile import problems
from desk.credential.terms import StatusReference, Validity
from desk.credential.troubles import (
    ContentAltered,
    IssuerUnknown,
    Malformed,
    NotValidNow,
    WrongType,
)

_DIGESTS = {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}
LEEWAY = timedelta(minutes=2)


@dataclass(frozen=True)
class Trust:
    """Whom to trust and when it is: anchors as DER, ``now`` aware, the country or None.

    ``country`` set demands the document signer profile of ISO 18013-5 annex B.
    """

    anchors: Collection[bytes]
    now: datetime
    country: str | None = "KR"
    leeway: timedelta = LEEWAY


@dataclass(frozen=True)
class VerifiedCredential:
    """A credential that held; ``disclosed`` by DCQL path, values as their format gives them."""

    format: Format
    type: str
    disclosed: Mapping[tuple[str, ...], Any]
    key: DeviceKey
    validity: Validity
    status: StatusReference | None
    signer: bytes

    def __repr__(self) -> str:
        return f"VerifiedCredential({self.format}, {self.type}, key {self.key.thumbprint})"


# mdoc -----------------------------------------------------------------------------


def verify_mdoc(issuer_signed: bytes, trust: Trust, *, doctype: str) -> VerifiedCredential:
    """Verify an IssuerSigned structure (ISO/IEC 18013-5 9.3.1).

    Raises ``Malformed``, ``SignatureNotGenuine``, ``IssuerUnknown``, ``ContentAltered``,
    ``NotValidNow`` or ``WrongType``.
    """
    members = cbor.map_slices(issuer_signed)
    if "issuerAuth" not in members:
        raise Malformed(reason="issuerAuth is missing")
    auth = cose.parse(members["issuerAuth"])
    signer = _verified_signer(auth.x5chain(), trust)
    auth.verify(DeviceKey.from_certificate(signer))
    if auth.payload is None:
        raise Malformed(reason="issuerAuth has no payload")
    security_object = _mapping(cbor.decode(cbor.inner(auth.payload)), "security object")
    if security_object.get("docType") != doctype:
        raise WrongType(reason="another document type")
    signed, validity = _mdoc_validity(_mapping(security_object.get("validityInfo"), "validityInfo"))
    _check_validity(validity, signed, signer, trust)
    info = _mapping(security_object.get("deviceKeyInfo"), "deviceKeyInfo")
    disclosed = _disclosed_items(members.get("nameSpaces"), security_object)
    _check_country(disclosed, trust)
    return VerifiedCredential(
        format=Format.MDOC,
        type=doctype,
        disclosed=disclosed,
        key=DeviceKey.from_cose(_mapping(info.get("deviceKey"), "deviceKey")),
        validity=validity,
        status=StatusReference.from_claim(security_object.get("status")),
        signer=signer,
    )


def _disclosed_items(
    name_spaces: bytes | None, security_object: Mapping[Any, Any]
) -> dict[tuple[str, ...], Any]:
    """Each item whose digest, over its bytes as they came, is the signed one."""
    make = _DIGESTS.get(security_object.get("digestAlgorithm", ""))
    if make is None:
        raise Malformed(reason="digest algorithm is not known")
    signed = _mapping(security_object.get("valueDigests"), "valueDigests")
    disclosed: dict[tuple[str, ...], Any] = {}
    seen: set[tuple[str, int]] = set()
    for name_space, items in (cbor.map_slices(name_spaces) if name_spaces else {}).items():
        digests = _mapping(signed.get(name_space), "valueDigests of the namespace")
        for slice_ in cbor.array_slices(items):
            item = _item(slice_)
            element, digest_id = item["elementIdentifier"], item["digestID"]
            if digests.get(digest_id) != make(slice_).digest():
                raise ContentAltered(item=element)
            if (name_space, digest_id) in seen or (name_space, element) in disclosed:
                raise Malformed(reason="element stands twice")
            seen.add((name_space, digest_id))
            disclosed[name_space, element] = item["elementValue"]
    return disclosed


def _item(slice_: bytes) -> Mapping[Any, Any]:
    item = _mapping(cbor.decode(cbor.inner(slice_)), "item")
    if (
        not isinstance(item.get("elementIdentifier"), str)
        or type(item.get("digestID")) is not int
        or not isinstance(item.get("random"), bytes)
        or "elementValue" not in item
    ):
        raise Malformed(reason="item is incomplete")
    return item


def _mdoc_validity(info: Mapping[Any, Any]) -> tuple[datetime, Validity]:
    """When it was signed, which may be before it holds, and how long it holds."""
    signed, since, until = (
        cbor.read_tdate(info.get(name)) for name in ("signed", "validFrom", "validUntil")
    )
    if not signed <= since < until:
        raise Malformed(reason="validityInfo contradicts itself")
    return signed, Validity(signed=since, valid_until=until)


# SD-JWT VC ------------------------------------------------------------------------


def verify_sdjwt(compact: str, trust: Trust, *, vct: str) -> VerifiedCredential:
    """Verify ``jwt~disclosures~`` without key binding (RFC 9901 7.1, SD-JWT VC 2.5).

    Raises as ``verify_mdoc`` does.
    """
    jwt, disclosures, binding = sdjwt.split(compact)
    if binding:
        raise Malformed(reason="key binding where none is expected")
    token = jose.parse_compact(jwt)
    if token.header.get("typ") != sdjwt.TYPE:
        raise WrongType(reason="another token type")
    signer = _verified_signer(jose.x5c(token.header), trust)
    token.verify(DeviceKey.from_certificate(signer))
    claims = token.claims()
    if claims.get("vct") != vct:
        raise WrongType(reason="another credential type")
    validity = _jwt_validity(claims)
    _check_validity(validity, validity.signed, signer, trust)
    disclosed = disclosed_claims(claims, disclosures)
    _check_country(disclosed, trust)
    return VerifiedCredential(
        format=Format.SD_JWT,
        type=vct,
        disclosed=disclosed,
        key=DeviceKey.from_jwk(_mapping(_mapping(claims.get("cnf"), "cnf").get("jwk"), "jwk")),
        validity=validity,
        status=StatusReference.from_claim(claims.get("status")),
        signer=signer,
    )


_REGISTERED = frozenset(
    ("iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "sub")
)
_CONTROL = frozenset(("_sd", "_sd_alg", "..."))
_NEVER_HIDDEN = _REGISTERED - {"iat", "sub"}
_MAX_DEPTH = 16


def disclosed_claims(
    claims: Mapping[str, Any], disclosures: Collection[str]
) -> dict[tuple[str, ...], Any]:
    """Claims by path, registered ones left out (RFC 9901 7.1 step 3).

    Raises ``ContentAltered`` for a disclosure no digest asks for and ``Malformed`` for
    what the RFC refuses (repeated digests, reserved or already present names).
    """
    if claims.get("_sd_alg", "sha-256") != "sha-256":
        raise Malformed(reason="digest algorithm is not known")
    pool = {sdjwt.digest(text): text for text in disclosures}
    if len(pool) != len(disclosures):
        raise Malformed(reason="disclosure stands twice")
    opened = _Opening(pool)
    value = opened.value({name: claims[name] for name in claims if name != "_sd_alg"})
    if opened.pool:
        raise ContentAltered(item="disclosure")
    return dict(_leaves({n: v for n, v in value.items() if n not in _REGISTERED}))


class _Opening:
    """Puts disclosures in the place of their digests, each at most once."""

    def __init__(self, pool: dict[str, str]) -> None:
        self.pool = pool
        self._seen: set[str] = set()

    def value(self, value: Any, depth: int = 0) -> Any:
        if depth > _MAX_DEPTH:
            raise Malformed(reason="claims nested too deeply")
        if isinstance(value, list):
            return [opened for entry in value for opened in self._element(entry, depth + 1)]
        if not isinstance(value, dict):
            return value
        plain = {name: inner for name, inner in value.items() if name != "_sd"}
        if "..." in plain:
            raise Malformed(reason="reserved claim name")
        result = {name: self.value(inner, depth + 1) for name, inner in plain.items()}
        for digest in self._digests(value.get("_sd", [])):
            name, inner = self._member(digest)
            if name in result or name in _CONTROL or (not depth and name in _NEVER_HIDDEN):
                raise Malformed(reason="disclosure of a forbidden claim")
            result[name] = self.value(inner, depth + 1)
        return result

    def _element(self, entry: Any, depth: int) -> list[Any]:
        if not (isinstance(entry, dict) and set(entry) == {"..."}):
            return [self.value(entry, depth)]
        for digest in self._digests([entry["..."]]):
            return [self.value(self._disclosure(digest, 2)[1], depth)]
        return []

    def _digests(self, digests: Any) -> list[str]:
        """Those of ``digests`` that have a disclosure; each may stand only once in all."""
        if not isinstance(digests, list) or not all(isinstance(d, str) for d in digests):
            raise Malformed(reason="_sd is no array of digests")
        if len(set(digests)) != len(digests) or self._seen.intersection(digests):
            raise Malformed(reason="digest stands twice")
        self._seen.update(digests)
        return [digest for digest in digests if digest in self.pool]

    def _member(self, digest: str) -> tuple[str, Any]:
        _, name, value = self._disclosure(digest, 3)
        if not isinstance(name, str):
            raise Malformed(reason="disclosure without a claim name")
        return name, value

    def _disclosure(self, digest: str, length: int) -> list[Any]:
        entry = jose.parse_json(from_b64url(self.pool.pop(digest)))
        if not isinstance(entry, list) or len(entry) != length or not isinstance(entry[0], str):
            raise Malformed(reason="disclosure of another form")
        return entry


def _leaves(
    value: Mapping[str, Any], at: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, inner in value.items():
        if isinstance(inner, dict):
            found += _leaves(inner, (*at, name))
        else:
            found.append(((*at, name), inner))
    return found


def _jwt_validity(claims: Mapping[str, Any]) -> Validity:
    since, until = claims.get("nbf", claims.get("iat")), claims.get("exp")
    if type(since) is not int or type(until) is not int or since >= until:
        raise Malformed(reason="nbf or exp is missing")
    try:
        return Validity(datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC))
    except (OverflowError, ValueError, OSError) as broken:
        raise Malformed(reason="nbf or exp is no time") from broken


# Both -----------------------------------------------------------------------------


def _verified_signer(certificates: tuple[bytes, ...], trust: Trust) -> bytes:
    chain.verify(certificates, trust.anchors, trust.now)
    if trust.country is not None:
        problem = next(problems(load_certificate(certificates[0]), trust.country), None)
        if problem:
            raise IssuerUnknown(reason=problem)
    return certificates[0]


def _check_validity(validity: Validity, signed: datetime, signer: bytes, trust: Trust) -> None:
    """Signed in the certificate's time, and holding now (ISO/IEC 18013-5 9.3.1, step 5)."""
    certificate = load_certificate(signer)
    if not certificate.not_valid_before_utc <= signed <= certificate.not_valid_after_utc:
        raise NotValidNow(reason="signed outside of the certificate's validity")
    if not validity.signed - trust.leeway <= trust.now < validity.valid_until:
        raise NotValidNow(
            reason="credential is outside of its validity",
            since=validity.signed.isoformat(),
            until=validity.valid_until.isoformat(),
        )


def _check_country(disclosed: Mapping[tuple[str, ...], Any], trust: Trust) -> None:
    """Where it is shown, issuing_country is the certificate's (ISO/IEC 18013-5 9.3.1)."""
    for path, value in disclosed.items():
        if path[-1] == "issuing_country" and trust.country not in (None, value):
            raise IssuerUnknown(reason="issuing_country is not the certificate's")


def _mapping(value: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise Malformed(reason=f"{what} is missing")
    return value

"""Preparing an SD-JWT VC (RFC 9901, draft-ietf-oauth-sd-jwt-vc) for one signature.

The same steps as ``mdoc``: ``say``, ``prepared``, the durable ``PreparedSdJwt``, ``finish``.
Every claim of the profile can be disclosed by itself; what a verifier always needs
(vct, times, cnf, status) is plain. Verifying is left to ``verify``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from desk.credential import cbor, jose, type_metadata
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.keys import DeviceKey, b64url, load_certificate
from desk.credential.salts import salt_texts
from desk.credential.terms import Terms
from desk.credential.troubles import Malformed, SignatureNotGenuine, SignatureRefused

TYPE = "dc+sd-jwt"
_INTENT_VERSION = 1


@dataclass(frozen=True)
class PreparedSdJwt:
    """An SD-JWT VC that lacks only its signature; holds personal data."""

    to_be_signed: bytes
    disclosures: tuple[str, ...]
    chain: tuple[bytes, ...]
    valid_until: datetime

    format = Format.SD_JWT

    def finish(self, signature: bytes) -> str:
        """``jwt~disclosure~…~``; raises ``SignatureRefused`` for a wrong signature."""
        try:
            DeviceKey.from_certificate(self.chain[0]).verify(signature, self.to_be_signed)
        except SignatureNotGenuine as wrong:
            raise SignatureRefused() from wrong
        jwt = f"{self.to_be_signed.decode()}.{b64url(signature)}"
        return "~".join((jwt, *self.disclosures, ""))

    def credential(self, signature: bytes) -> str:
        """``finish``; the ``credential`` member of OpenID4VCI (A.3.4) is the string itself."""
        return self.finish(signature)

    def to_bytes(self) -> bytes:
        """The durable intent; ``from_bytes`` gives the same ``to_be_signed`` back."""
        return cbor.encode(
            {
                "version": _INTENT_VERSION,
                "format": self.format.value,
                "to_be_signed": self.to_be_signed,
                "disclosures": list(self.disclosures),
                "chain": list(self.chain),
                "valid_until": self.valid_until.isoformat(),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> PreparedSdJwt:
        """Raises ``Malformed`` for anything ``to_bytes`` of this version didn't write."""
        intent = cbor.decode(data)
        try:
            if intent["version"] != _INTENT_VERSION or intent["format"] != cls.format:
                raise Malformed(reason="intent of another version or format")
            return cls(
                intent["to_be_signed"],
                tuple(intent["disclosures"]),
                tuple(intent["chain"]),
                datetime.fromisoformat(intent["valid_until"]),
            )
        except (KeyError, TypeError, ValueError) as broken:
            raise Malformed(reason="intent is incomplete") from broken


@dataclass(frozen=True)
class SaidSdJwt:
    """What an SD-JWT VC says, of whose key nothing is known yet; holds personal data."""

    claims: Mapping[str, Any]
    """Of the payload: the type, and the digests of all that can be disclosed."""
    disclosures: tuple[str, ...]

    def prepared(self, terms: Terms) -> PreparedSdJwt:
        """Every byte of the SD-JWT VC for one phone key.

        ``iss`` may be left out: with x5c the certificate's subject is the issuer. Some wallets
        want it (EUDI's for iOS up to 0.28.2) and some refuse one that no SAN of the
        certificate confirms (Credo): it stands where the certificate does.
        """
        payload: dict[str, Any] = {
            **self.claims,
            "iat": int(terms.validity.signed.timestamp()),
            "nbf": int(terms.validity.signed.timestamp()),
            "exp": int(terms.validity.valid_until.timestamp()),
            "cnf": {"jwk": terms.key.jwk()},
        }
        if _confirms(terms.issuer.certificate_chain[0], terms.issuer_uri):
            payload["iss"] = terms.issuer_uri
        if terms.status is not None:
            payload["status"] = terms.status.as_claim()
        header = {
            "alg": terms.issuer.algorithm,
            "typ": TYPE,
            "x5c": jose.x5c_header(terms.issuer.certificate_chain),
        }
        return PreparedSdJwt(
            to_be_signed=jose.signing_input(header, payload),
            disclosures=self.disclosures,
            chain=tuple(terms.issuer.certificate_chain),
            valid_until=terms.validity.valid_until,
        )


def say(profile: ClaimProfile, values: CredentialValues) -> SaidSdJwt:
    """The disclosures with new salts, and their digests. Raises ``ValueUnfit``."""
    hidden, disclosures = _hide(profile.sdjwt_claims(values))
    plain = {"vct": profile.vct, "vct#integrity": type_metadata.integrity(profile)}
    return SaidSdJwt({**plain, **hidden, "_sd_alg": "sha-256"}, disclosures)


def _confirms(leaf: bytes, issuer_uri: str) -> bool:
    """Whether a certificate names an https issuer, by its address or by its host."""
    parts = urlsplit(issuer_uri)
    if parts.scheme != "https":
        return False
    extensions = load_certificate(leaf).extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    addresses = names.get_values_for_type(x509.UniformResourceIdentifier)
    return issuer_uri in addresses or parts.hostname in names.get_values_for_type(x509.DNSName)


def _hide(
    claims: Mapping[tuple[str, ...], Any],
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The payload part with ``_sd`` arrays, nested as the paths are, and the disclosures."""
    payload: dict[str, Any] = {}
    disclosures = []
    for salt, (path, value) in zip(salt_texts(len(claims)), claims.items(), strict=True):
        place = payload
        for step in path[:-1]:
            place = place.setdefault(step, {})
        text = disclosure(salt, path[-1], value)
        disclosures.append(text)
        place.setdefault("_sd", []).append(digest(text))
    _sort_digests(payload)
    return payload, tuple(disclosures)


def _sort_digests(place: dict[str, Any]) -> None:
    """Sorted digests hide the order of the claims (RFC 9901 4.2.4.1)."""
    for name, value in place.items():
        if name == "_sd":
            value.sort()
        elif isinstance(value, dict):
            _sort_digests(value)


def disclosure(salt: str, name: str, value: Any) -> str:
    """``base64url([salt, name, value])`` of RFC 9901 4.2.1."""
    return b64url(jose.compact_json([salt, name, value]))


def digest(text: str) -> str:
    """SHA-256 over the disclosure's characters (RFC 9901 4.2.3)."""
    return b64url(hashlib.sha256(text.encode()).digest())


def split(compact: str) -> tuple[str, tuple[str, ...], str]:
    """Issuer-signed JWT, disclosures and key-binding JWT, the last one empty where there is
    none (RFC 9901 4); raises ``Malformed``."""
    whole = isinstance(compact, str) and compact.isascii()
    jwt, *rest = compact.split("~") if whole else [""]
    if not jwt or not rest:
        raise Malformed(reason="not an SD-JWT")
    return jwt, tuple(rest[:-1]), rest[-1]

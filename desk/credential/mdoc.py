"""Preparing a mobile document (ISO/IEC 18013-5 9.1.2) for one signature.

``say`` makes what no phone's key is needed for; ``prepared`` makes every byte and signs
nothing; ``PreparedMdoc`` survives a crash as bytes; ``finish`` adds the signature. Items
are encoded once: what is hashed is what is delivered. Reading and verifying is left to
``verify``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from desk.credential import cbor, cose
from desk.credential.claims import ClaimProfile, CredentialValues, Format
from desk.credential.keys import Curve, DeviceKey, b64url
from desk.credential.salts import salts, shuffled
from desk.credential.terms import Terms, Validity
from desk.credential.troubles import Malformed, SignatureNotGenuine, SignatureRefused

_RANDOM_BYTES = 32
_INTENT_VERSION = 1


@dataclass(frozen=True)
class PreparedMdoc:
    """An mdoc that lacks only its signature; holds personal data."""

    name_spaces: bytes
    protected: bytes
    payload: bytes
    chain: tuple[bytes, ...]
    valid_until: datetime

    format = Format.MDOC

    @cached_property
    def to_be_signed(self) -> bytes:
        """The Sig_structure of RFC 9052 4.4: what the signer hashes and signs."""
        return cose.to_be_signed(self.protected, self.payload)

    def finish(self, signature: bytes) -> bytes:
        """The IssuerSigned structure; raises ``SignatureRefused`` for a wrong signature."""
        try:
            DeviceKey.from_certificate(self.chain[0]).verify(signature, self.to_be_signed)
        except SignatureNotGenuine as wrong:
            raise SignatureRefused() from wrong
        headers = {cose.HEADER_X5CHAIN: cose.x5chain_value(self.chain)}
        issuer_auth = cbor.encode([self.protected, headers, self.payload, signature])
        return cbor.join_map({"nameSpaces": self.name_spaces, "issuerAuth": issuer_auth})

    def credential(self, signature: bytes) -> str:
        """``finish`` as the ``credential`` member of OpenID4VCI (A.2.4): base64url."""
        return b64url(self.finish(signature))

    def to_bytes(self) -> bytes:
        """The durable intent; ``from_bytes`` gives the same ``to_be_signed`` back."""
        return cbor.encode(
            {
                "version": _INTENT_VERSION,
                "format": self.format.value,
                "name_spaces": self.name_spaces,
                "protected": self.protected,
                "payload": self.payload,
                "chain": list(self.chain),
                "valid_until": self.valid_until.isoformat(),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> PreparedMdoc:
        """Raises ``Malformed`` for anything ``to_bytes`` of this version didn't write."""
        intent = cbor.decode(data)
        try:
            if intent["version"] != _INTENT_VERSION or intent["format"] != cls.format:
                raise Malformed(reason="intent of another version or format")
            return cls(
                intent["name_spaces"],
                intent["protected"],
                intent["payload"],
                tuple(intent["chain"]),
                datetime.fromisoformat(intent["valid_until"]),
            )
        except (KeyError, TypeError, ValueError) as broken:
            raise Malformed(reason="intent is incomplete") from broken


@dataclass(frozen=True)
class SaidMdoc:
    """What an mdoc says, of whose key nothing is known yet; holds personal data. ``members``
    are the encoded members of its security object that depend on nothing else."""

    name_spaces: bytes
    members: Mapping[str, bytes]

    def prepared(self, terms: Terms) -> PreparedMdoc:
        """Every byte of the mdoc for one phone key."""
        return PreparedMdoc(
            name_spaces=self.name_spaces,
            protected=_protected(terms.issuer.algorithm),
            payload=cbor.encoded(cbor.join_map({**self.members, **_terms(terms)})),
            chain=tuple(terms.issuer.certificate_chain),
            valid_until=terms.validity.valid_until,
        )


def say(profile: ClaimProfile, values: CredentialValues) -> SaidMdoc:
    """The items with new salts, and their digests.

    Raises ``ValueUnfit`` for a value that is missing or of the wrong form.
    """
    name_spaces, digests = _items(profile.mdoc_elements(values))
    security_object = {
        "version": "1.0",
        "digestAlgorithm": "SHA-256",
        "valueDigests": digests,
        "docType": profile.doctype,
    }
    members = {name: cbor.encode(value) for name, value in security_object.items()}
    return SaidMdoc(name_spaces, members)


def _terms(terms: Terms) -> dict[str, bytes]:
    """The encoded members of the security object (9.1.2.4) that the key and the time decide."""
    members = {
        "deviceKeyInfo": cbor.encode({"deviceKey": terms.key.cose()}),
        "validityInfo": _validity_info(terms.validity),
    }
    if terms.status is not None:
        members["status"] = cbor.encode(terms.status.as_claim())
    return members


@lru_cache(maxsize=8)
def _validity_info(validity: Validity) -> bytes:
    """Rounded as they are, many credentials say the same times."""
    signed, until = cbor.tdate(validity.signed), cbor.tdate(validity.valid_until)
    return cbor.encode({"signed": signed, "validFrom": signed, "validUntil": until})


def _items(
    elements: dict[str, list[tuple[str, Any]]],
) -> tuple[bytes, dict[str, dict[int, bytes]]]:
    """The encoded nameSpaces and the valueDigests over the very bytes in them.

    The order of the digest ids tells nothing of the elements (9.1.2.4).
    """
    name_spaces: dict[str, bytes] = {}
    digests: dict[str, dict[int, bytes]] = {}
    for name_space, named in elements.items():
        items = [b""] * len(named)
        hashed = digests[name_space] = {}
        places = zip(shuffled(len(named)), salts(len(named), _RANDOM_BYTES), strict=True)
        for digest_id, (place, random) in enumerate(places):
            items[place] = _item(digest_id, random, *named[place])
            hashed[digest_id] = hashlib.sha256(items[place]).digest()
        name_spaces[name_space] = cbor.join_array(items)
    return cbor.join_map(name_spaces), digests


def _item(digest_id: int, random: bytes, element: str, value: Any) -> bytes:
    """One IssuerSignedItemBytes (9.1.2.4)."""
    members = (_numbered(digest_id), random, _identified(element), cbor.encode(value))
    return cbor.encoded(b"".join(members))


@lru_cache(maxsize=256)
def _numbered(digest_id: int) -> bytes:
    """An item up to its random bytes, the same in each credential: a map of four members, the
    second of 32 bytes."""
    members = (cbor.encode("digestID"), cbor.encode(digest_id), cbor.encode("random"))
    return b"".join((b"\xa4", *members, b"\x58\x20"))


@lru_cache(maxsize=256)
def _identified(element: str) -> bytes:
    """An item between its random bytes and its value, the same in each credential."""
    return b"".join(map(cbor.encode, ("elementIdentifier", element, "elementValue")))


@lru_cache(maxsize=4)
def _protected(algorithm: str) -> bytes:
    return cose.protected_header(Curve.by_algorithm(algorithm))

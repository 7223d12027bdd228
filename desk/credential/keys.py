"""Elliptic curve keys in the three spellings credentials need: JWK, COSE_Key, X.509.

Signatures are raw r||s everywhere (JWS of RFC 7518 3.4, COSE of RFC 9053 2.1); DER
exists only inside this module. P-256 and P-384 are known, nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import pybase64
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from desk.credential.troubles import Malformed, SignatureNotGenuine

_UNCOMPRESSED = b"\x04"
"""Before the coordinates of a point (SEC 1, 2.3.3)."""
_COSE_KTY, _COSE_CRV, _COSE_X, _COSE_Y, _COSE_EC2 = 1, -1, -2, -3, 2
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises over a certificate that is none, or that is odd; whoever sends one
may be anybody."""


class Curve(Enum):
    """A curve with the names and numbers other formats give it."""

    P256 = ("P-256", "ES256", (-7, -9), 1, 32)
    P384 = ("P-384", "ES384", (-35, -51), 2, 48)

    def __init__(
        self, jose: str, algorithm: str, cose: tuple[int, ...], cose_curve: int, size: int
    ) -> None:
        self.jose = jose
        self.algorithm = algorithm
        self.cose_algorithms = cose
        self.cose_curve = cose_curve
        self.size = size
        self.group = ec.SECP256R1() if size == 32 else ec.SECP384R1()
        self.digest = hashes.SHA256() if size == 32 else hashes.SHA384()
        self.ecdsa = ec.ECDSA(self.digest)

    @classmethod
    def of(cls, curve: ec.EllipticCurve) -> Curve:
        for known in _CURVES:
            if known.group.name == curve.name:
                return known
        raise Malformed(reason=f"curve {curve.name} is not supported")

    @classmethod
    def by_algorithm(cls, algorithm: str) -> Curve:
        """``ES256`` or ``ES384``; raises ``Malformed``."""
        for known in _CURVES:
            if known.algorithm == algorithm:
                return known
        raise Malformed(reason="signature algorithm is not supported")


_CURVES = tuple(Curve)


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 2)."""
    return pybase64.b64encode_as_string(data, b"-_", padded=False)


def from_b64url(text: str) -> bytes:
    """The bytes of unpadded base64url; raises ``Malformed`` for anything else: padding, other
    characters, bits left over in the last one."""
    if not isinstance(text, str):
        raise Malformed(reason="not base64url")
    try:
        return pybase64.b64decode(text, b"-_", validate=True, padded=False, canonical=True)
    except ValueError as broken:
        raise Malformed(reason="not base64url") from broken


@dataclass(frozen=True)
class DeviceKey:
    """A public key on a curve: of a phone, a signer or a certificate."""

    curve: Curve
    x: bytes
    y: bytes

    @classmethod
    def from_public_key(cls, key: object) -> DeviceKey:
        """Raises ``Malformed`` for a key that is no P-256 or P-384 key."""
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise Malformed(reason="not an elliptic curve key")
        curve, numbers = Curve.of(key.curve), key.public_numbers()
        return cls(curve, numbers.x.to_bytes(curve.size), numbers.y.to_bytes(curve.size))

    @classmethod
    def from_certificate(cls, der: bytes) -> DeviceKey:
        """The key of a DER certificate; raises ``Malformed``."""
        return _certified(der)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> DeviceKey:
        """RFC 7518 6.2.1. Raises ``Malformed``; a private or off-curve key is refused."""
        if not isinstance(jwk, Mapping) or jwk.get("kty") != "EC":
            raise Malformed(reason="JWK of another key type")
        if "d" in jwk:
            raise Malformed(reason="JWK holds a private key")
        for curve in _CURVES:
            if curve.jose == jwk.get("crv"):
                return cls._checked(
                    curve, from_b64url(jwk.get("x", "")), from_b64url(jwk.get("y", ""))
                )
        raise Malformed(reason="JWK of another curve")

    @classmethod
    def from_cose(cls, key: Mapping[Any, Any]) -> DeviceKey:
        """RFC 9053 7.1.1. Raises ``Malformed``; compressed points are refused."""
        if not isinstance(key, Mapping) or key.get(_COSE_KTY) != _COSE_EC2:
            raise Malformed(reason="COSE key of another type")
        for curve in _CURVES:
            if curve.cose_curve == key.get(_COSE_CRV):
                return cls._checked(curve, key.get(_COSE_X), key.get(_COSE_Y))
        raise Malformed(reason="COSE key of another curve")

    @classmethod
    def _checked(cls, curve: Curve, x: object, y: object) -> DeviceKey:
        if not isinstance(x, bytes) or not isinstance(y, bytes):
            raise Malformed(reason="key without coordinates")
        if len(x) != curve.size or len(y) != curve.size:
            raise Malformed(reason="key coordinates of wrong length")
        key = cls(curve, x, y)
        try:
            key.public_key()
        except ValueError as broken:
            raise Malformed(reason="key is not on its curve") from broken
        return key

    def jwk(self) -> dict[str, str]:
        """The public JWK with its required members only."""
        return {
            "kty": "EC",
            "crv": self.curve.jose,
            "x": b64url(self.x),
            "y": b64url(self.y),
        }

    def cose(self) -> dict[int, int | bytes]:
        """The COSE_Key of ISO 18013-5 9.1.2.4, coordinates in full length."""
        return {
            _COSE_KTY: _COSE_EC2,
            _COSE_CRV: self.curve.cose_curve,
            _COSE_X: self.x,
            _COSE_Y: self.y,
        }

    @property
    def thumbprint_bytes(self) -> bytes:
        """SHA-256 thumbprint of RFC 7638, 32 bytes."""
        x, y = b64url(self.x), b64url(self.y)
        # The required members in lexicographic order, without white space (section 3).
        canonical = f'{{"crv":"{self.curve.jose}","kty":"EC","x":"{x}","y":"{y}"}}'
        return hashlib.sha256(canonical.encode()).digest()

    @property
    def thumbprint(self) -> str:
        """SHA-256 thumbprint of RFC 7638, base64url."""
        return b64url(self.thumbprint_bytes)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Raises ``ValueError`` where the point isn't on the curve."""
        return _point(self.curve, self.x, self.y)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raises ``SignatureNotGenuine`` unless ``signature`` (r||s) covers ``data``."""
        size = self.curve.size
        if len(signature) != 2 * size:
            raise SignatureNotGenuine(reason="signature of wrong length")
        der = encode_dss_signature(
            int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
        )
        try:
            self.public_key().verify(der, data, self.curve.ecdsa)
        except InvalidSignature:
            raise SignatureNotGenuine(reason="signature does not verify") from None


@lru_cache(maxsize=64)
def _point(curve: Curve, x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    """A key is looked at several times while one request lasts: on its curve, then to verify."""
    return ec.EllipticCurvePublicKey.from_encoded_point(curve.group, _UNCOMPRESSED + x + y)


@lru_cache(maxsize=16)
def _certified(der: bytes) -> DeviceKey:
    return DeviceKey.from_public_key(public_key_of(load_certificate(der)))


def raw_signature(der: bytes, curve: Curve) -> bytes:
    """The r||s form of a DER signature, as cards return it."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(curve.size) + s.to_bytes(curve.size)


def load_certificate(der: bytes) -> x509.Certificate:
    """Raises ``Malformed`` where the bytes are no certificate, or one that cannot be read whole."""
    try:
        return _loaded(der)
    except UNREADABLE as broken:
        raise Malformed(reason="not a certificate") from broken


def public_key_of(certificate: x509.Certificate) -> object:
    """Raises ``Malformed`` for a key that the library cannot read, such as one on a curve
    spelled out in full."""
    try:
        return certificate.public_key()
    except UNREADABLE as broken:
        raise Malformed(reason="certificate with a key of another kind") from broken


@lru_cache(maxsize=16)
def _loaded(der: bytes) -> x509.Certificate:
    """The officer's certificate is asked for its key and its times with every credential."""
    certificate = x509.load_der_x509_certificate(der)
    # These are parsed only when asked for; a damaged one must show here.
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    _ = certificate.issuer, certificate.subject
    _ = certificate.extensions, certificate.signature_hash_algorithm
    return certificate

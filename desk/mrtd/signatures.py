"""Public keys and signature schemes as certificates and signed data state them.

RSA (PKCS#1 v1.5 and PSS with stated parameters) and ECDSA (named and explicit
parameters), SHA-1 to SHA-512 (Doc 9303-12 clause 4.4). Parsing goes through
asn1crypto because `cryptography` refuses explicit parameters; the curves of
first-generation passports that it does not know are verified by `ecdsa`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from ecdsa import BadSignatureError, VerifyingKey
from ecdsa.der import UnexpectedDER
from ecdsa.errors import MalformedPointError
from ecdsa.util import sigdecode_der

from desk.mrtd.curves import CURVES, PRIMES, SMALL, Domain
from desk.mrtd.der import MALFORMED


@dataclass(frozen=True)
class SmallCurveKey:
    """A public key on one of `curves.SMALL`; ``key_size`` is its curve's, bits."""

    curve: str
    key_size: int
    point: bytes = field(repr=False)
    _verifier: VerifyingKey = field(repr=False, compare=False)


EcKey = ec.EllipticCurvePublicKey | SmallCurveKey
PublicKey = rsa.RSAPublicKey | EcKey

MIN_RSA_BITS, MAX_RSA_BITS = 1024, 8192
MAX_EXPONENT_BITS = 64
"""The field has up to 6144 and 17. A key is the chip's own word, and raising to an exponent
of some ten thousand bits would take it hours of the desk's time."""
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_PLAIN_ECDSA = "0.4.0.127.0.7.1.1.4.1."
"""BSI TR-03111 ecdsa-plain-signatures; the last arc names the hash."""
_PLAIN_HASHES = {"1": "sha1", "2": "sha224", "3": "sha256", "4": "sha384", "5": "sha512"}


class Unsupported(Exception):
    """A key or algorithm that is not among those above; ``reason`` is one short English line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignatureWrong(Exception):
    """The signature does not belong to these bytes and this key."""


class Kind(StrEnum):
    """Signature scheme; the value is how screens and records name it."""

    PKCS1 = "RSA"
    PSS = "RSA-PSS"
    ECDSA = "ECDSA"
    PLAIN_ECDSA = "ECDSA plain"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature was made; ``mask_hash`` and ``salt`` (bytes) only for PSS."""

    kind: Kind
    hash: str
    mask_hash: str = ""
    salt: int = 0

    @property
    def label(self) -> str:
        """Such as «RSA-PSS SHA-256»."""
        return f"{self.kind.value} SHA-{self.hash.removeprefix('sha')}"


def digest(name: str, data: bytes) -> bytes:
    """``data`` hashed by ``name`` (sha1 to sha512); raises Unsupported."""
    if name not in _HASHES:
        raise Unsupported(f"hash {name}")
    return hashlib.new(name, data, usedforsecurity=False).digest()


def public_key(spki: bytes) -> PublicKey:
    """The key in a DER SubjectPublicKeyInfo; raises Unsupported."""
    try:
        info = keys.PublicKeyInfo.load(spki, strict=True)
        algorithm = info["algorithm"]["algorithm"].native
        if algorithm in ("rsa", "rsassa_pss"):
            return _rsa_key(info)
        if algorithm == "ec":
            return _ec_key(info)
    except (*MALFORMED, UnsupportedAlgorithm) as error:
        raise Unsupported(f"key not readable: {type(error).__name__}") from error
    raise Unsupported(f"key algorithm {algorithm}")


def scheme(algorithm: Any, default_hash: str) -> Scheme:
    """The scheme an asn1crypto SignedDigestAlgorithm states.

    ``default_hash`` serves where the algorithm names only the key type, as signer infos
    may. Raises Unsupported.
    """
    try:
        return _scheme(algorithm, default_hash)
    except MALFORMED as error:
        raise Unsupported(f"signature algorithm not readable: {type(error).__name__}") from error


def scheme_of_der(algorithm: bytes, default_hash: str = "") -> Scheme:
    """The same for a DER AlgorithmIdentifier."""
    try:
        parsed = algos.SignedDigestAlgorithm.load(algorithm)
    except MALFORMED as error:
        raise Unsupported("signature algorithm not readable") from error
    return scheme(parsed, default_hash)


def verify(key: PublicKey, how: Scheme, signature: bytes, data: bytes) -> None:
    """Raises SignatureWrong, or Unsupported where key and scheme are of different kinds."""
    hash_ = _HASHES[how.hash]()
    try:
        if isinstance(key, rsa.RSAPublicKey) and how.kind in (Kind.PKCS1, Kind.PSS):
            key.verify(signature, data, _rsa_padding(how), hash_)
        elif isinstance(key, EcKey) and how.kind in (Kind.ECDSA, Kind.PLAIN_ECDSA):
            der = _from_plain(signature) if how.kind is Kind.PLAIN_ECDSA else signature
            if isinstance(key, SmallCurveKey):
                _verify_small(key, der, digest(how.hash, data))
            else:
                key.verify(der, data, ec.ECDSA(hash_))
        else:
            raise Unsupported(f"{how.kind.value} with another kind of key")
    except InvalidSignature as error:
        raise SignatureWrong from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unsupported(f"{how.label}: {type(error).__name__}") from error


def _scheme(algorithm: Any, default_hash: str) -> Scheme:
    oid = algorithm["algorithm"]
    name, dotted = oid.native, oid.dotted
    if dotted.startswith(_PLAIN_ECDSA):
        return Scheme(Kind.PLAIN_ECDSA, _known(_PLAIN_HASHES.get(dotted.split(".")[-1], dotted)))
    if name == "rsassa_pss":
        return _pss(algorithm["parameters"])
    if name in ("rsassa_pkcs1v15", "rsa"):
        return Scheme(Kind.PKCS1, _known(default_hash))
    if name in ("ecdsa", "ec") or dotted == "1.2.840.10045.2.1":
        return Scheme(Kind.ECDSA, _known(default_hash))
    hash_, _, family = name.partition("_")
    kinds = {"rsa": Kind.PKCS1, "ecdsa": Kind.ECDSA}
    if family not in kinds:
        raise Unsupported(f"signature algorithm {name}")
    return Scheme(kinds[family], _known(hash_))


def _pss(parameters: Any) -> Scheme:
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1" or parameters["trailer_field"].native not in (
        1,
        "trailer_field_bc",
    ):
        raise Unsupported("PSS mask or trailer")
    return Scheme(
        Kind.PSS,
        _known(parameters["hash_algorithm"]["algorithm"].native),
        _known(mask["parameters"]["algorithm"].native),
        parameters["salt_length"].native,
    )


def _known(name: str) -> str:
    if name not in _HASHES:
        raise Unsupported(f"hash {name or 'not stated'}")
    return name


def _rsa_padding(how: Scheme) -> padding.AsymmetricPadding:
    if how.kind is Kind.PKCS1:
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(_HASHES[how.mask_hash]()), salt_length=how.salt)


def _from_plain(signature: bytes) -> bytes:
    """DER of r and s joined, each half of the length (TR-03111 clause 5.2.1)."""
    half = len(signature) // 2
    if not half or len(signature) % 2:
        raise SignatureWrong
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def _rsa_key(info: Any) -> rsa.RSAPublicKey:
    numbers = info["public_key"].parsed
    modulus, exponent = numbers["modulus"].native, numbers["public_exponent"].native
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise Unsupported(f"RSA key of {modulus.bit_length()} bits")
    if exponent.bit_length() > MAX_EXPONENT_BITS:
        raise Unsupported(f"RSA exponent of {exponent.bit_length()} bits")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(info: Any) -> EcKey:
    parameters = info["algorithm"]["parameters"]
    contents = info["public_key"].contents
    if contents[0]:
        raise Unsupported("public point not whole bytes")
    domain = _named(parameters) if parameters.name == "named" else _explicit(parameters.chosen)
    if domain in SMALL:
        return _small_key(SMALL[domain], contents[1:])
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[domain], contents[1:])


def _small_key(curve: Any, point: bytes) -> SmallCurveKey:
    encodings = ("uncompressed", "compressed")
    try:
        verifier = VerifyingKey.from_string(point, curve, valid_encodings=encodings)
    except MalformedPointError as error:
        raise Unsupported("public point not on its curve") from error
    plain = verifier.to_string("uncompressed")
    return SmallCurveKey(curve.name, curve.order.bit_length(), plain, verifier)


def _verify_small(key: SmallCurveKey, signature: bytes, hashed: bytes) -> None:
    try:
        key._verifier.verify_digest(signature, hashed, sigdecode_der, allow_truncate=True)
    except (BadSignatureError, UnexpectedDER) as error:
        raise SignatureWrong from error


_NAMED = {
    "1.2.840.10045.3.1.1": "NIST192p",
    "1.3.132.0.33": "secp224r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    "1.3.36.3.3.2.8.1.1.3": "BRAINPOOLP192r1",
    "1.3.36.3.3.2.8.1.1.5": "BRAINPOOLP224r1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.9": "BRAINPOOLP320r1",
    "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
}
_BY_NAME = {curve.name: domain for domain, curve in (*CURVES.items(), *SMALL.items())}


def _named(parameters: Any) -> Domain:
    dotted = parameters.chosen.dotted
    if dotted not in _NAMED:
        raise Unsupported(f"curve {dotted}")
    return _BY_NAME[_NAMED[dotted]]


def stated_curve(domain: Any) -> Domain:
    """The numbers of an asn1crypto SpecifiedECDomain; raises Unsupported.

    Whether they are a known curve's is left to the caller.
    """
    field = domain["field_id"]
    if field["field_type"].native != "prime_field":
        raise Unsupported("curve not over a prime field")
    if domain["cofactor"].native not in (1, None):
        raise Unsupported("curve with a cofactor")
    prime = field["parameters"].native
    a = int.from_bytes(domain["curve"]["a"].contents)
    b = int.from_bytes(domain["curve"]["b"].contents)
    x, y = _base_point(domain["base"].contents, prime)
    if y < 0:
        y = _decompressed(x, y, a, b, prime)
    return Domain(prime, a, b, x, y, domain["order"].native)


def _explicit(domain: Any) -> Domain:
    """The numbers of the named curve whose every parameter equals the stated ones."""
    if domain["field_id"]["parameters"].native not in PRIMES:
        raise Unsupported("curve with explicit parameters, prime unknown")
    stated = stated_curve(domain)
    if stated not in CURVES and stated not in SMALL:
        raise Unsupported("curve with explicit parameters that are not the standard's")
    return stated


def _base_point(encoded: bytes, prime: int) -> tuple[int, int]:
    """Coordinates; y is -2 or -1 for a compressed point of even or odd y."""
    size = (prime.bit_length() + 7) // 8
    form, x = encoded[0], int.from_bytes(encoded[1 : 1 + size])
    if form == 4 and len(encoded) == 1 + 2 * size:
        return x, int.from_bytes(encoded[1 + size :])
    if form in (2, 3) and len(encoded) == 1 + size:
        return x, form - 4
    raise Unsupported("base point of unknown form")


def _decompressed(x: int, mark: int, a: int, b: int, prime: int) -> int:
    candidates = [d.y for d in (*CURVES, *SMALL) if (d.prime, d.a, d.b, d.x) == (prime, a, b, x)]
    if not candidates:
        raise Unsupported("curve with explicit parameters that are not the standard's")
    y = candidates[0]
    return y if y % 2 == mark % 2 else prime - y

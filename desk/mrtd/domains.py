"""Domain parameters for key agreement: who may use which group, and how to reckon in it.

Every group that Doc 9303-11 clause 9.5.1 standardises, DH and ECDH behind one interface,
for PACE and chip authentication, terminal and chip alike. Explicit parameters are taken
only where every number is that of a standardised group (clause 9.2.2: unknown ones leak
the password). Group elements travel as bytes, encoded as ephemeral public keys are
(9.4.5), and every element that comes from outside is validated before it is used.

The order of the protocol's steps is left to `desk.mrtd.pace` and its like. Curve
arithmetic is `cryptography`'s on the standard's generator, in constant time and fast, and
`ecdsa`'s on all others, and on curves that `cryptography` does not have.

Origin of the numbers: DH groups from RFC 5114 clause 2, curves as `ecdsa` has them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from asn1crypto import keys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ecdsa import curves as named
from ecdsa.ellipticcurve import INFINITY, PointJacobi

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import der, signatures
from desk.mrtd.curves import CURVES, Domain
from desk.mrtd.der import MALFORMED, dotted
from desk.mrtd.signatures import Unsupported

RandomBytes = Callable[[int], bytes]
STANDARDIZED_OID = "0.4.0.127.0.7.1.2"
_DH_OIDS = ("1.2.840.10046.2.1", "1.2.840.113549.1.3.1")
"""X9.42, as the clause has it for PACE, and PKCS#3, as it has it for chip authentication."""
_EC_OID = "1.2.840.10045.2.1"
_UNCOMPRESSED = b"\x04"
_MARGIN = 8
"""Bytes drawn beyond the order's length, so that the remainder is as good as uniform."""


class KeyInvalid(ValueError):
    """No element of the group, or one that would give the secret away; ``reason`` in English."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Agreement(StrEnum):
    """Kind of group."""

    DH = "DH"
    ECDH = "ECDH"


class DomainParameters(Protocol):
    """A group with its generator. ``parameter_id`` is that of Doc 9303-11 table 12.

    ``key_tag`` is the tag of a public key in a public key data object (tables 10 and 11).
    Elements are bytes: an uncompressed point, or an unsigned integer without leading zeros.
    Every method that takes an element raises KeyInvalid where it is none.
    """

    @property
    def parameter_id(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def agreement(self) -> Agreement: ...
    @property
    def key_tag(self) -> int: ...
    @property
    def order(self) -> int:
        """Of the generator; prime."""
        ...

    @property
    def modulus(self) -> int:
        """Of the field that coordinates or elements lie in."""
        ...

    @property
    def maps_integrated(self) -> bool:
        """Whether the integrated mapping can be used here (P-224 cannot)."""
        ...

    def draw(self, random: RandomBytes = secrets.token_bytes) -> int:
        """A private key, uniform in 1 to order - 1."""
        ...

    def public_key(self, private: int, generator: bytes | None = None) -> bytes:
        """``private`` times ``generator`` (an element of this group; the standard's without)."""
        ...

    def validated(self, public: bytes) -> bytes:
        """``public`` as it must be encoded, where it is a public key of this group."""
        ...

    def agree(self, private: int, public: bytes) -> bytes:
        """The element that both sides agree on."""
        ...

    def shared_secret(self, private: int, public: bytes) -> bytes:
        """The same as key derivation takes it: x-coordinate or number, full length (9.7.1)."""
        ...

    def generic(self, nonce: bytes, agreed: bytes) -> bytes:
        """Generator mapped from a nonce and an agreed element (4.4.3.3.1)."""
        ...

    def integrated(self, number: int) -> bytes:
        """Generator mapped from a pseudo-random number below the modulus (4.4.3.3.2)."""
        ...


@dataclass(frozen=True)
class CurveDomain:
    """An elliptic curve over a prime field, cofactor 1."""

    parameter_id: int
    label: str
    _curve: Any = field(repr=False, compare=False)

    agreement = Agreement.ECDH
    key_tag = 0x86

    @property
    def order(self) -> int:
        return int(self._curve.order)

    @property
    def modulus(self) -> int:
        return int(self._curve.curve.p())

    @property
    def numbers(self) -> Domain:
        curve, base = self._curve.curve, self._curve.generator
        p = self.modulus
        return Domain(p, curve.a() % p, curve.b() % p, base.x(), base.y(), self.order)

    @property
    def maps_integrated(self) -> bool:
        return self.modulus % 4 == 3

    def draw(self, random: RandomBytes = secrets.token_bytes) -> int:
        return _draw(self.order, random)

    def public_key(self, private: int, generator: bytes | None = None) -> bytes:
        if generator is not None:
            return self._encoded(self._point(generator) * private)
        own = self._own(private)
        if own is None:
            return self._encoded(self._base * private)
        return own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def validated(self, public: bytes) -> bytes:
        return self._encoded(self._point(public))

    def agree(self, private: int, public: bytes) -> bytes:
        return self._encoded(self._point(public) * private)

    def shared_secret(self, private: int, public: bytes) -> bytes:
        own, point = self._own(private), self.validated(public)
        if own is None:
            return self.agree(private, point)[1 : 1 + self._size]
        peer = ec.EllipticCurvePublicKey.from_encoded_point(own.curve, point)
        return own.exchange(ec.ECDH(), peer)

    def generic(self, nonce: bytes, agreed: bytes) -> bytes:
        element, s = self._point(agreed), int.from_bytes(nonce) % self.order
        return self._encoded(self._point(self.public_key(s)) + element if s else element)

    def integrated(self, number: int) -> bytes:
        """Appendix B of Doc 9303-11; the names of the numbers are those of its steps."""
        if not self.maps_integrated:
            raise Unsupported(f"integrated mapping on {self.label}")
        d = self.numbers
        p, t = d.prime, number % d.prime
        alpha = -t * t % p
        x2 = -d.b * _inverse(d.a, p) * (1 + _inverse(alpha + alpha * alpha, p)) % p
        x3 = alpha * x2 % p
        h2 = (x2**3 + d.a * x2 + d.b) % p
        u = t**3 * h2 % p
        root = pow(h2, p - 1 - (p + 1) // 4, p)
        x, y = (x2, root * h2 % p) if root * root * h2 % p == 1 else (x3, root * u % p)
        return self.validated(_UNCOMPRESSED + x.to_bytes(self._size) + y.to_bytes(self._size))

    @property
    def _size(self) -> int:
        return (self.modulus.bit_length() + 7) // 8

    def _own(self, private: int) -> ec.EllipticCurvePrivateKey | None:
        """The key for `cryptography`, None where it has not this curve, or there is no key."""
        curve, scalar = CURVES.get(self.numbers), private % self.order
        return ec.derive_private_key(scalar, curve) if curve and scalar else None

    @property
    def _base(self) -> Any:
        d = self.numbers
        return PointJacobi(self._curve.curve, d.x, d.y, 1, d.order)

    def _point(self, encoded: bytes) -> Any:
        size = self._size
        if len(encoded) != 1 + 2 * size or encoded[:1] != _UNCOMPRESSED:
            raise KeyInvalid("no uncompressed point of this curve")
        x, y = int.from_bytes(encoded[1 : 1 + size]), int.from_bytes(encoded[1 + size :])
        if max(x, y) >= self.modulus or not self._curve.curve.contains_point(x, y):
            raise KeyInvalid("point not on the curve")
        return PointJacobi(self._curve.curve, x, y, 1, self.order)

    def _encoded(self, point: Any) -> bytes:
        if point == INFINITY:
            raise KeyInvalid("point at infinity")
        affine = point.to_affine()
        x, y = int(affine.x()), int(affine.y())
        return _UNCOMPRESSED + x.to_bytes(self._size) + y.to_bytes(self._size)


@dataclass(frozen=True)
class ModpDomain:
    """The subgroup of prime order in the numbers modulo a prime."""

    parameter_id: int
    label: str
    modulus: int = field(repr=False)
    generator: int = field(repr=False)
    order: int = field(repr=False)

    agreement = Agreement.DH
    key_tag = 0x84
    maps_integrated = True

    def draw(self, random: RandomBytes = secrets.token_bytes) -> int:
        return _draw(self.order, random)

    def public_key(self, private: int, generator: bytes | None = None) -> bytes:
        base = self.generator if generator is None else self._number(generator)
        return self._encoded(pow(base, private, self.modulus))

    def validated(self, public: bytes) -> bytes:
        return self._encoded(self._number(public))

    def agree(self, private: int, public: bytes) -> bytes:
        return self._encoded(pow(self._number(public), private, self.modulus))

    def shared_secret(self, private: int, public: bytes) -> bytes:
        return self.agree(private, public).rjust(self._size, b"\x00")

    def generic(self, nonce: bytes, agreed: bytes) -> bytes:
        mapped = pow(self.generator, int.from_bytes(nonce), self.modulus) * self._number(agreed)
        return self._encoded(mapped % self.modulus)

    def integrated(self, number: int) -> bytes:
        return self._encoded(pow(number, (self.modulus - 1) // self.order, self.modulus))

    @property
    def _size(self) -> int:
        return (self.modulus.bit_length() + 7) // 8

    def _number(self, encoded: bytes) -> int:
        """Validation of RFC 2631 clause 2.1.5: in range and in the subgroup."""
        number = int.from_bytes(encoded)
        if len(encoded) > self._size or not 2 <= number < self.modulus:
            raise KeyInvalid("public value out of range")
        if pow(number, self.order, self.modulus) != 1:
            raise KeyInvalid("public value outside the subgroup")
        return number

    def _encoded(self, number: int) -> bytes:
        if number <= 1:
            raise KeyInvalid("neutral element")
        return unsigned(number)


def unsigned(number: int) -> bytes:
    """An unsigned integer in as few bytes as hold it (9.4.1)."""
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8))


def _draw(order: int, random: RandomBytes) -> int:
    return int.from_bytes(random((order.bit_length() + 7) // 8 + _MARGIN)) % (order - 1) + 1


def _inverse(number: int, prime: int) -> int:
    """By Fermat: zero gives zero, and the point that follows is refused as none."""
    return pow(number, prime - 2, prime)


def _hex(*lines: str) -> int:
    return int("".join(lines), 16)


_GROUPS: tuple[DomainParameters, ...] = (
    ModpDomain(
        0,
        "DH 1024/160",
        _hex(
            "B10B8F96A080E01DDE92DE5EAE5D54EC52C99FBCFB06A3C69A6A9DCA52D23B616073E28675A23D18"
            "9838EF1E2EE652C013ECB4AEA906112324975C3CD49B83BFACCBDD7D90C4BD7098488E9C219A7372"
            "4EFFD6FAE5644738FAA31A4FF55BCCC0A151AF5F0DC8B4BD45BF37DF365C1A65E68CFDA76D4DA708"
            "DF1FB2BC2E4A4371"
        ),
        _hex(
            "A4D1CBD5C3FD34126765A442EFB99905F8104DD258AC507FD6406CFF14266D31266FEA1E5C41564B"
            "777E690F5504F213160217B4B01B886A5E91547F9E2749F4D7FBD7D3B9A92EE1909D0D2263F80A76"
            "A6A24C087A091F531DBF0A0169B6A28AD662A4D18E73AFA32D779D5918D08BC8858F4DCEF97C2A24"
            "855E6EEB22B3B2E5"
        ),
        _hex("F518AA8781A8DF278ABA4E7D64B7CB9D49462353"),
    ),
    ModpDomain(
        1,
        "DH 2048/224",
        _hex(
            "AD107E1E9123A9D0D660FAA79559C51FA20D64E5683B9FD1B54B1597B61D0A75E6FA141DF95A56DB"
            "AF9A3C407BA1DF15EB3D688A309C180E1DE6B85A1274A0A66D3F8152AD6AC2129037C9EDEFDA4DF8"
            "D91E8FEF55B7394B7AD5B7D0B6C12207C9F98D11ED34DBF6C6BA0B2C8BBC27BE6A00E0A0B9C49708"
            "B3BF8A317091883681286130BC8985DB1602E714415D9330278273C7DE31EFDC7310F7121FD5A074"
            "15987D9ADC0A486DCDF93ACC44328387315D75E198C641A480CD86A1B9E587E8BE60E69CC928B2B9"
            "C52172E413042E9B23F10B0E16E79763C9B53DCF4BA80A29E3FB73C16B8E75B97EF363E2FFA31F71"
            "CF9DE5384E71B81C0AC4DFFE0C10E64F"
        ),
        _hex(
            "AC4032EF4F2D9AE39DF30B5C8FFDAC506CDEBE7B89998CAF74866A08CFE4FFE3A6824A4E10B9A6F0"
            "DD921F01A70C4AFAAB739D7700C29F52C57DB17C620A8652BE5E9001A8D66AD7C17669101999024A"
            "F4D027275AC1348BB8A762D0521BC98AE247150422EA1ED409939D54DA7460CDB5F6C6B250717CBE"
            "F180EB34118E98D119529A45D6F834566E3025E316A330EFBB77A86F0C1AB15B051AE3D428C8F8AC"
            "B70A8137150B8EEB10E183EDD19963DDD9E263E4770589EF6AA21E7F5F2FF381B539CCE3409D13CD"
            "566AFBB48D6C019181E1BCFE94B30269EDFE72FE9B6AA4BD7B5A0F1C71CFFF4C19C418E1F6EC0179"
            "81BC087F2A7065B384B890D3191F2BFA"
        ),
        _hex("801C0D34C58D93FE997177101F80535A4738CEBCBF389A99B36371EB"),
    ),
    ModpDomain(
        2,
        "DH 2048/256",
        _hex(
            "87A8E61DB4B6663CFFBBD19C651959998CEEF608660DD0F25D2CEED4435E3B00E00DF8F1D61957D4"
            "FAF7DF4561B2AA3016C3D91134096FAA3BF4296D830E9A7C209E0C6497517ABD5A8A9D306BCF67ED"
            "91F9E6725B4758C022E0B1EF4275BF7B6C5BFC11D45F9088B941F54EB1E59BB8BC39A0BF12307F5C"
            "4FDB70C581B23F76B63ACAE1CAA6B7902D52526735488A0EF13C6D9A51BFA4AB3AD8347796524D8E"
            "F6A167B5A41825D967E144E5140564251CCACB83E6B486F6B3CA3F7971506026C0B857F689962856"
            "DED4010ABD0BE621C3A3960A54E710C375F26375D7014103A4B54330C198AF126116D2276E11715F"
            "693877FAD7EF09CADB094AE91E1A1597"
        ),
        _hex(
            "3FB32C9B73134D0B2E77506660EDBD484CA7B18F21EF205407F4793A1A0BA12510DBC15077BE463F"
            "FF4FED4AAC0BB555BE3A6C1B0C6B47B1BC3773BF7E8C6F62901228F8C28CBB18A55AE31341000A65"
            "0196F931C77A57F2DDF463E5E9EC144B777DE62AAAB8A8628AC376D282D6ED3864E67982428EBC83"
            "1D14348F6F2F9193B5045AF2767164E1DFC967C1FB3F2E55A4BD1BFFE83B9C80D052B985D182EA0A"
            "DB2A3B7313D3FE14C8484B1E052588B9B7D2BBD2DF016199ECD06E1557CD0915B3353BBB64E0EC37"
            "7FD028370DF92B52C7891428CDC67EB6184B523D1DB246C32F63078490F00EF8D647D148D4795451"
            "5E2327CFEF98C582664B4C0F6CC41659"
        ),
        _hex("8CF83642A709A097B447997640129DA299B1A47D1EB3750BA308B0FE64F5FBD3"),
    ),
    CurveDomain(8, "secp192r1", named.NIST192p),
    CurveDomain(9, "brainpoolP192r1", named.BRAINPOOLP192r1),
    CurveDomain(10, "secp224r1", named.NIST224p),
    CurveDomain(11, "brainpoolP224r1", named.BRAINPOOLP224r1),
    CurveDomain(12, "secp256r1", named.NIST256p),
    CurveDomain(13, "brainpoolP256r1", named.BRAINPOOLP256r1),
    CurveDomain(14, "brainpoolP320r1", named.BRAINPOOLP320r1),
    CurveDomain(15, "secp384r1", named.NIST384p),
    CurveDomain(16, "brainpoolP384r1", named.BRAINPOOLP384r1),
    CurveDomain(17, "brainpoolP512r1", named.BRAINPOOLP512r1),
    CurveDomain(18, "secp521r1", named.NIST521p),
)
STANDARDIZED: dict[int, DomainParameters] = {group.parameter_id: group for group in _GROUPS}
"""Table 12 by identifier."""
_BY_NUMBERS = {group.numbers: group for group in _GROUPS if isinstance(group, CurveDomain)}
_BY_OID = {
    ".".join(map(str, group._curve.oid)): group
    for group in _GROUPS
    if isinstance(group, CurveDomain)
}
_BY_PRIME = {group.modulus: group for group in _GROUPS if isinstance(group, ModpDomain)}


def standardized(parameter_id: int) -> DomainParameters:
    """Raises signatures.Unsupported for an identifier that is not in table 12."""
    if parameter_id not in STANDARDIZED:
        raise Unsupported(f"domain parameter {parameter_id}")
    return STANDARDIZED[parameter_id]


def of_algorithm(algorithm: bytes) -> DomainParameters:
    """The group that a DER AlgorithmIdentifier states: by number, by name or in full.

    Raises signatures.Unsupported for every other.
    """
    try:
        oid, *parameters = tlv.parse_one(algorithm, der.SEQUENCE).children
        if oid.tag != der.OBJECT_ID or len(parameters) != 1:
            raise Unsupported("domain parameters not stated")
        return _stated(dotted(oid.value), parameters[0])
    except (TlvError, *MALFORMED) as error:
        raise Unsupported(f"domain parameters not readable: {type(error).__name__}") from error


def of_public_key(info: bytes) -> tuple[DomainParameters, bytes]:
    """Group and element of a DER SubjectPublicKeyInfo.

    Raises signatures.Unsupported for another group, KeyInvalid for no element of it.
    """
    try:
        algorithm, key = tlv.parse_one(info, der.SEQUENCE).children
        if key.tag != der.BIT_STRING or key.value[:1] != b"\x00":
            raise Unsupported("public key not whole bytes")
        domain, value = of_algorithm(algorithm.raw), key.value[1:]
        if domain.agreement is Agreement.DH:
            value = unsigned(der.number(tlv.parse_one(value)))
    except (TlvError, ValueError) as error:
        raise Unsupported(f"public key not readable: {type(error).__name__}") from error
    return domain, domain.validated(value)


def public_key_info(domain: DomainParameters, public: bytes) -> bytes:
    """DER SubjectPublicKeyInfo of an element; the group stated by its number in table 12."""
    value = public
    if domain.agreement is Agreement.DH:
        value = der.integer(int.from_bytes(public))
    return tlv.encode(
        der.SEQUENCE, algorithm_of(domain), tlv.encode(der.BIT_STRING, b"\x00", value)
    )


def algorithm_of(domain: DomainParameters) -> bytes:
    """DER AlgorithmIdentifier that states ``domain`` by its number in table 12 (9.5.1)."""
    oid = tlv.encode(der.OBJECT_ID, der.object_id(STANDARDIZED_OID))
    return tlv.encode(der.SEQUENCE, oid, der.integer(domain.parameter_id))


def _stated(oid: str, parameters: Tlv) -> DomainParameters:
    if oid == STANDARDIZED_OID:
        return standardized(der.number(parameters))
    if oid in _DH_OIDS:
        return _stated_group(parameters, with_order=oid == _DH_OIDS[0])
    if oid == _EC_OID:
        return _stated_curve(keys.ECDomainParameters.load(parameters.raw, strict=True))
    raise Unsupported(f"domain parameters {oid}")


def _stated_group(parameters: Tlv, *, with_order: bool) -> DomainParameters:
    """Prime and generator decide, and the order where X9.42 states it."""
    prime, generator, *rest = (der.number(item) for item in parameters.children[:3])
    group = _BY_PRIME.get(prime)
    if group is None or generator != group.generator:
        raise Unsupported("DH group that is not the standard's")
    if with_order and rest != [group.order]:
        raise Unsupported("DH group with another order than the standard's")
    return group


def _stated_curve(parameters: Any) -> DomainParameters:
    if parameters.name == "named":
        oid = parameters.chosen.dotted
        if oid not in _BY_OID:
            raise Unsupported(f"curve {oid}")
        return _BY_OID[oid]
    if parameters.name != "specified":
        raise Unsupported("curve not stated")
    stated = signatures.stated_curve(parameters.chosen)
    if stated not in _BY_NUMBERS:
        raise Unsupported("curve with explicit parameters that are not the standard's")
    return _BY_NUMBERS[stated]

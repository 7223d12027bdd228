"""Names and data objects of NIST SP 800-73-4 (part 1) and SP 800-78-4.

Bytes in, values out, and back. What a card does with them is `desk.cards.piv`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import IntEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

PIV_AID = bytes.fromhex("A000000308000010000100")
SELECT_AID = PIV_AID[:9]
"""Without the version, so that every version of the application answers (part 2, 3.1.1)."""

TAG_CHUID = 0x5FC102
TAG_DISCOVERY = 0x7E
TAG_DATA = 0x53
CERTIFICATE_MAX = 16 * 1024
"""Longest certificate taken after inflation, bytes (objects are some 2 kB in the field)."""

_TAG_CERTIFICATE = 0x70
_TAG_CERTINFO = 0x71
_TAG_ERROR_DETECTION = 0xFE
_COMPRESSED = 0x01
_RSA_BITS = 2048


class Slot(IntEnum):
    """Key references of SP 800-78-4, table 6-1."""

    AUTHENTICATION = 0x9A
    MANAGEMENT = 0x9B
    SIGNATURE = 0x9C
    KEY_MANAGEMENT = 0x9D
    CARD_AUTHENTICATION = 0x9E

    @property
    def certificate_tag(self) -> int:
        """The data object that holds the slot's certificate (part 1, table 3)."""
        return _CERTIFICATE_TAGS[self]


_CERTIFICATE_TAGS = {
    Slot.AUTHENTICATION: 0x5FC105,
    Slot.SIGNATURE: 0x5FC10A,
    Slot.KEY_MANAGEMENT: 0x5FC10B,
    Slot.CARD_AUTHENTICATION: 0x5FC101,
}


class KeyType(IntEnum):
    """Asymmetric algorithm identifiers of SP 800-78-4, table 6-2, that the desk uses."""

    RSA2048 = 0x07
    P256 = 0x11
    P384 = 0x14

    @property
    def curve(self) -> ec.EllipticCurve | None:
        """None for RSA."""
        return {KeyType.P256: ec.SECP256R1(), KeyType.P384: ec.SECP384R1()}.get(self)

    @property
    def size(self) -> int:
        """Bytes of one coordinate or of the modulus."""
        return {KeyType.RSA2048: 256, KeyType.P256: 32, KeyType.P384: 48}[self]

    @property
    def digest(self) -> hashes.HashAlgorithm:
        """The hash the desk signs with (SP 800-78-4, table 3-7)."""
        return hashes.SHA384() if self is KeyType.P384 else hashes.SHA256()

    @classmethod
    def of(cls, key: object) -> KeyType | None:
        """The identifier for this public or private key, None where the desk has none."""
        if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
            return {"secp256r1": cls.P256, "secp384r1": cls.P384}.get(key.curve.name)
        if isinstance(key, rsa.RSAPublicKey | rsa.RSAPrivateKey) and key.key_size == _RSA_BITS:
            return cls.RSA2048
        return None


class ManagementAlgorithm(IntEnum):
    """Symmetric algorithm identifiers for the management key (SP 800-78-4, table 6-2)."""

    TDES = 0x03
    AES128 = 0x08
    AES192 = 0x0A
    AES256 = 0x0C

    @property
    def key_length(self) -> int:
        return {0x03: 24, 0x08: 16, 0x0A: 24, 0x0C: 32}[self]

    @property
    def block(self) -> int:
        return 8 if self is ManagementAlgorithm.TDES else 16


@dataclass(frozen=True, slots=True)
class PinPolicy:
    """Which PIN opens the application, by its discovery object (part 1, 3.3.2).

    ``global_first``: the card's global PIN is the one to ask for. A card without the object
    has the application's PIN alone (`PinPolicy()`).
    """

    application: bool = True
    global_pin: bool = False
    biometric: bool = False
    global_first: bool = False

    @classmethod
    def parse(cls, contents: bytes) -> PinPolicy:
        """Raises TlvError where the contents are no discovery object."""
        policy = tlv.get(tlv.parse(contents), 0x5F2F)
        if len(policy) != 2:
            raise TlvError("PIN usage policy of another length")
        usage, first = policy
        return cls(
            application=bool(usage & 0x40),
            global_pin=bool(usage & 0x20),
            biometric=bool(usage & 0x10),
            global_first=bool(usage & 0x20) and first == 0x20,
        )

    def encode(self) -> bytes:
        """The discovery object's contents."""
        usage = 0x40 * self.application | 0x20 * self.global_pin | 0x10 * self.biometric
        first = (0x20 if self.global_first else 0x10) if self.global_pin else 0x00
        policy = tlv.encode(0x5F2F, bytes((usage, first)))
        return tlv.encode(0x4F, PIV_AID) + policy


@dataclass(frozen=True, slots=True)
class Chuid:
    """Card Holder Unique Identifier (part 1, 3.1.2), without its signature.

    ``guid`` (16 bytes) tells one card from another.
    """

    fascn: bytes
    guid: bytes
    expires: str
    raw: bytes = b""

    @classmethod
    def parse(cls, raw: bytes) -> Chuid:
        """Raises TlvError where the mandatory objects are missing."""
        items = tlv.parse(raw)
        expires = tlv.get(items, 0x35).decode("latin-1")
        return cls(tlv.get(items, 0x30), tlv.get(items, 0x34), expires, raw)

    def encode(self) -> bytes:
        return b"".join(
            (
                tlv.encode(0x30, self.fascn),
                tlv.encode(0x34, self.guid),
                tlv.encode(0x35, self.expires.encode("latin-1")),
                tlv.encode(0x3E, b""),
                tlv.encode(_TAG_ERROR_DETECTION, b""),
            )
        )


def certificate_object(der: bytes, *, compress: bool = False) -> bytes:
    """The contents of a certificate data object (part 1, appendix A, table 10)."""
    value = _deflate(der) if compress else der
    return b"".join(
        (
            tlv.encode(_TAG_CERTIFICATE, value),
            tlv.encode(_TAG_CERTINFO, bytes([_COMPRESSED if compress else 0])),
            tlv.encode(_TAG_ERROR_DETECTION, b""),
        )
    )


def certificate_in(contents: bytes) -> bytes | None:
    """The DER certificate in a data object's contents, inflated; None in an empty object.

    Raises TlvError where the contents are something else.
    """
    if not contents:
        return None
    items = tlv.parse(contents)
    value = tlv.get(items, _TAG_CERTIFICATE)
    info = tlv.find(items, _TAG_CERTINFO)
    compressed = bool(info and info.value and info.value[0] & _COMPRESSED)
    return (_inflate(value) if compressed else value) or None


def public_key_template(key: PublicKey) -> bytes:
    """The answer to GENERATE ASYMMETRIC KEY PAIR (part 2, 3.3.2): 7F49 with the public key."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        modulus, exponent = _unsigned(numbers.n), _unsigned(numbers.e)
        return tlv.encode(0x7F49, tlv.encode(0x81, modulus), tlv.encode(0x82, exponent))
    return tlv.encode(0x7F49, tlv.encode(0x86, point(key)))


def public_key_in(template: bytes, key_type: KeyType) -> PublicKey:
    """The key in a 7F49 template; raises TlvError where it holds none of that type."""
    items = tlv.parse(template)
    try:
        if (curve := key_type.curve) is not None:
            encoded = tlv.get(items, 0x7F49, 0x86)
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, encoded)
        modulus = int.from_bytes(tlv.get(items, 0x7F49, 0x81))
        exponent = int.from_bytes(tlv.get(items, 0x7F49, 0x82))
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    except ValueError as error:
        raise TlvError("not a public key") from error


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point 04 || X || Y."""
    numbers, size = key.public_numbers(), (key.curve.key_size + 7) // 8
    return b"\x04" + numbers.x.to_bytes(size) + numbers.y.to_bytes(size)


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def _inflate(data: bytes) -> bytes:
    """GZIP by the standard; zlib as some cards have it (wbits 47 takes both)."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        inflated = unpacker.decompress(data, CERTIFICATE_MAX)
    except zlib.error as error:
        raise TlvError("certificate does not inflate") from error
    if not unpacker.eof:
        raise TlvError("certificate too long or cut short")
    return inflated

"""A certification request for a key that never leaves its card (PKCS #10, RFC 2986).

The request is built here because no library signs through a card; what it asks for is
given by whoever knows the profiles. Whether the card's signature over it is right is
checked before it is handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from desk.cards.piv_data import KeyType, PublicKey
from desk.cards.troubles import SignatureMismatch
from desk.iso7816 import tlv

_SEQUENCE, _SET, _INTEGER, _BITS, _OCTETS, _OID = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06
_BOOLEAN_TRUE = b"\x01\x01\xff"
_ATTRIBUTES = 0xA0
_EXTENSION_REQUEST = bytes.fromhex("2A864886F70D01090E")  # 1.2.840.113549.1.9.14
# AlgorithmIdentifier of RFC 5758, 3.2 (no parameters) and RFC 4055, 5 (NULL).
_ALGORITHMS = {
    KeyType.P256: bytes.fromhex("300A06082A8648CE3D040302"),
    KeyType.P384: bytes.fromhex("300A06082A8648CE3D040303"),
    KeyType.RSA2048: bytes.fromhex("300D06092A864886F70D01010B0500"),
}


@dataclass(frozen=True)
class Wanted:
    """One extension asked for."""

    extension: x509.ExtensionType
    critical: bool = True


def certification_request(
    subject: x509.Name,
    public_key: PublicKey,
    wanted: Sequence[Wanted],
    sign: Callable[[bytes], bytes],
) -> bytes:
    """DER of the request, signed by ``sign`` as `PivSession.sign` signs.

    Raises SignatureMismatch where the signature is not the key's.
    """
    key_type = KeyType.of(public_key)
    if key_type is None:
        raise ValueError("no kind of key a card makes")
    information = _information(subject, public_key, wanted)
    signature = sign(information)
    request = tlv.encode(
        _SEQUENCE, information, _ALGORITHMS[key_type], tlv.encode(_BITS, b"\x00", signature)
    )
    if not x509.load_der_x509_csr(request).is_signature_valid:
        raise SignatureMismatch
    return request


def _information(subject: x509.Name, public_key: PublicKey, wanted: Sequence[Wanted]) -> bytes:
    """CertificationRequestInfo (RFC 2986, 4.1)."""
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    extensions = tlv.encode(_SEQUENCE, *(_extension(one) for one in wanted))
    attribute = tlv.encode(
        _SEQUENCE, tlv.encode(_OID, _EXTENSION_REQUEST), tlv.encode(_SET, extensions)
    )
    version = tlv.encode(_INTEGER, b"\x00")
    attributes = tlv.encode(_ATTRIBUTES, attribute)
    return tlv.encode(_SEQUENCE, version, subject.public_bytes(), spki, attributes)


def _extension(wanted: Wanted) -> bytes:
    extension = wanted.extension
    critical = _BOOLEAN_TRUE if wanted.critical else b""
    value = tlv.encode(_OCTETS, extension.public_bytes())
    return tlv.encode(_SEQUENCE, _oid(extension.oid), critical, value)


def _oid(oid: x509.ObjectIdentifier) -> bytes:
    """X.690, 8.19."""
    first, second, *rest = (int(part) for part in oid.dotted_string.split("."))
    return tlv.encode(_OID, *(_base128(part) for part in (40 * first + second, *rest)))


def _base128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))

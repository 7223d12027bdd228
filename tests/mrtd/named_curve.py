"""DG14 with a key whose curve is named, as many issuers write it.

The training chip states its groups by their number in Doc 9303-11 table 12 instead.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from desk.iso7816 import tlv

_CA_ECDH_AES_128 = bytes.fromhex("04007f00070202030202")
_CHIP_KEY_ECDH = bytes.fromhex("04007f000702020102")


def dg14(key: ec.EllipticCurvePublicKey) -> bytes:
    """SecurityInfos with chip authentication: ECDH, AES-128, and the chip's key."""
    protocol = tlv.encode(0x30, tlv.encode(0x06, _CA_ECDH_AES_128), b"\x02\x01\x01")
    info = tlv.encode(0x30, tlv.encode(0x06, _CHIP_KEY_ECDH), spki(key))
    return tlv.encode(0x6E, tlv.encode(0x31, *sorted((protocol, info))))


def spki(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

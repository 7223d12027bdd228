"""EF.SOD, the document security object (Doc 9303-10 clause 4.6.2): signed hashes.

Parsing only; what the signature is worth is `desk.mrtd.passive`'s matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from asn1crypto import algos, core

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import signed_data
from desk.mrtd.der import MALFORMED
from desk.mrtd.signed_data import SignedDataMalformed, SignedMessage

TAG = 0x77
_SEQUENCE = 0x30
MAX_SOD = 32 * 1024
"""Bytes. Those of the field have 2 to 10 kB; one object identifier of 60 kB takes two seconds."""
SECURITY_OBJECT = "2.23.136.1.1.1"
"""id-icao-ldsSecurityObject."""
_OTHER_TYPES = {"1.2.528.1.1006.1.20.1", "1.3.27.1.1.1", "1.2.840.113549.1.7.1"}
"""What some passports state instead: a printer's own arc, French and Belgian ones of the first
generation, and Chinese ones, which call it plain data. The hashes inside are the same."""
_GROUPS = range(1, 17)


class SodMalformed(Exception):
    """Bytes that are no security object; ``reason`` in short English."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _GroupHash(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [("number", core.Integer), ("value", core.OctetString)]


class _GroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec: ClassVar[Any] = _GroupHash


class _VersionInfo(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [
        ("lds", core.PrintableString),
        ("unicode", core.PrintableString),
    ]


class SecurityObject(core.Sequence):  # type: ignore[misc]
    """LDSSecurityObject of Doc 9303-10 clause 4.6.2.2."""

    _fields: ClassVar[list[Any]] = [
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", _GroupHashes),
        ("version_info", _VersionInfo, {"optional": True}),
    ]


@dataclass(frozen=True)
class SignedHashes:
    """What the issuer signed: the hash of each data group by its number (1 to 16)."""

    algorithm: str
    by_group: Mapping[int, bytes]
    lds_version: str = ""


def message(raw: bytes) -> SignedMessage:
    """The signed data in the file ``raw``; raises SodMalformed.

    Its content may still be altered beyond reading, which its digest then shows.
    """
    if len(raw) > MAX_SOD:
        raise SodMalformed("larger than 32 kB")
    try:
        found = signed_data.parse(_unwrapped(raw))
    except TlvError as error:
        raise SodMalformed(str(error)) from error
    except SignedDataMalformed as error:
        raise SodMalformed(error.reason) from error
    if found.content_type != SECURITY_OBJECT and found.content_type not in _OTHER_TYPES:
        raise SodMalformed("signed content is no security object")
    return found


def hashes(content: bytes) -> SignedHashes:
    """The security object that ``content`` is; raises SodMalformed."""
    try:
        return _read(SecurityObject.load(content, strict=True))
    except MALFORMED as error:
        raise SodMalformed(f"content not readable: {type(error).__name__}") from error


def _unwrapped(raw: bytes) -> bytes:
    """The signed data inside tag 77; some tools save it without the tag."""
    item = tlv.parse_one(raw)
    if item.tag == TAG:
        return item.value
    if item.tag == _SEQUENCE:
        return raw
    raise SodMalformed(f"tag {item.tag:X}")


def _read(content: Any) -> SignedHashes:
    by_group: dict[int, bytes] = {}
    for item in content["hashes"]:
        number = item["number"].native
        if number not in _GROUPS or number in by_group:
            raise SodMalformed("data group numbers out of order")
        by_group[number] = bytes(item["value"].native)
    info = content["version_info"]
    version = info["lds"].native if isinstance(info, _VersionInfo) else ""
    return SignedHashes(content["hash_algorithm"]["algorithm"].native, by_group, version)

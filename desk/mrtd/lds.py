"""Content of the logical data structure (Doc 9303-10): EF.COM, DG1, DG14, DG15.

Bytes in, values out; each keeps nothing but what was parsed, since the reader keeps the
bytes. The portrait in DG2 stands in `desk.mrtd.portrait`, EF.SOD in `desk.mrtd.sod`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import mrz, signatures
from desk.mrtd.der import dotted
from desk.mrtd.mrz import Mrz, MrzError, MrzShape
from desk.mrtd.troubles import FileMalformed

GROUP_TAGS = {
    tag: number
    for number, tag in enumerate(
        b"\x61\x75\x63\x76\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f\x70", start=1
    )
}
_OBJECT_ID, _SEQUENCE, _SET = 0x06, 0x30, 0x31
_CHIP_AUTHENTICATION = "0.4.0.127.0.7.2.2.3."
_CHIP_KEYS = "0.4.0.127.0.7.2.2.1."
_PACE = "0.4.0.127.0.7.2.2.4."
_ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"


@dataclass(frozen=True)
class Common:
    """EF.COM: versions and the data groups the chip says it holds. Nobody signs it."""

    lds_version: str
    unicode_version: str
    groups: tuple[int, ...]


@dataclass(frozen=True)
class SecurityInfo:
    """One protocol the chip offers; ``required`` and ``optional`` are DER (9303-11, 9.2)."""

    oid: str
    required: bytes = field(repr=False)
    optional: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class SecurityInfos:
    """DG14: what the chip can prove, each protocol by its object identifier."""

    items: tuple[SecurityInfo, ...]

    @property
    def offers_chip_authentication(self) -> bool:
        """Protocol named, or its key alone, as first-generation chips do."""
        return self._any(_CHIP_AUTHENTICATION) or self._any(_CHIP_KEYS)

    @property
    def chip_keys(self) -> tuple[SecurityInfo, ...]:
        """Public keys for chip authentication; ``required`` is a SubjectPublicKeyInfo."""
        return tuple(item for item in self.items if item.oid.startswith(_CHIP_KEYS))

    @property
    def offers_pace(self) -> bool:
        return self._any(_PACE)

    @property
    def active_authentication(self) -> SecurityInfo | None:
        """Signature algorithm of active authentication with ECDSA keys."""
        return next((i for i in self.items if i.oid == _ACTIVE_AUTHENTICATION), None)

    def _any(self, prefix: str) -> bool:
        return any(item.oid.startswith(prefix) for item in self.items)


def parse_com(raw: bytes) -> Common:
    """Raises FileMalformed."""
    try:
        content = tlv.parse_one(raw, 0x60)
        tags = content.get(0x5C)
        version, unicode_version = content.get(0x5F01), content.get(0x5F36)
    except TlvError as error:
        raise FileMalformed("COM", str(error)) from error
    return Common(
        version.decode("ascii", "replace"),
        unicode_version.decode("ascii", "replace"),
        tuple(GROUP_TAGS[tag] for tag in tags if tag in GROUP_TAGS),
    )


def parse_dg1(raw: bytes) -> tuple[Mrz, tuple[MrzError, ...]]:
    """The chip's own zone and what of it does not fit. Raises FileMalformed."""
    try:
        text = tlv.parse_one(raw, 0x61).get(0x5F1F)
    except TlvError as error:
        raise FileMalformed("DG1", str(error)) from error
    try:
        return mrz.read(text.decode("ascii"))
    except (UnicodeDecodeError, MrzShape) as error:
        raise FileMalformed("DG1", "no machine readable zone") from error


def parse_dg14(raw: bytes) -> SecurityInfos:
    """Raises FileMalformed."""
    try:
        outer = tlv.parse_one(raw, 0x6E)
        infos = tlv.parse_one(outer.value, _SET).children
        return SecurityInfos(tuple(_security_info(info) for info in infos))
    except TlvError as error:
        raise FileMalformed("DG14", str(error)) from error


def parse_dg15(raw: bytes) -> signatures.PublicKey:
    """The key of active authentication. Raises FileMalformed, signatures.Unsupported."""
    try:
        value = tlv.parse_one(raw, 0x6F).value
    except TlvError as error:
        raise FileMalformed("DG15", str(error)) from error
    return signatures.public_key(value)


def _security_info(item: tlv.Tlv) -> SecurityInfo:
    parts = item.children
    if item.tag != _SEQUENCE or not 2 <= len(parts) <= 3 or parts[0].tag != _OBJECT_ID:
        raise TlvError("no security info")
    optional = parts[2].raw if len(parts) == 3 else b""
    return SecurityInfo(dotted(parts[0].value), parts[1].raw, optional)

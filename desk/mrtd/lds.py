"""Content of the logical data structure (Doc 9303-10): EF.COM, DG1, DG14, DG15, security files.

Bytes in, values out; each keeps nothing but what was parsed, since the reader keeps the
bytes. The portrait in DG2 stands in `desk.mrtd.portrait`, EF.SOD in `desk.mrtd.sod`.
"""

from __future__ import annotations

from dataclasses import dataclass

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import mrz, security_infos, signatures, signed_data
from desk.mrtd.mrz import Mrz, MrzError, MrzShape
from desk.mrtd.security_infos import SecurityInfos
from desk.mrtd.signed_data import SignedDataMalformed, SignedMessage
from desk.mrtd.troubles import FileMalformed, malformed

GROUP_TAGS = {
    tag: number
    for number, tag in enumerate(
        b"\x61\x75\x63\x76\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f\x70", start=1
    )
}
_SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"
"""Content type of EF.CardSecurity: id-SecurityObject of BSI TR-03110 part 3."""


@dataclass(frozen=True)
class Common:
    """EF.COM: versions and the data groups the chip says it holds. Nobody signs it."""

    lds_version: str
    unicode_version: str
    groups: tuple[int, ...]


def parse_com(raw: bytes) -> Common:
    """Raises FileMalformed."""
    try:
        content = tlv.parse_one(raw, 0x60)
        tags = content.get(0x5C)
        version, unicode_version = content.get(0x5F01), content.get(0x5F36)
    except TlvError as error:
        raise malformed("COM", error) from error
    return Common(
        version.decode("ascii", "replace"),
        unicode_version.decode("ascii", "replace"),
        tuple(GROUP_TAGS[tag] for tag in tags if tag in GROUP_TAGS),
    )


def parse_dg1(raw: bytes) -> tuple[Mrz, tuple[MrzError, ...]]:
    """The chip's own zone and what of it does not fit. Raises FileMalformed."""
    try:
        return mrz.read(zone_of_dg1(raw))
    except MrzShape as error:
        raise FileMalformed("DG1", "no machine readable zone") from error


def zone_of_dg1(raw: bytes) -> str:
    """The machine readable zone as it stands in DG1, its lines behind each other.

    Raises FileMalformed.
    """
    try:
        return tlv.parse_one(raw, 0x61).get(0x5F1F).decode("ascii")
    except TlvError as error:
        raise malformed("DG1", error) from error
    except UnicodeDecodeError as error:
        raise FileMalformed("DG1", "no machine readable zone") from error


def parse_dg14(raw: bytes) -> SecurityInfos:
    """Raises FileMalformed."""
    try:
        return security_infos.parse(tlv.parse_one(raw, 0x6E).value)
    except TlvError as error:
        raise malformed("DG14", error) from error


def parse_card_access(raw: bytes) -> SecurityInfos:
    """EF.CardAccess, which nobody signs (Doc 9303-11 clause 9.2.11). Raises FileMalformed."""
    try:
        return security_infos.parse(raw)
    except TlvError as error:
        raise malformed("CardAccess", error) from error


def parse_card_security(raw: bytes) -> tuple[SignedMessage, SecurityInfos]:
    """EF.CardSecurity: the signed data, still to be judged, and what it says.

    Raises FileMalformed.
    """
    try:
        message = signed_data.parse(raw)
        if message.content_type != _SECURITY_OBJECT:
            raise FileMalformed("CardSecurity", f"content {message.content_type}")
        return message, security_infos.parse(message.content)
    except (SignedDataMalformed, TlvError) as error:
        raise FileMalformed("CardSecurity", str(error)) from error


def parse_dg15(raw: bytes) -> signatures.PublicKey:
    """The key of active authentication. Raises FileMalformed, signatures.Unsupported."""
    try:
        value = tlv.parse_one(raw, 0x6F).value
    except TlvError as error:
        raise malformed("DG15", error) from error
    return signatures.public_key(value)

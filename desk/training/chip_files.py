"""Files of a passport chip (Doc 9303-10), built for the training chip.

Values in, the bytes of whole elementary files out. Signing them is
`desk.training.csca`'s part.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from PIL import Image

from desk.iso7816 import tlv

GROUP_TAGS = b"\x61\x75\x63\x76\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f\x70"
_FACE_FRONTAL, _JPEG, _JPEG2000 = 1, 0, 1


def _tag(tag: int, *, filled: bool = False) -> Any:
    """A field with its tag; ``filled`` writes fillers for spaces, as names have them."""
    return field(default="", repr=False, metadata={"tag": tag, "filled": filled})


@dataclass(frozen=True)
class PersonalDetails:
    """DG11. Names as in the zone, with << between the parts; dates YYYYMMDD."""

    name: str = _tag(0x5F0E, filled=True)
    personal_number: str = _tag(0x5F10)
    birth: str = _tag(0x5F2B)
    birthplace: str = _tag(0x5F11, filled=True)
    address: str = _tag(0x5F42, filled=True)
    telephone: str = _tag(0x5F12)
    profession: str = _tag(0x5F13)
    title: str = _tag(0x5F14)
    custody: str = _tag(0x5F18)


@dataclass(frozen=True)
class DocumentDetails:
    """DG12. Dates YYYYMMDD."""

    authority: str = _tag(0x5F19)
    issued: str = _tag(0x5F26)
    endorsements: str = _tag(0x5F1B)
    tax_or_exit: str = _tag(0x5F1C)
    personalised: str = _tag(0x5F55)
    system: str = _tag(0x5F56)


@dataclass(frozen=True)
class PersonToNotify:
    """One template of DG16; ``recorded`` is YYYYMMDD."""

    recorded: str = _tag(0x5F50)
    name: str = _tag(0x5F51, filled=True)
    telephone: str = _tag(0x5F52)
    address: str = _tag(0x5F53, filled=True)


def com(groups: Iterable[int]) -> bytes:
    """EF.COM: LDS 1.7, Unicode 4.0.0, tags of the groups present."""
    tags = bytes(GROUP_TAGS[number - 1] for number in sorted(groups))
    return tlv.encode(
        0x60,
        tlv.encode(0x5F01, b"0107"),
        tlv.encode(0x5F36, b"040000"),
        tlv.encode(0x5C, tags),
    )


def dg1(mrz_lines: Iterable[str]) -> bytes:
    """The zone's lines, joined."""
    return tlv.encode(0x61, tlv.encode(0x5F1F, "".join(mrz_lines).encode("ascii")))


def dg2(picture: bytes, size: tuple[int, int] | None = None) -> bytes:
    """One facial image record (ISO/IEC 19794-5:2005) in one template.

    ``size`` is the picture's width and height, where it cannot be asked itself.
    """
    header = tlv.encode(
        0xA1,
        tlv.encode(0x80, b"\x01\x01"),  # version of the patron header
        tlv.encode(0x81, b"\x02"),  # biometric type: facial features
        tlv.encode(0x87, b"\x01\x01"),  # format owner: ISO/IEC JTC 1/SC 37
        tlv.encode(0x88, b"\x00\x08"),  # format type: 19794-5
    )
    template = tlv.encode(0x7F60, header, tlv.encode(0x5F2E, _face_record(picture, size)))
    return tlv.encode(0x75, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01"), template))


def dg15(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    """The public key of active authentication."""
    spki = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return tlv.encode(0x6F, spki)


def dg3() -> bytes:
    """Fingerprints that nobody may read: a template without any (Doc 9303-10 clause 4.7.3)."""
    return tlv.encode(0x63, tlv.encode(0x7F61, tlv.encode(0x02, b"\x00")))


def dg7(*pictures: bytes) -> bytes:
    """Displayed signatures (4.7.7), JPEG each."""
    shown = (tlv.encode(0x5F43, picture) for picture in pictures)
    return tlv.encode(0x67, tlv.encode(0x02, bytes([len(pictures)])), *shown)


def dg11(details: PersonalDetails) -> bytes:
    """Additional personal details (4.7.11), only those that are filled."""
    return _listed(0x6B, _objects(details))


def dg12(details: DocumentDetails) -> bytes:
    """Additional document details (4.7.12), only those that are filled."""
    return _listed(0x6C, _objects(details))


def dg13(optional: bytes) -> bytes:
    """Optional details (4.7.13): what the issuer likes."""
    return tlv.encode(0x6D, optional)


def dg16(*persons: PersonToNotify) -> bytes:
    """Persons to notify (4.7.16), at most nine."""
    templates = [
        tlv.encode(0xA0 + number, *(tlv.encode(tag, text) for tag, text in _objects(person)))
        for number, person in enumerate(persons, start=1)
    ]
    return tlv.encode(0x70, tlv.encode(0x02, bytes([len(persons)])), *templates)


def atr_info(max_command: int, max_response: int) -> bytes:
    """EF.ATR/INFO (3.11.2): card capabilities and the longest command and answer, bytes."""
    lengths = (tlv.encode(0x02, length.to_bytes(3)) for length in (max_command, max_response))
    return tlv.encode(0x47, b"\xc0\x01\x40") + tlv.encode(0x7F66, *lengths)


def _objects(details: object) -> list[tuple[int, bytes]]:
    """Tag and text of every field that is filled, in the order of the record."""
    found = []
    for one in fields(details):  # type: ignore[arg-type]
        value = getattr(details, one.name)
        if value:
            text = value.replace(" ", "<") if one.metadata.get("filled") else value
            found.append((one.metadata["tag"], text.encode("utf-8")))
    return found


def _listed(group: int, objects: list[tuple[int, bytes]]) -> bytes:
    """A group that begins with the list of the tags it holds."""
    tags = b"".join(tlv.tag_bytes(tag) for tag, _ in objects)
    return tlv.encode(
        group, tlv.encode(0x5C, tags), *(tlv.encode(tag, text) for tag, text in objects)
    )


def _face_record(picture: bytes, size: tuple[int, int] | None = None) -> bytes:
    width, height = size or _size(picture)
    kind = _JPEG if picture.startswith(b"\xff\xd8\xff") else _JPEG2000
    image_header = struct.pack(
        ">BBHHBBHH", _FACE_FRONTAL, kind, width, height, 1, 2, 0, 0
    )  # sRGB, camera, no device, no quality
    face_information = bytes(14)  # points, gender, eyes, hair, features, expression, pose: none
    body = face_information + bytes(2) + image_header + picture
    face = struct.pack(">I", len(body) + 4) + body
    record = b"FAC\x00010\x00" + struct.pack(">IH", 14 + len(face), 1)
    return record + face


def _size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        return image.size

"""The portrait in DG2: its framing (Doc 9303-10 clause 4.7.2) and its decoding.

Framing after ISO/IEC 19794-5 (records «FAC») and 39794-5 (ASN.1). Which of several faces
is the holder's is not asked: the first picture of the first template is taken, as
issuers put it. Pictures are recognised by their first bytes alone; decoding them is left
to a process of its own (`desk.mrtd.picture_process`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError, TlvFault
from desk.mrtd import picture_child, picture_process
from desk.mrtd.picture_process import PictureProcess, Rgb
from desk.mrtd.troubles import FileMalformed, PictureFault, PortraitUnreadable, malformed

MAX_BYTES = 256 * 1024
_GROUP, _TEMPLATES, _COUNT, _TEMPLATE = 0x75, 0x7F61, 0x02, 0x7F60
_BLOCKS = (0x5F2E, 0x7F2E)
_FACE_RECORD, _FACE_HEADER, _FEATURE_POINT, _IMAGE_HEADER = b"FAC\x00", 14, 8, 12
_FACE_INFORMATION = 20
_SIGNATURES = {
    picture_child.JPEG: "image/jpeg",
    picture_child.JPEG2000_FILE: "image/jp2",
    picture_child.JPEG2000_CODESTREAM: "image/j2c",
}


@dataclass(frozen=True)
class Portrait:
    """Bytes of the picture as they lie on the chip; ``media_type`` by their first bytes."""

    data: bytes = field(repr=False)
    media_type: str


def parse_dg2(raw: bytes) -> Portrait:
    """The first picture in DG2. Raises FileMalformed, PortraitUnreadable."""
    try:
        block = _first_block(raw)
        picture = _picture(block)
    except TlvError as error:
        raise malformed("DG2", error) from error
    except struct.error as error:
        raise FileMalformed("DG2", "facial record cut short") from error
    return Portrait(picture, media_type(picture))


def media_type(picture: bytes) -> str:
    """image/jpeg, image/jp2 or image/j2c. Raises PortraitUnreadable."""
    for start, kind in _SIGNATURES.items():
        if picture.startswith(start):
            return kind
    raise PortraitUnreadable("neither JPEG nor JPEG2000", PictureFault.UNKNOWN_KIND)


def portrait_rgb(picture: bytes, process: PictureProcess | None = None) -> Rgb:
    """The decoded picture, uint8, height x width x 3. Raises PortraitUnreadable.

    Decoded in ``process``, which was started beforehand, or in one started now. Grey
    pictures become RGB; size is checked before a pixel is decoded.
    """
    if len(picture) > MAX_BYTES:
        raise PortraitUnreadable(f"{len(picture)} bytes", PictureFault.TOO_LARGE)
    media_type(picture)
    return picture_process.decode(picture) if process is None else process.decode(picture)


def _first_block(raw: bytes) -> Tlv:
    """The first biometric data block of the group's templates."""
    templates = tlv.parse_one(raw, _GROUP).find(_TEMPLATES)
    if templates is None:
        raise TlvError("no biometric information")
    for item in templates.children:
        if item.tag != _TEMPLATE:
            continue
        for tag in _BLOCKS:
            block = item.find(tag)
            if block is not None:
                return block
    raise TlvError("no biometric data block")


def _picture(block: Tlv) -> bytes:
    if block.value.startswith(_FACE_RECORD):
        return _from_face_record(block.value)
    return _from_tree(block)


def _from_face_record(record: bytes) -> bytes:
    """ISO/IEC 19794-5:2005 clause 5: record header, face, feature points, image header."""
    length, faces = struct.unpack(">IH", record[8:_FACE_HEADER])
    if not faces or length > len(record):
        raise FileMalformed("DG2", "facial record longer than its block")
    face_length, points = struct.unpack(">IH", record[_FACE_HEADER : _FACE_HEADER + 6])
    end = _FACE_HEADER + face_length
    start = _FACE_HEADER + _FACE_INFORMATION + points * _FEATURE_POINT + _IMAGE_HEADER
    if end > len(record) or start >= end:
        raise FileMalformed("DG2", "face longer than its record")
    return record[start:end]


def _from_tree(block: Tlv) -> bytes:
    """ISO/IEC 39794-5: the first value in the ASN.1 tree that begins like a picture."""
    for count, item in enumerate(_below(block)):
        if count == tlv.MAX_OBJECTS:
            raise TlvError("too many objects", fault=TlvFault.ENDLESS)
        if item.value.startswith(tuple(_SIGNATURES)):
            return item.value
    raise PortraitUnreadable("no picture in the biometric data block", PictureFault.UNKNOWN_KIND)


def _below(item: Tlv) -> Iterator[Tlv]:
    """Every object inside, in the order of the bytes; as deep as TLV may go."""
    for child in item.children:
        yield child
        if child.is_constructed:
            yield from _below(child)

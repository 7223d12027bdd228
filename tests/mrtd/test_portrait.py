"""desk.mrtd.portrait: both framings, both codings, and pictures that mean harm."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from desk.iso7816 import tlv
from desk.mrtd import portrait
from desk.mrtd.troubles import DataEndless, FileMalformed, PictureFault, PortraitUnreadable
from desk.training import chip_files


@pytest.mark.parametrize(("name", "media"), [("jpeg", "image/jpeg"), ("jpeg2000", "image/jp2")])
def test_the_picture_comes_out_as_it_went_in(
    name: str, media: str, request: pytest.FixtureRequest
) -> None:
    picture: bytes = request.getfixturevalue(name)

    found = portrait.parse_dg2(chip_files.dg2(picture))

    assert found.data == picture
    assert found.media_type == media


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000"])
def test_the_picture_becomes_rgb(name: str, request: pytest.FixtureRequest) -> None:
    pixels = portrait.portrait_rgb(request.getfixturevalue(name))

    assert pixels.shape == (320, 240, 3)
    assert pixels.dtype == "uint8"


def test_grey_becomes_rgb() -> None:
    out = io.BytesIO()
    Image.new("L", (60, 80), 128).save(out, "JPEG")

    assert portrait.portrait_rgb(out.getvalue()).shape == (80, 60, 3)


def test_feature_points_are_stepped_over(jpeg: bytes) -> None:
    """ISO/IEC 19794-5 clause 5.6: eight bytes each before the image header."""
    plain = chip_files._face_record(jpeg)
    body = plain[14 + 20 :]
    head = plain[14 + 6 : 14 + 20]
    face = head + bytes(8 * 3) + body
    record = plain[:8] + struct.pack(">IH", 14 + 6 + len(face), 1)
    record += struct.pack(">IH", 6 + len(face), 3) + face

    assert portrait.parse_dg2(framed(record)).data == jpeg


def test_the_other_tag_for_the_block(jpeg: bytes) -> None:
    """7F2E stands for constructed blocks; some issuers put the plain record there."""
    assert portrait.parse_dg2(framed(chip_files._face_record(jpeg), 0x7F2E)).data == jpeg


def test_the_newer_framing_in_asn1(jpeg2000: bytes) -> None:
    """ISO/IEC 39794-5: the picture as an octet string somewhere in a DER tree."""
    inner = tlv.encode(0xA1, tlv.encode(0x30, tlv.encode(0x80, jpeg2000)))
    block = tlv.encode(0x65, tlv.encode(0xA0, b"\x80\x01\x03"), inner)

    assert portrait.parse_dg2(framed(block, 0x7F2E)).data == jpeg2000


def test_a_second_template_does_not_hide_the_first(jpeg: bytes, jpeg2000: bytes) -> None:
    first = tlv.encode(0x7F60, tlv.encode(0x5F2E, chip_files._face_record(jpeg)))
    second = tlv.encode(0x7F60, tlv.encode(0x5F2E, chip_files._face_record(jpeg2000)))
    raw = tlv.encode(0x75, tlv.encode(0x7F61, b"\x02\x01\x02", first, second))

    assert portrait.parse_dg2(raw).data == jpeg


def framed(record: bytes, tag: int = 0x5F2E) -> bytes:
    template = tlv.encode(0x7F60, tlv.encode(0xA1, b"\x80\x01\x01"), tlv.encode(tag, record))
    return tlv.encode(0x75, tlv.encode(0x7F61, b"\x02\x01\x01", template))


@pytest.mark.parametrize(
    "record",
    [
        b"FAC\x00010\x00",
        b"FAC\x00010\x00" + struct.pack(">IH", 1 << 30, 1) + bytes(40),
        b"FAC\x00010\x00" + struct.pack(">IH", 30, 0) + bytes(16),
        b"FAC\x00010\x00" + struct.pack(">IHIH", 60, 1, 46, 0xFFFF) + bytes(40),
        b"FAC\x00010\x00" + struct.pack(">IHIH", 60, 1, 0xFFFFFFFF, 0) + bytes(40),
    ],
)
def test_a_record_that_lies_about_its_lengths(record: bytes) -> None:
    with pytest.raises(FileMalformed):
        portrait.parse_dg2(framed(record))


@pytest.mark.parametrize("raw", [b"", b"\x75\x00", b"\x75\x03\x7f\x61\x00", b"\x61\x00"])
def test_a_group_without_a_picture(raw: bytes) -> None:
    with pytest.raises(FileMalformed):
        portrait.parse_dg2(raw)


def test_a_picture_of_another_kind() -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    record = chip_files._face_record(png.getvalue())

    with pytest.raises(PortraitUnreadable):
        portrait.parse_dg2(framed(record))
    with pytest.raises(PortraitUnreadable) as caught:
        portrait.portrait_rgb(png.getvalue())

    assert caught.value.fault is PictureFault.UNKNOWN_KIND


def test_a_picture_of_too_many_bytes(jpeg: bytes) -> None:
    with pytest.raises(PortraitUnreadable) as caught:
        portrait.portrait_rgb(jpeg + bytes(portrait.MAX_BYTES))

    assert caught.value.fault is PictureFault.TOO_LARGE


def test_a_compressed_bomb_of_another_format_is_not_opened() -> None:
    with pytest.raises(PortraitUnreadable):
        portrait.portrait_rgb(zlib.compress(bytes(1_000_000)))


def test_a_tree_without_end_is_left_before_its_end() -> None:
    """Forty thousand objects around nothing: looking at each for long is what they are for."""
    tree = b""
    for _ in range(11):
        tree = tlv.encode(0xA0, tree) + b"\xa0\x00" * 4095

    with pytest.raises(DataEndless, match="too many objects"):
        portrait.parse_dg2(framed(tree, 0x7F2E))


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_arbitrary_blocks_are_refused(noise: bytes) -> None:
    for raw in (noise, framed(noise), framed(b"FAC\x00010\x00" + noise), framed(noise, 0x7F2E)):
        try:
            portrait.parse_dg2(raw)
        except (FileMalformed, PortraitUnreadable) as refusal:
            assert refusal.code in ("CHIP-06", "CHIP-07", "CHIP-21", "CHIP-22")

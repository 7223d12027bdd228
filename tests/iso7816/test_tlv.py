"""BER-TLV: published objects, and everything a hostile chip may send instead."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.troubles import TlvError

# Origin: ICAO Doc 9303-11 (8th edition), appendix D.4: contents of EF.COM.
EF_COM = bytes.fromhex("60145F0104303130365F36063034303030305C026175")
# Origin: NIST SP 800-73-4 part 1, 3.3.2 (Discovery Object) with PIN usage policy 4000.
DISCOVERY = bytes.fromhex("7E124F0BA0000003080000100001005F2F024000")


def test_ef_com_of_the_worked_example() -> None:
    com = tlv.parse_one(EF_COM, 0x60)

    assert [item.tag for item in com.children] == [0x5F01, 0x5F36, 0x5C]
    assert com.get(0x5F01) == b"0106"
    assert com.get(0x5C) == bytes.fromhex("6175")
    assert com.raw == com.encode() == EF_COM


def test_header_needs_only_the_first_bytes() -> None:
    """A file is read by its first four bytes: they tell how long it is (Doc 9303-11 D.4)."""
    header = tlv.read_header(EF_COM[:4])

    assert (header.tag, header.length, header.total) == (0x60, 0x14, 22)


def test_discovery_object() -> None:
    items = tlv.parse(DISCOVERY)

    assert tlv.get(items, 0x7E, 0x5F2F) == b"\x40\x00"
    assert tlv.find(items, 0x7E, 0x80) is None


@pytest.mark.parametrize(
    ("length", "octets"),
    [(0, "00"), (127, "7F"), (128, "8180"), (255, "81FF"), (256, "820100"), (65536, "83010000")],
)
def test_lengths_are_shortest(length: int, octets: str) -> None:
    assert tlv.length_bytes(length) == bytes.fromhex(octets)
    assert tlv.read_header(b"\x53" + bytes.fromhex(octets)).length == length


def test_longer_length_forms_are_read() -> None:
    """Cards may write 82 00 05 for five bytes: BER allows it."""
    assert tlv.parse_one(bytes.fromhex("53820005" + "AA" * 5)).value == b"\xaa" * 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("53", "cut short"),
        ("5302AA", "value cut short"),
        ("5381", "cut short"),
        ("538201", "cut short"),
        ("5380AA0000", "length form"),
        ("5385000000000100", "length form"),
        ("5384FFFFFFFF", "too long"),
        ("7F", "cut short"),
        ("7F8181818101", "tag too long"),
    ],
)
def test_broken_objects_are_refused(text: str, reason: str) -> None:
    with pytest.raises(TlvError, match=reason):
        tlv.parse(bytes.fromhex(text))


def test_depth_is_capped() -> None:
    nested = b""
    for _ in range(tlv.MAX_DEPTH + 4):
        nested = tlv.encode(0x7C, nested)
    item = tlv.parse_one(nested)

    with pytest.raises(TlvError, match="deep"):
        while item.children:
            item = item.children[0]


def test_count_is_capped() -> None:
    with pytest.raises(TlvError, match="too many"):
        tlv.parse(b"\x53\x00" * (tlv.MAX_OBJECTS + 1))


def test_one_object_means_one() -> None:
    with pytest.raises(TlvError, match="2 objects"):
        tlv.parse_one(bytes.fromhex("53005300"))
    with pytest.raises(TlvError, match="tag 53 instead of 7C"):
        tlv.parse_one(bytes.fromhex("5300"), 0x7C)
    with pytest.raises(TlvError, match="missing object 7E/99"):
        tlv.get(tlv.parse(DISCOVERY), 0x7E, 0x99)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_parse_or_raise_tlv_error(data: bytes) -> None:
    try:
        items = tlv.parse(data)
    except TlvError:
        return
    assert b"".join(item.raw for item in items) == data


@settings(deadline=None)
@given(tag=st.sampled_from([0x53, 0x7C, 0x5F2F, 0x7F49, 0x5FC105]), value=st.binary(max_size=300))
def test_encode_then_parse(tag: int, value: bytes) -> None:
    item = tlv.parse_one(tlv.encode(tag, value))

    assert (item.tag, item.value) == (tag, value)

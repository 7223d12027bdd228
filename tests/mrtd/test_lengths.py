"""desk.mrtd.lengths: what a chip says of its lengths, and how reads grow and fall."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd import lengths
from desk.mrtd.lengths import EXTENDED_MOST, EXTENDED_READ, SHORT_READ, Capabilities, ReadLength

AES, TRIPLE_DES = 16, 8


@pytest.mark.parametrize(
    ("atr", "expected"),
    [
        ("", Capabilities()),
        ("3B", Capabilities()),
        # Made after ISO/IEC 7816-4 clause 12.1.1.9 in the form of PC/SC part 3.
        ("3B8580018073C0014076", Capabilities(extended=True, in_file=False)),
        ("3B8580018073C0016056", Capabilities(extended=True, in_file=True)),
        ("3B8580018073C0010036", Capabilities(extended=False, in_file=False)),
        # A contactless chip without card capabilities (PC/SC part 3: no historical bytes).
        ("3B80800101", Capabilities()),
        ("3BFF", Capabilities()),
    ],
)
def test_the_answer_to_reset_tells_what_is_taken(atr: str, expected: Capabilities) -> None:
    assert lengths.of_answer_to_reset(bytes.fromhex(atr)) == expected


@given(st.binary(max_size=40))
def test_any_answer_to_reset_is_taken(atr: bytes) -> None:
    assert lengths.of_answer_to_reset(atr).ceiling(AES) in (SHORT_READ, EXTENDED_READ)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        # Clause 12.7.1: two integers, the second for answers. 4,096 and 2,048 bytes.
        ("7F660802021000020208 00", Capabilities(True, False, 2048)),
        # Behind card capabilities, before padding, as Doc 9303-10 clause 3.11.3 has both.
        ("4703C001E07F660802021000020208000000", Capabilities(True, False, 2048)),
        ("4703C00140", Capabilities(True, False)),
        ("4703C00100", Capabilities(False, False)),
        # A limit of a short answer is no extended length.
        ("7F66080202010302020102", Capabilities(False, False, 258)),
        ("7F660402021000", Capabilities(None, False)),  # one limit of two
        ("7F6608020200000202 0000", Capabilities(None, False)),
        ("7F66081002100002020800", Capabilities(None, False)),
        ("7F66", Capabilities(None, False)),
        ("", Capabilities(None, False)),
        ("FFFFFFFF", Capabilities(None, False)),
    ],
)
def test_the_file_names_limits(raw: str, expected: Capabilities) -> None:
    assert lengths.of_atr_info(bytes.fromhex(raw)) == expected


def test_where_the_file_is_silent_the_answer_to_reset_holds() -> None:
    assert lengths.of_atr_info(b"", Capabilities(True, True)).extended is True


@given(st.binary(max_size=64))
def test_any_content_of_the_file_gives_a_length_that_can_be_asked(raw: bytes) -> None:
    for block in (AES, TRIPLE_DES):
        assert SHORT_READ <= lengths.of_atr_info(raw).ceiling(block) <= EXTENDED_MOST


@pytest.mark.parametrize(
    ("capabilities", "aes", "triple_des"),
    [
        (Capabilities(), 223, 231),
        (Capabilities(extended=False), 223, 231),
        (Capabilities(extended=True), EXTENDED_READ, EXTENDED_READ),
        # 2,048 bytes with a status word of 2; objects of 4 and 10; header and indicator of 5.
        (Capabilities(extended=True, response=2048), 2015, 2023),
        (Capabilities(extended=True, response=65_535), EXTENDED_MOST, EXTENDED_MOST),
        (Capabilities(extended=True, response=1), 223, 231),
    ],
)
def test_the_ceiling_leaves_room_for_secure_messaging(
    capabilities: Capabilities, aes: int, triple_des: int
) -> None:
    assert capabilities.ceiling(AES) == aes
    assert capabilities.ceiling(TRIPLE_DES) == triple_des


def test_reads_begin_small_and_grow_to_the_ceiling() -> None:
    length = ReadLength(2015)
    assert (length.current, length.grown) == (SHORT_READ, False)

    length.succeeded(24)
    assert length.current == SHORT_READ

    length.succeeded(SHORT_READ)
    assert (length.current, length.grown) == (2015, True)


def test_refused_lengths_fall_to_what_is_offered_or_a_rung() -> None:
    length = ReadLength(4000)
    length.succeeded(SHORT_READ)

    assert length.refused(4000)
    assert length.current == 1000
    assert length.refused(1000, 512)
    assert length.current == 512
    length.succeeded(512)
    assert length.current == 512
    for expected in (SHORT_READ, 112, 32):
        assert length.refused(length.current)
        assert length.current == expected
    assert not length.refused(32)

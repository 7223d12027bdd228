"""What holds for any data object, any chain of commands and any answer in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.iso7816.apdu import CHAINING_BIT, CommandApdu, ResponseApdu
from desk.iso7816.connection import CommandChaining, ResponseChaining, send
from desk.iso7816.status import StatusWord
from desk.iso7816.troubles import TlvError

unhurried = settings(deadline=None)
PLAIN_TAGS = st.sampled_from([0x04, 0x53, 0x5C, 0x80, 0x9F1F, 0x5F2E, 0x5FC105])
OUTER_TAGS = st.sampled_from([0x30, 0x61, 0x7C, 0xA0, 0x7F61])
LEAVES = st.tuples(PLAIN_TAGS, st.binary(max_size=140))
TREES = st.recursive(
    LEAVES, lambda inner: st.tuples(OUTER_TAGS, st.lists(inner, max_size=4)), max_leaves=12
)
Tree = tuple[int, "bytes | list[Tree]"]


def encoded(tree: Tree) -> bytes:
    tag, inside = tree
    return tlv.encode(tag, *([inside] if isinstance(inside, bytes) else map(encoded, inside)))


def assert_same(item: tlv.Tlv, tree: Tree) -> None:
    tag, inside = tree
    assert item.tag == tag
    if isinstance(inside, bytes):
        assert item.value == inside
        return
    assert len(item.children) == len(inside)
    for child, expected in zip(item.children, inside, strict=True):
        assert_same(child, expected)


@unhurried
@given(TREES)
def test_any_tree_comes_out_as_it_went_in(tree: Tree) -> None:
    item = tlv.parse_one(encoded(tree))

    assert_same(item, tree)
    assert item.raw == item.encode() == encoded(tree)


@unhurried
@given(st.lists(TREES, max_size=5))
def test_objects_one_after_another_stay_apart(trees: list[Tree]) -> None:
    items = tlv.parse(b"".join(map(encoded, trees)))

    assert [item.raw for item in items] == [encoded(tree) for tree in trees]


@unhurried
@given(TREES, st.data())
def test_an_object_cut_anywhere_is_refused(tree: Tree, data: st.DataObject) -> None:
    whole = encoded(tree)
    cut = data.draw(st.integers(1, len(whole) - 1))

    with pytest.raises(TlvError):
        tlv.parse(whole[:cut])


@unhurried
@given(LEAVES, st.integers(1, 4))
def test_a_length_written_long_means_the_same(leaf: tuple[int, bytes], octets: int) -> None:
    """BER allows leading zeros in the length, and chips use them."""
    tag, value = leaf
    if len(value) >= 1 << (8 * octets):
        octets = 2

    item = tlv.parse_one(
        tlv.tag_bytes(tag) + bytes([0x80 | octets]) + len(value).to_bytes(octets) + value
    )

    assert (item.tag, item.value) == (tag, value)


class Chip:
    """Joins chained commands and gives its answer in pieces of the given sizes."""

    def __init__(self, answer: bytes, pieces: list[int]) -> None:
        self.command: CommandApdu | None = None
        self._received = b""
        self._answer = answer
        self._pieces = pieces

    def transmit(self, apdu: bytes) -> bytes:
        command = CommandApdu.parse(apdu)
        if command.ins != 0xC0:
            self._received += command.data
            if command.cla & CHAINING_BIT:
                return ResponseApdu(b"", StatusWord.OK).encode()
            self.command = CommandApdu(
                command.cla, command.ins, command.p1, command.p2, self._received, command.le
            )
        size = self._pieces.pop(0) if self._pieces else len(self._answer)
        piece, self._answer = self._answer[:size], self._answer[size:]
        more = 0x6100 | min(len(self._answer), 256) & 0xFF
        return ResponseApdu(piece, more if self._answer else StatusWord.OK).encode()


@unhurried
@given(
    st.binary(max_size=2000),
    st.binary(max_size=2000),
    st.lists(st.integers(1, 256), max_size=12),
    st.integers(1, 255),
)
def test_chains_lose_nothing_in_either_direction(
    sent: bytes, answer: bytes, pieces: list[int], chunk: int
) -> None:
    chip = Chip(answer, pieces)
    command = CommandApdu(0x00, 0xDB, 0x3F, 0xFF, sent, 256)

    got = send(ResponseChaining(CommandChaining(chip, chunk)), command)

    assert chip.command is not None
    assert (chip.command.header, chip.command.data) == (command.header, sent)
    assert got == ResponseApdu(answer, StatusWord.OK)

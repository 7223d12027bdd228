"""Altering samples so that they stay half right: object by object, lengths made to fit.

Bytes turned at random mostly break a length at the outermost object, and no parser looks
any further. So objects are taken out, doubled, swapped, emptied and filled anew, and the
lengths around them are written again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

_MAX_DEPTH = 12
_MAX_TAG = 4
_MOST = 100_000
"""Bytes that doubling may add."""
_LENGTH_LIES = (b"\x80", b"\x84\xff\xff\xff\xff", b"\x83\x32\x00\x00", b"\x82\x00\x01", b"\xff")
_VALUES = (b"", b"\x00", b"\xff", b"\x00" * 8, b"\xff" * 33, b"\x05\x00", b"\x30\x00", b"A" * 300)
_TEXTS = (b"00000000000000Z", b"99991231235959Z", b"490101000000+2359", b"\xed\xa0\x80", b"-1")
_TAGS = (0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x17, 0x18, 0x1E, 0x30, 0x31, 0x80, 0xA0, 0xA3)


@dataclass
class Node:
    """One object: tag and length as they came, a value or what is inside."""

    tag: bytes
    value: bytes = b""
    children: list[Node] | None = None
    length: bytes | None = None

    def encode(self) -> bytes:
        value = self.value if self.children is None else b"".join(map(Node.encode, self.children))
        return self.tag + (_length(len(value)) if self.length is None else self.length) + value


def mutated(data: bytes, seed: int) -> bytes:
    """``data`` altered once or a few times, the same way for the same ``seed``."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        tree = _tree(data)
        data = _bytewise(data, chance) if tree is None else _objectwise(tree, chance)
    return data


def _objectwise(tree: list[Node], chance: random.Random) -> bytes:
    places = list(_places(tree))
    siblings, index = chance.choice(places)
    chance.choice(_CHANGES)(siblings, index, chance)
    return b"".join(map(Node.encode, tree))


def _bytewise(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 1, 2, 8, 64)))
    return data[:start] + _filling(chance) + data[end:]


def _places(nodes: list[Node]) -> list[tuple[list[Node], int]]:
    found = [(nodes, index) for index in range(len(nodes))]
    for node in nodes:
        if node.children:
            found += _places(node.children)
    return found


def _refill(nodes: list[Node], index: int, chance: random.Random) -> None:
    nodes[index] = Node(nodes[index].tag, _filling(chance))


def _turn_a_bit(nodes: list[Node], index: int, chance: random.Random) -> None:
    value = bytearray(nodes[index].encode())
    value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
    nodes[index] = Node(b"", children=[], length=bytes(value))


def _remove(nodes: list[Node], index: int, chance: random.Random) -> None:
    del nodes[index]


def _double(nodes: list[Node], index: int, chance: random.Random) -> None:
    room = _MOST // (1 + len(nodes[index].encode()))
    nodes[index:index] = [nodes[index]] * min(chance.choice((1, 1, 3, 40)), room)


def _swap(nodes: list[Node], index: int, chance: random.Random) -> None:
    other = chance.randrange(len(nodes))
    nodes[index], nodes[other] = nodes[other], nodes[index]


def _retag(nodes: list[Node], index: int, chance: random.Random) -> None:
    node = nodes[index]
    node.tag = bytes([chance.choice((chance.choice(_TAGS), chance.randrange(256)))])


def _lie(nodes: list[Node], index: int, chance: random.Random) -> None:
    nodes[index].length = chance.choice(_LENGTH_LIES)


def _nest(nodes: list[Node], index: int, chance: random.Random) -> None:
    node = nodes[index]
    for _ in range(chance.choice((1, 3, 20))):
        node = Node(node.tag, children=[node])
    nodes[index] = node


_CHANGES: tuple[Callable[[list[Node], int, random.Random], None], ...] = (
    *[_refill] * 3,
    *[_turn_a_bit] * 3,
    _remove,
    _double,
    _swap,
    _retag,
    _lie,
    _nest,
)


def _filling(chance: random.Random) -> bytes:
    if chance.random() < 0.4:
        return chance.choice(_VALUES + _TEXTS)
    return chance.randbytes(chance.choice((1, 2, 3, 8, 20, 70)))


def _tree(data: bytes, depth: int = 0) -> list[Node] | None:
    """The objects that ``data`` is made of, or None where it is none to its last byte."""
    nodes, offset = [], 0
    while offset < len(data):
        parts = _header(data, offset)
        if parts is None:
            return None
        tag, start, end = parts
        value = data[start:end]
        node = Node(tag, value)
        # Octet and bit strings hold objects too: keys, extensions, signed content.
        if value and depth < _MAX_DEPTH and (tag[0] & 0x20 or tag == b"\x04"):
            node.children = _tree(value, depth + 1)
        nodes.append(node)
        offset = end
    return nodes or None


def _header(data: bytes, offset: int) -> tuple[bytes, int, int] | None:
    position = offset + 1
    if data[offset] & 0x1F == 0x1F:
        while position < len(data) and data[position] & 0x80:
            position += 1
        position += 1
    if position >= len(data) or position - offset > _MAX_TAG:
        return None
    tag, first = data[offset:position], data[position]
    size = first & 0x7F if first & 0x80 else 0
    start = position + 1 + size
    length = int.from_bytes(data[position + 1 : start]) if size else first
    if size > 4 or first == 0x80 or start + length > len(data):
        return None
    return tag, start, start + length


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets

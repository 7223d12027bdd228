"""BER-TLV data objects (ISO/IEC 7816-4:2020 clause 5.2.2, ISO/IEC 8825-1).

Bytes in, objects out, and the same bytes back. Depth, count and length are capped,
because the bytes come from a chip nobody vouches for. Values are read lazily: a tag
with the constructed bit may hold plain bytes (PIV's FASC-N, tag 30).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from desk.iso7816.troubles import TlvError, TlvFault

MAX_LENGTH = 1 << 20
"""Longest value taken, bytes. The largest object of the field is a portrait of some 100 kB."""
MAX_DEPTH = 16
MAX_OBJECTS = 4096
_MAX_TAG_BYTES = 4
_LONG_TAG = 0x1F
_CONSTRUCTED = 0x20
_MORE = 0x80


@dataclass(frozen=True, slots=True)
class Header:
    """Tag, length of the value and size of tag and length together, all in bytes."""

    tag: int
    length: int
    size: int

    @property
    def total(self) -> int:
        return self.size + self.length


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object. ``raw`` is the whole object as it came, for hashing.

    The value may be personal and is never part of its repr.
    """

    tag: int
    value: bytes = field(repr=False)
    raw: bytes = field(default=b"", compare=False, repr=False)
    depth: int = field(default=0, compare=False, repr=False)

    @property
    def is_constructed(self) -> bool:
        return bool(tag_bytes(self.tag)[0] & _CONSTRUCTED)

    @property
    def children(self) -> tuple[Tlv, ...]:
        """The objects inside the value; raises TlvError where it holds none or is too deep."""
        if self.depth + 1 >= MAX_DEPTH:
            raise TlvError("nested too deep", fault=TlvFault.ENDLESS)
        return tuple(_iterate(self.value, self.depth + 1))

    def find(self, *path: int) -> Tlv | None:
        """The first object along ``path`` of tags below this one, or None."""
        return find(self.children, *path)

    def get(self, *path: int) -> bytes:
        """The value at ``path``; raises TlvError when it is missing."""
        return get(self.children, *path)

    def encode(self) -> bytes:
        return encode(self.tag, self.value)


def read_header(data: bytes, offset: int = 0) -> Header:
    """Tag and length at ``offset``; needs no byte of the value (for reading files by length)."""
    tag, position = _read_tag(data, offset)
    length, position = _read_length(data, position)
    if length > MAX_LENGTH:
        raise TlvError("value too long", offset, fault=TlvFault.CLAIM, claimed=length)
    return Header(tag, length, position - offset)


def parse(data: bytes) -> tuple[Tlv, ...]:
    """All objects of ``data``, one after another, to its last byte."""
    return tuple(_iterate(bytes(data), 0))


def parse_one(data: bytes, tag: int | None = None) -> Tlv:
    """The single object that ``data`` is; with ``tag``, it must carry that tag."""
    items = parse(data)
    if len(items) != 1:
        raise TlvError(f"{len(items)} objects instead of one")
    if tag is not None and items[0].tag != tag:
        raise TlvError(f"tag {items[0].tag:X} instead of {tag:X}")
    return items[0]


def find(items: Iterable[Tlv], *path: int) -> Tlv | None:
    """The first object along ``path`` of tags, or None."""
    found = next((item for item in items if item.tag == path[0]), None)
    return found if found is None or len(path) == 1 else found.find(*path[1:])


def get(items: Iterable[Tlv], *path: int) -> bytes:
    """The value along ``path``; raises TlvError when it is missing."""
    found = find(items, *path)
    if found is None:
        raise TlvError("missing object " + "/".join(f"{tag:X}" for tag in path))
    return found.value


def encode(tag: int, *values: bytes) -> bytes:
    """The object with ``tag`` whose value is ``values`` joined; shortest length form (DER)."""
    value = b"".join(values)
    return tag_bytes(tag) + length_bytes(len(value)) + value


def tag_bytes(tag: int) -> bytes:
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8))


def length_bytes(length: int) -> bytes:
    """The length field in its shortest form (DER)."""
    if length < _MORE:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([_MORE | len(octets)]) + octets


def _iterate(data: bytes, depth: int) -> Iterator[Tlv]:
    offset = count = 0
    while offset < len(data):
        header = read_header(data, offset)
        end = offset + header.total
        if end > len(data):
            raise TlvError("value cut short", offset, fault=TlvFault.CLAIM, claimed=header.length)
        if (count := count + 1) > MAX_OBJECTS:
            raise TlvError("too many objects", offset, fault=TlvFault.ENDLESS)
        yield Tlv(header.tag, data[offset + header.size : end], data[offset:end], depth)
        offset = end


def _read_tag(data: bytes, offset: int) -> tuple[int, int]:
    end = offset + 1
    if _octet(data, offset) & _LONG_TAG == _LONG_TAG:
        while _octet(data, end) & _MORE:
            end += 1
        end += 1
    if end - offset > _MAX_TAG_BYTES:
        raise TlvError("tag too long", offset, fault=TlvFault.ENDLESS)
    return int.from_bytes(data[offset:end]), end


def _read_length(data: bytes, offset: int) -> tuple[int, int]:
    first = _octet(data, offset)
    if first < _MORE:
        return first, offset + 1
    size = first & ~_MORE
    if not 1 <= size <= 4:  # 0 is the indefinite form
        raise TlvError("length form not allowed", offset)
    _octet(data, offset + size)
    return int.from_bytes(data[offset + 1 : offset + 1 + size]), offset + 1 + size


def _octet(data: bytes, offset: int) -> int:
    try:
        return data[offset]
    except IndexError:
        raise TlvError("cut short", offset) from None

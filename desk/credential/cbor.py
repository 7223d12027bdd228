"""CBOR as signed data needs it (RFC 8949): strict, and with the bytes kept.

``cbor2`` turns tags 0 and 1004 into dates and sets into sets, and ignores what
follows the first item. Here every tag stays a tag, trailing bytes are refused, and
``array_slices`` and ``map_slices`` give the very bytes of each member, so that
nothing has to be encoded again before it is hashed. What the bytes mean is left to
``cose`` and ``mdoc``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import cbor2
from cbor2 import CBORTag

from desk.credential.troubles import Malformed

MAX_DEPTH = 16
TAG_DATETIME = 0
TAG_ENCODED = 24
TAG_FULL_DATE = 1004
_TAG_24 = b"\xd8\x18"

# Every tag cbor2 would interpret by itself.
_INTERPRETED = (
    *range(6), *range(24, 38), 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799
)  # fmt: skip


def _keeping(tag: int) -> Callable[[Any, bool], Any]:
    return lambda value, _immutable: CBORTag(tag, value)


_KEEP_TAGS = {tag: _keeping(tag) for tag in _INTERPRETED}


encode: Callable[[Any], bytes] = cbor2.dumps
"""Encode with definite lengths and shortest heads, map members in the given order."""


def decode(data: bytes) -> Any:
    """Decode exactly one item that fills ``data``; raises ``Malformed``.

    Containers below a tag come as tuples and frozen maps.
    """
    if item_end(data, 0) != len(data):
        raise Malformed(reason="bytes follow the CBOR item")
    try:
        return cbor2.loads(
            data,
            semantic_decoders=_KEEP_TAGS,
            max_depth=MAX_DEPTH,
            allow_duplicate_keys=False,
            strict_hashable_types=False,
        )
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError) as broken:
        raise Malformed(reason="not CBOR") from broken


def encoded(item: bytes) -> bytes:
    """``#6.24(bstr .cbor …)`` around an item that is encoded already."""
    return _TAG_24 + encode(item)


def inner(slice_: bytes) -> bytes:
    """The content of ``#6.24(bstr)``; raises ``Malformed`` for anything else."""
    value = decode(slice_)
    if not (isinstance(value, CBORTag) and value.tag == TAG_ENCODED):
        raise Malformed(reason="tag 24 is missing")
    if not isinstance(value.value, bytes):
        raise Malformed(reason="tag 24 holds no byte string")
    return value.value


def full_date(value: date) -> CBORTag:
    """``full-date`` of RFC 8943, tag 1004."""
    return CBORTag(TAG_FULL_DATE, value.isoformat())


def tdate(value: datetime) -> CBORTag:
    """``tdate`` without a fraction of a second, as ISO 18013-5 9.1.2.4 demands."""
    return CBORTag(TAG_DATETIME, value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def read_tdate(value: Any) -> datetime:
    """A ``tdate`` as UTC datetime; raises ``Malformed``."""
    if not (isinstance(value, CBORTag) and value.tag == TAG_DATETIME):
        raise Malformed(reason="tdate is missing")
    try:
        moment = datetime.fromisoformat(value.value)
    except (TypeError, ValueError) as broken:
        raise Malformed(reason="tdate has no date") from broken
    if moment.tzinfo is None:
        raise Malformed(reason="tdate has no time zone")
    return moment.astimezone(UTC)


def read_full_date(value: Any) -> date:
    """A ``full-date`` (tag 1004) or the date of a ``tdate``; raises ``Malformed``."""
    if isinstance(value, CBORTag) and value.tag == TAG_FULL_DATE:
        try:
            return date.fromisoformat(value.value)
        except (TypeError, ValueError) as broken:
            raise Malformed(reason="full-date has no date") from broken
    return read_tdate(value).date()


def untagged(data: bytes, tag: int) -> bytes:
    """``data`` without its outermost ``tag``; as it is where it has another or none."""
    major, argument, position = _head(data, 0)
    return data[position:] if (major, argument) == (_MAJOR_TAG, tag) else data


# Slices ---------------------------------------------------------------------------

_MAJOR_BYTES, _MAJOR_TEXT, _MAJOR_ARRAY, _MAJOR_MAP, _MAJOR_TAG = 2, 3, 4, 5, 6
_SHORT = 24


def array_slices(data: bytes) -> list[bytes]:
    """The raw bytes of each member of the array ``data``; raises ``Malformed``."""
    count, position = _container(data, _MAJOR_ARRAY)
    members = []
    for _ in range(count):
        end = item_end(data, position)
        members.append(data[position:end])
        position = end
    _filled(data, position)
    return members


def map_slices(data: bytes) -> dict[Any, bytes]:
    """The raw bytes of each value of the map ``data`` by decoded key; raises ``Malformed``."""
    count, position = _container(data, _MAJOR_MAP)
    members: dict[Any, bytes] = {}
    for _ in range(count):
        key_end = item_end(data, position)
        key = decode(data[position:key_end])
        end = item_end(data, key_end)
        if not isinstance(key, str | int | bytes) or key in members:
            raise Malformed(reason="map key is repeated or of no simple type")
        members[key] = data[key_end:end]
        position = end
    _filled(data, position)
    return members


def join_array(members: Sequence[bytes]) -> bytes:
    """An array around members that are encoded already."""
    return b"".join((_length(_MAJOR_ARRAY, len(members)), *members))


def join_map(members: Mapping[str, bytes]) -> bytes:
    """A map around values that are encoded already, in the given order."""
    pairs = [part for name, value in members.items() for part in (_name(name), value)]
    return b"".join((_length(_MAJOR_MAP, len(members)), *pairs))


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    """Of a member: each structure of its kind has the same ones."""
    return encode(name)


def _length(major: int, count: int) -> bytes:
    """The shortest head; an array's head is the same as a number's but for the type."""
    if count < _SHORT:
        return bytes((major << 5 | count,))
    head = encode(count)
    return bytes([head[0] | major << 5]) + head[1:]


def item_end(data: bytes, start: int, depth: int = 0) -> int:
    """Where the item that begins at ``start`` ends; raises ``Malformed``.

    Indefinite lengths are refused: no signed structure of ISO 18013-5 needs them, and
    two encodings of one thing are an attacker's playground.
    """
    if depth > MAX_DEPTH:
        raise Malformed(reason="CBOR nested too deeply")
    major, argument, position = _head(data, start)
    if major in (_MAJOR_BYTES, _MAJOR_TEXT):
        position += argument
    elif major == _MAJOR_TAG:
        position = item_end(data, position, depth + 1)
    elif major in (_MAJOR_ARRAY, _MAJOR_MAP):
        members = argument * (2 if major == _MAJOR_MAP else 1)
        if members > len(data) - position:
            raise Malformed(reason="CBOR ends early")
        for _ in range(members):
            position = item_end(data, position, depth + 1)
    if position > len(data):
        raise Malformed(reason="CBOR ends early")
    return position


def _head(data: bytes, start: int) -> tuple[int, int, int]:
    """Major type, argument and the position after the head."""
    if start >= len(data):
        raise Malformed(reason="CBOR ends early")
    major, short = data[start] >> 5, data[start] & 0x1F
    if short < _SHORT:
        return major, short, start + 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(short)
    if size is None:
        raise Malformed(reason="CBOR of indefinite or reserved length")
    end = start + 1 + size
    if end > len(data):
        raise Malformed(reason="CBOR ends early")
    return major, int.from_bytes(data[start + 1 : end]), end


def _container(data: bytes, wanted: int) -> tuple[int, int]:
    major, count, position = _head(data, 0)
    if major != wanted:
        raise Malformed(reason="array expected" if wanted == _MAJOR_ARRAY else "map expected")
    return count, position


def _filled(data: bytes, position: int) -> None:
    if position != len(data):
        raise Malformed(reason="bytes follow the CBOR item")

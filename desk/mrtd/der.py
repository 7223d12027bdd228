"""Small pieces of ASN.1's encoding that several files of a passport share."""

from __future__ import annotations

from functools import lru_cache

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError

INTEGER, BIT_STRING, OBJECT_ID, SEQUENCE, SET = 0x02, 0x03, 0x06, 0x30, 0x31
"""Universal tags."""
MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
)
"""What `asn1crypto` and Python raise over bytes that are not what they should be; the last
for a moment of the year 1 or 9999 that its own time zone carries beyond the calendar."""
_MORE = 0x80
_LONGEST = 128
"""Bytes of an object identifier; those of the field have up to twenty. One of thousands is
turned into digits no more, and takes its time until it is refused."""


@lru_cache(maxsize=256)
def dotted(value: bytes) -> str:
    """An object identifier in dotted form (ISO/IEC 8825-1 clause 8.19).

    Raises TlvError where it is cut short or absurdly long.
    """
    if len(value) > _LONGEST:
        raise TlvError("object identifier too long")
    arcs, number = [], 0
    for octet in value:
        number = number << 7 | octet & 0x7F
        if not octet & _MORE:
            arcs.append(number)
            number = 0
    if not arcs or value[-1] & _MORE:
        raise TlvError("object identifier cut short")
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def object_id(text: str) -> bytes:
    """Content octets of an object identifier in dotted form."""
    first, second, *rest = (int(arc) for arc in text.split("."))
    return b"".join(_arc(arc) for arc in (40 * first + second, *rest))


def number(item: Tlv) -> int:
    """The value of an INTEGER that is not negative; raises TlvError for anything else."""
    if item.tag != INTEGER or not item.value or item.value[0] & 0x80:
        raise TlvError("no number")
    return int.from_bytes(item.value)


def integer(value: int) -> bytes:
    """The INTEGER of a number that is not negative."""
    return tlv.encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _arc(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | _MORE)
    return bytes(reversed(octets))

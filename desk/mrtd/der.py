"""Small pieces of ASN.1's encoding that several files of a passport share."""

from __future__ import annotations

from functools import lru_cache

from desk.iso7816.troubles import TlvError

_MORE = 0x80


@lru_cache(maxsize=256)
def dotted(value: bytes) -> str:
    """An object identifier in dotted form (ISO/IEC 8825-1 clause 8.19).

    Raises TlvError where it is cut short.
    """
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

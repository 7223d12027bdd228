"""Small pictures made to exhaust whoever decodes them, for the forged passports."""

from __future__ import annotations

import io
import struct

from PIL import Image

HUGE_SIDE = 65_500
"""Pixels; JPEG can say no more than 65,535."""
_SIDE = 64
_SLOW_SIDE, _SLOW_SCANS = 1900, 3000
_END, _SCAN = 0xD9, 0xDA


def huge_picture() -> bytes:
    """A JPEG whose frame header claims more than four billion pixels."""
    said = struct.pack(">HH", HUGE_SIDE, HUGE_SIDE)
    return _jpeg("RGB", _SIDE).replace(struct.pack(">HH", _SIDE, _SIDE), said, 1)


def slow_picture() -> bytes:
    """A JPEG of an allowed size, with the same scan of all its pixels 3,000 times over.

    Fourteen bytes make a decoder visit every value of every block once more: six times what a
    fast processor of today does within the time that a picture has, in 60 kB.
    """
    picture = _jpeg("L", _SLOW_SIDE, progressive=True)
    scan = _scans(picture)[-1]  # the finest, which costs most
    end = picture.index(scan) + len(scan)
    return picture[:end] + scan * _SLOW_SCANS + picture[end:]


def _jpeg(mode: str, side: int, **options: bool) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (side, side), "gray").save(out, "JPEG", **options)
    return out.getvalue()


def _scans(picture: bytes) -> list[bytes]:
    """Header and data of each scan (ISO/IEC 10918-1 annex B.2)."""
    scans, place = [], 2
    while picture[place + 1] != _END:
        end = place + 2 + int.from_bytes(picture[place + 2 : place + 4])
        if picture[place + 1] == _SCAN:
            # A byte FF of the data itself has 00 behind it.
            while picture[end] != 0xFF or picture[end + 1] == 0x00:
                end += 1
            scans.append(picture[place:end])
        place = end
    return scans

"""Random salts and orders, each credential's from few draws.

What they are mixed into is left to ``mdoc`` and ``sdjwt``.
"""

from __future__ import annotations

import secrets
import struct

from desk.credential.keys import b64url

_ORDER_BYTES = 16
# Three bytes are four characters: cut between salts, the text of all is the text of each.
_TEXT_BYTES, _TEXT_LENGTH = 18, 24


def salts(count: int, size: int) -> tuple[bytes, ...]:
    """``count`` salts of ``size`` random bytes each."""
    return struct.unpack(f"{size}s" * count, secrets.token_bytes(count * size))


def salt_texts(count: int) -> list[str]:
    """``count`` salts of 144 random bits each, base64url."""
    drawn = b64url(secrets.token_bytes(count * _TEXT_BYTES))
    return [drawn[start : start + _TEXT_LENGTH] for start in range(0, len(drawn), _TEXT_LENGTH)]


def shuffled(count: int) -> list[int]:
    """The numbers below ``count`` in random order."""
    return sorted(range(count), key=salts(count, _ORDER_BYTES).__getitem__)

"""The JSON Canonicalization Scheme (RFC 8785): one value, one spelling in bytes.

Whoever signs facts and whoever verifies them later, in another program perhaps, must come
to the same bytes. Members are sorted by the UTF-16 code units of their names, numbers are
written as ECMAScript writes them, and what I-JSON (RFC 7493) does not allow is refused.
What goes into the value is the caller's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any

EXACT = 2**53
"""Whole numbers up to here are the same in every JSON implementation (RFC 7493, 2.2)."""

_LITERALS = {None: "null", True: "true", False: "false"}


class NotCanonical(ValueError):
    """A bug of the caller: the value has no canonical form. Never shows the value."""


def canonical(value: Any) -> bytes:
    """RFC 8785 form of plain JSON values (str, int, float, bool, None, list, tuple, mapping).

    Raises :class:`NotCanonical` for infinities and NaN (3.2.2.3), whole numbers that a
    double does not hold exactly, text that is no Unicode text (3.2.2.2), member names that
    are no text, and every other type.
    """
    try:
        return _spell(value).encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("half a surrogate pair is no text") from None


def _spell(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return _LITERALS[value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return _members(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(_spell(item) for item in value) + "]"
    raise NotCanonical(f"{type(value).__name__} is no JSON value")


def _members(value: Mapping[Any, Any]) -> str:
    """3.2.3: sorted by name as UTF-16, which is not the order of the code points."""
    if not all(isinstance(name, str) for name in value):
        raise NotCanonical("a member's name is no text")
    plain = all(name.isascii() for name in value)
    names = sorted(value) if plain else sorted(value, key=_units)
    return "{" + ",".join(f"{_text(name)}:{_spell(value[name])}" for name in names) + "}"


def _units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _text(value: str) -> str:
    """3.2.2.2: only quotes, backslash and controls are escaped, as `json` does it."""
    return encode_basestring(value)


def _whole(value: int) -> str:
    if abs(value) > EXACT:
        raise NotCanonical("a whole number beyond what a double holds exactly")
    return str(int(value))


def number(value: float) -> str:
    """ECMA-262, Number::toString in radix 10. Raises :class:`NotCanonical`."""
    if not math.isfinite(value):
        raise NotCanonical("a number that is not finite")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    return sign + _laid_out(*_shortest(abs(value)))


def _shortest(value: float) -> tuple[str, int]:
    """The fewest digits that read back as ``value``, and the place of the point in them.

    `repr` finds the same digits as ECMAScript: the shortest, and of these the closest.
    """
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    point = len(whole) - leading + int(exponent or 0)
    return digits.rstrip("0"), point


def _laid_out(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"

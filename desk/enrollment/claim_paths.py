"""Which claims a wallet asks for one by one: OpenID4VCI 1.0, annexes B.1, B.3 and C.

Only the form is looked at. A credential has all claims that there are values for, whatever
its wallet asks for.
"""

from __future__ import annotations

from typing import Any

from desk.credential.claims import Format
from desk.enrollment.wire import Refusal

# More than any credential here has; what is compared grows with the square of a path.
_MOST_CLAIMS, _LONGEST_PATH = 256, 16

_Path = tuple[str | int | None, ...]


def check_claims(member: object, fmt: Format) -> None:
    """The ``claims`` of an authorization detail; raises Refusal
    (invalid_authorization_details)."""
    if not isinstance(member, list) or not 0 < len(member) <= _MOST_CLAIMS:
        raise _bad("claims must be a non-empty array")
    paths = [_path(entry, fmt) for entry in member]
    if len(set(paths)) != len(paths):
        raise _bad("claims name a claim twice")
    below: dict[_Path, set[type]] = {}
    for path in paths:
        for place, part in enumerate(path):
            below.setdefault(path[:place], set()).add(type(part))
    if any(len(kinds) > 1 for kinds in below.values()):
        # A member's name, one of an array and all of an array exclude each other.
        raise _bad("claims contradict each other")


def _path(entry: Any, fmt: Format) -> _Path:
    path = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(path, list) or not 0 < len(path) <= _LONGEST_PATH:
        raise _bad("a claim without a path")
    if not all(_may_stand(part, fmt) for part in path):
        raise _bad("a path is made of strings, integers and nulls")
    # C.2: an mdoc's element stands in a namespace.
    names = 2 if fmt is Format.MDOC else 1
    if len(path) < names or not all(isinstance(name, str) for name in path[:names]):
        raise _bad("a path begins with names")
    if type(entry.get("mandatory", False)) is not bool:
        raise _bad("mandatory is true or false")
    return tuple(path)


def _may_stand(part: object, fmt: Format) -> bool:
    # C.1: no negative places; an mdoc's maps may have such keys.
    negative = type(part) is int and part < 0 and fmt is not Format.MDOC
    return (part is None or type(part) in (str, int)) and not negative


def _bad(description: str) -> Refusal:
    return Refusal("invalid_authorization_details", description)

"""One canonical digest of a case: what was shown, in the form that a card signs.

The facts are written as RFC 8785 JSON (sorted members, no spaces, UTF-8). Numbers with a
fraction are refused rather than formatted: they go in as text, exactly as the officer saw
them. The first bytes of the digest also stand as four words, so that two people can
compare two screens by eye.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import cache
from typing import Any

from desk.issuance.case import Case
from desk.issuance.record import to_plain
from desk.resources import resource

# Members that come after the approval, or change without changing what was approved.
_LATER = frozenset(
    {
        "state",
        "history",
        "approvals",
        "data_confirmed_at",
        "pin_set_at",
        "offer",
        "issued",
        "proof",
        "slips",
        "held",
        "ending",
        "closed_at",
    }
)


def case_facts(case: Case) -> dict[str, Any]:
    """The members of ``case`` that an approval covers, as plain JSON values."""
    plain = to_plain(case)
    return {key: _exact(value) for key, value in plain.items() if key not in _LATER}


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return format(value, ".4f")
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value


def canonical(facts: dict[str, Any]) -> bytes:
    """RFC 8785 form. Raises ``ValueError`` for numbers that it would have to format."""
    _refuse_floats(facts)
    text = json.dumps(_sorted(facts), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        # RFC 8785 3.2.3 sorts members by their UTF-16 code units.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > 2**53):
        raise ValueError("a number that RFC 8785 would have to format")
    members = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for member in members:
            _refuse_floats(member)


def case_digest(case: Case) -> bytes:
    """SHA-256 (32 bytes) over the canonical facts of ``case``."""
    return hashlib.sha256(canonical(case_facts(case))).digest()


@cache
def _words() -> tuple[tuple[str, str], ...]:
    table = tomllib.loads(resource("check-words.toml").read_text(encoding="utf-8"))["words"]
    return tuple((korean, english) for korean, english in table)


def check_words(digest: bytes) -> tuple[tuple[str, str], ...]:
    """Four pairs (Korean, English) for the first four bytes of ``digest``."""
    return tuple(_words()[byte] for byte in digest[:4])

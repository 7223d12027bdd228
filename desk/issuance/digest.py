"""One canonical digest of a case: what was shown, in the form that a card signs.

The facts are written as RFC 8785 JSON (``desk.issuance.jcs``). The first bytes of the digest
also stand as four words, so that two people can compare two screens by eye.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from typing import Any

from desk.issuance.case import Case, CaseKind
from desk.issuance.jcs import canonical
from desk.issuance.record import to_plain
from desk.resources import resource

# Members that come after the preparing signature, or change without changing what was
# approved: a colleague who takes the case over changes none of its facts.
_LATER = frozenset(
    {
        "officer",
        "officer_name",
        "state",
        "history",
        "request",
        "returned",
        "approvals",
        "data_confirmed_at",
        "pin_set_at",
        "offer",
        "issued",
        "proof",
        "activation",
        "slips",
        "held",
        "ending",
        "closed_at",
    }
)
# Members that an ordinary case does not have: what was signed before they were there holds.
_OF_RENEWALS = frozenset({"kind", "former", "renewal_reason"})


def case_facts(case: Case) -> dict[str, Any]:
    """The members of ``case`` that an approval covers, as plain JSON values."""
    left_out = _LATER | (_OF_RENEWALS if case.kind is CaseKind.ISSUE else frozenset())
    return {key: value for key, value in to_plain(case).items() if key not in left_out}


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

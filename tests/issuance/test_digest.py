"""One canonical digest: the same facts give the same bytes, another fact another digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from desk.issuance.case import open_case
from desk.issuance.digest import canonical, case_digest, check_words

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def test_members_are_sorted_by_utf16_code_units() -> None:
    """RFC 8785 section 3.2.3: the keys of its example, in the order it gives (values
    replaced by their names, since only the order is at stake)."""
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    text = canonical({key: key for key in keys}).decode()

    order = ["\\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    places = [text.index(f'"{key}":') for key in order]
    assert places == sorted(places)


def test_a_number_with_a_fraction_is_refused() -> None:
    """Formatting numbers is where implementations differ: they go in as text."""
    with pytest.raises(ValueError, match="number"):
        canonical({"distance": 0.38})


def test_the_digest_covers_facts_and_not_what_comes_later() -> None:
    """A note of delivery changes nothing that was approved; another window does."""
    case = open_case("LA-2026-000001", "LA", "1", "T-001", "이서준", NOW)

    later = replace(case, slips=("LA01-000001",), closed_at=NOW)
    other = replace(case, window="2")

    assert case_digest(later) == case_digest(case)
    assert case_digest(other) != case_digest(case)


def test_four_words_stand_for_the_first_four_bytes() -> None:
    """The words of two screens agree exactly when those bytes do."""
    assert check_words(bytes([0, 1, 255, 0]) + b"rest") == check_words(bytes([0, 1, 255, 0]))
    assert check_words(b"\0\1\2\3") != check_words(b"\0\1\2\4")
    assert all(korean and english for korean, english in check_words(b"\0\1\2\3"))

"""One canonical digest: the same facts give the same bytes, another fact another digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from desk.issuance.case import CaseKind, open_case
from desk.issuance.digest import case_digest, case_facts, check_words

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def test_the_digest_covers_facts_and_not_what_comes_later() -> None:
    """Neither a note of delivery nor a colleague who takes over changes what was approved;
    another window does, and so does another hand in the preparation."""
    case = open_case("LA-2026-000001", "LA", "1", "T-001", "이서준", NOW)

    later = replace(case, slips=("LA01-000001",), closed_at=NOW, officer="T-002")
    other = replace(case, window="2")

    assert case_digest(later) == case_digest(case)
    assert case_digest(other) != case_digest(case)
    assert case_digest(replace(case, preparers=("T-003",))) != case_digest(case)


def test_the_digest_covers_what_a_renewal_is_for() -> None:
    """A card signs which credential is replaced or resumed; what was signed of ordinary cases
    before there were others still holds."""
    case = open_case("LA-2026-000001", "LA", "1", "T-001", "이서준", NOW)
    reissue = replace(case, kind=CaseKind.REISSUE, former="LA-2025-000007")

    assert not {"kind", "former", "renewal_reason"} & set(case_facts(case))
    assert case_facts(reissue)["former"] == "LA-2025-000007"
    others = (
        case,
        replace(reissue, kind=CaseKind.RESUME),
        replace(reissue, former="LA-2025-000008"),
        replace(reissue, renewal_reason="new_phone"),
    )
    assert case_digest(reissue) not in {case_digest(one) for one in others}


def test_four_words_stand_for_the_first_four_bytes() -> None:
    """The words of two screens agree exactly when those bytes do."""
    assert check_words(bytes([0, 1, 255, 0]) + b"rest") == check_words(bytes([0, 1, 255, 0]))
    assert check_words(b"\0\1\2\3") != check_words(b"\0\1\2\4")
    assert all(korean and english for korean, english in check_words(b"\0\1\2\3"))

"""What the processes of a service count together."""

from __future__ import annotations

from pathlib import Path

from desk.enrollment.app import build_app
from desk.enrollment.counts import ENDPOINTS, SECONDS, Counts
from tests.enrollment.test_app import Inside


def test_each_counts_for_all() -> None:
    whole = Counts(3)
    for process in (0, 2, 2):
        whole.of(process).note(5, 200, 0.01)
    whole.of(1).note(5, 503, 100.0)

    assert whole.of(1).answered(5) == {200: 3, 503: 1}
    took, spent = whole.took(5)
    assert took == [0] * SECONDS.index(0.01) + [3] * (len(SECONDS) - SECONDS.index(0.01)) + [4]
    assert spent == 100.03


def test_who_takes_a_dead_ones_place_goes_on_with_its_numbers() -> None:
    whole = Counts(2)
    whole.of(1).note(0, 200, 0.0)

    whole.of(1).note(0, 200, 0.0)

    assert whole.answered(0) == {200: 2}


def test_endpoints_are_kept_apart() -> None:
    counts = Counts(2)
    for endpoint in (0, ENDPOINTS - 1):
        for process in (0, 1):
            counts.of(process).note(endpoint, 511, 1e9)

    assert [counts.answered(one) for one in (0, ENDPOINTS - 1)] == [{511: 2}] * 2
    assert counts.answered(1) == {}
    assert counts.took(1) == ([0] * (len(SECONDS) + 1), 0)


def test_there_is_room_for_all_endpoints(tmp_path: Path) -> None:
    """One is for what is at no address."""
    inside = Inside(tmp_path)
    names = {route.name for route in build_app(inside.service, mint_at="http://127.0.0.1:1").routes}
    inside.service.close()

    assert len(names) + 1 <= ENDPOINTS

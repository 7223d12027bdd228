"""Nonces without storage: own, fresh, unguessable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from desk.enrollment.keys import sha256
from desk.enrollment.nonces import (
    NONCE_LIFE,
    is_own_nonce,
    new_nonce,
    use_mark,
    use_marks,
)
from tests.enrollment.counter import now

KEY = b"n" * 32
LATER = timedelta(seconds=1)


def test_own_nonce_until_its_time_is_over() -> None:
    at = now()
    nonce = new_nonce(KEY, at)

    assert is_own_nonce(KEY, nonce, at)
    assert is_own_nonce(KEY, nonce, at + NONCE_LIFE - LATER)
    assert not is_own_nonce(KEY, nonce, at + NONCE_LIFE + LATER)
    assert not is_own_nonce(KEY, nonce, at - timedelta(minutes=1))
    assert not is_own_nonce(b"m" * 32, nonce, at)


def test_no_two_nonces_are_equal() -> None:
    at = now()

    assert len({new_nonce(KEY, at) for _ in range(200)}) == 200


def test_marks_of_one_hour_stand_together() -> None:
    """What is too old is a range."""
    at = now().replace(minute=30)
    early, late = (
        [use_mark(new_nonce(KEY, at + timedelta(hours=hours))) for _ in range(9)]
        for hours in (0, 1)
    )

    assert len(set(early)) == 9
    assert max(early) < min(late)
    assert max(use_marks(at, "b")) < min(use_marks(at + timedelta(hours=1), "a"))


@pytest.mark.parametrize("minute", range(0, 60, 3))
def test_what_comes_while_a_nonce_is_good_has_a_mark_in_common(minute: int) -> None:
    """With whatever nonce it comes; two marks at most, and in one order."""
    at = now().replace(minute=minute, second=0, microsecond=0)
    first, last = at - LATER, at + NONCE_LIFE
    nonce = new_nonce(KEY, at)
    assert is_own_nonce(KEY, nonce, first)
    assert is_own_nonce(KEY, nonce, last)

    for one in (first, at, last):
        marks = use_marks(one, "key jti")
        assert marks == sorted(set(marks))
        assert len(marks) <= 2
        assert set(marks) & set(use_marks(last, "key jti"))
    assert set(use_marks(at, "key jti")).isdisjoint(use_marks(at, "key other"))


@pytest.mark.parametrize("minute", [0, 2, 30, 58])
@pytest.mark.parametrize("age", [-LATER, timedelta(0), NONCE_LIFE])
def test_what_an_older_version_saw_used_is_known(minute: int, age: timedelta) -> None:
    """It wrote down when, but not when the nonce had been made."""
    used_at = now().replace(minute=minute, second=0, microsecond=0)
    nonce = new_nonce(KEY, used_at - age)
    assert is_own_nonce(KEY, nonce, used_at)

    assert use_mark(nonce) in use_marks(used_at, sha256(nonce))


@pytest.mark.parametrize("place", [0, 7, 20, -1])
def test_a_changed_character_is_noticed(place: int) -> None:
    at = now()
    text = list(new_nonce(KEY, at))
    text[place] = "A" if text[place] != "A" else "B"

    assert not is_own_nonce(KEY, "".join(text), at)


@pytest.mark.parametrize("text", ["", "x", "!" * 51, "A" * 51, "A" * 500])
def test_foreign_texts(text: str) -> None:
    assert not is_own_nonce(KEY, text, now())

"""Nonces without storage: own, fresh, unguessable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from desk.enrollment.keys import sha256
from desk.enrollment.mailbox.tables import to_ms
from desk.enrollment.nonces import (
    NONCE_LIFE,
    former_use_marks,
    is_own_nonce,
    new_nonce,
    use_mark,
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


def test_what_was_used_is_known_by_what_nobody_can_change() -> None:
    """A proof of the same number with another nonce of that hour is no other proof (RFC 9449,
    11.1); the hour comes first."""
    at = now().replace(minute=30)
    first, second = new_nonce(KEY, at), new_nonce(KEY, at + NONCE_LIFE)

    assert use_mark(first, "key jti") == use_mark(second, "key jti")
    assert use_mark(first, "key jti") != use_mark(first, "key other")
    later = new_nonce(KEY, at + timedelta(hours=1))
    assert use_mark(first, "a") < use_mark(later, "b")
    assert use_mark(first, "b") < use_mark(later, "a")


@pytest.mark.parametrize("minute", [0, 2, 30, 58])
@pytest.mark.parametrize("age", [-LATER, timedelta(0), NONCE_LIFE])
def test_what_an_older_version_saw_used_is_known(minute: int, age: timedelta) -> None:
    """It wrote down when, but not when the nonce had been made."""
    used_at = now().replace(minute=minute, second=0, microsecond=0)
    nonce = new_nonce(KEY, used_at - age)
    assert is_own_nonce(KEY, nonce, used_at)

    assert use_mark(nonce, nonce) in former_use_marks(to_ms(used_at), sha256(nonce))


@pytest.mark.parametrize("place", [0, 7, 20, -1])
def test_a_changed_character_is_noticed(place: int) -> None:
    at = now()
    text = list(new_nonce(KEY, at))
    text[place] = "A" if text[place] != "A" else "B"

    assert not is_own_nonce(KEY, "".join(text), at)


@pytest.mark.parametrize("text", ["", "x", "!" * 51, "A" * 51, "A" * 500])
def test_foreign_texts(text: str) -> None:
    assert not is_own_nonce(KEY, text, now())

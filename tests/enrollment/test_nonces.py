"""Nonces without storage: own, fresh, unguessable."""

from __future__ import annotations

from datetime import timedelta

import pytest

from desk.enrollment.nonces import NONCE_LIFE, is_own_nonce, new_nonce
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


@pytest.mark.parametrize("place", [0, 7, 20, -1])
def test_a_changed_character_is_noticed(place: int) -> None:
    at = now()
    text = list(new_nonce(KEY, at))
    text[place] = "A" if text[place] != "A" else "B"

    assert not is_own_nonce(KEY, "".join(text), at)


@pytest.mark.parametrize("text", ["", "x", "!" * 51, "A" * 51, "A" * 500])
def test_foreign_texts(text: str) -> None:
    assert not is_own_nonce(KEY, text, now())

"""Random salts and orders."""

from __future__ import annotations

import pytest

from desk.credential.keys import from_b64url
from desk.credential.salts import salt_texts, salts, shuffled


def test_each_salt_is_random_bytes_of_its_own() -> None:
    made = [*salts(20, 32), *salts(20, 32)]

    assert {len(salt) for salt in made} == {32}
    assert len(set(made)) == 40


def test_each_salt_text_is_eighteen_bytes_of_its_own() -> None:
    made = [from_b64url(text) for text in [*salt_texts(20), *salt_texts(20)]]

    assert {len(salt) for salt in made} == {18}
    assert len(set(made)) == 40


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_an_order_has_each_number_once(count: int) -> None:
    assert sorted(shuffled(count)) == list(range(count))
    assert len(salts(count, 32)) == len(salt_texts(count)) == count


def test_an_order_is_another_each_time() -> None:
    """Of 50! orders: two that are the same never happen."""
    assert shuffled(50) != shuffled(50)


def test_every_number_comes_first_at_times() -> None:
    """Of three in two hundred orders one is never first once in 10^35."""
    assert {shuffled(3)[0] for _ in range(200)} == {0, 1, 2}

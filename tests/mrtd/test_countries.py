"""desk.mrtd.countries: three letters in the zone, two in the certificate."""

from __future__ import annotations

import pytest

from desk.mrtd.countries import TWO_LETTERS, same_state
from desk.mrtd.trust import TrustStore


@pytest.mark.parametrize(
    ("zone", "certificate", "same"),
    [
        ("KOR", "KR", True),
        ("KOR", "kr", True),
        ("KOR", "KP", False),
        ("D", "DE", True),
        ("GBD", "GB", True),
        ("UTO", "XX", None),
        ("", "KR", None),
    ],
)
def test_states_are_compared(zone: str, certificate: str, same: bool | None) -> None:
    assert same_state(zone, certificate) is same


def test_codes_have_their_length() -> None:
    assert all(len(two) == 2 for two in TWO_LETTERS.values())
    assert {three for three in TWO_LETTERS if len(three) != 3} == {"D"}


def test_every_state_of_the_published_list_is_known(german_store: TrustStore) -> None:
    found = {held.country for held in german_store.contents().held}

    assert found <= set(TWO_LETTERS.values())

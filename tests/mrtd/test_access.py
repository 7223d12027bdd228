"""desk.mrtd.access: every password and chip by the way that takes it."""

from __future__ import annotations

import pytest

from desk.mrtd.access import Access
from desk.mrtd.mrz import MrzKey
from desk.mrtd.pace_steps import CanKey
from desk.mrtd.troubles import (
    AccessNotOffered,
    AccessRefused,
    CanNotTaken,
    CanRefused,
    PaceNotTaken,
)
from desk.training.chip import PassportChip
from desk.training.chip_features import Features
from tests.mrtd.reading_kit import BY_BAC, BY_MAPPING, BY_PACE, CAN, KEY, Deaf, fetch, passport_of


def test_pace_is_taken_where_it_is_offered() -> None:
    opening = passport_of(BY_PACE).content.opening

    assert opening.access is Access.PACE
    assert opening.label == "PACE ECDH-GM AES-128 secp192r1"


def test_the_access_number_opens_as_well() -> None:
    passport = passport_of(BY_PACE)

    content = fetch(passport.chip, passport.chip, CanKey(CAN))

    assert content.opening.by_can
    assert content.files == passport.content.files


def test_a_wrong_access_number_opens_nothing() -> None:
    chip = passport_of(BY_PACE).chip

    with pytest.raises(CanRefused):
        fetch(chip, chip, CanKey("654321"))


def test_a_chip_without_pace_takes_no_access_number() -> None:
    chip = passport_of(BY_BAC).chip

    with pytest.raises(CanNotTaken) as caught:
        fetch(chip, chip, CanKey(CAN))

    assert caught.value.code == "CHIP-11"


@pytest.mark.parametrize("features", [BY_BAC, BY_PACE, BY_MAPPING])
def test_a_wrong_zone_opens_nothing(features: Features) -> None:
    chip = passport_of(features).chip

    with pytest.raises(AccessRefused):
        fetch(chip, chip, MrzKey("M999A9999", "910314", "330502"))


def test_a_wrong_zone_is_told_where_pace_is_closed_as_well() -> None:
    chip = passport_of(BY_PACE).chip

    with pytest.raises(AccessRefused) as caught:
        fetch(chip, Deaf(chip, ins=0x22), MrzKey("M999A9999", "910314", "330502"))

    assert caught.value.code == "CHIP-03"


def test_a_chip_with_pace_alone_that_does_not_go_through_with_it() -> None:
    chip = passport_of(BY_MAPPING).chip

    with pytest.raises(PaceNotTaken):
        fetch(chip, Deaf(chip, ins=0x22))


def test_a_chip_that_takes_no_access_at_all() -> None:
    closed = PassportChip(passport_of(BY_BAC).chip.files, KEY, bac=False)

    with pytest.raises(AccessNotOffered):
        fetch(closed, closed)

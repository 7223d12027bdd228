"""Two chips that take turns in one reading: what one proves must not speak for the other."""

from __future__ import annotations

from datetime import datetime

import pytest

from desk.mrtd import mrz
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.mrz import Mrz
from desk.mrtd.pace_steps import CanKey
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import Check, Result
from desk.mrtd.security_infos import Mapping
from desk.training.chip import PassportChip
from desk.training.chip_features import SECP256R1, Features, Keys, PaceOffer
from desk.training.csca import TrainingCsca
from tests.mrtd.conftest import picture

CAN = "246810"
BY_MAPPING = Features(
    pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION, parameter_id=SECP256R1),),
    can=CAN,
    chip_authentication=(),
)
TURNS = range(9, 29, 2)
# Invented.
OTHER = mrz.compose_td3("PM", "KOR", "LEE", "BADA", "M765B4321", "KOR", "850505", "M", "320101")


class TakingTurns:
    """The first chip answers ``until`` commands have gone by, then the session is lost and
    the second one answers."""

    def __init__(self, first: PassportChip, second: PassportChip, until: int) -> None:
        self._chips = [first, second]
        self._left = until

    def transmit(self, apdu: bytes) -> bytes:
        if self._left == 0:
            self._chips.pop(0)
        self._left -= 1
        return self._chips[0].transmit(apdu)


@pytest.fixture(scope="module")
def small() -> bytes:
    return picture(width=24, height=32)


@pytest.fixture
def own(country: TrainingCsca, small: bytes) -> PassportChip:
    """The forger's own genuine passport."""
    return country.personalise(OTHER, small, features=BY_MAPPING)


@pytest.fixture
def copied(country: TrainingCsca, holder: Mrz, small: bytes) -> PassportChip:
    """Every file of somebody else's, on a chip that opens by the same number."""
    genuine = country.personalise(holder.lines, small, features=BY_MAPPING)
    return genuine.with_keys(Keys.draw(BY_MAPPING))


def read(chip: object, anchors: AnchorSet, now: datetime) -> PassportReading:
    return read_passport(chip, CanKey(CAN), anchors, now)  # type: ignore[arg-type]


def test_each_by_itself(
    own: PassportChip, copied: PassportChip, anchors: AnchorSet, now: datetime
) -> None:
    assert read(own, anchors, now).result_of(Check.CHIP_AUTHENTICATION) is Result.PASSED
    assert read(copied, anchors, now).result_of(Check.CHIP_AUTHENTICATION) is Result.FAILED


@pytest.mark.parametrize("own_first", [True, False])
def test_no_moment_of_the_swap_makes_the_copy_pass(
    own: PassportChip,
    copied: PassportChip,
    anchors: AnchorSet,
    now: datetime,
    holder: Mrz,
    own_first: bool,
) -> None:
    """With a card access number both chips open alike, and EF.CardSecurity is no part of EF.SOD."""
    first, second = (own, copied) if own_first else (copied, own)
    faced = 0
    for until in TURNS:
        for chip in (first, second):
            chip.reset()
        reading = read(TakingTurns(first, second, until), anchors, now)
        if reading.mrz == holder:
            faced += 1
            assert reading.overall is Result.FAILED, until
    assert faced

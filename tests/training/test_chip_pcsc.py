"""The training passport behind a real PC/SC service, read as at the counter."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from desk.cards import pcsc
from desk.mrtd import mrz
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import parse
from desk.mrtd.reader import read_passport
from desk.mrtd.results import Result
from desk.mrtd.troubles import ChipLost
from desk.training import csca
from desk.training.chip import PassportChip
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]  # fixtures
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
COUNTRY = csca.create(NOW, seed=b"pcsc")
ANCHORS = AnchorSet([Anchor.of(parse(COUNTRY.country.certificate), "test", NOW)])
# Invented.
LINES = mrz.compose_td3("PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502")
ZONE = mrz.parse("\n".join(LINES))


def passport() -> PassportChip:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((240, 320)).convert("RGB").save(out, "JPEG")
    return COUNTRY.personalise(LINES, out.getvalue())


@pytest.mark.parametrize("extended", [False, True])
def test_a_passport_is_read_through_the_service(pcscd: PcscService, extended: bool) -> None:
    chip = passport()
    with pcscd.slot(0) as slot:
        connection = pcsc.connect(slot.lay(chip))
        try:
            atr = connection.atr if extended else b""
            reading = read_passport(connection, ZONE.key, ANCHORS, NOW, typed=ZONE, atr=atr)
        finally:
            connection.close()

    assert reading.overall is Result.PASSED
    assert reading.files == chip.files


def test_a_passport_pulled_while_read_is_told(pcscd: PcscService) -> None:
    with pcscd.slot(0) as slot:
        connection = pcsc.connect(slot.lay(passport()))
        try:
            with pytest.raises(ChipLost) as caught:
                read_passport(
                    connection,
                    ZONE.key,
                    ANCHORS,
                    NOW,
                    lambda step: slot.remove() if step.phase == "dg2" and step.done else None,
                )
        finally:
            connection.close()

    assert caught.value.facts["phase"] == "dg2"
    assert caught.value.facts["done"]

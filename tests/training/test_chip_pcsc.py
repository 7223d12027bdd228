"""The training passport behind a real PC/SC service, read as at the counter."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

from desk.cards import pcsc
from desk.mrtd import mrz
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.pace_steps import CanKey
from desk.mrtd.reader import read_passport
from desk.mrtd.results import Check, Result
from desk.mrtd.security_infos import Mapping
from desk.mrtd.troubles import ChipLost
from desk.training import csca, forgeries
from desk.training.chip import PassportChip
from desk.training.chip_features import ActiveOffer, ChipKeyOffer, Features, PaceOffer
from desk.training.forgeries import Book, Forgery, Workshop
from tests.anchors import trusting
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]  # fixtures
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
COUNTRY = csca.create(NOW, seed=b"pcsc")
ANCHORS = trusting(COUNTRY, NOW)
# Invented.
LINES = mrz.compose_td3("PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502")
ZONE = mrz.parse("\n".join(LINES))


WAYS = {
    "gm": Features(pace=(PaceOffer(),), lengths=(4096, 4096), active=ActiveOffer(bits=2048)),
    "im-3des": Features(pace=(PaceOffer(Mapping.INTEGRATED, SessionCipher.TRIPLE_DES),)),
    "cam": Features(pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION),), chip_authentication=()),
    "dh": Features(
        bac=False,
        pace=(PaceOffer(parameter_id=2),),
        chip_authentication=(ChipKeyOffer(parameter_id=2),),
    ),
}
"""One of each kind; the last has keys that no short command holds."""


def picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((240, 320)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def passport(features: Features | None = None) -> PassportChip:
    return COUNTRY.personalise(LINES, picture(), features=features)


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


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_and_every_proof_goes_through_the_service(
    pcscd: PcscService, way: str
) -> None:
    ordered = replace(WAYS[way], can="271828")
    with pcscd.slot(0) as slot:
        connection = pcsc.connect(slot.lay(passport(ordered)))
        try:
            reading = read_passport(
                connection, CanKey("271828"), ANCHORS, NOW, typed=ZONE, atr=connection.atr
            )
        finally:
            connection.close()

    assert reading.overall is Result.PASSED
    for check in (Check.PACE, Check.CHIP_AUTHENTICATION):
        assert reading.result_of(check) is Result.PASSED
    if ordered.active is not None:
        assert reading.result_of(Check.ACTIVE_AUTHENTICATION) is Result.PASSED


def test_a_copy_is_found_out_through_the_service(pcscd: PcscService) -> None:
    book = Book(LINES, picture(), picture())
    chip = forgeries.forge(Forgery.CLONE, Workshop.create(COUNTRY, NOW), book)
    with pcscd.slot(0) as slot:
        connection = pcsc.connect(slot.lay(chip))
        try:
            reading = read_passport(
                connection, ZONE.key, ANCHORS, NOW, typed=ZONE, atr=connection.atr
            )
        finally:
            connection.close()

    assert reading.overall is Result.FAILED
    assert [f.code for f in reading.findings if f.result is Result.FAILED] == ["CA-05"]


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

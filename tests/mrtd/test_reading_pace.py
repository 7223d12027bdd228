"""A chip read by PACE from first touch to verdict: which way is taken, and what it proves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from desk.iso7816.apdu import CommandApdu
from desk.mrtd import lds
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.mrz import Mrz
from desk.mrtd.pace import CanKey, Password
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import Check, Result
from desk.mrtd.security_infos import Mapping
from desk.mrtd.troubles import AccessRefused, CanRefused
from desk.training.chip import PassportChip
from desk.training.chip_features import ChipKeyOffer, Features, PaceOffer
from desk.training.csca import TrainingCsca

CAM = PaceOffer(Mapping.CHIP_AUTHENTICATION)
LONG = PaceOffer(Mapping.GENERIC, SessionCipher.AES_256, 2)


class Recorder:
    """Keeps the commands that reach the chip."""

    def __init__(self, chip: PassportChip) -> None:
        self.chip, self.seen = chip, list[CommandApdu]()

    def transmit(self, apdu: bytes) -> bytes:
        self.seen.append(CommandApdu.parse(apdu))
        return self.chip.transmit(apdu)


Issue = Callable[[Features], PassportChip]
Read = Callable[..., PassportReading]


@pytest.fixture
def issue(country: TrainingCsca, holder: Mrz, jpeg: bytes) -> Issue:
    return lambda features: country.personalise(holder.lines, jpeg, features=features)


@pytest.fixture
def read(anchors: AnchorSet, holder: Mrz, now: datetime) -> Read:
    def reading(
        chip: PassportChip | Recorder, key: Password = holder.key, atr: bytes = b""
    ) -> PassportReading:
        return read_passport(chip, key, anchors, now, typed=holder, atr=atr)

    return reading


def codes(reading: PassportReading, check: Check) -> set[str]:
    return {finding.code for finding in reading.findings if finding.check is check}


@pytest.mark.parametrize("cipher", SessionCipher)
@pytest.mark.parametrize("mapping", [Mapping.GENERIC, Mapping.INTEGRATED])
def test_every_cipher_carries_a_whole_reading(
    issue: Issue, read: Read, mapping: Mapping, cipher: SessionCipher
) -> None:
    chip = issue(Features(bac=False, pace=(PaceOffer(mapping, cipher),)))

    reading = read(chip, atr=chip.atr)

    assert reading.result_of(Check.PACE) is Result.PASSED
    assert reading.files["DG2"] == chip.files["DG2"]
    assert reading.protocols[0].startswith(f"PACE ECDH-{mapping.value} {cipher.value}")


def test_the_mapping_that_proves_the_chip_is_preferred(issue: Issue, read: Read) -> None:
    chip = issue(Features(pace=(PaceOffer(), CAM)))

    reading = read(chip)

    assert codes(reading, Check.CHIP_AUTHENTICATION) == {"CA-11"}
    assert "CardSecurity" in reading.files


def test_a_copy_cannot_answer_for_the_mapping(issue: Issue, read: Read) -> None:
    """A proof that does not hold saves it from nothing: it is asked by the key in DG14 too."""
    chip = issue(Features(pace=(PaceOffer(), CAM)))

    reading = read(chip.copied())

    assert codes(reading, Check.CHIP_AUTHENTICATION) == {"CA-12", "CA-06"}
    assert reading.overall is Result.FAILED


@pytest.mark.parametrize("instead", [None, b"", b"\x04\x01\x00", b"\x30\x03\x02\x01\x00"])
def test_without_the_mappings_key_chip_authentication_takes_its_place(
    issue: Issue, read: Read, instead: bytes | None
) -> None:
    """EF.CardSecurity does not read: the proof that was done counts, not the one that was not."""
    chip = issue(Features(pace=(PaceOffer(), CAM), chip_authentication=(ChipKeyOffer(),)))
    del chip.root["CardSecurity"]
    if instead is not None:
        chip.root["CardSecurity"] = instead

    genuine, copied = read(chip), read(chip.copied())

    assert codes(genuine, Check.CHIP_AUTHENTICATION) == {"CA-01"}
    assert copied.result_of(Check.CHIP_AUTHENTICATION) is Result.FAILED


def test_long_keys_travel_uncut(issue: Issue, read: Read) -> None:
    """4.4.4.3: the chain of PACE is its steps, also where the chip announces no long commands."""
    chip = Recorder(issue(Features(bac=False, pace=(LONG,))))

    reading = read(chip)

    assert reading.result_of(Check.PACE) is Result.PASSED
    steps = [command for command in chip.seen if command.ins == 0x86 and command.cla != 0x0C]
    assert [command.is_extended for command in steps[:4]] == [False, True, True, False]
    assert [command.cla for command in steps[:4]] == [0x10, 0x10, 0x10, 0x00]


def test_the_access_number_opens_and_is_refused_by_its_own_name(issue: Issue, read: Read) -> None:
    chip = issue(Features(pace=(PaceOffer(),), can="500540"))

    assert read(chip, CanKey("500540")).result_of(Check.ACCESS) is Result.PASSED
    with pytest.raises(CanRefused):
        read(chip, CanKey("500541"))


def test_a_wrong_zone_is_refused_by_both_ways(issue: Issue, read: Read, holder: Mrz) -> None:
    chip = issue(Features(pace=(PaceOffer(),)))
    key = type(holder.key)(holder.key.document_number, holder.key.birth, "330602")

    with pytest.raises(AccessRefused) as caught:
        read(chip, key)

    assert caught.value.code == "CHIP-03"


def test_a_weaker_way_slipped_into_the_unsigned_file_is_told(issue: Issue, read: Read) -> None:
    """9.2.11: what EF.CardAccess offers must stand in DG14 again."""
    chip = issue(Features(pace=(PaceOffer(cipher=SessionCipher.AES_256),)))
    weak = issue(Features(pace=(PaceOffer(cipher=SessionCipher.TRIPLE_DES),)))
    forged = PassportChip(
        chip.files, weak._key, keys=chip._keys, root={"CardAccess": weak.root["CardAccess"]}
    )

    reading = read(forged)

    signed = lds.parse_dg14(chip.files["DG14"])
    assert signed.lacks(lds.parse_card_access(forged.root["CardAccess"]))
    assert "PACE-07" in codes(reading, Check.PACE)
    assert reading.overall is not Result.PASSED

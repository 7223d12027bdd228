"""Whole readings of chips that prove themselves in every way, of copies, and of forgers' own."""

from __future__ import annotations

import pytest

from desk.iso7816 import tlv
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.ciphers import SessionCipher
from desk.mrtd.mrz import Mrz
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import Result
from desk.mrtd.security_infos import Mapping
from desk.training import chip_features
from desk.training.chip import Habits, PassportChip
from desk.training.chip_features import ActiveOffer, ChipKeyOffer, Features, Keys, PaceOffer
from desk.training.csca import TrainingCsca
from tests.mrtd.conftest import LINES, NOW

CAM = (PaceOffer(Mapping.CHIP_AUTHENTICATION),)
WAYS = {
    "CA ECDH AES-256": (
        Features(chip_authentication=(ChipKeyOffer(SessionCipher.AES_256, 17),)),
        "CA-01",
    ),
    "CA ECDH 3DES": (
        Features(chip_authentication=(ChipKeyOffer(SessionCipher.TRIPLE_DES),)),
        "CA-01",
    ),
    "CA DH": (Features(chip_authentication=(ChipKeyOffer(SessionCipher.AES_128, 2),)), "CA-01"),
    "CA after PACE": (
        Features(pace=(PaceOffer(),), chip_authentication=(ChipKeyOffer(key_id=7),)),
        "CA-01",
    ),
    "CAM": (Features(pace=CAM), "CA-11"),
    "AA RSA": (Features(chip_authentication=(), active=ActiveOffer(2048, "sha256")), "AA-01"),
    "AA RSA SHA-1": (Features(chip_authentication=(), active=ActiveOffer(1024, "sha1")), "AA-01"),
    "AA ECDSA": (Features(chip_authentication=(), active=ActiveOffer()), "AA-01"),
    "AA ECDSA DER": (
        Features(chip_authentication=(), active=ActiveOffer(der=True, stated=False)),
        "AA-01",
    ),
}
COPIES = {"CA-01": {"CA-05", "CA-06"}, "CA-11": {"CA-12"}, "AA-01": {"AA-06"}}


@pytest.mark.parametrize(
    ("way", "extended"),
    [*((way, True) for way in WAYS), *((way, False) for way in ("CA DH", "AA RSA", "CAM"))],
)
def test_a_chip_that_proves_itself_passes(
    country: TrainingCsca, jpeg: bytes, holder: Mrz, anchors: AnchorSet, way: str, extended: bool
) -> None:
    features, code = WAYS[way]
    chip = country.personalise(
        LINES, jpeg, features=features, habits=Habits(extended=extended, chained_reads=True)
    )

    reading = read(chip, holder, anchors)

    assert results(reading)[code] is Result.PASSED
    assert reading.overall is Result.PASSED


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_of_its_files_fails_and_is_read_to_the_end(
    country: TrainingCsca, jpeg: bytes, holder: Mrz, anchors: AnchorSet, way: str
) -> None:
    features, code = WAYS[way]
    chip = country.personalise(LINES, jpeg, features=features)

    reading = read(chip.copied(), holder, anchors)

    (found,) = COPIES[code] & set(results(reading))
    assert results(reading)[found] is Result.FAILED
    assert reading.overall is Result.FAILED
    assert reading.files["DG2"] == chip.files["DG2"]


def test_a_chip_with_the_forgers_own_keys_is_not_believed(
    country: TrainingCsca, jpeg: bytes, holder: Mrz, anchors: AnchorSet
) -> None:
    """Keys of the forger in DG14 and DG15, which answer well: their hashes are not signed."""
    features = Features(active=ActiveOffer())
    genuine = country.personalise(LINES, jpeg, features=features)
    own = Keys.draw(features)
    groups = chip_features.data_groups(features, own)
    files = genuine.files | {"DG14": groups[14], "DG15": groups[15]}
    forged = PassportChip(files, holder.key, keys=own)

    reading = read(forged, holder, anchors)

    found = results(reading)
    assert (found["CA-08"], found["AA-08"]) == (Result.UNDECIDED, Result.UNDECIDED)
    assert (found["PA-DG-14"], found["PA-DG-15"]) == (Result.FAILED, Result.FAILED)
    assert reading.overall is Result.FAILED


@pytest.mark.parametrize("card_security", ["malformed", "missing", "another's"])
def test_a_mapping_slipped_in_saves_no_copy(
    country: TrainingCsca, jpeg: bytes, holder: Mrz, anchors: AnchorSet, card_security: str
) -> None:
    """EF.CardAccess is signed by nobody: the copy offers a mapping that its issuer never made."""
    genuine = country.personalise(LINES, jpeg, features=Features(pace=(PaceOffer(),)))
    slipped = Features(pace=CAM, chip_authentication=())
    own = Keys.draw(slipped)
    root = country.root_files(slipped, own)
    if card_security == "missing":
        del root["CardSecurity"]
    elif card_security == "malformed":
        root["CardSecurity"] = tlv.encode(0x30, bytes(38))
    else:
        root["CardSecurity"] = country.root_files(slipped, Keys.draw(slipped))["CardSecurity"]
    copy = PassportChip(genuine.files, holder.key, keys=own, root=root)

    reading = read(copy, holder, anchors)

    assert {"CA-05", "CA-06"} & set(results(reading))
    assert reading.overall is Result.FAILED


def test_a_proof_is_not_believed_without_trust(
    country: TrainingCsca, jpeg: bytes, holder: Mrz
) -> None:
    chip = country.personalise(LINES, jpeg, features=Features(active=ActiveOffer()))

    reading = read(chip, holder, AnchorSet(()))

    found = results(reading)
    assert (found["CA-08"], found["AA-08"]) == (Result.UNDECIDED, Result.UNDECIDED)
    assert reading.overall is Result.UNDECIDED


def read(chip: PassportChip, holder: Mrz, anchors: AnchorSet) -> PassportReading:
    return read_passport(chip, holder.key, anchors, NOW, typed=holder, atr=chip.atr)


def results(reading: PassportReading) -> dict[str, Result]:
    return {finding.code: finding.result for finding in reading.findings}

"""desk.mrtd.access_findings: BAC where there could have been PACE is told, and why."""

from __future__ import annotations

from desk.mrtd.results import Result
from tests.mrtd.reading_kit import BY_BAC, BY_PACE, CAN, Deaf, codes, judged, passport_of


def test_pace_as_it_was_signed_passes() -> None:
    reading = judged(passport_of(BY_PACE).chip)

    found = codes(reading)
    assert {found[code] for code in ("PACE-01", "PACE-08", "PACE-10")} == {Result.PASSED}
    assert reading.overall is Result.PASSED
    assert reading.protocols == (
        "PACE ECDH-GM AES-128 secp192r1",
        "CA ECDH AES-128 secp192r1",
        "AA ECDSA plain SHA-256",
    )


def test_the_access_number_compares_no_zone() -> None:
    """Nobody typed what the page says: the whole is not passed, though all else is."""
    reading = judged(passport_of(BY_PACE).chip, CAN)

    assert codes(reading)["PACE-09"] is Result.PASSED
    assert codes(reading)["DOC-12"] is Result.NOT_DONE
    assert reading.overall is Result.NOT_DONE


def test_pace_refused_by_the_chip() -> None:
    reading = judged(Deaf(passport_of(BY_PACE).chip, ins=0x22))

    assert reading.access == "BAC"
    assert codes(reading)["PACE-04"] is Result.UNDECIDED
    assert reading.overall is Result.UNDECIDED


def test_pace_kept_back_by_the_chip() -> None:
    """EF.CardAccess is gone; DG14, which is signed, names PACE all the same."""
    reading = judged(passport_of(BY_PACE).chip.without_root())

    assert codes(reading)["PACE-05"] is Result.UNDECIDED


def test_an_announcement_that_does_not_read() -> None:
    chip = passport_of(BY_PACE).chip.with_habits(root_before_access=False)

    assert codes(judged(chip))["PACE-05"] is Result.UNDECIDED


def test_an_announcement_of_no_security_infos() -> None:
    chip = passport_of(BY_PACE).chip.with_root()
    chip.root["CardAccess"] = b"\x31\x03\x02\x01\x05"

    assert codes(judged(chip))["PACE-05"] is Result.UNDECIDED


def test_pace_never_offered() -> None:
    reading = judged(passport_of(BY_BAC).chip)

    assert codes(reading)["PACE-03"] is Result.NOT_SUPPORTED
    assert reading.overall is Result.PASSED


def test_pace_in_no_known_way() -> None:
    chip = passport_of(BY_PACE).chip
    # PACE-ECDH-GM-AES-128 with a group that only this issuer knows.
    unknown = bytes.fromhex("31143012060A04007F0007020204020202010202011F")

    reading = judged(chip.with_root(CardAccess=unknown))

    assert codes(reading)["PACE-06"] is Result.NOT_DONE


def test_an_announcement_that_nobody_signed() -> None:
    """The unsigned file offers a weaker cipher than the signed one."""
    chip = passport_of(BY_PACE).chip
    weak = chip.root["CardAccess"].replace(
        bytes.fromhex("04007F00070202040202"), bytes.fromhex("04007F00070202040201")
    )
    assert weak != chip.root["CardAccess"]

    reading = judged(chip.with_root(CardAccess=weak))

    assert reading.access == "PACE"
    assert codes(reading)["PACE-07"] is Result.UNDECIDED


def test_an_announcement_beside_an_altered_signature_counts_for_nothing() -> None:
    chip = passport_of(BY_PACE).chip
    altered = chip.files["DG14"][:-1] + bytes([chip.files["DG14"][-1] ^ 1])

    reading = judged(chip.with_files(DG14=altered))

    assert codes(reading)["PACE-11"] is Result.NOT_DONE
    assert reading.overall is Result.FAILED

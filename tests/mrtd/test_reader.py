"""desk.mrtd.reader: a training chip read whole, and everything that can go wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from desk.cards.troubles import ServiceStopped
from desk.iso7816.connection import CardConnection
from desk.iso7816.troubles import CardRemoved, TransportFailed
from desk.mrtd import mrz, picture_process
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.details import Name
from desk.mrtd.mrz import Mrz, MrzKey
from desk.mrtd.reader import PassportReading, ReadPhase, ReadProgress, read_passport
from desk.mrtd.results import Check, Group, Result
from desk.mrtd.troubles import (
    AccessRefused,
    ChipLost,
    FileMalformed,
    FileMissing,
    NotAPassport,
    PortraitUnreadable,
    SessionBroken,
)
from desk.training import chip_files, csca
from desk.training.chip import Habits, LeavingChip, PassportChip
from desk.training.chip_features import Features, Keys
from desk.training.chip_files import DocumentDetails, PersonalDetails, PersonToNotify
from desk.training.csca import TrainingCsca
from tests.mrtd.conftest import anchors_of


@pytest.fixture
def chip(country: TrainingCsca, holder: Mrz, jpeg: bytes) -> PassportChip:
    return country.personalise(holder.lines, jpeg)


Read = Callable[..., PassportReading]


@pytest.fixture
def read(anchors: AnchorSet, holder: Mrz, now: datetime) -> Read:
    def reading(chip: CardConnection, **more: object) -> PassportReading:
        arguments: dict[str, object] = {"typed": holder} | more
        return read_passport(chip, holder.key, anchors, now, **arguments)  # type: ignore[arg-type]

    return reading


def results(reading: PassportReading) -> dict[str, Result]:
    return {finding.code: finding.result for finding in reading.findings}


def test_a_genuine_passport_passes(
    chip: PassportChip, read: Read, holder: Mrz, jpeg: bytes
) -> None:
    reading = read(chip)

    assert reading.overall is Result.PASSED
    assert reading.mrz == holder
    assert reading.files == chip.files
    assert (reading.portrait, reading.portrait_type) == (jpeg, "image/jpeg")
    assert reading.access == "BAC"
    assert reading.bytes_read == sum(len(content) for content in chip.files.values())
    assert results(reading) == {
        "DOC-01": Result.PASSED,
        "DOC-03": Result.PASSED,
        "DOC-06": Result.PASSED,
        "DOC-07": Result.PASSED,
        "BAC-01": Result.PASSED,
        "PACE-02": Result.NOT_DONE,
        "CA-01": Result.PASSED,
        "AA-03": Result.NOT_SUPPORTED,
        "PA-SIG-01": Result.PASSED,
        "PA-SIG-03": Result.PASSED,
        "PA-CHAIN-01": Result.PASSED,
        "PA-VAL-01": Result.PASSED,
        "PA-CRL-00": Result.PASSED,
        "PA-DG-00": Result.PASSED,
        "PA-COM-01": Result.PASSED,
        "DG2-01": Result.PASSED,
    }
    assert {finding.group for finding in reading.findings} == {
        Group.DOCUMENT,
        Group.CHIP,
        Group.CONTENT,
    }


def test_jpeg2000_and_active_authentication_are_read(
    country: TrainingCsca,
    holder: Mrz,
    jpeg2000: bytes,
    read: Read,
) -> None:
    chip = country.personalise(holder.lines, jpeg2000, active_authentication=True)

    reading = read(chip)

    assert reading.portrait_type == "image/jp2"
    assert results(reading)["AA-01"] is Result.PASSED
    assert set(reading.files) == {"COM", "SOD", "DG1", "DG2", "DG14", "DG15"}


def test_a_picture_that_nobody_could_open_is_no_passed_passport(
    chip: PassportChip, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known against it, and the officer has no face to compare."""
    monkeypatch.setattr(picture_process, "child_command", lambda: ("no such program",))

    reading = read(chip)

    assert results(reading)["DG2-05"] is Result.NOT_DONE
    assert reading.overall is Result.NOT_DONE


def test_progress_tells_phases_in_order_and_bytes(chip: PassportChip, read: Read) -> None:
    seen: list[ReadProgress] = []

    read(chip, progress=seen.append)

    phases = list(dict.fromkeys(step.phase for step in seen))
    assert phases == [
        ReadPhase.ACCESS,
        ReadPhase.SOD,
        ReadPhase.DG1,
        ReadPhase.DG14,
        ReadPhase.CHIP_AUTHENTICATION,
        ReadPhase.DG2,
        ReadPhase.VERIFY,
    ]
    last = [step for step in seen if step.phase is ReadPhase.DG2][-1]
    assert last.done == last.total == len(chip.files["DG2"])


def test_an_altered_picture_fails(
    country: TrainingCsca,
    holder: Mrz,
    jpeg: bytes,
    jpeg2000: bytes,
    read: Read,
) -> None:
    reading = read(country.personalise(holder.lines, jpeg, altered=jpeg2000))

    assert results(reading)["PA-DG-02"] is Result.FAILED
    assert reading.result_of(Check.SOD_SIGNATURE) is Result.PASSED
    assert reading.overall is Result.FAILED


def test_an_unknown_signer_is_undecided(
    holder: Mrz, jpeg: bytes, read: Read, now: datetime
) -> None:
    stranger = csca.create(now, seed=b"stranger", name="Another CSCA")

    reading = read(stranger.personalise(holder.lines, jpeg))

    assert results(reading)["PA-CHAIN-02"] is Result.UNDECIDED
    assert reading.overall is Result.UNDECIDED


def test_an_expired_passport_fails_on_the_day_after(
    country: TrainingCsca, anchors: AnchorSet, holder: Mrz, jpeg: bytes, now: datetime
) -> None:
    chip = country.personalise(holder.lines, jpeg)
    last_day = now.replace(year=2033, month=5, day=2)

    reading = read_passport(chip, holder.key, anchors, last_day)
    assert results(reading)["DOC-03"] is Result.PASSED

    reading = read_passport(chip, holder.key, anchors, last_day.replace(day=3))
    assert results(reading)["DOC-04"] is Result.FAILED
    assert reading.overall is Result.FAILED


@pytest.mark.parametrize(
    ("hour", "zone", "code"),
    [
        (23, "America/Los_Angeles", "DOC-03"),
        (23, "Pacific/Auckland", "DOC-04"),
        (1, "America/Los_Angeles", "DOC-03"),
    ],
)
def test_a_passport_expires_with_the_day_where_it_is_shown(
    chip: PassportChip,
    anchors: AnchorSet,
    holder: Mrz,
    now: datetime,
    hour: int,
    zone: str,
    code: str,
) -> None:
    """Its last day is 2 May; of the moments one is still that day in UTC and one no more."""
    last_day = now.replace(year=2033, month=5, day=2 if hour == 23 else 3, hour=hour)
    shown = last_day.astimezone(ZoneInfo(zone)).date()

    reading = read_passport(chip, holder.key, anchors, last_day, today=shown)

    (finding,) = (one for one in reading.findings if one.check is Check.EXPIRY)
    assert finding.code == code


def test_a_clock_before_the_certificate_is_undecided(
    chip: PassportChip, anchors: AnchorSet, holder: Mrz, now: datetime
) -> None:
    reading = read_passport(chip, holder.key, anchors, now.replace(year=2010))

    assert results(reading)["PA-VAL-04"] is Result.UNDECIDED
    assert reading.overall is Result.UNDECIDED


def test_without_a_typed_zone_the_keys_fields_are_compared(chip: PassportChip, read: Read) -> None:
    reading = read(chip, typed=None)

    (finding,) = [f for f in reading.findings if f.check is Check.MRZ_EQUALS_CHIP]
    assert (finding.result, finding.facts) == (Result.PASSED, {"compared": "key"})


def test_a_zone_that_differs_from_the_chips_fails(
    country: TrainingCsca, anchors: AnchorSet, holder: Mrz, jpeg: bytes, now: datetime
) -> None:
    """Number and dates are the same, so the chip opens; the printed name is another."""
    other = mrz.compose_td3(
        "PM", "KOR", "PARK", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502"
    )
    typed = mrz.parse("\n".join(other))
    chip = country.personalise(holder.lines, jpeg)

    reading = read_passport(chip, typed.key, anchors, now, typed=typed)

    assert results(reading)["DOC-11"] is Result.FAILED
    assert reading.overall is Result.FAILED


def test_another_states_signer_fails(
    country: TrainingCsca, anchors: AnchorSet, jpeg: bytes, now: datetime
) -> None:
    lines = mrz.compose_td3(
        "P", "UTO", "ERIKSSON", "ANNA", "L898902C3", "UTO", "740812", "F", "330415"
    )
    french = mrz.compose_td3(
        "P", "FRA", "DUPONT", "ANNE", "09AA00001", "FRA", "740812", "F", "330415"
    )
    for zone, code, result in (
        (lines, "DOC-10", Result.UNDECIDED),
        (french, "DOC-08", Result.FAILED),
    ):
        chip = country.personalise(zone, jpeg)
        key = mrz.parse("\n".join(zone)).key

        reading = read_passport(chip, key, anchors, now)

        assert results(reading)[code] is result
        assert reading.overall is result


def test_a_wrong_key_opens_nothing(
    chip: PassportChip, anchors: AnchorSet, holder: Mrz, now: datetime
) -> None:
    key = MrzKey("M123A4568", holder.birth, holder.expiry)

    with pytest.raises(AccessRefused):
        read_passport(chip, key, anchors, now)


def test_a_chip_that_is_no_passport(read: Read) -> None:
    class Other:
        def transmit(self, apdu: bytes) -> bytes:
            return b"\x6a\x82"

    with pytest.raises(NotAPassport):
        read(Other())


@pytest.mark.parametrize("after", [0, 2, 30, 80, 600, 1500, 3000, 6000])
def test_a_passport_pulled_away_is_told_with_its_phase(
    chip: PassportChip,
    read: Read,
    after: int,
) -> None:
    with pytest.raises(ChipLost) as caught:
        read(LeavingChip(chip, after))

    assert caught.value.code == "CHIP-01"
    assert caught.value.facts["phase"] in set(ReadPhase)
    assert isinstance(caught.value.__cause__, CardRemoved)


def test_reading_again_begins_from_clean(chip: PassportChip, read: Read) -> None:
    with pytest.raises(ChipLost):
        read(LeavingChip(chip, 2000))

    assert read(chip).overall is Result.PASSED


def test_a_service_that_stopped_keeps_its_own_name(read: Read) -> None:
    class Stopped:
        def transmit(self, apdu: bytes) -> bytes:
            raise ServiceStopped

    with pytest.raises(ServiceStopped):
        read(Stopped())


def test_a_reader_that_fails_is_told_the_same_way(chip: PassportChip, read: Read) -> None:
    class Failing:
        def transmit(self, apdu: bytes) -> bytes:
            raise TransportFailed

    with pytest.raises(ChipLost) as caught:
        read(Failing())

    assert caught.value.facts == {"phase": "access", "done": 0}


@pytest.mark.parametrize("name", ["SOD", "DG1", "DG2"])
def test_a_file_that_every_passport_has(chip: PassportChip, read: Read, name: str) -> None:
    del chip.files[name]
    bare = PassportChip(chip.files, holder_key())

    with pytest.raises(FileMissing) as caught:
        read(bare)

    assert caught.value.facts["file"] == name


def holder_key() -> MrzKey:
    return MrzKey("M123A4567", "910314", "330502")


def test_a_withheld_chip_key_is_undecided(chip: PassportChip, read: Read) -> None:
    """DG14 is signed but not given: whoever copies a chip leaves its key away."""
    files = {name: content for name, content in chip.files.items() if name != "DG14"}

    reading = read(PassportChip(files, holder_key()))

    assert results(reading)["PA-DG-23"] is Result.UNDECIDED
    assert reading.overall is Result.UNDECIDED


def test_a_passport_without_com_is_read_by_its_signed_list(chip: PassportChip, read: Read) -> None:
    del chip.files["COM"]

    reading = read(chip)

    assert results(reading)["PA-COM-03"] is Result.NOT_DONE
    assert reading.overall is Result.PASSED


@pytest.mark.parametrize(
    "com", [chip_files.com([1, 2]), chip_files.com([1, 2, 3, 14]), b"\x60\x00"]
)
def test_an_unsigned_list_that_differs_is_seen(chip: PassportChip, read: Read, com: bytes) -> None:
    chip.files["COM"] = com

    reading = read(chip)

    assert results(reading)["PA-COM-02"] is Result.UNDECIDED
    assert results(reading)["PA-DG-00"] is Result.PASSED


def test_a_broken_security_object_fails_and_is_read_to_the_end(
    chip: PassportChip, read: Read
) -> None:
    chip.files["SOD"] = b"\x77\x04\x30\x02\x05\x00"

    reading = read(chip)

    assert results(reading)["PA-SOD-01"] is Result.FAILED
    assert results(reading)["DOC-09"] is Result.NOT_DONE
    assert reading.overall is Result.FAILED


def test_a_chip_zone_with_a_wrong_digit_fails(
    country: TrainingCsca, anchors: AnchorSet, holder: Mrz, jpeg: bytes, now: datetime
) -> None:
    lines = (holder.lines[0], holder.lines[1][:-1] + "9")
    chip = PassportChip(country.files(lines, jpeg), holder.key)

    reading = read_passport(chip, holder.key, anchors, now)

    assert results(reading)["DOC-02"] is Result.FAILED
    assert reading.overall is Result.FAILED


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("DG1", b"\x61\x03\x5f\x1f\x00", FileMalformed),
        ("DG1", b"\x61\x05\x5f\x1f\x02\xff\xff", FileMalformed),
        ("DG2", b"\x75\x03\x7f\x61\x00", FileMalformed),
        ("DG2", b"\x75\x83\x30\x00\x00" + bytes(300), FileMalformed),
    ],
)
def test_files_against_the_standard_stop_the_reading(
    chip: PassportChip,
    read: Read,
    name: str,
    content: bytes,
    trouble: type[Exception],
) -> None:
    chip.files[name] = content

    with pytest.raises(trouble):
        read(chip)


def test_a_picture_of_no_known_kind_stops_the_reading(chip: PassportChip, read: Read) -> None:
    chip.files["DG2"] = chip.files["DG2"].replace(b"\xff\xd8\xff", b"\x89PN")

    with pytest.raises(PortraitUnreadable):
        read(chip)


def test_a_picture_that_does_not_decode_is_a_finding(
    country: TrainingCsca, holder: Mrz, jpeg: bytes, read: Read
) -> None:
    reading = read(country.personalise(holder.lines, jpeg[:1500] + bytes(200)))

    assert results(reading)["DG2-02"] is Result.UNDECIDED
    assert results(reading)["PA-DG-00"] is Result.PASSED


def test_a_chip_whose_answers_are_changed_on_the_way(chip: PassportChip, read: Read) -> None:
    class Meddler:
        def __init__(self) -> None:
            self.count = 0

        def transmit(self, apdu: bytes) -> bytes:
            self.count += 1
            answer = chip.transmit(apdu)
            meddled = self.count > 8 and len(answer) > 5
            return answer[:5] + bytes([answer[5] ^ 1]) + answer[6:] if meddled else answer

    with pytest.raises(SessionBroken):
        read(Meddler())


def test_extended_lengths_take_fewer_commands(chip: PassportChip, read: Read) -> None:
    read(chip)
    short, chip.commands = chip.commands, 0

    read(chip, atr=chip.atr)

    assert chip.commands < short / 2


def test_an_answer_to_reset_that_promises_too_much_costs_no_reading(
    chip: PassportChip,
    read: Read,
) -> None:
    promise = chip.atr
    chip.habits = replace(Habits(), extended=False)

    assert read(chip, atr=promise).overall is Result.PASSED


def test_personal_data_stay_out_of_repr(chip: PassportChip, read: Read) -> None:
    shown = repr(read(chip))

    for value in ("KIM", "HANEUL", "M123A4567", "910314"):
        assert value not in shown


def test_every_group_that_may_be_read_is_read_and_fingerprints_are_not(
    country: TrainingCsca, holder: Mrz, jpeg: bytes, read: Read
) -> None:
    features = Features(
        fingerprints=True,
        signatures=(jpeg,),
        personal=PersonalDetails(name="김<<하늘"),
        document=DocumentDetails(authority="외교부"),
        optional=b"\x01\x02",
        notify=(PersonToNotify("20260301", "KIM<<BADA", "", ""),),
    )
    chip = country.personalise(holder.lines, jpeg, features=features)

    reading = read(chip)

    unread = [f for f in reading.findings if f.check is Check.UNREAD_GROUP]
    assert [(f.code, f.result, f.facts["group"]) for f in unread] == [
        ("PA-DG-20", Result.NOT_DONE, 3)
    ]
    assert set(reading.files) == set(chip.files) - {"DG3"}
    assert reading.details.person is not None
    assert reading.details.person.name == Name("김", "하늘")
    assert reading.details.document is not None
    assert reading.details.document.authority == "외교부"
    assert reading.details.signatures == (jpeg,)
    assert reading.details.optional == b"\x01\x02"
    assert [person.name for person in reading.details.notify] == [Name("KIM", "BADA")]
    assert reading.overall is Result.PASSED


def test_a_group_of_free_text_that_does_not_read_decides_nothing(
    country: TrainingCsca, holder: Mrz, jpeg: bytes, read: Read
) -> None:
    features = Features(optional=b"\x01\x02")
    keys = Keys.draw(features)
    groups = country.files(holder.lines, jpeg, features, keys)
    content = {int(n[2:]): raw for n, raw in groups.items() if n.startswith("DG")}
    content[11] = b"\x6b\x03\x5f\x0e\x7f"
    files = {f"DG{n}": raw for n, raw in content.items()} | {
        "SOD": country.sod(content),
        "COM": chip_files.com(content),
    }

    reading = read(PassportChip(files, holder.key, keys=keys))

    assert results(reading)["DOC-13"] is Result.NOT_DONE
    assert reading.overall is Result.PASSED


def test_a_signer_nobody_asked_about_is_no_passed_passport(
    chip: PassportChip, country: TrainingCsca, holder: Mrz, now: datetime
) -> None:
    """Without a revocation list a genuine passport is not done, never passed."""
    anchors = anchors_of(country.country.certificate)

    reading = read_passport(chip, holder.key, anchors, now, typed=holder)

    assert results(reading)["PA-CRL-01"] is Result.NOT_DONE
    assert reading.result_of(Check.SIGNER_CHAIN) is Result.PASSED
    assert reading.overall is Result.NOT_DONE

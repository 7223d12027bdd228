"""desk.mrtd.passport_commands: a passport read and judged without a window."""

from __future__ import annotations

import json
import stat
import sys
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from desk.mrtd import check_log, mrz, passport_commands
from desk.mrtd.commands import Answer
from desk.mrtd.mrz import Mrz
from desk.mrtd.results import Result
from desk.mrtd.troubles import ChipLost, FolderTaken
from desk.mrtd.trust import TrustStore
from desk.mrtd.trust_troubles import FileUnavailable
from desk.training import csca_lists
from desk.training.chip import LeavingChip, PassportChip
from desk.training.csca import TrainingCsca


@pytest.fixture
def trust(tmp_path: Path, country: TrainingCsca, now: datetime) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    country.trust_in(store, now)
    store.import_revocation_list(csca_lists.revocation_list(country.country, (), now), now)
    return store


@pytest.fixture
def chip(country: TrainingCsca, holder: Mrz, jpeg: bytes) -> PassportChip:
    return country.personalise(holder.lines, jpeg)


@pytest.fixture
def saved(
    chip: PassportChip, holder: Mrz, trust: TrustStore, now: datetime, tmp_path: Path
) -> Path:
    folder = tmp_path / "saved"
    answer = passport_commands.passport_read(
        chip, holder.key, trust, now, typed=holder, save=folder
    )
    assert answer.exit_code == 0
    return folder


def is_valid(answer: Answer) -> bool:
    return jsonschema.Draft202012Validator(check_log.schema()).is_valid(
        json.loads(json.dumps(answer.json))
    )


def test_the_second_line_alone_is_enough_to_open_a_chip(holder: Mrz) -> None:
    key, zone = passport_commands.zone_or_line(f" {holder.lines[1].lower()}\n")

    assert (key, zone) == (holder.key, None)


def test_the_whole_zone_is_there_to_be_compared(holder: Mrz) -> None:
    key, zone = passport_commands.zone_or_line("\n".join(holder.lines))

    assert (key, zone) == (holder.key, holder)


def test_a_line_that_does_not_fit_says_where(holder: Mrz) -> None:
    line = holder.lines[1]
    wrong = f"{line[:9]}{(int(line[9]) + 1) % 10}{line[10:]}"

    with pytest.raises(mrz.MrzCheckDigit) as caught:
        passport_commands.zone_or_line(wrong)

    assert (caught.value.facts["line"], caught.value.facts["column"]) == (2, 10)


@pytest.mark.parametrize("text", ["1991-03-14", "19910314", "910314", "91-03-14"])
def test_dates_as_people_and_as_zones_write_them(text: str) -> None:
    assert passport_commands.zone_date(text) == "910314"


def test_a_reading_ends_with_its_results_and_no_personal_data(
    chip: PassportChip, holder: Mrz, trust: TrustStore, now: datetime
) -> None:
    answer = passport_commands.passport_read(chip, holder.key, trust, now)

    assert answer.exit_code == 0
    assert answer.text.startswith("GO ON: passed")
    assert is_valid(answer)
    for personal in (holder.document_number, holder.surname, holder.birth, "1991-03-14"):
        assert personal not in answer.text
        assert personal not in json.dumps(answer.json)


def test_what_the_chip_holds_is_saved_for_its_owner_alone(
    saved: Path, chip: PassportChip, jpeg: bytes
) -> None:
    names = {path.name for path in saved.iterdir()}

    assert {"EF.COM.bin", "EF.SOD.bin", "DG1.bin", "DG2.bin", "portrait.jpg"} <= names
    assert (saved / "DG2.bin").read_bytes() == chip.files["DG2"]
    assert (saved / "portrait.jpg").read_bytes() == jpeg
    assert json.loads((saved / "check-log.json").read_text(encoding="utf-8"))["format"]
    if sys.platform != "win32":
        modes = {stat.S_IMODE(path.stat().st_mode) for path in saved.iterdir()}
        assert (stat.S_IMODE(saved.stat().st_mode), modes) == (0o700, {0o600})


def test_two_passports_never_share_a_folder(
    saved: Path, chip: PassportChip, holder: Mrz, trust: TrustStore, now: datetime
) -> None:
    before = {path: path.read_bytes() for path in saved.iterdir()}

    with pytest.raises(FolderTaken):
        passport_commands.passport_read(chip, holder.key, trust, now, save=saved)

    assert {path: path.read_bytes() for path in saved.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_a_trouble(
    chip: PassportChip, holder: Mrz, trust: TrustStore, now: datetime, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(FileUnavailable):
        passport_commands.passport_read(chip, holder.key, trust, now, save=tmp_path / "file" / "x")


def test_a_passport_that_leaves_saves_nothing(
    chip: PassportChip, holder: Mrz, trust: TrustStore, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "saved"

    with pytest.raises(ChipLost):
        passport_commands.passport_read(
            LeavingChip(chip, after=12), holder.key, trust, now, save=folder
        )

    assert list(folder.iterdir()) == []


def test_saved_files_are_judged_again_without_a_chip(
    saved: Path, trust: TrustStore, now: datetime
) -> None:
    answer = passport_commands.verify_folder(saved, trust, now)

    results = {finding.code: finding.result for finding in answer.findings}
    assert results["PA-SIG-03"] is results["DOC-01"] is results["DG2-01"] is Result.PASSED
    assert not {"DOC-06", "BAC-01", "CA-01"} & set(results)
    assert is_valid(answer)
    assert "reading" not in answer.json
    # What only a chip can show was not done: the whole never passes on files alone.
    assert (answer.exit_code, answer.json["overall"]) == (
        4,
        {"result": "not_done", "advice": "look_closer"},
    )


def test_a_changed_file_fails(saved: Path, trust: TrustStore, now: datetime) -> None:
    changed = bytearray((saved / "DG2.bin").read_bytes())
    changed[-1] ^= 1
    (saved / "DG2.bin").write_bytes(changed)

    answer = passport_commands.verify_folder(saved, trust, now)

    assert answer.exit_code == 1
    assert answer.text.startswith("REFUSE: FAILED")
    assert "PA-DG-02" in {finding.code for finding in answer.findings}


def test_a_zone_that_could_open_no_chip_is_judged_all_the_same(
    saved: Path, trust: TrustStore, now: datetime
) -> None:
    """The number in saved bytes may be anything; it is a finding and no trouble."""
    zone = saved / "DG1.bin"
    zone.write_bytes(zone.read_bytes().replace(b"M123A4567", b"m123a4567"))

    answer = passport_commands.verify_folder(saved, trust, now)

    assert answer.exit_code == 1
    assert {"DOC-02", "PA-DG-01"} <= {finding.code for finding in answer.findings}


def test_a_folder_without_a_security_object_is_a_trouble(
    tmp_path: Path, trust: TrustStore, now: datetime
) -> None:
    with pytest.raises(FileUnavailable):
        passport_commands.verify_folder(tmp_path, trust, now)


def test_a_security_object_alone_is_not_done(saved: Path, trust: TrustStore, now: datetime) -> None:
    for path in saved.glob("DG*.bin"):
        path.unlink()
    (saved / "EF.COM.bin").unlink()

    answer = passport_commands.verify_folder(saved, trust, now)

    assert answer.exit_code == 4
    assert "document" not in answer.json

"""`desk passport read` on a reader of this machine's own smartcard service."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from desk import cli
from desk.app.home import Home
from desk.mrtd import check_log, mrz
from desk.mrtd.trust import TrustStore
from desk.training import csca, csca_lists
from desk.training.chip import PassportChip
from desk.training.chip_features import MODERN
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]  # fixtures
# Invented.
CAN = "271828"
LINES = mrz.compose_td3("PM", "KOR", "KIM", "HANEUL", "M123A4567", "KOR", "910314", "F", "330502")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(tmp_path / "home")


@pytest.fixture
def chip(home: Home) -> PassportChip:
    """Of a training country that this home trusts, opened by PACE with either password."""
    now = datetime.now(UTC)
    country = csca.create(now, seed=b"command")
    trust = TrustStore(home.trust)
    country.trust_in(trust, now)
    trust.import_revocation_list(csca_lists.revocation_list(country.country, (), now), now)
    out = io.BytesIO()
    Image.linear_gradient("L").resize((240, 320)).convert("RGB").save(out, "JPEG")
    ordered = replace(MODERN, can=CAN)
    return country.personalise(LINES, out.getvalue(), features=ordered)


def read(home: Home, *arguments: str) -> int:
    return cli.main(["--home", str(home.folder), "passport", "read", "--json", *arguments])


def test_a_passport_is_read_by_its_second_line_and_judged_again_from_its_files(
    pcscd: PcscService, home: Home, chip: PassportChip, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home.folder / "saved"
    with pcscd.slot(0) as slot:
        reader = slot.lay(chip)
        status = read(home, "--mrz", LINES[1], "--reader", reader, "--save", str(folder))

    log = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(check_log.schema()).validate(log)
    assert (status, log["overall"]["result"]) == (0, "passed")
    assert (folder / "DG1.bin").read_bytes() == chip.files["DG1"]
    verify = ["--home", str(home.folder), "passport", "verify", str(folder)]
    assert cli.main(verify) == 4
    assert capsys.readouterr().out.startswith("LOOK CLOSER: not done")


def test_a_passport_is_found_without_naming_its_reader(
    pcscd: PcscService, home: Home, chip: PassportChip, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = ("--document", "M123A4567", "--birth", "1991-03-14", "--expiry", "2033-05-02")
    with pcscd.slot(0) as slot:
        slot.lay(chip)

        assert read(home, *fields) == 0

    assert json.loads(capsys.readouterr().out)["reading"]["commands"] > 0


def test_the_access_number_opens_a_passport_whose_zone_nobody_compared(
    pcscd: PcscService, home: Home, chip: PassportChip, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing ties the chip to the page then, and the whole does not pass."""
    with pcscd.slot(0) as slot:
        slot.lay(chip)

        assert read(home, "--can", CAN) == 4

    log = json.loads(capsys.readouterr().out)
    assert log["overall"] == {"result": "not_done", "advice": "look_closer"}
    assert log["reading"]["access"] == "PACE"
    assert log["groups"]["chip"]["result"] == "passed"


def test_another_zone_than_the_passports_is_a_trouble_with_its_code(
    pcscd: PcscService, home: Home, chip: PassportChip, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = ("--document", "M123A4568", "--birth", "1991-03-14", "--expiry", "2033-05-02")
    with pcscd.slot(0) as slot:
        slot.lay(chip)

        assert read(home, *fields) == cli.EXIT_TROUBLE

    assert json.loads(capsys.readouterr().err)["code"] == "CHIP-03"


def test_an_empty_reader_is_a_trouble_with_its_code(
    pcscd: PcscService, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with pcscd.slot(0) as slot:
        assert slot.reader

        assert read(home, "--mrz", LINES[1]) == cli.EXIT_TROUBLE

    assert json.loads(capsys.readouterr().err)["code"].startswith("READER-")

"""Every trick of a forger ends in the finding or trouble that is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.mrtd.anchors import AnchorSet
from desk.mrtd.mrz import parse
from desk.mrtd.reader import Kept, PassportReading, read_passport
from desk.mrtd.results import Result
from desk.mrtd.troubles import FileTooLarge, PassportTrouble
from desk.mrtd.trust import TrustStore
from desk.training import csca, forgeries
from desk.training.applicants import applicant
from desk.training.chip import PassportChip
from desk.training.csca import TrainingCsca
from desk.training.forgeries import Book, Forgery, Workshop
from tests.bench.forgeries import MEGABYTES

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOLDER, OTHER = applicant("haneul"), applicant("jian")
BOOK = Book(HOLDER.mrz_lines, HOLDER.portrait(), OTHER.portrait())

ROOT = Path(__file__).resolve().parents[2]
UNBOUND = {"CA-08"}
"""A proof of the chip counts only where the issuer vouches for its key: nothing of its own."""


@pytest.fixture(scope="module")
def country() -> TrainingCsca:
    return csca.create(NOW, seed=b"forgeries")


@pytest.fixture(scope="module")
def workshop(country: TrainingCsca) -> Workshop:
    return Workshop.create(country, NOW)


@pytest.fixture(scope="module")
def trust(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> AnchorSet:
    store = TrustStore(tmp_path_factory.mktemp("trust"))
    workshop.country.trust_in(store, NOW)
    workshop.trust_in(store, NOW)
    return store.anchors()


def read(chip: PassportChip, lines: tuple[str, ...], trust: AnchorSet) -> PassportReading:
    zone = parse("\n".join(lines))
    return read_passport(chip, zone.key, trust, NOW, typed=zone, atr=chip.atr)


def not_passed(reading: PassportReading) -> dict[str, Result]:
    bad = (Result.FAILED, Result.UNDECIDED)
    return {f.code: f.result for f in reading.findings if f.result in bad}


def test_the_genuine_passport_passes(workshop: Workshop, trust: AnchorSet) -> None:
    reading = read(forgeries.genuine(workshop, BOOK), BOOK.mrz_lines, trust)

    assert reading.overall is Result.PASSED
    assert not_passed(reading) == {}


@pytest.mark.parametrize("forgery", Forgery, ids=lambda one: one.key)
def test_a_forgery_ends_in_its_own_code_alone(
    forgery: Forgery, workshop: Workshop, trust: AnchorSet
) -> None:
    chip = forgeries.forge(forgery, workshop, BOOK)
    lines = forgeries.printed(forgery, BOOK.mrz_lines)

    try:
        reading = read(chip, lines, trust)
    except PassportTrouble as trouble:
        assert (trouble.code, Result.FAILED) == (forgery.code, forgery.ends)
        return

    assert reading.overall is forgery.ends
    assert not_passed(reading)[forgery.code] is forgery.ends
    assert set(not_passed(reading)) - UNBOUND == {forgery.code}


def test_another_passport_is_read_from_clean_after_one_that_could_not_be(
    workshop: Workshop, trust: AnchorSet
) -> None:
    """Nothing was interrupted, so the next passport is not taken for one that was swapped."""
    kept, zone = Kept(), parse("\n".join(BOOK.mrz_lines))
    forged = forgeries.forge(Forgery.CLAIMS_50MB, workshop, BOOK)
    with pytest.raises(FileTooLarge):
        read_passport(forged, zone.key, trust, NOW, typed=zone, atr=forged.atr, kept=kept)

    genuine = forgeries.genuine(workshop, BOOK)
    reading = read_passport(genuine, zone.key, trust, NOW, typed=zone, kept=kept)

    assert reading.overall is Result.PASSED


def test_no_forgery_makes_the_desk_large() -> None:
    """In a process of its own: what one forgery takes would hide what the next one does."""
    command = [sys.executable, "-m", "tests.bench.forgeries", "--together"]

    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)

    rows = json.loads(done.stdout)
    assert [row["key"] for row in rows] == [forgery.key for forgery in Forgery]
    assert max(row["megabytes"] for row in rows) < MEGABYTES
    assert max(row["picture_megabytes"] for row in rows) < MEGABYTES


def test_no_two_forgeries_end_alike() -> None:
    codes = [forgery.code for forgery in Forgery]

    assert len(set(codes)) == len(codes)
    assert {Forgery.of(forgery.key) for forgery in Forgery} == set(Forgery)


def test_the_keys_of_the_trade_are_kept(country: TrainingCsca, tmp_path: Path) -> None:
    """Else a trust store would go on knowing a run-out country that signs nothing."""
    made = Workshop.load_or_create(tmp_path, country, NOW)

    again = Workshop.load_or_create(tmp_path, country, NOW + timedelta(days=9))

    assert again.stolen.certificate == made.stolen.certificate
    assert again.ended.country.certificate == made.ended.country.certificate


def test_a_new_country_gets_new_stolen_keys(country: TrainingCsca, tmp_path: Path) -> None:
    made = Workshop.load_or_create(tmp_path, country, NOW)

    other = Workshop.load_or_create(tmp_path, csca.create(NOW), NOW)

    assert other.stolen.certificate != made.stolen.certificate


def test_the_altered_name_is_printed_as_well() -> None:
    for forgery in Forgery:
        lines = forgeries.printed(forgery, BOOK.mrz_lines)
        assert (lines == BOOK.mrz_lines) is (forgery is not Forgery.ALTERED)
        assert parse("\n".join(lines)).key == parse("\n".join(BOOK.mrz_lines)).key

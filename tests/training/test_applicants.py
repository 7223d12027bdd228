"""The invented applicants agree with themselves and cover the stories asked for."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from desk.training.applicants import (
    APPLICANTS,
    REGISTER_COLUMNS,
    Applicant,
    RegisterStatus,
    Story,
    UnknownApplicant,
    applicant,
    applicants,
    check_digit,
    write_register,
)

DAY = date(2026, 11, 23)


def by_story(story: Story) -> Applicant:
    return next(person for person in APPLICANTS if person.story is story)


def test_the_main_sample_has_the_lines_of_the_pictured_passport() -> None:
    """The two lines shown on the passport page of the officer's screens."""
    upper, lower = applicant("haneul").mrz_lines

    assert upper == "PMKORKIM<<HANEUL<<<<<<<<<<<<<<<<<<<<<<<<<<<<"
    assert lower == "M123A45674KOR9103144F3305027<<<<<<<<<<<<<<02"


def test_check_digit_of_the_standards_example() -> None:
    # ICAO 9303-3 §4.9, example: 27 July 1952 gives 3; 9303-4 appendix B: L898902C3 gives 6.
    assert check_digit("520727") == "3"
    assert check_digit("L898902C3") == "6"


@pytest.mark.parametrize("person", APPLICANTS, ids=lambda person: person.key)
def test_every_line_has_44_places_of_the_alphabet(person: Applicant) -> None:
    for line in person.mrz_lines:
        assert len(line) == 44
        assert set(line) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")


def test_every_story_is_told_once_and_every_key_is_its_own() -> None:
    assert {person.story for person in APPLICANTS} == set(Story)
    assert len({person.key for person in APPLICANTS}) == len(APPLICANTS) >= 8
    assert len({person.passport_number for person in APPLICANTS}) == len(APPLICANTS)


def test_stories_are_true_on_the_day_of_the_pictures() -> None:
    today = applicants(DAY)
    ages = sorted(person.age_on(DAY) for person in today)

    assert (ages[0], ages[-1]) == (13, 90)
    assert {person.sex for person in today} == {"F", "M"}
    assert by_story(Story.PASSPORT_EXPIRED).expiry < DAY
    assert by_story(Story.STRUCK_OFF).status_date == date(2025, 9, 30)
    assert by_story(Story.NO_RESIDENT_NUMBER).resident_number.endswith("X000000")
    assert by_story(Story.CHIP_ALTERED).altered_dg2
    assert by_story(Story.OTHER_POST).post != "LA"
    assert by_story(Story.LONG_NAME).mrz_name_truncated
    assert by_story(Story.ANOTHER_FACE).live != by_story(Story.ANOTHER_FACE).key


def test_the_under_age_story_stays_true_in_later_years() -> None:
    later = date(2031, 12, 1)

    child = applicant("jiwoo", later)

    assert child.age_on(later) == 13
    assert child.resident_number.startswith(f"{child.birth_date:%y%m%d}-")
    assert applicant("haneul", later) == applicant("haneul")


@pytest.mark.parametrize("person", APPLICANTS, ids=lambda person: person.key)
def test_no_resident_number_could_be_a_real_one(person: Applicant) -> None:
    """Birth date and sex agree; the check digit never does, so nobody can hold it."""
    digits = person.resident_number.replace("-", "")
    assert digits.startswith(f"{person.birth_date:%y%m%d}")
    if "X" in digits:
        return

    odd = person.sex == "M"
    century = {True: "1", False: "2"} if person.birth_date.year < 2000 else {True: "3", False: "4"}
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    weighted = sum(int(d) * w for d, w in zip(digits[:12], weights, strict=True))
    assert digits[6] == century[odd]
    assert digits[12] != str((11 - weighted % 11) % 10)


def test_the_register_extract_lists_everybody_registered() -> None:
    target = io.StringIO()

    count = write_register(target, APPLICANTS)

    rows = list(csv.DictReader(io.StringIO(target.getvalue())))
    header = target.getvalue().splitlines()[0]
    absent = [p for p in APPLICANTS if p.register_status is RegisterStatus.ABSENT]
    assert header == ",".join(REGISTER_COLUMNS)
    assert count == len(rows) == len(APPLICANTS) - len(absent)
    assert absent[0].hangul not in target.getvalue()


def test_the_register_differs_where_the_story_says_so() -> None:
    renewed = by_story(Story.PASSPORT_RENEWED)
    gone = by_story(Story.STRUCK_OFF).register_row()

    row = renewed.register_row()

    assert row is not None
    assert gone is not None
    assert row["passport_number"] == "M30405060" != renewed.passport_number
    assert row["given_names"] == "JUN HO"
    assert (gone["status"], gone["status_date"]) == ("struck_off", "2025-09-30")


def test_an_unknown_key_is_a_coded_trouble() -> None:
    with pytest.raises(UnknownApplicant) as caught:
        applicant("nobody")

    assert caught.value.code == "TRAIN-31"
    assert caught.value.facts == {"key": "nobody"}

"""desk.counter.document: what of a reading goes into the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import cast

import pytest

from desk.counter.document import _hangul_name, today_at
from desk.counter.station import Station
from desk.issuance.posts import Post, load_posts
from desk.mrtd import certificates, mrz
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import Result
from desk.training import csca
from desk.training.applicants import applicant
from desk.training.chip_features import Features
from desk.training.chip_files import PersonalDetails

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOLDER = applicant("haneul")
COUNTRY = csca.create(NOW, seed=b"document")
ANCHORS = AnchorSet([Anchor.of(certificates.parse(COUNTRY.country.certificate), "test", NOW)])


def reading_of(name: str) -> PassportReading:
    features = Features(personal=PersonalDetails(name=name))
    chip = COUNTRY.personalise(HOLDER.mrz_lines, HOLDER.portrait(), features=features)
    key = mrz.parse("\n".join(HOLDER.mrz_lines)).key
    return read_passport(chip, key, ANCHORS, NOW)


@pytest.mark.parametrize(
    ("name", "expected"), [("김<<하늘", "김하늘"), ("KIM<<HANEUL", ""), ("김<<HANEUL", "")]
)
def test_a_name_in_hangul_is_taken_from_dg11(name: str, expected: str) -> None:
    assert _hangul_name(reading_of(name)) == expected


@pytest.mark.parametrize(
    ("post", "day"), [("LA", date(2026, 11, 21)), ("AKL", date(2026, 11, 22)), ("VN", NOW.date())]
)
def test_the_day_is_the_posts(post: str, day: date) -> None:
    """At three in the morning of UTC it is still the day before in Los Angeles."""

    @dataclass
    class Clocked:
        post: Post
        now: Callable[[], datetime]

    early = NOW.replace(hour=3)
    station = Clocked(load_posts().post(post), lambda: early)

    assert today_at(cast("Station", station)) == day


def test_a_name_that_the_issuer_did_not_sign_is_not_taken() -> None:
    reading = reading_of("김<<하늘")
    altered = tuple(
        replace(finding, result=Result.FAILED) if finding.facts.get("group") == 11 else finding
        for finding in reading.findings
    )

    assert _hangul_name(replace(reading, findings=altered)) == ""


def test_a_passport_without_further_details_has_none() -> None:
    chip = COUNTRY.personalise(HOLDER.mrz_lines, HOLDER.portrait())
    key = mrz.parse("\n".join(HOLDER.mrz_lines)).key

    assert _hangul_name(read_passport(chip, key, ANCHORS, NOW)) == ""

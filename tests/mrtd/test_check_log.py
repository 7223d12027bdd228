"""desk.mrtd.check_log: one document a reading, valid under the published schema."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import jsonschema
import pytest

from desk.mrtd import check_log
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.check_log import Checked
from desk.mrtd.mrz import Mrz
from desk.mrtd.reader import PassportReading, read_passport
from desk.mrtd.results import GROUP_OF, Check, Finding, Group, Result
from desk.training.csca import TrainingCsca
from desk.words import TroubleWords

WORDS = TroubleWords()
FINDING = re.compile(r"(DOC|BAC|PACE|CA|AA|PA-[A-Z]+|DG2|HOLD)-\d\d|TRUST-07")
AT = datetime(2026, 11, 23, 18, 27, tzinfo=UTC)


@pytest.fixture(scope="module")
def reading(
    country: TrainingCsca, anchors: AnchorSet, holder: Mrz, jpeg: bytes, now: datetime
) -> PassportReading:
    chip = country.personalise(holder.lines, jpeg)
    return read_passport(chip, holder.key, anchors, now, typed=holder)


def validated(checked: Checked) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(check_log.encode(check_log.compose(checked, WORDS, AT)))
    validator = jsonschema.Draft202012Validator(check_log.schema())
    assert [error.message for error in validator.iter_errors(log)] == []
    return log


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(check_log.schema())


def test_a_reading_makes_a_valid_log(reading: PassportReading) -> None:
    log = validated(check_log.of_reading(reading))

    assert log["overall"]["result"] == reading.overall
    assert log["document"] == {"code": "PM", "issuer": "KOR"}
    assert log["reading"]["commands"] == reading.commands > 0
    assert [file["name"] for file in log["reading"]["files"]] == list(reading.files)
    told = [
        finding["code"]
        for group in log["groups"].values()
        for check in group["checks"]
        for finding in check["findings"]
    ]
    assert sorted(told) == sorted(finding.code for finding in reading.findings)


def test_no_fact_is_lost_and_none_is_about_the_holder(reading: PassportReading) -> None:
    text = check_log.encode(check_log.compose(check_log.of_reading(reading), WORDS, AT)).decode()

    named = {name for finding in reading.findings for name in finding.facts}
    assert named <= check_log.named_facts()
    mrz = reading.mrz
    for personal in (mrz.document_number, mrz.surname, mrz.given_names, mrz.birth, "1991"):
        assert personal not in text


def test_a_fact_that_the_schema_does_not_name_is_left_out() -> None:
    facts = {"algorithm": "RSA-PSS", "surname": "KIM"}
    finding = Finding("PA-SIG-03", Result.PASSED, Group.CONTENT, Check.SOD_SIGNATURE, facts)

    log = validated(Checked(Result.NOT_DONE, (finding,)))

    (check,) = log["groups"]["content"]["checks"]
    assert check["findings"][0]["facts"] == {"algorithm": "RSA-PSS"}
    assert "KIM" not in json.dumps(log)


def test_every_place_in_a_findings_sentences_is_a_fact_of_the_schema() -> None:
    places = {
        name
        for code in WORDS
        if FINDING.fullmatch(code)
        for language in check_log.LANGUAGES
        for text in WORDS.entry(code)[language].values()
        for _, name, _, _ in Formatter().parse(text)
        if name
    }

    assert places <= check_log.named_facts()


def test_the_schema_knows_every_check_result_and_group() -> None:
    defined = check_log.schema()["$defs"]

    assert defined["check"]["enum"] == [check.value for check in GROUP_OF]
    assert set(GROUP_OF) == set(Check)
    assert set(defined["result"]["enum"]) == {result.value for result in Result}
    assert set(check_log.schema()["properties"]["groups"]["properties"]) == set(Group)


@pytest.mark.parametrize(
    ("overall", "holder", "expected"),
    [
        (Result.PASSED, Result.PASSED, "go_on"),
        (Result.PASSED, Result.NOT_DONE, "go_on"),
        (Result.PASSED, Result.FAILED, "look_closer"),
        (Result.UNDECIDED, Result.PASSED, "look_closer"),
        (Result.NOT_DONE, Result.PASSED, "look_closer"),
        (Result.NOT_SUPPORTED, Result.PASSED, "look_closer"),
        (Result.FAILED, Result.PASSED, "refuse"),
    ],
)
def test_the_advice_follows_from_the_results(
    overall: Result, holder: Result, expected: str
) -> None:
    finding = Finding("HOLD-01", holder, Group.HOLDER, Check.REGISTER, {})

    log = validated(Checked(overall, (finding,)))

    assert log["overall"] == {"result": overall, "advice": expected}


def test_the_age_of_each_list_is_told_apart() -> None:
    chain = Finding(
        "PA-CHAIN-01", Result.PASSED, Group.CONTENT, Check.SIGNER_CHAIN, {"age_days": 32}
    )
    revoked = Finding(
        "PA-CRL-01", Result.UNDECIDED, Group.CONTENT, Check.REVOCATION, {"age_days": 9}
    )

    log = validated(Checked(Result.UNDECIDED, (chain, revoked)))

    assert log["trust"] == [
        {"check": "signer_chain", "age_days": 32},
        {"check": "revocation", "age_days": 9},
    ]


def test_sentences_stand_in_both_languages_with_the_next_step() -> None:
    finding = Finding(
        "DOC-04", Result.FAILED, Group.DOCUMENT, Check.EXPIRY, {"until": "2026-05-02"}
    )

    log = validated(Checked(Result.FAILED, (finding,)))

    (check,) = log["groups"]["document"]["checks"]
    (told,) = check["findings"]
    assert "2026-05-02" in told["ko"]["text"]
    assert told["en"]["next"] == WORDS.entry("DOC-04")["en"]["next"]

"""The check log of a case tells the holder's part too and follows what the officer does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from desk.counter import checklog, holder
from desk.issuance.case import Case, ComparedItem, Comparison, FaceCheck, Judgement, State, Step
from desk.mrtd import check_log
from desk.mrtd.results import Check, Result
from desk.store.cases import BlobKind
from tests.samples import ENTRY, PASSPORT

AT = datetime(2026, 11, 23, 18, 27, tzinfo=UTC)
NUMBER = "M45678901"
DIFFERS = ComparedItem("passport_number", None, "M1", "M1", NUMBER, Comparison.DIFFERENT)
EQUAL = ComparedItem("sex", "F", "F", None, "F", Comparison.SAME)


def case(**changes: Any) -> Case:
    base = Case(
        number="LA-2026-001842",
        post="LA",
        window="3",
        officer="T-001",
        officer_name="이서준",
        opened_at=AT,
        state=State.DOCUMENT_CHECKED,
        history=(Step(State.DOCUMENT_CHECKED, AT),),
        document=PASSPORT,
        register=ENTRY,
        compared=(EQUAL,),
    )
    return replace(base, **changes)


def face(judgement: Judgement) -> FaceCheck:
    return FaceCheck(judgement, AT, 0.3, "similar", "m", "1", (0.45, 0.6), 100.0, "00" * 32)


def log_of(one: Case) -> dict[str, Any]:
    kind, media_type, data = checklog.entry(one, AT)
    assert (kind, media_type) == (BlobKind.CHECK_LOG, "application/json")
    log: dict[str, Any] = json.loads(data)
    jsonschema.Draft202012Validator(check_log.schema()).validate(log)
    return log


@pytest.mark.parametrize(
    ("changes", "register", "shown_face"),
    [
        ({}, "HOLD-01", "HOLD-11"),
        ({"compared": (DIFFERS, EQUAL)}, "HOLD-02", "HOLD-11"),
        ({"compared": (replace(DIFFERS, reason="other_checked"),)}, "HOLD-03", "HOLD-11"),
        ({"register": None}, "HOLD-04", "HOLD-11"),
        ({"document": replace(PASSPORT, overall=Result.FAILED)}, "HOLD-05", "HOLD-12"),
        ({"face": face(Judgement.SAME)}, "HOLD-01", "HOLD-13"),
        ({"face": face(Judgement.UNSURE)}, "HOLD-01", "HOLD-14"),
        ({"face": face(Judgement.DIFFERENT)}, "HOLD-01", "HOLD-15"),
    ],
)
def test_the_holders_findings(changes: dict[str, Any], register: str, shown_face: str) -> None:
    found = holder.findings(case(**changes))

    assert [finding.code for finding in found] == [register, shown_face]
    assert [finding.check for finding in found] == [Check.REGISTER, Check.FACE]


def test_a_log_of_a_case_names_the_case_and_the_holders_part() -> None:
    log = log_of(case(compared=(DIFFERS, EQUAL)))

    assert log["case"] == "LA-2026-001842"
    register = log["groups"]["holder"]["checks"][0]
    assert register["findings"][0]["facts"] == {"count": 1, "items": "passport_number"}
    assert NUMBER not in json.dumps(log)


def test_a_case_without_a_document_has_nothing_decided() -> None:
    log = log_of(case(document=None, register=None, compared=()))

    assert log["overall"] == {"result": "not_done", "advice": "look_closer"}

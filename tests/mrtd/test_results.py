"""desk.mrtd.results: nothing but passed ever makes passed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd.results import Check, Finding, Group, Result, aggregate, overall

P, F, U, D, S = (
    Result.PASSED,
    Result.FAILED,
    Result.UNDECIDED,
    Result.NOT_DONE,
    Result.NOT_SUPPORTED,
)
RESULTS = st.lists(st.sampled_from(Result), max_size=8)


def test_the_worst_decided_result_wins() -> None:
    assert aggregate([P, F, U, D, S]) is F
    assert aggregate([P, U, D]) is U
    assert aggregate([P, D, S]) is P
    assert aggregate([D, S]) is D
    assert aggregate([S]) is S
    assert aggregate([]) is D


@given(RESULTS, RESULTS)
def test_the_whole_passes_only_where_every_required_part_did(
    found: list[Result], required: list[Result]
) -> None:
    result = overall(found, required)

    if result is P:
        assert required
        assert set(required) == {P}
        assert not {F, U} & set(found)
    if F in found + required:
        assert result is F


def test_nothing_required_is_nothing_done() -> None:
    assert overall([P, P], []) is D
    assert overall([P], [P, S]) is D


@given(RESULTS, RESULTS)
def test_more_results_never_make_it_better(found: list[Result], more: list[Result]) -> None:
    rank = {F: 0, U: 1, D: 2, S: 2, P: 3}

    assert rank[overall(found + more, [P])] <= rank[overall(found, [P])]


def test_a_finding_says_code_and_result_to_machines() -> None:
    finding = Finding("PA-DG-00", P, Group.CONTENT, Check.DATA_GROUP, {"group": 2})

    assert finding.as_json() == {"code": "PA-DG-00", "result": "passed", "facts": {"group": 2}}
    bare = Finding("PA-SIG-01", P, Group.CONTENT, Check.SOD_SIGNATURE)
    assert bare.as_json() == {"code": "PA-SIG-01", "result": "passed"}

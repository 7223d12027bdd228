"""desk.mrtd.judge: what is required and missing keeps branch and whole from passing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.mrtd import judge
from desk.mrtd.results import GROUP_OF, Check, Finding, Group, Result

ESTABLISHED = (*judge.REQUIRED, Check.CHIP_AUTHENTICATION)
BRANCHES = tuple(group for group in Group if group is not Group.HOLDER)


def finding(check: Check, result: Result) -> Finding:
    return Finding("X-00", result, GROUP_OF[check], check)


def passport(**other: Result) -> list[Finding]:
    """A passport that passed in everything required, but for what ``other`` says."""
    return [finding(check, other.get(check.value, Result.PASSED)) for check in ESTABLISHED]


@pytest.mark.parametrize("check", ESTABLISHED)
def test_a_required_check_not_done_is_a_branch_not_done(check: Check) -> None:
    found = passport(**{check.value: Result.NOT_DONE})

    told = {group: judge.branch(group, found) for group in BRANCHES}

    assert told.pop(GROUP_OF[check]) is Result.NOT_DONE
    assert set(told.values()) == {Result.PASSED}


@pytest.mark.parametrize("check", judge.REQUIRED)
def test_a_required_check_that_nobody_made_is_a_branch_not_done(check: Check) -> None:
    found = [one for one in passport() if one.check is not check]

    assert judge.branch(GROUP_OF[check], found) is Result.NOT_DONE


def test_a_chip_that_offers_no_proof_keeps_its_branch() -> None:
    found = passport(chip_authentication=Result.NOT_SUPPORTED)

    assert judge.branch(Group.CHIP, found) is Result.PASSED
    assert judge.overall(found) is Result.PASSED


@given(st.lists(st.builds(finding, st.sampled_from(Check), st.sampled_from(Result)), max_size=24))
def test_the_whole_passes_exactly_where_all_its_branches_do(found: list[Finding]) -> None:
    document = [one for one in found if one.group is not Group.HOLDER]
    branches = {judge.branch(group, document) for group in BRANCHES}

    assert (judge.overall(document) is Result.PASSED) == (branches == {Result.PASSED})

"""The transition table: what is not in it is not possible."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.issuance.case import (
    ENDS,
    RESUMING,
    TRANSITIONS,
    Act,
    Case,
    CaseKind,
    NotPossible,
    State,
    advance,
    last_day,
    open_case,
)
from desk.issuance.record import RecordDamaged, from_plain, to_plain

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def opened() -> Case:
    return open_case("LA-2026-000001", "LA", "1", "T-001", "이서준", NOW)


def test_the_good_day_leads_from_opened_to_proven() -> None:
    """The eight acts of a good day, in their order, end in PROVEN."""
    case = opened()

    for act in (
        Act.CHECK_DOCUMENT,
        Act.FIND_ELIGIBLE,
        Act.JUDGE_FACE,
        Act.APPROVE,
        Act.OFFER,
        Act.TAKE_KEY,
        Act.DELIVER,
        Act.PROVE,
    ):
        case = advance(case, act, NOW)

    assert case.state is State.PROVEN
    assert [step.state for step in case.history] == [
        State.OPENED,
        State.DOCUMENT_CHECKED,
        State.ELIGIBLE,
        State.FACE_CHECKED,
        State.APPROVED,
        State.OFFERED,
        State.SIGNING,
        State.DELIVERED,
        State.PROVEN,
    ]


@given(st.lists(st.sampled_from(list(Act)), max_size=30))
def test_no_path_leaves_an_end_or_signs_without_approval(acts: list[Act]) -> None:
    """Whatever is tried in whatever order: an end is an end, and nothing is offered,
    signed or delivered that was not approved after its last document check."""
    case = opened()

    for act in acts:
        before = case.state
        try:
            case = advance(case, act, NOW)
        except NotPossible:
            assert (before, act) not in TRANSITIONS
            continue
        assert before not in ENDS

    states = [step.state for step in case.history]
    if State.OFFERED in states:
        approved = states.index(State.APPROVED)
        assert approved < states.index(State.OFFERED)
        assert State.FACE_CHECKED in states[:approved]


@pytest.mark.parametrize("state", [state for state in State if state.is_open])
def test_every_open_state_can_be_cancelled_and_expires(state: State) -> None:
    """No case hangs for ever (I10)."""
    assert TRANSITIONS[state, Act.CANCEL] is State.CANCELLED
    assert TRANSITIONS[state, Act.EXPIRE] is State.EXPIRED


@pytest.mark.parametrize("state", [State.OFFERED, State.SIGNING, State.DELIVERED])
def test_an_offered_case_cannot_be_refused(state: State) -> None:
    """What a phone may hold is withdrawn or revoked, never merely refused."""
    with pytest.raises(NotPossible):
        advance(Case(**{**vars(opened()), "state": state}), Act.REFUSE, NOW)


def test_a_resume_is_proven_right_after_its_approval_and_offers_nothing() -> None:
    """Its phone has the key already; an ordinary case is never proven without a delivery."""
    approved = replace(opened(), state=State.APPROVED)
    resume = replace(approved, kind=CaseKind.RESUME, former="LA-2025-000007")

    assert advance(resume, Act.PROVE, NOW).state is State.PROVEN
    with pytest.raises(NotPossible):
        advance(resume, Act.OFFER, NOW)
    for kind in (CaseKind.ISSUE, CaseKind.REISSUE):
        with pytest.raises(NotPossible):
            advance(replace(approved, kind=kind), Act.PROVE, NOW)
    reached = {state for state, _act in RESUMING} | set(RESUMING.values())
    assert not {State.OFFERED, State.SIGNING, State.DELIVERED} & reached


def test_a_case_reads_back_equal_from_its_plain_form() -> None:
    """What is stored is what was there."""
    case = advance(opened(), Act.CHECK_DOCUMENT, NOW, typed_mrz=("A", "B"))

    assert from_plain(Case, to_plain(case)) == case


def test_a_record_with_an_unknown_member_does_not_open() -> None:
    """A record of a later program is not silently cut."""
    plain = {**to_plain(opened()), "new_member": 1}

    with pytest.raises(RecordDamaged):
        from_plain(Case, plain)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("opened_at", "910314-2987654"),
        ("state", "910314-2987654"),
        ("number", ["910314-2987654"]),
        ("slips", "910314-2987654"),
    ],
)
def test_a_damaged_record_is_told_without_its_content(member: str, value: object) -> None:
    """What is written to the log has nothing of a person in it."""
    plain = {**to_plain(opened()), member: value}

    with pytest.raises(RecordDamaged) as refused:
        from_plain(Case, plain)

    assert "9103" not in str(refused.value)
    assert "9103" not in "".join(traceback.format_exception(refused.value))


def test_the_last_day_is_the_earlier_of_both_ends() -> None:
    """A signature that ends at midnight in Los Angeles has the day before for its last."""
    zone, day = ZoneInfo("America/Los_Angeles"), date(2026, 11, 23)
    midnight = datetime(2026, 11, 24, 8, tzinfo=UTC)

    assert last_day(day, [midnight], zone) == day
    assert last_day(day, [midnight, midnight - timedelta(days=2)], zone) == date(2026, 11, 21)
    assert last_day(date(2026, 1, 1), [midnight], zone) == date(2026, 1, 1)
    assert last_day(None, [midnight], zone) == last_day(day, [], zone) == day
    assert last_day(None, [], zone) is None

"""Who may do what, and who sees which entry of the rail: the whole tables."""

from __future__ import annotations

import pytest

from desk.issuance.roles import Entry, Right, Role, RoleMayNot, entries

# One line an act: officer, approver, head of post, administrator.
EXPECTED = {
    Right.PREPARE: "yyy-",
    Right.APPROVE: "-yy-",
    Right.SUSPEND: "yyy-",
    Right.AFTER_CARE: "yyy-",
    Right.CLOSE_DAY: "yyy-",
    Right.READ_HISTORY: "yyyy",
    Right.READ_AUDIT: "yyyy",
    Right.SEE_PATTERNS: "--y-",
    Right.RECORDS_CARDS: "--yy",
    Right.OFFICERS: "--yy",
    Right.LIFT_LOCK: "--yy",
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_every_role_and_every_act(role: Role, right: Right) -> None:
    may = EXPECTED[right][list(Role).index(role)] == "y"

    assert role.may(right) is may
    if may:
        role.demand(right)
        return
    with pytest.raises(RoleMayNot) as refused:
        role.demand(right)
    assert refused.value.facts == {"role": role.value, "right": right.value}


def test_whoever_keeps_the_desk_has_no_part_in_a_case() -> None:
    assert not {Right.PREPARE, Right.APPROVE} & {
        right for right in Right if Role.ADMINISTRATOR.may(right)
    }


def test_before_sign_in_only_the_diagnosis_shows() -> None:
    assert entries(None) == (Entry.DIAGNOSIS,)
    assert entries(None, training=True) == (Entry.DIAGNOSIS,)


@pytest.mark.parametrize("role", Role)
def test_posts_are_for_the_head_and_the_administrator_and_all_else_for_everybody(
    role: Role,
) -> None:
    missing = set(Entry) - set(entries(role))

    keeps = role in (Role.HEAD_OF_POST, Role.ADMINISTRATOR)
    assert missing == (set() if keeps else {Entry.POSTS})


def test_training_stands_last_and_in_training_first() -> None:
    live = entries(Role.HEAD_OF_POST)
    training = entries(Role.HEAD_OF_POST, training=True)

    assert live[-1] is Entry.TRAINING and live[0] is Entry.HOME
    assert training[0] is Entry.TRAINING and training[1:] == live[:-1]

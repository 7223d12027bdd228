"""A case goes on in another officer's name, and everybody who prepared it stays known."""

from __future__ import annotations

from typing import Any

from desk.counter.officers import Officer
from desk.counter.station import Station
from desk.issuance.case import PREPARING, Case, State, handed_over
from desk.issuance.roles import Right


def is_anothers(case: Case, officer: Officer) -> bool:
    """Whether going on with ``case`` means to take it over from somebody else. What waits for
    a second card is nobody's work now: it stays its officer's."""
    return can_change_hands(case) and case.officer != officer.officer_id


def can_change_hands(case: Case) -> bool:
    """Whether the case is under way in somebody's hands."""
    return case.state.is_open and case.state is not State.PREPARED


def would_bar_approval(case: Case, officer: Officer) -> bool:
    """Whether taking the case over keeps ``officer`` from approving it afterwards."""
    return (
        officer.role.may(Right.APPROVE)
        and case.state in PREPARING
        and officer.officer_id not in case.preparers
    )


def take_over(station: Station, officer: Officer, case: Case) -> Case:
    """The case is ``officer``'s from now on; his own stays as it is. Raises RoleMayNot."""
    officer.role.demand(Right.PREPARE)
    if not is_anothers(case, officer):
        return case
    taken = handed_over(case, officer.officer_id, officer.name_ko)
    hands: dict[str, Any] = {"from": case.officer, "to": officer.officer_id}
    return station.save(officer, taken, "CASE.TAKEN_OVER", certificate=officer.card, **hands)

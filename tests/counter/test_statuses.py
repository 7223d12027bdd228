"""desk.counter.statuses: what the records say is what everybody reads, whatever the clocks say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desk.counter import aftercare
from desk.counter.readying import Ready
from desk.counter.station import Station
from desk.counter.statuses import publish_status
from desk.credential import statuslist
from desk.credential.troubles import StatusListRefused
from desk.credential.verify import Trust
from desk.issuance.aftercare import SuspendReason
from desk.issuance.ports import StatusForm
from desk.store import status
from desk.store.status import Validity
from tests.counter.holding_cases import (
    Clock,
    clock_of,
    delivered,
    desk_in,
    place_of,
    proven,
    validities,
)
from tests.counter.test_aftercare import LEE, listed, officer

SUSPENDED = {Validity.SUSPENDED.bits}


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with desk_in(tmp_path) as station:
        yield station


def suspend(station: Station, number: str) -> bool:
    """Whether the officer is told that everybody knows."""
    found = aftercare.suspend(station, officer(LEE), number, SuspendReason.LOSS_CALL)
    return found.published


# How long a list holds


def check_all(station: Station, at: datetime) -> None:
    """Both forms of every list as anybody checks them then. Raises StatusListRefused."""
    place, trust = place_of(station), Trust(anchors=station.authority.anchors, now=at)
    for name, (jwt, cwt) in place.lists.items():
        statuslist.verify_jwt(jwt, place.uri(name, StatusForm.JWT), trust)
        statuslist.verify_cwt(cwt, place.uri(name, StatusForm.CWT), trust)


def test_a_list_can_be_checked_over_days_on_which_no_desk_is_on(station: Station) -> None:
    """It ran out a day after it was signed: on a Sunday nobody could check a credential."""
    proven(station)
    publish_status(station)
    signed, lifetime = clock_of(station).at, station.settings.status.lifetime

    check_all(station, signed + timedelta(hours=62))
    check_all(station, signed + lifetime - timedelta(minutes=1))
    with pytest.raises(StatusListRefused) as refused:
        check_all(station, signed + lifetime)

    assert refused.value.facts == {"reason": "list has run out"}


def test_how_long_a_list_holds_is_set(station: Station) -> None:
    short = replace(station.settings, status=replace(station.settings.status, lifetime_hours=24))
    proven(station)
    publish_status(replace(station, settings=short))

    with pytest.raises(StatusListRefused):
        check_all(station, clock_of(station).at + timedelta(hours=25))


# Clocks


def test_a_suspension_goes_out_after_the_clock_was_set_back(station: Station) -> None:
    case = proven(station)
    publish_status(station)
    clock_of(station).let_pass(timedelta(seconds=-40))

    assert suspend(station, case.number)
    assert listed(station, case) == SUSPENDED


def test_a_suspension_at_a_window_whose_clock_is_behind_goes_out(station: Station) -> None:
    case = proven(station)
    publish_status(station)
    other = replace(station, now=Clock(clock_of(station).at - timedelta(seconds=20)))

    assert suspend(other, case.number)
    assert listed(station, case) == SUSPENDED


def test_a_change_whose_time_was_looked_up_before_another_went_out_goes_out_too(
    station: Station,
) -> None:
    """The writers' lock was had only after another lane's change was made and published."""
    case = proven(station)
    early = station.stamp(officer(LEE))
    other = proven(station)
    publish_status(station)
    with station.store.write() as session:
        for one in status.entries_of(session, case.number):
            status.set_validity(session, early, one.slot, Validity.SUSPENDED, "loss_call")

    assert publish_status(station)
    assert listed(station, case) == SUSPENDED
    assert listed(station, other) == {Validity.VALID.bits}


def test_a_credential_stands_suspended_on_the_list_from_its_birth(station: Station) -> None:
    """Also where the clock was set back since the list went out."""
    proven(station)
    publish_status(station)
    clock_of(station).let_pass(timedelta(seconds=-60))

    born = delivered(station)

    assert (validities(station, born), listed(station, born)) == ({Validity.SUSPENDED}, SUSPENDED)


def test_a_credential_is_born_suspended_while_another_is_ended(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call comes in between the time of the new index and its being taken."""
    victim = proven(station)
    publish_status(station)
    said, calls = Ready.said, [victim.number]

    def interrupted(*arguments: object) -> object:
        made = said(*arguments)  # type: ignore[arg-type]
        if calls:
            suspend(station, calls.pop())
        return made

    monkeypatch.setattr(Ready, "said", interrupted)
    born = delivered(station)

    assert place_of(station).published
    assert (listed(station, born), listed(station, victim)) == (SUSPENDED, SUSPENDED)

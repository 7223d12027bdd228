"""What a case says of itself once its phone has shown it, or could not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from desk.counter import intake, proving
from desk.counter.proving import ListNotOut
from desk.counter.station import Station
from desk.issuance.case import Case, State
from desk.store import status
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import Full
from tests.counter.holding_cases import delivered, desk_in, place_of
from tests.counter.test_approving import approved_case, crew

LEE = crew()[0].officer


@pytest.fixture
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with desk_in(tmp_path_factory.mktemp("records")) as opened:
        yield opened


def left_unproven(station: Station) -> Case:
    return proving.leave_unproven(station, LEE, delivered(station), "no_network")


def decide(station: Station, case: Case) -> None:
    """What the phone showed was right; nothing beyond the records says so yet."""
    with station.store.write() as session:
        for one in case.issued:
            slot = StatusSlot(one.status_list, one.status_index)
            status.set_validity(session, station.stamp(LEE), slot, Validity.VALID, "proven")


def test_what_was_left_unproven_and_is_proven_waits_for_nobody(station: Station) -> None:
    """The board went on saying of a usable credential that it was held."""
    case = left_unproven(station)
    decide(station, case)

    proven = proving.conclude(station, case)

    assert case.held == "not_proven"
    assert (proven.state, proven.held) == (State.PROVEN, None)
    assert station.load(case.number) == proven


@pytest.mark.parametrize("held", ["qr_read_twice", "not_proven"])
def test_what_has_ended_waits_for_nobody(station: Station, held: str) -> None:
    waits = replace(approved_case(station), held=held)
    case = station.save(None, waits, "CASE.HELD")

    ended = intake.cancel(station, LEE, case, "applicant_left")

    assert (ended.state, ended.held) == (State.CANCELLED, None)
    assert station.load(case.number) == ended


def test_what_was_decided_is_not_left_unproven(station: Station) -> None:
    """The list had not gone out; the case said unproven, the records and soon the list usable."""
    case = delivered(station)
    decide(station, case)
    place_of(station).away = True

    with pytest.raises(ListNotOut) as told:
        proving.leave_unproven(station, LEE, case, "no_network")
    between = station.load(case.number)
    place_of(station).away = False
    known = proving.leave_unproven(station, LEE, case, "no_network")

    assert told.value.facts == {"case": case.number, "reason": "ENROLL-01"}
    assert (between.state, between.held) == (State.DELIVERED, None)
    assert (known.state, known.held) == (State.PROVEN, None)
    assert station.load(case.number) == known


def test_a_list_that_is_away_keeps_nothing_from_being_left_unproven(station: Station) -> None:
    case = delivered(station)
    place_of(station).away = True

    case = proving.leave_unproven(station, LEE, case, "no_network")

    assert (case.state, case.held) == (State.DELIVERED, "not_proven")


def test_full_records_are_said_to_be_full(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_all: object) -> None:
        raise Full()

    case = delivered(station)
    decide(station, case)
    monkeypatch.setattr(proving, "_note_proven", full)

    with pytest.raises(Full):
        proving.leave_unproven(station, LEE, case, "no_network")

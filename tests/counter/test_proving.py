"""What a case says of itself once its phone has shown it, or could not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.counter import aftercare, approving, intake, proving, renewal, settling
from desk.counter.intake import STALE_AFTER
from desk.counter.proving import ListNotOut
from desk.counter.renewal import ResumeReason
from desk.counter.station import Station
from desk.issuance.aftercare import ReportedLost, SuspendReason
from desk.issuance.case import Case, State
from desk.store import journal, sequences, status
from desk.store.status import StatusSlot, Validity
from desk.store.troubles import Full
from tests.counter.holding_cases import (
    clock_of,
    delivered,
    desk_in,
    place_of,
    proven,
    validities,
)
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


def resume(station: Station, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Of what a lost phone had, approved and not asked for yet."""
    monkeypatch.setattr(sequences, "next_case_number", lambda *_all: "LA-2026-900001")
    former = proven(station)
    with station.store.write() as session:
        for one in former.issued:
            slot = StatusSlot(one.status_list, one.status_index)
            status.set_validity(session, station.stamp(LEE), slot, Validity.SUSPENDED, "lost")
    case = renewal.open_resume(station, LEE, former.number, next(iter(ResumeReason)))
    return station.save(LEE, replace(case, state=State.APPROVED), "REVIEW.BEGUN")


def decided(station: Station, case: Case) -> Case:
    """Its phone has shown what it has, and the list that says so is not out."""
    place_of(station).away = True
    with station.store.write() as session:
        proving.make_usable(session, station.stamp(LEE), case, "proven")
    return case


def test_a_resume_that_was_decided_is_not_said_to_stay_suspended(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = decided(station, resume(station, monkeypatch))

    with pytest.raises(ListNotOut):
        proving.leave_suspended(station, LEE, case, "")
    place_of(station).away = False

    assert proving.leave_suspended(station, LEE, case, "").state is State.PROVEN


def test_a_resume_that_was_not_decided_stays_suspended(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = resume(station, monkeypatch)

    ended = proving.leave_suspended(station, LEE, case, "")

    assert (ended.state, ended.ending and ended.ending.reason) == (State.CANCELLED, "not_resumed")


@pytest.mark.parametrize("away", [False, True])
def test_a_resume_that_was_decided_does_not_expire(
    station: Station, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    """Its credential is valid in the records: the desk that is opened the next day says so."""
    case = decided(station, resume(station, monkeypatch))
    place_of(station).away = away
    clock_of(station).let_pass(STALE_AFTER + timedelta(hours=1))

    settling.settle(station)

    assert station.load(case.number).state is (State.APPROVED if away else State.PROVEN)


def test_a_decided_resume_that_was_suspended_again_expires(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder called since: nothing of it is to come, and it must not bar a reissue for ever."""
    case = decided(station, resume(station, monkeypatch))
    assert case.former is not None
    place_of(station).away = False
    aftercare.suspend(station, LEE, case.former, SuspendReason.LOSS_CALL)
    clock_of(station).let_pass(STALE_AFTER + timedelta(hours=1))

    settling.settle(station)

    assert station.load(case.number).state is State.EXPIRED


def test_what_was_decided_is_not_decided_again(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is put again every other second while the list cannot go out."""
    case = decided(station, resume(station, monkeypatch))

    for _ in range(3):
        with pytest.raises(ListNotOut):
            proving._make_valid(station, LEE, case)

    with station.store.read() as session:
        told = [one.kind for one in journal.events(session, after=0)]
    assert (told.count("PROOF.DECIDED"), told.count("CARE.RESUMED")) == (1, 1)


def test_a_loss_that_is_reported_after_the_decision_stands(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = decided(station, resume(station, monkeypatch))
    assert case.former is not None
    aftercare.suspend(station, LEE, case.former, SuspendReason.LOSS_CALL)
    monkeypatch.setattr(approving, "demand_approved", lambda *_all: None)

    with pytest.raises(ReportedLost):
        proving._make_valid(station, LEE, case)

    assert validities(station, station.load(case.former)) == {Validity.SUSPENDED}


def test_what_was_decided_is_proven_as_soon_as_its_list_is_out(station: Station) -> None:
    """Whatever is told of it: nobody has to have it open, nor to press anything."""
    case = delivered(station)
    case = station.save(
        None, replace(case, window=station.settings.station.window), "CASE.TAKEN_OVER"
    )
    decide(station, case)
    place_of(station).away = True

    before = settling.conclude_decided(station)
    place_of(station).away = False
    after = settling.conclude_decided(station)

    assert before == []
    assert after == [station.load(case.number)]
    assert [one.state for one in after] == [State.PROVEN]


def test_a_proof_that_two_waited_for_is_given_once(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page and the look at all that waits: both find the list out, one notes the proof."""
    case = delivered(station)
    decide(station, case)
    publish, inner = proving.publish_status, list[Case]()

    def out(of: Station) -> None:
        publish(of)
        monkeypatch.setattr(proving, "publish_status", publish)
        inner.append(proving.conclude(of, case))

    monkeypatch.setattr(proving, "publish_status", out)
    outer = proving.conclude(station, case)

    assert inner == [outer]
    with station.store.read() as session:
        told = [one.kind for one in journal.events(session, after=0) if one.case == case.number]
    assert told.count("PROOF.GIVEN") == 1


def test_what_ended_while_its_list_went_out_is_not_proven_over_it(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = delivered(station)
    decide(station, case)
    ended = replace(case, state=State.CANCELLED)
    monkeypatch.setattr(
        proving, "publish_status", lambda of: of.save(None, ended, "CASE.CANCELLED")
    )

    assert proving.conclude(station, case) == ended
    assert station.load(case.number).state is State.CANCELLED


def test_what_a_colleague_kept_while_the_list_went_out_stays(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that waits knows the case as it was: it gave it back to its first officer."""
    case = delivered(station)
    decide(station, case)
    taken = replace(case, officer="T-002", language="vi")
    publish = proving.publish_status

    def out(of: Station) -> None:
        of.save(None, taken, "CASE.TAKEN_OVER")
        publish(of)

    monkeypatch.setattr(proving, "publish_status", out)
    known = proving.conclude(station, case)

    assert (known.state, known.officer, known.language) == (State.PROVEN, "T-002", "vi")
    assert station.load(case.number) == known


def test_what_was_taken_back_meanwhile_is_not_told_as_proven(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = delivered(station)
    station.save(None, replace(case, window=station.settings.station.window), "CASE.TAKEN_OVER")
    decide(station, case)
    monkeypatch.setattr(proving, "conclude", lambda _station, known: known)

    assert settling.conclude_decided(station) == []


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

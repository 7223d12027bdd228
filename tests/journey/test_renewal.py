"""Another phone, or the same one again: what a person holds is never doubled and never gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.app.serve import release_holder
from desk.counter import renewal
from desk.counter.renewal import ReissueReason, ResumeReason
from desk.counter.statuses import publish_status
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, CaseKind, NotPossible, State
from desk.store import cases, intents, journal, status
from desk.store.status import StatusSlot, Validity
from desk.training.applicants import Applicant
from tests.journey.acts import FORMATS, Counter, Holder, assert_invariants, opened


@pytest.fixture(scope="module")
def counter(
    prepared: Path, service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Counter]:
    """One desk, for one holder after another."""
    home = tmp_path_factory.mktemp("renewal") / "home"
    shutil.copytree(prepared, home)
    with opened(home, service.url) as rehearsal:
        yield Counter.begin(rehearsal)


@pytest.fixture
def person(counter: Counter) -> Applicant:
    release_holder(counter.rehearsal, counter.person.overseas_number)
    return counter.person


@pytest.fixture
def phone(counter: Counter) -> Iterator[Holder]:
    with Holder(counter.rehearsal.authority) as holder:
        yield holder


@pytest.fixture
def new_phone(counter: Counter) -> Iterator[Holder]:
    with Holder(counter.rehearsal.authority) as holder:
        yield holder


@pytest.fixture
def held(counter: Counter, person: Applicant, phone: Holder) -> Case:
    """A case whose credentials the phone has and has shown."""
    case = counter.script.approved_case(person)
    return counter.prove(counter.deliver(case, phone), phone)


def reissue(counter: Counter, held: Case) -> Case:
    station, officer = counter.rehearsal.station, counter.script.officer
    return renewal.open_reissue(station, officer, held.number, ReissueReason.NEW_PHONE)


def resume(counter: Counter, held: Case) -> Case:
    station, officer = counter.rehearsal.station, counter.script.officer
    return renewal.open_resume(station, officer, held.number, ResumeReason.PHONE_FOUND)


def suspend(counter: Counter, case: Case) -> None:
    station = counter.rehearsal.station
    with station.store.write() as session:
        for entry in status.entries_of(session, case.number):
            stamp = station.stamp(counter.script.officer)
            status.set_validity(session, stamp, entry.slot, Validity.SUSPENDED, "loss_call")
    publish_status(station)


def validities(counter: Counter, case: Case) -> set[Validity]:
    """What the records say of everything this case stands for."""
    with counter.rehearsal.station.store.read() as session:
        return {
            status.entry(session, StatusSlot(one.status_list, one.status_index)).validity
            for one in case.issued
        }


def listed(holder: Holder) -> list[Status | None]:
    """What the published lists say of everything this phone has."""
    return [holder.phone.status(card) for card in holder.phone.cards]


def test_new_phone_ends_the_old_one_in_the_same_step(
    counter: Counter, person: Applicant, held: Case, phone: Holder, new_phone: Holder
) -> None:
    """Until the new phone has presented, the old one stays usable; from then on only the new
    one is, with the same administrative end."""
    case = counter.deliver(counter.script.to_approval(reissue(counter, held), person), new_phone)
    before = (listed(phone), listed(new_phone))

    case = counter.prove(case, new_phone)

    assert before == ([Status.VALID] * 2, [Status.SUSPENDED] * 2)
    assert listed(phone) == [Status.INVALID] * 2
    assert listed(new_phone) == [Status.VALID] * 2
    assert (case.kind, case.former) == (CaseKind.REISSUE, held.number)
    assert case.expiry_date == held.expiry_date
    assert_invariants(counter.rehearsal, new_phone, case)
    with counter.rehearsal.station.store.read() as session:
        found = cases.held_elsewhere(session, person.overseas_number, "")
        told = journal.events(session, case=case.number, limit=1)[0]
    assert found == (case.number,)
    assert told.facts["target"] == held.number
    assert told.facts["reason"] == "new_phone"


def test_resumed_on_the_phone_that_has_it(
    counter: Counter, person: Applicant, held: Case, phone: Holder
) -> None:
    """The suspended credential is shown with its key and valid again: nothing is signed, no
    index is taken, and no QR is made for it."""
    suspend(counter, held)
    case = counter.script.to_approval(resume(counter, held), person)
    with pytest.raises(NotPossible):
        counter.script.offer(case, "482915")
    before = listed(phone)

    case = counter.prove(case, phone)

    assert before == [Status.SUSPENDED] * 2
    assert listed(phone) == [Status.VALID] * 2
    assert case.state is State.PROVEN
    assert set(case.proof.configurations if case.proof else ()) == set(FORMATS)
    with counter.rehearsal.station.store.read() as session:
        assert intents.standing(session, case.number) == ()
        assert status.entries_of(session, case.number) == ()

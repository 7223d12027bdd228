"""SIGKILL for the desk while it replaces or resumes what a person holds.

Whatever was durable, exactly one phone's credentials are usable at each reissue, never two and
never none; a resume is decided or it is not. The officer goes on and comes to the same end.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.app.rehearsal import Rehearsal
from desk.counter import renewal
from desk.counter.renewal import ReissueReason, ResumeReason
from desk.counter.settling import settle
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, CaseKind, State
from desk.store import cases, status
from desk.store.status import Validity
from tests.journey.acts import Counter, Holder, assert_invariants, opened
from tests.journey.test_kills import Table, desks, kill_at, scanner, tables
from tests.journey.test_renewal import suspend
from tests.journey.victim import RENEWALS, Point

__all__ = ["desks", "tables"]


@dataclass(frozen=True)
class Ground:
    """Homes in which such a case is approved, and the phone that has the former one."""

    homes: dict[CaseKind, Path]
    former: str
    phone: Holder


@pytest.fixture(scope="module")
def ground(
    prepared: Path, service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("renewals")
    homes = {kind: folder / kind.value for kind in (CaseKind.REISSUE, CaseKind.RESUME)}
    reissue, resume = homes.values()
    shutil.copytree(prepared, reissue)
    with opened(reissue, service.url) as rehearsal:
        phone, counter = Holder(rehearsal.authority), Counter.begin(rehearsal)
        held = counter.prove(counter.deliver(counter.approved(), phone), phone)
    shutil.copytree(reissue, resume)
    with opened(reissue, service.url) as rehearsal:
        counter = Counter.begin(rehearsal)
        station, officer = rehearsal.station, counter.script.officer
        case = renewal.open_reissue(station, officer, held.number, ReissueReason.NEW_PHONE)
        counter.script.to_approval(case, counter.person)
    with opened(resume, service.url) as rehearsal:
        counter = Counter.begin(rehearsal)
        station, officer = rehearsal.station, counter.script.officer
        suspend(counter, held)
        case = renewal.open_resume(station, officer, held.number, ResumeReason.PHONE_FOUND)
        counter.script.to_approval(case, counter.person)
    with phone:
        yield Ground(homes, held.number, phone)


def usable(rehearsal: Rehearsal) -> set[str]:
    """The cases with credentials that the records call valid."""
    with rehearsal.station.store.read() as session:
        numbers = [case.number for case in cases.in_state(session, State.PROVEN)]
        numbers += [case.number for case in cases.open_cases(session)]
        return {
            number
            for number in numbers
            for entry in status.entries_of(session, number)
            if entry.validity is Validity.VALID
        }


def renewing(rehearsal: Rehearsal, former: str) -> Case:
    with rehearsal.station.store.read() as session:
        found = [*cases.open_cases(session), *cases.in_state(session, State.PROVEN)]
    (case,) = [one for one in found if one.former == former]
    return case


@pytest.mark.parametrize("point", RENEWALS, ids=[point.name for point in RENEWALS])
def test_desk_killed(
    point: Point,
    ground: Ground,
    service: ServiceProcess,
    desks: subprocess.Popen[str],
    tables: Callable[[str], Table],
    tmp_path: Path,
) -> None:
    kind = CaseKind(point.name.split(":")[0])
    home, log = tmp_path / "home", tmp_path / "signed"
    shutil.copytree(ground.homes[kind], home)
    with opened(home, service.url) as rehearsal, Holder(rehearsal.authority) as new_phone:
        phone = new_phone if kind is CaseKind.REISSUE else ground.phone
        order = {"home": str(home), "url": service.url, "point": point.name, "log": str(log)}
        assert kill_at(desks, order, scanner(phone)) == -signal.SIGKILL

        before = usable(rehearsal)
        found = renewing(rehearsal, ground.former)
        settle(rehearsal.station)
        settled = renewing(rehearsal, ground.former)
        case = Counter.begin(rehearsal).finish(settled, phone)

        assert case.state is State.PROVEN
        if kind is CaseKind.REISSUE:
            assert before in ({ground.former}, {case.number})
            assert usable(rehearsal) == {case.number}
            assert {ground.phone.phone.status(card) for card in ground.phone.phone.cards} == {
                Status.INVALID
            }
            assert_invariants(rehearsal, new_phone, case)
        else:
            assert before in (set(), {ground.former})
            assert usable(rehearsal) == {ground.former}
        assert [phone.phone.status(card) for card in phone.phone.cards] == [Status.VALID] * 2
        row = (point.name, state_of(found), state_of(settled), ",".join(sorted(before)) or "none")
    title = "renewing desk killed at | found | settled at the start | usable in the records then"
    tables(title).rows.append(row)


def state_of(case: Case) -> str:
    return case.state.value

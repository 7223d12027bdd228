from __future__ import annotations

import pytest

from desk.issuance.case import Case
from desk.store import cases, consents, journal, slips
from desk.store.consents import ConsentAnswer
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.slips import SlipKind


@pytest.fixture
def number(store: Store, stamp: Stamp, case: Case) -> str:
    with store.write() as session:
        cases.add(session, stamp, case)
    return case.number


def test_reprint_voids_the_former(store: Store, stamp: Stamp, number: str) -> None:
    with store.write() as session:
        first = slips.issue(session, stamp, "LA03", number, SlipKind.ENROLLMENT, "ko", "offer-1")
        second = slips.issue(session, stamp, "LA03", number, SlipKind.ENROLLMENT, "ko", "offer-2")

    with store.read() as session:
        kept = slips.slips_of(session, number)

    assert (first.serial, second.serial) == ("LA03-000001", "LA03-000002")
    assert [(one.counts, one.replaced_by) for one in kept] == [(False, second.serial), (True, None)]


def test_other_kinds_stand_beside(store: Store, stamp: Stamp, number: str) -> None:
    with store.write() as session:
        slips.issue(session, stamp, "LA03", number, SlipKind.ENROLLMENT, "ko", "offer-1")
        slips.issue(session, stamp, "LA03", number, SlipKind.HANDOVER, "ko")

    with store.read() as session:
        assert all(one.counts for one in slips.slips_of(session, number))


def test_serials_run_by_station(store: Store, stamp: Stamp, number: str) -> None:
    with store.write() as session:
        serials = [
            slips.issue(session, stamp, station, number, SlipKind.HANDOVER, "ko").serial
            for station in ("LA01", "LA03", "LA01")
        ]

    assert serials == ["LA01-000001", "LA03-000001", "LA01-000002"]


def test_first_reason_of_voiding_stays(store: Store, stamp: Stamp, number: str) -> None:
    with store.write() as session:
        serial = slips.issue(session, stamp, "LA03", number, SlipKind.REFUSAL, "ko").serial
        slips.void(session, stamp, serial, "spoiled")
        slip = slips.void(session, stamp, serial, "again")

    assert slip.void_reason == "spoiled"


def test_consents_are_added_never_changed(store: Store, stamp: Stamp, number: str) -> None:
    given = ConsentAnswer("issuance", "2026-07", "ko", True, stamp.at)
    taken_back = ConsentAnswer("issuance", "2026-07", "ko", False, stamp.at, "officer")
    with store.write() as session:
        consents.record(session, stamp, number, [given])
        consents.record(session, stamp, number, [taken_back])

    with store.read() as session:
        assert consents.consents_of(session, number) == (given, taken_back)
        kinds = [event.kind for event in journal.events(session, after=1)]
    assert kinds == ["CONSENT.GIVEN", "CONSENT.DECLINED"]

"""The index of all cases: what finds a case, how it stands, and what the purge leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from desk.issuance.case import Act, Case, Ending, State, Step, advance, open_case
from desk.store import cases, history, journal, retention, slips, status
from desk.store.database import Store
from desk.store.history import HistoryIndex, Outcome, PastCase, Person, Wanted
from desk.store.journal import Stamp
from desk.store.slips import SlipKind
from desk.store.status import Validity
from tests.samples import ENTRY, PASSPORT

NUMBER = "LA-2026-001842"


def kept(
    store: Store,
    stamp: Stamp,
    number: str = NUMBER,
    state: State = State.PROVEN,
    ending: Ending | None = None,
) -> Case:
    """A case as its last act left it."""
    case = open_case(number, "LA", "3", "T-001", "이서준", stamp.at)
    done = advance(case, Act.CHECK_DOCUMENT, stamp.at, document=PASSPORT, register=ENTRY)
    steps = (*done.history, Step(State.APPROVED, stamp.at), Step(state, stamp.at))
    done = replace(done, state=state, ending=ending, history=steps)
    with store.write() as session:
        cases.add(session, stamp, case)
        cases.save(session, Stamp(stamp.at, "officer:T-002"), done, "CASE.SAVED")
    return done


def credential(store: Store, stamp: Stamp, validity: Validity, *, number: str = NUMBER) -> None:
    with store.write() as session:
        slot = status.take(session, stamp, number)
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")
        status.set_validity(session, stamp, slot, validity, "lost")


def indexed(store: Store) -> HistoryIndex:
    index = HistoryIndex()
    index.refresh(store)
    return index


def one(store: Store) -> PastCase:
    (found,) = indexed(store).search(Wanted())
    return found


def test_what_a_case_was(store: Store, stamp: Stamp) -> None:
    kept(store, stamp)
    credential(store, stamp, Validity.VALID)

    found = one(store)

    assert (found.number, found.outcome) == (NUMBER, Outcome.USABLE)
    assert (found.officer, found.approver) == ("T-001", "T-002")
    assert found.person == Person("김하늘", "KIM", "HANEUL", date(1991, 3, 14))


FINDING = (
    "김하늘",
    "하늘",
    "김 하늘",
    "\u1100\u1175\u11b7\u1112\u1161\u1102\u1173\u11af",
    "KIM",
    "kim haneul",
    "Haneul Kim",
    "haneul-kim",
    "hane",
    "1991-03-14",
    "1991.3.14",
    "19910314",
    "910314",
    "91/3/14",
    "LA-2026-001842",
    "la-2026-001842",
    "1842",
    "LA03-000001",
    "",
)
NOT_FINDING = ("박", "LEE", "1991-03-15", "91.4.14", "LA04", "9999", "KIM 1991")


@pytest.mark.usefixtures("path")
def test_what_finds_it_and_what_does_not(store: Store, stamp: Stamp) -> None:
    """Hangul, composed or not; Latin in either order; a date however it is written."""
    kept(store, stamp)
    with store.write() as session:
        slips.issue(session, stamp, "LA03", NUMBER, SlipKind.HANDOVER, "ko")
    index = indexed(store)

    assert [typed for typed in FINDING if not index.search(Wanted(typed))] == []
    assert [typed for typed in NOT_FINDING if index.search(Wanted(typed))] == []


WITHOUT_CREDENTIAL = {
    State.OPENED: Outcome.IN_PROGRESS,
    State.PREPARED: Outcome.IN_PROGRESS,
    State.APPROVED: Outcome.IN_PROGRESS,
    State.OFFERED: Outcome.WAITING,
    State.SIGNING: Outcome.WAITING,
    State.REFUSED: Outcome.REFUSED,
    State.CANCELLED: Outcome.CANCELLED,
    State.EXPIRED: Outcome.EXPIRED,
}
WITH_CREDENTIAL = {
    (State.PROVEN, Validity.VALID): (Outcome.USABLE, "applicant_left"),
    (State.PROVEN, Validity.SUSPENDED): (Outcome.SUSPENDED, "lost"),
    (State.PROVEN, Validity.INVALID): (Outcome.REVOKED, "lost"),
    (State.DELIVERED, Validity.SUSPENDED): (Outcome.NOT_PROVEN, "applicant_left"),
    (State.DELIVERED, Validity.INVALID): (Outcome.REVOKED, "lost"),
    (State.DELIVERED, Validity.VALID): (Outcome.USABLE, "applicant_left"),
    (State.ACTIVATED, Validity.VALID): (Outcome.USABLE, "applicant_left"),
    (State.ACTIVATED, Validity.SUSPENDED): (Outcome.SUSPENDED, "lost"),
}


@pytest.mark.usefixtures("path")
def test_how_a_case_stands(store: Store, stamp: Stamp) -> None:
    """By its state, and by its credential where there is one."""
    ending, wanted = Ending("applicant_left"), {}
    for place, (state, outcome) in enumerate(WITHOUT_CREDENTIAL.items()):
        number = f"LA-2026-00000{place}"
        kept(store, stamp, number, state, ending)
        wanted[number] = (outcome, "applicant_left")
    for place, ((state, validity), told) in enumerate(WITH_CREDENTIAL.items()):
        number = f"LA-2026-00001{place}"
        kept(store, stamp, number, state, ending)
        credential(store, stamp, validity, number=number)
        wanted[number] = told

    found = indexed(store).search(Wanted())

    assert {one.number: (one.outcome, one.reason) for one in found} == wanted


@pytest.mark.usefixtures("path")
def test_what_was_lost_before_it_was_proven(store: Store, stamp: Stamp) -> None:
    """Its entry says SUSPENDED as before; only the log knows that somebody called."""
    kept(store, stamp, state=State.DELIVERED)
    with store.write() as session:
        status.take(session, stamp, NUMBER)
        journal.append(session, stamp, "CARE.SUSPENDED", NUMBER, reason="loss_call")
    lost = one(store)

    with store.write() as session:
        journal.append(session, stamp, "CARE.SUSPENSION_UNDONE", NUMBER)

    assert (lost.outcome, lost.reason) == (Outcome.SUSPENDED, "loss_call")
    assert one(store).outcome is Outcome.NOT_PROVEN


def test_the_index_follows_the_records(store: Store, stamp: Stamp) -> None:
    """A new case, a change and a purge each come in by themselves."""
    index = indexed(store)
    kept(store, stamp, state=State.CANCELLED)
    first = index.refresh(store)
    with store.write() as session:
        slips.issue(session, stamp, "LA03", NUMBER, SlipKind.REFUSAL, "ko")
    index.refresh(store)
    by_slip = index.search(Wanted("LA03-000001"))
    retention.purge(store, stamp, stamp.at + timedelta(days=1))
    index.refresh(store)

    (found,) = index.search(Wanted(NUMBER))
    assert (first, len(by_slip), index.refresh(store)) == (1, 1, 0)
    assert found.purged and found.person is None
    assert index.search(Wanted("김하늘")) == []
    assert (found.outcome, found.officer, found.approver) == (Outcome.CANCELLED, "T-001", "T-002")


def test_filters(store: Store, stamp: Stamp) -> None:
    days = [datetime(2026, 11, day, 18, tzinfo=UTC) for day in (1, 2, 3)]
    for place, at in enumerate(days, start=1):
        state = State.REFUSED if place == 2 else State.CANCELLED
        kept(store, Stamp(at, stamp.actor), f"LA-2026-00000{place}", state)
    index = indexed(store)

    def numbers(wanted: Wanted) -> list[str]:
        return [found.number[-1] for found in index.search(wanted)]

    assert numbers(Wanted()) == ["3", "2", "1"]
    assert numbers(Wanted(since=days[1])) == ["3", "2"]
    assert numbers(Wanted(since=days[0], until=days[1])) == ["1"]
    assert numbers(Wanted(outcome=Outcome.REFUSED)) == ["2"]
    assert numbers(Wanted(officer="T-002")) == ["3", "2", "1"]
    assert numbers(Wanted(officer="T-003")) == []
    assert (index.officers(), index.first_opened()) == ({"T-001", "T-002"}, days[0])


@pytest.mark.usefixtures("path")
def test_a_case_of_an_older_program_is_found_by_its_record(store: Store, stamp: Stamp) -> None:
    """Nobody kept the names beside it then."""
    kept(store, stamp)
    with store.load() as connection:
        connection.execute(text("UPDATE cases SET person = NULL"))

    assert [found.number for found in indexed(store).search(Wanted("김하늘"))] == [NUMBER]


@pytest.mark.usefixtures("path")
def test_more_changes_than_one_statement_takes(
    store: Store, stamp: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_AT_ONCE", 2)
    index = indexed(store)
    with store.write() as session:
        journal.append(session, stamp, "TEST.EVENT")
    index.refresh(store)

    for place in range(5):
        kept(store, stamp, f"LA-2026-00000{place}")

    assert index.refresh(store) == 5

"""What must change at the counter: masked, what is to be done, and who may set it aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from desk.counter import deciding, notices
from desk.counter.document import register_entries
from desk.counter.notices import DUE, Due
from desk.counter.station import Station
from desk.issuance.aftercare import SetAside
from desk.issuance.case import Act, Case, advance, open_case
from desk.issuance.eligibility import RuleOutcome, Verdict
from desk.issuance.roles import Role, RoleMayNot
from desk.store import cases, journal, register, status
from desk.store.notice_file import Notice, NoticeKind, NoticeWrong
from desk.store.notices import NoSuchNotice
from desk.store.notices import take as take_notices
from desk.store.status import Validity
from tests.counter.sealed import NUMBER, officer, station_in
from tests.counter.test_history import SECRETS, proven
from tests.samples import ENTRY, PASSPORT
from tests.store.test_register import POSTS, extract

DEATH = Notice(NoticeKind.DIED, ENTRY.overseas_number, date(2026, 11, 20), "D-17")
DELETION = Notice(NoticeKind.DELETED, ENTRY.overseas_number, date(2026, 11, 20), "D-18")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with station_in(tmp_path) as opened:
        proven(opened)
        yield opened


def told(station: Station, notice: Notice = DEATH) -> None:
    with station.store.write() as session:
        take_notices(session, station.stamp(officer()), [notice], "ab" * 32)


def test_a_line_is_masked_and_says_what_to_do(station: Station) -> None:
    told(station)

    found = notices.listing(station, officer())

    (line,) = found.standing
    assert (line.number, line.kind, line.due) == (NUMBER, NoticeKind.DIED, Due.REVOKE)
    assert (line.hangul, line.latin, line.document) == ("김•늘", "KIM H•••••", "D-17")
    assert not [secret for secret in SECRETS if secret in repr(found)]
    assert found.register_as_of is None
    assert notices.count(station) == 1


def test_every_kind_has_something_to_do() -> None:
    assert set(DUE) == set(NoticeKind)


def test_set_aside_with_a_reason(station: Station) -> None:
    """The line goes to the other list, and the log says who and why."""
    told(station, DELETION)

    found = notices.put_aside(station, officer(), NUMBER, NoticeKind.DELETED, SetAside.OTHER_PERSON)

    with station.store.read() as session:
        event = journal.events(session, case=NUMBER)[-1]
    (line,) = found.aside
    assert found.standing == () and notices.count(station) == 0
    assert (line.ended_by, line.end_reason) == (("T-001",), "other_person")
    assert (event.kind, event.actor) == ("NOTICE.SET_ASIDE", "officer:T-001")
    assert dict(event.facts) == {"kind": "deleted", "reason": "other_person"}


def test_an_administrator_looks_and_does_nothing(station: Station, tmp_path: Path) -> None:
    told(station)
    upkeep = officer(role=Role.ADMINISTRATOR)

    assert len(notices.listing(station, upkeep).standing) == 1
    with pytest.raises(RoleMayNot):
        notices.put_aside(station, upkeep, NUMBER, NoticeKind.DIED, SetAside.OTHER_PERSON)
    with pytest.raises(RoleMayNot):
        notices.take_file(station, upkeep, tmp_path / "changes.json")


def test_whoever_was_struck_off_since_the_extract_is_met_as_such(
    station: Station, tmp_path: Path
) -> None:
    """The window finds the entry with the paper that says so, though the extract says alive."""
    file = tmp_path / "register.csv"
    file.write_text(extract({}), encoding="utf-8")
    register.import_extract(station.store, file, station.stamp(), POSTS)
    (before,) = register_entries(station, PASSPORT)
    told(station)

    (now,) = register_entries(station, PASSPORT)

    assert (before.status, now.status) == ("alive", "struck_off")
    assert (now.status_date, now.status_reason) == (date(2026, 11, 20), "D-17")


def test_a_file_is_taken_or_refused_whole(station: Station, tmp_path: Path) -> None:
    file = tmp_path / "changes.json"
    good = {
        "kind": "died",
        "overseas_number": ENTRY.overseas_number,
        "date": "2026-11-20",
        "document": "D-17",
    }

    file.write_text(json.dumps({"version": 1, "notices": [good, {}]}), encoding="utf-8")
    with pytest.raises(NoticeWrong):
        notices.take_file(station, officer(), file)
    before = notices.count(station)
    file.write_text(json.dumps({"version": 1, "notices": [good]}), encoding="utf-8")
    taken = notices.take_file(station, officer(), file)

    assert before == 0
    assert (taken.new, taken.known, notices.count(station)) == (1, 0, 1)


def revoke(station: Station) -> None:
    stamp = station.stamp()
    with station.store.write() as session:
        for one in status.entries_of(session, NUMBER):
            status.set_validity(session, stamp, one.slot, Validity.INVALID, "own_request")


def at_the_window(station: Station) -> Case:
    """The applicant stands at the window with the passport read; nobody knows a credential."""
    (entry,) = register_entries(station, PASSPORT)
    officer_name = "이서준"
    case = open_case("LA-2026-000777", "LA", "3", "T-001", officer_name, station.now())
    read = advance(
        case, Act.CHECK_DOCUMENT, station.now(), document=PASSPORT, register=entry, compared=()
    )
    with station.store.write() as session:
        cases.add(session, station.stamp(officer()), case)
        cases.save(session, station.stamp(officer()), read, "DOCUMENT.CHECKED")
    return read


def registered(verdict: Verdict | None) -> RuleOutcome:
    assert verdict is not None
    return verdict.rules[0].outcome


def test_a_wrong_notice_is_set_aside_at_the_window_and_no_more_in_the_way(
    station: Station, tmp_path: Path
) -> None:
    """Also of somebody who holds nothing: the extract that is in use counts again, at once,
    and the log names the case in which somebody said so."""
    file = tmp_path / "register.csv"
    file.write_text(extract({}), encoding="utf-8")
    register.import_extract(station.store, file, station.stamp(), POSTS)
    revoke(station)
    told(station, DELETION)
    case = deciding.decide(station, officer(), at_the_window(station))
    assert notices.listing(station, officer()).standing == ()
    assert registered(case.verdict) is RuleOutcome.NOT_MET
    assert case.register is not None and case.register.status == "struck_off"
    (paper,) = notices.against(station, case)
    assert (paper.kind, paper.document) == (NoticeKind.DELETED, "D-18")
    with pytest.raises(RoleMayNot):
        upkeep = officer(role=Role.ADMINISTRATOR)
        notices.put_aside_at_window(station, upkeep, case, SetAside.OTHER_PERSON)

    notices.put_aside_at_window(station, officer(), case, SetAside.OTHER_PERSON)
    case = deciding.decide(station, officer(), case)

    with station.store.read() as session:
        event = journal.newest_of(session, case.number, ("NOTICE.SET_ASIDE",))
    assert registered(case.verdict) is RuleOutcome.MET
    assert case.register is not None
    assert (case.register.status, case.register.status_reason) == ("alive", "")
    assert notices.against(station, case) == ()
    assert event is not None
    assert dict(event.facts) == {"kind": "deleted", "reason": "other_person"}
    with pytest.raises(NoSuchNotice):
        notices.put_aside_at_window(station, officer(), case, SetAside.OTHER_PERSON)

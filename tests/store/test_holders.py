"""A holder is found by name and birth date, on both kinds of database, and nobody is named."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, text

from desk.issuance.aftercare import CareAct, draw_up
from desk.issuance.case import Act, Approval, Case, Document, RegisterFacts, advance
from desk.store import care, cases, holders, intents, journal, register, retention, status
from desk.store.care import CareState
from desk.store.database import Store
from desk.store.holders import Person
from desk.store.intents import Draft
from desk.store.journal import Stamp
from desk.store.models import HolderKeyRow
from desk.store.register_file import COLUMNS
from desk.store.status import Validity

BORN = date(1991, 3, 14)


@pytest.fixture
def issued(
    store: Store, stamp: Stamp, case: Case, document: Document, register_facts: RegisterFacts
) -> Case:
    """A case of Kim Haneul with one credential that was signed."""
    known = advance(case, Act.CHECK_DOCUMENT, stamp.at, document=document, register=register_facts)
    with store.write() as session:
        cases.add(session, stamp, case)
        cases.save(session, stamp, known, "DOCUMENT.CHECKED")
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", case.number)
        draft = Draft(case.number, "o", "r", "mdoc", "k", slot, b"bytes", b"material")
        intent = intents.write(session, stamp, draft)
        intents.mark_signed(session, stamp, intent.id, b"s", b"credential")
    return known


def found(store: Store, name: str, born: date = BORN) -> dict[str, Person]:
    with store.read() as session:
        return holders.find(session, name, born)


def import_register(store: Store, stamp: Stamp, folder: Path, **changes: str) -> None:
    """An extract in which the person stands with ``changes``."""
    values = {
        "overseas_number": "LA-2019-004318",
        "name_hangul": "김하늘",
        "surname": "KIM",
        "given_names": "HANEUL",
        "birth_date": BORN.isoformat(),
        "sex": "F",
        "nationality": "KOR",
        "resident_number": "910314-2987654",
        "passport_number": "M123A4567",
        "post": "LA",
        "address": "1842 Sample Avenue",
        "status": "alive",
    }
    file = folder / "register.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS)
        writer.writeheader()
        writer.writerow({**dict.fromkeys(COLUMNS, ""), **values, **changes})
    register.import_extract(store, file, stamp, {"LA"})


@pytest.mark.parametrize(
    "name", ["김하늘", "김 하늘", "KIM HANEUL", "HANEUL KIM", "Kim, Ha-neul", "kimhaneul"]
)
def test_by_the_words_the_case_was_issued_upon(store: Store, issued: Case, name: str) -> None:
    assert list(found(store, name)) == [issued.number]


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize("name", ["김하", "하늘", "김하늘이", "KIM", "K", "", "  ", "-- 12"])
def test_a_part_of_a_name_is_no_name(store: Store, name: str) -> None:
    """A name that merely begins so is somebody else's."""
    assert found(store, name) == {}


def test_another_birth_date_is_another_person(store: Store, issued: Case) -> None:
    assert found(store, "김하늘", date(1991, 3, 15)) == {}


def test_after_the_purge_the_words_typed_stand_for_the_person(
    store: Store, stamp: Stamp, issued: Case
) -> None:
    with store.write() as session:
        retention.purge_case(session, stamp, issued.number)

    assert found(store, "kim  haneul") == {issued.number: Person("", "kim haneul", BORN)}
    assert found(store, "김하늘") == {issued.number: Person("김하늘", "", BORN)}


def test_the_register_leads_there_by_a_name_that_came_later(
    store: Store, stamp: Stamp, issued: Case, tmp_path: Path
) -> None:
    """Renamed since: the overseas number is the same, and so is its digest."""
    import_register(store, stamp, tmp_path, name_hangul="김바다", given_names="BADA")
    with store.write() as session:
        retention.purge_case(session, stamp, issued.number)

    told = found(store, "KIM BADA")

    assert told == {issued.number: Person("김바다", "KIM BADA", BORN)}
    assert list(found(store, "김하늘")) == [issued.number], "the former name still leads there"


@pytest.mark.parametrize("registered", ["김바다", "김 바다", "김-바다", "김바다(金海)"])
def test_the_register_leads_there_by_a_name_in_hangul_that_only_it_knows(
    store: Store, stamp: Stamp, issued: Case, tmp_path: Path, registered: str
) -> None:
    """On both kinds of database, whatever stands between the syllables."""
    import_register(store, stamp, tmp_path, name_hangul=registered, given_names="BADA")

    assert list(found(store, "김바다")) == [issued.number]
    assert found(store, "김바다", date(1991, 3, 15)) == {}
    assert found(store, "김바") == {}


def test_a_name_without_syllables_is_none_in_hangul(
    store: Store, stamp: Stamp, tmp_path: Path
) -> None:
    import_register(store, stamp, tmp_path, name_hangul="金恩河")

    with store.read() as session:
        assert register.by_hangul(session, "金恩河", BORN) == ()


def test_a_person_the_register_no_longer_knows_is_found(
    store: Store, stamp: Stamp, issued: Case, tmp_path: Path
) -> None:
    import_register(
        store, stamp, tmp_path, overseas_number="LA-2019-000001", passport_number="M000A0001",
        name_hangul="홍길동", surname="HONG", given_names="GILDONG",
    )  # fmt: skip

    assert list(found(store, "김하늘")) == [issued.number]


def test_a_case_of_a_time_before_the_digests_is_read_itself(
    store: Store, stamp: Stamp, issued: Case
) -> None:
    with store.load() as connection:
        connection.execute(text("DELETE FROM holder_keys"))

    assert list(found(store, "Kim Haneul")) == [issued.number]
    assert found(store, "Kim Haneul", date(1990, 1, 1)) == {}


def test_nothing_in_the_table_says_who_it_is(store: Store, issued: Case) -> None:
    with store.read() as session:
        keys = session.scalars(select(HolderKeyRow.key)).all()

    assert len(keys) == 3, "Hangul, and Latin with either name first"
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)


def test_the_digests_go_with_the_purge_once_nothing_stands(
    store: Store, stamp: Stamp, issued: Case
) -> None:
    with store.write() as session:
        for entry in status.entries_of(session, issued.number):
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, "test")
        retention.purge_case(session, stamp, issued.number)

    with store.read() as session:
        assert session.scalars(select(HolderKeyRow.key)).all() == []
    assert found(store, "김하늘") == {}


def test_what_the_case_gave_outlives_the_purge(store: Store, stamp: Stamp, issued: Case) -> None:
    with store.read() as session:
        before = holders.credentials_of(session, issued.number)
    with store.write() as session:
        retention.purge_case(session, stamp, issued.number)

    with store.read() as session:
        after = holders.credentials_of(session, issued.number)
        facts = holders.case_facts(session, issued.number)

    assert after == before
    assert [(one.configuration, one.key) for one in after] == [("mdoc", "k")]
    assert facts.purged


# Acts of two cards


def approval(stamp: Stamp, officer: str, digest: bytes) -> Approval:
    return Approval(digest.hex(), (), officer, "이서준", "ab" * 32, "cd" * 64, stamp.at)


def test_an_act_is_kept_sealed_and_once_done_for_ever(
    store: Store, stamp: Stamp, issued: Case
) -> None:
    places = [("1", 1)]
    said = draw_up(CareAct.REVOKE, issued.number, "LA", places, "died", "문서 2026-311", stamp.at)
    with store.write() as session:
        care.ask(session, stamp, said, approval(stamp, "T-001", said.digest))
    with store.write() as session:
        care.do(session, stamp, said, approval(stamp, "T-002", said.digest))

    with store.read() as session:
        (kept,) = care.done(session, issued.number)
        assert care.asked(session, issued.number) is None
        told = [event.line for event in journal.events(session, case=issued.number)]
    assert kept.statement == said
    assert [one.officer for one in kept.approvals] == ["T-001", "T-002"]
    assert kept.state is CareState.DONE
    assert not [line for line in told if "2026-311" in line]


def test_a_later_statement_takes_the_place_of_one_that_waits(
    store: Store, stamp: Stamp, issued: Case
) -> None:
    first, second = (
        draw_up(CareAct.REVOKE, issued.number, "LA", [("1", 1)], reason, "A-1", stamp.at)
        for reason in ("died", "own_request")
    )
    with store.write() as session:
        care.ask(session, stamp, first, approval(stamp, "T-001", first.digest))
        care.ask(session, stamp, second, approval(stamp, "T-001", second.digest))

    with store.read() as session:
        waits = care.asked(session, issued.number)
        former = care.kept(session, first.digest)
    assert waits is not None and waits.statement == second
    assert former is not None and former.state is CareState.WITHDRAWN


def test_a_report_stands_until_it_is_taken_back(store: Store, stamp: Stamp, issued: Case) -> None:
    def told(kind: str) -> bool:
        with store.write() as session:
            journal.append(session, stamp, kind, issued.number)
        with store.read() as session:
            return care.is_reported(session, issued.number)

    assert told(care.SUSPENDED)
    assert told("CARE.LOOKED")
    assert not told("CARE.SUSPENSION_UNDONE")
    assert told(care.SUSPENDED)
    assert not told("CARE.RESUMED")

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from desk.issuance.case import Act, Case, Document, RegisterFacts, advance
from desk.issuance.record import RecordDamaged
from desk.store import cases, journal, sequences, status
from desk.store.cases import BlobKind
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.status import Validity
from desk.store.troubles import CaseChanged, CaseMissing


def test_case_comes_back_equal(
    store: Store, stamp: Stamp, case: Case, document: Document, register_facts: RegisterFacts
) -> None:
    """Stored after each act, the whole record is what it was."""
    checked = advance(
        case, Act.CHECK_DOCUMENT, stamp.at, document=document, register=register_facts
    )

    with store.write() as session:
        cases.add(session, stamp, case)
        cases.save(session, stamp, checked, "DOCUMENT.READ", overall="passed")

    with store.read() as session:
        assert cases.load(session, case.number) == checked
        assert [event.kind for event in journal.events(session)] == ["CASE.OPENED", "DOCUMENT.READ"]


def test_unknown_case(store: Store) -> None:
    with store.read() as session, pytest.raises(CaseMissing):
        cases.load(session, "LA-2026-999999")


def test_somebody_elses_act_is_not_lost(
    store: Store, stamp: Stamp, case: Case, document: Document
) -> None:
    """A case that was moved elsewhere is not overwritten by an older idea of it."""
    here = advance(case, Act.CHECK_DOCUMENT, stamp.at, document=document)
    elsewhere = advance(case, Act.CANCEL, stamp.at + timedelta(seconds=1))
    with store.write() as session:
        cases.add(session, stamp, case)
        cases.save(session, stamp, elsewhere, "CASE.CANCELLED")

    with pytest.raises(CaseChanged), store.write() as session:
        cases.save(session, stamp, here, "DOCUMENT.READ")

    with store.read() as session:
        assert cases.load(session, case.number) == elsewhere


@pytest.mark.usefixtures("path")
def test_record_of_unknown_shape(store: Store, stamp: Stamp, case: Case) -> None:
    with store.write() as session:
        cases.add(session, stamp, case)
    with store.load() as connection:
        connection.execute(text("""UPDATE cases SET record = '{"nonsense": 1}'"""))

    with store.read() as session, pytest.raises(RecordDamaged):
        cases.load(session, case.number)


def test_board_shows_open_and_recent(store: Store, stamp: Stamp, case: Case) -> None:
    """An open case of last week stays on the board, an ended one does not."""
    week_ago = Stamp(stamp.at - timedelta(days=7), stamp.actor)
    old_open = replace(case, number="LA-2026-000002", opened_at=week_ago.at)
    old_ended = advance(replace(case, number="LA-2026-000003"), Act.CANCEL, week_ago.at)
    with store.write() as session:
        cases.add(session, stamp, case)
        cases.add(session, week_ago, old_open)
        cases.add(session, week_ago, old_ended)

    with store.read() as session:
        board = cases.cases_since(session, stamp.at - timedelta(hours=12))
        waiting = cases.open_cases(session)

    assert [one.number for one in board] == [case.number, old_open.number]
    assert [one.number for one in waiting] == [old_open.number, case.number]


def test_one_phone_a_person(
    store: Store, stamp: Stamp, case: Case, register_facts: RegisterFacts
) -> None:
    """A suspended credential of another case counts; a revoked one does not."""
    first = replace(case, register=register_facts)
    second = replace(first, number="LA-2026-000002")
    number = register_facts.overseas_number
    with store.write() as session:
        cases.add(session, stamp, first)
        cases.add(session, stamp, second)
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", first.number)

    with store.read() as session:
        held = cases.held_elsewhere(session, number, second.number)
        own = cases.held_elsewhere(session, number, first.number)
        other_person = cases.held_elsewhere(session, "LA-2020-000001", second.number)
    with store.write() as session:
        status.set_validity(session, stamp, slot, Validity.INVALID, "lost")
    with store.read() as session:
        after = cases.held_elsewhere(session, number, second.number)

    assert (held, own, other_person, after) == ((first.number,), (), (), ())


def test_holder_is_kept_as_digest_only(
    store: Store, stamp: Stamp, case: Case, register_facts: RegisterFacts
) -> None:
    with store.write() as session:
        cases.add(session, stamp, replace(case, register=register_facts))

    with store.read() as session:
        holder = session.execute(text("SELECT holder FROM cases")).scalar_one()

    assert len(holder) == 64
    assert register_facts.overseas_number not in holder


class TestBlobs:
    def test_kept_replaced_and_wiped(self, store: Store, stamp: Stamp, case: Case) -> None:
        with store.write() as session:
            cases.add(session, stamp, case)
            cases.keep_blob(session, stamp, case.number, BlobKind.FACE, "image/jpeg", b"one")
            cases.keep_blob(session, stamp, case.number, BlobKind.FACE, "image/jpeg", b"two")
            cases.keep_blob(session, stamp, case.number, BlobKind.PORTRAIT, "image/jpeg", b"chip")

        with store.write() as session:
            wiped = cases.wipe_blobs(session, stamp, case.number, [BlobKind.FACE])

        with store.read() as session:
            assert wiped == 1
            assert cases.blob(session, case.number, BlobKind.FACE) is None
            assert cases.blob(session, case.number, BlobKind.PORTRAIT) == b"chip"

    def test_nothing_to_wipe(self, store: Store, stamp: Stamp, case: Case) -> None:
        with store.write() as session:
            assert cases.wipe_blobs(session, stamp, case.number) == 0


def test_numbers_run_by_post_and_year(store: Store, stamp: Stamp) -> None:
    next_year = stamp.at.replace(year=2027)
    with store.write() as session:
        numbers = [
            sequences.next_case_number(session, "LA", stamp.at),
            sequences.next_case_number(session, "LA", stamp.at),
            sequences.next_case_number(session, "AKL", stamp.at),
            sequences.next_case_number(session, "LA", next_year),
            sequences.next_slip_serial(session, "LA03"),
        ]
        journal.append(session, stamp, "TEST.EVENT")

    assert numbers == [
        "LA-2026-000001",
        "LA-2026-000002",
        "AKL-2026-000001",
        "LA-2027-000001",
        "LA03-000001",
    ]

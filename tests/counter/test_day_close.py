"""The day's books add up or say where they do not; only two people's cards close a day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from desk.cards.piv import PivSession
from desk.cards.troubles import OtherCard, SignatureMismatch, WrongPin
from desk.counter import audit_commands, copies, day_close, intake
from desk.counter.station import Station
from desk.issuance import books as books_of
from desk.issuance.books import (
    Book,
    BooksChanged,
    DayClosed,
    DayNotClosed,
    Explanation,
    Fate,
    MayNotClose,
    NotExplained,
    Reason,
    SamePerson,
)
from desk.issuance.case import CaseKind, State, Step, open_case
from desk.issuance.officers import Officer
from desk.issuance.roles import Role
from desk.issuance.seals import Purpose
from desk.store import cases, journal, seals, slips, status
from desk.store.day_books import DayClose
from desk.store.journal import Stamp
from desk.store.slips import SlipKind
from desk.training.piv_card import PivCard
from tests.cards.issue import card_with, pin, sessions
from tests.counter.sealed import COPIES, START, officer, root, root_der, sealed, station_in

DAY = date(2026, 11, 23)
STAMP = Stamp(START, "officer:T-001")


class Reader:
    """The one reader of the desk; whoever's card lies in it."""

    def __init__(self) -> None:
        self.card = card_with(issuer=root())

    def officer_card(self) -> AbstractContextManager[PivSession]:
        return sessions(self.card)()


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def station(tmp_path: Path, reader: Reader) -> Iterator[Station]:
    with station_in(tmp_path, COPIES) as opened:
        usable = SimpleNamespace(check=lambda _certificate, _at: None)
        authority = SimpleNamespace(officer_roots=(root_der(),), revocations=usable)
        yield replace(opened, roles=cast(Any, reader), authority=cast(Any, authority))


def officer_of(card: PivCard, number: int = 1, role: Role = Role.OFFICER) -> Officer:
    return officer(number, card, role)


def case_of(station: Station, place: int, *states: State, placed: int = -1) -> str:
    """A case that went through ``states``; the log tells of as many QRs as its steps, unless
    ``placed`` says otherwise."""
    number = f"LA-2026-{900 + place:06d}"
    opened = open_case(number, "LA", "1", "T-001", "이서준", START)
    steps = tuple(Step(state, START + timedelta(minutes=2)) for state in states)
    last = states[-1] if states else State.OPENED
    case = replace(opened, state=last, history=(*opened.history, *steps))
    with station.store.write() as session:
        cases.add(session, STAMP, case)
        for _ in range(states.count(State.OFFERED) if placed < 0 else placed):
            journal.append(session, STAMP, "OFFER.PLACED", number)
        if State.SIGNING in states:
            journal.append(session, STAMP, "PHONE.KEY_TAKEN", number)
    return number


def note(station: Station, number: str, kind: str, **facts: str) -> None:
    with station.store.write() as session:
        journal.append(session, STAMP, kind, number, **facts)


def print_slip(
    station: Station,
    number: str,
    kind: SlipKind = SlipKind.HANDOVER,
    state: State = State.PROVEN,
    *,
    comes_out: bool = True,
) -> str:
    with station.store.write() as session:
        slip = slips.issue(session, STAMP, "LA01", number, kind, "ko", state=state.value)
        told = {"slip": slip.serial, "state": state.value}
        journal.append(session, STAMP, "CASE.SLIP_PRINTED", number, **told)
        if comes_out:
            slips.note_out(session, STAMP, slip.serial)
    return slip.serial


def closed(station: Station, number: str, given: str = "passport,slip") -> None:
    with station.store.write() as session:
        case = replace(cases.load(session, number), closed_at=START + timedelta(hours=1))
        cases.save(session, STAMP, case, "CASE.CLOSED", given=given)


def counts(station: Station, book: Book) -> dict[str, int]:
    state = day_close.books(station, DAY)[0].book(book)
    found = {fate.value: state.count(fate) for fate in Fate if state.count(fate)}
    return {"begun": state.begun, **found}


def test_a_resume_is_no_issue(station: Station) -> None:
    """Usable again, and nothing was issued; a reissue counts as one."""
    issued = case_of(station, 1, State.OFFERED, State.SIGNING, State.DELIVERED, State.PROVEN)
    resumed = case_of(station, 2, State.APPROVED, State.PROVEN)
    left = case_of(station, 3, State.APPROVED)
    kinds = {issued: CaseKind.REISSUE, resumed: CaseKind.RESUME, left: CaseKind.RESUME}
    with station.store.write() as session:
        for number, kind in kinds.items():
            case = replace(cases.load(session, number), kind=kind)
            cases.save(session, STAMP, case, "TEST.EVENT")

    assert counts(station, Book.CASES) == {"begun": 3, "issued": 1, "resumed": 1, "open": 1}


def test_cases_by_what_became_of_them(station: Station) -> None:
    case_of(station, 1, State.OFFERED, State.SIGNING, State.DELIVERED, State.PROVEN)
    not_proven = case_of(station, 2, State.OFFERED, State.SIGNING, State.DELIVERED)
    case_of(station, 3, State.REFUSED)
    case_of(station, 4, State.CANCELLED)
    case_of(station, 5, State.EXPIRED)
    left = case_of(station, 6)

    assert counts(station, Book.CASES) == {
        "begun": 6,
        "issued": 2,
        "refused": 1,
        "ended": 2,
        "open": 1,
    }
    found, _ = day_close.books(station, DAY)
    assert (found.not_proven, found.carried, found.differences) == ((not_proven,), (left,), ())


def test_another_day_has_its_own_books(station: Station) -> None:
    case_of(station, 1)

    assert day_close.books(station, DAY - timedelta(days=1))[0].is_empty
    assert day_close.books(station, DAY + timedelta(days=1))[0].is_empty


def test_qrs_by_what_the_log_tells_next(station: Station) -> None:
    taken = (State.OFFERED, State.SIGNING, State.DELIVERED)
    case_of(station, 1, *taken)
    again = case_of(station, 2, State.OFFERED, State.APPROVED, State.OFFERED, placed=0)
    note(station, again, "OFFER.PLACED")
    note(station, again, "OFFER.WITHDRAWN", reason="expired")
    note(station, again, "OFFER.PLACED")
    note(station, again, "OFFER.WITHDRAWN", reason="reprinted")
    case_of(station, 3, State.OFFERED)

    assert counts(station, Book.OFFERS) == {
        "begun": 4,
        "taken": 1,
        "expired": 1,
        "void": 1,
        "live": 1,
    }


def test_qr_that_only_one_side_knows(station: Station) -> None:
    case_of(station, 1, State.OFFERED, placed=2)
    case_of(station, 2, State.OFFERED, placed=0)

    found = counts(station, Book.OFFERS)

    assert (found["begun"], found["live"], found["unexplained"]) == (2, 1, 2)


def test_sheets_by_where_they_are(station: Station) -> None:
    handed = case_of(station, 1, State.PROVEN)
    print_slip(station, handed)
    closed(station, handed)
    kept = case_of(station, 2, State.PROVEN)
    print_slip(station, kept)
    nobody = case_of(station, 3, State.PROVEN)
    lost = print_slip(station, nobody)
    closed(station, nobody, given="passport")
    reprinted = case_of(station, 4, State.PROVEN)
    first = print_slip(station, reprinted)
    print_slip(station, reprinted)
    jammed = case_of(station, 5, State.PROVEN)
    print_slip(station, jammed, comes_out=False)
    print_slip(station, jammed)
    came_back = case_of(station, 6, State.PROVEN)
    print_slip(station, came_back, state=State.DELIVERED)
    print_slip(station, came_back)

    # The one that jammed is in nobody's hand; who came back has the first one too.
    assert counts(station, Book.SLIPS) == {
        "begun": 9,
        "handed": 2,
        "spoiled": 1,
        "with_case": 4,
        "unexplained": 2,
    }
    found, _ = day_close.books(station, DAY)
    assert {item.key for _, item in found.differences} == {lost, first}


def test_sheet_that_the_log_does_not_know(station: Station) -> None:
    number = case_of(station, 1, State.PROVEN)
    print_slip(station, number)
    with station.store.load() as connection:
        connection.execute(text("UPDATE slips SET serial = 'LA01-000099'"))

    assert counts(station, Book.SLIPS) == {"begun": 1, "unexplained": 2}


def test_index_without_a_credential(station: Station) -> None:
    number = case_of(station, 1, State.SIGNING)
    with station.store.write() as session:
        status.open_list(session, STAMP, "1", size=64)
        status.allocate(session, STAMP, "1", number)

    assert counts(station, Book.INDEXES) == {"begun": 1, "unexplained": 1}


# The close


def explained(station: Station) -> tuple[Explanation, ...]:
    found, _ = day_close.books(station, DAY)
    return tuple(
        Explanation(book, item.key, Reason.NOT_FOUND, "두 사람이 함께 찾았으나 없었습니다.")
        for book, item in found.differences
    )


def shown(station: Station) -> bytes:
    found, _ = day_close.books(station, DAY)
    return books_of.digest_of(books_of.summary(found, explained(station)))


def first(station: Station, reader: Reader, number: int = 1) -> tuple[DayClose, Officer]:
    officer = officer_of(reader.card, number)
    given = explained(station)
    return day_close.sign_first(station, officer, DAY, given, pin(), shown(station)), officer


def second(station: Station, reader: Reader, number: int = 2) -> DayClose:
    reader.card = card_with(issuer=root())
    officer = officer_of(reader.card, number, Role.APPROVER)
    return day_close.sign_second(station, officer, DAY, pin(), shown(station))


def test_two_cards_close_the_day(station: Station, reader: Reader) -> None:
    lost = case_of(station, 1, State.PROVEN)
    print_slip(station, lost)
    closed(station, lost, given="")
    assert len(explained(station)) == 1

    begun, _ = first(station, reader)
    assert begun.closed_at is None
    close = second(station, reader)

    assert close.closed_at is not None
    assert [one.officer for one in close.signatures] == ["T-001", "T-002"]
    told = json.loads(close.summary)
    assert told["differences"][0]["remark"].startswith("두 사람이")
    with station.store.read() as session:
        seal = seals.latest(session)[0].seal
        assert journal.newest(session, 2)[1].kind == "DAY.CLOSED"
    assert (seal.purpose, seal.officers) == (Purpose.DAY_CLOSE, ("T-001", "T-002"))
    assert seal.verify().text == close.checkpoint
    assert day_close.books(station, DAY)[1] == close


def test_both_signatures_seal_the_log(station: Station, reader: Reader, tmp_path: Path) -> None:
    """A close was summed up before its second card came; logs and copies verify all the same."""
    case_of(station, 1)
    first(station, reader)
    sealed(station)
    copies.send(station)
    second(station, reader)
    copies.send(station)
    sealed(station)
    copies.send(station)

    log = tmp_path / "log.jsonl"
    audit_commands.export(station.store, log, START)
    beside = log.with_name(log.name + ".seals")
    assert audit_commands.verify(log, beside, [root_der()]).status == 0
    folder = next((station.home / COPIES).iterdir())
    assert audit_commands.verify(folder, roots=[root_der()]).status == 0


def test_same_person_or_same_card_cannot_sign_twice(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    _, officer = first(station, reader)

    with pytest.raises(SamePerson):
        day_close.sign_second(station, officer, DAY, pin(), shown(station))
    same_card = replace(officer, officer_id="T-002")
    with pytest.raises(SamePerson):
        day_close.sign_second(station, same_card, DAY, pin(), shown(station))
    same_person = replace(officer_of(card_with(issuer=root())), officer_id=officer.officer_id)
    with pytest.raises(SamePerson):
        day_close.sign_second(station, same_person, DAY, pin(), shown(station))


def test_books_that_changed_end_the_first_signature(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    before = shown(station)
    first(station, reader)
    case_of(station, 2)

    reader.card = card_with(issuer=root())
    officer = officer_of(reader.card, 2, Role.APPROVER)
    with pytest.raises(BooksChanged):
        day_close.sign_second(station, officer, DAY, pin(), before)
    with pytest.raises(BooksChanged):
        day_close.sign_second(station, officer, DAY, pin(), shown(station))
    close = day_close.books(station, DAY)[1]
    assert close is not None and not day_close.is_current(day_close.books(station, DAY)[0], close)


def test_other_digest_than_shown(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    officer = officer_of(reader.card)

    with pytest.raises(BooksChanged):
        day_close.sign_first(station, officer, DAY, (), pin(), bytes(32))


def test_unexplained_difference_keeps_the_day_open(station: Station, reader: Reader) -> None:
    number = case_of(station, 1, State.PROVEN)
    print_slip(station, number)
    closed(station, number, given="")
    given = explained(station)
    empty = replace(given[0], remark="  ")

    for told in ((), (empty,)):
        with pytest.raises(NotExplained):
            day_close.sign_first(station, officer_of(reader.card), DAY, told, pin(), bytes(32))


def test_who_may_close(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    administrator = officer_of(reader.card, 1, Role.ADMINISTRATOR)

    with pytest.raises(MayNotClose):
        day_close.sign_first(station, administrator, DAY, (), pin(), shown(station))


def test_another_card_in_the_reader(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    officer = officer_of(reader.card)
    reader.card = card_with(issuer=root())

    with pytest.raises(OtherCard):
        day_close.sign_first(station, officer, DAY, (), pin(), shown(station))


def test_wrong_pin_signs_nothing_and_is_wiped(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    wrong = pin("000000")

    with pytest.raises(WrongPin):
        day_close.sign_first(station, officer_of(reader.card), DAY, (), wrong, shown(station))

    assert not any(wrong)
    assert day_close.books(station, DAY)[1] is None


def test_forged_first_signature(station: Station, reader: Reader) -> None:
    """Whoever writes a first signature into the records does not get the second."""
    case_of(station, 1)
    first(station, reader)
    with station.store.load() as connection:
        raw = connection.execute(text("SELECT signatures FROM day_closes")).scalar_one()
        members = json.loads(raw)
        signature = bytearray.fromhex(members[0]["signature"])
        signature[-1] ^= 1
        members[0]["signature"] = signature.hex()
        connection.execute(
            text("UPDATE day_closes SET signatures = :new"), {"new": json.dumps(members)}
        )

    with pytest.raises(SignatureMismatch):
        second(station, reader)


def test_closed_day_stays_as_it_was_signed(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    first(station, reader)
    second(station, reader)

    for statement in ("UPDATE day_closes SET summary = ''", "DELETE FROM day_closes"):
        with pytest.raises(IntegrityError), station.store.load() as connection:
            connection.execute(text(statement))
    with pytest.raises(DayClosed):
        second(station, reader)


# New cases


def live(station: Station, at: datetime) -> Station:
    return replace(station, training=False, now=lambda: at)


def test_unclosed_yesterday_keeps_new_cases_closed(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    tomorrow = live(station, datetime(2026, 11, 24, 17, 0, tzinfo=UTC))
    officer = officer_of(reader.card)

    with pytest.raises(DayNotClosed) as refused:
        intake.open_case(tomorrow, officer)
    assert refused.value.facts == {"day": "2026-11-23"}
    assert day_close.due_day(tomorrow) == DAY

    first(station, reader)
    second(station, reader)
    assert intake.open_case(tomorrow, officer).number.startswith("LA-2026-")


def test_closed_day_takes_no_new_case(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    first(station, reader)
    second(station, reader)

    with pytest.raises(DayClosed):
        intake.open_case(live(station, START + timedelta(hours=2)), officer_of(reader.card))


def test_rehearsal_may_go_on(station: Station, reader: Reader) -> None:
    case_of(station, 1)
    tomorrow = replace(station, now=lambda: datetime(2026, 11, 24, 17, 0, tzinfo=UTC))

    assert intake.open_case(tomorrow, officer_of(reader.card)).state is State.OPENED

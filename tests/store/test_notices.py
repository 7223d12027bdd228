"""Credentials that must change: told by a file, or found by comparing an extract."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from desk.issuance.aftercare import SetAside
from desk.issuance.case import Act, Case, Document, RegisterFacts, State, advance, open_case
from desk.store import cases, commands, journal, notices, register, retention, status
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.notice_file import Notice, NoticeKind
from desk.store.notices import MustChange, NoSuchNotice, Source
from desk.store.status import Validity
from tests.samples import ENTRY, PASSPORT
from tests.store.test_register import POSTS, extract

OTHER = replace(ENTRY, overseas_number="LA-2020-000007", passport_number="M222B2222")
OTHER_PASSPORT = replace(PASSPORT, number="M222B2222")
SHA = "ab" * 32


def issued(
    store: Store,
    stamp: Stamp,
    number: str = "LA-2026-000001",
    document: Document = PASSPORT,
    entry: RegisterFacts = ENTRY,
) -> Case:
    """A case whose credential is in force."""
    case = open_case(number, "LA", "3", "T-001", "이서준", stamp.at)
    done = advance(case, Act.CHECK_DOCUMENT, stamp.at, document=document, register=entry)
    done = replace(
        done, state=State.PROVEN, closed_at=stamp.at, history=(*done.history, done.history[-1])
    )
    with store.write() as session:
        cases.add(session, stamp, case)
        cases.save(session, stamp, done, "CASE.CLOSED")
        slot = status.take(session, stamp, number)
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")
    return done


def import_lines(store: Store, stamp: Stamp, file: Path, *rows: dict[str, str]) -> None:
    file.write_text(extract(*rows), encoding="utf-8")
    register.import_extract(store, file, stamp, POSTS)


def told(store: Store, stamp: Stamp, *given: Notice) -> notices.Taken:
    with store.write() as session:
        return notices.take(session, stamp, given, SHA)


def standing(store: Store) -> tuple[MustChange, ...]:
    with store.read() as session:
        return notices.standing(session)


def kinds(store: Store) -> list[tuple[str, NoticeKind]]:
    return [(one.case_number, one.kind) for one in standing(store)]


def revoke(store: Store, stamp: Stamp, number: str) -> None:
    with store.write() as session:
        for entry in status.entries_of(session, number):
            status.set_validity(session, stamp, entry.slot, Validity.INVALID, "register_deleted")


DEATH = Notice(NoticeKind.DIED, ENTRY.overseas_number, date(2026, 11, 20), "D-17")


class TestFile:
    def test_a_notice_lists_the_credential_that_stands(self, store: Store, stamp: Stamp) -> None:
        issued(store, stamp)
        stranger = replace(DEATH, overseas_number="LA-1999-000001")

        taken = told(store, stamp, DEATH, stranger)

        (line,) = standing(store)
        assert (taken.new, taken.known) == (2, 0)
        assert (line.case_number, line.kind, line.source) == (
            "LA-2026-000001",
            NoticeKind.DIED,
            Source.FILE,
        )
        assert (line.effective_on, line.document) == (date(2026, 11, 20), "D-17")
        assert line.validity is Validity.VALID
        assert line.person is not None and line.person["hangul"] == "김하늘"

    @pytest.mark.usefixtures("path")
    def test_it_goes_when_the_credential_is_ended(self, store: Store, stamp: Stamp) -> None:
        issued(store, stamp)
        told(store, stamp, DEATH)

        revoke(store, stamp, "LA-2026-000001")

        assert standing(store) == ()

    def test_a_credential_issued_after_the_notice_came_is_found_too(
        self, store: Store, stamp: Stamp
    ) -> None:
        """The window may have decided with an extract that did not know yet."""
        told(store, stamp, DEATH)

        issued(store, stamp)

        assert kinds(store) == [("LA-2026-000001", NoticeKind.DIED)]

    def test_the_purge_takes_the_name_and_leaves_the_line(self, store: Store, stamp: Stamp) -> None:
        issued(store, stamp)
        retention.purge(store, stamp, stamp.at + timedelta(days=1))

        told(store, stamp, DEATH)

        (line,) = standing(store)
        assert line.person is None

    @pytest.mark.usefixtures("path")
    def test_the_same_notice_twice_is_one(self, store: Store, stamp: Stamp) -> None:
        issued(store, stamp)
        told(store, stamp, DEATH)
        with store.write() as session:
            notices.put_aside(
                session, stamp, "LA-2026-000001", NoticeKind.DIED, SetAside.OTHER_PERSON
            )

        again = told(store, stamp, DEATH)

        assert (again.new, again.known) == (0, 1)
        assert standing(store) == ()

    @pytest.mark.usefixtures("path")
    def test_a_new_passport(self, store: Store, stamp: Stamp) -> None:
        """A number that is told decides; without one the day does."""
        issued(store, stamp)
        today, before = stamp.at.date(), stamp.at.date() - timedelta(days=1)
        given = {
            ("M123A4567", today): False,  # issued upon this very passport
            ("M987B6543", today): True,
            ("M987B6543", before): True,
            ("", today): True,
            ("", before): False,  # told before the case was opened
        }

        found = {}
        for place, (passport, day) in enumerate(given):
            number, kind = ENTRY.overseas_number, NoticeKind.NEW_PASSPORT
            told(store, stamp, Notice(kind, number, day, f"P-{place}", passport))
            found[passport, day] = bool(standing(store))
            if found[passport, day]:
                with store.write() as session:
                    notices.put_aside(session, stamp, "LA-2026-000001", kind, SetAside.NOTICE_WRONG)

        assert found == given

    def test_the_log_names_nobody(self, store: Store, stamp: Stamp) -> None:
        issued(store, stamp)
        told(store, stamp, DEATH)

        with store.read() as session:
            (event,) = (one for one in journal.events(session) if one.kind == "NOTICES.IMPORTED")
        assert dict(event.facts) == {"entries": 1, "count": 1, "sha256": SHA}


class TestRegister:
    def test_each_change_of_the_register_is_found(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        """Struck off, another passport, gone, and one of whom nothing changed."""
        struck = replace(ENTRY, overseas_number="LA-3")
        gone = replace(ENTRY, overseas_number="LA-4")
        same = replace(ENTRY, overseas_number="LA-5")
        for place, entry in enumerate((struck, OTHER, gone, same), start=1):
            document = OTHER_PASSPORT if entry is OTHER else PASSPORT
            issued(store, stamp, f"LA-2026-00000{place}", document, entry)

        import_lines(
            store,
            stamp,
            tmp_path / "register.csv",
            {"overseas_number": "LA-3", "status": "struck_off", "status_date": "2026-10-01"},
            {"overseas_number": OTHER.overseas_number, "passport_number": "M333C3333"},
            {"overseas_number": "LA-5"},
        )

        assert kinds(store) == [
            ("LA-2026-000001", NoticeKind.DELETED),
            ("LA-2026-000002", NoticeKind.NEW_PASSPORT),
            ("LA-2026-000003", NoticeKind.MISSING),
        ]
        assert standing(store)[0].effective_on == date(2026, 10, 1)

    def test_after_the_purge_as_well(self, store: Store, stamp: Stamp, tmp_path: Path) -> None:
        issued(store, stamp)
        retention.purge(store, stamp, stamp.at + timedelta(days=1))

        import_lines(store, stamp, tmp_path / "r.csv", {"passport_number": "M333C3333"})

        assert kinds(store) == [("LA-2026-000001", NoticeKind.NEW_PASSPORT)]

    @pytest.mark.usefixtures("path")
    def test_a_register_behind_the_passport_is_no_change(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        """The register had an older number when the credential was approved, and still has."""
        older = replace(ENTRY, passport_number="M000Z0000")
        issued(store, stamp, entry=older)

        import_lines(store, stamp, tmp_path / "r.csv", {"passport_number": "M000Z0000"})

        assert standing(store) == ()

    @pytest.mark.usefixtures("path")
    def test_what_the_next_extract_does_not_show_is_withdrawn(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        issued(store, stamp)
        file = tmp_path / "r.csv"
        import_lines(store, stamp, file, {"overseas_number": "LA-9"})
        assert kinds(store) == [("LA-2026-000001", NoticeKind.MISSING)]

        import_lines(store, stamp, file, {})

        assert standing(store) == ()
        with store.read() as session:
            assert notices.set_aside(session) == ()

    def test_set_aside_stays_so_until_something_else_changes(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        """The same extract again opens nothing; another passport number does."""
        issued(store, stamp)
        file, later = tmp_path / "r.csv", Stamp(stamp.at + timedelta(hours=1), stamp.actor)
        import_lines(store, stamp, file, {"passport_number": "M333C3333"})
        with store.write() as session:
            notices.put_aside(
                session,
                stamp,
                "LA-2026-000001",
                NoticeKind.NEW_PASSPORT,
                SetAside.LOOKED_AND_STAYS,
            )

        import_lines(store, later, file, {"passport_number": "M333C3333"})
        same = kinds(store)
        with store.read() as session:
            (aside,) = notices.set_aside(session)
        import_lines(store, later, file, {"passport_number": "M444D4444"})

        assert same == []
        assert (aside.end_reason, aside.ended_by) == ("looked_and_stays", stamp.actor)
        assert kinds(store) == [("LA-2026-000001", NoticeKind.NEW_PASSPORT)]

    @pytest.mark.usefixtures("path")
    def test_a_case_under_way_is_listed_once_it_has_a_credential(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        """Approved with the extract before, delivered after the next one was imported."""
        case = open_case("LA-2026-000001", "LA", "3", "T-001", "이서준", stamp.at)
        approved = advance(case, Act.CHECK_DOCUMENT, stamp.at, document=PASSPORT, register=ENTRY)
        approved = replace(approved, state=State.APPROVED)
        with store.write() as session:
            cases.add(session, stamp, approved)
        import_lines(store, stamp, tmp_path / "r.csv", {"overseas_number": "LA-9"})
        before = kinds(store)

        with store.write() as session:
            status.take(session, stamp, case.number)
            journal.append(session, stamp, "TEST.TAKEN")

        assert (before, kinds(store)) == ([], [(case.number, NoticeKind.MISSING)])

    @pytest.mark.usefixtures("path")
    def test_nothing_is_looked_for_without_credentials(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        import_lines(store, stamp, tmp_path / "r.csv", {})

        with store.read() as session:
            told = [one.kind for one in journal.events(session)]
        assert "REGISTER.COMPARED" not in told

    @pytest.mark.usefixtures("path")
    def test_a_paper_speaks_before_the_register(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        """One line for a case and kind; set aside, both are."""
        issued(store, stamp)
        struck = {"status": "struck_off", "status_date": "2026-11-19"}
        import_lines(store, stamp, tmp_path / "r.csv", struck)
        told(store, stamp, replace(DEATH, kind=NoticeKind.DELETED))

        (line,) = standing(store)
        with store.write() as session:
            notices.put_aside(session, stamp, line.case_number, line.kind, SetAside.NOTICE_WRONG)

        assert (line.source, line.document) == (Source.FILE, "D-17")
        assert standing(store) == ()


def test_a_younger_notice_counts_at_the_window(store: Store, stamp: Stamp) -> None:
    """Until it is set aside; one of a deletion also until an extract comes that is younger."""
    before = replace(ENTRY, as_of=stamp.at - timedelta(hours=1))
    after = replace(ENTRY, as_of=stamp.at + timedelta(hours=1))
    stranger = replace(before, overseas_number="LA-9")
    issued(store, stamp)
    told(store, stamp, replace(DEATH, kind=NoticeKind.NEW_PASSPORT))
    with store.read() as session:
        assert notices.overlaid(session, [before]) == (before,)

    told(store, stamp, replace(DEATH, kind=NoticeKind.DELETED))
    with store.read() as session:
        deleted = notices.overlaid(session, [after])
    told(store, stamp, DEATH)
    with store.read() as session:
        found = notices.overlaid(session, [before, stranger])
        died = notices.overlaid(session, [after])
    for kind in (NoticeKind.DIED, NoticeKind.DELETED):
        with store.write() as session:
            notices.put_aside(session, stamp, "LA-2026-000001", kind, SetAside.NOTICE_WRONG)
    with store.read() as session:
        aside = notices.overlaid(session, [before])

    struck = replace(
        before, status="struck_off", status_date=date(2026, 11, 20), status_reason="D-17"
    )
    # The living first: the other entry has moved up.
    assert found == (stranger, struck)
    assert [one.status for one in died] == ["struck_off"]
    assert (deleted, aside) == ((after,), (before,))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("purged", [False, True])
def test_who_was_registered_again_has_a_credential_of_its_own(
    store: Store, stamp: Stamp, purged: bool
) -> None:
    """The paper that struck off asked for the new credential's end as well; it concerns what is
    older than it. A death stands against everything."""
    issued(store, stamp)
    told(store, stamp, replace(DEATH, kind=NoticeKind.DELETED))
    revoke(store, stamp, "LA-2026-000001")
    again = Stamp(stamp.at + timedelta(days=180), stamp.actor)
    issued(store, again, "LA-2027-000001", entry=replace(ENTRY, as_of=again.at))
    if purged:
        retention.purge(store, again, again.at + timedelta(days=1))

    after_the_paper = kinds(store)
    told(store, again, DEATH)

    assert after_the_paper == []
    assert kinds(store) == [("LA-2027-000001", NoticeKind.DIED)]


@pytest.mark.usefixtures("path")
def test_what_was_decided_upon_an_extract_before_the_paper_is_concerned(
    store: Store, stamp: Stamp
) -> None:
    """Told while the applicant stood at the window, after the register had been asked."""
    told(store, stamp, replace(DEATH, kind=NoticeKind.DELETED))
    later = Stamp(stamp.at + timedelta(minutes=5), stamp.actor)

    issued(store, later)

    assert kinds(store) == [("LA-2026-000001", NoticeKind.DELETED)]


@pytest.mark.usefixtures("path")
def test_what_is_settled_cannot_be_set_aside(store: Store, stamp: Stamp) -> None:
    issued(store, stamp)
    told(store, stamp, DEATH)
    revoke(store, stamp, "LA-2026-000001")

    with pytest.raises(NoSuchNotice), store.write() as session:
        notices.put_aside(session, stamp, "LA-2026-000001", NoticeKind.DIED, SetAside.OTHER_PERSON)


@pytest.mark.usefixtures("path")
class TestCommands:
    def test_a_file_is_taken_and_what_must_change_is_listed(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        issued(store, stamp)
        file = tmp_path / "changes.json"
        notice = {
            "kind": "died",
            "overseas_number": ENTRY.overseas_number,
            "date": "2026-11-20",
            "document": "D-17",
        }
        file.write_text(json.dumps({"version": 1, "notices": [notice]}), encoding="utf-8")

        taken = commands.import_changes(file, store, stamp)
        listed = commands.changes(store)

        assert (taken.status, taken.facts["new"], taken.facts["must_change"]) == (0, 1, 1)
        assert listed.facts["must_change"] == [
            {
                "case": "LA-2026-000001",
                "kind": "died",
                "source": "file",
                "since": "2026-11-20",
                "document": "D-17",
                "noted_at": stamp.at.isoformat(),
                "status": "valid",
            }
        ]
        assert "died since 2026-11-20" in listed.text
        assert "김하늘" not in listed.text + json.dumps(listed.facts)

    def test_a_refused_file_changes_nothing(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        """What is wrong is named without its content, in words and in facts."""
        file = tmp_path / "changes.json"
        file.write_text('{"version": 1, "notices": [{"kind": "KIM"}]}', encoding="utf-8")

        answer = commands.import_changes(file, store, stamp)
        other = commands.import_changes(tmp_path / "none.json", store, stamp)

        assert (answer.status, answer.facts["code"]) == (1, "NOTICE-03")
        assert "KIM" not in answer.text + json.dumps(answer.facts)
        assert (other.status, other.facts["code"]) == (1, "NOTICE-01")
        with store.read() as session:
            assert [one.kind for one in journal.events(session)] == []

    def test_nothing_to_change(self, store: Store) -> None:
        assert commands.changes(store).text == "no credential must change"

    def test_an_import_of_the_register_tells_how_many(
        self, store: Store, stamp: Stamp, tmp_path: Path
    ) -> None:
        issued(store, stamp)
        file = tmp_path / "r.csv"
        file.write_text(extract({"overseas_number": "LA-9"}), encoding="utf-8")

        assert commands.import_register(file, store, stamp).facts["must_change"] == 1

    def test_every_kind_has_words(self) -> None:
        assert set(commands.KIND_WORDS) == set(NoticeKind)

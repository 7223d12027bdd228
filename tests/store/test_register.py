from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from desk.issuance.posts import SEOUL
from desk.store import journal, register
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.register_file import (
    COLUMNS,
    BadLine,
    ExtractEmpty,
    ExtractEncoding,
    ExtractHeader,
    ExtractLines,
    ExtractMisdated,
    ExtractOlder,
    ExtractRefused,
    ExtractUnreadable,
    Reason,
    latin_key,
)
from desk.store.register_rows import rows_in
from desk.store.troubles import Full

POSTS = {"LA", "VN"}
HEADER = ",".join(COLUMNS)

# An invented person; the resident number fails its check digit.
GOOD = {
    "overseas_number": "LA-2019-004318",
    "name_hangul": "김하늘",
    "surname": "KIM",
    "given_names": "HANEUL",
    "birth_date": "1991-03-14",
    "sex": "F",
    "nationality": "KOR",
    "resident_number": "910314-2987654",
    "passport_number": "M123A4567",
    "post": "LA",
    "address": "1842 Sample Avenue, Apt 7",
    "status": "alive",
    "status_date": "",
    "status_reason": "",
}


def extract(*rows: dict[str, str]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows([GOOD | row for row in rows])
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "register.csv"


def bring_in(
    store: Store, file: Path, stamp: Stamp, content: str | bytes
) -> register.RegisterState:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return register.import_extract(store, file, stamp, POSTS)


def lines_stored(session: Session) -> int:
    tables = [rows_in(session).table(slot) for slot in register.SLOTS]
    counts = [session.scalars(select(func.count(table.line))).one() for table in tables]
    return sum(counts)


def bad_lines(store: Store, file: Path, stamp: Stamp, content: str | bytes) -> list[BadLine]:
    with pytest.raises(ExtractLines) as refused:
        bring_in(store, file, stamp, content)
    return list(refused.value.lines)


def test_entry_comes_back(store: Store, file: Path, stamp: Stamp) -> None:
    state = bring_in(store, file, stamp, extract({}))

    with store.read() as session:
        (found,) = register.by_overseas_number(session, "LA-2019-004318")
        assert register.state(session) == state
    assert (state.entries, state.as_of) == (1, stamp.at)
    assert found.name_hangul == "김하늘"
    assert found.address == "1842 Sample Avenue, Apt 7"
    assert found.birth_date == date(1991, 3, 14)
    assert found.status_date is None
    assert found.as_of == stamp.at


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends(
    store: Store, file: Path, stamp: Stamp, start: str, end: str
) -> None:
    content = start + extract({}, {"overseas_number": "LA-2"}).replace("\n", end)

    assert bring_in(store, file, stamp, content).entries == 2


def test_hangul_is_stored_composed(store: Store, file: Path, stamp: Stamp) -> None:
    """Macs write decomposed Hangul; a search must find it all the same."""
    decomposed = "\u1100\u1175\u11b7\u1112\u1161\u1102\u1173\u11af"
    bring_in(store, file, stamp, extract({"name_hangul": decomposed}))

    with store.read() as session:
        (found,) = register.by_passport(session, "M123A4567")

    assert found.name_hangul == "김하늘"


def test_import_takes_the_place_of_the_former(store: Store, file: Path, stamp: Stamp) -> None:
    """Nobody of the old extract is found any more, and its rows are gone."""
    bring_in(store, file, stamp, extract({}, {"overseas_number": "LA-2"}))
    later = Stamp(stamp.at + timedelta(hours=6), stamp.actor)

    bring_in(store, file, later, extract({"overseas_number": "LA-3"}))

    with store.read() as session:
        assert register.by_overseas_number(session, "LA-2") == ()
        assert lines_stored(session) == 1
        assert session.execute(text("SELECT count(*) FROM register_batches")).scalar() == 1
        assert register.state(session).as_of == later.at  # type: ignore[union-attr]


def test_age_of_the_source_can_be_told(store: Store, file: Path, stamp: Stamp) -> None:
    file.write_text(extract({}), encoding="utf-8")
    made = stamp.at - timedelta(hours=30)

    state = register.import_extract(store, file, stamp, POSTS, as_of=made)

    assert state.as_of == made


DAY = timedelta(days=1)


def bring_in_as_of(
    store: Store, file: Path, stamp: Stamp, as_of: datetime, content: str
) -> register.RegisterState:
    file.write_text(content, encoding="utf-8")
    return register.import_extract(store, file, stamp, POSTS, as_of=as_of)


def test_an_older_extract_is_refused(store: Store, file: Path, stamp: Stamp) -> None:
    """By its day in Korea; what it would undo stays, and the log tells of it."""
    used = bring_in_as_of(store, file, stamp, stamp.at - DAY, extract({}))

    with pytest.raises(ExtractOlder) as caught:
        bring_in_as_of(store, file, stamp, stamp.at - 2 * DAY, extract({"sex": "M"}))

    made = (stamp.at - 2 * DAY).astimezone(SEOUL).date()
    assert caught.value.facts == {
        "made": made.isoformat(),
        "in_use": (made + DAY).isoformat(),
    }
    with store.read() as session:
        assert register.state(session) == replace(used, newest=None)
        assert [one.kind for one in journal.events(session)][-1] == "REGISTER.REFUSED"


def test_another_extract_of_the_same_day_is_taken(store: Store, file: Path, stamp: Stamp) -> None:
    """One that was put right."""
    day = stamp.at.astimezone(SEOUL).replace(hour=0, minute=0) - DAY
    later = day.replace(hour=20)
    bring_in_as_of(store, file, stamp, later, extract({}))

    assert bring_in_as_of(store, file, stamp, day, extract({"sex": "M"})).as_of == day


@pytest.mark.parametrize("ahead", [timedelta(minutes=1), -2 * DAY])
def test_a_time_that_cannot_be_is_refused(
    store: Store, file: Path, stamp: Stamp, ahead: timedelta
) -> None:
    """Still to come, or before what the extract tells of itself."""
    newest = (stamp.at.astimezone(SEOUL) - DAY).date()

    with pytest.raises(ExtractMisdated) as caught:
        bring_in_as_of(
            store, file, stamp, stamp.at + ahead, extract({"status_date": newest.isoformat()})
        )

    said, now = (at.astimezone(SEOUL) for at in (stamp.at + ahead, stamp.at))
    assert caught.value.facts == {
        "made": f"{said:%Y-%m-%d %H:%M}",
        "newest": newest.isoformat(),
        "now": f"{now:%Y-%m-%d %H:%M}",
    }
    with store.read() as session:
        assert register.state(session) is None


def test_the_same_file_does_not_grow_younger(store: Store, file: Path, stamp: Stamp) -> None:
    """Imported again, it is as old as it was said to be."""
    made = stamp.at - 3 * DAY
    bring_in_as_of(store, file, stamp, made, extract({}))

    again = bring_in(store, file, stamp, extract({}))
    other = bring_in(store, file, stamp, extract({"sex": "M"}))

    assert (again.as_of, other.as_of) == (made, stamp.at)


def test_an_extract_whose_entries_go_back_is_told_of(
    store: Store, file: Path, stamp: Stamp
) -> None:
    """Nobody said when it was made: the former one knew of something later."""
    days = ["2026-11-20", "2026-11-19", "2026-11-19", "", "2026-11-18"]

    told = [
        bring_in(store, file, stamp, extract({"status_date": day, "address": f"{place} Street"}))
        for place, day in enumerate(days)
    ]

    assert [one.goes_back for one in told] == [False, True, False, False, False]
    assert told[0].newest == date(2026, 11, 20)


def test_import_is_logged_without_names(store: Store, file: Path, stamp: Stamp) -> None:
    bring_in(store, file, stamp, extract({}))

    with store.read() as session:
        (event,) = journal.events(session)

    assert event.kind == "REGISTER.IMPORTED"
    assert event.facts["entries"] == 1


@pytest.mark.usefixtures("path")
class TestBadLines:
    @pytest.mark.parametrize(
        ("column", "value", "reason"),
        [
            ("overseas_number", "", Reason.MISSING),
            ("overseas_number", "la 2019", Reason.NOT_A_NUMBER),
            ("name_hangul", "", Reason.MISSING),
            ("name_hangul", "12345", Reason.NOT_A_NAME),
            ("name_hangul", "가" * 61, Reason.TOO_LONG),
            ("surname", "", Reason.MISSING),
            ("surname", "KIM9", Reason.NOT_A_NAME),
            ("surname", "김", Reason.NOT_A_NAME),
            ("given_names", "HA<NEUL", Reason.NOT_A_NAME),
            ("birth_date", "", Reason.MISSING),
            ("birth_date", "14.03.1991", Reason.NOT_A_DATE),
            ("birth_date", "19910314", Reason.NOT_A_DATE),
            ("birth_date", "1991-02-30", Reason.NOT_A_DATE),
            ("birth_date", "2199-01-01", Reason.DATE_OUT_OF_RANGE),
            ("birth_date", "1091-03-14", Reason.DATE_OUT_OF_RANGE),
            ("sex", "W", Reason.UNKNOWN_VALUE),
            ("nationality", "Korea", Reason.UNKNOWN_VALUE),
            ("resident_number", "910314-29876", Reason.NOT_A_NUMBER),
            ("resident_number", "910314-298765\uff14", Reason.NOT_A_NUMBER),
            ("passport_number", "m123a4567", Reason.NOT_A_NUMBER),
            ("passport_number", "M123A45678", Reason.NOT_A_NUMBER),
            ("post", "XX", Reason.UNKNOWN_POST),
            ("address", "a" * 301, Reason.TOO_LONG),
            ("address", "a\x07b", Reason.CONTROL_CHARACTER),
            ("status", "dead", Reason.UNKNOWN_VALUE),
            ("status_date", "soon", Reason.NOT_A_DATE),
            ("status_reason", "a" * 201, Reason.TOO_LONG),
        ],
    )
    def test_each_column(
        self, store: Store, file: Path, stamp: Stamp, column: str, value: str, reason: Reason
    ) -> None:
        content = extract({}, {"overseas_number": "LA-2", column: value})

        assert bad_lines(store, file, stamp, content) == [BadLine(3, column, reason)]

    def test_struck_off_needs_its_date(self, store: Store, file: Path, stamp: Stamp) -> None:
        content = extract({"status": "struck_off"})

        assert bad_lines(store, file, stamp, content) == [BadLine(2, "status_date", Reason.MISSING)]

    def test_all_are_named(self, store: Store, file: Path, stamp: Stamp) -> None:
        """Several columns of a line, several lines, and a repeated number, in their order."""
        content = extract(
            {},
            {"overseas_number": "LA-2", "sex": "?", "post": "??"},
            {},
            {"overseas_number": "LA-3", "birth_date": "x"},
        )

        assert bad_lines(store, file, stamp, content) == [
            BadLine(3, "sex", Reason.UNKNOWN_VALUE),
            BadLine(3, "post", Reason.UNKNOWN_POST),
            BadLine(4, "overseas_number", Reason.DUPLICATE, first_line=2),
            BadLine(5, "birth_date", Reason.NOT_A_DATE),
        ]

    def test_number_of_columns(self, store: Store, file: Path, stamp: Stamp) -> None:
        content = extract({}) + "LA-2,too,few\n"

        assert bad_lines(store, file, stamp, content) == [BadLine(3, "", Reason.COLUMN_COUNT)]

    def test_field_over_two_lines(self, store: Store, file: Path, stamp: Stamp) -> None:
        """A line break inside quotes is a control character; the numbers after it are right."""
        content = extract({"address": "one\ntwo"}, {"overseas_number": "LA-2", "sex": "?"})

        assert bad_lines(store, file, stamp, content) == [
            BadLine(2, "address", Reason.CONTROL_CHARACTER),
            BadLine(4, "sex", Reason.UNKNOWN_VALUE),
        ]

    def test_open_quotation_mark(self, store: Store, file: Path, stamp: Stamp) -> None:
        content = extract({}) + '"LA-2,' + extract({"overseas_number": "LA-3"})

        found = bad_lines(store, file, stamp, content)

        assert [(line.line, line.reason) for line in found] == [(3, Reason.QUOTES)]

    def test_single_broken_byte(self, store: Store, file: Path, stamp: Stamp) -> None:
        content = extract({}, {"overseas_number": "LA-2"}).encode()
        content = content[: content.rindex(b"Sample")] + b"\xff" + content[-40:]

        found = bad_lines(store, file, stamp, content)

        assert found[0].line == 3

    def test_broken_hangul_is_a_bad_line(self, store: Store, file: Path, stamp: Stamp) -> None:
        """Two of three bytes of a syllable may read as CP949; the file is UTF-8 all the same."""
        content = extract({}, {"overseas_number": "LA-2"}).encode()
        cut = content.rindex("늘".encode())
        content = content[: cut + 2] + content[cut + 3 :]

        assert bad_lines(store, file, stamp, content) == [
            BadLine(3, "name_hangul", Reason.ENCODING)
        ]

    def test_list_has_an_end(self, store: Store, file: Path, stamp: Stamp) -> None:
        file.write_text(
            extract(*({"overseas_number": f"LA-{n}", "sex": "?"} for n in range(50))),
            encoding="utf-8",
        )

        with pytest.raises(ExtractLines) as refused:
            register.import_extract(store, file, stamp, POSTS, most_bad_lines=10)

        assert len(refused.value.lines) == 10
        assert refused.value.facts == {"count": 50, "line": 2}

    def test_nothing_of_a_person_in_the_message(
        self, store: Store, file: Path, stamp: Stamp
    ) -> None:
        file.write_text(extract({"sex": "?"}), encoding="utf-8")

        with pytest.raises(ExtractLines) as refused:
            register.import_extract(store, file, stamp, POSTS)

        told = f"{refused.value!r} {refused.value.lines!r} {refused.value.facts!r}"
        assert not [value for value in GOOD.values() if len(value) > 3 and value in told]

    def test_nothing_half_imported(self, store: Store, file: Path, stamp: Stamp) -> None:
        """The extract in use stays, no row of the refused one is left, the log says so."""
        kept = bring_in(store, file, stamp, extract({}))

        bad_lines(store, file, stamp, extract({"overseas_number": "LA-9"}, {"sex": "?"}))

        with store.read() as session:
            assert register.state(session) == kept
            assert register.by_overseas_number(session, "LA-9") == ()
            assert lines_stored(session) == 1
            last = journal.events(session)[-1]
        assert (last.kind, last.facts["code"]) == ("REGISTER.REFUSED", "REG-05")


@pytest.mark.usefixtures("path")
class TestWholeFile:
    def refused(
        self, store: Store, file: Path, stamp: Stamp, content: str | bytes
    ) -> ExtractRefused:
        with pytest.raises(ExtractRefused) as refused:
            bring_in(store, file, stamp, content)
        return refused.value

    def test_missing(self, store: Store, file: Path, stamp: Stamp) -> None:
        with pytest.raises(ExtractUnreadable):
            register.import_extract(store, file, stamp, POSTS)

    @pytest.mark.parametrize("content", ["", HEADER, HEADER + "\n", "\ufeff" + HEADER + "\n\n"])
    def test_empty(self, store: Store, file: Path, stamp: Stamp, content: str) -> None:
        assert isinstance(self.refused(store, file, stamp, content), ExtractEmpty)

    @pytest.mark.parametrize(
        ("header", "column"),
        [
            (HEADER.replace("surname", "family_name"), "surname"),
            (HEADER.upper(), "overseas_number"),
            (HEADER + ",phone", "extra"),
            (HEADER.replace("sex,nationality", "nationality,sex"), "order"),
            (HEADER.replace(",", ";"), "overseas_number"),
        ],
    )
    def test_other_header(
        self, store: Store, file: Path, stamp: Stamp, header: str, column: str
    ) -> None:
        refusal = self.refused(store, file, stamp, header + "\n")

        assert isinstance(refusal, ExtractHeader)
        assert refusal.facts["column"] == column

    @pytest.mark.parametrize(
        ("encoding", "told"), [("cp949", "CP949"), ("euc-kr", "CP949"), ("utf-16", "UTF-16")]
    )
    def test_other_encoding(
        self, store: Store, file: Path, stamp: Stamp, encoding: str, told: str
    ) -> None:
        refusal = self.refused(store, file, stamp, extract({}).encode(encoding))

        assert isinstance(refusal, ExtractEncoding)
        assert refusal.facts["found"] == told


class TestFinding:
    @pytest.fixture(autouse=True)
    def people(self, store: Store, file: Path, stamp: Stamp) -> Iterator[None]:
        bring_in(
            store,
            file,
            stamp,
            extract(
                {"status": "struck_off", "status_date": "2020-01-01"},
                {"overseas_number": "LA-2", "passport_number": "M00000002"},
                {"overseas_number": "LA-3", "given_names": "JUN HO", "passport_number": "M3"},
                {"overseas_number": "LA-4", "surname": "NAMGUNG", "given_names": "ALEXANDRA MARIA"},
            ),
        )
        yield

    def test_by_passport(self, store: Store) -> None:
        with store.read() as session:
            found = register.find(session, "M00000002", "X", "Y", date(1991, 3, 14))

        assert [entry.overseas_number for entry in found] == ["LA-2"]

    def test_passport_of_somebody_else(self, store: Store) -> None:
        """A number that now belongs to another birth date is not this person."""
        with store.read() as session:
            assert register.find(session, "M00000002", "X", "Y", date(1970, 1, 1)) == ()

    @pytest.mark.parametrize("given", ["JUNHO", "JUN-HO", "Jun Ho", "JÚN HO"])
    def test_name_as_people_write_it(self, store: Store, given: str) -> None:
        """The passport was renewed, so that only name and birth date are left."""
        with store.read() as session:
            found = register.find(session, "M99999999", "KIM", given, date(1991, 3, 14))

        assert [entry.overseas_number for entry in found] == ["LA-3"]

    def test_the_living_entry_comes_first(self, store: Store) -> None:
        with store.read() as session:
            found = register.by_name(session, "KIM", "HANEUL", date(1991, 3, 14))

        assert [entry.status for entry in found] == ["alive", "struck_off"]

    def test_cut_name(self, store: Store) -> None:
        """Names from 39 letters on are cut off in a passport's machine readable zone."""
        with store.read() as session:
            whole = register.by_name(session, "NAMGUNG", "ALEXANDRA MA", date(1991, 3, 14))
            cut = register.by_name(session, "NAMGUNG", "ALEXANDRA MA", date(1991, 3, 14), cut=True)

        assert (len(whole), len(cut)) == (0, 1)

    def test_empty_passport_number_finds_nobody(self, store: Store) -> None:
        with store.read() as session:
            assert register.by_passport(session, "") == ()

    @pytest.mark.usefixtures("path")
    def test_looks_by_index(self, store: Store) -> None:
        """In 2.4 million lines a person is found without walking through them."""
        asked: list[str] = []
        event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

        with store.read() as session:
            register.by_overseas_number(session, "LA-2")
            register.by_passport(session, "M3")
            register.by_name(session, "KIM", "HANEUL", date(1991, 3, 14))
            register.by_name(session, "KIM", "HANEUL", date(1991, 3, 14), cut=True)
        looks = [query for query in asked if "FROM register_entries_" in query]
        with store.engine.connect() as connection:
            plans = [
                connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", ("x",) * query.count("?"))
                for query in looks
            ]
            details = [plan.scalars(3).all() for plan in plans]

        assert len(looks) == 4
        for (detail,) in details:
            assert "SEARCH register_entries_a USING INDEX" in detail

    def test_no_extract(self, path: Path, store: Store, stamp: Stamp) -> None:
        with store.load() as connection:
            connection.execute(text("UPDATE register_batches SET state = 'retired'"))

        with store.read() as session:
            assert register.state(session) is None
            assert register.by_overseas_number(session, "LA-2") == ()


@pytest.mark.usefixtures("path")
def test_interrupted_import_is_cleared(store: Store, file: Path, stamp: Stamp) -> None:
    """Killed while loading: nobody sees the half, the next import removes it."""
    bring_in(store, file, stamp, extract({}))
    with store.load() as connection:
        connection.execute(
            text(
                "INSERT INTO register_batches (id, slot, state, started_at, as_of, entries)"
                " SELECT 99, 'b', 'loading', started_at, as_of, 0 FROM register_batches"
            )
        )
        connection.execute(text("INSERT INTO register_entries_b SELECT * FROM register_entries_a"))
        connection.execute(text("UPDATE register_entries_b SET overseas_number = 'HALF'"))
        connection.execute(text("DROP INDEX ix_register_entries_b_overseas_number"))
    with store.read() as session:
        assert register.by_overseas_number(session, "HALF") == ()

    register.tidy(store)

    with store.read() as session:
        assert lines_stored(session) == 1
        assert session.execute(text("SELECT count(*) FROM register_batches")).scalar() == 1


@pytest.mark.usefixtures("path")
def test_full_disk_while_importing(
    store: Store, file: Path, stamp: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extract in use stays; what was loaded is removed as soon as there is room."""
    kept = bring_in(store, file, stamp, extract({}))
    file.write_text(
        extract(*({"overseas_number": f"LA-{n}"} for n in range(3000))), encoding="utf-8"
    )
    monkeypatch.setattr(register, "LINES_A_STEP", 500)

    with store.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count = {pages + 60}"))
    with pytest.raises(Full):
        register.import_extract(store, file, stamp, POSTS)
    with store.engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 1000000"))
    register.tidy(store)

    with store.read() as session:
        assert register.state(session) == kept
        assert lines_stored(session) == 1


@pytest.mark.parametrize(
    ("surname", "given", "key"),
    [
        ("KIM", "HANEUL", "KIM<HANEUL"),
        ("Kim", "Ha-neul", "KIM<HANEUL"),
        ("O'NEILL", "ZOË", "ONEILL<ZOE"),
        ("MÜLLER KIM", "", "MULLERKIM<"),
    ],
)
def test_latin_key(surname: str, given: str, key: str) -> None:
    assert latin_key(surname, given) == key

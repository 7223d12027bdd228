"""The mailbox's driver beside SQLAlchemy's own execution: the same rows, the same values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Database, Driver, Statement
from desk.enrollment.mailbox.file import FileDatabase
from desk.enrollment.mailbox.server import ServerDatabase, ServerDriver
from desk.enrollment.mailbox.tables import offers_table, tables
from desk.enrollment.records import timed

OFFER = {
    "offer_id": "one",
    "handle_hash": "h",
    "mark": 2**62 - 1,
    "document": '{"word": "한글"}',
    "due_at": 1_900_000_000_000,
    "ended": False,
    "waiting": 0,
    "waiting_since": None,
}
SWAP = {"key": "one", "former": OFFER["mark"], "mark": 5, "document": "other"}
ANSWER = {"key": "one", "mark": 5, "request": "r", "answer": b"\x00\xff"}
NONCE = {"timed_mark": "n", "used_by": "one"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "box.sqlite"


@pytest.fixture
def driver(file: Path) -> Iterator[Driver]:
    database = FileDatabase(file)
    with database.connection() as driver:
        driver.create(tables)
        yield driver
    database.close()


@pytest.fixture(params=["file", "server"])
def database(request: pytest.FixtureRequest, file: Path) -> Iterator[Database]:
    """Of either kind, with empty tables."""
    if request.param == "file":
        made: Database = FileDatabase(file)
    else:
        made = ServerDatabase(str(request.getfixturevalue("server_place")))
    with made.connection() as driver:
        driver.create(tables)
    yield made
    made.close()


@pytest.fixture
def either(database: Database) -> Iterator[Driver]:
    """A file's driver or a server's."""
    with database.connection() as driver:
        yield driver


def test_sqlalchemy_reads_the_row_that_the_driver_wrote(driver: Driver, file: Path) -> None:
    driver.execute(sql.NEW_OFFER, OFFER)
    found = driver.execute(sql.OFFER_BY_ID, {"key": "one"}).one()
    # Only one may have the file.
    driver.close()

    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        theirs = connection.execute(sa.select(offers_table)).mappings().one()
    engine.dispose()

    assert dict(theirs) == OFFER
    assert (found.mark, found.document) == (OFFER["mark"], OFFER["document"])


def test_the_tables_are_those_that_sqlalchemy_makes(driver: Driver, tmp_path: Path) -> None:
    driver.close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'other.sqlite'}")
    tables.create_all(engine)

    def shape(inspector: sa.Inspector) -> object:
        return {
            name: (
                [(one["name"], one["nullable"]) for one in inspector.get_columns(name)],
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(one["name"] or "" for one in inspector.get_indexes(name)),
                sorted(tuple(u["column_names"]) for u in inspector.get_unique_constraints(name)),
            )
            for name in inspector.get_table_names()
        }

    ours = sa.create_engine(f"sqlite:///{tmp_path / 'box.sqlite'}")
    assert shape(sa.inspect(ours)) == shape(sa.inspect(engine))
    ours.dispose()
    engine.dispose()


def test_what_is_not_known_is_none(either: Driver) -> None:
    assert either.execute(sql.OFFER_BY_ID, {"key": "two"}).one_or_none() is None
    assert either.execute(sql.NONCE, {"key": "two"}).all() == []


def test_a_swap_takes_what_goes_with_it_along(either: Driver) -> None:
    either.execute(sql.NEW_OFFER, OFFER)

    swapped = either.swap(SWAP, (sql.NEW_ANSWER, ANSWER))

    found = either.execute(sql.OFFER_BY_ID, {"key": "one"}).one()
    assert (swapped, found.mark, found.document) == (True, 5, "other")
    assert either.execute(sql.ANSWER_OF_REQUEST, {"key": "r"}).scalar_one_or_none() == b"\x00\xff"


def test_whoever_comes_too_late_writes_nothing(either: Driver) -> None:
    """Neither the offer nor what was to go with it, which also by itself asks for its mark."""
    either.execute(sql.NEW_OFFER, OFFER)
    late = {**SWAP, "former": 7}

    assert not either.swap(late)
    assert not either.swap(late, (sql.NEW_ANSWER, ANSWER))
    either.execute(sql.NEW_ANSWER, ANSWER)

    assert either.execute(sql.OFFER_BY_ID, {"key": "one"}).one().mark == OFFER["mark"]
    assert either.execute(sql.ANSWER_OF_REQUEST, {"key": "r"}).scalar_one_or_none() is None


def test_a_swap_is_undone_with_what_does_not_fit(either: Driver, database: Database) -> None:
    """A nonce that another offer used."""
    either.execute(sql.NEW_OFFER, OFFER)
    either.execute(sql.FIRST_USE, NONCE)
    used = {"key": "one", "mark": 5, "nonce": "n"}

    with pytest.raises(Exception, match=r"(?i)unique") as caught:
        either.swap(SWAP, (sql.NEW_NONCE, used))

    assert either.execute(sql.OFFER_BY_ID, {"key": "one"}).one().mark == OFFER["mark"]
    assert database.is_conflict(caught.value)


HEARD_KEY = ("heard_calls_pkey", "sqlite_autoindex_heard_calls_1")
NONCES_KEY = ("nonces_pkey", "nonces USING PRIMARY KEY")


@pytest.mark.parametrize(
    ("statement", "values", "names"),
    [
        (sql.OFFERS_DUE, {"now": 1, "limit": 1}, ("ix_offers_going_on",)),
        (sql.REQUESTS_WAITING, {"now": 1}, ("ix_offers_going_on",)),
        (sql.FORGET_OLD, {"now": 1}, ("ix_offers_ended",)),
        (sql.FORGET_USED, {"until": "1"}, NONCES_KEY),
        (sql.FORGET_HEARD, {"until": "1"}, HEARD_KEY),
    ],
)
def test_what_time_decides_is_a_range_of_an_index(
    either: Driver, statement: Statement, values: dict[str, Any], names: tuple[str, ...]
) -> None:
    """Every look at the service's health asks who waits, and every minute what is over goes."""
    explain = "EXPLAIN QUERY PLAN"
    if isinstance(either, ServerDriver):
        explain = "EXPLAIN"
        # So few rows it would read all.
        either.say("SET enable_seqscan = off")
    written = either.written(statement, values)

    plan = either.run(f"{explain} {written.text}", written.filled(values)).fetchall()

    told = " ".join(str(word) for row in plan for word in row)
    assert any(name in told for name in names), told
    assert re.search(r"[<>]\?|Index Cond: .*[<>]", told), told


def test_times_in_front_of_marks_are_in_their_order(either: Driver) -> None:
    """Whatever the server's own order of letters is."""
    at = 1_763_859_600_000
    long_ago = timed(0x7000000 * 1000, "a time of fewer digits")
    before = (long_ago, timed(at - 1000, "zz"))
    for mark in (*before, timed(at, "--"), timed(at, "Aa"), timed(at + 1000)):
        either.execute(sql.FIRST_USE, {"timed_mark": mark, "used_by": "one"})

    either.change(sql.FORGET_USED, {"until": timed(at)})

    left = either.named("SELECT timed_mark FROM nonces ORDER BY timed_mark")
    assert [row["timed_mark"] for row in left] == [
        timed(at, "--"),
        timed(at, "Aa"),
        timed(at + 1000),
    ]

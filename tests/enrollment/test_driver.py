"""The mailbox's driver beside SQLAlchemy's own execution: the same rows, the same values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from desk.enrollment.mailbox import statements as sql
from desk.enrollment.mailbox.driver import Driver
from desk.enrollment.mailbox.file import FileDatabase
from desk.enrollment.mailbox.tables import offers_table, tables
from desk.enrollment.records import OfferState

OFFER = {
    "offer_id": "one",
    "handle_hash": "h",
    "code_hash": "c",
    "configurations": ["mdoc", "한글"],
    "state": OfferState.OPEN,
    "pin_salt": b"\x00salt",
    "pin_hash": b"hash",
    "expires_at": 1_900_000_000_000,
}

NONCE = {"nonce_hash": "n", "configuration": "", "offer_id": "one", "used_at": 0}


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


def test_sqlalchemy_reads_the_row_that_the_driver_wrote(driver: Driver, file: Path) -> None:
    driver.execute(sql.NEW_OFFER, OFFER)

    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        theirs = connection.execute(sa.select(offers_table)).mappings().one()
    engine.dispose()

    assert dict(theirs) == driver.execute(sql.OFFER_BY_ID, {"key": "one"}).one()._asdict()
    assert theirs["configurations"] == ["mdoc", "한글"]
    assert (theirs["tries_wrong"], theirs["details"]) == (0, None)


def test_the_tables_are_those_that_sqlalchemy_makes(driver: Driver, tmp_path: Path) -> None:
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


def test_what_is_not_known_is_none_and_nothing_was_changed(driver: Driver) -> None:
    assert driver.execute(sql.OFFER_BY_ID, {"key": "two"}).one_or_none() is None
    assert driver.execute(sql.SET_OFFER, {"key": "two", "alarms": 1}).rowcount == 0
    assert driver.execute(sql.REQUESTS_OF_OFFER, {"key": "two"}).all() == []


def test_a_transaction_is_undone_whole(driver: Driver) -> None:
    driver.begin()
    driver.execute(sql.NEW_NONCE_USE, NONCE)
    with pytest.raises(sqlite3.IntegrityError):
        driver.execute(sql.NEW_NONCE_USE, NONCE)
    driver.undo()

    assert driver.execute(sql.NONCE_USES, {"key": "n"}).all() == []
    driver.undo()

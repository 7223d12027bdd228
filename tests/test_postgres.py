"""The tests' own PostgreSQL: databases apart from each other, and one that was stopped."""

from __future__ import annotations

from contextlib import closing

import psycopg
import pytest

from tests.postgres import PostgresServer


def test_databases_are_apart(postgres: PostgresServer) -> None:
    """What is written into one is in its copies, and not in another."""
    first, other = postgres.database(), postgres.database()
    with closing(first.connect()) as connection:
        connection.execute("CREATE TABLE planted (word text)")

    copied = postgres.database(template=first)

    assert b"planted" in postgres.dump(copied)
    assert b"planted" not in postgres.dump(other)
    for database in (first, other, copied):
        postgres.drop(database)


def test_comes_back(postgres: PostgresServer) -> None:
    """Stopped as by a crash its connections are gone; started again it has its databases."""
    database = postgres.database()
    connection = database.connect()

    postgres.stop("immediate")
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    postgres.start()

    with closing(database.connect()) as again:
        assert again.execute("SELECT 1").fetchone() == (1,)
    postgres.drop(database)

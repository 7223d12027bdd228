"""The migrated records equal the models, table by table and index by index."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, text
from sqlalchemy.exc import IntegrityError

from desk.store import journal, schema, status
from desk.store.database import Store, open_engine
from desk.store.journal import Stamp
from desk.store.key import new_key
from desk.store.models import Base


def test_migrated_equals_models(store: Store, path: Path, tmp_path: Path) -> None:
    """Compared as SQLite itself writes them down, after taking spaces away."""
    fresh = open_engine(tmp_path / "fresh.db", new_key())
    tables = [one for one in Base.metadata.sorted_tables if schema.has_table(one, "sqlite")]
    Base.metadata.create_all(fresh, tables=tables)

    migrated, made = _shape(store.engine), _shape(fresh)

    fresh.dispose()
    assert migrated == made


def test_alembic_sees_no_difference(store: Store) -> None:
    with store.engine.connect() as connection:
        kind = connection.dialect.name
        options = {
            "compare_type": True,
            "include_object": lambda thing, *_: (
                not isinstance(thing, Table) or schema.has_table(thing, kind)
            ),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_head_is_the_last_migration() -> None:
    heads = ScriptDirectory(str(schema.MIGRATIONS)).get_heads()

    assert heads == [schema.HEAD]


def test_log_cannot_be_changed(store: Store, stamp: Stamp) -> None:
    """The file itself refuses to change or drop an event, whatever code asks."""
    with store.write() as session:
        journal.append(session, stamp, "TEST.EVENT")

    for statement in ("UPDATE audit_events SET line = 'x'", "DELETE FROM audit_events"):
        with pytest.raises(IntegrityError), store.load() as connection:
            connection.execute(text(statement))


def test_used_index_cannot_be_freed(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        status.open_list(session, stamp, "1", size=64)
        status.allocate(session, stamp, "1", "LA-2026-000001")

    for statement in ("UPDATE status_entries SET position = 3", "DELETE FROM status_entries"):
        with pytest.raises(IntegrityError), store.load() as connection:
            connection.execute(text(statement))


def _shape(engine: Engine) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql <> ''"
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    return {row.name: "".join(row.sql.split()) for row in rows if row.name != "alembic_version"}

"""The migrated records equal the models, table by table and index by index."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Table, text
from sqlalchemy.exc import IntegrityError

from desk.issuance.case import Case
from desk.store import cases, journal, schema, status
from desk.store.database import Store, open_engine
from desk.store.journal import Stamp
from desk.store.key import new_key
from desk.store.models import Base, CareActRow


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


def test_what_two_cards_signed_is_carried_over_to_the_table_with_a_third_kind(
    store: Store, stamp: Stamp, case: Case
) -> None:
    """Byte for byte, and what is done stays as it was done. The migration runs once more."""
    values = {
        "digest": "ab" * 32,
        "case_number": case.number,
        "kind": "revoke",
        "facts": b"facts",
        "approvals": [{"officer": "T-001"}],
        "state": "done",
        "asked_at": stamp.at,
        "ended_at": stamp.at,
    }
    with store.write() as session:
        cases.add(session, stamp, case)
        session.add(CareActRow(**values))
    last = ScriptDirectory(str(schema.MIGRATIONS)).get_revision("0021").module

    with store.load() as connection, Operations.context(MigrationContext.configure(connection)):
        last.upgrade()

    with store.read() as session:
        kept = session.get_one(CareActRow, values["digest"])
        assert {name: getattr(kept, name) for name in values} == values
    for statement in ("UPDATE care_acts SET state = 'asked'", "DELETE FROM care_acts"):
        with pytest.raises(IntegrityError), store.load() as connection:
            connection.execute(text(statement))


def _shape(engine: Engine) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql <> ''"
    with engine.connect() as connection:
        rows = connection.execute(text(query)).all()
    return {row.name: "".join(row.sql.split()) for row in rows if row.name != "alembic_version"}

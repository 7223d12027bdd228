"""The shape of the records: which migration they stand at, and bringing them to the last.

Alembic costs a fifth of a second to import, so it is loaded only when a migration is due.
A migration is one transaction; killed in the middle, the records stay as they were.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, Table, inspect, text

from desk.store.troubles import TooNew

HEAD = "0021"
WRITING = "records_writing"
"""Execution option of an engine: its transactions take the write lock when they begin."""
MIGRATIONS = Path(__file__).with_name("migrations")


def has_table(table: Table, dialect: str) -> bool:
    """Whether a database of this kind (SQLAlchemy's name) has the table of the models."""
    return bool(table.info.get("only", dialect) == dialect)


def revision(engine: Engine) -> str | None:
    """The migration the records stand at; ``None`` for an empty file."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def upgrade(engine: Engine) -> None:
    """Bring the records to :data:`HEAD`. Raises :class:`TooNew` for a revision that this
    program does not know."""
    found = revision(engine)
    if found == HEAD:
        return
    _run(engine, found)


def _run(engine: Engine, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise TooNew(found, found=found, known=HEAD)
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)

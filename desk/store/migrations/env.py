"""Alembic's entry: runs on the connection that ``desk.store.schema`` hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Table

from desk.store.models import Base
from desk.store.schema import has_table

connection = context.config.attributes["connection"]


def belongs(thing: object, _name: object, _kind: object, _found: object, _other: object) -> bool:
    return not isinstance(thing, Table) or has_table(thing, connection.dialect.name)


context.configure(
    connection=connection,
    include_object=belongs,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

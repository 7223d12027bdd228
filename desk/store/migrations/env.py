"""Alembic's entry: runs on the connection that ``desk.store.schema`` hands over."""

from __future__ import annotations

from alembic import context

from desk.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()

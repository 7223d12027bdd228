"""The key ring of a shared database; records of one desk's own keep theirs in a file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.create_table(
        "key_ring",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_key_ring_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_ring")),
    )
    op.execute("INSERT INTO key_ring (id) VALUES (1)")

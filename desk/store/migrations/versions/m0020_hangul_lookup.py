"""A register entry that lies sealed is found by its name in Hangul as well. Entries of before
are found so from the next extract on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in ("register_sealed_a", "register_sealed_b"):
        op.add_column(table, sa.Column("hangul_key", sa.LargeBinary(), nullable=True))
        op.create_index(op.f(f"ix_{table}_hangul_key"), table, ["hangul_key"])

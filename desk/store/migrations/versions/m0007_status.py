"""When a status list was signed last, which its last change does not say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("status_lists", sa.Column("signed_at", sa.DateTime(), nullable=True))
    op.execute("UPDATE status_lists SET signed_at = published_at")

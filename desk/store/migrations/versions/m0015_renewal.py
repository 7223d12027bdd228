"""What a case is for, and what a later case needs of it after its personal data is gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.Column("kind", sa.String(length=8), server_default="issue", nullable=False)
    op.add_column("cases", kind)
    op.add_column("cases", sa.Column("former", sa.String(length=24), nullable=True))
    op.add_column("cases", sa.Column("expires_on", sa.Date(), nullable=True))
    op.create_index("ix_cases_former", "cases", ["former"])
    op.add_column("intents", sa.Column("valid_until", sa.DateTime(), nullable=True))
    op.add_column("intents", sa.Column("status_uri", sa.Text(), nullable=True))

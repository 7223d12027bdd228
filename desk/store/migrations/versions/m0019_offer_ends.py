"""Offers of which the service still has to be told that they ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offer_ends",
        sa.Column("offer_id", sa.String(length=64), nullable=False),
        sa.Column("station", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_offer_ends")),
    )

"""What was told of people after the issuing, and what a purged case can still be compared by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

SEALED_JSON = sa.JSON(none_as_null=True).with_variant(sa.LargeBinary(), "postgresql")

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("document", sa.String(length=64), nullable=True))
    op.add_column("cases", sa.Column("register_document", sa.String(length=64), nullable=True))
    op.add_column("cases", sa.Column("ending", sa.String(length=40), nullable=True))
    op.add_column("cases", sa.Column("person", SEALED_JSON, nullable=True))
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("document", sa.String(length=60), nullable=False),
        sa.Column("passport", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "kind IN ('deleted', 'died', 'new_passport', 'missing')", name=op.f("ck_notices_kind")
        ),
        sa.CheckConstraint("source IN ('register', 'file')", name=op.f("ck_notices_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_holder"), "notices", ["holder"], unique=False)
    op.create_index(op.f("ix_notices_case_number"), "notices", ["case_number"], unique=False)

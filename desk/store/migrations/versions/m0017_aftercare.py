"""A holder is found by name and birth date after the purge; acts that two cards sign."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

SEALED_BYTES = sa.LargeBinary()
SEALED_JSON = sa.JSON(none_as_null=True).with_variant(sa.LargeBinary(), "postgresql")

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holder_keys",
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_holder_keys_case_number")
        ),
        sa.PrimaryKeyConstraint("case_number", "key", name=op.f("pk_holder_keys")),
    )
    op.create_index(op.f("ix_holder_keys_key"), "holder_keys", ["key"])
    op.create_table(
        "care_acts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("facts", SEALED_BYTES, nullable=False),
        sa.Column("approvals", SEALED_JSON, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('revoke', 'activate')", name=op.f("ck_care_acts_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'done', 'withdrawn')", name=op.f("ck_care_acts_state")
        ),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_care_acts_case_number")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_care_acts")),
    )
    op.create_index(op.f("ix_care_acts_case_number"), "care_acts", ["case_number"])
    # What two cards have signed and what was done upon it stays as it was.
    then = (
        "WHEN OLD.state = 'done' BEGIN SELECT RAISE(ABORT, 'append only'); END"
        if op.get_bind().dialect.name == "sqlite"
        else "FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION records_append_only()"
    )
    for name, when in {"care_acts_stay": "UPDATE", "care_acts_kept": "DELETE"}.items():
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON care_acts {then}")

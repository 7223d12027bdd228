"""Setting aside that a holder died takes two persons' cards, as revoking does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KINDS = "kind IN ('revoke', 'activate', 'set_aside')"
COLUMNS = "digest, case_number, kind, facts, approvals, state, asked_at, ended_at"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _write_anew()
    else:
        op.drop_constraint(op.f("ck_care_acts_kind"), "care_acts", type_="check")
        op.create_check_constraint(op.f("ck_care_acts_kind"), "care_acts", KINDS)


def _write_anew() -> None:
    """SQLite changes no constraint of a table that is there."""
    op.drop_index(op.f("ix_care_acts_case_number"), "care_acts")
    op.rename_table("care_acts", "care_acts_before")
    op.create_table(
        "care_acts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("approvals", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_care_acts_kind")),
        sa.CheckConstraint(
            "state IN ('asked', 'done', 'withdrawn')", name=op.f("ck_care_acts_state")
        ),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_care_acts_case_number")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_care_acts")),
    )
    op.execute(f"INSERT INTO care_acts ({COLUMNS}) SELECT {COLUMNS} FROM care_acts_before")
    op.drop_table("care_acts_before")
    op.create_index(op.f("ix_care_acts_case_number"), "care_acts", ["case_number"])
    then = "WHEN OLD.state = 'done' BEGIN SELECT RAISE(ABORT, 'append only'); END"
    for name, when in {"care_acts_stay": "UPDATE", "care_acts_kept": "DELETE"}.items():
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON care_acts {then}")

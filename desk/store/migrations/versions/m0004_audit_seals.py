"""The tree over the log, and the seals that officers' cards put on it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

PLAIN_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

# What was sealed stays as it was sealed; only the note that a copy was made may change.
GUARDS = {
    "audit_nodes_stay": "BEFORE UPDATE ON audit_nodes",
    "audit_nodes_kept": "BEFORE DELETE ON audit_nodes",
    "audit_seals_stay": "BEFORE UPDATE OF size, purpose, sealed_at, note ON audit_seals",
    "audit_seals_kept": "BEFORE DELETE ON audit_seals",
    "card_certificates_stay": "BEFORE UPDATE ON card_certificates",
    "card_certificates_kept": "BEFORE DELETE ON card_certificates",
}

revision = "0004"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_audit_nodes")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("sealed_at", sa.DateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("certificates", PLAIN_JSON, nullable=False),
        sa.Column("officers", PLAIN_JSON, nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=True),
        sa.Column("copied_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_audit_seals_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seals")),
    )
    op.create_index(
        op.f("ix_audit_seals_case_number"), "audit_seals", ["case_number"], unique=False
    )
    op.create_index(op.f("ix_audit_seals_copied_at"), "audit_seals", ["copied_at"], unique=False)
    op.create_table(
        "card_certificates",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_card_certificates")),
    )
    own_file = op.get_bind().dialect.name == "sqlite"
    then = (
        "BEGIN SELECT RAISE(ABORT, 'append only'); END"
        if own_file
        else "FOR EACH ROW EXECUTE FUNCTION records_append_only()"
    )
    for name, when in GUARDS.items():
        op.execute(f"CREATE TRIGGER {name} {when} {then}")

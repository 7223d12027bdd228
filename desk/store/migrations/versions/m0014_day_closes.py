"""Days whose books two cards have signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

SEALED_JSON = sa.JSON(none_as_null=True).with_variant(sa.LargeBinary(), "postgresql")

revision = "0014"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "day_closes",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("checkpoint", sa.Text(), nullable=False),
        sa.Column("signatures", SEALED_JSON, nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_day_closes")),
    )
    # A day that is closed stays as it was signed.
    then = (
        "WHEN OLD.closed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'append only'); END"
        if op.get_bind().dialect.name == "sqlite"
        else "FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION records_append_only()"
    )
    for name, when in {"day_closes_stay": "UPDATE", "day_closes_kept": "DELETE"}.items():
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} ON day_closes {then}")

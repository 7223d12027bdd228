"""Which nonce each phone's proof was made with: none serves a second offer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("intents", sa.Column("nonce_hash", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_intents_nonce_hash"), "intents", ["nonce_hash"])

"""Several keys of one phone's request stand beside each other; two requests still do not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NEW_INDEXES = {
    "uq_intents_one_live": (["case_number", "device_key"], "state = 'live'"),
    "uq_intents_one_standing": (["case_number", "format", "device_key"], "state <> 'void'"),
}
OTHER_REQUEST = (
    "SELECT 1 FROM intents WHERE case_number = NEW.case_number AND request_id <> NEW.request_id"
    " AND (state = 'live' OR (format = NEW.format AND state <> 'void'))"
)


def upgrade() -> None:
    for name, (columns, where) in NEW_INDEXES.items():
        op.drop_index(name, table_name="intents")
        op.create_index(
            name,
            "intents",
            columns,
            unique=True,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER intents_one_request BEFORE INSERT ON intents"
            f" WHEN EXISTS ({OTHER_REQUEST})"
            " BEGIN SELECT RAISE(ABORT, 'another request stands'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION intents_one_request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF EXISTS ({OTHER_REQUEST}) THEN"
        " RAISE EXCEPTION 'another request stands' USING ERRCODE = 'unique_violation'; END IF;"
        " RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER intents_one_request BEFORE INSERT ON intents"
        " FOR EACH ROW EXECUTE FUNCTION intents_one_request()"
    )

"""The first shape of the records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

# In a shared database what may tell of a person is sealed bytes.
SEALED_JSON = sa.JSON(none_as_null=True).with_variant(sa.LargeBinary(), "postgresql")
SEALED_TEXT = sa.Text().with_variant(sa.LargeBinary(), "postgresql")

# Neither the log nor a used status index ever changes hands; the file itself refuses,
# whatever a later bug may ask.
GUARDS = {
    "audit_events_stay": "BEFORE UPDATE ON audit_events",
    "audit_events_kept": "BEFORE DELETE ON audit_events",
    "status_entries_kept": "BEFORE DELETE ON status_entries",
    "status_entries_stay": "BEFORE UPDATE OF list_name, position, case_number ON status_entries",
}

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_events_hash")),
    )
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"], unique=False)
    op.create_index(
        op.f("ix_audit_events_case_number"), "audit_events", ["case_number"], unique=False
    )
    op.create_index(op.f("ix_audit_events_kind"), "audit_events", ["kind"], unique=False)

    op.create_table(
        "cases",
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("post", sa.String(length=8), nullable=False),
        sa.Column("window", sa.String(length=16), nullable=False),
        sa.Column("officer", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("record", SEALED_JSON, nullable=True),
        sa.Column("purged_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_closed_at"), "cases", ["closed_at"], unique=False)
    op.create_index(op.f("ix_cases_holder"), "cases", ["holder"], unique=False)
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"], unique=False)
    op.create_index(op.f("ix_cases_state_opened_at"), "cases", ["state", "opened_at"], unique=False)

    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", SEALED_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "register_batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=1), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("as_of", sa.DateTime(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('loading', 'active', 'retired')", name=op.f("ck_register_batches_state")
        ),
        sa.CheckConstraint("slot IN ('a', 'b')", name=op.f("ck_register_batches_slot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_batches")),
        sa.UniqueConstraint("slot", name=op.f("uq_register_batches_slot")),
    )
    op.create_index(
        "uq_register_batches_one_active",
        "register_batches",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )

    op.create_table(
        "sequences",
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_sequences")),
    )
    op.create_table(
        "status_lists",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("published_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("size > 0", name=op.f("ck_status_lists_size")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_status_lists")),
    )
    op.create_table(
        "case_blobs",
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kept_at", sa.DateTime(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_case_blobs_case_number")
        ),
        sa.PrimaryKeyConstraint("case_number", "kind", name=op.f("pk_case_blobs")),
    )
    op.create_index(op.f("ix_case_blobs_kept_at"), "case_blobs", ["kept_at"], unique=False)

    op.create_table(
        "case_steps",
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_case_steps_case_number")
        ),
        sa.PrimaryKeyConstraint("case_number", "position", name=op.f("pk_case_steps")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("pressed_by", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "pressed_by IN ('applicant', 'officer')", name=op.f("ck_consents_presser")
        ),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_consents_case_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_case_number"), "consents", ["case_number"], unique=False)

    op.create_table(
        "intents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("offer_id", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("device_key", sa.String(length=64), nullable=False),
        sa.Column("list_name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("to_be_signed", sa.LargeBinary(), nullable=True),
        sa.Column("to_be_signed_sha256", sa.String(length=64), nullable=False),
        sa.Column("material", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("credential", sa.LargeBinary(), nullable=True),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("signed_at", sa.DateTime(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "state IN ('live', 'signed', 'delivered', 'void')", name=op.f("ck_intents_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
        sa.UniqueConstraint("list_name", "position", name=op.f("uq_intents_list_name_position")),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_intents_case_number")
        ),
    )
    op.create_index(op.f("ix_intents_case_number"), "intents", ["case_number"], unique=False)
    op.create_index(
        "uq_intents_one_live",
        "intents",
        ["case_number"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "uq_intents_one_standing",
        "intents",
        ["case_number", "format"],
        unique=True,
        sqlite_where=sa.text("state <> 'void'"),
        postgresql_where=sa.text("state <> 'void'"),
    )

    own_file = op.get_bind().dialect.name == "sqlite"
    for slot in ("a", "b"):
        if own_file:
            _create_register_entries(f"register_entries_{slot}")
        else:
            _create_sealed_entries(f"register_sealed_{slot}")

    op.create_table(
        "slips",
        sa.Column("serial", sa.String(length=24), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("offer_id", sa.String(length=64), nullable=True),
        sa.Column("printed_at", sa.DateTime(), nullable=False),
        sa.Column("printed_by", sa.String(length=80), nullable=False),
        sa.Column("voided_at", sa.DateTime(), nullable=True),
        sa.Column("void_reason", sa.String(length=40), nullable=True),
        sa.Column("replaced_by", sa.String(length=24), nullable=True),
        sa.CheckConstraint(
            "kind IN ('enrollment', 'handover', 'refusal')", name=op.f("ck_slips_kind")
        ),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_slips_case_number")
        ),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_slips")),
    )
    op.create_index(op.f("ix_slips_case_number"), "slips", ["case_number"], unique=False)

    op.create_table(
        "status_entries",
        sa.Column("list_name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.Column("validity", sa.String(length=10), nullable=False),
        sa.Column("allocated_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "validity IN ('valid', 'invalid', 'suspended')", name=op.f("ck_status_entries_validity")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_status_entries_position")),
        sa.ForeignKeyConstraint(
            ["list_name"], ["status_lists.name"], name=op.f("fk_status_entries_list_name")
        ),
        sa.PrimaryKeyConstraint("list_name", "position", name=op.f("pk_status_entries")),
    )
    op.create_index(
        op.f("ix_status_entries_case_number"), "status_entries", ["case_number"], unique=False
    )

    if own_file:
        for name, when in GUARDS.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'append only'); END"
            )
    else:
        _create_shared_guards()


def _create_register_entries(table: str) -> None:
    op.create_table(
        table,
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("overseas_number", sa.String(length=32), nullable=False),
        sa.Column("name_hangul", sa.Text(), nullable=False),
        sa.Column("surname", sa.Text(), nullable=False),
        sa.Column("given_names", sa.Text(), nullable=False),
        sa.Column("latin_key", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=False),
        sa.Column("nationality", sa.String(length=3), nullable=False),
        sa.Column("resident_number", sa.String(length=14), nullable=False),
        sa.Column("passport_number", sa.String(length=9), nullable=False),
        sa.Column("post", sa.String(length=8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_date", sa.Date(), nullable=True),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("line", name=f"pk_{table}"),
    )
    for columns in (["overseas_number"], ["passport_number"], ["birth_date", "latin_key"]):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _create_sealed_entries(table: str) -> None:
    op.create_table(
        table,
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("overseas_key", sa.LargeBinary(), nullable=False),
        sa.Column("passport_key", sa.LargeBinary(), nullable=False),
        sa.Column("person_key", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("line", name=f"pk_{table}"),
    )
    for column in ("overseas_key", "passport_key", "person_key"):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _create_shared_guards() -> None:
    # The class of the error is that of a broken constraint, as SQLite tells it.
    op.execute(
        "CREATE FUNCTION records_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'append only' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    guards = {
        **GUARDS,
        "audit_events_whole": "BEFORE TRUNCATE ON audit_events",
        "status_entries_whole": "BEFORE TRUNCATE ON status_entries",
    }
    for name, when in guards.items():
        each = "STATEMENT" if "TRUNCATE" in when else "ROW"
        op.execute(
            f"CREATE TRIGGER {name} {when} FOR EACH {each} EXECUTE FUNCTION records_append_only()"
        )

"""The tables of the records. Only modules of ``desk.store`` see these classes.

The same models serve the desk's own file and a PostgreSQL of the post: what may tell of a
person stands in columns that are sealed there (:class:`~desk.store.sealing.Sealable`),
choices are checked strings, constraint names follow one convention. SQLite drops time
zones, so every time goes through :class:`UtcDateTime`. A table that only one of the two has
says so in its ``info``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from desk.store import sealing
from desk.store.sealing import Sealable


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in, UTC out; a naive time is a bug and raises."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


PlainJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

# For whatever may tell of a person; see desk.store.sealing.
SealedJson = Sealable(JSON(none_as_null=True))
SealedBytes = Sealable(LargeBinary())
SealedText = Sealable(Text())

ONLY = "only"
"""Key of a table's ``info``: the one kind of database (SQLAlchemy's name) that has it."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        date: Date(),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: PlainJson,
    }


sealing.watch(Base)


class MetaRow(Base):
    """Facts about these records themselves: training or live, station."""

    __tablename__ = "meta"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(SealedText)


class SequenceRow(Base):
    """The last number given out in a scope (case numbers of a post and year, slips)."""

    __tablename__ = "sequences"

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    last: Mapped[int]


class CaseRow(Base):
    """``record`` is the whole case as plain JSON; gone (NULL) after the purge.

    ``holder`` is a keyed digest of the overseas number: the rule «one phone a person» must
    find a holder again after the purge, without keeping who it is. ``document`` is one of the
    number of the passport that was approved, ``register_document`` of the number that the
    register had then. ``person`` is what a search looks at (names, birth date); it goes with
    the record. ``former`` is the case whose credential this one replaces or resumes, by its
    ``kind``; ``expires_on`` is the end of what was issued, which a reissue keeps.
    """

    __tablename__ = "cases"
    __table_args__ = (Index(None, "state", "opened_at"),)

    number: Mapped[str] = mapped_column(String(24), primary_key=True)
    post: Mapped[str] = mapped_column(String(8))
    window: Mapped[str] = mapped_column(String(16))
    officer: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[datetime] = mapped_column(index=True)
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    holder: Mapped[str | None] = mapped_column(String(64), index=True)
    record: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    purged_at: Mapped[datetime | None]
    document: Mapped[str | None] = mapped_column(String(64))
    register_document: Mapped[str | None] = mapped_column(String(64))
    ending: Mapped[str | None] = mapped_column(String(40))
    person: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    kind: Mapped[str] = mapped_column(String(8), server_default="issue")
    former: Mapped[str | None] = mapped_column(String(24), index=True)
    expires_on: Mapped[date | None]


class HolderKeyRow(Base):
    """By which words the holder of a credential is found again when the case itself no longer
    says them: a keyed digest of a name with the birth date (:mod:`desk.store.holders`)."""

    __tablename__ = "holder_keys"

    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class CareActRow(Base):
    """An act on a credential that takes two persons' cards. ``facts`` are the canonical bytes
    of which ``digest`` is made, ``approvals`` the signatures over it."""

    __tablename__ = "care_acts"
    __table_args__ = (
        CheckConstraint("kind IN ('revoke', 'activate', 'set_aside')", name="kind"),
        CheckConstraint("state IN ('asked', 'done', 'withdrawn')", name="state"),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    facts: Mapped[bytes] = mapped_column(SealedBytes)
    approvals: Mapped[list[dict[str, Any]]] = mapped_column(SealedJson)
    state: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class CaseStepRow(Base):
    """Every state a case entered. Holds no personal data and outlives the purge."""

    __tablename__ = "case_steps"

    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))


class CaseBlobRow(Base):
    """Pictures and raw passport files beside a case, each purgeable alone."""

    __tablename__ = "case_blobs"

    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime] = mapped_column(index=True)
    data: Mapped[bytes] = mapped_column(SealedBytes)


class ConsentRow(Base):
    """One purpose, asked once: the answer, the text's version and language, who pressed."""

    __tablename__ = "consents"
    __table_args__ = (CheckConstraint("pressed_by IN ('applicant', 'officer')", name="presser"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(8))
    given: Mapped[bool]
    at: Mapped[datetime]
    pressed_by: Mapped[str] = mapped_column(String(10))


class OfferEndRow(Base):
    """An offer that ends, and that the service has not been told of (:mod:`offer_ends`)."""

    __tablename__ = "offer_ends"

    offer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    station: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(40))
    until: Mapped[datetime]


class StatusListRow(Base):
    """A published list. ``changed_at`` rises with every change; ``published_at`` is the change
    that is out: another ``changed_at`` means that the list is due. ``signed_at`` is when it went
    out last, changed or not; a list with ``closed_at`` takes no new indexes."""

    __tablename__ = "status_lists"
    __table_args__ = (CheckConstraint("size > 0", name="size"),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    size: Mapped[int]
    used: Mapped[int]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]


class StatusEntryRow(Base):
    """One index, given out once and never again; rows are never deleted (I3)."""

    __tablename__ = "status_entries"
    __table_args__ = (
        CheckConstraint("validity IN ('valid', 'invalid', 'suspended')", name="validity"),
        CheckConstraint("position >= 0", name="position"),
    )

    list_name: Mapped[str] = mapped_column(ForeignKey("status_lists.name"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_number: Mapped[str] = mapped_column(String(24), index=True)
    validity: Mapped[str] = mapped_column(String(10))
    allocated_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class IntentRow(Base):
    """What is about to be signed, durable before the card sees it (I2).

    ``to_be_signed`` are the exact bytes; ``material`` is what the credential package needs
    to finish from the signature. Both are wiped with the case; key, status and ``valid_until``
    stay, so that a suspended credential can be resumed after the purge. One phone's request
    may bring several keys, each with its row; a trigger refuses a second request beside one that is
    live, or that has the same format and is not void.
    """

    __tablename__ = "intents"
    __table_args__ = (
        CheckConstraint("state IN ('live', 'signed', 'delivered', 'void')", name="state"),
        Index(
            "uq_intents_one_live",
            "case_number",
            "device_key",
            unique=True,
            sqlite_where=text("state = 'live'"),
            postgresql_where=text("state = 'live'"),
        ),
        Index(
            "uq_intents_one_standing",
            "case_number",
            "format",
            "device_key",
            unique=True,
            sqlite_where=text("state <> 'void'"),
            postgresql_where=text("state <> 'void'"),
        ),
        UniqueConstraint("list_name", "position"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), index=True)
    offer_id: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(16))
    device_key: Mapped[str] = mapped_column(String(64))
    list_name: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    to_be_signed: Mapped[bytes | None] = mapped_column(SealedBytes)
    to_be_signed_sha256: Mapped[str] = mapped_column(String(64))
    material: Mapped[bytes | None] = mapped_column(SealedBytes)
    signature: Mapped[bytes | None] = mapped_column(SealedBytes)
    credential: Mapped[bytes | None] = mapped_column(SealedBytes)
    written_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(40))
    valid_until: Mapped[datetime | None]
    status_uri: Mapped[str | None]
    # Of the nonce in the phone's proof; it stays after the purge, so that none serves twice.
    nonce_hash: Mapped[str | None] = mapped_column(String(64), index=True)


class SlipRow(Base):
    """A printed sheet; the serial runs per station and is never given out twice."""

    __tablename__ = "slips"
    __table_args__ = (
        CheckConstraint("kind IN ('enrollment', 'handover', 'refusal')", name="kind"),
    )

    serial: Mapped[str] = mapped_column(String(24), primary_key=True)
    case_number: Mapped[str] = mapped_column(ForeignKey("cases.number"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    language: Mapped[str] = mapped_column(String(8))
    offer_id: Mapped[str | None] = mapped_column(String(64))
    printed_at: Mapped[datetime]
    printed_by: Mapped[str] = mapped_column(String(80))
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(String(40))
    replaced_by: Mapped[str | None] = mapped_column(String(24))


class NoticeRow(Base):
    """What was told of a person after a credential was issued: struck off, dead, another
    passport. ``holder`` and ``passport`` are keyed digests; a notice that comes from comparing
    the register is of one case, one from a file of its own of whatever the holder holds.
    ``ended_at`` is set when it was set aside or is no longer so, not when it was obeyed: that
    shows in the status entries.
    """

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("kind IN ('deleted', 'died', 'new_passport', 'missing')", name="kind"),
        CheckConstraint("source IN ('register', 'file')", name="source"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(10))
    holder: Mapped[str] = mapped_column(String(64), index=True)
    case_number: Mapped[str | None] = mapped_column(String(24), index=True)
    effective_on: Mapped[date | None]
    document: Mapped[str] = mapped_column(String(60))
    passport: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    noted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(80))
    end_reason: Mapped[str | None] = mapped_column(String(40))


class RegisterBatchRow(Base):
    """One import of the register extract. Only the batch in state ``active`` is looked at;
    a batch still ``loading`` at the next import was cut off and is removed. ``slot`` says
    which of the two tables of entries holds it."""

    __tablename__ = "register_batches"
    __table_args__ = (
        CheckConstraint("state IN ('loading', 'active', 'retired')", name="state"),
        CheckConstraint("slot IN ('a', 'b')", name="slot"),
        Index(
            "uq_register_batches_one_active",
            "state",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(String(1), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime]
    as_of: Mapped[datetime]
    entries: Mapped[int]
    sha256: Mapped[str | None] = mapped_column(String(64))


class _RegisterEntry:
    """One line of the extract. ``latin_key`` is the name as compared with a passport's.

    There are two such tables, one in use and one to load the next extract into: in one
    table, removing millions of old lines would tear through every index.
    """

    @declared_attr.directive
    def __table_args__(cls) -> Any:  # noqa: N805  (SQLAlchemy passes the class)
        return (
            Index(None, "overseas_number"),
            Index(None, "passport_number"),
            Index(None, "birth_date", "latin_key"),
            {"info": {ONLY: "sqlite"}},
        )

    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    overseas_number: Mapped[str] = mapped_column(String(32))
    name_hangul: Mapped[str]
    surname: Mapped[str]
    given_names: Mapped[str]
    latin_key: Mapped[str]
    birth_date: Mapped[date]
    sex: Mapped[str] = mapped_column(String(1))
    nationality: Mapped[str] = mapped_column(String(3))
    resident_number: Mapped[str] = mapped_column(String(14))
    passport_number: Mapped[str] = mapped_column(String(9))
    post: Mapped[str] = mapped_column(String(8))
    address: Mapped[str]
    status: Mapped[str] = mapped_column(String(12))
    status_date: Mapped[date | None]
    status_reason: Mapped[str]


class RegisterEntryA(_RegisterEntry, Base):
    __tablename__ = "register_entries_a"


class RegisterEntryB(_RegisterEntry, Base):
    __tablename__ = "register_entries_b"


class _SealedRegisterEntry:
    """The same line in a shared database: sealed whole, found by lookups. ``person_key`` is
    made of the birth date and the beginning of the name, ``hangul_key`` of that date and the
    name in Hangul; None in lines that were laid down before it was kept."""

    @declared_attr.directive
    def __table_args__(cls) -> Any:  # noqa: N805  (SQLAlchemy passes the class)
        return (
            Index(None, "overseas_key"),
            Index(None, "passport_key"),
            Index(None, "person_key"),
            Index(None, "hangul_key"),
            {"info": {ONLY: "postgresql"}},
        )

    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    overseas_key: Mapped[bytes]
    passport_key: Mapped[bytes]
    person_key: Mapped[bytes]
    hangul_key: Mapped[bytes | None]
    entry: Mapped[bytes] = mapped_column(SealedBytes)


class SealedRegisterEntryA(_SealedRegisterEntry, Base):
    __tablename__ = "register_sealed_a"


class SealedRegisterEntryB(_SealedRegisterEntry, Base):
    __tablename__ = "register_sealed_b"


class KeyRingRow(Base):
    """The one row that tells which key seals a shared database, and holds that key wrapped
    to the officers' cards: what lies in a file beside records of one desk's own."""

    __tablename__ = "key_ring"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        {"info": {ONLY: "postgresql"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_id: Mapped[str | None] = mapped_column(String(16))
    document: Mapped[str | None]


class AuditRow(Base):
    """One event of the chain. ``line`` is the exact text that was hashed and is exported."""

    __tablename__ = "audit_events"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(40), index=True)
    case_number: Mapped[str | None] = mapped_column(String(24), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    line: Mapped[str]


class AuditNodeRow(Base):
    """The hash of a complete subtree of the log's tree: ``2**level`` events from ``position``
    times as many on. Level 0 are the events themselves."""

    __tablename__ = "audit_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class AuditSealRow(Base):
    """A checkpoint with the cards' signatures. ``certificates`` are fingerprints of rows of
    ``card_certificates``; ``copied_at`` is empty until the second place has it."""

    __tablename__ = "audit_seals"
    __table_args__ = (CheckConstraint("size > 0", name="size"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(12))
    sealed_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
    certificates: Mapped[list[str]] = mapped_column(PlainJson)
    officers: Mapped[list[str]] = mapped_column(PlainJson)
    case_number: Mapped[str | None] = mapped_column(String(24), index=True)
    copied_at: Mapped[datetime | None] = mapped_column(index=True)


class CardCertificateRow(Base):
    """A certificate (DER) of a card that signed something kept here. It may name the officer."""

    __tablename__ = "card_certificates"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    der: Mapped[bytes] = mapped_column(SealedBytes)


class DayCloseRow(Base):
    """A day whose books were summed up: closed when two cards have signed ``summary``."""

    __tablename__ = "day_closes"

    day: Mapped[date] = mapped_column(primary_key=True)
    summary: Mapped[bytes] = mapped_column(SealedBytes)
    digest: Mapped[str] = mapped_column(String(64))
    checkpoint: Mapped[str]
    signatures: Mapped[list[dict[str, str]]] = mapped_column(SealedJson)
    closed_at: Mapped[datetime | None]

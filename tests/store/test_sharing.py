"""A desk's own records laid into the database of its post: everything, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk.issuance import audit
from desk.issuance.case import Case
from desk.store import (
    cases,
    consents,
    intents,
    journal,
    meta,
    register,
    sequences,
    sharing,
    slips,
    status,
)
from desk.store.cases import BlobKind
from desk.store.consents import ConsentAnswer
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.models import Base
from desk.store.postgres import SharedDatabase
from desk.store.schema import has_table
from desk.store.troubles import AlreadyBegun, Unreachable
from tests.postgres import Database, PostgresServer
from tests.samples import NOW
from tests.store.breaking_line import BreakingLine
from tests.store.conftest import CANARY
from tests.store.test_shared_vault import bring_in, vault_at

RING = b'{"ring": "as it was"}'


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[Database]:
    database = postgres.database()
    yield database
    postgres.drop(database)


@pytest.fixture
def own(path: Path, store: Store, finished: Case, stamp: Stamp, tmp_path: Path) -> Store:
    """A desk's own records with a whole case, a register and numbers given out."""
    bring_in(store, stamp, tmp_path)
    with store.write() as session:
        sequences.next_case_number(session, "LA", NOW)
        journal.append(session, stamp, "TEST.EVENT")
    return store


def test_everything_is_there(
    own: Store, empty: Database, key: RecordsKey, stamp: Stamp, finished: Case
) -> None:
    """The case with all that lies beside it, the extract, the log with its chain, the ring;
    and work goes on: numbers, answers and events follow those that were there."""
    rows = sharing.share(own, SharedDatabase.at(empty.url), key, RING, StoreKind.TRAINING, stamp)

    vault = vault_at(empty)
    assert vault.ring() == RING
    with closing(vault.open(key)) as shared:
        with own.read() as before, shared.read() as after:
            assert cases.load(after, finished.number) == finished
            assert cases.blob(after, finished.number, BlobKind.DG2) == CANARY.encode() * 5000
            for of_case in (
                consents.consents_of,
                intents.standing,
                slips.slips_of,
                status.entries_of,
            ):
                assert of_case(after, finished.number) == of_case(before, finished.number)
            assert register.by_passport(after, "M1") == register.by_passport(before, "M1") != ()
            assert meta.value(after, "holder_pepper") == meta.value(before, "holder_pepper")
            whole = list(journal.lines(before, NOW))[:-1]
            lines = list(journal.lines(after, NOW))
            assert lines[: len(whole)] == whole
            assert audit.verify(line.encode() + b"\n" for line in lines).count == len(whole) + 1
            assert counted(after) == counted(before) | {"audit_events": len(whole) + 1}
        with shared.write() as session:
            answer = ConsentAnswer("photo", "1", "ko", True, stamp.at)
            consents.record(session, stamp, finished.number, [answer])
            assert sequences.next_case_number(session, "LA", NOW).endswith("-000002")
            assert consents.consents_of(session, finished.number)[-1] == answer
    assert rows > 20


def test_records_that_are_there_stay(
    own: Store, empty: Database, key: RecordsKey, stamp: Stamp
) -> None:
    where = SharedDatabase.at(empty.url)
    sharing.share(own, where, key, RING, StoreKind.TRAINING, stamp)

    with pytest.raises(AlreadyBegun):
        sharing.share(own, where, key, b"another", StoreKind.TRAINING, stamp)

    assert vault_at(empty).ring() == RING


@pytest.mark.parametrize("at", [b"UPDATE key_ring", b"INSERT INTO intents", b"COPY register"])
def test_cut_off_leaves_nothing(
    own: Store, empty: Database, key: RecordsKey, stamp: Stamp, at: bytes
) -> None:
    """The line breaks in the middle: the database is as empty as before, the own file whole,
    and the next try succeeds."""
    with BreakingLine(empty.socket_folder / ".s.PGSQL.5432") as line:
        address = f"postgresql://desk@/{empty.name}?host={line.folder}"
        line.break_after(at)
        with pytest.raises(Unreachable):
            sharing.share(own, SharedDatabase.at(address), key, RING, StoreKind.TRAINING, stamp)
        assert line.breaks == 1

    assert (vault_at(empty).exist(), vault_at(empty).ring()) == (False, None)
    sharing.share(own, SharedDatabase.at(empty.url), key, RING, StoreKind.TRAINING, stamp)
    assert vault_at(empty).exist()


def counted(session: object) -> dict[str, int]:
    """Rows of every table that both kinds of database have."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table))  # type: ignore[attr-defined]
        for table in Base.metadata.sorted_tables
        if has_table(table, "sqlite") and has_table(table, "postgresql")
    }

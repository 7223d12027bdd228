from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from desk.issuance.case import Act, Case, Document, RegisterFacts, State, advance, open_case
from desk.store import cases, consents, intents, schema, slips, status
from desk.store.cases import BlobKind
from desk.store.consents import ConsentAnswer
from desk.store.database import Store, StoreKind
from desk.store.intents import Draft
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.models import Base
from desk.store.postgres import SharedDatabase
from desk.store.slips import SlipKind
from tests.postgres import Database, PostgresServer
from tests.samples import ENTRY, NOW, PASSPORT

CANARY = "PLANTEDCANARY"
"""Stands where personal data go in the case `finished`."""


@cache
def template() -> tuple[bytes, RecordsKey]:
    """Migrated and empty training records, made once: migrating costs half a second."""
    key = new_key()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.db"
        Store.open(file, key, StoreKind.TRAINING).close()
        return file.read_bytes(), key


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of the store runs on both kinds of database, unless it looks at the file."""
    if "ground" in metafunc.fixturenames:
        kinds = ["file"] if "path" in metafunc.fixturenames else ["file", "postgresql"]
        metafunc.parametrize("ground", kinds)


@dataclass(frozen=True)
class SharedGround:
    """Migrated training records on the tests' PostgreSQL, empty for each test."""

    server: PostgresServer
    database: Database

    @property
    def place(self) -> SharedDatabase:
        return SharedDatabase.at(self.database.url)

    def clear(self) -> None:
        with closing(self.database.connect()) as connection:
            connection.execute("SET session_replication_role = replica")
            # The tests' server commits when it comes to it: a fall right after would bring back
            # what was cleared.
            connection.execute("SET synchronous_commit = on")
            for table in Base.metadata.sorted_tables:
                if schema.has_table(table, "postgresql") and table.name not in ("meta", "key_ring"):
                    connection.execute(f'DELETE FROM "{table.name}"'.encode())
            connection.execute("DELETE FROM meta WHERE name NOT IN ('kind', 'holder_pepper')")
            connection.execute("UPDATE key_ring SET document = NULL")
            connection.execute("UPDATE alembic_version SET version_num = %s", [schema.HEAD])

    def restore(self, key: RecordsKey) -> None:
        """Give the records back the key of the tests, after one that replaced it."""
        self.clear()
        with closing(self.database.connect()) as connection:
            connection.execute("DELETE FROM meta")
            connection.execute("UPDATE key_ring SET key_id = NULL")
        Store.open(self.place, key, StoreKind.TRAINING).close()


@pytest.fixture(scope="session")
def shared_ground(postgres_host: PostgresServer) -> SharedGround:
    ground = SharedGround(postgres_host, postgres_host.database())
    Store.open(ground.place, template()[1], StoreKind.TRAINING).close()
    return ground


@pytest.fixture
def shared(shared_ground: SharedGround, postgres: PostgresServer) -> SharedGround:
    """Shared records, and the server they lie on."""
    shared_ground.clear()
    return shared_ground


@pytest.fixture
def place(ground: str, request: pytest.FixtureRequest) -> Path | SharedDatabase:
    """Where the records of this test lie, made and empty."""
    if ground == "postgresql":
        shared: SharedGround = request.getfixturevalue("shared")
        return shared.place
    file: Path = request.getfixturevalue("tmp_path") / "records.db"
    file.write_bytes(template()[0])
    return file


@pytest.fixture
def key() -> RecordsKey:
    return template()[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def store(place: Path | SharedDatabase, key: RecordsKey) -> Iterator[Store]:
    opened = Store.open(place, key, StoreKind.TRAINING)
    yield opened
    opened.close()


@pytest.fixture
def stamp() -> Stamp:
    return Stamp(NOW, "officer:T-001")


@pytest.fixture
def case() -> Case:
    return open_case("LA-2026-000001", "LA", "3", "T-001", "이서준", NOW)


@pytest.fixture
def register_facts() -> RegisterFacts:
    """An invented entry of the register."""
    return ENTRY


@pytest.fixture
def document() -> Document:
    """An invented passport, as read."""
    return PASSPORT


@pytest.fixture
def finished(
    store: Store, stamp: Stamp, case: Case, document: Document, register_facts: RegisterFacts
) -> Case:
    """A whole case with the canary wherever personal data go, closed."""
    person = replace(register_facts, name_hangul=CANARY, address=CANARY * 3)
    passport = replace(document, surname=CANARY, mrz=(CANARY, CANARY))
    done = advance(case, Act.CHECK_DOCUMENT, stamp.at, document=passport, register=person)
    done = replace(
        done, state=State.PROVEN, closed_at=stamp.at, history=(*done.history, done.history[-1])
    )
    with store.write() as session:
        cases.add(session, stamp, case)
        cases.keep_blob(
            session, stamp, case.number, BlobKind.DG2, "image/jpeg", CANARY.encode() * 5000
        )
        consents.record(
            session, stamp, case.number, [ConsentAnswer("issuance", "1", "ko", True, stamp.at)]
        )
        status.open_list(session, stamp, "1", size=64)
        slot = status.allocate(session, stamp, "1", case.number)
        draft = Draft(
            case.number, "o", "r", "mdoc", "k", slot, CANARY.encode() * 40, CANARY.encode()
        )
        intent = intents.write(session, stamp, draft)
        intents.mark_signed(session, stamp, intent.id, b"s", CANARY.encode() * 100)
        slips.issue(session, stamp, "LA03", case.number, SlipKind.HANDOVER, "ko")
        cases.save(session, stamp, done, "CASE.CLOSED")
    return done

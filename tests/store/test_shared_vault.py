"""The key ring in the shared database, and replacing the key there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from desk.issuance.case import Case
from desk.store import cases, intents, journal, register
from desk.store.cases import BlobKind
from desk.store.cells import Cells
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.models import CardCertificateRow, IntentRow
from desk.store.postgres import SharedDatabase
from desk.store.register_file import COLUMNS
from desk.store.shared_vault import SharedVault
from desk.store.troubles import Busy, KeyReplaced, NotOpened, Unreachable
from tests.postgres import Database, PostgresServer
from tests.samples import NOW
from tests.store.breaking_line import BreakingLine
from tests.store.conftest import CANARY, SharedGround
from tests.store.test_shared import DESKS, at_once


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[Database]:
    """A database in which nobody has made records yet."""
    database = postgres.database()
    yield database
    postgres.drop(database)


@pytest.fixture
def vault(shared: SharedGround, key: RecordsKey) -> Iterator[SharedVault]:
    yield SharedVault(shared.place, StoreKind.TRAINING)
    shared.restore(key)


@pytest.fixture
def store(shared: SharedGround, key: RecordsKey, vault: SharedVault) -> Iterator[Store]:
    """The case `finished` is laid into the shared records."""
    opened = vault.open(key)
    yield opened
    opened.close()


def vault_at(database: Database) -> SharedVault:
    return SharedVault(SharedDatabase.at(database.url), StoreKind.TRAINING)


class TestRing:
    def test_comes_before_the_records(self, empty: Database) -> None:
        """As a station's own ring does: first the ring, then the records it opens."""
        vault, key = vault_at(empty), new_key()
        nothing = (vault.exist(), vault.ring())

        vault.put_ring(b'{"ring": 1}')
        only_ring = (vault.exist(), vault.ring())
        vault.open(key).close()

        assert nothing == (False, None)
        assert only_ring == (False, b'{"ring": 1}')
        assert (vault.exist(), vault.ring()) == (True, b'{"ring": 1}')

    def test_two_desks_begin_at_once(self, empty: Database) -> None:
        """Only one of them: the other's ring would have left records that nothing opens."""
        first, second = vault_at(empty), vault_at(empty)
        assert first.ring() is None
        assert second.ring() is None

        first.put_ring(b"first")
        with pytest.raises(Busy):
            second.put_ring(b"second")

        assert second.ring() == b"first"

    def test_changed_meanwhile(self, vault: SharedVault, shared: SharedGround) -> None:
        other = SharedVault(shared.place, StoreKind.TRAINING)
        vault.ring()
        other.ring()

        other.put_ring(b"theirs")
        with pytest.raises(Busy):
            vault.put_ring(b"mine")
        vault.ring()
        vault.put_ring(b"mine, of theirs")

        assert other.ring() == b"mine, of theirs"

    def test_written_while_a_step_is_under_way(
        self, vault: SharedVault, store: Store, stamp: Stamp
    ) -> None:
        """A card is let in behind the write lock; the ring itself does not wait for it."""
        vault.ring()

        with store.write() as session:
            vault.put_ring(b"ring")
            journal.append(session, stamp, "TEST.EVENT")

        assert vault.ring() == b"ring"

    def test_server_away(self) -> None:
        nowhere = SharedDatabase.at("postgresql://desk@/d?host=/nowhere")

        for ask in (SharedVault(nowhere, None).exist, SharedVault(nowhere, None).ring):
            with pytest.raises(Unreachable):
                ask()


class TestMaking:
    def test_made_at_two_desks_at_once(self, empty: Database) -> None:
        """Each of several desks makes the tables and puts its key in force: one succeeds, the
        others find its records, which do not open with their own keys."""
        keys = [new_key() for _ in range(DESKS)]
        opened: list[Store] = []

        def make(number: int) -> None:
            opened.append(vault_at(empty).open(keys[number]))

        refused = at_once(make)

        assert [type(trouble) for trouble in refused] == [NotOpened] * (DESKS - 1)
        (store,) = opened
        with store.write() as session:
            journal.append(session, Stamp(NOW, "officer:T-001"), "TEST.EVENT")
        store.close()


class TestReplacingTheKey:
    def test_everything_is_sealed_anew(
        self,
        vault: SharedVault,
        store: Store,
        key: RecordsKey,
        stamp: Stamp,
        finished: Case,
        shared: SharedGround,
        tmp_path: Path,
    ) -> None:
        """Case, pictures, intents, extract and lookups are there; no value is left under the
        former key, and that key opens nothing."""
        bring_in(store, stamp, tmp_path)
        with store.write() as session:
            session.add(CardCertificateRow(sha256="ab" * 32, der=CANARY.encode()))
            journal.append(session, stamp, "TEST.EVENT")
        following = new_key()

        vault.rekey(key, following)

        with closing(vault.open(following)) as again, again.read() as session:
            assert cases.load(session, finished.number) == finished
            assert cases.blob(session, finished.number, BlobKind.DG2) == CANARY.encode() * 5000
            row = session.scalars(select(IntentRow)).one()
            assert row.credential == CANARY.encode() * 100
            assert intents.standing(session, finished.number)[0].draft.material == CANARY.encode()
            (entry,) = register.by_passport(session, "M1")
            assert register.by_overseas_number(session, "LA-1") == (entry,)
            assert register.by_name(session, "KIM", "HANEUL", entry.birth_date) == (entry,)
            assert cases.held_elsewhere(session, "nobody", "1") == ()
            assert session.get_one(CardCertificateRow, "ab" * 32).der == CANARY.encode()
        with (
            closing(vault.open(following)) as guarded,
            pytest.raises(IntegrityError),
            guarded.load() as connection,
        ):
            connection.execute(text("UPDATE card_certificates SET sha256 = 'x'"))
        assert under(shared, Cells(key)) == 0
        assert under(shared, Cells(following)) >= 9
        with pytest.raises(NotOpened):
            vault.open(key)

    def test_open_desk_is_told(
        self, vault: SharedVault, store: Store, key: RecordsKey, stamp: Stamp, finished: Case
    ) -> None:
        """A desk with the former key neither reads nor writes on under it."""
        vault.rekey(key, new_key())

        with pytest.raises(KeyReplaced), store.write() as session:
            journal.append(session, stamp, "TEST.EVENT")
        with pytest.raises(KeyReplaced), store.read() as session:
            cases.load(session, finished.number)

    def test_former_key_replaces_nothing(self, vault: SharedVault, key: RecordsKey) -> None:
        """Two desks replace it at once: the second finds that it was done."""
        following = new_key()
        vault.rekey(key, following)

        with pytest.raises(NotOpened):
            vault.rekey(key, new_key())

        vault.open(following).close()

    @pytest.mark.parametrize(
        "at", [b"UPDATE key_ring", b"UPDATE cases", b"UPDATE intents", b"COPY register"]
    )
    def test_cut_off_leaves_the_former_key(
        self,
        vault: SharedVault,
        store: Store,
        key: RecordsKey,
        stamp: Stamp,
        finished: Case,
        shared: SharedGround,
        tmp_path: Path,
        at: bytes,
    ) -> None:
        bring_in(store, stamp, tmp_path)
        server = shared.database.socket_folder / ".s.PGSQL.5432"
        with BreakingLine(server) as line:
            address = f"postgresql://desk@/{shared.database.name}?host={line.folder}"
            line.break_after(at)
            with pytest.raises(Unreachable):
                SharedVault(SharedDatabase.at(address), StoreKind.TRAINING).rekey(key, new_key())
            assert line.breaks == 1

        with closing(vault.open(key)) as again, again.read() as session:
            assert cases.load(session, finished.number) == finished
            assert len(register.by_passport(session, "M1")) == 1


def bring_in(store: Store, stamp: Stamp, folder: Path) -> None:
    line = f"LA-1,{CANARY},KIM,HANEUL,1991-03-14,F,KOR,910314-2987654,M1,LA,{CANARY},alive,,"
    extract = folder / "register.csv"
    extract.write_text(f"{','.join(COLUMNS)}\n{line}\n", encoding="utf-8")
    register.import_extract(store, extract, stamp, {"LA"})


def under(shared: SharedGround, cells: Cells) -> int:
    """How many values in the database name the key of ``cells``."""
    return shared.server.dump(shared.database).count(b"'\\x01" + cells.key_id.hex().encode())

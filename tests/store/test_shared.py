"""Records that several desks share: turns, one view, a server that goes away."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from desk.issuance import audit
from desk.issuance.case import Act, Case, Document, RegisterFacts, advance
from desk.store import (
    cases,
    intents,
    journal,
    meta,
    postgres,
    register,
    retention,
    sequences,
    status,
)
from desk.store.cells import Cells
from desk.store.database import Store, StoreKind
from desk.store.intents import Draft
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.postgres import SharedDatabase
from desk.store.register_file import COLUMNS
from desk.store.register_rows import SealedRows
from desk.store.troubles import (
    Busy,
    CaseChanged,
    HeldElsewhere,
    OutcomeUnknown,
    Unreachable,
)
from tests.samples import NOW
from tests.store.breaking_line import BreakingLine
from tests.store.conftest import CANARY, SharedGround

DESKS = 4


@pytest.fixture
def desks(shared: SharedGround, key: RecordsKey) -> Iterator[list[Store]]:
    """Several programs with connections of their own on one database."""
    with ExitStack() as closing_all:
        opened = [Store.open(shared.place, key, StoreKind.TRAINING) for _ in range(DESKS)]
        for store in opened:
            closing_all.callback(store.close)
        yield opened


@pytest.fixture
def desk(desks: list[Store]) -> Store:
    return desks[0]


def at_once(work: Callable[[int], None]) -> list[BaseException]:
    """``work`` on a thread for each desk, begun together; what it raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(DESKS)

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as trouble:
            raised.append(trouble)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(DESKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


class TestTurns:
    def test_one_audit_chain(self, desks: list[Store], stamp: Stamp) -> None:
        """Desks append at once: one chain, no gap, none lost, and it verifies."""

        def work(number: int) -> None:
            for _ in range(10):
                with desks[number].write() as session:
                    journal.append(session, Stamp(NOW, f"station:LA0{number}"), "TEST.EVENT")

        assert at_once(work) == []

        with desks[0].read() as session:
            lines = [line.encode() + b"\n" for line in journal.lines(session, NOW)]
            events = journal.events(session)
        assert audit.verify(lines).count == 10 * DESKS
        assert {event.actor for event in events} == {f"station:LA0{n}" for n in range(DESKS)}

    def test_no_status_index_twice(self, desks: list[Store], stamp: Stamp) -> None:
        """A list so small that desks drawing at once would meet; each index is given once."""
        with desks[0].write() as session:
            status.open_list(session, stamp, "1", size=50)
        given: list[int] = []

        def work(number: int) -> None:
            for _ in range(10):
                with desks[number].write() as session:
                    slot = status.allocate(session, stamp, "1", "LA-2026-000001")
                    journal.append(session, stamp, "TEST.EVENT")
                given.append(slot.index)

        assert at_once(work) == []

        assert len(given) == len(set(given)) == 10 * DESKS
        with desks[0].read() as session:
            assert set(status.content(session, "1").values) == set(given)

    def test_no_number_twice(self, desks: list[Store], stamp: Stamp) -> None:
        """Also the first number of a scope, whose row is not there yet."""
        given: list[str] = []

        def work(number: int) -> None:
            for _ in range(10):
                with desks[number].write() as session:
                    drawn = sequences.next_case_number(session, "LA", NOW)
                    journal.append(session, stamp, "TEST.EVENT")
                given.append(drawn)

        assert at_once(work) == []

        assert sorted(given) == [f"LA-{NOW.year}-{n:06d}" for n in range(1, 10 * DESKS + 1)]

    def test_one_phone_a_person(
        self,
        desks: list[Store],
        stamp: Stamp,
        case: Case,
        document: Document,
        register_facts: RegisterFacts,
    ) -> None:
        """Every desk decided that the same person may have one: one desk writes the intent."""
        with desks[0].write() as session:
            status.open_list(session, stamp, "1", size=64)
            for number in range(DESKS):
                one = replace(case, number=f"LA-2026-{number:06d}")
                checked = advance(
                    one, Act.CHECK_DOCUMENT, NOW, document=document, register=register_facts
                )
                cases.add(session, stamp, one)
                cases.save(session, stamp, checked, "CASE.TEST")

        def work(number: int) -> None:
            with desks[number].write() as session:
                slot = status.allocate(session, stamp, "1", f"LA-2026-{number:06d}")
                draft = Draft(f"LA-2026-{number:06d}", "o", "r", "mdoc", "k", slot, b"b", b"m")
                intents.write(session, stamp, draft)

        refused = at_once(work)

        assert [type(trouble) for trouble in refused] == [HeldElsewhere] * (DESKS - 1)
        with desks[0].read() as session:
            assert len(intents.unfinished(session)) == 1
            assert len(status.content(session, "1").values) == 1

    def test_case_saved_at_two_desks(
        self, desks: list[Store], stamp: Stamp, case: Case, document: Document
    ) -> None:
        """Two desks go on from the same point: the second is told, the first act stays."""
        with desks[0].write() as session:
            cases.add(session, stamp, case)
        cancelled = advance(case, Act.CANCEL, NOW + timedelta(seconds=1))
        with desks[1].write() as session:
            cases.save(session, stamp, cancelled, "CASE.CANCELLED")

        checked = advance(case, Act.CHECK_DOCUMENT, NOW + timedelta(seconds=2), document=document)
        with pytest.raises(CaseChanged), desks[0].write() as session:
            cases.save(session, stamp, checked, "CASE.TEST")

        with desks[0].read() as session:
            assert cases.load(session, case.number) == cancelled

    def test_reader_sees_one_moment(self, desks: list[Store], stamp: Stamp) -> None:
        """What another desk commits while this one reads is not in its view."""
        with desks[0].read() as reading:
            before = journal.head(reading).count
            with desks[1].write() as session:
                journal.append(session, stamp, "TEST.EVENT")
            during = journal.head(reading).count
        with desks[0].read() as reading:
            after = journal.head(reading).count

        assert (before, during, after) == (0, 0, 1)

    def test_waiting_ends(
        self,
        shared: SharedGround,
        key: RecordsKey,
        stamp: Stamp,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A desk that cannot write in time is told so, as with the desk's own file."""
        monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.05)
        first, second = (Store.open(shared.place, key, StoreKind.TRAINING) for _ in range(2))

        with first.write() as session:
            journal.append(session, stamp, "TEST.EVENT")
            with pytest.raises(Busy), second.write():
                pass
        with second.write() as session:
            journal.append(session, stamp, "TEST.EVENT")

        first.close()
        second.close()

    def test_hung_desk_loses_its_turn(
        self,
        shared: SharedGround,
        key: RecordsKey,
        stamp: Stamp,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A desk asleep in the middle of a step does not stop the post: it is cut off, its
        step is not stored, and it is told when it wakes."""
        awake = Store.open(shared.place, key, StoreKind.TRAINING)
        monkeypatch.setattr(postgres, "HUNG_SECONDS", 1)
        asleep = Store.open(shared.place, key, StoreKind.TRAINING)

        with pytest.raises(Unreachable), asleep.write() as session:
            meta.put(session, "half", "done")
            journal.append(session, stamp, "TEST.ASLEEP")
            with awake.write() as other:
                journal.append(other, stamp, "TEST.AWAKE")

        with asleep.read() as session:
            assert [event.kind for event in journal.events(session)] == ["TEST.AWAKE"]
            assert meta.value(session, "half") is None
        awake.close()
        asleep.close()

    def test_who_hangs_loses_a_turn_of_its_own_too(
        self, shared: SharedGround, key: RecordsKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        awake = Store.open(shared.place, key, StoreKind.TRAINING)
        monkeypatch.setattr(postgres, "HUNG_SECONDS", 1)
        asleep = Store.open(shared.place, key, StoreKind.TRAINING)
        done: list[str] = []

        with pytest.raises(Unreachable), asleep.in_turn("publishing", 5.0):
            with pytest.raises(Busy), awake.in_turn("publishing", 0.01):
                done.append("too early")
            with awake.in_turn("publishing", 5.0):
                done.append("awake")

        assert done == ["awake"]
        awake.close()
        asleep.close()


class TestRegister:
    def test_the_next_may_begin_at_once(
        self, desks: list[Store], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Even where the server has not yet noticed that the former's connection ended."""
        monkeypatch.setattr(Connection, "invalidate", lambda connection: None)
        begun: list[int] = []

        for number in (0, 1):
            with desks[number].alone("import"):
                begun.append(number)

        assert begun == [0, 1]

    def test_imported_at_two_desks(
        self, desks: list[Store], stamp: Stamp, extract: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While one desk imports, the other is told to wait, and takes what is half loaded
        for what it is: not left by somebody who was cut off."""
        refused: list[str] = []
        lay = SealedRows.lay

        def look_in_between(rows: SealedRows, *given: Any) -> None:
            with pytest.raises(Busy) as told:
                register.import_extract(desks[1], extract, stamp, {"LA"})
            refused.append(told.value.code)
            register.tidy(desks[1])
            lay(rows, *given)

        monkeypatch.setattr(SealedRows, "lay", look_in_between)
        register.import_extract(desks[0], extract, stamp, {"LA"})
        monkeypatch.undo()

        assert refused == [Busy.code]
        with desks[1].read() as session:
            assert len(register.by_overseas_number(session, "LA-1")) == 1
        register.import_extract(desks[1], extract, stamp, {"LA"})

    def test_nobody_waits_for_it(
        self, desks: list[Store], stamp: Stamp, extract: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Lines are being laid down: another desk writes in between; only whoever replaces
        the key has to wait."""
        monkeypatch.setattr(postgres, "LOCK_SECONDS", 0.05)
        lay = SealedRows.lay
        waited: list[str] = []

        def look_in_between(rows: SealedRows, *given: Any) -> None:
            lay(rows, *given)
            with desks[1].write() as session:
                journal.append(session, stamp, "TEST.MEANWHILE")
            hurried = postgres.open_engine(SharedDatabase(desks[1].engine.url))
            with hurried.begin() as connection, pytest.raises(OperationalError) as told:
                postgres.lock_key(connection)
            waited.append(type(told.value.orig).__name__)
            hurried.dispose()

        monkeypatch.setattr(SealedRows, "lay", look_in_between)
        register.import_extract(desks[0], extract, stamp, {"LA"})

        assert waited == ["LockNotAvailable"]
        assert kinds(desks[0]) == ["TEST.MEANWHILE", "REGISTER.IMPORTED"]

    def test_whoever_looks_while_it_changes(
        self, desks: list[Store], stamp: Stamp, extract: Path
    ) -> None:
        """A look that began with the former extract ends with it, though its lines go."""
        register.import_extract(desks[0], extract, stamp, {"LA"})

        with desks[1].read() as session:
            before = register.state(session)
            register.import_extract(desks[0], extract, stamp, {"LA"})
            found = register.by_overseas_number(session, "LA-1")

        assert before is not None
        assert len(found) == 1

    @pytest.fixture
    def extract(self, tmp_path: Path) -> Path:
        line = "LA-1,김하늘,KIM,HANEUL,1991-03-14,F,KOR,910314-2987654,M1,LA,1 Sample,alive,,"
        file = tmp_path / "register.csv"
        file.write_text(f"{','.join(COLUMNS)}\n{line}\n", encoding="utf-8")
        return file


class TestServerGone:
    def test_stopped_between_steps(self, desk: Store, shared: SharedGround, stamp: Stamp) -> None:
        """Told with a code while it is away; when it is back the desk goes on by itself."""
        with desk.write() as session:
            journal.append(session, stamp, "TEST.BEFORE")

        shared.server.stop("immediate")
        with pytest.raises(Unreachable), desk.write():
            pass
        with pytest.raises(Unreachable), desk.read() as session:
            journal.head(session)
        shared.server.start()

        with desk.write() as session:
            journal.append(session, stamp, "TEST.AFTER")
        assert kinds(desk) == ["TEST.BEFORE", "TEST.AFTER"]

    @pytest.mark.parametrize("mode", ["fast", "immediate"])
    def test_stopped_in_the_middle(
        self, desk: Store, shared: SharedGround, stamp: Stamp, mode: str
    ) -> None:
        """Stopped, or as by a crash: nothing of the step is there, everything before it is."""
        with desk.write() as session:
            journal.append(session, stamp, "TEST.BEFORE")

        with pytest.raises(Unreachable), desk.write() as session:
            meta.put(session, "half", "done")
            shared.server.stop(mode)
            journal.append(session, stamp, "TEST.EVENT")
        shared.server.start()

        with desk.read() as session:
            assert meta.value(session, "half") is None
        assert kinds(desk) == ["TEST.BEFORE"]

    def test_back_before_the_commit(self, desk: Store, shared: SharedGround, stamp: Stamp) -> None:
        """Everything was sent, then the server restarted: the commit is told as not done."""
        with pytest.raises(Unreachable), desk.write() as session:
            journal.append(session, stamp, "TEST.EVENT")
            shared.server.stop("immediate")
            shared.server.start()

        assert kinds(desk) == []

    def test_answer_to_the_commit_lost(
        self, shared: SharedGround, key: RecordsKey, stamp: Stamp
    ) -> None:
        """The server committed and the line broke before it could say so: the desk asks after
        the transaction and goes on as stored. Never stored twice, never told as lost."""
        with broken_line(shared, key) as (desk, line):
            with desk.write() as session:
                journal.append(session, stamp, "TEST.BEFORE")
                line.break_after(b"COMMIT")
            with desk.write() as session:
                journal.append(session, stamp, "TEST.AFTER")

            assert line.breaks == 1
            assert kinds(desk) == ["TEST.BEFORE", "TEST.AFTER"]

    def test_commit_that_never_arrived(
        self, shared: SharedGround, key: RecordsKey, stamp: Stamp
    ) -> None:
        with broken_line(shared, key) as (desk, line):
            with pytest.raises(Unreachable), desk.write() as session:
                journal.append(session, stamp, "TEST.EVENT")
                line.break_before(b"COMMIT")

            assert line.breaks == 1
            assert kinds(desk) == []

    def test_nobody_to_ask(
        self,
        shared: SharedGround,
        key: RecordsKey,
        stamp: Stamp,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Neither told as stored nor as lost, and whoever looks later finds the truth."""
        monkeypatch.setattr(postgres, "OUTCOME_SECONDS", 0.0)
        with broken_line(shared, key) as (desk, line):
            with pytest.raises(OutcomeUnknown), desk.write() as session:
                journal.append(session, stamp, "TEST.EVENT")
                line.break_after(b"COMMIT", for_good=True)

            line.mend()
            assert kinds(desk) == ["TEST.EVENT"]

    @pytest.mark.parametrize("at", [b"pg_advisory_xact_lock", b"key_ring", b"INSERT INTO audit"])
    def test_broken_at_any_statement(
        self, shared: SharedGround, key: RecordsKey, stamp: Stamp, at: bytes
    ) -> None:
        with broken_line(shared, key) as (desk, line):
            line.break_after(at)

            with pytest.raises(Unreachable), desk.write() as session:
                meta.put(session, "half", "done")
                journal.append(session, stamp, "TEST.EVENT")

            assert line.breaks == 1
            assert kinds(desk) == []


class TestNothingToRead:
    """The database, its dump and its files hold no byte of personal data in the clear."""

    @pytest.fixture
    def store(self, desk: Store) -> Store:
        """The case `finished` is laid into the shared records."""
        return desk

    def test_canary(
        self, store: Store, shared: SharedGround, finished: Case, stamp: Stamp, tmp_path: Path
    ) -> None:
        """A whole case and a register with the canary in every place for personal data. The
        same look finds the officer's card, which stands in the clear, so it does look."""
        in_the_clear = Stamp(stamp.at, "officer:SEENCANARY")
        line = f"LA-1,{CANARY},{CANARY},{CANARY},1991-03-14,F,KOR,910314-2987654,M1,LA,{CANARY}"
        extract = tmp_path / "register.csv"
        extract.write_text(f"{','.join(COLUMNS)}\n{line},alive,,{CANARY}\n", encoding="utf-8")
        register.import_extract(store, extract, in_the_clear, {"LA"})
        with store.read() as session:
            (entry,) = register.by_overseas_number(session, "LA-1")
            assert cases.load(session, finished.number) == finished

        places = {"dump": shared.server.dump(shared.database), "files": all_files(shared)}

        assert entry.address == CANARY
        for name, content in places.items():
            assert not spellings(CANARY, content), name
            assert not spellings("910314-2987654", content), name
            assert spellings("SEENCANARY", content), name

    def test_no_key(self, desk: Store, shared: SharedGround, key: RecordsKey) -> None:
        """Neither the key nor anything derived from it lies there."""
        derived = Cells(key)
        assert not spellings(key.secret, shared.server.dump(shared.database))
        assert not spellings(key.secret, all_files(shared))
        assert spellings(derived.key_id.hex(), shared.server.dump(shared.database))

    def test_purged_case_keeps_its_trace_only(
        self, store: Store, shared: SharedGround, finished: Case, stamp: Stamp
    ) -> None:
        """No sealed value of the case is left in a row."""
        retention.purge(store, stamp, stamp.at + timedelta(days=1))

        with closing(shared.database.connect()) as connection:
            (record,) = connection.execute("SELECT record FROM cases").fetchall()
            blobs = connection.execute("SELECT count(*) FROM case_blobs").fetchall()
            intent = connection.execute(
                "SELECT to_be_signed, material, signature, credential FROM intents"
            ).fetchall()
        assert (record, blobs, intent) == ((None,), [(0,)], [(None, None, None, None)])


def all_files(shared: SharedGround) -> bytes:
    """Tables, write-ahead log and all, as they lie on the server's disk."""
    with closing(shared.database.connect()) as connection:
        connection.execute("CHECKPOINT")
    return b"\n".join(file.read_bytes() for file in shared.server.files())


def spellings(word: str | bytes, content: bytes) -> int:
    """How often the word stands there: as it is, and as dumps write bytes."""
    raw = word.encode() if isinstance(word, str) else word
    forms = {raw, raw.hex().encode(), raw.hex().upper().encode(), base64.b64encode(raw)[:-4]}
    return sum(content.count(form) for form in forms)


class TestFinding:
    def test_looks_by_index(self, desk: Store) -> None:
        """In 2.4 million sealed lines a person is found without walking through them."""
        with desk.engine.connect() as connection:
            connection.execute(text("SET enable_seqscan = off"))
            for column in ("overseas_key", "passport_key", "person_key", "hangul_key"):
                query = f"SELECT line, entry FROM register_sealed_a WHERE {column} = '\\x00'"
                plan = "\n".join(connection.scalars(text(f"EXPLAIN {query}")))
                assert f"ix_register_sealed_a_{column}" in plan


def kinds(store: Store) -> list[str]:
    with store.read() as session:
        return [event.kind for event in journal.events(session)]


@contextmanager
def broken_line(shared: SharedGround, key: RecordsKey) -> Iterator[tuple[Store, BreakingLine]]:
    """A desk whose way to the server can be cut at a chosen statement."""
    server = shared.database.socket_folder / ".s.PGSQL.5432"
    with BreakingLine(server) as line:
        address = f"postgresql://desk@/{shared.database.name}?host={line.folder}"
        store = Store.open(SharedDatabase.at(address), key, StoreKind.TRAINING)
        try:
            yield store, line
        finally:
            store.close()

"""Opening, encrypting, and transactions that are whole or nothing."""

from __future__ import annotations

import gc
import logging
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.store import journal, meta
from desk.store.database import Store, StoreKind, UnauditedChange
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from desk.store.troubles import (
    Busy,
    Full,
    NotOpened,
    TooNew,
    Unwritable,
    WrongKind,
)
from desk.store.vault import FileVault


def test_file_is_encrypted(store: Store, path: Path, stamp: Stamp) -> None:
    """Neither SQLite's own header nor what was written can be read without the key."""
    with store.write() as session:
        meta.put(session, "canary", "PLANTED-CANARY")
        journal.append(session, stamp, "TEST.EVENT")
    store.checkpoint()

    content = path.read_bytes()

    assert not content.startswith(b"SQLite format 3")
    assert b"PLANTED-CANARY" not in content


def test_files_belong_to_one_user(path: Path, key: RecordsKey) -> None:
    opened = Store.open(path, key)
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.glob("records.db*")}
    opened.close()

    if os.name != "posix":
        pytest.skip("file modes are POSIX's")
    assert set(modes.values()) == {0o600}


@pytest.mark.usefixtures("path")
def test_durability_pragmas(store: Store) -> None:
    """Write-ahead log, full synchronisation, overwriting of deleted content, foreign keys."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}

    with store.engine.connect() as connection:
        found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in wanted}

    assert found == wanted


def test_other_key_is_refused(store: Store, path: Path) -> None:
    with pytest.raises(NotOpened):
        Store.open(path, new_key(), StoreKind.TRAINING)


def test_other_kind_is_refused(store: Store, path: Path, key: RecordsKey) -> None:
    """Training records never open in live work."""
    with pytest.raises(WrongKind) as refused:
        Store.open(path, key, StoreKind.LIVE)

    assert refused.value.facts == {"found": "training", "wanted": "live"}


def test_any_kind_opens_for_commands(store: Store, path: Path, key: RecordsKey) -> None:
    Store.open(path, key, kind=None).close()


def test_later_revision_is_refused(store: Store, path: Path, key: RecordsKey) -> None:
    with store.load() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(TooNew):
        Store.open(path, key, StoreKind.TRAINING)


def test_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unwritable):
        Store.open(tmp_path / "nowhere" / "records.db", new_key())


def test_change_without_event_is_refused(store: Store) -> None:
    """A transaction that changes records and writes no audit event is rolled back."""
    with pytest.raises(UnauditedChange), store.write() as session:
        meta.put(session, "silent", "change")

    with store.read() as session:
        assert meta.value(session, "silent") is None


def test_statement_without_event_is_refused(store: Store) -> None:
    with pytest.raises(UnauditedChange), store.write() as session:
        session.execute(text("DELETE FROM sequences"))


def test_one_event_does_not_cover_the_next_transaction(store: Store, stamp: Stamp) -> None:
    with store.write() as session:
        journal.append(session, stamp, "TEST.EVENT")

    with pytest.raises(UnauditedChange), store.write() as session:
        meta.put(session, "silent", "change")


def test_failure_leaves_nothing(store: Store, stamp: Stamp) -> None:
    """An exception in the middle takes change and event back together."""

    def half_done(session: Session) -> None:
        meta.put(session, "half", "done")
        journal.append(session, stamp, "TEST.EVENT")
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError), store.write() as session:
        half_done(session)

    with store.read() as session:
        assert meta.value(session, "half") is None
        assert journal.head(session).count == 0


@pytest.mark.usefixtures("path")
def test_full_disk_loses_nothing(store: Store, stamp: Stamp) -> None:
    """SQLITE_FULL becomes a coded trouble; what was there stays, and work goes on later.

    The page limit of SQLite answers as a full disk does (sqlite.org/rescode.html#full).
    """
    with store.write() as session:
        meta.put(session, "before", "kept")
        journal.append(session, stamp, "TEST.EVENT")
    store.checkpoint()

    with pytest.raises(Full) as refused, store.write() as session:
        _limit_pages(session, 0)
        meta.put(session, "big", "x" * 200_000)
        journal.append(session, stamp, "TEST.EVENT")
    with store.write() as session:
        _limit_pages(session, 100_000)
        journal.append(session, stamp, "TEST.AFTER")

    assert refused.value.code == "STORE-04"
    with store.read() as session:
        assert meta.value(session, "before") == "kept"
        assert meta.value(session, "big") is None
        assert [event.kind for event in journal.events(session)] == ["TEST.EVENT", "TEST.AFTER"]


def test_second_writer_is_told_to_wait(
    store: Store, path: Path, key: RecordsKey, stamp: Stamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.store.database.BUSY_SECONDS", 0.01)
    other = Store.open(path, key, StoreKind.TRAINING)

    with store.write() as session:
        journal.append(session, stamp, "TEST.EVENT")
        with pytest.raises(Busy), other.write():
            pass

    other.close()


def test_closed_records_keep_no_connection_that_a_job_still_had(
    store: Store, path: Path, key: RecordsKey
) -> None:
    """As soon as the job is done another key can be laid over the file, whenever the garbage
    collector next comes by."""
    vault = FileVault(path, StoreKind.TRAINING)
    gc.disable()
    try:
        with store.read() as session:
            session.execute(text("SELECT 1"))
            store.close()
        with store.read() as session:
            session.execute(text("SELECT 1"))

        vault.rekey(key, new_key())
    finally:
        gc.enable()


def test_writers_on_threads_queue_up(store: Store, stamp: Stamp) -> None:
    """Four threads append at once: one chain, no gap, none lost."""

    def work() -> None:
        for _ in range(10):
            with store.write() as session:
                journal.append(session, stamp, "TEST.EVENT")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.read() as session:
        assert [event.seq for event in journal.events(session)] == list(range(1, 41))


def test_key_is_never_logged(path: Path, key: RecordsKey, caplog: pytest.LogCaptureFixture) -> None:
    """Not in SQLAlchemy's most talkative log, nor in a text form, nor in an error."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)

    opened = Store.open(path, key, StoreKind.TRAINING)
    with opened.read() as session:
        meta.value(session, "kind")
    opened.close()
    with pytest.raises(NotOpened) as refused:
        Store.open(path, new_key())
    logging.getLogger("sqlalchemy").setLevel(logging.NOTSET)

    secret = key.secret.hex()
    assert secret not in caplog.text
    assert secret not in repr(key)
    assert "x'" not in f"{refused.value!r} {refused.value.__cause__!r}"


def test_parameters_are_never_logged(
    store: Store, stamp: Stamp, caplog: pytest.LogCaptureFixture
) -> None:
    """Personal data go in as parameters, and parameters are hidden."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)

    with store.write() as session:
        meta.put(session, "who", "PLANTED-CANARY")
        journal.append(session, stamp, "TEST.EVENT")
    logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)

    assert "PLANTED-CANARY" not in caplog.text


def _limit_pages(session: Session, extra: int) -> None:
    count = session.execute(text("PRAGMA page_count")).scalar_one()
    session.execute(text(f"PRAGMA max_page_count = {count + extra}"))

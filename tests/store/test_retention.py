"""I8: after a purge no byte of a planted canary is left in file, log or free pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import text

from desk.issuance.case import Case, RegisterFacts
from desk.store import cases, consents, journal, register, retention, slips, status
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.register_file import COLUMNS
from desk.store.troubles import CasePurged
from tests.store.conftest import CANARY

PAGE, RESERVED, SALT = 4096, 80, 16
WAL_HEADER, FRAME_HEADER = 32, 24


def decrypted(path: Path, key: RecordsKey) -> bytes:
    """Every page of the file and every frame of its log, free ones too, as plain bytes.

    SQLCipher 4 (zetetic.net/sqlcipher/design): AES-256-CBC by page, the last 80 bytes of a
    page hold its IV and its HMAC, the first 16 of the file the salt.
    """
    content = path.read_bytes()
    pages = [content[at : at + PAGE] for at in range(0, len(content), PAGE)]
    log = path.with_name(path.name + "-wal")
    frames = log.read_bytes()[WAL_HEADER:] if log.exists() else b""
    pages += [
        frames[at + FRAME_HEADER : at + FRAME_HEADER + PAGE]
        for at in range(0, len(frames), FRAME_HEADER + PAGE)
    ]
    return b"".join(
        _page(key, page, SALT if page[:SALT] == content[:SALT] else 0) for page in pages
    )


def _page(key: RecordsKey, page: bytes, start: int) -> bytes:
    end = PAGE - RESERVED
    iv = page[end : end + 16]
    opened = Cipher(algorithms.AES(key.secret), modes.CBC(iv)).decryptor()
    return opened.update(page[start:end]) + opened.finalize()


def test_canary_is_gone(
    store: Store, path: Path, key: RecordsKey, stamp: Stamp, finished: Case
) -> None:
    """The same look that finds it before finds nothing after."""
    store.checkpoint()
    before = decrypted(path, key).count(CANARY.encode())

    purged = retention.purge(store, stamp, stamp.at + timedelta(days=1))

    after = decrypted(path, key)
    assert before > 5000
    assert purged == (finished.number,)
    assert CANARY.encode() not in after
    assert b"CASE.PURGED" in after
    assert path.with_name("records.db-wal").stat().st_size == 0


def test_canary_in_the_log_file_is_seen(
    store: Store, path: Path, key: RecordsKey, finished: Case
) -> None:
    """Before any checkpoint the pages lie in the write-ahead log: the look covers it."""
    log = path.with_name("records.db-wal")

    assert log.stat().st_size > 0
    assert decrypted(path, key).count(CANARY.encode()) > 5000


def test_what_stays(store: Store, stamp: Stamp, finished: Case) -> None:
    """Number, states, status, consent, slip and log stay; the case itself cannot be read."""
    retention.purge(store, stamp, stamp.at + timedelta(days=1))

    with store.read() as session:
        with pytest.raises(CasePurged):
            cases.load(session, finished.number)
        steps = session.execute(text("SELECT state FROM case_steps ORDER BY position")).scalars()
        assert next(iter(steps)) == "opened"
        assert len(status.entries_of(session, finished.number)) == 1
        assert len(consents.consents_of(session, finished.number)) == 1
        assert len(slips.slips_of(session, finished.number)) == 1
        assert cases.cases_since(session, stamp.at - timedelta(days=1)) == ()
        assert journal.head(session).count > 5


def test_one_phone_rule_outlives_the_purge(
    store: Store, stamp: Stamp, finished: Case, register_facts: RegisterFacts
) -> None:
    retention.purge(store, stamp, stamp.at + timedelta(days=1))

    with store.read() as session:
        held = cases.held_elsewhere(session, register_facts.overseas_number, "LA-2026-000002")

    assert held == (finished.number,)


@pytest.mark.usefixtures("path")
def test_checkpoint_tells_of_a_reader(store: Store, stamp: Stamp, finished: Case) -> None:
    """While somebody reads an older state the log cannot be cut; afterwards it is."""
    with store.read() as session:
        journal.head(session)
        with store.write() as writing:
            journal.append(writing, stamp, "TEST.EVENT")
        with store.engine.connect() as connection:
            connection.execute(text("PRAGMA busy_timeout = 1"))
        while_reading = store.checkpoint()

    assert (while_reading, store.checkpoint()) == (False, True)


def test_not_yet_due(store: Store, stamp: Stamp, finished: Case) -> None:
    assert retention.purge(store, stamp, stamp.at - timedelta(days=1)) == ()


def test_open_cases_are_kept(store: Store, stamp: Stamp, case: Case) -> None:
    with store.write() as session:
        cases.add(session, stamp, case)

    assert retention.purge(store, stamp, stamp.at + timedelta(days=365)) == ()


def test_former_extract_is_gone(
    store: Store, path: Path, key: RecordsKey, stamp: Stamp, tmp_path: Path
) -> None:
    """Resident numbers of a replaced extract do not stay in free pages either."""
    line = f"LA-1,{CANARY},KIM,HANEUL,1991-03-14,F,KOR,910314-2987654,M1,LA,{CANARY},alive,,"
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text(f"{','.join(COLUMNS)}\n{line}\n")
    second.write_text(f"{','.join(COLUMNS)}\n{line.replace(CANARY, 'OTHER')}\n")
    register.import_extract(store, first, stamp, {"LA"})
    store.checkpoint()
    before = decrypted(path, key).count(CANARY.encode())

    register.import_extract(store, second, stamp, {"LA"})

    assert before >= 2
    assert CANARY.encode() not in decrypted(path, key)

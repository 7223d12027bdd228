"""The station's records as several threads have them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from desk.counter.records import Records
from desk.store import unlocking
from desk.store.database import StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey
from desk.store.key_ring import OpenedRing
from desk.store.vault import FileVault, Vault
from tests.store.test_database import new_key


def test_a_job_that_meets_a_replacement_of_the_key_goes_on_by_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the former one it was told that the key belongs to other records."""
    former, following = new_key(), new_key()
    vault = FileVault(tmp_path / "records.db", StoreKind.TRAINING)
    vault.open(former).close()
    records = Records(vault)
    monkeypatch.setattr(unlocking, "unlock", lambda *_asked: vault.open(former))
    stamp: Any = Stamp(datetime.now(UTC), "station:1")
    card: Any = None
    records.open(card, "", stamp)
    asks, found = threading.Event(), []

    def read() -> None:
        asks.set()
        with records.store.read() as session:
            found.append(session.scalar(text("SELECT count(*) FROM meta")))

    job = threading.Thread(target=read)

    def replace(vault: Vault, opened: OpenedRing, _stamp: Stamp, _without: str) -> RecordsKey:
        vault.rekey(opened.key, following)
        job.start()
        asks.wait()
        # As the real one does, who asks the new key's records before it goes on.
        vault.open(following).close()
        return following

    monkeypatch.setattr(unlocking, "replace_key", replace)
    ring: Any = type("Ring", (), {"key": former})

    records.rotate(ring, stamp)
    job.join()

    assert found == [2]
    records.close()

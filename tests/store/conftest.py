from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from desk.issuance.case import Case, Document, RegisterFacts, open_case
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key
from tests.samples import ENTRY, NOW, PASSPORT


@cache
def template() -> tuple[bytes, RecordsKey]:
    """Migrated and empty training records, made once: migrating costs half a second."""
    key = new_key()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.db"
        Store.open(file, key, StoreKind.TRAINING).close()
        return file.read_bytes(), key


@pytest.fixture
def key() -> RecordsKey:
    return template()[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def store(path: Path, key: RecordsKey) -> Iterator[Store]:
    path.write_bytes(template()[0])
    opened = Store.open(path, key, StoreKind.TRAINING)
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

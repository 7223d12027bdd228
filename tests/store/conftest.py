from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from desk.issuance.case import Case, Document, RegisterFacts, open_case
from desk.mrtd.results import Result
from desk.store.database import Store, StoreKind
from desk.store.journal import Stamp
from desk.store.key import RecordsKey, new_key

NOW = datetime(2026, 11, 23, 18, 28, tzinfo=UTC)


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
    return RegisterFacts(
        overseas_number="LA-2019-004318",
        name_hangul="김하늘",
        surname="KIM",
        given_names="HANEUL",
        birth_date=date(1991, 3, 14),
        sex="F",
        nationality="KOR",
        resident_number="910314-2987654",
        passport_number="M123A4567",
        post="LA",
        address="1842 Sample Avenue",
        status="alive",
        status_date=None,
        status_reason="",
        as_of=NOW,
    )


@pytest.fixture
def document() -> Document:
    """An invented passport, as read."""
    return Document(
        document_code="PM",
        number="M123A4567",
        surname="KIM",
        given_names="HANEUL",
        birth_date=date(1991, 3, 14),
        sex="F",
        nationality="KOR",
        issuing_state="KOR",
        expiry_date=date(2033, 5, 2),
        mrz=("P<", "M1"),
        overall=Result.PASSED,
        findings=(),
        access="bac",
        portrait_type="image/jpeg",
        portrait_sha256="00" * 32,
        read_at=NOW,
        seconds=6.5,
        bytes_read=20_000,
    )

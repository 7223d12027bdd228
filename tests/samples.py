"""One invented person as the tests meet her: the passport as read, the register's entry.

Nobody is called so; the resident number fails its check digit. What a test is about it
says itself, by ``replace`` or through its own thin function.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from desk.issuance.case import Document, RegisterFacts
from desk.mrtd.results import Result

NOW = datetime(2026, 11, 23, 18, 28, tzinfo=UTC)

PASSPORT = Document(
    document_code="PM",
    number="M123A4567",
    surname="KIM",
    given_names="HANEUL",
    birth_date=date(1991, 3, 14),
    sex="F",
    nationality="KOR",
    issuing_state="KOR",
    expiry_date=date(2033, 5, 2),
    mrz=(
        "PMKORKIM<<HANEUL<<<<<<<<<<<<<<<<<<<<<<<<<<<<",
        "M123A45674KOR9103144F3305027<<<<<<<<<<<<<<02",
    ),
    overall=Result.PASSED,
    findings=(),
    access="PACE",
    portrait_type="image/jpeg",
    portrait_sha256="00" * 32,
    read_at=NOW,
    seconds=2.9,
    bytes_read=22_304,
)

ENTRY = RegisterFacts(
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
    address="1842 Sample Avenue, Apt 7, Los Angeles, CA 90005",
    status="alive",
    status_date=None,
    status_reason="",
    as_of=NOW - timedelta(hours=12),
)

"""What the page is told of the log: does it hold, which lines fit, what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import text

from desk.counter import audit_view, copies, patterns
from desk.counter.audit_view import Filter
from desk.counter.patterns import Pattern
from desk.counter.station import Station
from desk.store import journal
from desk.store.journal import Stamp
from tests.counter.sealed import COPIES, NUMBER, START, root_der, sealed, station_in, write_events


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    with station_in(tmp_path, COPIES) as opened:
        authority = cast(Any, SimpleNamespace(officer_roots=(root_der(),)))
        yield replace(opened, authority=authority)


def tamper(station: Station, seq: int) -> None:
    """Somebody with the key of the records takes the guard away and changes one line."""
    with station.store.load() as connection:
        connection.execute(text("DROP TRIGGER audit_events_stay"))
        statement = f"UPDATE audit_events SET line = replace(line, '17', '18') WHERE seq = {seq}"
        connection.execute(text(statement))


def test_log_that_holds(station: Station) -> None:
    write_events(station, 4)
    sealed(station)
    copies.send(station)

    report = audit_view.examine(station)

    assert report.holds and report.traced
    assert (report.events, report.seals, report.sealed) == (6, 1, 4)
    assert report.copy is not None and report.copy.size == 4
    assert report.copy_code == ""


def test_first_line_that_does_not_hold(station: Station) -> None:
    write_events(station, 6)
    sealed(station)
    tamper(station, 3)

    report = audit_view.examine(station)

    assert (report.holds, report.broken, report.code) == (False, 3, "AUDIT-02")
    # The list is shown all the same: the page marks the line red.
    assert [one.seq for one in audit_view.lines(station)] == [7, 6, 5, 4, 3, 2, 1]


def test_second_place_away(station: Station) -> None:
    write_events(station, 1)
    sealed(station)
    copies.send(station)
    write_events(station, 1)
    sealed(station)

    assert audit_view.examine(station).copy_code == "AUDIT-20"


def test_no_root_is_not_passed(station: Station) -> None:
    write_events(station, 1)
    sealed(station)
    bare = replace(station, authority=cast(Any, SimpleNamespace(officer_roots=())))

    report = audit_view.examine(bare)

    assert report.holds and not report.traced


@pytest.mark.parametrize(
    ("chosen", "words", "found"),
    [
        (Filter.ALL, "", [6, 5, 4, 3, 2, 1]),
        (Filter.ALL, "2", [2]),
        (Filter.ALL, "1,000", []),
        (Filter.ALL, "la-2026-001842", [3, 2, 1]),
        (Filter.ALL, "session", [5]),
        (Filter.ALL, "T-002", [5]),
        (Filter.ALL, "100%", []),
        (Filter.ALL, "\N{SUPERSCRIPT TWO}", []),  # a key of its own on French keyboards
        (Filter.SIGNATURES, "", [4]),
        (Filter.SESSIONS, "", [5]),
        (Filter.SESSIONS, NUMBER, []),
    ],
)
def test_lines_that_fit(station: Station, chosen: Filter, words: str, found: list[int]) -> None:
    write_events(station, 3)
    sealed(station)
    with station.store.write() as session:
        journal.append(session, Stamp(START, "officer:T-002"), "SESSION.SIGNED_IN")
        journal.append(session, Stamp(START, "station:LA01"), "REGISTER.IMPORTED", count=2)

    assert [one.seq for one in audit_view.lines(station, chosen, words)] == found


def test_lines_say_what_is_sealed(station: Station) -> None:
    write_events(station, 2)
    sealed(station)

    lines = audit_view.lines(station)

    assert [(one.sealed, one.is_head) for one in lines] == [
        (False, False),
        (True, True),
        (True, False),
    ]
    assert audit_view.latest_seals(station, 4)[0].size == 2


def sign_in_at(station: Station, at: datetime, kind: str = "SESSION.SIGNED_IN") -> None:
    with station.store.write() as session:
        journal.append(session, Stamp(at, "officer:T-001"), kind)


def test_odd_patterns(station: Station) -> None:
    """Los Angeles: Monday 09:00 is nothing, Saturday and 03:00 are; the third refusal is."""
    monday = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    sign_in_at(station, monday - timedelta(days=20, hours=8))
    sign_in_at(station, monday - timedelta(days=2))
    sign_in_at(station, monday - timedelta(hours=6))
    sign_in_at(station, monday)
    for minute in range(4):
        sign_in_at(station, monday + timedelta(minutes=minute), "SESSION.PIN_REFUSED")
    with station.store.write() as session:
        stamp = Stamp(monday, "officer:T-001")
        journal.append(session, stamp, "AUDIT.SEAL_MISSED", code="CARD-01")

    found = patterns.odd_patterns(station)

    assert [(one.pattern, one.seq) for one in found] == [
        (Pattern.SEAL_MISSED, 9),
        (Pattern.MANY_REFUSALS, 7),
        (Pattern.OUT_OF_HOURS, 3),
        (Pattern.OUT_OF_HOURS, 2),
    ]

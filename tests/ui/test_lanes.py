"""Lanes: one job at a time each, and every outcome arrives on the window's thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from desk.trouble import Trouble
from desk.ui.lanes import Lane, Lanes
from desk.ui.program import report_bug
from desk.ui.troubles import TroubleWords


@pytest.fixture
def bugs() -> list[BaseException]:
    return []


@pytest.fixture
def lanes(qtbot: QtBot, bugs: list[BaseException]) -> Iterator[Lanes]:
    lanes = Lanes(bugs.append)

    yield lanes

    lanes.close()


def test_jobs_of_one_lane_never_overlap_and_results_come_in_order(
    lanes: Lanes, qtbot: QtBot
) -> None:
    """A device is asked one thing at a time."""
    busy = threading.Lock()
    overlaps: list[int] = []
    results: list[int] = []

    def job(number: int) -> int:
        if not busy.acquire(blocking=False):
            overlaps.append(number)
            return number
        busy.release()
        return number

    for number in range(20):
        lanes.run(Lane.CARD, lambda number=number: job(number), results.append)

    qtbot.waitUntil(lambda: len(results) == 20)
    assert results == list(range(20))
    assert not overlaps


def test_the_outcome_arrives_on_the_windows_thread(lanes: Lanes, qtbot: QtBot) -> None:
    """Whatever thread did the work."""
    seen: list[tuple[int, int]] = []

    lanes.run(
        Lane.FACE, threading.get_ident, lambda worker: seen.append((worker, threading.get_ident()))
    )

    qtbot.waitUntil(lambda: bool(seen))
    worker, here = seen[0]
    assert here == threading.get_ident()
    assert worker != here


def test_a_trouble_goes_to_whoever_claims_it_and_a_bug_to_the_bugs(
    lanes: Lanes, bugs: list[BaseException], qtbot: QtBot
) -> None:
    """Three families: result, trouble, bug."""
    troubles: list[Trouble] = []

    def trouble() -> None:
        raise Trouble("gone")

    def bug() -> None:
        raise ZeroDivisionError

    lanes.run(Lane.CARD, trouble, None, troubles.append)
    lanes.run(Lane.CARD, bug, None, troubles.append)
    lanes.run(Lane.CARD, trouble)

    qtbot.waitUntil(lambda: len(bugs) == 2 and len(troubles) == 1)
    assert [type(one) for one in bugs] == [ZeroDivisionError, Trouble]


def test_a_bug_is_told_to_whoever_waits_for_the_job(qtbot: QtBot) -> None:
    """A page that waits for what will not come would stand busy for ever."""
    lanes = Lanes(report_bug)
    told: list[Trouble] = []

    def bug() -> None:
        raise ZeroDivisionError

    lanes.run(Lane.RECORDS, bug, None, told.append)
    qtbot.waitUntil(lambda: bool(told))
    lanes.close()

    spoken = TroubleWords().of(told[0].code, "ko", told[0].facts)
    assert spoken.code == "DESK-01"
    assert str(told[0].facts["reference"]) in spoken.text


def test_after_closing_nothing_arrives_any_more(qtbot: QtBot) -> None:
    """A page that is gone must not be told."""
    lanes = Lanes(lambda _bug: None)
    arrived: list[int] = []
    gate = threading.Event()
    lanes.run(Lane.SERVICE, gate.wait, lambda _done: arrived.append(1))

    gate.set()
    lanes.close()
    lanes.run(Lane.SERVICE, lambda: 1, arrived.append)
    qtbot.wait(1)

    assert not arrived

"""Failed sign-ins make the next one wait: counted durably, longer each time, lifted by two ways."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.counter.lockout import CardPaused, Counts, Lockouts, StationPaused
from desk.counter.settings import load_settings

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
CARD, OTHER = "a" * 64, "b" * 64
LIMITS = replace(
    load_settings().lock,
    pause_after=3,
    pause_seconds=60,
    pause_minutes_most=10,
    station_failures=6,
)


class Door:
    """The counts of one station, and a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.file = folder / "sign-in.json"
        self.counts = Lockouts(self.file, LIMITS, lambda: self.now)

    def fail(self, times: int, card: str = CARD) -> None:
        for _ in range(times):
            self.counts.count(card)

    def waits(self, card: str = CARD) -> int:
        try:
            self.counts.check(card)
        except CardPaused as paused:
            return paused.left
        return 0

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_two_failures_are_free_and_from_the_third_each_wait_is_twice_as_long(door: Door) -> None:
    waits = []
    for _ in range(8):
        waits.append(door.waits())
        door.later(minutes=10)  # whatever the wait was, it is over
        door.fail(1)

    assert waits == [0, 0, 0, 60, 120, 240, 480, 600]


def test_the_wait_ends_by_time_and_is_told_in_minutes_and_seconds(door: Door) -> None:
    door.fail(4)
    door.later(seconds=1.5)

    with pytest.raises(CardPaused) as paused:
        door.counts.check(CARD)

    assert paused.value.facts == {"count": 4, "minutes": 1, "seconds": 59}
    door.later(seconds=118.4)
    assert door.waits() == 1
    door.later(seconds=0.1)
    assert door.waits() == 0


def test_counts_are_on_the_disk_before_the_attempt_and_survive_the_program(door: Door) -> None:
    door.fail(3)

    again = Lockouts(door.file, LIMITS, lambda: door.now)

    with pytest.raises(CardPaused):
        again.check(CARD)
    assert stat.S_IMODE(door.file.stat().st_mode) == 0o600


def test_another_card_does_not_wait(door: Door) -> None:
    door.fail(5)

    assert door.waits(OTHER) == 0


def test_a_sign_in_ends_the_cards_row_and_is_no_failure_of_the_station(door: Door) -> None:
    door.fail(2)
    door.counts.passed(CARD, door.counts.count(CARD))

    door.fail(2)

    assert door.waits() == 0
    assert len(door.counts.counts().station) == 4


def test_what_the_card_did_not_refuse_is_taken_back_whole(door: Door) -> None:
    door.fail(2)
    before = door.counts.counts()

    door.counts.take_back(door.counts.count(CARD))

    assert door.counts.counts() == before


def test_many_cards_in_an_hour_stop_the_station_but_not_who_keeps_it(door: Door) -> None:
    for number in range(6):
        door.fail(1, f"{number:064x}")
        door.later(minutes=5)

    with pytest.raises(StationPaused) as paused:
        door.counts.check(OTHER)
    assert paused.value.facts == {"count": 6, "minutes": 30, "seconds": 0}

    door.counts.check(OTHER, keeps_desk=True)
    door.later(minutes=30)
    door.counts.check(OTHER)


def test_the_card_of_who_keeps_the_desk_waits_for_its_own_failures(door: Door) -> None:
    door.fail(3)

    with pytest.raises(CardPaused):
        door.counts.check(CARD, keeps_desk=True)


def test_lifting_ends_every_wait_and_tells_how_many_there_were(door: Door) -> None:
    door.fail(3)
    door.fail(3, OTHER)
    assert door.counts.lift() == 3  # two cards and the station

    assert door.waits() == door.waits(OTHER) == 0
    door.counts.check(CARD)
    assert door.counts.lift() == 0


def test_lifting_where_nobody_waits_forgets_no_failure(door: Door) -> None:
    door.fail(2)

    assert door.counts.lift() == 0

    door.fail(1)
    assert door.waits() == 60


def test_a_puk_ends_the_cards_row(door: Door) -> None:
    door.fail(4)
    door.counts.forget(CARD)

    assert door.waits() == 0


@pytest.mark.parametrize("days", [0.5, 400])
def test_a_clock_set_back_makes_no_wait_longer_than_it_was(door: Door, days: float) -> None:
    door.fail(3)
    door.later(days=-days)

    assert door.waits() == 60
    door.counts.check(OTHER)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"cards": {}}', '{"cards": {"a": {}}, "station": []}',
     '{"cards": {}, "station": ["2026-11-22T09:30:00"]}'],
)  # fmt: skip
def test_a_damaged_file_keeps_nobody_out(door: Door, text: str) -> None:
    """The card's own tries still guard; the next failure writes a sound file."""
    door.file.write_text(text)

    assert door.counts.counts() == Counts()
    door.fail(3)
    assert door.waits() == 60


def test_a_folder_that_cannot_be_written_keeps_nobody_out(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    counts = Lockouts(place / "sign-in.json", LIMITS, lambda: NOW)

    counts.count(CARD)

    counts.check(CARD)


def test_what_is_long_ago_is_forgotten(door: Door) -> None:
    door.fail(3)
    door.later(days=31)
    door.fail(1, OTHER)

    assert set(door.counts.counts().cards) == {OTHER}
    assert len(door.counts.counts().station) == 1

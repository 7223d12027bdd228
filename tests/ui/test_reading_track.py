"""desk.ui.control.reading_track: what the page shows while a chip is read."""

from __future__ import annotations

import itertools

import pytest

from desk.mrtd.reader import ReadPhase, ReadProgress
from desk.ui.control.reading_track import LINES, ReadingTrack
from desk.ui.pages.passport_parts import PhaseLine, PhaseState


@pytest.fixture
def track() -> ReadingTrack:
    """Each look at its clock is a second later."""
    return ReadingTrack(itertools.count().__next__)


def line_of(track: ReadingTrack, phase: ReadPhase) -> PhaseLine:
    return track.lines()[LINES.index(phase)]


def test_before_the_first_command_everything_waits(track: ReadingTrack) -> None:
    assert {line.state for line in track.lines()} == {PhaseState.WAITING}


def test_a_step_keeps_its_bytes_and_its_time_once_it_is_over(track: ReadingTrack) -> None:
    track.note(ReadProgress(ReadPhase.ACCESS))
    track.note(ReadProgress(ReadPhase.SOD, 0, 1857))
    track.note(ReadProgress(ReadPhase.SOD, 1857, 1857))
    track.note(ReadProgress(ReadPhase.DG1))

    sod = line_of(track, ReadPhase.SOD)

    assert (sod.state, sod.done, sod.total, sod.seconds) == (PhaseState.DONE, 1857, 1857, 1)
    assert line_of(track, ReadPhase.DG1).state is PhaseState.RUNNING


def test_what_the_chip_has_nothing_for_is_never_called_done(track: ReadingTrack) -> None:
    for phase in (ReadPhase.ACCESS, ReadPhase.SOD, ReadPhase.DG1, ReadPhase.DG2):
        track.note(ReadProgress(phase))

    assert line_of(track, ReadPhase.CHIP_AUTHENTICATION).state is PhaseState.ABSENT
    assert line_of(track, ReadPhase.DETAILS).state is PhaseState.ABSENT
    assert line_of(track, ReadPhase.VERIFY).state is PhaseState.WAITING


def test_the_files_of_one_step_are_counted_together(track: ReadingTrack) -> None:
    for progress in (
        ReadProgress(ReadPhase.SOD),
        ReadProgress(ReadPhase.SOD, 24, 24),
        ReadProgress(ReadPhase.SOD),
        ReadProgress(ReadPhase.SOD, 1000, 1857),
    ):
        track.note(progress)

    sod = line_of(track, ReadPhase.SOD)

    assert (sod.done, sod.total) == (1024, 1881)

"""The applicant's window finds its monitor, whatever is plugged in or pulled meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desk.ui.second_screen import MonitorGone, SecondScreen
from desk.ui.troubles import TroubleWords
from tests.ui.officer import drop


class Monitor:
    def __init__(self, left: int) -> None:
        self._room = QRect(left, 0, 1280, 800)

    def geometry(self) -> QRect:
        return self._room

    def availableGeometry(self) -> QRect:
        return self._room


class Officers(QWidget):
    """Stands on the monitor that a test says, as the window system would."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__()
        self.monitor = monitor

    def screen(self) -> Any:
        return self.monitor


class Applicants(QWidget):
    """Notes where it was put."""

    left = -1

    def setGeometry(self, *room: Any) -> None:
        self.left = room[0].left()
        super().setGeometry(*room)


OFFICERS, APPLICANTS = Monitor(0), Monitor(1280)


class Two:
    def __init__(self, monitors: list[Monitor]) -> None:
        self.monitors, self.said = monitors, cast("list[str]", [])
        self.officer, self.applicant = Officers(monitors[0]), Applicants()
        self.officer.show()
        self.placing = SecondScreen(self.officer, self.applicant, lambda: cast(Any, self.monitors))
        for name in ("gone", "back", "turned"):
            getattr(self.placing, name).connect(lambda name=name: self.said.append(name))

    def now(self, *monitors: Monitor) -> None:
        """The window system tells of other monitors; windows of one that went stand elsewhere."""
        self.monitors = list(monitors)
        if self.officer.monitor not in monitors:
            self.officer.monitor = monitors[0]
        self.placing.place()


@pytest.fixture
def two(qapp: object) -> Iterator[Two]:
    two = Two([OFFICERS, APPLICANTS])
    two.placing.place()
    yield two
    two.placing.end()
    drop(two.applicant)
    drop(two.officer)


def test_the_applicants_window_fills_the_monitor_the_officer_is_not_on(two: Two) -> None:
    assert two.applicant.isFullScreen()
    assert two.applicant.left == 1280
    assert not two.said


def test_a_pulled_monitor_leaves_a_window_behind_the_officers_and_brings_it_back(two: Two) -> None:
    """The window system would put it full screen over the officer's work."""
    two.now(OFFICERS)

    assert not two.applicant.isFullScreen()
    assert two.applicant.isVisible()
    assert two.placing.is_away

    two.now(OFFICERS, Monitor(1280))

    assert two.applicant.isFullScreen()
    assert not two.placing.is_away
    assert two.said == ["gone", "back"]


def test_a_second_monitor_switched_on_later_is_found(qtbot: QtBot) -> None:
    """The desk was started first: nothing was lost, so nothing is said."""
    one = Two([OFFICERS])
    one.placing.place()
    assert not one.applicant.isFullScreen()

    one.now(OFFICERS, APPLICANTS)

    assert one.applicant.isFullScreen()
    assert one.applicant.left == 1280
    assert not one.said
    one.placing.end()
    drop(one.applicant)
    drop(one.officer)


def test_the_officers_monitor_going_is_told_for_what_is_left_faces_the_applicant(
    two: Two,
) -> None:
    two.now(APPLICANTS)

    assert two.said == ["turned", "gone"]


def test_a_third_monitor_moves_nothing(two: Two) -> None:
    two.now(OFFICERS, Monitor(-1280), APPLICANTS)

    assert two.applicant.left == 1280
    assert not two.said


def test_only_the_program_closes_the_applicants_window(two: Two) -> None:
    two.applicant.close()
    assert two.applicant.isVisible()

    two.placing.end()
    assert not two.applicant.isVisible()


def test_the_officer_is_told_what_is_with_the_monitor() -> None:
    for language in ("ko", "en"):
        assert TroubleWords().of(MonitorGone.code, language, {}).next

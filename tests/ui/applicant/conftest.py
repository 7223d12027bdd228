"""A window with the sample case and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from pytestqt.qtbot import QtBot

from desk.ui import theme
from desk.ui.applicant.snapshot import ApplicantScreen, Page
from desk.ui.applicant.window import ApplicantWindow
from tests.ui.applicant import samples


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = samples.NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(scope="session", autouse=True)
def fonts(qapp: object) -> None:
    theme.load_fonts()


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., ApplicantWindow]


@pytest.fixture
def open_window(qtbot: QtBot, clock: Clock) -> Iterator[Open]:
    """A shown window at a page; its timer stands still so that the test ticks."""
    windows: list[ApplicantWindow] = []

    def make(
        page: Page | ApplicantScreen,
        language: str = "ko",
        size: tuple[int, int] = (1280, 800),
        **changes: object,
    ) -> ApplicantWindow:
        screen = page
        if not isinstance(screen, ApplicantScreen):
            screen = samples.screen(Page(page), language, **changes)
        window = ApplicantWindow(clock, screen)
        window._timer.stop()
        qtbot.addWidget(window)
        window.resize(*size)
        window.show()
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()

"""The support bundle in the window: everything is on the sheet before anything is saved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desk.counter.bundle import Bundle
from desk.trouble import Trouble
from desk.ui.bundle_sheet import BundleSheet
from desk.ui.control.bundle import BundleControl
from desk.ui.lanes import Lane
from desk.ui.look import Look
from tests.ui.officer import drop

MADE = Bundle(
    (("README.txt", "about\n"), ("checks.json", "{}\n")), datetime(2026, 11, 22, tzinfo=UTC)
)


class Desk(QWidget):
    """As much of the desk as the control asks for; work is done at once."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.troubles: list[Trouble] = []

    def work(self, _lane: Lane, job, done=None) -> None:  # type: ignore[no-untyped-def]
        try:
            result = job()
        except Trouble as reason:
            self.troubles.append(reason)
            return
        if done is not None:
            done(result)


@pytest.fixture
def desk(look: Look, qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(look)
    yield made
    drop(made)


def control_at(desk: Desk, place: Path | None) -> tuple[BundleControl, BundleSheet, list[str]]:
    control = BundleControl(desk.look, desk.work, lambda _found: MADE, desk)
    asked: list[str] = []

    def ask(name: str) -> str:
        asked.append(name)
        return str(place) if place else ""

    control.ask_place = ask
    control._show(MADE)
    assert control.sheet is not None
    return control, control.sheet, asked


def test_the_sheet_shows_all_of_it_and_the_safe_way_has_the_focus(desk: Desk) -> None:
    _, sheet, asked = control_at(desk, None)

    assert sheet.content.toPlainText() == MADE.text
    assert sheet.content.isReadOnly()
    assert sheet.focusWidget() is sheet.keep
    sheet.keep.click()
    assert asked == []


def test_saving_asks_where_and_writes_that_file(desk: Desk, tmp_path: Path) -> None:
    _, sheet, asked = control_at(desk, tmp_path / "support.zip")

    sheet.choose.click()

    assert asked == [MADE.file_name]
    assert [one.name for one in tmp_path.iterdir()] == ["support.zip"]


def test_no_place_chosen_saves_nothing(desk: Desk, tmp_path: Path) -> None:
    _, sheet, asked = control_at(desk, None)

    sheet.choose.click()

    assert len(asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(desk: Desk, tmp_path: Path) -> None:
    _, sheet, _ = control_at(desk, tmp_path / "none" / "support.zip")

    sheet.choose.click()

    assert [one.code for one in desk.troubles] == ["BUNDLE-01"]

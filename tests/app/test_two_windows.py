"""Two desks of a post on shared records, the one with its window open."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import Rehearsal, open_rehearsal
from desk.app.scripted import APPROVER
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import approving, intake
from desk.counter.settings import RecordsSettings, Settings, load_settings
from tests.app.test_window import Trainee
from tests.journey.acts import Preparing
from tests.postgres import PostgresServer
from tests.ui.officer import drop_all


@pytest.fixture
def settings(postgres: PostgresServer) -> Iterator[Settings]:
    database = postgres.database()
    yield replace(load_settings(), records=RecordsSettings(database.url))
    postgres.drop(database)


@pytest.fixture
def trainee(settings: Settings, tmp_path: Path, qtbot: QtBot) -> Iterator[Trainee]:
    front = make_front(settings, training=True)
    home = Home.make(tmp_path / "one")
    stage = Stage(front, open_rehearsal(home, settings=settings, whole=False))
    stage.show_windows()
    yield Trainee(stage, qtbot)
    stage.close()
    drop_all()


@contextmanager
def other_desk(settings: Settings, tmp_path: Path) -> Iterator[Rehearsal]:
    """Another desk of the same post: the same ministry, the same officers."""
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    second = replace(settings.station, window="2", serial="LA02")
    rehearsal = open_rehearsal(
        Home.make(tmp_path / "other"), settings=replace(settings, station=second)
    )
    with closing(rehearsal):
        yield rehearsal


def test_what_another_desk_does_shows_by_itself(
    trainee: Trainee, settings: Settings, tmp_path: Path, postgres: PostgresServer
) -> None:
    """An approver's window: the other desk's case is on the board, also after the server was
    away; when it waits for another person the rail counts it, and called back no more."""
    trainee.sign_in(APPROVER)
    program = trainee.program
    always = replace(settings, approval=replace(settings.approval, second_card="always"))

    def on_the_board() -> set[str]:
        return {case.number for case in program.board._rows}

    with other_desk(always, tmp_path) as other:
        script = Preparing.begin(other)
        first = intake.open_case(other.station, script.officer)
        trainee.until(lambda: first.number in on_the_board())

        postgres.stop("immediate")
        postgres.start()
        case = script.approved_case(other.people[0])
        trainee.until(lambda: case.number in on_the_board())
        trainee.until(lambda: program.approver.count() == 1)

        approving.call_back(other.station, script.officer, case)
        trainee.until(lambda: program.approver.count() == 0)
    assert first.window == "2"
    assert program.shell.page is program.pages.board

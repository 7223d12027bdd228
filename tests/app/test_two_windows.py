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
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import intake
from desk.counter.settings import RecordsSettings, Settings, load_settings
from desk.issuance.case import Case
from tests.app.test_window import Trainee
from tests.postgres import PostgresServer


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


def open_case(desk: Rehearsal) -> Case:
    officer = next(iter(desk.station.officers.values()))
    return intake.open_case(desk.station, officer)


def test_the_board_shows_what_another_desk_does(
    trainee: Trainee, settings: Settings, tmp_path: Path, postgres: PostgresServer
) -> None:
    """At once, by itself; and again after the server was away."""
    trainee.sign_in()
    board = trainee.program.board

    def on_the_board() -> set[str]:
        return {case.number for case in board._rows}

    with other_desk(settings, tmp_path) as other:
        first = open_case(other)
        trainee.until(lambda: first.number in on_the_board())

        postgres.stop("immediate")
        postgres.start()
        second = open_case(other)

        trainee.until(lambda: {first.number, second.number} <= on_the_board())
    assert first.window == "2"

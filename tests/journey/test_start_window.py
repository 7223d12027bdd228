"""What the window settles when somebody has signed in, and what it comes back to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import settling
from desk.enrollment.process import ServiceProcess
from desk.store import register, retention
from desk.store.troubles import Busy
from tests.journey.acts import settings_with
from tests.ui.officer import drop_all

PATIENCE = 60_000


@pytest.fixture
def stage(home: Path, service: ServiceProcess) -> Iterator[Stage]:
    settings = settings_with(service.url)
    front = make_front(settings, training=True, language="ko")
    stage = Stage(front, open_rehearsal(Home.make(home), whole=False, settings=settings))
    yield stage
    stage.close()
    drop_all()


def sign_in(stage: Stage, until: Callable[[Callable[[], object]], None]) -> None:
    stage.show_windows()
    stage.insert_card(0)
    program = stage.program
    until(lambda: program.desk.card_present)
    program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)


def test_proofs_whose_list_could_not_go_out_are_looked_at_for_as_long_as_the_desk_is_on(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever left such a case by the board, or ended the program, left it for good: only one
    of the ways out began to look. Records that are away for a moment end nothing."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    case, asked, told = object(), list[int](), list[object]()

    def conclude(_station: object) -> list[object]:
        asked.append(len(asked))
        if len(asked) == 2:
            raise Busy()
        return [case] if len(asked) == 3 else []

    monkeypatch.setattr(settling, "conclude_decided", conclude)
    program = stage.program
    monkeypatch.setattr(program.proof, "concluded", told.append)
    sign_in(stage, until)
    until(lambda: program.desk.is_open)

    shown: list[object] = []
    monkeypatch.setattr(program.desk, "show_trouble", shown.append)
    program._conclude_timer.setInterval(1)
    until(lambda: len(asked) > 3)

    assert told == [case]
    assert not shown


def test_what_cannot_be_settled_keeps_no_personal_data_beyond_its_time(
    stage: Stage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One odd answer of the service, and no record was destroyed any more."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    def breaks(_station: object) -> None:
        done.append("settle")
        raise ValueError("what nobody foresaw")

    def busy(_store: object) -> None:
        done.append("tidy")
        raise Busy()

    done: list[str] = []
    monkeypatch.setattr(settling, "settle", breaks)
    monkeypatch.setattr(register, "tidy", busy)
    monkeypatch.setattr(retention, "purge", lambda *_: done.append("purge"))

    sign_in(stage, until)
    until(lambda: "purge" in done)

    assert done == ["settle", "tidy", "purge"]

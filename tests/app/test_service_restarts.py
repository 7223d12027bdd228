"""The window stays open while readers and their service come and go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.cards import pcsc
from desk.counter.board import CheckKey, CheckState
from desk.counter.settings import load_settings
from desk.ui.pages.locked import LockReason
from tests.app.test_window import Trainee
from tests.pcscd import PcscService, pcscd, pcscd_host, wait_until
from tests.ui.officer import drop_all

__all__ = ["pcscd", "pcscd_host"]

TIMES = 10


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.make(tmp_path_factory.mktemp("home"))


@pytest.fixture
def trainee(pcscd: PcscService, home: Home, qtbot: QtBot) -> Iterator[Trainee]:
    """The training chips lie behind the machine's own service; the officer is signed in."""
    wait_until(lambda: len(pcsc.readers()) == 2, "virtual readers")
    front = make_front(load_settings(home.training.settings), training=True)
    stage = Stage(front, open_rehearsal(home, pcsc=pcscd.ports))
    stage.show_windows()
    trainee = Trainee(stage, qtbot)
    trainee.sign_in()
    yield trainee
    stage.close()
    drop_all()


def state(trainee: Trainee, key: CheckKey) -> CheckState:
    found = trainee.program.checks.found
    return found.check(key).state if found else CheckState.CHECKING


def is_working(trainee: Trainee) -> bool:
    """Signed in, on the board, and every part that the service stands behind is ready."""
    parts = (CheckKey.CARD_SERVICE, CheckKey.PASSPORT_READER, CheckKey.OFFICER_CARD)
    return (
        not trainee.program.desk.is_locked
        and trainee.program.board.is_checked()
        and all(state(trainee, part) is CheckState.READY for part in parts)
    )


@pytest.mark.timeout(300)
def test_the_service_stops_and_starts_ten_times_and_the_desk_works_each_time(
    trainee: Trainee, pcscd: PcscService
) -> None:
    """Each stop covers the window (the card cannot be seen any more); each start brings card,
    page and checks back without a touch but the PIN. At the end a passport is read."""
    program = trainee.program
    trainee.until(lambda: is_working(trainee))

    for _ in range(TIMES):
        pcscd.stop()
        trainee.until(lambda: program.desk.is_locked and not program.desk.card_present)
        assert not program.station.readers.world().service_running

        pcscd.start()
        trainee.until(lambda: program.desk.card_present)
        program.pages.locked.pin_given.emit(trainee.pin(), False)
        trainee.until(lambda: is_working(trainee))

    watchers = [one for one in threading.enumerate() if one.name == "card-watcher"]
    assert len(watchers) == 1
    trainee.new_case("haneul")
    trainee.read_passport()


def test_a_long_sleep_locks_the_desk_and_a_short_one_asks_everything_again(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timers stand still while the computer sleeps; the wall clock tells how long it was."""
    program = trainee.program
    trainee.until(lambda: is_working(trainee))
    checked = program.checks.found
    ticked = program.desk._ticked_at

    program.desk._ticked_at = ticked - timedelta(seconds=45)
    trainee.until(lambda: program.checks.found is not checked)
    assert not program.desk.is_locked
    trainee.until(lambda: is_working(trainee))

    program.desk._ticked_at -= timedelta(minutes=program.station.settings.lock.idle_minutes)
    trainee.until(lambda: program.desk.is_locked)
    assert program.session._views.reason is LockReason.IDLE

"""The machine's smartcard service goes and comes back while the window stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter.settings import load_settings
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]

TIMES = 10
PATIENCE_MS = 60_000


def test_ten_restarts_of_the_service_end_with_a_working_desk_each_time(
    pcscd: PcscService, tmp_path: Path, qtbot: QtBot
) -> None:
    """Locked at once when it stops; the same card and PIN open the desk when it is back."""
    home = Home.make(tmp_path)
    front = make_front(load_settings(home.training.settings), training=True)
    stage = Stage(front, open_rehearsal(home, pcsc=pcscd.ports))
    desk, pages = stage.program.desk, stage.program.pages

    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    try:
        stage.show_windows()
        stage.insert_card()
        until(lambda: desk.card_present)
        pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: stage.program.shell.page is pages.board)

        for _ in range(TIMES):
            pcscd.stop()
            until(lambda: desk.is_locked and not desk.card_present)
            assert stage.program.shell.page is None
            pcscd.start()
            until(lambda: desk.card_present)
            pages.locked.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
            until(lambda: not desk.is_locked)
            assert stage.program.shell.page is pages.board

        assert desk.card_tries in (None, 3)
    finally:
        stage.close()

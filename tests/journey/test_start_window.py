"""What the window settles when somebody has signed in."""

from __future__ import annotations

from collections.abc import Callable
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


def test_what_cannot_be_settled_keeps_no_personal_data_beyond_its_time(
    home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
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
    settings = settings_with(service.url)
    front = make_front(settings, training=True, language="ko")
    stage = Stage(front, open_rehearsal(Home.make(home), whole=False, settings=settings))
    try:
        stage.show_windows()
        stage.insert_card(0)
        program = stage.program
        until(lambda: program.desk.card_present)
        program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: "purge" in done)

        assert done == ["settle", "tidy", "purge"]
    finally:
        stage.close()
        drop_all()

"""The card's PIN set from the window: changed, refused, blocked, and set anew by the PUK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter.settings import load_settings
from desk.store import journal
from desk.ui.card_pin import CardPinDialog
from tests.ui.officer import drop_all

PATIENCE_MS = 60_000
TRAINING_PUK = "12345678"
NEW = "135790"


class Officer:
    """Somebody at the covering pages, who types."""

    def __init__(self, stage: Stage, bot: QtBot) -> None:
        self.stage, self.program, self._bot = stage, stage.program, bot

    def until(self, condition: Callable[[], bool]) -> None:
        self._bot.waitUntil(condition, timeout=PATIENCE_MS)

    def open(self) -> CardPinDialog:
        self.program.pages.sign_in.change.click()
        dialog = self.program.card_pin.dialog
        assert dialog is not None and dialog.isVisible()
        return dialog

    def give(self, dialog: CardPinDialog, old: str, new: str, again: str) -> None:
        for dots, text in zip(dialog.dots, (old, new, again), strict=True):
            self._bot.keyClicks(dots, text)
        self._bot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)

    def refused(self, dialog: CardPinDialog, old: str, code: str) -> None:
        self.give(dialog, old, NEW, NEW)
        self.until(lambda: code in dialog.problem.accessibleName())
        assert not any(dots.count() for dots in dialog.dots)


@pytest.fixture
def officer(tmp_path: Path, qtbot: QtBot) -> Iterator[Officer]:
    home = Home.make(tmp_path)
    front = make_front(load_settings(home.training.settings), training=True)
    stage = Stage(front, open_rehearsal(home, whole=False))
    stage.show_windows()
    stage.insert_card()
    officer = Officer(stage, qtbot)
    officer.until(lambda: stage.program.desk.card_present)
    yield officer
    stage.close()
    drop_all()


def test_pin_is_changed_before_anybody_signs_in(officer: Officer) -> None:
    """The rules first; a new PIN that differs is never sent; then the new one signs in."""
    dialog = officer.open()
    assert "6~8" in dialog.accessibleDescription() and "3회" in dialog.accessibleDescription()
    assert not dialog.act.isEnabled()
    officer.give(dialog, TRAINING_PIN, NEW, "135791")
    assert not any(dots.count() for dots in dialog.dots) and dialog.problem.accessibleName()

    officer.give(dialog, TRAINING_PIN, NEW, NEW)
    officer.until(lambda: not dialog.isVisible())

    officer.program.pages.sign_in.pin_given.emit(bytearray(NEW, "ascii"), False)
    officer.until(lambda: officer.program.shell.page is officer.program.pages.board)
    with officer.program.station.store.read() as records:
        kinds = [event.kind for event in journal.events(records)]
    assert "CARD.PIN_CHANGED" in kinds


def test_blocked_card_is_opened_by_the_puk(officer: Officer) -> None:
    """The last try only after consent; then the same link offers the PUK."""
    dialog = officer.open()
    officer.refused(dialog, "000000", "CARD-02")
    officer.refused(dialog, "000000", "CARD-02")
    assert dialog.consent.isVisible()
    for dots in dialog.dots:
        dots.setFocus()
    officer.give(dialog, "000000", NEW, NEW)
    assert officer.stage.rehearsal.bench.card is not None
    assert officer.stage.rehearsal.bench.card.pin_tries == 1
    dialog.wipe()
    dialog.consent.setChecked(True)
    officer.refused(dialog, "000000", "CARD-05")
    dialog.reject()
    officer.until(lambda: officer.program.desk.card_tries == 0)

    by_puk = officer.open()
    assert by_puk.view.blocked
    officer.refused(by_puk, "00000000", "CARD-06")
    officer.give(by_puk, TRAINING_PUK, NEW, NEW)
    officer.until(lambda: not by_puk.isVisible())

    officer.until(lambda: officer.program.desk.card_tries == 3)
    assert officer.stage.rehearsal.bench.card.puk_tries == 3

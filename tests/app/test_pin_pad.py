"""The window with a reader that has keys of its own: no digit is typed on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.cards.watcher import CardWorld
from desk.counter.readers import Readers, ReaderSession
from desk.counter.settings import load_settings
from desk.training.bench import CARD_READER, BenchConnection
from desk.training.piv_card import PivCard
from tests.cards.pad import PadReader
from tests.ui.officer import drop_all

PATIENCE_MS = 60_000


class PadConnection:
    """A connection to the chip on the bench whose reader has a pad."""

    def __init__(self, inner: BenchConnection, pad: PadReader) -> None:
        self._inner, self._pad = inner, pad
        self.atr = inner.atr

    def transmit(self, apdu: bytes) -> bytes:
        return self._inner.transmit(apdu)

    def features(self) -> bytes:
        return self._pad.features()

    def control(self, code: int, data: bytes) -> bytes:
        return self._pad.control(code, data)

    def close(self) -> None:
        self._inner.close()


class PadReaders:
    """The training bench with a pad on the card reader. ``typed`` is what its user types."""

    def __init__(self, bench: Readers) -> None:
        self._bench = bench
        self.typed: str | None = TRAINING_PIN
        self.asked = 0

    def world(self) -> CardWorld:
        return self._bench.world()

    def connect(self, reader: str) -> ReaderSession:
        connection = self._bench.connect(reader)
        assert isinstance(connection, BenchConnection)
        if reader != CARD_READER:
            return connection
        assert isinstance(connection.chip, PivCard)
        return PadConnection(connection, PadReader(connection.chip, self._type))

    def _type(self, _what: str) -> str | None:
        self.asked += 1
        return self.typed

    def watch(self, on_change: Callable[[CardWorld], None]) -> None:
        self._bench.watch(on_change)

    def stop(self) -> None:
        self._bench.stop()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    home = Home.make(tmp_path)
    rehearsal = open_rehearsal(home)
    roles = rehearsal.station.roles
    roles._readers = PadReaders(roles._readers)
    front = make_front(load_settings(home.training.settings), training=True)
    stage = Stage(front, rehearsal)
    stage.show_windows()
    yield stage
    stage.close()
    drop_all()


def test_sign_in_by_the_readers_keys(stage: Stage, qtbot: QtBot) -> None:
    """The field rests, the button is on; what was typed wrong or not at all is told."""
    program, readers = stage.program, stage.rehearsal.station.roles._readers
    assert isinstance(readers, PadReaders)
    page = program.pages.sign_in

    def press_and_wait(condition: Callable[[], bool]) -> None:
        page.enter.click()
        qtbot.waitUntil(condition, timeout=PATIENCE_MS)

    stage.insert_card()
    qtbot.waitUntil(page.enter.isEnabled, timeout=PATIENCE_MS)
    assert not page.pin.dots.isEnabled()
    assert page.first_focus() is page.enter
    readers.typed = None
    press_and_wait(lambda: page.banner.isVisible() and page.enter.isEnabled())
    readers.typed = "000000"
    press_and_wait(lambda: program.desk.card_tries == 2 and page.enter.isEnabled())

    readers.typed = TRAINING_PIN
    press_and_wait(lambda: program.shell.page is program.pages.board)

    assert readers.asked == 3
    assert program.desk.card_pad

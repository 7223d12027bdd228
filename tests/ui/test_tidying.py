"""What refers to itself is let go in the windows' thread, whichever thread makes Python look."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from desk.ui.start import make_application
from desk.ui.tidying import Tidying, tidy

gone_in: list[threading.Thread] = []


class Ring:
    """Refers to itself, as a page does to its buttons' callbacks, and says where it went."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        gone_in.append(threading.current_thread())


@pytest.fixture(autouse=True)
def nothing_is_gone() -> None:
    gone_in.clear()


def make_much(kept: list[list[int]]) -> None:
    """More objects than Python lets pass before it looks through the youngest."""
    kept.extend([number] for number in range(2 * gc.get_threshold()[0]))


def test_windows_thread_lets_go(qapp: QApplication) -> None:
    holder = QObject()
    gc.enable()
    Tidying(holder)
    Ring()

    kept: list[list[int]] = []
    worker = threading.Thread(target=make_much, args=(kept,))
    worker.start()
    worker.join()
    before = list(gone_in)
    tidy()

    assert before == []
    assert gone_in == [threading.main_thread()]


def test_each_program_with_windows_tidies_once(qapp: QApplication) -> None:
    for _ in range(2):
        app = make_application()

    assert len(app.findChildren(Tidying)) == 1
    assert not gc.isenabled()


def test_old_things_go_too(qapp: QApplication) -> None:
    """What outlived several looks is found when Python itself would look for it."""
    kept: list[list[int]] = []
    ring = Ring()
    gc.collect(0)
    gc.collect(1)
    del ring
    # Each generation is looked through after so many looks at the one before it.
    for _ in range((gc.get_threshold()[1] + 2) * (gc.get_threshold()[2] + 2)):
        make_much(kept)
        tidy()

    assert gone_in == [threading.main_thread()]

"""The first window: the sign-in page stands while everything behind it is still opening.

Only what this page needs is imported here. Records, service and devices are opened in a
thread; when they are there, the program takes over the same window and the same page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEventLoop, QLockFile, QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from desk.trouble import Trouble
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.sign_in import CardView, SignInPage, SignInView
from desk.ui.shell import BAND, FRAME, Shell
from desk.ui.theme import Mode, load_fonts
from desk.ui.tidying import Tidying
from desk.ui.troubles import TroubleWords
from desk.words import Words

T = TypeVar("T")
SIZE = (1440, 900)


class AlreadyRunning(Trouble):
    """Another desk works on this home folder."""

    code = "DESK-02"


def make_application() -> QApplication:
    """The one Qt application of this process."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["desk"])
    if app.findChild(Tidying) is None:
        Tidying(app)
    app.setApplicationName("desk")
    app.setQuitOnLastWindowClosed(False)
    load_fonts()
    return app


def lock_home(folder: Path) -> QLockFile:
    """Only one program works on a home folder; a killed one leaves no lock behind."""
    lock = QLockFile(str(folder / "desk.lock"))
    lock.setStaleLockTime(0)
    if not lock.tryLock(200):
        raise AlreadyRunning()
    return lock


class DeskWindow(QWidget):
    """The top-level window around the shell; closing it ends the program in good order."""

    def __init__(self, shell: Shell, title: str) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(shell)
        self.setWindowTitle(title)
        self.setMinimumSize(shell.minimumSize())
        # The training frame comes on top of the working area, it takes nothing from it.
        edge = (2 * FRAME, BAND + FRAME) if shell.training else (0, 0)
        self.resize(SIZE[0] + edge[0], SIZE[1] + edge[1])

    # Qt's own
    def closeEvent(self, event: QCloseEvent) -> None:
        QApplication.quit()
        super().closeEvent(event)


class Front(QObject):
    """Look, shell, sign-in page and window: what stands before there is a station."""

    _opened = Signal()

    def __init__(self, here: says.Here, *, language: str, mode: Mode = Mode.LIGHT) -> None:
        super().__init__()
        self.look = Look(mode=mode, language=language)
        self.look.dress()
        self.shell = Shell(self.look, training=here.training)
        self.sign_in = SignInPage(self.look)
        self.sign_in.language_chosen.connect(self.look.set_language)
        self.shell.add_full_page(self.sign_in)
        self.window = DeskWindow(self.shell, self.look.say("app.name"))
        self._here = here
        self._view = SignInView(here, CardView(False))
        self._words = Words("desk")
        self.say_opening()

    def say_opening(self) -> None:
        """The page without a card, and that the desk is being opened."""
        words = self._words.text("states.opening", self.look.language)
        self._render(((Glyph.BUSY, words),), None)

    def say_trouble(self, reason: Trouble) -> None:
        """The desk cannot open: why, and the next step."""
        self._render((), reason)

    def _render(self, states: tuple[tuple[Glyph, str], ...], reason: Trouble | None) -> None:
        spoken = None
        if reason is not None:
            spoken = TroubleWords().of(reason.code, self.look.language, reason.facts)
        self._view = SignInView(self._here, CardView(False), states=states, trouble=spoken)
        self.cover()

    def cover(self) -> None:
        """The page as it was said last."""
        self.sign_in.render(self._view)
        self.shell.show_full(self.sign_in)

    def here(self) -> says.Here:
        """Where this is, at the present moment."""
        return replace(self._here, now=datetime.now(UTC))

    def open(self, work: Callable[[], T]) -> T:
        """Run ``work`` beside the window and return what it makes. Raises what it raises."""
        outcome: list[T] = []
        failure: list[BaseException] = []
        loop = QEventLoop()
        self._opened.connect(loop.quit, Qt.ConnectionType.QueuedConnection)

        def run() -> None:
            try:
                outcome.append(work())
            except BaseException as reason:
                failure.append(reason)
            self._opened.emit()

        thread = threading.Thread(target=run, name="desk-opening")
        thread.start()
        loop.exec()
        thread.join()
        if failure:
            raise failure[0]
        return outcome[0]

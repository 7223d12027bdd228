"""An MRZ that a reader types like a keyboard: caught whole, whatever has the focus.

A reader types faster than any person. The first two characters reach the focused field
before the speed is known; the field is set back to what it held. Shortcuts rest during
the burst (``in_burst``).
"""

from __future__ import annotations

import string

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from desk.ui.look import Look

FASTEST_HAND_MS = 35
"""Keys nearer together than this come from a machine."""
SURE_AFTER = 3
LEAST_LENGTH = 60
MRZ_LETTERS = frozenset(string.ascii_uppercase + string.digits + "<")


class MrzWedge(QObject):
    """Watches the keys of ``window``; ``scanned`` carries the lines, joined by line feeds."""

    scanned = Signal(str)

    def __init__(self, look: Look, window: QWidget) -> None:
        super().__init__(window)
        self._look, self._window = look, window
        self._letters: list[str] = []
        self._last = 0
        self._field: QLineEdit | None = None
        self._held = ""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(250)
        self._rest.timeout.connect(self._finish)
        self._handle: QObject | None = None

    def watch(self) -> None:
        """Listen at the window's own handle; called once it exists. Nothing is asked for
        the events of single widgets, which would slow every repaint."""
        handle = self._window.window().windowHandle()
        if handle is not None and handle is not self._handle:
            self._handle = handle
            handle.installEventFilter(self)

    @property
    def in_burst(self) -> bool:
        return len(self._letters) >= SURE_AFTER

    def _take(self, event: QKeyEvent) -> bool:
        """Whether the key belongs to a burst and is swallowed."""
        letter = self._letter(event)
        fast = event.timestamp() - self._last <= FASTEST_HAND_MS and bool(self._letters)
        self._last = event.timestamp()
        if letter is None or (not fast and letter == "\n"):
            self._forget()
            return False
        if not fast:
            self._begin()
        self._letters.append(letter)
        if not self.in_burst:
            return False
        if len(self._letters) == SURE_AFTER and self._field is not None:
            self._field.setText(self._held)
        self._rest.start()
        return True

    @staticmethod
    def _letter(event: QKeyEvent) -> str | None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return "\n"
        text = event.text().upper()
        return text if len(text) == 1 and text in MRZ_LETTERS else None

    def _begin(self) -> None:
        self._letters = []
        focus = QApplication.focusWidget()
        plain = isinstance(focus, QLineEdit) and focus.echoMode() == QLineEdit.EchoMode.Normal
        self._field = focus if plain and isinstance(focus, QLineEdit) else None
        self._held = self._field.text() if self._field is not None else ""

    def _forget(self) -> None:
        self._letters, self._field, self._held = [], None, ""

    def _finish(self) -> None:
        text = "".join(self._letters).strip("\n")
        self._forget()
        if len(text.replace("\n", "")) >= LEAST_LENGTH:
            self.scanned.emit(text)

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            self._look.by_keyboard = False
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        self._look.by_keyboard = True
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        return self._take(event)

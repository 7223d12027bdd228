"""The field to search in: a lens before the words, and a pause after the last key."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal

from desk.ui.look import Look
from desk.ui.parts.fields import Field
from desk.ui.parts.sign import IconSign
from desk.ui.theme import Type


class SearchField(Field):
    """40 high, or 32 and small where it is ``low``. ``paused``: nothing more was typed for
    ``pause_ms``; what a program sets into it is not typed."""

    paused = Signal()

    def __init__(self, look: Look, *, low: bool = False, pause_ms: int = 120) -> None:
        super().__init__(look, kind=Type.SMALL if low else Type.BODY)
        height, size = (32, 16) if low else (40, 20)
        self.setFixedHeight(height)
        self.setTextMargins(size + 2 if low else size + 8, 0, 0, 0)
        lens = IconSign(look, "search", size)
        lens.setParent(self)
        lens.move(9 if low else 12, (height - size) // 2)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(pause_ms)
        self._pause.timeout.connect(self.paused)
        self.textEdited.connect(lambda _text: self._pause.start())

    def ask(self) -> None:
        """Ctrl+F: the field takes the focus."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

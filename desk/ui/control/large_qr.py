"""One large QR at a time, gone as soon as its code is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desk.ui.dialogs import LargeQr
from desk.ui.look import Look


class LargeQrPlace:
    """Opens the full-screen QR over a window, and takes it away again."""

    def __init__(self, look: Look, over: QWidget) -> None:
        self._look, self._over = look, over
        self._open: LargeQr | None = None

    def show(self, text: str, name: str) -> None:
        self._open = LargeQr(self._look, self._over.window(), text, name)
        self._open.open()

    def close(self) -> None:
        """The code is used, void or run out, or the desk is locked."""
        if self._open is not None:
            self._open.expire()
            self._open = None

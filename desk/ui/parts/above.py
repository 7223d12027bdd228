"""What stands above a window until it is answered or closed; the window below is dimmed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QWidget
from shiboken6 import isValid

from desk.ui.look import Look, rounded


class Above(QDialog):
    """Modal, without the system's frame, on a card's ground with a line around it; ``title`` is
    its name for the system and for who hears the screen read."""

    def __init__(self, look: Look, parent: QWidget | None, title: str) -> None:
        super().__init__(parent)
        self._look = look
        self._veil: Veil | None = None
        self.setModal(True)
        self.setWindowTitle(title)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, True)
        self.setAccessibleName(title)

    # Qt's own
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        parent = self.parentWidget()
        if self._veil is None and parent is not None:
            self._veil = Veil(self._look, parent.window())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._veil is not None and isValid(self._veil):
            self._veil.lift()
        self._veil = None

    def paintEvent(self, event: QPaintEvent) -> None:
        ground, line = self._look["card"], self._look["line-strong"]
        rounded(QPainter(self), QRectF(self.rect()), 0, ground, line)


class Veil(QWidget):
    """Dims the whole of a window, whatever size it takes meanwhile."""

    def __init__(self, look: Look, window: QWidget) -> None:
        super().__init__(window)
        self._look = look
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setGeometry(window.rect())
        window.installEventFilter(self)
        self.show()
        self.raise_()

    def lift(self) -> None:
        """The window is as it was."""
        self.hide()
        self.deleteLater()

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["veil"])

"""What stands above a window until it is answered or closed; the window below is dimmed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import (
    QHideEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QDialog, QWidget
from shiboken6 import isValid

from desk.ui.look import Look, rounded

_RADIUS = 12


class Above(QDialog):
    """Modal, without the system's frame, on a card's ground with a line around it and round
    corners; ``title`` is its name for the system and for who hears the screen read."""

    ring_wanted = False
    """It holds the focus while nothing in it can be done: nothing to ring."""

    def __init__(self, look: Look, parent: QWidget | None, title: str) -> None:
        super().__init__(parent)
        self._look = look
        self._veil: Veil | None = None
        self.setModal(True)
        self.setWindowTitle(title)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, True)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAccessibleName(title)

    def room(self) -> int:
        """How high it may be: no more than the screen has beside the system's own bars."""
        return self._screen().height()

    def _screen(self) -> QRect:
        """Of the window below: before it is shown, this one is said to be on the first screen."""
        below = self.parentWidget()
        return (below.window() if below is not None else self).screen().availableGeometry()

    def stay_on_screen(self) -> None:
        """Up, where what has been added at the foot went off the screen."""
        screen = self._screen()
        lowest = screen.y() + screen.height() - self.height()
        if self.y() > lowest:
            self.move(self.x(), max(screen.y(), lowest))

    # Qt's own
    def showEvent(self, event: QShowEvent) -> None:
        if self.height() > self.room():
            self.resize(self.width(), self.room())
        super().showEvent(event)
        parent = self.parentWidget()
        if self._veil is None and parent is not None:
            self._veil = Veil(self._look, parent.window())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._veil is not None and isValid(self._veil):
            self._veil.lift()
        self._veil = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where nothing composes the windows, what is translucent would be black.
        corners = QPainterPath()
        corners.addRoundedRect(QRectF(self.rect()), _RADIUS, _RADIUS)
        self.setMask(QRegion(corners.toFillPolygon().toPolygon()))

    def paintEvent(self, event: QPaintEvent) -> None:
        ground, line = self._look["card"], self._look["line-strong"]
        rounded(QPainter(self), QRectF(self.rect()), _RADIUS, ground, line)


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

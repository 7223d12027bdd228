"""The focus ring: one for a window, 2 px of accent, 2 px outside the control."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from shiboken6 import isValid

from desk.ui.look import Look

ROOM = 5


class FocusRing(QWidget):
    """Follows the focus inside ``window``. A control may say ``ring_radius`` (8 by
    default), ``ring_wanted = False`` or ``ring_inset`` (drawn inside a full-width row)."""

    def __init__(self, look: Look, window: QWidget, width: float = 2.0, gap: float = 2.0) -> None:
        super().__init__(window)
        self._look, self._window, self._width, self._gap = look, window, width, gap
        self._target: QWidget | None = None
        self._watched: list[QWidget] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._focus_changed)

    def _focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        for widget in self._watched:
            if isValid(widget):
                widget.removeEventFilter(self)
        self._watched, self._target = [], None
        if new is None or not self._has(new) or not getattr(new, "ring_wanted", True):
            self.hide()
            return
        self._target = new
        self._watch(new)
        self._follow()

    def _has(self, widget: QWidget) -> bool:
        # The window's content may itself stand inside another window.
        return widget is self._window or self._window.isAncestorOf(widget)

    def _watch(self, target: QWidget) -> None:
        """Watch the target and what holds it, up to the scrolled page or the window."""
        host: QWidget = target
        while host is not self._window and not _is_scrolled(host):
            host.installEventFilter(self)
            self._watched.append(host)
            host = host.parentWidget() or self._window
        self.setParent(host)

    def _follow(self) -> None:
        target, host = self._target, self.parentWidget()
        if target is None or host is None or not isValid(target) or not target.isVisible():
            self.hide()
            return
        inset = getattr(target, "ring_inset", False)
        room = -1 if inset else ROOM
        corner = target.mapTo(host, target.rect().topLeft())
        self.setGeometry(
            corner.x() - room,
            corner.y() - room,
            target.width() + 2 * room,
            target.height() + 2 * room,
        )
        self.show()
        self.raise_()
        self.update()

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        moving = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)
        if event.type() in moving:
            self._follow()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look["accent"], self._width))
        inset = getattr(self._target, "ring_inset", False)
        edge = self._width / 2 + (1 if inset else ROOM - self._gap - self._width)
        radius = getattr(self._target, "ring_radius", 8) + (0 if inset else self._gap)
        box = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.drawRoundedRect(box, radius, radius)


def _is_scrolled(widget: QWidget) -> bool:
    holder = widget.parentWidget()
    area = holder.parentWidget() if holder else None
    return isinstance(area, QScrollArea) and area.widget() is widget

"""Words beside each other that lead to the parts of one place of the rail."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desk.ui.look import Look
from desk.ui.parts.box import clear, row
from desk.ui.theme import Type

Section = tuple[str, str]
"""Key and name."""


class _Tab(QAbstractButton):
    """36 high; the one that is open has a line of accent beneath."""

    def __init__(self, look: Look, key: str) -> None:
        super().__init__()
        self._look, self.key, self._open, self.ring_wanted = look, key, False, True
        self.setFixedHeight(36)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        look.restyled.connect(self.update)

    def show_name(self, name: str, is_open: bool) -> None:
        self.setText(name)
        self.setAccessibleName(name)
        self._open = is_open
        self.updateGeometry()
        self.update()

    # Qt's own
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.ring_wanted = self._look.shows_focus(event.reason())
        super().focusInEvent(event)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._look.font(Type.STRONG))
        return QSize(round(metrics.horizontalAdvance(self.text())) + 24, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        painter.setFont(look.font(Type.STRONG if self._open else Type.BODY))
        painter.setPen(look["text" if self._open else "muted"])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        if self._open:
            painter.fillRect(12, 33, self.width() - 24, 3, look["accent"])


class Sections(QWidget):
    """``chosen(str)``: another part is wanted."""

    chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._tabs: list[_Tab] = []
        self._row = row(gap=4)
        self.setLayout(self._row)
        self.setFixedHeight(36)

    def show_sections(self, sections: Sequence[Section], current: str) -> None:
        if [key for key, _ in sections] != [tab.key for tab in self._tabs]:
            self._rebuild(sections)
        for tab, (key, name) in zip(self._tabs, sections, strict=True):
            tab.show_name(name, key == current)

    def _rebuild(self, sections: Sequence[Section]) -> None:
        clear(self._row)
        self._tabs = [_Tab(self._look, key) for key, _ in sections]
        for tab in self._tabs:
            tab.clicked.connect(lambda _=False, key=tab.key: self.chosen.emit(key))
            self._row.addWidget(tab)
        self._row.addStretch(1)

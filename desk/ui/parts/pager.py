"""The foot of a list that has more rows than a page shows: how many, which page, back and on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.ui.look import Look
from desk.ui.parts.box import row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.text import Text
from desk.ui.theme import Type


class Pager(QWidget):
    """40 high. ``turned(int)``: another page is wanted, counted from 0."""

    turned = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._page = 0
        self._count = Text(look, "", Type.SMALL, "muted")
        self._told = Text(look, "", Type.SMALL, "muted")
        self.before = Button(look, "", Kind.SECONDARY, height=32, icon="chevron-left")
        self.next = Button(look, "", Kind.SECONDARY, height=32, after="chevron-right")
        self.before.clicked.connect(lambda: self.turned.emit(self._page - 1))
        self.next.clicked.connect(lambda: self.turned.emit(self._page + 1))
        line = row(self._count, 8, self._told, self.before, self.next, gap=8)
        line.setContentsMargins(16, 0, 16, 0)
        line.setStretch(0, 1)
        self.setLayout(line)
        self.setFixedHeight(40)

    def name(self, before: str, after: str) -> None:
        """The words of the two buttons."""
        self.before.say(before)
        self.next.say(after)

    def show_place(self, count: str, told: str, page: int, pages: int) -> None:
        """``count`` and ``told`` are words: how many there are, and which page this is."""
        self._page = page
        self._count.say(count)
        self._told.say(told)
        self.before.setEnabled(page > 0)
        self.next.setEnabled(page + 1 < pages)

"""The support bundle before it is saved: everything that goes in, to read, search and refuse."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desk.ui.look import Look
from desk.ui.parts.above import Above
from desk.ui.parts.box import column, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.text import Text
from desk.ui.theme import Type

WIDTH, HEIGHT = 760, 620


class BundleSheet(Above):
    """Accepted where the officer wants it saved; Esc and the first focus are the safe way."""

    def __init__(self, look: Look, parent: QWidget | None, content: str) -> None:
        say = look.say
        super().__init__(look, parent, say("bundle.title"))
        self.content = QPlainTextEdit(content)
        self.content.setReadOnly(True)
        self.content.setFont(look.font(Type.SMALL))
        self.content.setAccessibleName(say("bundle.content"))
        self.keep = Button(look, say("bundle.keep"), Kind.SECONDARY, height=40)
        self.choose = Button(look, say("bundle.choose"), Kind.PRIMARY, height=40)
        self.keep.clicked.connect(self.reject)
        self.choose.clicked.connect(self.accept)
        title = Text(look, say("bundle.title"), Type.TITLE)
        lead = Text(look, say("bundle.lead"), Type.BODY, wrap=True)
        buttons = row(None, self.keep, self.choose, gap=8)
        layout = column(title, 8, lead, 12, self.content, 16, buttons, margins=(24, 24, 24, 24))
        layout.setStretch(4, 1)
        self.setLayout(layout)
        self._ring = FocusRing(look, self)
        self.resize(WIDTH, HEIGHT)
        self.keep.setFocus(Qt.FocusReason.OtherFocusReason)

"""Lines of a card that tell a fact or offer a work: name, what is known of it, state or button."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.parts.box import column, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.sign import Badge
from desk.ui.parts.text import Text
from desk.ui.theme import Type


class FactLine(QWidget):
    """Name with what is known beneath, the state right; under it what is wrong."""

    def __init__(
        self, look: Look, words: tuple[str, str], glyph: Glyph | None, word: str, more: str
    ) -> None:
        super().__init__()
        name, detail = words
        texts = column(Text(look, name, Type.STRONG))
        if detail:
            texts.addWidget(Text(look, detail, Type.SMALL, "muted", wrap=True))
        if more:
            token = glyph.token if glyph else "text"
            texts.addWidget(Text(look, more, Type.SMALL, token, wrap=True))
        layout = row(texts, 16, margins=(16, 12, 16, 12))
        layout.setStretch(0, 1)
        if glyph is not None:
            layout.addLayout(column(Badge(look, glyph, word), None))
        self.setLayout(layout)
        parts = (name, word, detail, more)
        self.setAccessibleName(", ".join(part for part in parts if part))


class WorkRow(QWidget):
    """One thing that can be done: what it is, a sentence, its button. ``asked(str)`` with its
    key; ``second`` is the key of a link beside the button."""

    asked = Signal(str)

    def __init__(self, look: Look, key: str, second: str = "") -> None:
        super().__init__()
        self._name = Text(look, "", Type.STRONG, wrap=True)
        self._text = Text(look, "", Type.SMALL, "muted", wrap=True)
        self.button = Button(look, "", Kind.SECONDARY, height=32)
        self.second = Button(look, "", Kind.LINK, height=24)
        self.second.hide()
        self.button.clicked.connect(lambda: self.asked.emit(key))
        self.second.clicked.connect(lambda: self.asked.emit(second))
        buttons = row(self.button, 12, self.second, None)
        self.setLayout(column(self._name, self._text, 8, buttons, margins=(16, 12, 16, 12)))

    def render(self, name: str, text: str, may: bool) -> None:
        self._name.say(name)
        self._text.say(text)
        self.button.setEnabled(may)

    def show_second(self, word: str) -> None:
        self.second.say(word)
        shown(self.second, bool(word))

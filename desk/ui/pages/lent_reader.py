"""The reader is lent to an approver: nothing personal is on the screen until a card is in it.

Signal: ``stopped`` (the officer thought better of it).
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.review_words import AREA
from desk.ui.parts.box import Box, column, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.sign import IconSign
from desk.ui.parts.text import Text
from desk.ui.parts.verdict import announce
from desk.ui.theme import Type
from desk.ui.troubles import Spoken


@dataclass(frozen=True)
class LentView:
    """``case_number`` is all that is told of the case; ``trouble`` says why the card that is
    in the reader may not approve it."""

    case_number: str
    trouble: Spoken | None = None


class LentReaderPage(QWidget):
    """A card of 560 in the middle of the rail's colour."""

    stopped = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look, self._say = look, OwnWords(look, AREA)
        self._view: LentView | None = None
        self._title = Text(look, "", Type.DISPLAY)
        self._words = Text(look, "", Type.BODY, wrap=True)
        self._case = Text(look, "", Type.STRONG)
        self._trouble = Text(look, "", Type.STRONG, wrap=True)
        self._trouble_more = Text(look, "", Type.BODY, "muted", wrap=True)
        self.stop = Button(look, "", Kind.SECONDARY, height=40)
        self.stop.clicked.connect(self.stopped)
        title = row(IconSign(look, "id-card", 36), 16, self._title, None)
        box = Box(look, "card", None)
        box.setLayout(
            column(
                title, 12, self._words, 16, self._case, 16, self._trouble, self._trouble_more, 24,
                row(self.stop, None),
                margins=(32, 30, 32, 30),
            )
        )  # fmt: skip
        box.setFixedWidth(560)
        outer = column(None, row(None, box, None), None)
        self.setLayout(outer)
        look.retranslated.connect(self.retranslate)
        look.restyled.connect(self.update)

    def render(self, view: LentView) -> None:
        say, trouble = self._say, view.trouble
        fresh = self._view is None or self._view.trouble != trouble
        self._view = view
        self._title.say(say("reader.title"))
        self._words.say(say("reader.words"))
        self._case.say(say("reader.case", number=view.case_number))
        self.stop.say(say("reader.stop"))
        shown(self._trouble, trouble is not None)
        shown(self._trouble_more, trouble is not None)
        if trouble is not None:
            self._trouble.say(trouble.title, "danger" if trouble.level == "stop" else "warning")
            self._trouble_more.say(f"{trouble.text} {trouble.next} {trouble.code}".strip())
        if fresh:
            announce(self, trouble.title if trouble else self._title.text())

    def first_focus(self) -> QWidget:
        return self.stop

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

    # Qt's own
    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._look["rail"])

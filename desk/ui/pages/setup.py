"""Base of the pages of «set-up and checks»: the same words lead from each to the others.

Signals of all: ``section_chosen(str)``; ``back`` leads to the page that covers the desk,
where one does.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import column, row
from desk.ui.parts.frame import Other, Page
from desk.ui.parts.sections import Section, Sections
from desk.ui.parts.verdict import Verdict

AREA = "setup"


class SetupPage(Page):
    """A page under the words of its place; ``say`` speaks from the table of set-up."""

    section_chosen = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self.sections = Sections(look)
        self.sections.chosen.connect(self.section_chosen)
        self.sections.setAccessibleName(self.say("section.name"))
        self.body.addWidget(self.sections)
        shown(self.sections, False)

    def show_sections(self, sections: Sequence[Section], current: str) -> None:
        """The parts to choose from; one alone is no choice."""
        self.sections.show_sections(sections, current)
        shown(self.sections, len(sections) > 1)

    def ways(self, way_out: str, *others: Other) -> tuple[Other, ...]:
        """The footer's buttons, the way back first where there is one."""
        back = (Other("back", way_out, icon="chevron-left"),) if way_out else ()
        return (*back, *others)


class WorkPage(SetupPage):
    """A verdict on the last act, what is there at the left, what can be done at the right."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._verdict = Verdict(look)
        self._columns = row(gap=16)

    def lay_out(self, there: QWidget, works: QWidget) -> None:
        """Once, when both sides are made."""
        self._columns.addLayout(column(there, None), 1)
        self._columns.addLayout(column(works, None), 1)
        self.body.addWidget(self._verdict)
        self.body.addLayout(self._columns)
        self.body.addStretch(1)
        self.set_size(False, False)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        self._verdict.set_narrow(narrow or small)

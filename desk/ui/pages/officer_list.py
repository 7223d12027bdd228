"""The ministry's list of officers: which one is in place, whom it names, taking in another.

Signals: ``look_again`` (F5 and the primary), ``take_asked``, and those of `SetupPage`.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.setup import WorkPage
from desk.ui.parts.box import Card, Line, clear, column
from desk.ui.parts.frame import Primary
from desk.ui.parts.sign import Badge
from desk.ui.parts.works import FactLine, WorkRow
from desk.ui.troubles import Spoken


@dataclass(frozen=True)
class ListView:
    """The list in place; ``people`` are name and role of this post's, empty where names are
    not for everybody."""

    number: int
    issued: str
    until: str
    holds: bool
    count: int
    people: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OfficerListView:
    """``taken`` are title and sentence of what has just come in."""

    here: says.Here
    list: ListView | None = None
    trouble: Spoken | None = None
    taken: tuple[str, str] | None = None
    way_out: str = ""


class OfficerListPage(WorkPage):
    """The list left, what can be done right."""

    look_again = Signal()
    take_asked = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._view: OfficerListView | None = None
        self.list = Card(look, padding=(1, 1, 1, 1))
        self._badge = Badge(look)
        self.list.right.addWidget(self._badge)
        self._rows = column()
        self.list.body.addLayout(self._rows)
        self.works = Card(look, padding=(1, 1, 1, 1))
        self.take = WorkRow(look, "take")
        self.take.asked.connect(lambda _key: self.take_asked.emit())
        self.works.body.addWidget(self.take)
        self._shown: object = None
        self.lay_out(self.list, self.works)

    def render(self, view: OfficerListView) -> None:
        self._view = view
        say = self.say
        self.show_trouble(view.trouble)
        shown(self._verdict, view.taken is not None)
        if view.taken is not None:
            self._verdict.show_state(Glyph.PASSED, *view.taken)
        self._show_list(view.list)
        self.works.name(say("card_setup.works"))
        self.take.render(say("officers.take"), say("officers.take_text"), True)
        self.take.button.say(say("officers.take_button"))
        self.footer.show_others(self.ways(view.way_out))
        self.footer.show_primary(
            Primary(say("officers.again"), True, "", ("F5",), icon="refresh-cw")
        )
        self.say_head(say("officers.title"), say("officers.lead"))

    def _show_list(self, found: ListView | None) -> None:
        say = self.say
        self.list.name(say("officers.list"))
        holds = found is not None and found.holds
        word = say("officers.holds" if holds else "officers.ended")
        glyph = Glyph.PASSED if holds else Glyph.FAILED
        self._badge.show_state(glyph, word if found else "")
        wanted = (found, self.look.language)
        if wanted == self._shown:
            return
        self._shown = wanted
        clear(self._rows)
        for number, words in enumerate(self._lines(found)):
            if number:
                self._rows.addWidget(Line(self.look))
            self._rows.addWidget(FactLine(self.look, words, None, "", ""))

    def _lines(self, found: ListView | None) -> list[tuple[str, str]]:
        say = self.say
        if found is None:
            return [(say("officers.none"), say("officers.none_text"))]
        times = say("officers.times", issued=found.issued, until=found.until)
        count = say("officers.people", n=found.count)
        head = (say("officers.number", number=found.number), f"{times} · {count}")
        return [head, *found.people]

    def first_focus(self) -> QWidget | None:
        return self.take.button

    def primary_key(self) -> None:
        self.look_again.emit()

    def refresh(self) -> None:
        self.look_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

"""The cards that open the records: whose they are, letting in, taking out, another key.

Signals: ``look_again`` (F5 and the primary), ``work_asked(str)`` with begin, add_officer,
add_recovery or rotate, ``removal_asked(str)`` with a card's fingerprint, and those of
`SetupPage`.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.setup import WorkPage
from desk.ui.parts.box import Card, Line, clear, column, holder, row
from desk.ui.parts.button import Button, Kind
from desk.ui.parts.frame import Primary
from desk.ui.parts.text import Text
from desk.ui.parts.works import FactLine, WorkRow
from desk.ui.theme import Type
from desk.ui.troubles import Spoken

WORKS = ("begin", "add_officer", "add_recovery", "rotate")


@dataclass(frozen=True)
class CardLine:
    """One enrolled card. ``who`` is its holder's name, or what kind it is where names are not
    for everybody; ``day`` since when."""

    fingerprint: str
    who: str
    day: str
    recovery: bool


@dataclass(frozen=True)
class RecordsCardsView:
    """``cards`` is None where there are no records yet, and before they were asked for."""

    here: says.Here
    cards: tuple[CardLine, ...] | None = None
    begun: bool = True
    trouble: Spoken | None = None
    done: str = ""
    way_out: str = ""


class RecordsCardsPage(WorkPage):
    """The cards left, what can be done right."""

    look_again = Signal()
    work_asked = Signal(str)
    removal_asked = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._view: RecordsCardsView | None = None
        self.cards = Card(look, padding=(1, 1, 1, 1))
        self._count = Text(look, "", Type.SMALL, "muted")
        self.cards.right.addWidget(self._count)
        self._rows = column()
        self._note = Text(look, "", Type.SMALL, "muted", wrap=True)
        self.cards.body.addLayout(self._rows)
        self.cards.body.addWidget(holder(column(Line(look))))
        self.cards.body.addWidget(holder(column(self._note, margins=(16, 8, 16, 8))))
        self.works = Card(look, padding=(1, 1, 1, 1))
        self._works = {key: WorkRow(look, key) for key in WORKS}
        self._lines = []
        for number, work in enumerate(self._works.values()):
            if number > 1:
                self._lines.append(Line(look))
                self.works.body.addWidget(self._lines[-1])
            self.works.body.addWidget(work)
            work.asked.connect(self.work_asked)
        self._shown: object = None
        self.lay_out(self.cards, self.works)

    def render(self, view: RecordsCardsView) -> None:
        self._view = view
        say = self.say
        self.show_trouble(view.trouble)
        shown(self._verdict, bool(view.done))
        if view.done:
            more = f"records_cards.done_{view.done}_text"
            text = say(more) if more in say else ""
            self._verdict.show_state(Glyph.PASSED, say(f"records_cards.done_{view.done}"), text)
        self._show_cards(view)
        self.works.name(say("card_setup.works"))
        for key, work in self._works.items():
            shown(work, (key == "begin") is not view.begun)
            work.render(say(f"records_work.{key}"), say(f"records_work.{key}_text"), True)
            work.button.say(say(f"records_work.{key}_button"))
        for line in self._lines:
            shown(line, view.begun)
        self.footer.show_others(self.ways(view.way_out))
        self.footer.show_primary(
            Primary(say("records_cards.again"), True, "", ("F5",), icon="refresh-cw")
        )
        self.say_head(say("records_cards.title"), say("records_cards.lead"))

    def _show_cards(self, view: RecordsCardsView) -> None:
        say = self.say
        cards = view.cards or ()
        self.cards.name(say("records_cards.list"))
        recovery = sum(one.recovery for one in cards)
        counts = {"officers": len(cards) - recovery, "recovery": recovery}
        self._count.say(say("records_cards.count", **counts) if cards else "")
        self._note.say(say("records_cards.note"))
        wanted = (view.cards, view.begun, self.look.language)
        if wanted == self._shown:
            return
        self._shown = wanted
        clear(self._rows)
        if not view.begun:
            words = (say("records_cards.none"), say("records_cards.none_text"))
            self._rows.addWidget(FactLine(self.look, words, None, "", ""))
        for number, one in enumerate(cards):
            if number:
                self._rows.addWidget(Line(self.look))
            self._rows.addWidget(self._card(one))

    def _card(self, card: CardLine) -> QWidget:
        say = self.say
        since = say("records_cards.since", day=card.day, fingerprint=card.fingerprint[:16])
        out = Button(self.look, say("records_cards.take_out"), Kind.SECONDARY, height=32)
        out.setAccessibleName(f"{say('records_cards.take_out')} {card.who} {card.fingerprint[:16]}")
        out.clicked.connect(lambda: self.removal_asked.emit(card.fingerprint))
        line = FactLine(self.look, (card.who, since), None, "", "")
        layout = row(line, out, margins=(0, 0, 16, 0))
        layout.setStretch(0, 1)
        return holder(layout)

    def first_focus(self) -> QWidget | None:
        begun = self._view is None or self._view.begun
        return self._works["add_officer" if begun else "begin"].button

    def primary_key(self) -> None:
        self.look_again.emit()

    def refresh(self) -> None:
        self.look_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

"""The officer's card made ready: what is on it, and what can be done with it.

Signals: ``look_again`` (F5 and the primary), ``work_asked(str)`` with request, resave,
install, pin or revocations, and those of `SetupPage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.cards.piv import PIN_LENGTHS
from desk.counter.provisioning import CardStatus, PinStatus, SlotStatus, State
from desk.ui import says
from desk.ui.glyphs import Glyph
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.setup import WorkPage
from desk.ui.parts.box import Card, Line, clear, column
from desk.ui.parts.frame import Primary
from desk.ui.parts.text import Text
from desk.ui.parts.works import FactLine, WorkRow
from desk.ui.theme import Type
from desk.ui.troubles import Spoken, TroubleWords

GLYPHS = {
    State.EMPTY: Glyph.NOT_DONE,
    State.READY: Glyph.PASSED,
    State.ENDING: Glyph.ATTENTION,
    State.LIST_OLD: Glyph.ATTENTION,
}
WORKS = ("request", "install", "pin", "revocations")


@dataclass(frozen=True)
class CardSetupView:
    """``card`` is None where none answers; ``reading`` while it is asked. ``done`` is the key
    of what has just ended well, with its facts; ``kept``: a request was made and not saved."""

    here: says.Here
    card: CardStatus | None = None
    reading: bool = False
    trouble: Spoken | None = None
    done: str = ""
    done_facts: tuple[tuple[str, str | int], ...] = ()
    kept: bool = False
    way_out: str = ""


class CardSetupPage(WorkPage):
    """The card left, what can be done right."""

    look_again = Signal()
    work_asked = Signal(str)

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        super().__init__(look)
        self.troubles = troubles
        self._view: CardSetupView | None = None
        self.card = _CardBox(look, self.say, troubles)
        self.works = Card(look, padding=(1, 1, 1, 1))
        self._works = {key: WorkRow(look, key, "resave") for key in WORKS}
        for number, work in enumerate(self._works.values()):
            if number:
                self.works.body.addWidget(Line(look))
            self.works.body.addWidget(work)
            work.asked.connect(self.work_asked)
        self.lay_out(self.card, self.works)

    def render(self, view: CardSetupView) -> None:
        self._view = view
        say = self.say
        self.show_trouble(view.trouble)
        self._show_done(view)
        self.card.render(view)
        self.works.name(say("card_setup.works"))
        self._show_works(view)
        self.footer.show_others(self.ways(view.way_out))
        word = say("card_setup.reading" if view.reading else "card_setup.again")
        self.footer.show_primary(
            Primary(word, not view.reading, say("check.by_itself"), ("F5",), icon="refresh-cw")
        )
        self.say_head(say("card_setup.title"), say("card_setup.lead"))

    def _show_done(self, view: CardSetupView) -> None:
        shown(self._verdict, bool(view.done))
        if not view.done:
            return
        key = f"card_setup.done_{view.done}"
        more = f"{key}_text"
        text = self.say(more, **dict(view.done_facts)) if more in self.say else ""
        self._verdict.show_state(Glyph.PASSED, self.say(key), text)

    def _show_works(self, view: CardSetupView) -> None:
        say, there = self.say, view.card is not None and not view.reading
        blocked = view.card is not None and view.card.pin.tries_left == 0
        for key, work in self._works.items():
            named = "unblock" if key == "pin" and blocked else key
            may = key == "revocations" or (there and (key == "pin" or not blocked))
            work.render(say(f"work.{named}"), say(f"work.{named}_text"), may)
            work.button.say(say(f"work.{named}_button"))
        request = self._works["request"]
        request.show_second(say("work.resave") if view.kept else "")

    def first_focus(self) -> QWidget | None:
        return self._works["request"].button

    def primary_key(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        if self._view is not None and not self._view.reading:
            self.look_again.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)


class _CardBox(Card):
    """PIN and slots as the card tells them."""

    def __init__(self, look: Look, say: OwnWords, troubles: TroubleWords) -> None:
        super().__init__(look, padding=(1, 1, 1, 1))
        self._say, self._troubles = say, troubles
        self._identity = Text(look, "", Type.SMALL, "muted")
        self.right.addWidget(self._identity)
        self._rows = column()
        self.body.addLayout(self._rows)
        self._shown: object = None

    def render(self, view: CardSetupView) -> None:
        say, card = self._say, view.card
        self.name(say("card_setup.status"))
        wanted = (card, view.reading, self._look.language)
        if wanted == self._shown:
            return
        self._shown = wanted
        clear(self._rows)
        self._identity.say("")
        if card is None:
            key = "reading" if view.reading else "none"
            text = "" if view.reading else say("card_setup.none_text")
            self._add((say(f"card_setup.{key}"), text), None, "")
            return
        named = say("card_setup.identity", identity=card.identity[-12:]) if card.identity else ""
        self._identity.say(named or say("card_setup.no_identity"))
        self._add((say("card_setup.pin"), self._rules(card.pin)), *self._tries(card.pin))
        for status in card.slots:
            self._rows.addWidget(Line(self._look))
            self._slot(status)

    def _rules(self, pin: PinStatus) -> str:
        say = self._say
        words = say("card_setup.pin_rules", least=PIN_LENGTHS[0], most=PIN_LENGTHS[-1])
        return f"{words} · {say('card_setup.pin_pad')}" if pin.pin_pad else words

    def _tries(self, pin: PinStatus) -> tuple[Glyph, str]:
        say = self._say
        if pin.tries_left is None:
            return Glyph.UNDECIDED, say("card_setup.pin_untold")
        if pin.tries_left == 0:
            return Glyph.FAILED, say("card_setup.pin_blocked")
        glyph = Glyph.ATTENTION if pin.tries_left == 1 else Glyph.PASSED
        return glyph, say("card_setup.pin_tries", n=pin.tries_left)

    def _slot(self, status: SlotStatus) -> None:
        say = self._say
        glyph = GLYPHS.get(status.state, Glyph.FAILED)
        word = say(f"slot_state.{status.state.value}")
        more = ""
        if status.trouble is not None and status.state is not State.EMPTY:
            trouble = status.trouble
            spoken = self._troubles.of(trouble.code, self._look.language, trouble.facts)
            more = f"{spoken.title} · {spoken.next} {spoken.code}"
        self._add((say(f"slot.{status.slot:02X}"), self._detail(status)), glyph, word, more)

    def _detail(self, status: SlotStatus) -> str:
        say = self._say
        if status.until is None:
            return ""
        kind = say(f"key_type.{status.key_type.name}") if status.key_type else "—"
        until, days = f"{status.until:%Y-%m-%d}", status.days_left or 0
        sentence = "card_setup.ended" if days < 0 else "card_setup.until"
        known = status.revocation
        listed = f"{known.as_of:%Y-%m-%d}" if known and known.as_of else ""
        parts = (
            say("card_setup.issuer", issuer=status.issuer) if status.issuer else "",
            say("card_setup.revocation", day=listed) if listed else say("card_setup.no_revocation"),
        )
        more = " · ".join(part for part in parts if part)
        return f"{say(sentence, kind=kind, until=until, n=days)}\n{more}"

    def _add(self, words: tuple[str, str], glyph: Glyph | None, word: str, more: str = "") -> None:
        self._rows.addWidget(FactLine(self._look, words, glyph, word, more))


def in_use(slots: Sequence[SlotStatus]) -> frozenset[int]:
    """Slots whose certificate has not ended: a new key would end it."""
    return frozenset(one.slot for one in slots if one.days_left is not None and one.days_left >= 0)

"""The dialog for acts on the records' cards: the card that allows, then the card that comes.

One reader is enough. What the present card tells (its tries) is shown before its PIN is
typed; a card that leaves takes what was typed with it. ``given(Pin, bool, bool)``: the PIN,
whether the last try is meant, and whether the recovery card allows; the receiver wipes.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desk.cards.piv import PIN_LENGTHS
from desk.ui.dialogs import Dialog
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.setup import AREA
from desk.ui.parts.fields import Check, Labelled, PinDots, Problem
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.troubles import Spoken


@dataclass(frozen=True)
class PresentCard:
    """``identity`` tells cards apart, None where a card tells none; ``tries`` None untold."""

    identity: str | None
    tries: int | None
    on_pad: bool = False


@dataclass(frozen=True)
class Stage:
    """``act`` is the button's word; ``recovery``: the recovery card may stand in."""

    words: str
    act: str
    recovery: bool = False


class TwoCardsDialog(Dialog):
    """Asks for one card's PIN at a time."""

    given = Signal(object, bool, bool)

    def __init__(self, look: Look, parent: QWidget | None, title: str, stage: Stage) -> None:
        self.say = OwnWords(look, AREA)
        super().__init__(
            look, parent, title, stage.words, self.say("ask.leave"), stage.act, danger=False
        )
        self._card: PresentCard | None = None
        self._busy = False
        self.tries = Text(look, "", Type.SMALL, "muted")
        self.pin = PinDots(look)
        self._labelled = Labelled(look, self.pin)
        self._labelled.say(self.say("pin.card_pin"))
        self.by_recovery = Check(look, self.say("cards_ask.by_recovery"), small=True)
        self.consent = Check(look, self.say("pin.last_try_consent"), small=True)
        self.problem = Problem(look, 40)
        for widget in (self.tries, self._labelled, self.by_recovery, self.consent, self.problem):
            self.fields.addWidget(widget)
        self.pin.counted.connect(self._ready)
        self.pin.entered.connect(self._give)
        self.consent.toggled.connect(self._ready)
        self.act.clicked.disconnect(self.accept)
        self.act.clicked.connect(self._give)
        self.finished.connect(self.pin.wipe)
        shown(self.by_recovery, stage.recovery)
        self.show_card(None)

    @property
    def card(self) -> PresentCard | None:
        """The card whose PIN is asked for, None where none is in."""
        return self._card

    def show_stage(self, stage: Stage) -> None:
        """The next card's turn."""
        self._busy = False
        self._words.say(stage.words)
        self.setAccessibleDescription(stage.words)
        self.act.say(stage.act)
        self.by_recovery.setChecked(False)
        shown(self.by_recovery, stage.recovery)
        self.problem.show_text("")
        self.show_card(None)

    def show_card(self, card: PresentCard | None, note: str = "") -> None:
        """The card that is in now; ``note`` says why none is counted as present."""
        if card != self._card or card is None:
            self.pin.wipe()
            self.consent.setChecked(False)
        self._card = card
        self.tries.say(note or self._told(card))
        shown(self._labelled, card is None or not card.on_pad)
        shown(self.consent, card is not None and card.tries == 1)
        self._ready()
        self.fit()

    def _told(self, card: PresentCard | None) -> str:
        if card is None:
            return self.say("cards_ask.waiting")
        if card.tries == 0:
            return self.say("card_setup.pin_blocked")
        if card.tries is None:
            return self.say("card_setup.pin_untold")
        return self.say("card_setup.pin_tries", n=card.tries)

    def show_busy(self) -> None:
        self._busy = True
        on_pad = self._card is not None and self._card.on_pad
        words = self.say("ask.on_pad" if on_pad else "cards_ask.busy")
        self.problem.show_text(words, "muted", None)
        self._ready()

    def show_trouble(self, spoken: Spoken) -> None:
        """Nothing was changed; the PIN's field is empty again."""
        self._busy = False
        self.problem.show_text(f"{spoken.title}. {spoken.text} {spoken.code}")
        self.pin.wipe()
        self.consent.setChecked(False)
        self._ready()
        self.fit()

    def _ready(self, *_ignored: object) -> None:
        card = self._card
        may = card is not None and card.tries != 0 and not self._busy
        typed = card is not None and (card.on_pad or self.pin.count() in PIN_LENGTHS)
        agreed = card is not None and (card.tries != 1 or self.consent.isChecked())
        at_pin = self.focusWidget() in (None, self.pin, self)
        self.act.setEnabled(may and typed and agreed)
        self.pin.setEnabled(may)
        if at_pin and self.isVisible():
            # The field that goes off would hand the focus on to «leave it».
            (self.pin if may else self).setFocus(Qt.FocusReason.OtherFocusReason)
        self.by_recovery.setEnabled(not self._busy)
        self.safe.setEnabled(not self._busy)

    def _give(self) -> None:
        if not self.act.isEnabled() or self._card is None:
            return
        pin = None if self._card.on_pad else self.pin.take()
        self.given.emit(pin, self._card.tries == 1, self.by_recovery.isChecked())

    # Qt's own
    def reject(self) -> None:
        # What the card has begun is not left half seen.
        if not self._busy:
            super().reject()

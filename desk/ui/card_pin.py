"""The dialog that sets the card's PIN: knowing the present one, or by the PUK.

What a PIN must be and how many tries are left stands above the fields, before anything is
typed. Nothing is done here: ``given`` hands the digits to whoever has the card, and wipes
nothing of what it handed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desk.ui.dialogs import Dialog
from desk.ui.look import Look, shown
from desk.ui.parts.fields import Check, Labelled, PinDots, Problem
from desk.ui.troubles import Spoken

LEAST = 6


@dataclass(frozen=True)
class CardPinView:
    """``blocked``: only the PUK opens the card. ``tries`` of the present PIN, None untold.
    ``on_pad``: all of it is typed on the reader."""

    blocked: bool
    tries: int | None
    on_pad: bool = False


class CardPinDialog(Dialog):
    """``given(bytearray | None, bytearray | None, bool)``: present PIN or PUK, new PIN, and
    whether the last try is meant; None where it is typed on the reader."""

    given = Signal(object, object, bool)

    def __init__(self, look: Look, parent: QWidget | None, view: CardPinView) -> None:
        say = look.say
        way = "unblock" if view.blocked else "change"
        super().__init__(
            look, parent, say(f"card_pin.{way}"), _policy(look, view), say("card_pin.leave"),
            say("card_pin.set"), danger=False,
        )  # fmt: skip
        self.view = view
        self.old, self.new, self.again = (PinDots(look) for _ in range(3))
        names = ("puk" if view.blocked else "present", "new", "again")
        for dots, name in zip(self.dots, names, strict=True):
            labelled = Labelled(look, dots)
            labelled.say(say(f"card_pin.{name}"))
            shown(labelled, not view.on_pad)
            self.fields.addWidget(labelled)
            dots.counted.connect(self._ready)
            dots.entered.connect(self._give)
        self.consent = Check(look, say("pin.last_try_consent"), small=True)
        shown(self.consent, self._is_last)
        self.consent.toggled.connect(self._ready)
        self.problem = Problem(look, 40)
        self.fields.addWidget(self.consent)
        self.fields.addWidget(self.problem)
        self.act.clicked.disconnect(self.accept)
        self.act.clicked.connect(self._give)
        self.finished.connect(self.wipe)
        self._busy = False
        self._ready()
        if not view.on_pad:
            self.old.setFocus()

    @property
    def dots(self) -> tuple[PinDots, PinDots, PinDots]:
        return self.old, self.new, self.again

    @property
    def _is_last(self) -> bool:
        return not self.view.blocked and self.view.tries == 1

    def show_busy(self) -> None:
        """The card is at it; the reader may be asking."""
        self._busy = True
        words = "on_pad" if self.view.on_pad else "busy"
        self.problem.show_text(self._look.say(f"card_pin.{words}"), "muted", None)
        self._ready()

    def show_trouble(self, spoken: Spoken, tries: int | None) -> None:
        """Nothing was set; the fields are empty again. ``tries`` left by now, None untold."""
        self._busy = False
        if tries is not None and not self.view.blocked:
            self.view = replace(self.view, tries=tries)
            shown(self.consent, self._is_last)
            self.consent.setChecked(False)
        self.problem.show_text(f"{spoken.title}. {spoken.text} {spoken.code}")
        self.wipe()
        self._ready()
        self._begin_again()
        self.fit()

    def _begin_again(self) -> None:
        """All of it is typed once more, from the first field on."""
        if not self.view.on_pad:
            self.old.setFocus()

    def wipe(self) -> None:
        for dots in self.dots:
            dots.wipe()

    def _ready(self, *_ignored: object) -> None:
        typed = self.view.on_pad or all(dots.count() >= LEAST for dots in self.dots)
        agreed = not self._is_last or self.consent.isChecked()
        self.act.setEnabled(typed and agreed and not self._busy)
        for dots in self.dots:
            dots.setEnabled(not self._busy)

    def _give(self) -> None:
        if not self.act.isEnabled():
            return
        last = self._is_last
        if self.view.on_pad:
            self.given.emit(None, None, last)
            return
        old, new, again = (dots.take() for dots in self.dots)
        same = new == again
        again[:] = bytes(len(again))
        if not same:
            old[:], new[:] = bytes(len(old)), bytes(len(new))
            self.problem.show_text(self._look.say("card_pin.differ"))
            self._ready()
            self._begin_again()
            return
        self.given.emit(old, new, last)


def _policy(look: Look, view: CardPinView) -> str:
    say = look.say
    if view.blocked:
        return say("card_pin.policy_puk")
    if view.tries is None:
        return say("card_pin.policy")
    return say("card_pin.policy") + " " + say("card_pin.tries", n=view.tries)

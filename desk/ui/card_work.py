"""Dialogs that work on the officer's card: a new key with its request, a certificate put on it.

What will happen, what a PIN must be and how many tries are left stands above the fields.
Nothing is done here: ``given(CardWork)`` hands everything over once, and the secrets are
the receiver's to wipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from desk.cards.piv import PIN_LENGTHS, Pin
from desk.cards.piv_data import KeyType, Slot
from desk.ui.dialogs import Dialog
from desk.ui.look import Look, shown
from desk.ui.pages.own_words import OwnWords
from desk.ui.pages.setup import AREA
from desk.ui.parts.fields import Check, Choice, Field, Labelled, PinDots, Problem
from desk.ui.troubles import Spoken

MANAGEMENT_DIGITS = (32, 48, 64)
"""Hexadecimal digits of an AES-128, AES-192 or 3DES, and AES-256 key (SP 800-78-4, 6.2)."""


@dataclass(frozen=True)
class CardWork:
    """What the dialog was given. ``pin`` is None where it is typed on the reader."""

    slot: Slot
    pin: Pin
    management_key: bytes
    last_try: bool
    key_type: KeyType = KeyType.P256
    organisation: str = ""
    over_old: bool = False


@dataclass(frozen=True)
class CardWorkView:
    """``tries`` of the PIN, None untold; ``in_use``: slots whose certificate is still good;
    ``management_key`` where it is known already (the training card's), hexadecimal."""

    slots: Sequence[Slot]
    slot: Slot
    tries: int | None
    on_pad: bool = False
    in_use: frozenset[Slot] = field(default_factory=frozenset)
    management_key: str = ""


class CardWorkDialog(Dialog):
    """The fields that both have: slot, PIN, management key, consent to the last try."""

    given = Signal(object)

    def __init__(
        self, look: Look, parent: QWidget | None, view: CardWorkView, kind: str, **facts: str
    ) -> None:
        self.say = OwnWords(look, AREA)
        say = self.say
        words = say(f"ask.{kind}_text", policy=_policy(say, view), **facts)
        act = say("ask.make" if kind == "request" else "ask.write")
        super().__init__(
            look, parent, say(f"ask.{kind}"), words, say("ask.leave"), act, danger=False
        )
        self.view = view
        self.slot = Choice(look)
        self.slot.offer([(one.name, say(f"slot.{one:02X}")) for one in view.slots], view.slot.name)
        self.slot.chosen.connect(self._ready)
        self._add(self.slot, "slot")
        self._add_own()
        self.pin = PinDots(look)
        self._add(self.pin, "", say("pin.card_pin"), visible=not view.on_pad)
        self.management = Field(look, plain_keys=True)
        self.management.setEchoMode(QLineEdit.EchoMode.Password)
        self.management.setText(view.management_key)
        self._add(self.management, "management")
        self.consent = Check(look, say("pin.last_try_consent"), small=True)
        shown(self.consent, view.tries == 1)
        self.problem = Problem(look, 40)
        self.fields.addWidget(self.consent)
        self.fields.addWidget(self.problem)
        for signal in (self.pin.counted, self.management.textChanged, self.consent.toggled):
            signal.connect(self._ready)
        self.pin.entered.connect(self._give)
        self.act.clicked.disconnect(self.accept)
        self.act.clicked.connect(self._give)
        self.finished.connect(self.wipe)
        self._busy = False
        self._ready()

    def _add_own(self) -> None:
        """Fields of the dialog's own, under the slot."""

    def _add(self, widget: QWidget, key: str, name: str = "", *, visible: bool = True) -> Labelled:
        labelled = Labelled(self._look, widget)
        labelled.say(name or self.say(f"ask.{key}"))
        shown(labelled, visible)
        self.fields.addWidget(labelled)
        return labelled

    @property
    def chosen(self) -> Slot:
        return Slot[self.slot.value()]

    def show_busy(self) -> None:
        """The card is at it; the reader may be asking."""
        self._busy = True
        words = "ask.on_pad" if self.view.on_pad else "ask.busy"
        self.problem.show_text(self.say(words), "muted", None)
        self._ready()

    def show_trouble(self, spoken: Spoken, tries: int | None = None) -> None:
        """The PIN's field is empty again. ``tries`` left by now, None where that is as before."""
        self._busy = False
        if tries is not None:
            self.view = replace(self.view, tries=tries)
            shown(self.consent, tries == 1)
            self.consent.setChecked(False)
        self.problem.show_text(f"{spoken.title}. {spoken.text} {spoken.code}")
        self.pin.wipe()
        self._ready()
        if not self.view.on_pad:
            self.pin.setFocus()
        self.fit()

    def wipe(self) -> None:
        self.pin.wipe()
        self.management.clear()

    def _may(self) -> bool:
        """Whether the dialog's own fields allow the act."""
        return True

    def _ready(self, *_ignored: object) -> None:
        open_ = self.view.tries != 0
        typed = open_ and (self.view.on_pad or self.pin.count() in PIN_LENGTHS)
        agreed = self.view.tries != 1 or self.consent.isChecked()
        key = len(self.management.text()) in MANAGEMENT_DIGITS
        self.act.setEnabled(typed and agreed and key and self._may() and not self._busy)
        for widget in (self.slot, self.pin, self.management):
            widget.setEnabled(not self._busy)
        self.safe.setEnabled(not self._busy)

    def _give(self) -> None:
        if not self.act.isEnabled():
            return
        try:
            key = bytes.fromhex(self.management.text())
        except ValueError:
            self.problem.show_text(self.say("ask.management_wrong"))
            return
        self.given.emit(self._work(None if self.view.on_pad else self.pin.take(), key))

    def _work(self, pin: Pin, key: bytes) -> CardWork:
        return CardWork(self.chosen, pin, key, self.view.tries == 1)

    # Qt's own
    def reject(self) -> None:
        # What the card has begun is not left half seen.
        if not self._busy:
            super().reject()


class RequestDialog(CardWorkDialog):
    """A new key: which kind, for which organisation, and over a certificate still good."""

    def __init__(self, look: Look, parent: QWidget | None, view: CardWorkView) -> None:
        super().__init__(look, parent, view, "request")

    def _add_own(self) -> None:
        look, say = self._look, self.say
        self.key_type = Choice(look)
        kinds = [(one.name, say(f"key_type.{one.name}")) for one in reversed(KeyType)]
        self.key_type.offer(kinds, KeyType.P256.name)
        self._add(self.key_type, "key_type")
        self.organisation = Field(look)
        self._add(self.organisation, "organisation")
        self.over_old = Check(look, say("ask.over_old"), small=True)
        self.over_old.toggled.connect(self._ready)
        self.fields.addWidget(self.over_old)

    def _may(self) -> bool:
        in_use = self.chosen in self.view.in_use
        shown(self.over_old, in_use)
        return not in_use or self.over_old.isChecked()

    def _work(self, pin: Pin, key: bytes) -> CardWork:
        return CardWork(
            slot=self.chosen,
            pin=pin,
            management_key=key,
            last_try=self.view.tries == 1,
            key_type=KeyType[self.key_type.value()],
            organisation=self.organisation.text().strip(),
            over_old=self.over_old.isChecked() and self.chosen in self.view.in_use,
        )


class InstallDialog(CardWorkDialog):
    """A certificate: whose, by whom, until when; ``facts`` say so."""

    def __init__(
        self, look: Look, parent: QWidget | None, view: CardWorkView, facts: Mapping[str, str]
    ) -> None:
        super().__init__(look, parent, view, "install", **facts)


def _policy(say: OwnWords, view: CardWorkView) -> str:
    words = say("ask.policy", least=PIN_LENGTHS[0], most=PIN_LENGTHS[-1])
    return words if view.tries is None else f"{words} {say('ask.tries', n=view.tries)}"

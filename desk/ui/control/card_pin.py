"""Setting the card's PIN from the covering pages, before anybody has signed in."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desk.cards.piv import Pin, wipe
from desk.cards.troubles import LastTry, PinBlocked, WrongPin
from desk.counter import signing_in
from desk.trouble import Trouble
from desk.ui.card_pin import CardPinDialog, CardPinView
from desk.ui.control.desk import Desk
from desk.ui.lanes import Lane


class CardPin(QObject):
    """Opens the dialog over a page and does with the card what it asks for."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.dialog: CardPinDialog | None = None

    def open(self, page: QWidget) -> None:
        """By what the card has told: knowing the PIN, or by the PUK where it is blocked."""
        desk = self._desk
        if self.dialog is not None:
            self.dialog.deleteLater()
        view = CardPinView(desk.card_tries == 0, desk.card_tries, desk.card_pad)
        self.dialog = CardPinDialog(desk.look, page.window(), view)
        self.dialog.given.connect(self._set)
        self.dialog.open()

    def _set(self, old: Pin, new: Pin, last_try: bool) -> None:
        desk, dialog = self._desk, self.dialog
        if dialog is None:
            return
        dialog.show_busy()
        blocked = dialog.view.blocked

        def job() -> None:
            try:
                with desk.station.roles.piv_card() as session:
                    if blocked:
                        session.unblock(old, new)
                        signing_in.forget_failures(desk.station, session)
                    else:
                        session.change_pin(old, new, last_try)
            finally:
                wipe(old)
                wipe(new)
            desk.station.note(None, "CARD.PIN_UNBLOCKED" if blocked else "CARD.PIN_CHANGED")

        desk.work(Lane.CARD, job, lambda _none: self._done(), self._refused)

    def _done(self) -> None:
        if self.dialog is not None:
            self.dialog.accept()
        self._desk.ask_card.emit()

    def _refused(self, trouble: Trouble) -> None:
        if self.dialog is not None:
            self.dialog.show_trouble(self._desk.spoken(trouble), tries_after(trouble))
        self._desk.ask_card.emit()


def tries_after(trouble: Trouble) -> int | None:
    """How many tries of the PIN a refusal leaves; None where it tells nothing of them."""
    if isinstance(trouble, WrongPin):
        return trouble.tries_left
    if isinstance(trouble, PinBlocked):
        return 0
    return 1 if isinstance(trouble, LastTry) else None

"""What the holder does on the phone, as signals."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Acts(QObject):
    """``scan_requested`` carries the text of a QR, empty for the one the desk shows now.
    ``pin_entered`` carries a bytearray of ASCII digits that the receiver wipes.
    """

    scan_requested = Signal(str)
    pin_entered = Signal(object)
    offer_accepted = Signal()
    present_accepted = Signal()
    present_declined = Signal()
    retry = Signal()
    card_opened = Signal(str)
    home_wanted = Signal()
    language_chosen = Signal(str)

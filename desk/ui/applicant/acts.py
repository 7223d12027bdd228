"""What the applicant did, as signals; who wires the window turns them into record entries.

Nothing personal leaves here but the PIN, once, as a buffer that the receiver wipes.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Acts(QObject):
    """The window's signals. ``pin_chosen`` carries a bytearray of six ASCII digits."""

    language_chosen = Signal(str)
    larger_text_chosen = Signal(bool)
    high_contrast_chosen = Signal(bool)
    started = Signal()
    consent_given = Signal(object)
    data_confirmed = Signal()
    data_wrong = Signal()
    number_shown = Signal(str)
    pin_progress = Signal(int)
    pin_refused = Signal(str)
    pin_chosen = Signal(object)
    new_pin_wanted = Signal()
    finished = Signal()
    help_called = Signal()

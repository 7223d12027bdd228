"""The pad of an issuance PIN: twelve keys, three to a row, of the applicant's window and the phone.

Each window paints keys of its own; places, signals and arrow keys are the same on both.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QWidget

COLUMNS = 3


class Keypad(QWidget):
    """Digits by touch; arrows move the focus between keys."""

    digit = Signal(int)
    dropped = Signal()
    cleared = Signal()

    def __init__(
        self,
        digits: Mapping[str, QAbstractButton],
        clear: QAbstractButton,
        drop: QAbstractButton,
        spacing: int,
    ) -> None:
        """Lay ten digit keys in the order of the mapping; clear and drop flank the tenth."""
        super().__init__()
        for digit, key in digits.items():
            key.clicked.connect(lambda _on=False, digit=digit: self.digit.emit(int(digit)))
        clear.clicked.connect(self.cleared)
        drop.clicked.connect(self.dropped)
        *upper, last = digits.values()
        self.keys = [*upper, clear, last, drop]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(spacing)
        for place, button in enumerate(self.keys):
            grid.addWidget(button, place // COLUMNS, place % COLUMNS)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -COLUMNS,
            Qt.Key.Key_Down: COLUMNS,
        }.get(Qt.Key(event.key()))
        focused = [place for place, key in enumerate(self.keys) if key.hasFocus()]
        if step is None or not focused:
            super().keyPressEvent(event)
            return
        place = focused[0] + step
        if 0 <= place < len(self.keys):
            self.keys[place].setFocus(Qt.FocusReason.TabFocusReason)

"""Where objects that refer to each other are let go: in the thread of the windows only.

Python looks for them whenever enough objects were made, in whatever thread happens to make
them. Closed dialogs and pages are among what it finds, and a widget that is taken down in a
thread of a lane takes the program with it. So Python is told not to look by itself, and the
windows' thread does it between two events.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1000


class Tidying(QObject):
    """From its making on, for the whole process; belongs to ``parent`` in the windows' thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(tidy)
        self._timer.start(_EVERY_MS)


def tidy() -> None:
    """Let go what Python would have let go by now, by its own thresholds."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation] > 0:
            gc.collect(generation)
            return

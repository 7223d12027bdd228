"""Nobody touches the desk: first a warning with a countdown, then it locks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QInputEvent
from PySide6.QtWidgets import QApplication

from desk.counter.settings import LockSettings

_ACTIVITY = frozenset(
    {QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.TouchBegin}
)


class Idle(QObject):
    """Signals: ``soon`` when the countdown begins, ``touched`` when somebody came back before
    its end, ``over`` at its end. Keys, clicks and the wheel of any window count."""

    soon = Signal()
    touched = Signal()
    over = Signal()

    def __init__(self, settings: LockSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._seconds = settings.idle_minutes * 60
        self._warn_before = min(settings.idle_warning_seconds, self._seconds)
        self._end, self._warning = QTimer(self), QTimer(self)
        for timer in (self._end, self._warning):
            timer.setSingleShot(True)
        self._end.timeout.connect(self.over)
        self._warning.timeout.connect(self._warn)
        self.is_warning = False
        self._listens = False
        self.restart()

    @property
    def seconds_left(self) -> int:
        """At least 1 while the countdown runs."""
        return max(1, self._end.remainingTime() // 1000)

    def restart(self) -> None:
        """Somebody is there."""
        self.is_warning = False
        if self._seconds > 0:
            self._listen(True)
            self._end.start(self._seconds * 1000)
            self._warning.start((self._seconds - self._warn_before) * 1000)

    def slept_through(self, seconds: float) -> bool:
        """The computer slept, and timers with it: whether the time would have been over."""
        return 0 < self._seconds <= seconds

    def stop(self) -> None:
        self._end.stop()
        self._warning.stop()
        self._listen(False)

    def _listen(self, wanted: bool) -> None:
        app = QApplication.instance()
        if app is None or wanted is self._listens:
            return
        self._listens = wanted
        (app.installEventFilter if wanted else app.removeEventFilter)(self)

    def _warn(self) -> None:
        self.is_warning = True
        self.soon.emit()

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Every event of every widget comes by: to ask for the type of each one made all pages
        # a sixth slower.
        if not isinstance(event, QInputEvent):
            return False
        if event.type() in _ACTIVITY and self._end.isActive():
            warned = self.is_warning
            self.restart()
            if warned:
                self.touched.emit()
        return False

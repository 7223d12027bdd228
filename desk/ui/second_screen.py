"""The applicant's window stands on the monitor that faces the applicant, and nowhere else.

Monitors come and go: a cable is pulled, a display sleeps, the desk is started before the second
one is on. Without this the window system puts the full-screen window of a monitor that went
over the officer's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

from desk.trouble import Trouble

MARGIN = 48
"""What an ordinary window leaves free of the officer's monitor, in pixels."""


class MonitorGone(Trouble):
    """The monitor that faces the applicant was pulled out or switched off."""

    code = "APPL-03"


class SecondScreen(QObject):
    """Places ``applicant`` full screen on the monitor that ``officer`` is not on; where there is
    none it is an ordinary window behind the officer's.

    Signals: ``gone`` and ``back`` when the applicant's monitor went or came; ``turned`` when it
    is the officer's that went: what the officer sees would now face the applicant.
    """

    gone = Signal()
    back = Signal()
    turned = Signal()

    def __init__(
        self,
        officer: QWidget,
        applicant: QWidget,
        screens: Callable[[], Sequence[QScreen]] = QGuiApplication.screens,
    ) -> None:
        super().__init__(applicant)
        self._officer, self._applicant, self._screens = officer, applicant, screens
        self._officers: QScreen | None = None
        self._applicants: QScreen | None = None
        self.is_away = self._ends = False
        applicant.installEventFilter(self)
        # Qt moves the windows of a monitor that went only after it has told.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.place)

    def begin(self) -> None:
        """Show the applicant's window and follow the monitors from here on."""
        self.place()
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        for changed in (app.screenAdded, app.screenRemoved, app.primaryScreenChanged):
            changed.connect(self._later.start)

    def end(self) -> None:
        self._ends = True
        self._later.stop()
        self._applicant.close()

    def place(self) -> None:
        """Put the applicant's window where it belongs with the monitors of this moment."""
        screens, before = tuple(self._screens()), self._applicants
        if self._ends or not screens:
            return
        has_turned = before in screens and self._officers not in (None, *screens)
        others = [screen for screen in screens if screen is not self._officer.screen()]
        kept = before is not None and before in others
        found = before if kept else others[0] if others else None
        self._officers, self._applicants = self._officer.screen(), found
        if found is None:
            self._stand_behind()
        elif not (kept and self._applicant.isFullScreen()):
            self._fill(found)
        if has_turned:
            self.turned.emit()
        if (found is None) != self.is_away and (before is not None or self.is_away):
            self.is_away = found is None
            (self.gone if self.is_away else self.back).emit()

    def _fill(self, screen: QScreen) -> None:
        window = self._applicant
        if window.isFullScreen():
            window.showNormal()
        window.setGeometry(screen.geometry())
        window.showFullScreen()

    def _stand_behind(self) -> None:
        """An ordinary window; the officer's stays before it."""
        window, room = self._applicant, self._officer.screen().availableGeometry()
        if window.isFullScreen():
            window.showNormal()
            size = room.size().boundedTo(window.size())
            window.setGeometry(QRect(room.topLeft(), size).adjusted(0, MARGIN, -MARGIN, 0))
        window.show()
        self._officer.raise_()
        self._officer.activateWindow()

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Nobody closes the applicant's window but the program."""
        if event.type() is QEvent.Type.Close and not self._ends:
            event.ignore()
            return True
        return False

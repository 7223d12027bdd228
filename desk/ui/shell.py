"""The officer's window: frame, rail, header, page; and the keys that work everywhere.

Whoever runs the program puts pages in, says which one is shown, and listens. The shell
knows no case; the pages know no device.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QAction,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QStackedWidget,
    QWidget,
)
from shiboken6 import isValid

from desk.ui.ground import Ground
from desk.ui.look import Look, shown
from desk.ui.parts.box import column, row
from desk.ui.parts.frame import HeaderView, Page
from desk.ui.parts.rail import RailView
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.sign import IconSign
from desk.ui.parts.text import Text
from desk.ui.theme import Type
from desk.ui.wedge import MrzWedge

WIDE = (1360, 800)
"""From this window size on the wide measures hold."""
SMALL = (1180, 620)
"""Below this the rail shows glyphs only and columns stand under one another."""
FRAME, BAND = 6, 36


class TrainingBand(QWidget):
    """The band that says: nothing issued here is valid."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(BAND)
        self._text = Text(look, "", Type.STRONG, "rail-text")
        words = row(None, IconSign(look, "graduation-cap", 20, "rail-text"), 8, self._text, None)
        self.setLayout(words)
        look.retranslated.connect(self.retranslate)
        self.retranslate()

    def retranslate(self) -> None:
        self._text.say(self._look.say("training.band"))
        self.setAccessibleName(self._text.text())


class Shell(QWidget):
    """The window's content.

    Full pages (sign-in, lock) cover everything inside the training frame; ordinary pages
    stand between rail, header and footer. Signals: ``home``, ``step_chosen(int)``,
    ``entry_chosen(str)``, ``devices_chosen``, ``lock_chosen`` (also Ctrl+L),
    ``new_case_asked`` (Ctrl+N), ``search_asked`` (Ctrl+F), ``explain_asked`` (F1),
    ``loss_call_asked`` (F7),
    ``mrz_scanned(str)`` (a reader typed an MRZ).
    """

    home = Signal()
    step_chosen = Signal(int)
    entry_chosen = Signal(str)
    devices_chosen = Signal()
    lock_chosen = Signal()
    new_case_asked = Signal()
    search_asked = Signal()
    explain_asked = Signal()
    loss_call_asked = Signal()
    mrz_scanned = Signal(str)

    def __init__(self, look: Look, *, training: bool = False) -> None:
        super().__init__()
        self.look, self.training = look, training
        self.setAccessibleName(look.say("app.name"))
        self._work, self.outside = Ground(look), Ground(look)
        self.rail, self.header, self.pages = self._work.rail, self._work.header, self._work.pages
        self._full = QStackedWidget()
        self._full.addWidget(self._work)
        self._full.addWidget(self.outside)
        self.band = TrainingBand(look)
        shown(self.band, training)
        edge = FRAME if training else 0
        outer = column(self.band, self._full, margins=(edge, 0, edge, edge))
        outer.setStretch(1, 1)
        self.setLayout(outer)
        self._ring = FocusRing(look, self)
        self._size = (False, False)
        self._back_here: QWidget | None = None
        self._connect()
        self._add_keys()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._focus_moved)
        self.wedge = MrzWedge(look, self)
        self.wedge.scanned.connect(self._scanned)
        look.restyled.connect(self.update)
        self.setMinimumSize(960, 600)

    def _connect(self) -> None:
        self.rail.home.connect(self.home)
        self.rail.step_chosen.connect(self.step_chosen)
        self.rail.entry_chosen.connect(self.entry_chosen)
        self.rail.devices_chosen.connect(self.devices_chosen)
        self.rail.lock_chosen.connect(self.lock_chosen)

    def add_page(self, page: Page) -> None:
        self._work.add_page(page)

    def add_full_page(self, page: QWidget) -> None:
        self._full.addWidget(page)

    def show_page(self, page: Page) -> None:
        """Put ``page`` between header and footer; the focus goes to its first thing to do.

        A cover stays over it: nothing but `uncover` takes that away.
        """
        if self._work.show_page(page) and not self.is_covered:
            self._work.focus_first()

    def show_outside(self, page: Page) -> None:
        """Cover the window with a page that needs nobody signed in (one of `outside`)."""
        changed = self.outside.show_page(page)
        if self._full.currentWidget() is not self.outside:
            self.show_full(self.outside)
            changed = True
        if changed:
            self.outside.focus_first()

    def show_full(self, page: QWidget) -> None:
        """Cover rail, header and page (sign-in, lock)."""
        if self._full.currentWidget() is self._work:
            self._back_here = QApplication.focusWidget()
        self._full.setCurrentWidget(page)
        first = getattr(page, "first_focus", None)
        target = first() if callable(first) else None
        if isinstance(target, QWidget):
            target.setFocus(Qt.FocusReason.OtherFocusReason)

    def uncover(self) -> None:
        """The same page at the same place as before the cover."""
        self._full.setCurrentWidget(self._work)
        here = self._back_here
        # What had the focus may have been drawn anew meanwhile, a row of the rail for one.
        if here is not None and isValid(here) and here.isVisible():
            here.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._work.focus_first()

    @property
    def is_covered(self) -> bool:
        """A full page (sign-in, lock, checks) stands before rail, header and page."""
        return self._full.currentWidget() is not self._work

    @property
    def page(self) -> Page | None:
        """The ordinary page that is shown, None while the window is covered."""
        return None if self.is_covered else self._work.page

    @property
    def front(self) -> Page | None:
        """The page that the keys are for: the one shown, whether behind or before the cover."""
        ground = self._full.currentWidget()
        return ground.page if isinstance(ground, Ground) else None

    def _scanned(self, text: str) -> None:
        # Nobody sits before a covered window: no chip shall be opened.
        if not self.is_covered:
            self.mrz_scanned.emit(text)

    def show_rail(self, view: RailView) -> None:
        self.rail.render_view(view)

    def show_header(self, view: HeaderView) -> None:
        self.header.show_view(view)

    # Keys of the whole window
    def _add_keys(self) -> None:
        page_keys = {
            "Ctrl+Return": lambda page: page.footer.primary.isEnabled() and page.primary_key(),
            "Ctrl+Enter": lambda page: page.footer.primary.isEnabled() and page.primary_key(),
            "F5": lambda page: page.refresh(),
            "F11": lambda page: page.enlarge(),
            "Ctrl+P": lambda page: page.print_key(),
        }
        for keys, act in page_keys.items():
            self._key(keys, lambda act=act: self.front is not None and act(self.front))
        self._key("Ctrl+L", self.lock_chosen.emit)
        self._open_key("Ctrl+N", self.new_case_asked.emit)
        self._open_key("Ctrl+F", self.search_asked.emit)
        self._open_key("F1", self.explain_asked.emit)
        self._open_key("F7", self.loss_call_asked.emit)
        self._key("F6", lambda: self.next_zone(1))
        self._key("Shift+F6", lambda: self.next_zone(-1))
        for number in range(1, 8):
            self._open_key(f"Alt+{number}", partial(self.step_chosen.emit, number))

    def _open_key(self, keys: str, act: Callable[[], None]) -> None:
        """A key that rests while the window is covered."""

        def act_if_open() -> None:
            if not self.is_covered:
                act()

        self._key(keys, act_if_open)

    def _key(self, keys: str, act) -> None:  # type: ignore[no-untyped-def]
        action = QAction(self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: None if self.wedge.in_burst else act())
        self.addAction(action)

    def next_zone(self, direction: int) -> None:
        """F6: rail → header → content → footer and back."""
        ground = self._full.currentWidget()
        zones = ground.zones if isinstance(ground, Ground) else ()
        if not zones:
            return
        now = QApplication.focusWidget()
        place = next((n for n, zone in enumerate(zones) if now and zone.isAncestorOf(now)), -1)
        for step in range(1, len(zones) + 1):
            zone = zones[(place + direction * step) % len(zones)]
            target = first_control(zone)
            if target is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _focus_moved(self, old: QWidget | None, new: QWidget | None) -> None:
        """A control that goes grey or away hands the focus on to whatever comes next, and that
        may be «back», «stop» or the rail: the next Space would leave the case."""
        ground = self._full.currentWidget()
        if old is None or new is None or not isinstance(ground, Ground) or ground.page is None:
            return
        if not isValid(old) or not self.isAncestorOf(old) or not self.isAncestorOf(new):
            return
        if not ground.is_outside(new) and not ground.is_outside(old):
            # A list that is drawn anew looks after its own row.
            return
        if not old.isEnabled() or not old.isVisibleTo(self):
            ground.page.setFocus(Qt.FocusReason.OtherFocusReason)

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = self.front
        if page is None:
            super().keyPressEvent(event)
            return
        if event.key() == Qt.Key.Key_Escape:
            page.escape()
            return
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QPlainTextEdit)
        if plain and not typing and not event.isAutoRepeat() and page.plain_key(event.text()):
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.wedge.watch()
        if self.page is not None:
            self._work.focus_first()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width, height = self.width(), self.height()
        small = width < SMALL[0] or height < SMALL[1]
        narrow = width < WIDE[0] or height < WIDE[1]
        if (narrow, small) != self._size:
            self._size = (narrow, small)
            for ground in (self._work, self.outside):
                ground.set_size(narrow, small)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.look["training" if self.training else "background"])
        if self.training:
            inner = self._full.geometry()
            painter.fillRect(inner, self.look["background"])


def first_control(zone: QWidget) -> QWidget | None:
    """The first control in ``zone`` that takes the focus by Tab."""
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox)
    for widget in zone.findChildren(QWidget):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if (
            takes
            and widget.isVisible()
            and widget.isEnabled()
            and (isinstance(widget, kinds) or hasattr(widget, "ring_inset"))
        ):
            return widget
    return None

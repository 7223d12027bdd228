"""The base of the phone's pages: what scrolls, and the buttons that stay at the foot."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from desk.ui.applicant.pin_entry import PinDigits
from desk.ui.look import shown
from desk.ui.parts.box import Item, Line, QuietBar, column, holder
from desk.ui.phone.acts import Acts
from desk.ui.phone.look import PhoneLook
from desk.ui.phone.parts import EDGE, Clear
from desk.ui.phone.snapshot import PhoneScreen
from desk.ui.phone.words import HolderTroubles


@dataclass(frozen=True)
class Context:
    """Given to each page by the window. ``digits`` is the one buffer of the PIN."""

    look: PhoneLook
    screen: PhoneScreen
    acts: Acts
    digits: PinDigits
    troubles: HolderTroubles


class PageScroll(Clear):
    """Scrolls without moving the page's right edge: the bar takes its room from the margin."""

    BAR = QuietBar.WIDTH

    def __init__(self, content: QWidget) -> None:
        super().__init__(content)
        self.verticalScrollBar().installEventFilter(self)

    # Qt's own
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        content, changes = self.widget(), (QEvent.Type.Show, QEvent.Type.Hide)
        layout = content.layout() if content is not None else None
        if watched is self.verticalScrollBar() and event.type() in changes and layout is not None:
            edges = layout.contentsMargins()
            seen = event.type() == QEvent.Type.Show
            edges.setRight(EDGE - (self.BAR if seen else 0))
            layout.setContentsMargins(edges)
        return super().eventFilter(watched, event)


class PhonePage(QWidget):
    """A page is built from a snapshot; ``follow`` takes a later one of the same shape."""

    back = True
    """Whether the bar offers the way to the home page."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.look, self.acts = context.look, context.acts
        self.snapshot, self.digits = context.screen, context.digits
        self.content = QWidget()
        self.body = column(margins=(EDGE, 24, EDGE, 24))
        self.content.setLayout(self.body)
        self._foot = column(gap=8, margins=(EDGE, 16, EDGE, 20))
        self._foot_line = Line(self.look)
        self._foot_room = holder(self._foot)
        outer = column(PageScroll(self.content), self._foot_line, self._foot_room)
        outer.setStretch(0, 1)
        self.setLayout(outer)
        shown(self._foot_line, False)
        shown(self._foot_room, False)

    def fill(self, *items: Item) -> None:
        """Put items below each other; a number is space, None a stretch."""
        for item in items:
            if item is None:
                self.body.addStretch(1)
            elif isinstance(item, int):
                self.body.addSpacing(item)
            elif isinstance(item, QWidget):
                self.body.addWidget(item)
            else:
                self.body.addLayout(item)

    def buttons(self, *buttons: QWidget) -> None:
        """At the foot, the main act first."""
        for button in buttons:
            self._foot.addWidget(button)
        shown(self._foot_line, True)
        shown(self._foot_room, True)

    def follow(self, screen: PhoneScreen) -> None:
        """The snapshot changed but the page stays."""
        self.snapshot = screen

    def first_focus(self) -> QWidget | None:
        """What takes the focus on arrival."""
        return None

    def key(self, event: QKeyEvent) -> bool:
        """A key nothing else took; true when the page used it."""
        return False

    def announcement(self) -> str:
        """What a screen reader says when the page arrives."""
        return ""

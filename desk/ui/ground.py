"""Rail, header and one of several pages: what the window shows between its edges.

The window has two of them. One holds the officer's pages and is covered until somebody
signs in; the other holds what may be seen before, and covers the first one.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QStackedWidget, QWidget

from desk.ui.look import Look
from desk.ui.parts.box import column, reveal, row
from desk.ui.parts.frame import Header, Page
from desk.ui.parts.rail import Rail


class Ground(QWidget):
    """``rail``, ``header`` and ``pages``; pages follow the window's size by `set_size`."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.rail, self.header = Rail(look), Header(look)
        self.pages = QStackedWidget()
        right = column(self.header, self.pages)
        right.setStretch(1, 1)
        layout = row(self.rail, right)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._size = (False, False)
        self._known: list[Page] = []

    @property
    def page(self) -> Page | None:
        """The page that stands there, seen or covered."""
        current = self.pages.currentWidget()
        return current if isinstance(current, Page) else None

    @property
    def zones(self) -> tuple[QWidget, ...]:
        """What F6 goes round: rail, header, content, footer."""
        page = self.page
        return () if page is None else (self.rail, self.header, page.area, page.footer)

    def add_page(self, page: Page) -> None:
        self.pages.addWidget(page)
        self._known.append(page)
        page.set_size(*self._size)
        page.head_changed.connect(lambda: self._show_head(page))

    def show_page(self, page: Page) -> bool:
        """Put ``page`` between header and footer; whether it was another one before."""
        changed = self.pages.currentWidget() is not page
        self.pages.setCurrentWidget(page)
        self._show_head(page)
        return changed

    def _show_head(self, page: Page) -> None:
        if self.pages.currentWidget() is page:
            self.header.show_page(page.title, page.instruction)

    def set_size(self, narrow: bool, small: bool) -> None:
        """The window changed between wide, narrow and small."""
        self._size = (narrow, small)
        self.rail.set_size(narrow, small)
        self.header.set_narrow(narrow or small)
        for page in self._known:
            page.set_size(narrow, small)
            page.retranslate()

    def focus_first(self) -> None:
        """The focus goes to the page's first thing to do, to the page itself where there is none
        yet: Qt would leave it on whatever control comes next."""
        target = self.page.first_focus() if self.page is not None else None
        if target is None or not target.isEnabled():
            target = self.page
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)
        # A page begins at its verdict; only who types must see what.
        if self.page is not None and isinstance(target, QLineEdit):
            self.page.show_focus()

    def _tab_order(self) -> list[QWidget]:
        """All parts of the page as they are read, then footer, last the primary, then the rail.
        Qt's own order is that of making: rows that were drawn anew came behind everything."""
        page = self.page
        if page is None:
            return []
        around = (*page.footer.controls(), self.rail, *self.rail.findChildren(QWidget))
        return [page, *page.area.findChildren(QWidget), *around]

    # Qt's own
    def focusNextPrevChild(self, forward: bool) -> bool:
        order, now = self._tab_order(), QApplication.focusWidget()
        if now is None or now not in order:
            return super().focusNextPrevChild(forward)
        place = order.index(now)
        others = order[place + 1 :] + order[:place]
        target = next(filter(_is_stop, others if forward else reversed(others)), None)
        if target is not None:
            reason = Qt.FocusReason.TabFocusReason
            target.setFocus(reason if forward else Qt.FocusReason.BacktabFocusReason)
            reveal(target)
        return target is not None

    def is_outside(self, widget: QWidget) -> bool:
        """On rail, header or footer: what stands around the page's content."""
        page = self.page
        around = (self.rail, self.header, *(() if page is None else (page.footer,)))
        return any(part.isAncestorOf(widget) for part in around)


def _is_stop(widget: QWidget) -> bool:
    """Whether Tab halts there."""
    takes = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return takes and widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None

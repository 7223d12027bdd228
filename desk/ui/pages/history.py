"""The history: every case found while typing, masked; one case beside it with its steps.

Signals: ``find_asked`` (what is typed or chosen has changed, or another page is wanted: the
control reads :attr:`HistoryPage.wanted`), ``case_chosen(str)``, ``reveal_asked(str, str)`` (case,
reason), ``hide_asked``, ``pack_asked(str)``, ``care_asked(str)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QWidget

from desk.counter.history import Detail, Found, Revealed
from desk.ui import says
from desk.ui.look import Look, shown
from desk.ui.pages.history_parts import CaseCard, ListCard, Search, SearchBar
from desk.ui.pages.own_words import OwnWords
from desk.ui.parts.box import row
from desk.ui.parts.frame import Other, Page, Primary
from desk.ui.troubles import Spoken

AREA = "history"


@dataclass(frozen=True)
class HistoryView:
    """``found`` is None until the first search has ended. ``names`` are officers' names by
    identifier. ``chosen`` is the number of the case whose ``detail`` stands or is awaited.
    ``can_care``: after-care may be gone to from here. ``saved``: name of the file just
    written."""

    here: says.Here
    search: Search = field(default_factory=Search)
    found: Found | None = None
    chosen: str = ""
    detail: Detail | None = None
    revealed: Revealed | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    can_care: bool = True
    saved: str = ""
    trouble: Spoken | None = None


class HistoryPage(Page):
    """Search above; the list left, one case right."""

    find_asked = Signal()
    case_chosen = Signal(str)
    reveal_asked = Signal(str, str)
    hide_asked = Signal()
    pack_asked = Signal(str)
    care_asked = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.say = OwnWords(look, AREA)
        self._view: HistoryView | None = None
        self.bar = SearchBar(look, self.say)
        self.list = ListCard(look, self.say)
        self.case = CaseCard(look, self.say)
        self._columns = row(self.list, self.case, gap=16)
        self._columns.setStretch(0, 1)
        self.body.addWidget(self.bar)
        self.body.addLayout(self._columns, 1)
        self._page = 0
        self.bar.field.paused.connect(self._find)
        self.bar.chosen.connect(self._find)
        self.list.turned.connect(self._turn)
        self.list.chosen.connect(self.case_chosen)
        self.case.reveal_asked.connect(self._reveal)
        self.case.hide_asked.connect(self.hide_asked)
        self.set_size(False, False)

    @property
    def wanted(self) -> Search:
        """What is looked for now, and which page of it."""
        return self.bar.wanted(self._page)

    def set_size(self, narrow: bool, small: bool) -> None:
        super().set_size(narrow, small)
        if not hasattr(self, "_columns"):
            return
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if small else across)
        self._columns.setSpacing(self.gap)
        width = 344 if narrow else 396
        self.case.setMinimumWidth(0 if small else width)
        self.case.setMaximumWidth(16777215 if small else width)
        self.case.set_narrow(narrow and not small)
        self.list.set_size(narrow, small)
        self.bar.set_narrow(narrow or small)

    def render(self, view: HistoryView) -> None:
        self._view = view
        say = self.say
        self._page = view.search.page
        officers = view.found.officers if view.found else ()
        self.bar.render(view.search, view.here, {one: view.names.get(one, one) for one in officers})
        searching = view.trouble is None
        self.list.render(view.found, view.chosen, view.here, view.names, searching=searching)
        self.case.render(view.chosen, view.detail, view.revealed, view.here, view.names)
        self.show_trouble(view.trouble)
        ready = view.detail is not None and bool(view.chosen)
        pack = Other("pack", say("act.pack"), icon="file-down", enabled=ready)
        self.footer.show_others((pack,))
        cares = ready and view.detail is not None and bool(view.detail.holding)
        why = say("act.care_none") if ready and not cares else say("act.pack_why")
        if view.saved:
            why = say("act.saved", file=view.saved)
        act = Primary(say("act.care"), cares, why, ("Ctrl+Enter",), icon="tablet")
        self.footer.show_primary(act)
        shown(self.footer.primary, view.can_care)
        self.say_head(say("title"), say("lead"))

    def _find(self) -> None:
        self._page = 0
        self.find_asked.emit()

    def _turn(self, page: int) -> None:
        self._page = page
        self.find_asked.emit()

    def _reveal(self, reason: str) -> None:
        if self._view is not None and self._view.chosen:
            self.reveal_asked.emit(self._view.chosen, reason)

    def clear(self) -> None:
        """Nothing is looked for; the page as somebody meets it."""
        self._page = 0
        self.bar.clear()

    def search(self) -> None:
        """Ctrl+F: the search field takes the focus."""
        self.bar.field.ask()

    def first_focus(self) -> QWidget | None:
        return self.bar.field

    def other_asked(self, key: str) -> None:
        if key == "pack" and self._view is not None and self._view.chosen:
            self.pack_asked.emit(self._view.chosen)

    def primary_key(self) -> None:
        view = self._view
        if view is not None and view.can_care and view.detail is not None and view.detail.holding:
            self.care_asked.emit(view.detail.holding)

    def refresh(self) -> None:
        self.find_asked.emit()

    def escape(self) -> None:
        """Esc masks again what is shown."""
        if self._view is not None and self._view.revealed is not None:
            self.hide_asked.emit()

    def retranslate(self) -> None:
        if self._view is not None:
            self.render(self._view)

"""Where the rail leads when no case is open: one place for each entry, in a fixed order.

Whoever has a working page adds it with one line; an entry nobody added does not appear,
and neither does one that is not for the officer who sits there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from desk.issuance.officers import Officer
from desk.issuance.roles import Entry, entries
from desk.ui.look import Look
from desk.ui.parts.rail import NavEntry


class Place(StrEnum):
    """The rail's entries, from the top."""

    BOARD = "board"
    APPROVALS = "approvals"
    HISTORY = "history"
    AFTERCARE = "aftercare"
    DAY_CLOSE = "day_close"
    AUDIT = "audit"
    POSTS = "posts"
    SETUP = "setup"


_ICONS = {
    Place.BOARD: "layout-dashboard",
    Place.APPROVALS: "users",
    Place.HISTORY: "folder-search",
    Place.AFTERCARE: "tablet",
    Place.DAY_CLOSE: "calendar-check-2",
    Place.AUDIT: "history",
    Place.POSTS: "globe",
    Place.SETUP: "settings",
}
_ENTRIES = {
    Place.BOARD: Entry.HOME,
    Place.APPROVALS: Entry.APPROVALS,
    Place.HISTORY: Entry.HISTORY,
    Place.AFTERCARE: Entry.AFTER_CARE,
    Place.DAY_CLOSE: Entry.DAY_CLOSE,
    Place.AUDIT: Entry.AUDIT,
    Place.POSTS: Entry.POSTS,
    Place.SETUP: Entry.DIAGNOSIS,
}


def shows(place: Place, officer: Officer | None) -> bool:
    """Whether the entry is for ``officer``; None is before sign-in."""
    return _ENTRIES[place] in entries(officer.role if officer else None)


@dataclass(frozen=True)
class Destination:
    """``enter`` shows the page; ``count`` is the number in the white pill, 0 for none."""

    enter: Callable[[], None]
    count: Callable[[], int]


def _none() -> int:
    return 0


class Navigation(QObject):
    """The places that have a page. ``changed``: the rail shall be drawn again."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._destinations: dict[Place, Destination] = {}

    def add(
        self, place: Place, enter: Callable[[], None], count: Callable[[], int] = _none
    ) -> None:
        """``place`` works from here on. ``enter`` may count on an officer who may see it."""
        self._destinations[place] = Destination(enter, count)
        self.changed.emit()

    def entries(
        self, look: Look, officer: Officer | None, current: Place | None
    ) -> tuple[NavEntry, ...]:
        """The rail's entries for ``officer``, in the order of `Place`."""
        return tuple(
            NavEntry(
                key=place.value,
                name=look.say(f"place.{place.value}"),
                icon=_ICONS[place],
                count=self._destinations[place].count(),
                current=place is current,
            )
            for place in Place
            if self.leads_to(place, officer)
        )

    def leads_to(self, place: Place, officer: Officer | None) -> bool:
        """There is a page, and it is for ``officer``."""
        return place in self._destinations and shows(place, officer)

    def enter(self, place: Place) -> None:
        """Show the page of ``place``; whether it may be seen is asked before."""
        self._destinations[place].enter()

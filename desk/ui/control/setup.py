"""The parts of «set-up and checks»: which of them is shown, and the words that lead to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject

from desk.ui.look import Look
from desk.ui.pages.setup import SetupPage

CHECKS = "checks"


@dataclass(frozen=True)
class Part:
    """``enter`` fills the page that is about to be shown; ``is_offered`` tells whether it is
    for whoever sits there."""

    page: SetupPage
    enter: Callable[[], None]
    is_offered: Callable[[], bool]


def _always() -> bool:
    return True


class SetupParts(QObject):
    """``show`` puts one of the pages before the officer."""

    def __init__(self, look: Look, show: Callable[[SetupPage], None], parent: QObject) -> None:
        super().__init__(parent)
        self._show = show
        self._parts: dict[str, Part] = {}
        self._current = CHECKS
        look.retranslated.connect(self._name)

    def add(
        self,
        key: str,
        page: SetupPage,
        enter: Callable[[], None],
        is_offered: Callable[[], bool] = _always,
    ) -> None:
        """Another part, named by ``section.KEY`` in the words of set-up."""
        self._parts[key] = Part(page, enter, is_offered)
        page.section_chosen.connect(self.go)

    def enter(self) -> None:
        """The part that was shown last, where it is still offered."""
        self.go(self._current)

    def go(self, key: str) -> None:
        self._current = key if key in self._offered() else CHECKS
        part = self._parts[self._current]
        self._name()
        part.enter()
        self._show(part.page)

    def _offered(self) -> list[str]:
        return [key for key, part in self._parts.items() if part.is_offered()]

    def _name(self) -> None:
        offered = self._offered()
        for key, part in self._parts.items():
            say = part.page.say
            part.page.show_sections([(one, say(f"section.{one}")) for one in offered], key)

"""The checks where nobody is signed in: before sign-in, while locked, or at a desk that
cannot open. They cover the window; nothing behind the cover comes to light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from desk.counter.board import CheckState, lines
from desk.counter.doctor import Diagnosis
from desk.issuance.posts import SEOUL
from desk.ui import says
from desk.ui.control.checks import Checks
from desk.ui.control.diagnosis import DiagnosisControl
from desk.ui.control.setup import CHECKS, SetupParts
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.navigation import Navigation, Place
from desk.ui.pages.diagnosis import DiagnosisPage
from desk.ui.pages.setup import SetupPage
from desk.ui.parts.frame import HeaderView
from desk.ui.parts.rail import RailView
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords


@dataclass(frozen=True)
class Window:
    """What stands before there is a station: how it looks, the window, where it is."""

    look: Look
    shell: Shell
    here: Callable[[], says.Here]


class Outside(QObject):
    """``left``: the officer wants back to the page that covers the desk. ``locked`` tells
    whether somebody is signed in behind it."""

    left = Signal()

    def __init__(
        self,
        window: Window,
        checks: Checks,
        make_bundle: Callable[[Diagnosis], None],
        locked: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(window.shell)
        self._look, self._shell, self._here = window.look, window.shell, window.here
        self._checks, self._locked = checks, locked
        self.page = DiagnosisPage(self._look, TroubleWords())
        self._pages: list[SetupPage] = []
        self._diagnosis = DiagnosisControl(
            self._look, self.page, checks, self._here, self._checks_shown, make_bundle, self.way_out
        )
        self._parts = SetupParts(self._look, self._shell.show_outside, self)
        self.add(CHECKS, self.page, self._diagnosis.enter)
        self._places = Navigation(self)
        self._places.add(Place.SETUP, self._parts.enter)
        rail = self._shell.outside.rail
        rail.lock_chosen.connect(self.left)
        rail.entry_chosen.connect(lambda _key: self._parts.go(CHECKS))
        rail.devices_chosen.connect(lambda: self._parts.go(CHECKS))
        checks.changed.connect(self.refresh)
        self._look.retranslated.connect(self.refresh)

    def add(self, key: str, page: SetupPage, enter: Callable[[], None]) -> None:
        """Another part of set-up that needs nobody signed in."""
        self._shell.outside.add_page(page)
        self._pages.append(page)
        self._parts.add(key, page, enter)
        page.back.connect(self.left)

    def is_shown(self) -> bool:
        return self._shell.front in self._pages

    def _checks_shown(self) -> bool:
        return self._shell.front is self.page

    def enter(self, part: str = CHECKS) -> None:
        """Cover the window with a part of set-up, the checks unless another is named."""
        self.refresh()
        self._parts.go(part)

    def card_moved(self) -> None:
        self._diagnosis.card_moved()

    def refresh(self) -> None:
        """Rail and clocks once more."""
        here, ground = self._here(), self._shell.outside
        post_time = says.header_time(self._look, here.now, here.zone)
        seoul_time = says.header_time(self._look, here.now, SEOUL)
        ground.header.show_view(HeaderView("", post_time, seoul_time))
        ground.rail.render_view(self._rail(here))

    def _rail(self, here: says.Here) -> RailView:
        say, found = self.page.say, self._checks.found
        checks = lines(found.checks) if found else ()
        wrong = sum(check.state is not CheckState.READY for check in checks)
        glyph = Glyph.ATTENTION if wrong else Glyph.PASSED
        words = say("rail.attention", n=wrong) if wrong else say("rail.all_ready")
        return RailView(
            post=here.post.get(self._look.language, here.post["ko"]),
            officer=say("outside.locked" if self._locked() else "outside.nobody"),
            role=say("outside.insert"),
            devices=words if found else say("outside.unknown"),
            devices_glyph=glyph if found else Glyph.NOT_DONE,
            entries=self._places.entries(self._look, None, Place.SETUP),
        )

    def way_out(self) -> str:
        """The word of the button that leads back to the covering page."""
        return self.page.say("outside.back_locked" if self._locked() else "outside.back")

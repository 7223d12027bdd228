"""The training phone as a window: shows snapshots, gives back what its holder does.

``show_screen`` takes the next snapshot. Nothing else changes what is shown but the
holder's own touch: the language, and the digits of the PIN, which live in one buffer
here and are wiped when they are sent, when the page goes and when the window goes.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QHideEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desk.ui.applicant.pin_entry import PinDigits
from desk.ui.parts.box import column
from desk.ui.parts.ring import FocusRing
from desk.ui.parts.verdict import announce
from desk.ui.phone.acts import Acts
from desk.ui.phone.look import PhoneLook
from desk.ui.phone.page import Context, PhonePage
from desk.ui.phone.pages_cards import CardPage, DeclinedPage, RequestPage, SentPage, TroublePage
from desk.ui.phone.pages_receive import HomePage, OfferPage, PinPage, ProgressPage
from desk.ui.phone.parts import LanguageTabs, TopBar
from desk.ui.phone.snapshot import Page, PhoneScreen
from desk.ui.phone.words import HolderTroubles
from desk.ui.shell import BAND, FRAME, TrainingBand

SCREEN = (390, 844)
SIZE = (SCREEN[0] + 2 * FRAME, SCREEN[1] + BAND + FRAME)

PAGES: dict[Page, type[PhonePage]] = {
    Page.HOME: HomePage,
    Page.OFFER: OfferPage,
    Page.PIN: PinPage,
    Page.PROGRESS: ProgressPage,
    Page.CARD: CardPage,
    Page.REQUEST: RequestPage,
    Page.SENT: SentPage,
    Page.DECLINED: DeclinedPage,
    Page.TROUBLE: TroublePage,
}


class PhoneWindow(QWidget):
    """390×844 inside the training frame. The signals of :class:`Acts` are attributes here."""

    def __init__(
        self, language: str = "ko", parent: QWidget | None = None, number: int = 0
    ) -> None:
        """``number`` tells one phone of a rehearsal from another, 0 where there is one."""
        super().__init__(parent)
        self._number = number
        self.look = PhoneLook(language)
        self._screen = PhoneScreen()
        self._shape: tuple[object, ...] | None = None
        self._page: PhonePage | None = None
        self._digits = PinDigits()
        self._troubles = HolderTroubles()
        self.acts = Acts(self)
        self._offer_signals()
        self._band = TrainingBand(self.look)
        self._bar, self._tabs = TopBar(self.look), LanguageTabs(self.look)
        self._bar.back.connect(self.acts.home_wanted)
        self._tabs.chosen.connect(self.acts.language_chosen)
        self._stage = QWidget()
        self._room = column(
            self._band, self._bar, self._tabs, self._stage, margins=(FRAME, 0, FRAME, FRAME)
        )
        self._room.setStretch(3, 1)
        self.setLayout(self._room)
        self._ring = FocusRing(self.look, self)
        self.setMinimumSize(332, 560)
        self.resize(*SIZE)
        self.show_screen(self._screen)

    def _offer_signals(self) -> None:
        acts = self.acts
        self.scan_requested = acts.scan_requested
        self.pin_entered = acts.pin_entered
        self.offer_accepted = acts.offer_accepted
        self.present_accepted = acts.present_accepted
        self.present_declined = acts.present_declined
        self.retry = acts.retry
        self.card_opened = acts.card_opened
        self.home_wanted = acts.home_wanted
        self.language_chosen = acts.language_chosen
        acts.language_chosen.connect(self.set_language)

    @property
    def language(self) -> str:
        return self.look.language

    @property
    def page(self) -> PhonePage | None:
        return self._page

    def set_language(self, language: str) -> None:
        """Redraw in place; the page and what was typed stay."""
        if language != self.look.language:
            self.look.set_language(language)
            self._show()

    def show_screen(self, screen: PhoneScreen) -> None:
        """Show ``screen``. Leaving the PIN page wipes what was typed."""
        self._screen = screen
        if screen.page is not Page.PIN or screen.pin.checking:
            self._digits.wipe()
        self._show()

    def _show(self) -> None:
        shape = (self.look.language, self._screen.page, _built_from(self._screen))
        if shape == self._shape and self._page is not None:
            self._page.follow(self._screen)
            return
        said = self._shape is None or shape[1:] != self._shape[1:]
        self._shape = shape
        self._build()
        if said and self._page is not None and self._page.announcement():
            announce(self, self._page.announcement())

    def _build(self) -> None:
        focus = self._focused_name()
        self._say_frame()
        context = Context(self.look, self._screen, self.acts, self._digits, self._troubles)
        page = PAGES[self._screen.page](context)
        old = self._stage
        old.hide()
        self._room.replaceWidget(old, page)
        old.setParent(None)
        old.deleteLater()
        self._stage = self._page = page
        self._bar.show_back(page.back)
        self.setTabOrder(self._tabs, page)
        page.show()
        self._give_focus(focus)

    def _say_frame(self) -> None:
        title = f"{self.look.say('window.title')} {self._number or ''}".rstrip()
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._bar.retranslate()
        self._tabs.retranslate()

    def _focused_name(self) -> str:
        """The control of the page that has the focus; the bar and the tabs keep theirs."""
        focus = self.focusWidget()
        if focus is None or not focus.hasFocus():
            return ""
        if self._page is None or not self._page.isAncestorOf(focus):
            return "-"
        return focus.accessibleName()

    def _give_focus(self, name: str) -> None:
        """Keep the focus where it was if that is still there; else the first thing to do."""
        if self._page is None or name == "-":
            return
        found = [w for w in self._page.findChildren(QWidget) if w.accessibleName() == name]
        target = found[0] if name and found else self._page.first_focus()
        (target or self).setFocus(Qt.FocusReason.OtherFocusReason)

    # Qt's own
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._page is None or not self._page.key(event):
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._digits.wipe()
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._digits.wipe()
        super().closeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.look["training"])
        top = BAND
        inner = self.rect().adjusted(FRAME, top, -FRAME, -FRAME)
        painter.fillRect(inner, self.look["card"])


def _built_from(screen: PhoneScreen) -> object:
    """The parts of a snapshot a page is built from and does not follow."""
    if screen.page is Page.HOME:
        return screen.cards
    if screen.page is Page.CARD:
        return (screen.card, screen.just_kept, screen.asking, screen.reading)
    if screen.page is Page.TROUBLE:
        trouble = screen.trouble
        return (trouble, screen.reading) if trouble is None else (
            trouble.code, str(trouble.facts), trouble.again, screen.reading
        )  # fmt: skip
    if screen.page is Page.SENT:
        return screen.card
    return (screen.offer, screen.request)

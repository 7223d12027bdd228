"""The phone's window with a wallet by script behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desk.ui import theme
from desk.ui.phone.control import PhoneControl
from desk.ui.phone.snapshot import Page
from desk.ui.phone.window import PhoneWindow
from tests.ui.phone.fakes import FakeWallet

OFFER, CHECK = "openid-credential-offer://?x=1", "openid4vp://?x=1"


@pytest.fixture(scope="session", autouse=True)
def fonts(qapp: QApplication) -> None:
    """Widths are judged with the program's own fonts."""
    theme.load_fonts()


@dataclass
class Held:
    """The phone in a hand; ``qr`` is what the desk shows."""

    qtbot: QtBot
    window: PhoneWindow
    wallet: FakeWallet
    control: PhoneControl
    bugs: list[BaseException]
    qr: list[str | None] = field(default_factory=lambda: [OFFER])
    offer: str = OFFER

    def until(self, page: Page) -> None:
        self.qtbot.waitUntil(lambda: self.control.screen.page is page)

    def scan(self, page: Page) -> None:
        self.window.scan_requested.emit("")
        self.until(page)

    def type_pin(self, pin: str) -> None:
        for digit in pin:
            self.window.page._pressed(int(digit))  # type: ignore[union-attr]
        self.window.page.confirm.click()  # type: ignore[union-attr]

    def receive(self) -> None:
        self.qr[0] = self.offer
        self.scan(Page.OFFER)
        self.window.offer_accepted.emit()
        self.type_pin("482915")
        self.until(Page.CARD)


@pytest.fixture
def phone(qtbot: QtBot) -> Iterator[Held]:
    window, wallet, bugs = PhoneWindow(), FakeWallet(), []
    qtbot.addWidget(window)
    qr: list[str | None] = [OFFER]
    control = PhoneControl(window, wallet, lambda: qr[0], bugs.append, poll_ms=10)
    wallet.on_event = control.hear
    window.show()
    yield Held(qtbot, window, wallet, control, bugs, qr)
    control.close()
    assert not bugs

"""The pages of set-up: all of each by keyboard, both languages, and what each may show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from desk.ui.look import Look
from desk.ui.pages.card_setup import CardSetupPage
from desk.ui.pages.records_cards import RecordsCardsPage
from desk.ui.pages.setup import SetupPage
from desk.ui.parts.button import Button
from desk.ui.parts.text import Text
from desk.ui.shell import Shell
from tests.ui import scenes_setup
from tests.ui.officer import drop, settle
from tests.ui.scenes import SCENES

PAGES = (
    "admin-06-diagnosis",
    "admin-06-diagnosis-fine",
    "setup-card",
    "setup-card-none",
    "setup-card-requested",
    "setup-records",
    "setup-records-none",
    "setup-officers",
)
SIZE = (1280, 720)
MOST_STOPS = 60


@pytest.fixture
def windows(qtbot: QtBot) -> Iterator[list[Shell]]:
    opened: list[Shell] = []
    yield opened
    for window in opened:
        drop(window)


def build(look: Look, windows: list[Shell], name: str) -> tuple[Shell, SetupPage]:
    window = SCENES[name](look, SIZE)
    assert isinstance(window, Shell)
    windows.append(window)
    window.activateWindow()
    settle()
    page = window.front
    assert isinstance(page, SetupPage)
    return window, page


@pytest.mark.parametrize("name", PAGES)
def test_the_focus_starts_on_something_that_is_on_and_tab_reaches_all_of_it(
    look: Look, windows: list[Shell], name: str
) -> None:
    window, page = build(look, windows, name)
    first = QApplication.focusWidget()
    assert first is not None and first.isEnabled() and window.isAncestorOf(first)
    wanted = {
        one
        for one in page.findChildren(QAbstractButton)
        if one.isVisible() and one.isEnabled() and one.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    visited: set[QWidget] = set()

    for _ in range(MOST_STOPS):
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is not None:
            visited.add(focus)

    assert wanted
    assert wanted <= visited


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("setup")])
def test_no_word_stays_behind_when_the_language_changes(
    look: Look, windows: list[Shell], name: str
) -> None:
    """What the page says of itself; what its control gives it (names, facts) is the control's."""
    _, page = build(look, windows, name)
    korean = {words for words in shown(page) if has_hangul(words)}

    look.set_language("en")
    settle()

    kept = {words for words in shown(page) if has_hangul(words)} & korean
    given = {"점검", "담당자 카드", "기록 카드", "담당자 명부", "로그인 화면으로"}
    if name == "setup-officers":
        given |= {words for words in korean if "이서준" in words or "·" in words}
        given |= {"담당자", "승인자", "책임영사", "명부 14호를 가져왔습니다"}
    if name.startswith("setup-records"):
        given |= {words for words in korean if "이서준" in words or "카드" in words}
    assert kept <= given


def shown(page: QWidget) -> set[str]:
    texts = {one.text() for one in page.findChildren(Text) if one.isVisible()}
    return texts | {one.text() for one in page.findChildren(Button) if one.isVisible()}


def has_hangul(words: str) -> bool:
    return any("가" <= letter <= "힣" for letter in words)


def test_a_blocked_card_offers_only_its_puk(look: Look, windows: list[Shell]) -> None:
    _, page = build(look, windows, "setup-card-blocked")
    assert isinstance(page, CardSetupPage)

    on = {key for key, work in page._works.items() if work.button.isEnabled()}

    assert on == {"pin", "revocations"}
    assert page._works["pin"].button.text() == page.say("work.unblock_button")


def test_without_records_only_beginning_them_is_offered(look: Look, windows: list[Shell]) -> None:
    _, page = build(look, windows, "setup-records-none")
    assert isinstance(page, RecordsCardsPage)

    offered = [key for key, work in page._works.items() if work.isVisible()]

    assert offered == ["begin"]


def test_the_words_between_the_parts_lead_to_them(
    look: Look, windows: list[Shell], qtbot: QtBot
) -> None:
    _, page = build(look, windows, "setup-card")

    with qtbot.waitSignal(page.section_chosen) as chosen:
        page.sections._tabs[2].click()

    assert chosen.args == ["records"]


USED = (scenes_setup,)

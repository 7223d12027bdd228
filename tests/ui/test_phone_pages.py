"""Phone, proof and hand-over: every state of theirs as a window."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desk.ui.look import Look
from desk.ui.pages.own_words import AREA
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords
from desk.words import Words
from tests.ui import gallery_phone, scenes_case, scenes_renewal
from tests.ui.scenes import SCENES

TROUBLES = TroubleWords()
PAGES = [name for name in SCENES if name[:2] in ("11", "12", "13", "14")]
assert gallery_phone and scenes_case and scenes_renewal


@pytest.mark.parametrize("name", PAGES)
def test_every_state_fits_in_both_languages_and_names_its_controls(
    look: Look, qtbot: QtBot, name: str
) -> None:
    window = SCENES[name](look, (1280, 720))
    qtbot.addWidget(window)
    assert isinstance(window, Shell)
    page = window.page
    assert page is not None
    area = page.findChild(QScrollArea)
    assert area is not None

    for language in ("ko", "en"):
        look.set_language(language)
        QApplication.processEvents()
        kinds = (QAbstractButton, QLineEdit, QComboBox)
        shown = [w for w in page.findChildren(QWidget) if isinstance(w, kinds) and w.isVisible()]
        unnamed = [w for w in shown if w.focusPolicy() and not w.accessibleName()]
        assert not unnamed
        # A banner may push the lowest lines below the edge; nothing else may.
        if page.banner.isHidden():
            assert area.verticalScrollBar().maximum() == 0, language


@pytest.mark.parametrize("name", ["11-phone-qr", "13-proof", "14-hand-over"])
@pytest.mark.parametrize("size", [(1920, 1080), (1440, 900), (960, 600)])
def test_every_page_takes_every_size(
    look: Look, qtbot: QtBot, name: str, size: tuple[int, int]
) -> None:
    window = SCENES[name](look, size)
    qtbot.addWidget(window)
    QApplication.processEvents()

    assert isinstance(window, Shell)
    assert (window.width(), window.height()) == size
    assert window.page is not None
    assert window.page.footer.isVisible()


def test_no_key_stands_in_both_tables() -> None:
    assert not set(Words(AREA)) & set(Words("officer"))


def test_every_code_these_pages_show_has_its_words() -> None:
    assert {"ENR-PIN-02", "ENR-PIN-05", "ENR-QR-05", "ENR-QR-07"} <= set(TROUBLES)

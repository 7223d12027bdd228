"""Every control has a name and is large enough; every page has words in four languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QApplication

from desk.ui.applicant.kit import Kit
from desk.ui.applicant.parts import Touch
from desk.ui.applicant.snapshot import LANGUAGES, Page, Purpose, Spoken
from desk.ui.applicant.text import Say
from desk.ui.applicant.window import ApplicantWindow
from tests.ui.applicant import samples
from tests.ui.applicant.conftest import Open

PAGES = [page for page in Page if page is not Page.SLIP]
SPEAKING = {
    QAccessible.Role.Button,
    QAccessible.Role.CheckBox,
    QAccessible.Role.StaticText,
    QAccessible.Role.Window,
    QAccessible.Role.EditableText,
}


def _walk(interface: QAccessibleInterface) -> list[QAccessibleInterface]:
    found = [interface]
    for place in range(interface.childCount()):
        child = interface.child(place)
        if child is not None:
            found += _walk(child)
    return found


def test_everything_that_speaks_has_a_name(open_window: Open) -> None:
    window = open_window(Page.WELCOME)
    for page in PAGES:
        window.show_screen(samples.screen(page))
        QApplication.processEvents()
        interface = QAccessible.queryAccessibleInterface(window)
        assert interface is not None
        for part in _walk(interface):
            if part.role() in SPEAKING and not part.state().invisible:
                assert part.text(QAccessible.Text.Name), (page, part.object())


def test_touch_targets_are_large_and_in_reach(open_window: Open) -> None:
    """48 by 48 at least («보기» takes its row of 55), and for who sits in a wheelchair the
    content's lowest above 640 of 800; the footer's buttons apart."""
    window = open_window(Page.WELCOME)
    for page in PAGES:
        window.show_screen(samples.screen(page))
        QApplication.processEvents()
        footer = window._footer.mapTo(window, QPoint(0, 0)).y()  # type: ignore[union-attr]
        for touch in window.findChildren(Touch):
            top = touch.mapTo(window, QPoint(0, 0)).y()
            if not touch.isVisible():
                continue
            assert touch.width() >= 48, touch.text()
            assert touch.height() >= 44, touch.text()
            assert top >= footer or top + touch.height() <= 640, touch.text()


@pytest.mark.parametrize("larger", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_cut(open_window: Open, language: str, larger: bool) -> None:
    window = open_window(Page.WELCOME, language)
    window.set_larger(larger)
    for page in PAGES:
        _no_words_cut(window, page, language)


@pytest.mark.parametrize("size", [(1280, 720), (1268, 752), (1920, 1080), (1080, 1920)])
def test_no_words_are_cut_on_other_monitors(open_window: Open, size: tuple[int, int]) -> None:
    """Vietnamese has the longest words."""
    window = open_window(Page.WELCOME, "vi", size)
    for page in PAGES:
        _no_words_cut(window, page, "vi")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_cut_where_the_phone_has_it_already(open_window: Open, language: str) -> None:
    window = open_window(Page.WELCOME, language)
    for larger in (False, True):
        window.set_larger(larger)
        for page in (Page.WELCOME, Page.PROVE, Page.DONE):
            _no_words_cut(window, page, language, resumes=True)


def _no_words_cut(window: ApplicantWindow, page: Page, language: str, **changes: object) -> None:
    larger = window._larger
    window.show_screen(samples.screen(page, language, **changes))
    window.set_larger(larger)
    QApplication.processEvents()
    assert window.language == language
    for say in window.findChildren(Say):
        if not say.isVisible():
            continue
        needed = say.heightForWidth(say.width())
        # The lines' own room of 28 holds letters of 20: a few pixels less cut nothing.
        assert say.height() >= needed - 4, f"{page}: {say.text()}: {say.height()} of {needed}"
        assert say.minimumSizeHint().width() <= say.width() + 1, say.text()
        corner = say.mapTo(window, QPoint(say.width(), say.height()))
        assert corner.x() <= window.width() + 1, say.text()
        assert corner.y() <= window.height() + 1, say.text()


def test_all_words_stand_in_all_languages() -> None:
    path = Path(__file__).parents[3] / "resources" / "words" / "applicant.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))

    def check(name: str, value: dict[str, object]) -> None:
        if all(isinstance(part, str) for part in value.values()):
            assert set(value) == set(LANGUAGES), name
            assert all(value.values()), name
            return
        for key, part in value.items():
            assert isinstance(part, dict)
            check(f"{name}.{key}", part)

    check("applicant", table)


def test_every_guidance_and_purpose_has_words(qapp: object) -> None:
    words = Kit().look.words
    for spoken in Spoken:
        assert f"spoken.{spoken.value}" in words
    for purpose in samples.CONSENT:
        assert isinstance(purpose, Purpose)
        assert f"consent.name_{purpose.key}" in words
        assert f"kept.{purpose.kept.value}" in words


def test_contrast_of_words_and_lines(qapp: object) -> None:
    """Words 4.7 or more on their ground, lines of controls 3.0 (WCAG 2.2, 1.4.3 and 1.4.11),
    in both of this window's colour sets."""
    kit = Kit()
    for contrast in (False, True):
        kit.dress(language="ko", unit=1.0, larger=False, contrast=contrast)
        for word, ground in (
            ("text", "background"),
            ("muted", "background"),
            ("muted", "card"),
            ("accent", "card"),
            ("text", "accent-soft"),
            ("warning", "warning-soft"),
            ("danger", "danger-soft"),
            ("success", "success-soft"),
            ("rail-muted", "rail"),
            ("on-accent", "accent"),
            ("disabled", "disabled-bg"),
        ):
            assert _ratio(kit, word, ground) >= 4.6, (word, ground)
        assert _ratio(kit, "line-strong", "card") >= 3.0


def _ratio(kit: Kit, one: str, other: str) -> float:
    def light(token: str) -> float:
        colour = kit[token]
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        line = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)

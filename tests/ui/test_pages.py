"""Every page and state: named controls, no stray windows, live language, uncut states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from desk.ui.look import Look
from desk.ui.pages.face_parts import Answer
from desk.ui.parts.rail import Rail, RailView
from desk.ui.parts.text import Text
from desk.ui.shell import Shell
from desk.ui.theme import Mode
from tests.ui import (
    scenes_aftercare,
    scenes_approval,
    scenes_audit,
    scenes_case,
    scenes_desk,
    scenes_history,
    scenes_passport,
    scenes_renewal,
    scenes_setup,
)
from tests.ui.officer import StrayWindows, accessible, drop, name_of, settle, unnamed
from tests.ui.scenes import SCENES

SIZES = ((1440, 900), (1280, 720), (960, 600))
SECRETS = ("2987654", "123456")
USED = (
    scenes_aftercare,
    scenes_approval,
    scenes_audit,
    scenes_case,
    scenes_desk,
    scenes_history,
    scenes_passport,
    scenes_renewal,
    scenes_setup,
)
# Scenes whose words all come from the page itself.
OWN_WORDS = (
    "02-board",
    "03-passport-empty",
    "03-passport-reading",
    "04-passport-read",
    "05-passport-altered-chip",
    "06-eligibility",
    "06b-eligibility-not-met",
    "09-review",
    "11-phone-qr",
    "12-phone-wrong-pin",
    "13-proof",
    "13b-proof-usable",
    "admin-02-aftercare-begin",
    "admin-02-aftercare-none",
    "admin-04d-audit-empty",
    "admin-06-diagnosis",
    "admin-06-diagnosis-trust",
)
WITH_STATES = (
    "02-board",
    "04-passport-read",
    "06-eligibility",
    "06b-eligibility-not-met",
    "13-proof",
    "admin-06-diagnosis",
)


@pytest.fixture
def windows() -> Iterator[list[QWidget]]:
    opened: list[QWidget] = []
    yield opened
    for window in opened:
        drop(window)


def build(windows: list[QWidget], look: Look, name: str, size: tuple[int, int]) -> QWidget:
    window = SCENES[name](look, size)
    windows.append(window)
    settle()
    return window


@pytest.mark.parametrize("name", list(SCENES))
def test_controls_are_named_numbers_masked_and_nothing_opens_by_itself(
    look: Look, windows: list[QWidget], name: str
) -> None:
    strays = StrayWindows()
    QApplication.instance().installEventFilter(strays)
    try:
        window = build(windows, look, name, SIZES[0])
    finally:
        QApplication.instance().removeEventFilter(strays)

    assert unnamed(window) == []
    assert strays.besides(window) == []
    spoken = [name_of(part) for part in accessible(window)]
    shown = [text.text() for text in window.findChildren(Text)]
    tips = [widget.toolTip() for widget in window.findChildren(QWidget)]
    for secret in SECRETS:
        assert not [words for words in (*spoken, *shown, *tips) if secret in words]


@pytest.mark.parametrize("name", WITH_STATES)
@pytest.mark.parametrize("size", SIZES, ids=["1440x900", "1280x720", "960x600"])
def test_words_of_states_are_never_cut(
    look: Look, windows: list[QWidget], name: str, size: tuple[int, int]
) -> None:
    """English, because its state words are the widest."""
    look.set_language("en")
    window = build(windows, look, name, size)

    states = {
        look.words.text(key, "en")
        for key in look.words
        if key.split(".")[0] in ("state", "outcome", "device")
    }
    cut = [
        text.text()
        for text in window.findChildren(Text)
        if text.isVisible() and text.is_cut() and text.text() in states
    ]
    assert cut == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("13-proof", "LA Consulate General"),
        ("13-proof", "missing: Resident registration number"),
        ("13-proof", "Overseas Koreans 365 portal"),
        ("06-eligibility", "Overseas Korean Nationals Registration Act, articles 2 and 3"),
        ("10-second-approver", "Passport no. differs in the register"),
        ("10-second-approver", "The chip's list of files differs from the signed one"),
    ],
)
@pytest.mark.parametrize("size", SIZES[:2], ids=["1440x900", "1280x720"])
def test_words_that_decide_are_whole(
    look: Look, windows: list[QWidget], name: str, words: str, size: tuple[int, int]
) -> None:
    look.set_language("en")
    window = build(windows, look, name, size)

    texts = [one for one in window.findChildren(Text) if one.isVisible() and one.text() == words]

    assert texts
    for text in texts:
        assert not text.is_cut()
        assert text.height() >= text.heightForWidth(text.width())


def test_a_post_whose_name_has_no_room_on_the_rail_is_told_by_its_city(look: Look) -> None:
    rail = Rail(look)
    name = "Consulate General of the Republic of Korea in Los Angeles"
    view = RailView(name, "Consul LEE", "Officer", "ready", post_city="Los Angeles")

    rail.render_view(view)
    assert rail._post.text() == "Los Angeles" and rail._post.accessibleName() == name
    rail.render_view(replace(view, post="LA Consulate"))
    assert rail._post.text() == "LA Consulate"
    drop(rail)


@pytest.mark.parametrize("name", ["07-face-live", "07b-face-judge-first", "08-face-score"])
def test_no_answer_of_the_judgement_lies_over_another(
    look: Look, windows: list[QWidget], name: str
) -> None:
    """English has the longer question: in the low window it takes a line more."""
    look.set_language("en")
    window = build(windows, look, name, SIZES[1])

    answers = [one.geometry() for one in window.findChildren(Answer) if one.isVisible()]

    assert len(answers) == 3
    for above, below in pairwise(sorted(answers, key=lambda room: room.top())):
        assert above.bottom() < below.top()


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", ["03-passport-reading", "13-proof"])
def test_the_headers_one_sentence_is_whole(
    look: Look, windows: list[QWidget], name: str, language: str
) -> None:
    """It was cut with room beside it."""
    look.set_language(language)
    window = build(windows, look, name, SIZES[1])
    assert isinstance(window, Shell)

    assert [text.text() for text in window.header.findChildren(Text) if text.is_cut()] == []


def words_of(window: QWidget) -> set[str]:
    """What the page (not rail and header) shows."""
    page: QWidget | None = window.front if isinstance(window, Shell) else window
    page = page or window
    return {text.text() for text in page.findChildren(Text) if text.isVisible() and text.text()}


@pytest.mark.parametrize("name", OWN_WORDS)
def test_the_language_changes_at_once_and_completely(
    look: Look, windows: list[QWidget], name: str
) -> None:
    changed = build(windows, look, name, SIZES[0])
    korean = words_of(changed)

    look.set_language("en")
    settle()
    english = words_of(build(windows, look, name, SIZES[0]))

    # Names of people and of files are the same in both languages.
    left = {words for words in words_of(changed) - english if "이서준" not in words}
    assert left <= {"심사·승인"}
    assert words_of(changed) != korean


def test_the_lock_tells_nothing_of_a_person(look: Look, windows: list[QWidget]) -> None:
    window = build(windows, look, "15-locked", SIZES[0])

    words = " ".join(name_of(part) for part in accessible(window))
    assert "김하늘" not in words and "KIM" not in words and "M123A4567" not in words
    assert "LA-2026-001842" in words


def test_dark_repaints_without_a_new_page(look: Look, windows: list[QWidget]) -> None:
    window = build(windows, look, "04-passport-read", SIZES[0])
    light = window.grab().toImage().pixelColor(1000, 700)

    look.set_mode(Mode.DARK)
    settle()
    dark = window.grab().toImage().pixelColor(1000, 700)
    look.set_mode(Mode.LIGHT)

    assert dark.lightness() < 80 < light.lightness()

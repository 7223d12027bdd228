"""Every page and state: named controls, no stray windows, live language, uncut states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication, QWidget

from desk.ui.look import Look
from desk.ui.pages.aftercare import AftercarePage
from desk.ui.pages.face_parts import Answer
from desk.ui.pages.history_parts import CaseCard
from desk.ui.parts.box import Scrolled
from desk.ui.parts.rail import Rail, RailView
from desk.ui.parts.text import Text
from desk.ui.shell import Shell
from desk.ui.theme import Mode, Type
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
        # What it would get beside it stood in nobody's sight.
        (
            "13-proof",
            "missing: Resident registration number · given: Name in Hangul, Passport number",
        ),
        ("13-proof", "Overseas Koreans 365 portal"),
        ("02-board-renewals", "Resume · not shown on the phone yet"),
        ("02-board-renewals", "Reissue · refused · rule not met"),
        ("14h-hand-over-may-activate", "Delivered, not proven"),
        ("14h-hand-over-may-activate", "The credential on the phone stays suspended."),
        ("14h-hand-over-may-activate", "At the next visit the case goes on from the board."),
        ("14h-hand-over-may-activate", "Reason and officer stay in the audit log."),
        ("14i-hand-over-barred", "It cannot be made usable · It was reported lost"),
        ("14i-hand-over-barred", "Until after-care settles it, it stays «not proven»."),
        ("14g-hand-over-activated", "Usable, without a proof"),
        ("06-eligibility", "Overseas Korean Nationals Registration Act, articles 2 and 3"),
        ("10-second-approver", "Passport no. differs in the register"),
        ("10-second-approver", "The chip's list of files differs from the signed one"),
        ("10-second-approver", "by Consul Lee · approver Consul Jung"),
        ("10-second-approver", "Check words · read them aloud to the officer"),
        ("admin-01-history", "data destroyed"),
        ("admin-02-aftercare", "Face compared · same person"),
        ("admin-02-aftercare-several", "LA-2026-001842 · issued 2026-11-23"),
        ("admin-02-aftercare-several", "NAMGOONG JEGAL HANEULBITNARA ELIZABETH"),
        ("admin-02-aftercare-purged", "one · 10 keys, first D33A 91C2"),
        ("admin-03c-day-close-second", "Closed by two cards"),
        ("admin-03c-day-close-second", "of two people"),
        (
            "admin-04-audit",
            "Lee Seojun · Jung Yuna · 강물 소나무 나침반 여름 (river pine compass summer)",
        ),
        ("admin-04c-audit-copy-away", "The copy of the seals could not be sent"),
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


def test_a_time_keeps_its_minutes_in_the_smallest_window(
    look: Look, windows: list[QWidget]
) -> None:
    look.set_language("en")
    window = build(windows, look, "01-sign-in", SIZES[2])

    times = [one for one in window.findChildren(Text) if one.text().endswith((":52", "1:52"))]

    assert len(times) == 2 and not any(text.is_cut() for text in times)
    for text in times:
        assert text.height() >= text.heightForWidth(text.width())


@pytest.mark.parametrize("size", SIZES[1:], ids=["1280x720", "960x600"])
@pytest.mark.parametrize("name", ["15-locked", "15-locked-card-back", "15-locked-other-officer"])
def test_the_lock_is_seen_whole_in_a_low_window(
    look: Look, windows: list[QWidget], name: str, size: tuple[int, int]
) -> None:
    look.set_language("en")
    window = build(windows, look, name, size)

    bars = [one.verticalScrollBar() for one in window.findChildren(Scrolled) if one.isVisible()]
    assert [bar.maximum() for bar in bars] == [0]


def test_the_reason_that_goes_into_the_log_is_read_before_the_button_is_pressed(
    look: Look, windows: list[QWidget]
) -> None:
    look.set_language("en")
    window = build(windows, look, "admin-01-history", SIZES[1])
    (case,) = window.findChildren(CaseCard)
    metrics = QFontMetricsF(look.font(Type.BODY))

    room = case.reason.width() - 12 - 12 - 20 - 4

    words = [case.reason.itemText(place) for place in range(case.reason.count())]
    assert len(words) == 5 and all(metrics.horizontalAdvance(one) <= room for one in words)


def test_several_credentials_are_seen_to_be_several_in_the_smallest_window(
    look: Look, windows: list[QWidget]
) -> None:
    window = build(windows, look, "admin-02-aftercare-several", SIZES[2])
    (page,) = window.findChildren(AftercarePage)

    assert page.found.rows.visibleRegion().boundingRect().height() >= 3 * 56


@pytest.mark.parametrize(
    ("name", "role", "lines"),
    [
        ("Consul LEE Seojun", "Officer · Window 3", 4),
        ("이서준 영사", "담당자 · 창구 3", 2),
        ("Minister NAMGOONG Haneul", "Head of post · Window 12", 5),
    ],
)
def test_who_is_signed_in_is_read_whole_on_the_narrow_rail(
    look: Look, name: str, role: str, lines: int
) -> None:
    rail = Rail(look)
    rail.set_size(True, False)
    rail.render_view(RailView("LA", name, role, ""))
    foot = rail._officer

    found = foot._lines(192)

    room = 192 - foot.LEFT - foot.END
    assert len(found) == lines and foot.height() >= 20 * lines
    for words, kind, _token in found:
        assert QFontMetricsF(look.font(kind)).horizontalAdvance(words) <= room
    assert name in foot.toolTip() and role in foot.toolTip()
    drop(rail)


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

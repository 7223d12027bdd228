"""The window: sizes, keys of the whole window, focus, an MRZ typed by a reader."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desk.issuance.case import Judgement, State
from desk.ui.look import Look
from desk.ui.pages.face import FacePage, FaceStage, FaceView
from desk.ui.pages.history import HistoryPage
from desk.ui.pages.locked import LockedPage
from desk.ui.pages.passport import PassportPage
from desk.ui.pages.review import ReviewPage
from desk.ui.parts.rows import RowList
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords
from tests.ui import (
    samples,
    scenes_approval,
    scenes_audit,
    scenes_case,
    scenes_desk,
    scenes_history,
)
from tests.ui.officer import drop, settle
from tests.ui.scenes import SCENES, passport_empty, passport_reading
from tests.ui.scenes_passport import list_too_old_and_register_differs as passport_read

WIDE, NARROW, SMALL = (1440, 900), (1280, 720), (960, 600)
USED = (scenes_approval, scenes_audit, scenes_case, scenes_desk, scenes_history)


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[list[Shell]]:
    windows: list[Shell] = []
    yield windows
    for window in windows:
        drop(window)


def show(opened: list[Shell], window: object) -> Shell:
    assert isinstance(window, Shell)
    opened.append(window)
    window.activateWindow()
    settle()
    return window


def press(window: Shell, key: Qt.Key, keys: Qt.KeyboardModifier | None = None) -> None:
    handle = window.windowHandle()
    QTest.keyClick(handle, key, keys or Qt.KeyboardModifier.NoModifier)
    QApplication.processEvents()


@pytest.mark.parametrize(
    ("size", "rail", "header", "footer"),
    [(WIDE, 224, 64, 72), (NARROW, 192, 56, 64), (SMALL, 64, 56, 64)],
)
def test_three_sizes(
    look: Look, opened: list[Shell], size: tuple[int, int], rail: int, header: int, footer: int
) -> None:
    window = show(opened, passport_read(look, size))

    assert window.rail.width() == rail
    assert window.header.height() == header
    assert window.page is not None
    assert window.page.footer.height() == footer


def test_the_primary_stays_bottom_right_through_all_states(look: Look, opened: list[Shell]) -> None:
    places = set()
    for build in (passport_empty, passport_reading, passport_read):
        window = show(opened, build(look, WIDE))
        assert window.page is not None
        primary = window.page.footer.primary
        corner = primary.mapTo(window, primary.rect().bottomRight())
        places.add((corner.x(), corner.y()))

    assert len(places) == 1


def test_ctrl_enter_is_the_primary_and_only_when_it_is_on(
    qtbot: QtBot, look: Look, opened: list[Shell]
) -> None:
    window = show(opened, passport_read(look, WIDE))
    page = window.page
    assert isinstance(page, PassportPage)

    with qtbot.waitSignal(page.go_on):
        press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    page.footer.primary.setEnabled(False)
    with qtbot.assertNotEmitted(page.go_on):
        press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_escape_stops_reading_and_never_leaves(
    qtbot: QtBot, look: Look, opened: list[Shell]
) -> None:
    window = show(opened, passport_reading(look, WIDE))
    page = window.page
    assert isinstance(page, PassportPage)

    with (
        qtbot.assertNotEmitted(page.back),
        qtbot.assertNotEmitted(page.stop_case),
        qtbot.waitSignal(page.stop_reading),
    ):
        press(window, Qt.Key.Key_Escape)


def test_ctrl_l_locks(qtbot: QtBot, look: Look, opened: list[Shell]) -> None:
    window = show(opened, passport_read(look, WIDE))

    with qtbot.waitSignal(window.lock_chosen):
        press(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)


def test_f6_goes_round_rail_content_and_footer(look: Look, opened: list[Shell]) -> None:
    window = show(opened, passport_read(look, WIDE))
    page = window.page
    assert page is not None
    zones = [window.rail, page.area, page.footer]
    page.footer.primary.setFocus()
    visited = []

    for _ in zones:
        press(window, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        visited.append(next(zone for zone in zones if zone.isAncestorOf(focus)))

    assert set(visited) == set(zones)


def test_tab_goes_through_the_page_as_it_is_read_then_footer_then_rail(
    look: Look, opened: list[Shell]
) -> None:
    """Rows that were drawn anew came behind everything, the rail's between page and footer."""
    shell = show(opened, SCENES["admin-01-history"](look, WIDE))
    (page,) = shell.findChildren(HistoryPage)
    page.list.set_size(False, False)
    assert page._view is not None and shell.rail._view is not None
    page.render(page._view)
    shell.show_rail(shell.rail._view)
    page.bar.field.setFocus()
    around = (page.list, page.case, page.footer, shell.rail)
    seen: list[QWidget] = []

    for _ in range(40):
        assert shell._work.focusNextPrevChild(True)
        now = QApplication.focusWidget()
        assert now is not None
        if now is page.bar.field:
            break
        seen.append(next((part for part in around if part.isAncestorOf(now)), page.bar))

    order = [page.bar, page.list, page.case, page.footer, shell.rail]
    assert [part for part, _ in groupby(seen)] == order
    shell._work.focusNextPrevChild(False)
    assert shell.rail.isAncestorOf(QApplication.focusWidget())


@pytest.mark.parametrize("name", ["admin-01-history", "admin-04-audit"])
def test_the_row_that_the_arrows_come_to_is_in_view(
    look: Look, opened: list[Shell], name: str
) -> None:
    """The chosen line went under the fold, and what was done was done to a line nobody saw."""
    shell = show(opened, SCENES[name](look, (1280, 640)))
    rows = next(one for one in shell.findChildren(RowList) if one.rows)
    rows.rows[0].setFocus()

    for _ in rows.rows[1:]:
        press(shell, Qt.Key.Key_Down)

    last = rows.rows[-1]
    assert last.hasFocus() and last.visibleRegion().boundingRect().size() == last.size()


def test_digits_judge_on_the_face_page_but_not_inside_a_field(
    look: Look, opened: list[Shell]
) -> None:
    window = show(opened, SCENES["07b-face-judge-first"](look, WIDE))
    page = window.page
    assert isinstance(page, FacePage)
    assert page.judgement.choice is None

    press(window, Qt.Key.Key_2)
    assert page.judgement.choice is Judgement.UNSURE
    field = QLineEdit(page)
    field.show()
    field.setFocus()
    press(window, Qt.Key.Key_1)

    assert page.judgement.choice is Judgement.UNSURE
    assert field.text() == "1"


def test_no_answer_has_the_focus_on_arrival(look: Look, opened: list[Shell]) -> None:
    window = show(opened, SCENES["07b-face-judge-first"](look, WIDE))
    page = window.page
    assert isinstance(page, FacePage)

    assert QApplication.focusWidget() not in page.judgement._answers.values()


def test_a_page_with_nothing_to_do_yet_holds_the_focus_itself(
    look: Look, opened: list[Shell]
) -> None:
    """It went on to the rail: the Space that takes the picture left the case."""
    window = show(opened, SCENES["09-review"](look, WIDE))
    left: list[bool] = []
    window.home.connect(lambda: left.append(True))
    assert window.page is not None and window.page.isAncestorOf(QApplication.focusWidget())
    page = FacePage(look)
    here, case = samples.here("10:30"), samples.checked_case(State.ELIGIBLE)
    page.render(FaceView(here, case, FaceStage.CAMERA_OFF))
    window.add_page(page)

    window.show_page(page)
    settle()
    assert QApplication.focusWidget() is page
    press(window, Qt.Key.Key_Space)

    assert not left


def test_a_banner_does_not_push_the_focus_under_the_fold(look: Look, opened: list[Shell]) -> None:
    """At 1280x720 a banner takes so much room that the MRZ field lay half beneath it."""
    window = show(opened, passport_empty(look, NARROW))
    page = window.page
    assert isinstance(page, PassportPage)
    field = page.entry.first
    assert field.hasFocus()

    page.show_trouble(TroubleWords().of("OFFICER-01", "en"))
    settle()

    assert page.banner.isVisible()
    assert field.visibleRegion().boundingRect() == field.rect()


def test_a_page_without_a_field_opens_at_its_verdict(look: Look, opened: list[Shell]) -> None:
    window = show(opened, SCENES["10-second-approver"](look, SMALL))

    assert window.page is not None
    assert window.page._scroll.verticalScrollBar().value() == 0


def test_whoever_has_scrolled_away_is_not_carried_back(look: Look, opened: list[Shell]) -> None:
    window = show(opened, passport_empty(look, SMALL))
    page = window.page
    assert isinstance(page, PassportPage)
    assert page.entry.first.visibleRegion().boundingRect() == page.entry.first.rect()
    bar = page._scroll.verticalScrollBar()
    bar.setValue(0)
    assert page.entry.first.visibleRegion().isEmpty()

    page.show_trouble(TroubleWords().of("OFFICER-01", "en"))
    settle()

    assert bar.value() == 0


def test_a_button_that_goes_grey_hands_the_focus_to_no_other(
    look: Look, opened: list[Shell]
) -> None:
    """Next after the primary button stands the rail's way out of the case."""
    window = show(opened, SCENES["04-passport-read"](look, WIDE))
    page = window.page
    assert page is not None
    page.footer.primary.setFocus()
    assert QApplication.focusWidget() is page.footer.primary

    page.footer.primary.setEnabled(False)
    settle()

    assert QApplication.focusWidget() is page


def test_the_lock_covers_everything_and_the_same_place_comes_back(
    look: Look, opened: list[Shell]
) -> None:
    window = show(opened, SCENES["09-review"](look, WIDE))
    page = window.page
    assert isinstance(page, ReviewPage)
    before = QApplication.focusWidget()
    lock = LockedPage(look)
    window.add_full_page(lock)

    window.show_full(lock)
    page.wipe()
    settle()
    assert not page.isVisible() and not window.rail.isVisible()
    window.uncover()
    settle()

    assert page.isVisible()
    assert QApplication.focusWidget() is before
    assert page.approval.pin.dots.count() == 0


@pytest.mark.parametrize("key", [Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_7])
def test_no_key_looks_behind_the_cover(
    qtbot: QtBot, look: Look, opened: list[Shell], key: Qt.Key
) -> None:
    window = show(opened, SCENES["09-review"](look, WIDE))
    lock = LockedPage(look)
    window.add_full_page(lock)
    window.show_full(lock)
    settle()

    with (
        qtbot.assertNotEmitted(window.step_chosen),
        qtbot.assertNotEmitted(window.new_case_asked),
        qtbot.assertNotEmitted(window.search_asked),
    ):
        press(window, key, Qt.KeyboardModifier.AltModifier)
        press(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        press(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)


def test_a_page_shown_behind_the_cover_leaves_the_cover_where_it_is(
    look: Look, opened: list[Shell]
) -> None:
    window = show(opened, SCENES["09-review"](look, WIDE))
    lock, other = LockedPage(look), FacePage(look)
    window.add_full_page(lock)
    window.add_page(other)
    window.show_full(lock)

    window.show_page(other)
    settle()

    assert window.page is None and lock.isVisible() and not other.isVisible()
    window.uncover()
    assert window.page is other


def test_a_reader_that_types_an_mrz_opens_no_chip_while_the_window_is_covered(
    qtbot: QtBot, look: Look, opened: list[Shell]
) -> None:
    window = show(opened, passport_empty(look, WIDE))
    lock = LockedPage(look)
    window.add_full_page(lock)
    window.show_full(lock)

    with qtbot.assertNotEmitted(window.mrz_scanned, wait=400):
        burst(window, "\n".join(samples.ZONE_LINES) + "\n")


def burst(window: Shell, text: str, start: int = 1000, step: int = 4) -> None:
    """Keys as a reader sends them, ``step`` milliseconds apart."""
    handle = window.windowHandle()
    for number, letter in enumerate(text):
        key = Qt.Key.Key_Return if letter == "\n" else Qt.Key(ord(letter))
        words = "\r" if letter == "\n" else letter
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, words)
        event.setTimestamp(start + number * step)
        QApplication.sendEvent(handle, event)


def test_a_readers_mrz_lands_in_the_mrz_whatever_has_the_focus(
    qtbot: QtBot, look: Look, opened: list[Shell]
) -> None:
    window = show(opened, passport_empty(look, WIDE))
    field = QLineEdit(window.page)
    field.setText("abc")
    field.show()
    field.setFocus()
    zone = "\n".join(samples.ZONE_LINES)

    with qtbot.waitSignal(window.mrz_scanned) as caught:
        burst(window, zone + "\n")

    assert caught.args == [zone]
    assert field.text() == "abc"


def test_a_persons_typing_is_left_alone(qtbot: QtBot, look: Look, opened: list[Shell]) -> None:
    window = show(opened, passport_empty(look, WIDE))
    page = window.page
    assert isinstance(page, PassportPage)
    page.entry.first.setFocus()

    with qtbot.assertNotEmitted(window.mrz_scanned):
        burst(window, "PMKOR", step=120)

    assert page.entry.first.text() == "PMKOR"


def test_a_short_burst_is_no_mrz(qtbot: QtBot, look: Look, opened: list[Shell]) -> None:
    window = show(opened, passport_empty(look, WIDE))

    with qtbot.assertNotEmitted(window.mrz_scanned, wait=400):
        burst(window, "LA2026001842\n")


def test_the_zones_second_line_follows_the_first(
    qtbot: QtBot, look: Look, opened: list[Shell]
) -> None:
    window = show(opened, passport_empty(look, WIDE))
    page = window.page
    assert isinstance(page, PassportPage)
    first, second = samples.ZONE_LINES

    qtbot.keyClicks(page.entry.first, first.lower().replace("<", " "))
    assert page.entry.first.text() == first
    qtbot.keyClicks(page.entry.second, second)

    assert page.footer.primary.isEnabled()
    with qtbot.waitSignal(page.mrz_entered) as caught:
        qtbot.keyClick(page.entry.second, Qt.Key.Key_Return)
    assert caught.args == ["\n".join(samples.ZONE_LINES)]


def test_the_score_is_nowhere_before_the_judgement(look: Look, opened: list[Shell]) -> None:
    window = show(opened, SCENES["07b-face-judge-first"](look, WIDE))
    page = window.page
    assert isinstance(page, FacePage)

    assert page.machine.band._distance is None
    assert not page.machine._scored.isVisible()
    assert page.machine._badge.accessibleName() == "가려 둠"


def test_an_unopened_item_keeps_the_approval_off(look: Look, opened: list[Shell]) -> None:
    window = show(opened, SCENES["09-review-unopened"](look, WIDE))
    page = window.page
    assert isinstance(page, ReviewPage)
    scenes_case.type_pin(page.approval.pin.dots)
    settle()

    assert not page.footer.primary.isEnabled()
    given: list[object] = []
    page.approve_requested.connect(lambda pin, last: given.append(pin))
    QTest.keyClick(page.approval.pin.dots, Qt.Key.Key_Return)
    assert given == []
    assert page.approval.pin.dots.count() == 6


def test_enter_in_the_pin_field_approves_and_hands_the_digits_over_once(
    look: Look, opened: list[Shell]
) -> None:
    window = show(opened, SCENES["09-review"](look, WIDE))
    page = window.page
    assert isinstance(page, ReviewPage)
    given: list[tuple[bytes, bool]] = []
    page.approve_requested.connect(lambda pin, last: given.append((bytes(pin), last)))

    QTest.keyClick(page.approval.pin.dots, Qt.Key.Key_Return)

    assert given == [(b"123456", False)]
    assert page.approval.pin.dots.count() == 0


def test_training_frames_every_page(look: Look, opened: list[Shell]) -> None:
    window = show(opened, SCENES["02-board-training"](look, WIDE))

    image = window.grab().toImage()

    violet = look["training"].rgb()
    assert image.pixelColor(2, 450).rgb() == violet
    assert image.pixelColor(1437, 450).rgb() == violet
    assert image.pixelColor(700, 897).rgb() == violet
    assert image.pixelColor(20, 10).rgb() == violet


def test_refusing_needs_the_officers_reason(qtbot: QtBot, look: Look, opened: list[Shell]) -> None:
    window = show(opened, SCENES["05-passport-altered-chip"](look, WIDE))
    page = window.page
    assert isinstance(page, PassportPage)

    with qtbot.waitSignal(page.refuse_requested) as caught:
        press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    assert caught.args == ["content_changed", ""]

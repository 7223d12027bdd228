"""The page of checks: where it stops is the first thing said, and what to try next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desk.cards.fault_tree import Fault, Met
from desk.cards.watcher import CardWorld, ReaderState
from desk.counter.board import BoardCheck, CheckKey, CheckState
from desk.counter.bundle import Bundle
from desk.counter.doctor import Diagnosis
from desk.training.bench import CARD_READER, Bench
from desk.training.piv_card import PivCard
from desk.ui.closed import ClosedDesk
from desk.ui.control.checks import Checks
from desk.ui.lanes import Lane
from desk.ui.look import Look
from desk.ui.pages.diagnosis import PARTS, READERS, DiagnosisPage, part_of
from desk.ui.pages.diagnosis_parts import Limbs, limbs
from desk.ui.parts.text import Text
from desk.ui.shell import Shell
from desk.ui.start import Front
from tests.ui import samples, scenes_setup
from tests.ui.officer import drop, settle
from tests.ui.scenes import SCENES, TROUBLES
from tests.ui.scenes_setup import BOTH, CARD, PASSPORT, found, seen, view

SIZE = (1440, 900)


@pytest.fixture
def page(look: Look) -> Iterator[DiagnosisPage]:
    made = DiagnosisPage(look, TROUBLES)
    yield made
    drop(made)


def words(widget: QWidget) -> list[str]:
    return [text.text() for text in widget.findChildren(Text) if text.text()]


def test_every_check_belongs_to_one_part_of_the_strip() -> None:
    assert {part_of(key) for key in CheckKey} == set(PARTS)
    assert PARTS[0] == READERS


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_has_a_short_name_and_a_first_thing_to_try(
    look: Look, page: DiagnosisPage, fault: Fault
) -> None:
    for language in ("ko", "en"):
        look.set_language(language)

        assert page.say(f"fault.{fault.value}")
        assert tuple(page._steps(fault.value)) or TROUBLES.of(fault.value, language).next


def test_the_finding_is_said_with_its_code_and_steps_in_order(page: DiagnosisPage) -> None:
    world = CardWorld(True, (ReaderState(PASSPORT, False), ReaderState(CARD, True, mute=True)))

    page.render(view(found(seen(world, Met.MUTE))))

    said = words(page.finding)
    assert "READER-31" in said
    first, second = (page.say(f"steps.READER-31.{number}") for number in (1, 2))
    assert said.index(first) < said.index(second)
    assert "PIN" in " ".join(said)


def test_what_was_not_asked_is_never_shown_as_fine(page: DiagnosisPage) -> None:
    what = seen(CardWorld(service_running=False), Met.NOT_TRIED)
    unasked = BoardCheck(CheckKey.REGISTER, CheckState.NOT_DONE, "trouble", {}, "CHECK-02")

    page.render(view(found(what, unasked), part="register"))

    assert page.finding.title.text() != page.say("check.fine")
    names = [tab.accessibleName() for tab in page.strip._tabs]
    assert names[PARTS.index("register")].endswith(page.say("device.not_done"))


def test_before_the_first_answer_nothing_is_claimed(page: DiagnosisPage) -> None:
    page.render(view(None, checking=True))

    assert {tab.mark.word for tab in page.strip._tabs} == {page.say("device.checking")}
    assert not page.footer.primary.isEnabled()
    assert not page._support.preview.isEnabled()


def test_f5_the_primary_and_a_part_are_asked_by_keyboard(look: Look, qtbot: QtBot) -> None:
    window = SCENES["admin-06-diagnosis-fine"](look, SIZE)
    assert isinstance(window, Shell)
    page = window.page
    assert isinstance(page, DiagnosisPage)
    settle()

    with qtbot.waitSignal(page.check_again):
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_F5)
    with qtbot.waitSignal(page.check_again):
        QTest.keyClick(
            window.windowHandle(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
        )
    page.strip._tabs[1].setFocus(Qt.FocusReason.TabFocusReason)
    with qtbot.waitSignal(page.part_chosen) as chosen:
        QTest.keyClick(page.strip._tabs[1], Qt.Key.Key_Space)
    assert chosen.args == [PARTS[1]]
    drop(window)


def test_keys_reach_the_checks_that_cover_the_window(look: Look, qtbot: QtBot) -> None:
    window = SCENES["admin-06-diagnosis"](look, SIZE)
    assert isinstance(window, Shell)
    page = window.front
    assert isinstance(page, DiagnosisPage)
    settle()

    assert window.page is None
    with qtbot.waitSignal(page.check_again):
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_F5)
    for _ in range(3):
        QTest.keyClick(window.windowHandle(), Qt.Key.Key_F6)
        assert window.outside.isAncestorOf(QApplication.focusWidget())
    drop(window)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([0], [Limbs(frozenset(), False)]),
        ([0, 1, 1], [(set(), True), ({0}, False), (set(), False)]),
        (
            [0, 1, 2, 2, 3, 3],
            [
                (set(), True),
                (set(), True),
                ({1}, False),
                (set(), True),
                ({2}, False),
                (set(), False),
            ],
        ),
    ],
)
def test_the_trees_lines_join_a_row_with_its_own_branch(
    levels: list[int], expected: list[Any]
) -> None:
    drawn = [limbs(levels, place) for place in range(len(levels))]

    wanted = [
        one if isinstance(one, Limbs) else Limbs(frozenset(one[0]), one[1]) for one in expected
    ]
    assert drawn == wanted


# The checks -------------------------------------------------------------------------


class Turns:
    """Lanes whose jobs run when the test lets them."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(
        self, _lane: Lane, job: Callable[[], Any], done: Callable[[Any], None] | None = None, /
    ) -> None:
        assert done is not None
        self.waiting.append(lambda: done(job()))

    def run(self) -> None:
        self.waiting.pop(0)()


def test_one_examination_at_a_time_and_again_only_when_a_card_moved() -> None:
    worlds, turns = [BOTH], Turns()
    made: list[Diagnosis] = []

    def examine() -> Diagnosis:
        made.append(found(seen(worlds[-1])))
        return made[-1]

    checks = Checks(turns, lambda: examine, lambda: worlds[-1])
    checks.check()
    checks.check()
    assert (len(turns.waiting), checks.checking, checks.found) == (1, True, None)

    turns.run()
    checks.recheck()
    assert (checks.found, checks.checking, turns.waiting) == (made[0], False, [])

    worlds.append(replace(BOTH, readers=BOTH.readers[:1]))
    checks.recheck()
    assert checks.checking
    turns.run()
    assert checks.found is made[1]


# A desk that cannot open ------------------------------------------------------------

MADE = Bundle((("README.txt", "about\n"),), datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def closed(look: Look, qtbot: QtBot) -> Iterator[tuple[ClosedDesk, Front, Bench]]:
    front, bench = Front(samples.here(), language="ko"), Bench()

    def prepare() -> Callable[[], Diagnosis]:
        return lambda: found(seen(bench.world(), Met.KNOWN))

    def fail(reason: BaseException) -> None:
        raise reason

    front.window.show()
    desk = ClosedDesk(front, bench, prepare, lambda _found: MADE, fail)
    yield desk, front, bench
    desk.close()
    drop(front.window)


def test_a_desk_that_cannot_open_can_be_asked_what_is_wrong(
    closed: tuple[ClosedDesk, Front, Bench], qtbot: QtBot, tmp_path: Path
) -> None:
    desk, front, bench = closed

    front.sign_in.check_devices.emit()
    qtbot.waitUntil(lambda: desk.checks.found is not None)
    assert front.shell.front is desk.outside.page
    first = desk.checks.found

    bench.put(CARD_READER, PivCard())
    qtbot.waitUntil(lambda: desk.checks.found is not first and not desk.checks.checking)

    desk.bundle.ask_place = lambda name: str(tmp_path / name)
    desk.outside.page.bundle_asked.emit()
    qtbot.waitUntil(lambda: desk.bundle.sheet is not None)
    assert desk.bundle.sheet is not None
    desk.bundle.sheet.choose.click()
    qtbot.waitUntil(lambda: list(tmp_path.iterdir()) == [tmp_path / MADE.file_name])

    desk.outside.page.back.emit()
    assert front.sign_in.isVisible()


def test_the_focus_is_ringed_in_the_programs_window(
    closed: tuple[ClosedDesk, Front, Bench], qtbot: QtBot
) -> None:
    """The shell stands inside another window there."""
    _, front, _ = closed
    front.window.activateWindow()
    settle()

    button = front.sign_in._languages._buttons["en"]
    button.setFocus(Qt.FocusReason.TabFocusReason)
    settle()

    assert front.shell._ring.isVisible()


USED = (scenes_setup,)

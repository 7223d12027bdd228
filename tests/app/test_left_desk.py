"""A desk that is left as it is: looked back from, pressed twice, without its printer, and asleep
for a week-end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import closing, document
from desk.counter.board import AtAnotherWindow
from desk.counter.settings import load_settings
from desk.issuance.case import State
from desk.store import cases
from desk.store.cases import OF_THE_VISIT
from desk.store.troubles import Full
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.pages.locked import LockReason
from desk.ui.pages.passport import Stage as Reading
from desk.ui.parts.button import Button
from desk.ui.printing import PDF_FILE, NotPrinted
from tests.app.test_window import Trainee, home, no_window_is_left, open_stage, trainee

__all__ = ["home", "no_window_is_left", "trainee"]


def settled(trainee: Trainee, *lanes: Lane) -> None:
    """What these lanes were given is done, and its outcome is here."""
    for lane in lanes:
        done: list[object] = []
        trainee.program.desk.work(lane, lambda: None, done.append)
        trainee.until(lambda done=done: bool(done))


def test_a_passport_that_is_laid_while_an_officer_looks_back_is_not_read(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next applicant's, whose page reader is quick: nobody has asked that person anything."""
    read: list[object] = []
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    trainee.decide()
    trainee.to_camera()
    program = trainee.program
    program.shell.step_chosen.emit(1)
    assert program.desk.step is Step.PASSPORT
    before = program.passport._typed_lines
    monkeypatch.setattr(document, "read_document", lambda *all_of_it: read.append(all_of_it))

    trainee.stage.choose("doyun")
    trainee.stage.lay_passport()
    trainee.stage.scan_mrz()
    program.pages.passport.read_again.emit()
    settled(trainee, Lane.PASSPORT)

    assert program.passport._stage is Reading.READ
    assert program.passport._typed_lines == before
    assert not read


def test_a_new_case_that_is_asked_for_twice_is_one_case(trainee: Trainee) -> None:
    trainee.sign_in()
    program = trainee.program
    with program.station.store.read() as session:
        before = len(cases.open_cases(session))

    program.pages.board.new_case.emit()
    program.pages.board.new_case.emit()
    trainee.until(lambda: program.shell.page is program.pages.passport)
    settled(trainee, Lane.RECORDS)

    with program.station.store.read() as session:
        assert len(cases.open_cases(session)) == before + 1
    program.to_board()
    program.pages.board.new_case.emit()
    trainee.until(lambda: program.shell.page is program.pages.passport)


def test_a_slip_that_no_printer_took_is_not_said_to_be_printed_after_a_look_elsewhere(
    trainee: Trainee,
) -> None:
    """Back at the page it was «printed», and no banner said otherwise."""
    trainee.sign_in()
    trainee.new_case("doyun")
    trainee.read_passport()
    trainee.decide()
    program = trainee.program
    # A file stands where the folder of the slips should be.
    folder = program.station.home / "slips"
    assert not folder.exists()
    folder.write_text("")
    program.pages.eligibility.print_and_refuse.emit()
    banner = program.pages.hand_over.banner
    trainee.until(lambda: program.desk.step is Step.HAND_OVER and not banner.isHidden())
    assert banner.code.text() == "PRINT-02"
    number = program.desk.the_case().number

    program.to_board()
    program.pages.board.case_opened.emit(number)
    trainee.until(lambda: program.desk.step is Step.HAND_OVER)
    trainee.until(lambda: program.hand_over.slip is not None)

    assert not program.hand_over.is_printed()
    assert banner.code.text() == "PRINT-02"
    assert not banner.isHidden()
    folder.unlink()
    program.pages.hand_over.print_requested.emit(PDF_FILE, "en")
    trainee.until(program.hand_over.is_printed)
    assert banner.isHidden()


def test_a_slip_that_is_printed_again_and_comes_out_nowhere_is_not_said_to_be_printed(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the sheet before stood beside it, which is void; the case could be closed."""

    def jammed(*_sheet: object) -> None:
        raise NotPrinted(printer=PDF_FILE)

    trainee.sign_in()
    trainee.new_case("doyun")
    trainee.read_passport()
    trainee.decide()
    trainee.refuse_by_rule()
    program = trainee.program
    first = program.hand_over.slip

    monkeypatch.setattr(program.printers, "print", jammed)
    program.pages.hand_over.print_requested.emit(PDF_FILE, "en")
    trainee.until(lambda: not program.pages.hand_over.banner.isHidden())

    assert program.hand_over.slip != first
    assert not program.hand_over.is_printed()


def test_a_slip_that_came_out_nowhere_comes_out_after_a_restart(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk that came back said when it was printed, and let the case be closed; nobody had
    anything in hand. It is the same sheet: no number is spent on it."""

    def jammed(*_sheet: object) -> None:
        raise NotPrinted(printer=PDF_FILE)

    home = Home.make(tmp_path)
    with at_a_desk(home, qtbot) as trainee:
        trainee.sign_in()
        trainee.new_case("doyun")
        trainee.read_passport()
        trainee.decide()
        program = trainee.program
        monkeypatch.setattr(program.printers, "print", jammed)
        program.pages.eligibility.print_and_refuse.emit()
        trainee.until(lambda: not program.pages.hand_over.banner.isHidden())
        number, first = program.desk.the_case().number, program.hand_over.slip

    with at_a_desk(home, qtbot) as trainee:
        trainee.sign_in()
        at_the_slip(trainee, number)
        control = trainee.program.hand_over
        trainee.until(control.is_printed)
        assert control.slip == first
        settled(trainee, Lane.RECORDS)

    with at_a_desk(home, qtbot) as trainee:
        trainee.sign_in()
        monkeypatch.setattr(trainee.program.printers, "print", jammed)
        at_the_slip(trainee, number)
        assert trainee.program.hand_over.is_printed()
        kept = trainee.program.hand_over.slip
        assert first is not None and kept is not None
        assert kept == replace(first, is_out=True)


@pytest.mark.parametrize("way", ["banner", "table"])
def test_a_case_at_another_window_is_not_opened_and_its_window_is_named(
    trainee: Trainee, way: str
) -> None:
    """Two windows would work on it."""
    trainee.sign_in()
    trainee.new_case("haneul")
    program = trainee.program
    case, station = program.desk.the_case(), program.station
    program.to_board()
    there = station.save(None, replace(case, window="9"), "CASE.TAKEN_OVER")
    program.desk.show_trouble(Full(), of=there)
    board = program.pages.board

    if way == "banner":
        (late,) = board.late
        late.findChildren(Button)[0].click()
    else:
        board.case_opened.emit(case.number)

    trainee.until(lambda: not board.banner.isHidden())
    # The table is read anew, and the page with it.
    program.board.look_again()
    settled(trainee, Lane.RECORDS)
    assert not board.banner.isHidden()
    assert board.banner.code.text() == AtAnotherWindow.code
    assert "창구 9에서" in board.banner.title.text()
    assert case.number in board.banner.title.text()
    assert program.desk.case is None


def test_what_is_told_late_at_home_leads_to_its_case(trainee: Trainee) -> None:
    trainee.sign_in()
    trainee.new_case("haneul")
    program = trainee.program
    case = program.desk.the_case()
    program.to_board()
    program.desk.show_trouble(Full(), of=case)
    (banner,) = program.pages.board.late
    (open_it,) = banner.findChildren(Button)

    open_it.click()

    trainee.until(lambda: program.desk.step is Step.PASSPORT)
    assert program.desk.the_case().number == case.number
    (told,) = [one for one in program.pages.passport.late if not one.isHidden()]
    assert told.code.text() == Full.code


@contextmanager
def at_a_desk(home: Home, qtbot: QtBot) -> Iterator[Trainee]:
    """A program that was just started on these records."""
    stage = open_stage(home)
    try:
        yield Trainee(stage, qtbot)
    finally:
        stage.close()


def at_the_slip(trainee: Trainee, number: str) -> None:
    """Back at a case that had come to its slip."""
    program = trainee.program
    program.pages.board.case_opened.emit(number)
    trainee.until(lambda: program.desk.step is Step.HAND_OVER)
    trainee.until(lambda: program.hand_over.slip is not None)


def refused_while_the_slip_is_made(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> tuple[Event, list[tuple[str, bool]]]:
    """A case refused, its slip being made until the event is set. And what came out: serial, and
    whether behind the lock."""
    trainee.sign_in()
    trainee.new_case("doyun")
    trainee.read_passport()
    trainee.decide()
    program, out = trainee.program, list[tuple[str, bool]]()
    make, put_out, may_end = closing.print_slip, program.printers.print, Event()

    def slow(*arguments: Any) -> Any:
        assert may_end.wait(60)
        return make(*arguments)

    def paper(printer: str, serial: str, pdf: bytes) -> Any:
        out.append((serial, program.desk.is_locked))
        return put_out(printer, serial, pdf)

    monkeypatch.setattr(closing, "print_slip", slow)
    monkeypatch.setattr(program.printers, "print", paper)
    program.pages.eligibility.print_and_refuse.emit()
    trainee.until(lambda: program.desk.step is Step.HAND_OVER and program.hand_over._printing)
    return may_end, out


@pytest.mark.parametrize("is_entered_anew", [False, True])
def test_a_slip_that_is_made_behind_the_lock_comes_out_once_an_officer_is_back(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch, is_entered_anew: bool
) -> None:
    """Whoever pressed «refuse» and pulled the card had it lie in the printer of an empty desk. For
    a colleague who takes the case over the page is entered anew: it is the same sheet."""
    may_end, out = refused_while_the_slip_is_made(trainee, monkeypatch)
    program = trainee.program
    program.session.lock(LockReason.BY_OFFICER)
    may_end.set()
    trainee.until(lambda: program.hand_over.slip is not None)
    settled(trainee, Lane.RECORDS)
    assert out == []
    assert not program.hand_over.is_printed()
    if is_entered_anew:
        program.hand_over.enter(program.desk.the_case())
        settled(trainee, Lane.RECORDS)
        assert out == []

    program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(program.hand_over.is_printed)
    assert out == [(serial, False) for serial in program.desk.the_case().slips]
    assert len(out) == 1


def test_who_comes_back_while_the_slip_is_made_gets_one(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked for behind its making and before the records knew that it came out, it was said not
    to have: a second one was asked for, and the first, in the applicant's hand, was void."""
    may_end, out = refused_while_the_slip_is_made(trainee, monkeypatch)
    program = trainee.program
    program.hand_over.enter(program.desk.the_case())
    may_end.set()
    trainee.until(program.hand_over.is_printed)
    settled(trainee, Lane.RECORDS)

    assert program.hand_over.is_printed()
    assert out == [(serial, False) for serial in program.desk.the_case().slips]
    assert len(out) == 1


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sleeper(tmp_path: Path, clock: Clock, qtbot: QtBot) -> Iterator[Trainee]:
    """A desk of its own: its records will be of another day."""
    home = Home.make(tmp_path)
    front = make_front(load_settings(home.training.settings), training=True, language="ko")
    stage = Stage(front, open_rehearsal(home, now=clock, whole=False))
    stage.show_windows()

    yield Trainee(stage, qtbot)

    stage.close()


def test_a_case_that_slept_over_the_week_end_has_ended_when_its_officer_is_back(
    sleeper: Trainee, clock: Clock
) -> None:
    """A case nobody touched for a day expires at every start; behind the lock it went on, with
    the answers of Friday, and the applicant's picture with it."""
    sleeper.sign_in()
    sleeper.new_case("haneul")
    sleeper.read_passport()
    program, number = sleeper.program, sleeper.program.desk.the_case().number
    sleeper.until(lambda: program.station.load(number).state is State.DOCUMENT_CHECKED)

    clock.ahead = timedelta(hours=12)
    sleeper.until(lambda: program.desk.is_locked)
    assert program.session._views.reason is LockReason.IDLE
    program.pages.locked.pin_given.emit(sleeper.pin(), False)
    sleeper.until(lambda: program.desk.is_open)
    assert program.shell.page is program.pages.passport

    clock.ahead = timedelta(hours=62)
    sleeper.until(lambda: program.desk.is_locked)
    program.pages.locked.pin_given.emit(sleeper.pin(), False)
    sleeper.until(lambda: program.shell.page is program.pages.board)
    sleeper.until(lambda: program.station.load(number).state is State.EXPIRED)

    with program.station.store.read() as session:
        assert not [kind for kind in OF_THE_VISIT if cases.blob(session, number, kind)]
    assert program.desk.case is None

"""What a real morning brings in the middle of a case: the officer leaves a running reading, a
picture is taken anew, the camera goes, a slip is asked for after the applicant has finished."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from desk.counter import closing, intake
from desk.issuance.case import State
from desk.mrtd.reader import ReadPhase, ReadProgress
from desk.store import cases
from desk.store.cases import BlobKind
from desk.ui.applicant.snapshot import Page as ApplicantPage
from desk.ui.applicant.snapshot import Spoken
from desk.ui.control import passport as passport_control
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.pages.face import FaceStage
from tests.app.test_window import Trainee, home, no_window_is_left, trainee

__all__ = ["home", "no_window_is_left", "trainee"]


def test_a_reading_that_was_left_is_not_shown_to_the_next_applicant(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on in the window's clock: whoever came next saw its percentage."""
    ended: list[BaseException] = []

    def slow(*arguments: Any) -> None:
        try:
            while True:
                arguments[5](ReadProgress(ReadPhase.DG2, 9000, 10000))
        except BaseException as reason:
            ended.append(reason)
            raise

    trainee.sign_in()
    trainee.new_case("haneul")
    monkeypatch.setattr(passport_control.document, "read_document", slow)
    window = trainee.program.applicant_window
    trainee.stage.lay_passport()
    trainee.stage.scan_mrz()
    trainee.until(lambda: window._screen.reading and window._screen.reading.percent > 50)

    trainee.program.to_board()
    trainee.until(lambda: bool(ended))
    assert trainee.applicant_sees() is ApplicantPage.IDLE
    trainee.new_case("haneul")
    trainee.until(lambda: trainee.applicant_sees() is ApplicantPage.PASSPORT)

    assert window._screen.reading is not None
    assert window._screen.reading.percent == 0
    assert not trainee.program.passport._timer.isActive()


def test_the_language_that_was_touched_is_the_cases(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the greeting for the next case alone, and while an act that knows nothing of it runs."""
    trainee.sign_in()
    program, window = trainee.program, trainee.program.applicant_window
    window.acts.language_chosen.emit("vi")
    trainee.new_case("haneul")
    desk = program.desk
    assert (desk.the_case().language, window.language) == ("vi", "vi")

    read, may_end = passport_control.document.read_document, threading.Event()

    def slow(*arguments: Any) -> Any:
        may_end.wait()
        return read(*arguments)

    monkeypatch.setattr(passport_control.document, "read_document", slow)
    trainee.stage.lay_passport()
    trainee.stage.scan_mrz()
    window.acts.language_chosen.emit("en")
    trainee.until(lambda: desk.the_case().language == "en")
    may_end.set()
    trainee.until(lambda: desk.the_case().document is not None)
    trainee.until(lambda: desk.the_case().language == "en")

    assert window.language == "en"
    assert program.station.load(desk.the_case().number).language == "en"

    program.to_board()
    trainee.new_case("haneul")
    assert desk.the_case().language == "ko"


def at_the_camera(trainee: Trainee) -> None:
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    trainee.decide()
    trainee.to_camera()


def test_the_applicant_looks_at_the_camera_whenever_a_picture_is_to_be_taken(
    trainee: Trainee,
) -> None:
    """The officer's page says that the same words stand on the applicant's window."""
    at_the_camera(trainee)
    face, page = trainee.program.face, trainee.program.pages.face

    trainee.take_picture()
    assert trainee.applicant_sees() is ApplicantPage.CHECKING

    page.retake_requested.emit()
    assert trainee.applicant_sees() is ApplicantPage.CAMERA
    trainee.until(face.may_capture)
    trainee.take_picture()

    # A picture that waits for its judgement stands again behind the lock.
    trainee.stage.pull_card()
    trainee.until(lambda: trainee.program.desk.is_locked)
    trainee.stage.insert_card(0)
    trainee.until(lambda: trainee.program.desk.card_present)
    trainee.program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: trainee.program.desk.is_open)
    assert face.is_judging()

    trainee.program.go_to(Step.ELIGIBILITY)
    trainee.program.go_to(Step.FACE)
    assert trainee.applicant_sees() is ApplicantPage.CAMERA


def test_a_frame_that_was_asked_for_before_the_page_was_left_is_no_picture_of_who_comes_next(
    trainee: Trainee,
) -> None:
    """It was looked at still when the next applicant's page stood, and waited there for its
    judgement."""
    at_the_camera(trainee)
    program, free = trainee.program, threading.Event()
    face, asked = program.face, program.desk.the_case()
    program.camera.stop()
    trainee.until(lambda: not face._looking)
    assert face._image is not None
    program.lanes.run(Lane.FACE, lambda: free.wait(60))

    program.pages.face.capture_requested.emit()
    program.camera.pictured.emit(face._image)
    assert face._looking
    program.to_board()
    program.desk.set_case(asked)
    face.enter(asked)
    program.camera.stop()
    free.set()
    done: list[object] = []
    program.desk.work(Lane.FACE, lambda: None, done.append)
    trainee.until(lambda: bool(done))

    assert not face.is_judging()
    assert face._captured is None


def test_a_camera_that_goes_leaves_no_picture_and_no_advice_behind(trainee: Trainee) -> None:
    """Also at the moment of the picture, and also for whoever comes back to the page."""
    at_the_camera(trainee)
    face, program = trainee.program.face, trainee.program

    trainee.stage.set_scene("unplugged")
    program.pages.face.capture_requested.emit()
    trainee.until(lambda: face._stage is FaceStage.CAMERA_OFF)

    shown = program.applicant_window._screen.camera
    assert shown is not None
    assert shown.guidance is Spoken.NO_CAMERA
    assert shown.one_person is None
    assert program.applicant_window._page.live._frame is None  # type: ignore[union-attr]

    program.go_to(Step.ELIGIBILITY)
    program.go_to(Step.FACE)
    trainee.until(lambda: face._stage is FaceStage.CAMERA_OFF)

    trainee.stage.set_scene("normal")
    trainee.until(face.may_capture)
    assert trainee.applicant_sees() is ApplicantPage.CAMERA


def test_a_slip_stands_on_the_window_also_after_the_applicant_has_finished(
    trainee: Trainee,
) -> None:
    """The page clears itself after a minute; a printer that fails takes longer."""
    trainee.sign_in()
    trainee.new_case("doyun")
    trainee.read_passport()
    trainee.decide()
    trainee.refuse_by_rule()
    assert trainee.program.desk.the_case().state is State.REFUSED

    for _ in range(2):
        trainee.program.applicant_window.finished.emit()
        assert trainee.applicant_sees() is ApplicantPage.IDLE
        trainee.program.pages.hand_over.show_on_screen.emit()
        assert trainee.applicant_sees() is ApplicantPage.SLIP
    header = trainee.program.shell.header
    assert "안내장 표시 중" in {one.text() for one in header.findChildren(QLabel)}


def test_a_slip_that_was_left_while_it_is_made_opens_nothing_again(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case it belongs to stood open again behind the board, and before the next applicant;
    whoever came back to it was told that the slip was printed. Then it is, and it is the same."""
    trainee.sign_in()
    trainee.new_case("doyun")
    trainee.read_passport()
    trainee.decide()
    program, desk = trainee.program, trainee.program.desk
    made, may_end, ended = closing.print_slip, threading.Event(), threading.Event()

    def slow(*arguments: Any) -> Any:
        may_end.wait()
        try:
            return made(*arguments)
        finally:
            ended.set()

    sheets, put_out = list[str](), program.printers.print

    def paper(printer: str, serial: str, pdf: bytes) -> Any:
        sheets.append(serial)
        return put_out(printer, serial, pdf)

    monkeypatch.setattr(program.printers, "print", paper)
    monkeypatch.setattr(closing, "print_slip", slow)
    program.pages.eligibility.print_and_refuse.emit()
    trainee.until(lambda: desk.step is Step.HAND_OVER and program.hand_over._printing)
    number = desk.the_case().number

    program.to_board()
    may_end.set()
    trainee.until(ended.is_set)
    done: list[object] = []
    desk.work(Lane.RECORDS, lambda: None, done.append)
    trainee.until(lambda: bool(done))

    assert desk.case is None
    assert trainee.applicant_sees() is ApplicantPage.IDLE
    program.pages.board.case_opened.emit(number)
    trainee.until(lambda: desk.step is Step.HAND_OVER and program.hand_over.is_printed())
    assert sheets == [program.hand_over.slip.serial] == list(desk.the_case().slips)


def test_pictures_that_come_late_are_not_shown_with_the_next_applicants_case(
    trainee: Trainee,
) -> None:
    """The live picture of the case before stood with the next one until that one's was taken, and
    its chip's picture where the next one's could not be read."""
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    program, desk = trainee.program, trainee.program.desk
    station, first = program.station, desk.the_case()
    stamp = station.stamp()
    with station.store.write() as session:
        picture = cases.blob(session, first.number, BlobKind.PORTRAIT) or b""
        cases.keep_blob(session, stamp, first.number, BlobKind.FACE, "image/jpeg", picture)
    following = intake.open_case(station, desk.officer)

    for control in (program.passport, program.face):
        desk.set_case(first)
        control.enter(first)
        desk.set_case(following)
        control.enter(following)
    done: list[object] = []
    desk.work(Lane.RECORDS, lambda: None, done.append)
    trainee.until(lambda: bool(done))

    assert program.passport._picture is None
    assert program.face._captured is None and program.face._portrait is None
    desk.set_case(first)
    program.face.enter(first)
    trainee.until(lambda: program.face._portrait is not None)
    program.face.enter(following)
    assert program.face._portrait is None

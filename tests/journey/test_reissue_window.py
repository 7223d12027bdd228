"""A new phone at the window, as the officer does it: every step of the case is a button pressed
on the officer's screen by its words, with training devices and a phone that is not the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QWidget
from pytestqt.qtbot import QtBot

from desk.app.rehearsal import TRAINING_PIN
from desk.app.unattended import ISSUANCE_PIN, _Script
from desk.counter import aftercare
from desk.counter.board import Since
from desk.counter.holdings import Standing
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.issuance.aftercare import SuspendReason
from desk.issuance.case import CaseKind, State
from desk.store.history import Outcome
from desk.ui.parts.fields import PinDots
from desk.ui.phone.snapshot import Page as PhonePage
from tests.journey.test_aftercare_window import Window, born, standing, window_of


@pytest.fixture
def desk(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    """The window, and a credential that is usable on the first phone."""
    monkeypatch.setattr(_Script, "_picture", lambda _self, _name: None)
    with window_of(approved_home, service, qtbot, proven=True) as opened:
        yield opened


def press(desk: Window, words: str, within: QWidget | None = None) -> None:
    """The one button with these words that can be pressed, once it is there."""
    program = desk.stage.program

    def found() -> list[QAbstractButton]:
        front = within or QApplication.activeModalWidget() or program.window
        return [
            one
            for one in front.findChildren(QAbstractButton)
            if one.isVisible() and one.isEnabled() and (one.text() or one.accessibleName()) == words
        ]

    desk.until(lambda: len(found()) == 1)
    desk.bot.mouseClick(found()[0], Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def at(desk: Window, page: QWidget) -> None:
    desk.until(lambda: desk.stage.program.shell.page is page)


def sign(desk: Window, page: QWidget, words: str) -> None:
    """The card's PIN, typed where the page asks for it, and the button."""

    def field() -> list[PinDots]:
        return [one for one in page.findChildren(PinDots) if one.isVisible() and one.isEnabled()]

    desk.until(lambda: len(field()) == 1)
    desk.bot.keyClicks(field()[0], TRAINING_PIN)
    press(desk, words)


def find_by_call(desk: Window) -> None:
    """F7, name and birth date: what the person holds is usable."""
    person = desk.stage.rehearsal.people[0]
    desk.press(Qt.Key.Key_F7)
    desk.type(person.hangul)
    desk.press(Qt.Key.Key_Tab)
    desk.type(born(person))
    desk.until(lambda: standing(desk) is Standing.USABLE)


def ask_for_a_reissue(desk: Window) -> None:
    """The call, and the question's answer."""
    program = desk.stage.program
    find_by_call(desk)
    press(desk, "다시 발급…")
    desk.until(lambda: program.renewal.dialog is not None and program.renewal.dialog.isVisible())
    press(desk, "분실 뒤 새로 삼")
    press(desk, "새 건 열기")
    at(desk, program.pages.passport)


def to_the_phone(desk: Window, script: _Script) -> None:
    """Passport, register, face and approval."""
    pages, bench = desk.stage.program.pages, desk.stage.bench
    script._agree()
    bench.lay.click()
    bench.scan.click()
    press(desk, "다음: 자격 확인")
    at(desk, pages.eligibility)
    press(desk, "다음: 얼굴 확인")
    at(desk, pages.face)
    press(desk, "촬영")
    press(desk, "같은 사람")
    press(desk, "판단 기록")
    press(desk, "다음: 심사·승인")
    at(desk, pages.review)
    sign(desk, pages.review, "카드로 승인")
    at(desk, pages.phone)


def onto_the_phone(desk: Window, script: _Script) -> None:
    """Issuance PIN, QR, the officer's signature, delivery and proof."""
    program, pages = desk.stage.program, desk.stage.program.pages
    applicant = program.applicant_window
    applicant.data_confirmed.emit()
    desk.until(lambda: program.desk.the_case().data_confirmed_at is not None)
    applicant.pin_chosen.emit(bytearray(ISSUANCE_PIN, "ascii"))
    desk.until(lambda: program.desk.the_case().state is State.OFFERED)
    script._offer = desk.stage.current_qr() or ""
    script._receive()
    sign(desk, pages.phone, "서명")
    press(desk, "다음: 사용 확인")
    at(desk, pages.proof)
    desk.until(lambda: program.proof.check is not None)


def test_a_new_phone_from_the_call_to_the_closed_case(desk: Window, tmp_path: Path) -> None:
    """Until the new phone has shown it, the first phone's credential stays usable; then it is
    ended, and board, history and after-care say of each case what became of it."""
    program, pages = desk.stage.program, desk.stage.program.pages
    first = desk.stage.phone
    desk.stage.bench.phone.chosen.emit("1")
    phone = desk.stage.phone
    assert phone is not first
    assert desk.stage.phone_window.windowTitle() == "훈련용 휴대전화 2"
    script = _Script(cast(QApplication, QApplication.instance()), desk.stage, tmp_path)
    desk.sign_in()
    ask_for_a_reissue(desk)
    case = program.desk.the_case()
    assert (case.kind, case.former) == (CaseKind.REISSUE, desk.number)
    assert case.renewal_reason == "bought_after_loss"

    to_the_phone(desk, script)
    assert program.shell.rail._kind.text() == "다시 발급"
    onto_the_phone(desk, script)
    assert pages.proof.instruction.startswith("새 휴대전화로 QR을")
    assert desk.status() == {Status.VALID}
    assert {phone.status(card) for card in phone.cards} == {Status.SUSPENDED}

    desk.stage.phone_window.scan_requested.emit("")
    desk.until(lambda: script._phone_shows(PhonePage.REQUEST))
    desk.stage.phone_window.present_accepted.emit()
    desk.until(lambda: program.desk.the_case().state is State.PROVEN)
    assert pages.proof.instruction.endswith("먼저 것은 폐지되었습니다.")
    press(desk, "다음: 인도·종결")
    assert desk.status() == {Status.INVALID}
    assert {phone.status(card) for card in phone.cards} == {Status.VALID}
    assert first.cards == ()
    desk.until(program.hand_over.is_printed)
    assert desk.number in pages.hand_over.verdict.sentence.text()
    assert not pages.hand_over.verdict.sentence.is_cut()
    for box in pages.hand_over.findChildren(QCheckBox):
        desk.bot.mouseClick(box, Qt.MouseButton.LeftButton)
    press(desk, "건 종결")
    at(desk, pages.board)

    desk.until(lambda: len(program.board._rows) == 2)
    assert {one.number: one.since for one in program.board._rows} == {
        desk.number: Since.REPLACED,
        case.number: None,
    }
    press(desk, "건 이력")
    at(desk, pages.history)
    desk.until(lambda: program.history._found is not None)
    shown = program.history._found
    assert shown is not None
    assert {one.number: (one.outcome, one.reason) for one in shown.lines} == {
        desk.number: (Outcome.REVOKED, "reissued"),
        case.number: (Outcome.USABLE, ""),
    }
    program.aftercare.show_holding(desk.number)
    desk.until(lambda: standing(desk) is Standing.REVOKED)
    assert case.number in pages.aftercare.verdict.sentence.text()
    assert not any(one.button.isEnabled() for one in pages.aftercare.deeds.rows.values())
    find_by_call(desk)
    ask = program.aftercare
    assert ask._holding is not None
    assert (ask._holding.number, ask._holding.former) == (case.number, desk.number)


def test_a_resume_with_another_passport_gives_way_to_a_reissue(
    desk: Window, tmp_path: Path
) -> None:
    """The passport page says why the resume does not go on, and one press leads to the case
    that does."""
    program, page = desk.stage.program, desk.stage.program.pages.passport
    script = _Script(cast(QApplication, QApplication.instance()), desk.stage, tmp_path)
    desk.stage.person = replace(desk.stage.person, passport_number="M246B8013")
    desk.sign_in()
    reason = SuspendReason.LOSS_CALL
    aftercare.suspend(program.station, program.desk.officer, desk.number, reason)
    program.aftercare.show_holding(desk.number)
    desk.until(lambda: standing(desk) is Standing.SUSPENDED)
    press(desk, "재개…")
    press(desk, "재개 건 열기")
    at(desk, page)
    resumed = program.desk.the_case()
    assert program.desk._applicant_words == "“정지된 신원확인증을 다시 쓰게 해 드립니다”"
    script._agree()
    script._read_passport()
    press(desk, "다음: 자격 확인")
    desk.until(page.banner.isVisible)
    assert page.banner.code.text() == "RENEW-07"
    press(desk, "다시 발급으로 바꾸기")
    desk.until(lambda: program.desk.the_case().number != resumed.number)

    case = program.desk.the_case()
    assert (case.kind, case.former) == (CaseKind.REISSUE, desk.number)
    assert case.renewal_reason == "new_passport"
    assert program.station.load(resumed.number).state is State.CANCELLED
    desk.until(lambda: not page.banner.isVisible())
    assert program.shell.rail._kind.text() == "다시 발급"


pytestmark = pytest.mark.usefixtures("qapp")

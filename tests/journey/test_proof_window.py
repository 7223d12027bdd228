"""The proof page in the window: the phone presents, and each service's request is weighed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import aftercare, proving, relying
from desk.counter.holdings import Deed
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.enrollment.trouble import ServiceDown
from desk.issuance.aftercare import SuspendReason
from desk.issuance.case import Case, State
from desk.ui.applicant.snapshot import Page
from desk.ui.applicant.window import ApplicantWindow
from desk.ui.control import proof
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.pages.locked import LockReason
from desk.ui.parts.rows import Row
from desk.ui.program import Program
from tests.counter.slips import samples
from tests.journey.acts import Counter, Holder, only_case, opened, settings_with
from tests.ui.officer import Answered, drop_all, words_seen

PATIENCE = 60_000

Until = Callable[[Callable[[], object]], None]


@contextmanager
def window_of(home: Path, service: ServiceProcess) -> Iterator[tuple[Stage, Holder, str]]:
    """A desk, the phone of somebody who had no network at the counter, and that case's number."""
    settings = settings_with(service.url)
    with opened(home, settings=settings) as rehearsal:
        holder = Holder(rehearsal.authority)
        approved = only_case(rehearsal)
        assert approved is not None
        counter = Counter.begin(rehearsal)
        delivered = counter.deliver(approved, holder)
        officer, station = counter.script.officer, rehearsal.station
        number = proving.leave_unproven(station, officer, delivered, "no_network").number
    front = make_front(settings, training=True, language="ko")
    stage = Stage(front, open_rehearsal(Home.make(home), whole=False, settings=settings))
    try:
        stage.show_windows()
        yield stage, holder, number
    finally:
        stage.close()
        drop_all()
        holder.close()


def to_the_proof(stage: Stage, number: str, until: Callable[[Callable[[], object]], None]) -> None:
    """Sign in, and ask the phone of this case."""
    program = stage.program
    stage.insert_card(0)
    until(lambda: program.desk.card_present)
    program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
    until(lambda: program.shell.page is program.pages.board)
    program.pages.board.case_opened.emit(number)
    until(lambda: program.desk.step is Step.PROOF and program.proof.check is not None)


def promised(window: ApplicantWindow) -> dict[str, tuple[bool, bool]]:
    """Of each service on the applicant's window: from now on, only announced."""
    ending = window._screen.ending
    services = ending.services if ending else ()
    return {one.name["ko"]: (one.now, one.announced) for one in services}


def test_the_phone_presents_and_the_services_are_told(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had no network comes back: the page asks at once, on the applicant's window too,
    says what each service would get, and nothing is usable before the phone has shown it."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    with window_of(approved_home, service) as (stage, holder, number):
        program = stage.program
        to_the_proof(stage, number, until)
        rows = program.pages.proof.services
        until(lambda: len(told(rows)) > 4)
        before = told(rows)
        assert program.proof.check is not None
        seen = program.applicant_window._screen
        assert seen.page is Page.PROVE
        assert seen.qr is not None
        assert seen.qr.text == program.proof.check.uri

        # A service that was away for a moment is said to be while it is, and no longer.
        banner, ask = program.pages.proof.banner, proving.take_answer
        monkeypatch.setattr(proving, "take_answer", away)
        until(lambda: not banner.isHidden())
        monkeypatch.setattr(proving, "take_answer", ask)
        until(banner.isHidden)
        assert program.proof.check is not None

        weighed, asked = relying.uses, [0]

        def uses(*facts: Any) -> object:
            asked[0] += 1
            if asked[0] == 1:
                raise ServiceDown
            return weighed(*facts)

        monkeypatch.setattr(relying, "uses", uses)
        holder.present(program.proof.check.uri).result(60)
        until(lambda: program.desk.the_case().state is State.PROVEN)
        until(lambda: "사용 가능" in told(rows)["훈련: 성년 확인"])

        assert "확인 전" in before["훈련: 성년 확인"]
        assert "안내됨" in told(rows)["정부24"]
        assert "없는 항목: 주민등록번호" in told(rows)["훈련: 주민등록번호 요구"]

        # The applicant is promised no more than the officer is told; what could not be asked at
        # first is asked again when the officer goes on.
        until(lambda: asked[0] > 0)
        program.go_to(Step.HAND_OVER)
        until(lambda: bool(promised(program.applicant_window)))
        assert program.applicant_window._screen.page is Page.DONE
        assert promised(program.applicant_window) == {
            "정부24": (False, True),
            "재외동포365민원포털": (False, True),
            "e-아포스티유": (False, True),
            "전자가족관계등록시스템": (False, False),
        }


def test_what_is_proven_behind_the_lock_is_printed_once_an_officer_is_back(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The officer gave the proof up and went; the phone showed it after all. It is usable at
    once, but its slip came out beside an empty desk."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    may_answer, take = Event(), proving.take_answer

    def slow(*arguments: Any) -> Case | None:
        assert may_answer.wait(PATIENCE / 1000)
        return take(*arguments)

    with window_of(approved_home, service) as (stage, holder, number):
        program, sheets = stage.program, []
        to_paper = program.printers.print

        def paper(printer: str, serial: str, pdf: bytes) -> Path | None:
            sheets.append((serial, program.desk.is_locked))
            return to_paper(printer, serial, pdf)

        monkeypatch.setattr(program.printers, "print", paper)
        monkeypatch.setattr(proving, "take_answer", slow)
        to_the_proof(stage, number, until)
        assert program.proof.check is not None
        uri = program.proof.check.uri
        program.go_to(Step.HAND_OVER)
        until(program.hand_over.is_printed)
        first = sheets.copy()
        program.session.lock(LockReason.BY_OFFICER)
        holder.present(uri).result(60)
        may_answer.set()

        until(lambda: program.desk.the_case().state is State.PROVEN)
        settled(program, Lane.RECORDS, until)
        assert program.station.load(number).state is State.PROVEN
        assert {holder.phone.status(card) for card in holder.cards} == {Status.VALID}
        assert sheets == first

        program.pages.locked.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: program.desk.is_open and len(sheets) > len(first))
        until(program.hand_over.is_printed)
        settled(program, Lane.RECORDS, until)
        assert len(sheets) == len(first) + 1
        assert not any(locked for _serial, locked in sheets)


def test_who_leaves_unproven_is_handed_a_sheet_that_says_so(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot
) -> None:
    """It was printed, and the page said that this case gives none yet. Who comes back and shows
    it gets the sheet that says so; the former one was shown as that one."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    with window_of(approved_home, service) as (stage, holder, number):
        program = stage.program
        to_the_proof(stage, number, until)
        program.go_to(Step.HAND_OVER)
        until(program.hand_over.is_printed)
        page, slip = program.pages.hand_over, program.hand_over.slip
        until(lambda: page._view is not None and bool(page._view.printed_at))

        assert slip is not None
        assert not page.printing.isHidden()
        assert page.slip.note.text() == slip.serial
        assert "아직 쓸 수 없" in " ".join(samples.text(slip.pdf).split())
        for box in page.checks._boxes.values():
            box.setChecked(True)
        page.primary_key()
        until(lambda: program.shell.page is program.pages.board)
        assert program.station.load(number).closed_at is not None

        program.pages.board.case_opened.emit(number)
        until(lambda: program.desk.step is Step.PROOF and program.proof.check is not None)
        assert program.proof.check is not None
        holder.present(program.proof.check.uri).result(60)
        until(lambda: program.desk.the_case().state is State.PROVEN)
        program.go_to(Step.HAND_OVER)
        until(program.hand_over.is_printed)

        second = program.hand_over.slip
        assert second is not None
        assert second.serial != slip.serial
        assert "아직 쓸 수 없" not in " ".join(samples.text(second.pdf).split())
        for box in page.checks._boxes.values():
            box.setChecked(True)
        page.primary_key()
        until(lambda: program.shell.page is program.pages.board)
        assert program.station.load(number).closed_at is not None


def barred(stage: Stage, holder: Holder, number: str, until: Until) -> None:
    """The loss is reported while the phone is asked, and the phone shows it all the same."""
    program = stage.program
    to_the_proof(stage, number, until)
    aftercare.suspend(program.station, program.desk.officer, number, SuspendReason.LOSS_CALL)
    assert program.proof.check is not None
    holder.present(program.proof.check.uri)
    until(lambda: program.pages.proof.banner.code.text() == "CARE-09")


def test_what_was_reported_lost_is_opened_in_after_care_from_the_proof(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot
) -> None:
    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    with window_of(approved_home, service) as (stage, holder, number):
        program = stage.program
        barred(stage, holder, number, until)

        program.pages.proof.primary_key()

        page = program.pages.aftercare
        until(lambda: program.shell.page is page and page._view is not None)
        until(lambda: page._view is not None and page._view.holding is not None)
        assert page._view is not None and page._view.holding is not None
        assert page._view.holding.number == number
        assert page._view.holding.may(Deed.REVOKE)


def test_the_next_visit_of_what_was_reported_lost_asks_no_phone(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot
) -> None:
    """It began with a QR again, and the applicant was told that a scan makes it usable."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    with window_of(approved_home, service) as (stage, holder, number):
        program, page = stage.program, stage.program.pages.proof
        barred(stage, holder, number, until)
        shown: list[Page] = []
        program.proof.progressed.connect(
            lambda: shown.append(program.applicant_window._screen.page)
        )
        program.to_board()
        until(lambda: program.shell.page is program.pages.board)

        program.pages.board.case_opened.emit(number)
        until(lambda: program.desk.step is Step.PROOF and not page.banner.isHidden())

        assert page.banner.code.text() == "CARE-09"
        assert program.proof.check is None
        assert page.footer.primary.text() == "사후 관리에서 열기"
        until(lambda: program.applicant_window._screen.page is Page.BARRED)
        assert Page.PROVE not in shown


def test_who_may_not_use_it_is_told_so_on_page_paper_and_screen(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three said that one scan makes usable what has to be revoked, and two cards were
    offered that after-care refuses."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    with window_of(approved_home, service) as (stage, holder, number):
        program = stage.program
        barred(stage, holder, number, until)
        until(lambda: program.applicant_window._screen.page is Page.BARRED)
        monkeypatch.setattr(proof, "not_proven_dialog", lambda *_: Answered("barred"))

        program.pages.proof.cannot_prove.emit()
        until(lambda: program.desk.step is Step.HAND_OVER)
        until(program.hand_over.is_printed)

        page, slip = program.pages.hand_over, program.hand_over.slip
        assert slip is not None
        printed = " ".join(samples.text(slip.pdf).split())
        assert "저장되었지만 쓸 수 없습니다" in printed
        assert "QR을 한 번 비추면" not in printed
        assert set(page.said) == {"passport", "slip", "barred"}
        told = words_seen(page)
        assert "사용 가능으로 바꿀 수 없습니다 · 분실 신고를 받았습니다" in told
        assert "아직 쓸 수 없습니다" not in told and "다시 방문" not in told
        acts = [act.text() for act in page.footer.controls()]  # type: ignore[attr-defined]
        assert "확인 없이 사용…" not in acts and "사후 관리에서 열기" in acts
        until(lambda: program.applicant_window._screen.page is Page.BARRED)
        assert program.desk._applicant_words == "“저장되었지만 쓸 수 없습니다”"

        page.other_asked("aftercare")
        care = program.pages.aftercare
        until(lambda: care._view is not None and care._view.holding is not None)
        assert program.shell.page is care


def test_a_loss_that_is_called_in_beside_the_hand_over_takes_its_promise_back(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sheet of before was shown as the one that counts, the act beside it refused."""

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    with window_of(approved_home, service) as (stage, _holder, number):
        program = stage.program
        to_the_proof(stage, number, until)
        monkeypatch.setattr(proof, "not_proven_dialog", lambda *_: Answered("no_network"))
        program.pages.proof.cannot_prove.emit()
        until(lambda: program.desk.step is Step.HAND_OVER)
        until(program.hand_over.is_printed)
        page, before = program.pages.hand_over, program.hand_over.slip
        assert before is not None and set(page.said) == {"passport", "slip", "visit"}
        until(lambda: program.applicant_window._screen.page is Page.NOT_PROVEN)

        program.aftercare.call()
        aftercare.suspend(program.station, program.desk.officer, number, SuspendReason.LOSS_CALL)
        program.aftercare.leave()

        until(lambda: program.hand_over.slip not in (None, before))
        until(program.hand_over.is_printed)
        assert set(page.said) == {"passport", "slip", "barred"}
        until(lambda: program.applicant_window._screen.page is Page.BARRED)


def settled(program: Program, lane: Lane, until: Callable[[Callable[[], object]], None]) -> None:
    """What the lane was given is done, and what came of that too."""
    for _ in range(3):
        done: list[object] = []
        program.desk.work(lane, lambda: None, done.append)
        until(lambda done=done: bool(done))


def away(*_all: object) -> None:
    raise ServiceDown()


def told(card: object) -> dict[str, str]:
    """Each service's row as it is spoken, by the service's name."""
    spoken = [row.accessibleName() for row in card.findChildren(Row)]  # type: ignore[attr-defined]
    return {text.split(",")[0]: text for text in spoken if "," in text}

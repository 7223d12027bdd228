"""The proof page in the window: the phone presents, and each service's request is weighed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import proving
from desk.enrollment.process import ServiceProcess
from desk.enrollment.trouble import ServiceDown
from desk.issuance.case import State
from desk.ui.applicant.snapshot import Page
from desk.ui.control.steps import Step
from desk.ui.parts.rows import Row
from tests.journey.acts import Counter, Holder, only_case, opened, settings_with
from tests.ui.officer import drop_all

PATIENCE = 60_000


def test_the_phone_presents_and_the_services_are_told(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had no network comes back: the page asks at once, on the applicant's window too,
    says what each service would get, and nothing is usable before the phone has shown it."""
    settings = settings_with(service.url)
    with opened(approved_home, settings=settings) as rehearsal:
        holder = Holder(rehearsal.authority)
        approved = only_case(rehearsal)
        assert approved is not None
        counter = Counter.begin(rehearsal)
        delivered = counter.deliver(approved, holder)
        officer, station = counter.script.officer, rehearsal.station
        number = proving.leave_unproven(station, officer, delivered, "no_network").number
    front = make_front(settings, training=True, language="ko")
    home = Home.make(approved_home)
    stage = Stage(front, open_rehearsal(home, whole=False, settings=settings))

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    try:
        program = stage.program
        stage.show_windows()
        stage.insert_card(0)
        until(lambda: program.desk.card_present)
        program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: program.shell.page is program.pages.board)
        program.pages.board.case_opened.emit(number)
        until(lambda: program.desk.step is Step.PROOF and program.proof.check is not None)
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

        holder.present(program.proof.check.uri).result(60)
        until(lambda: program.desk.the_case().state is State.PROVEN)
        until(lambda: "사용 가능" in told(rows)["훈련: 성년 확인"])

        assert "확인 전" in before["훈련: 성년 확인"]
        assert "안내됨" in told(rows)["정부24"]
        assert "없는 항목: 주민등록번호" in told(rows)["훈련: 주민등록번호 요구"]
    finally:
        stage.close()
        drop_all()
        holder.close()


def away(*_all: object) -> None:
    raise ServiceDown()


def told(card: object) -> dict[str, str]:
    """Each service's row as it is spoken, by the service's name."""
    spoken = [row.accessibleName() for row in card.findChildren(Row)]  # type: ignore[attr-defined]
    return {text.split(",")[0]: text for text in spoken if "," in text}

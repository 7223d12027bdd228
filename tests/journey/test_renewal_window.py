"""Resuming in the window: the question, a case without the steps it does not need, the phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.scripted import Script
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.counter import proving
from desk.counter.holdings import Deed
from desk.credential.statuslist import Status
from desk.enrollment.process import ServiceProcess
from desk.enrollment.trouble import ServiceDown
from desk.issuance.case import Case, CaseKind, State
from desk.ui.applicant.snapshot import Page as ApplicantPage
from desk.ui.control.steps import Step
from desk.ui.dialogs import ReasonDialog
from desk.ui.program import Program
from tests.journey.acts import Counter, Holder, only_case, opened, settings_with
from tests.journey.test_renewal import suspend
from tests.ui.officer import drop_all

PATIENCE = 60_000


def test_suspended_is_asked_for_resumed_and_handed_over(
    approved_home: Path,
    service: ServiceProcess,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The question opens a case; once approved it asks the phone at once. A phone that cannot
    show it leaves nothing «delivered»: the case is cancelled, the credential stays suspended.
    In the next one the same phone's credential is usable again. What a resume does not have
    stands nowhere."""
    settings = settings_with(service.url)
    with opened(approved_home, settings=settings) as rehearsal:
        holder, counter = Holder(rehearsal.authority), Counter.begin(rehearsal)
        approved = only_case(rehearsal)
        assert approved is not None
        held = counter.prove(counter.deliver(approved, holder), holder)
        suspend(counter, held)
    front = make_front(settings, training=True, language="ko")
    home = Home.make(approved_home)
    stage = Stage(front, open_rehearsal(home, whole=False, settings=settings))

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    try:
        program, say = stage.program, stage.program.look.say
        stage.show_windows()
        stage.insert_card(0)
        until(lambda: program.desk.card_present)
        program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: program.shell.page is program.pages.board)

        def ask() -> Case:
            """The question's answer is yes: the case that it opened."""
            program.aftercare.show_holding(held.number)
            row = program.pages.aftercare.deeds.rows[Deed.RESUME]
            until(lambda: row.isVisible() and row.button.isEnabled())
            row.button.click()
            until(lambda: program.renewal.dialog is not None)
            assert program.renewal.dialog is not None
            program.renewal.dialog.act.click()
            until(lambda: program.shell.page is program.pages.passport)
            return program.desk.the_case()

        def at_the_proof(case: Case) -> None:
            program.to_board()
            script = Script(stage.rehearsal, program.desk.officer)
            approved = script.to_approval(program.station.load(case.number), stage.person)
            program.open_case(approved)
            until(lambda: program.desk.step is Step.PROOF and program.proof.check is not None)

        mistaken = ask()
        QTimer.singleShot(0, lambda: give_reason(program, "opened_by_mistake"))
        program.pages.passport.stop_case.emit()
        until(lambda: program.shell.page is program.pages.board)
        assert program.station.load(mistaken.number).state is State.CANCELLED

        case = ask()
        names = [one._mark.name for one in program.shell.rail._steps if not one.isHidden()]
        program.applicant_window.started.emit()

        assert (case.kind, case.former) == (CaseKind.RESUME, held.number)
        assert program.shell.rail._kind.text() == "재개"
        assert say("step.phone") not in names
        assert names[-2:] == [say("step.proof"), say("step.hand_over")]
        assert program.applicant_window._screen.resumes

        at_the_proof(case)
        QTimer.singleShot(0, lambda: give_reason(program, "no_network"))
        program.pages.proof.cannot_prove.emit()
        until(lambda: program.shell.page is program.pages.board)

        ended = program.station.load(case.number)
        assert ended.state is State.CANCELLED
        assert ended.ending is not None and ended.ending.reason == "not_resumed"
        assert {holder.phone.status(card) for card in holder.phone.cards} == {Status.SUSPENDED}

        resumed = ask()
        at_the_proof(resumed)
        assert program.applicant_window._screen.page is ApplicantPage.PROVE
        program.shell.step_chosen.emit(5)
        assert program.desk.step is Step.PROOF
        until(lambda: program.proof.check is not None)
        assert program.proof.check is not None

        # Its list cannot go out: what was shown is not stopped any more, and nobody has to wait.
        with monkeypatch.context() as away:
            away.setattr(proving, "publish_status", gone)
            holder.present(program.proof.check.uri).result(60)
            until(lambda: program.pages.proof.banner.code.text() == proving.ListNotOut.code)
            QTimer.singleShot(0, lambda: give_reason(program, "opened_by_mistake"))
            program.pages.proof.stop_case.emit()
            until(lambda: program.shell.page is program.pages.board)
            assert program.station.load(resumed.number).state is State.APPROVED
        program._conclude_timer.setInterval(1)
        until(lambda: program.station.load(resumed.number).state is State.PROVEN)
        program.open_case(program.station.load(resumed.number))
        until(program.hand_over.is_printed)

        assert {holder.phone.status(card) for card in holder.phone.cards} == {Status.VALID}
        assert "재개" in program.pages.hand_over.verdict.accessibleName()
    finally:
        stage.close()
        drop_all()
        holder.close()


def gone(_station: object) -> None:
    raise ServiceDown()


def give_reason(program: Program, key: str) -> None:
    (dialog,) = [one for one in program.window.findChildren(ReasonDialog) if one.isVisible()]
    place = dialog.reason.findData(key)
    dialog.reason.setCurrentIndex(place)
    dialog.reason.activated.emit(place)
    dialog.act.click()

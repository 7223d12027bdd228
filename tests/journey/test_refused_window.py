"""The desk tells a phone no: the officer is told why, and makes a new QR."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.enrollment import nonces
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import State
from desk.issuance.ports import Offer
from desk.ui.control.steps import Step
from tests.enrollment.steps import Steps
from tests.journey.acts import Counter, only_case, opened, settings_with

PATIENCE = 60_000


def test_an_old_proof_is_told_at_the_window(
    approved_home: Path, service: ServiceProcess, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service in wrong hands brings a proof that was made before this offer."""
    settings = settings_with(service.url)
    with opened(approved_home, settings=settings) as rehearsal:
        approved = only_case(rehearsal)
        assert approved is not None
        case = Counter.begin(rehearsal).offer(approved)
        assert case.offer is not None
        offer = Offer(case.offer.offer_id, case.offer.uri, case.offer.expires_at)
        before = case.offer.placed_at - timedelta(minutes=5)
        with httpx.Client(trust_env=False) as web:
            phone = Steps(web, cast(Any, SimpleNamespace(link=rehearsal.station.link)), offer)
            phone.credential(phone.token())
    monkeypatch.setattr(nonces, "made_at", lambda _key, _nonce: before)
    front = make_front(settings, training=True, language="ko")
    stage = Stage(front, open_rehearsal(Home.make(approved_home), whole=False, settings=settings))

    def until(condition: Callable[[], object]) -> None:
        qtbot.waitUntil(condition, timeout=PATIENCE)

    try:
        program = stage.program
        stage.show_windows()
        stage.insert_card(0)
        until(lambda: program.desk.card_present)
        program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: program.shell.page is program.pages.board)
        program.pages.board.case_opened.emit(case.number)
        until(lambda: program.desk.step is Step.PHONE)
        banner = program.pages.phone.banner
        until(lambda: "CRED-31" in banner.accessibleName())

        assert "새 발급 QR" in banner.accessibleName()
        program.pages.phone.remedy.emit("new_qr")
        until(lambda: program.desk.the_case().state is State.APPROVED)
        until(banner.isHidden)
    finally:
        stage.close()

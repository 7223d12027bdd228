"""The desk tells a phone no, or a phone tells the desk: the officer is told why, and makes a
new QR from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, Rehearsal, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.enrollment import nonces
from desk.enrollment.process import ServiceProcess
from desk.issuance.case import Case, State
from desk.issuance.ports import Offer
from desk.ui.control.steps import Step
from tests.enrollment.steps import Steps
from tests.journey.acts import PIN, Counter, only_case, opened, settings_with
from tests.ui.officer import drop_all

PATIENCE = 60_000

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    return lambda condition: qtbot.waitUntil(condition, timeout=PATIENCE)


@contextmanager
def phone_at(rehearsal: Rehearsal) -> Iterator[tuple[Counter, Case, Steps]]:
    """A phone at an offer of the one approved case."""
    approved, counter = only_case(rehearsal), Counter.begin(rehearsal)
    assert approved is not None
    case = counter.script.offer(approved, PIN, ("mdoc",))
    assert case.offer is not None
    offer = Offer(case.offer.offer_id, case.offer.uri, case.offer.expires_at)
    with httpx.Client(trust_env=False) as web:
        link = cast(Any, SimpleNamespace(link=rehearsal.station.link))
        yield counter, case, Steps(web, link, offer)


@contextmanager
def desk_with(home: Path, url: str, number: str, until: Until) -> Iterator[Stage]:
    """The window, with this case open."""
    settings = settings_with(url)
    front = make_front(settings, training=True, language="ko")
    stage = Stage(front, open_rehearsal(Home.make(home), whole=False, settings=settings))
    try:
        program = stage.program
        stage.show_windows()
        stage.insert_card(0)
        until(lambda: program.desk.card_present)
        program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
        until(lambda: program.shell.page is program.pages.board)
        program.pages.board.case_opened.emit(number)
        yield stage
    finally:
        stage.close()
        drop_all()


def test_an_old_proof_is_told_at_the_window(
    approved_home: Path, service: ServiceProcess, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service in wrong hands brings a proof that was made before this offer."""
    with opened(approved_home, service.url) as rehearsal, phone_at(rehearsal) as (_, case, phone):
        assert case.offer is not None
        before = case.offer.placed_at - timedelta(minutes=5)
        phone.credential(phone.token())
    monkeypatch.setattr(nonces, "made_at", lambda _key, _nonce: before)

    with desk_with(approved_home, service.url, case.number, until) as stage:
        program, page = stage.program, stage.program.pages.phone
        until(lambda: program.desk.step is Step.PHONE)
        until(lambda: "CRED-31" in page.banner.accessibleName())
        assert "새 발급 QR" in page.banner.accessibleName()

        page.remedy.emit("new_qr")
        until(lambda: program.desk.the_case().state is State.APPROVED)
        until(page.banner.isHidden)


def test_what_a_phone_did_not_keep_is_told_while_it_is_asked_for(
    approved_home: Path, service: ServiceProcess, until: Until
) -> None:
    """VCI 11: credential_failure. It will never be shown; the way on is a new QR."""
    with (
        opened(approved_home, service.url) as rehearsal,
        phone_at(rehearsal) as (counter, case, phone),
    ):
        token, body = phone.token(), phone.request_body()
        phone.post("credential", token, json=body)
        case = counter.attend(case, lambda known: bool(known.issued))
        got = phone.post("credential", token, json=body).json()
        case = counter.attend(case, lambda known: known.state is State.DELIVERED)
        said = {"notification_id": got["notification_id"], "event": "credential_failure"}
        assert phone.post("notification", token, json=said).status_code == 204

    with desk_with(approved_home, service.url, case.number, until) as stage:
        program, page = stage.program, stage.program.pages.proof
        until(lambda: program.desk.step is Step.PROOF)
        until(lambda: "OFFER-05" in page.banner.accessibleName())

        page.remedy.emit("new_qr")
        until(lambda: program.desk.step is Step.PHONE)
        assert program.desk.the_case().state is State.APPROVED

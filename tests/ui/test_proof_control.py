"""The proof page when the phone answers at the moment somebody asks anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from queue import Queue
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from desk.counter import offering, proving, relying
from desk.counter.proving import OpenCheck, OtherKey
from desk.counter.relying import Readiness
from desk.counter.station import Station
from desk.issuance.aftercare import ReportedLost
from desk.issuance.approvals import ApprovalVoid
from desk.issuance.case import Act, Case, OfferFacts, State, UseProof, advance
from desk.store.troubles import (
    CaseChanged,
    FormerPassport,
    Full,
    HeldElsewhere,
    MustBeRevoked,
    StatusFinal,
    Unreachable,
)
from desk.trouble import Trouble
from desk.ui.control.desk import Desk
from desk.ui.control.proof import ProofControl
from desk.ui.control.steps import Step
from desk.ui.dialogs import ReasonDialog, not_proven_dialog
from desk.ui.lanes import Lane, Lanes
from desk.ui.look import Look
from desk.ui.navigation import Place
from desk.ui.pages.board import BoardPage
from desk.ui.pages.proof import ProofPage, ProofStage, ProofStep, stage_of
from desk.ui.parts.rail import StepState
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords
from tests.counter.test_approving import approved_case, crew, opened, station
from tests.ui.officer import Answered

__all__ = ["opened", "station"]

PATIENCE = 60_000


def delivered_case(station: Station) -> Case:
    now, case = station.now(), approved_case(station)
    offer = OfferFacts(f"of {case.number}", "uri", ("mdoc",), now, now + timedelta(minutes=10))
    for act, facts in ((Act.OFFER, {"offer": offer}), (Act.TAKE_KEY, {}), (Act.DELIVER, {})):
        case = advance(case, act, now, **facts)
    return station.save(None, case, "CASE.ANSWERED")


class Window:
    """The proof page with a delivered case; ``answers`` is what each question brings: None while
    the phone has not answered."""

    def __init__(self, station: Station, look: Look, qtbot: QtBot) -> None:
        self._bot, self.station = qtbot, station
        self.answers: Queue[bool] = Queue()
        self.asked = self.placed = 0
        self.bugs: list[BaseException] = []
        self.shell, self.lanes = Shell(look), Lanes(self.bugs.append)
        self.desk = Desk(station, look, self.shell, self.lanes)
        self.desk.sign_in = cast(Any, SimpleNamespace(officer=crew()[0].officer))
        self.page, self.board = ProofPage(look), BoardPage(look, TroubleWords())
        for page in (self.page, self.board):
            self.shell.add_page(page)
        self.control = ProofControl(self.desk, self.page)
        self.desk.set_case(delivered_case(station))

    def place(self, station: Station, _officer: object, _case: Case) -> OpenCheck:
        self.placed += 1
        return OpenCheck(
            "check", "openid4vp://?x", station.now() + timedelta(minutes=5), cast(Any, None)
        )

    def take(self, station: Station, _officer: object, case: Case, *_more: object) -> Case | None:
        self.asked += 1
        if not self.answers.get(timeout=PATIENCE / 1000):
            return None
        return self.prove(station, case)

    @staticmethod
    def prove(station: Station, case: Case) -> Case:
        now = station.now()
        proof = UseProof(now, ("mdoc",), now)
        proven = advance(station.load(case.number), Act.PROVE, now, proof=proof)
        return station.save(None, proven, "PROOF.GIVEN")

    def until(self, condition: Callable[[], bool]) -> None:
        self._bot.waitUntil(lambda: bool(self.bugs) or condition(), timeout=PATIENCE)
        assert not self.bugs

    def enter(self) -> None:
        self.control.enter(self.desk.the_case())
        self.until(lambda: self.asked == 1)

    def close(self) -> None:
        for _ in range(8):
            self.answers.put(False)
        self.desk.case = None
        self.lanes.close()
        self.shell.close()
        self.shell.deleteLater()


@pytest.fixture
def window(
    station: Station, look: Look, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Window]:
    window = Window(station, look, qtbot)
    monkeypatch.setattr(proving, "place_check", window.place)
    monkeypatch.setattr(proving, "take_answer", window.take)
    monkeypatch.setattr(relying, "weigh", lambda _station, _case: Readiness(date(2026, 11, 1), ()))
    monkeypatch.setattr(offering, "not_kept", lambda _station, _case: None)
    yield window
    window.close()


def ask_anew(window: Window) -> None:
    window.page.new_qr_requested.emit()
    window.until(lambda: window.control.check is not None)


def time_is_over(window: Window) -> None:
    check = window.control.check
    assert check is not None
    over = window.station.now() - timedelta(seconds=1)
    window.control.check = replace(check, expires_at=over)
    window.desk.ticked.emit()
    assert window.control.check is None


def come_back(window: Window) -> None:
    """From the lock, or from another step."""
    window.control.enter(window.desk.the_case())
    window.until(lambda: window.control.check is not None)


@pytest.mark.parametrize("between", [ask_anew, time_is_over, come_back])
def test_a_phone_that_was_faster_than_the_next_qr_has_proven_it(
    window: Window, between: Callable[[Window], None]
) -> None:
    """The records said «usable», the page asked for a proof for ever."""
    window.enter()

    between(window)
    window.answers.put(True)

    window.until(lambda: window.desk.the_case().state is State.PROVEN)
    assert window.control.check is None
    assert window.page._view is not None
    assert window.page._view.case.state is State.PROVEN


def test_an_answer_of_a_case_that_was_left_opens_nothing(window: Window) -> None:
    window.enter()
    number = window.desk.the_case().number
    window.desk.show_place(Place.BOARD, window.board)
    window.answers.put(True)
    window.until(lambda: window.station.load(number).state is State.PROVEN)
    done: list[object] = []
    window.desk.work(Lane.EVENTS, lambda: None, done.append)
    window.until(lambda: bool(done))

    assert window.desk.case is None
    assert window.desk.step is not Step.PROOF


def test_a_question_that_could_not_be_put_off_leaves_no_dead_qr(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full disk is said; the QR that nobody listens to any more is not shown."""
    monkeypatch.setattr(
        "desk.ui.control.proof.not_proven_dialog", lambda *_: Answered("no_network")
    )
    monkeypatch.setattr(proving, "leave_unproven", full)
    window.enter()

    window.page.cannot_prove.emit()
    window.until(lambda: not window.page.banner.isHidden())

    assert window.page.banner.code.text() == "STORE-04"
    assert window.control.check is None


def full(*_all: object, **_named: object) -> None:
    raise Full()


def test_a_question_that_could_not_be_put_touches_no_other_case(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The approval behind it was void; by then another case was open, and it took back that
    one's."""
    may_fail, failed = Event(), Event()

    def slow(*_all: object) -> None:
        assert may_fail.wait(60)
        failed.set()
        raise ApprovalVoid()

    monkeypatch.setattr(proving, "place_check", slow)
    window.control.enter(window.desk.the_case())
    other = approved_case(window.station)
    window.desk.show_place(Place.BOARD, window.board)
    window.desk.set_case(other)
    may_fail.set()
    window.until(failed.is_set)
    # Its outcome, and what came of that.
    for _ in range(2):
        done: list[object] = []
        window.desk.work(Lane.SERVICE, lambda: None, done.append)
        window.until(lambda done=done: bool(done))

    assert window.station.load(other.number).state is State.APPROVED
    assert window.desk.the_case().state is State.APPROVED


def test_what_was_not_kept_and_could_not_be_taken_back_leaves_no_dead_qr(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page and applicant's window went on showing the QR, and nobody listened to a phone."""
    window.enter()
    seen: list[OpenCheck | None] = []
    window.control.progressed.connect(lambda: seen.append(window.control.check))
    monkeypatch.setattr(offering, "withdraw", full)

    window.page.remedy.emit("new_qr")
    window.until(lambda: not window.page.banner.isHidden())

    assert window.page.banner.code.text() == "STORE-04"
    assert seen == [None]
    assert window.page._view is not None and not window.page._view.qr_text


@pytest.mark.parametrize(
    ("state", "mark"),
    [(State.DELIVERED, StepState.ATTENTION), (State.PROVEN, StepState.CURRENT)],
)
def test_the_rail_points_at_what_is_not_proven_until_it_is(
    window: Window, state: State, mark: StepState
) -> None:
    """Of what is usable by now an earlier record may still say that it waits."""
    window.enter()
    window.desk.set_case(replace(window.desk.the_case(), state=state, held="not_proven"))

    window.desk.refresh_frame()

    assert window.shell.rail._view is not None
    (shown,) = (one for one in window.shell.rail._view.steps if one.current)
    assert shown.state is mark


class Gone(Trouble):
    code = "ENROLL-01"


@pytest.mark.parametrize(
    ("why", "failed"),
    [
        (ReportedLost(case="LA-1"), ProofStep.STATUS),
        (StatusFinal(list="1", position=1), ProofStep.STATUS),
        (HeldElsewhere(other="LA-2"), ProofStep.STATUS),
        (MustBeRevoked(case="LA-1", kind="died"), ProofStep.STATUS),
        (FormerPassport(case="LA-1"), ProofStep.CONTENT),
        (OtherKey(configuration="mdoc"), ProofStep.SAME_KEY),
        (CaseChanged(case="LA-1"), None),
    ],
)
def test_what_is_refused_for_good_leaves_no_dead_qr(
    window: Window, monkeypatch: pytest.MonkeyPatch, why: Trouble, failed: ProofStep | None
) -> None:
    """It was asked again every other second, beside a QR that went on counting and took no
    second answer."""
    window.enter()
    monkeypatch.setattr(proving, "take_answer", raising(why))

    window.answers.put(False)
    window.until(lambda: not window.page.banner.isHidden())

    view = window.page._view
    assert window.page.banner.code.text() == why.code
    assert view is not None and (view.qr_text, view.failed) == ("", failed)
    assert window.control.check is None
    assert not window.control._retry.isActive()


@pytest.mark.parametrize(
    ("why", "said"), [(ReportedLost(case="LA-1"), True), (OtherKey(configuration="mdoc"), False)]
)
def test_the_question_why_it_is_left_knows_what_may_not_become_usable(
    window: Window, monkeypatch: pytest.MonkeyPatch, why: Trouble, said: bool
) -> None:
    """It offered a battery and a network as reasons, and said that it works once it is proven."""
    asked: list[ReasonDialog] = []

    def ask(*told: Any) -> Answered:
        asked.append(not_proven_dialog(*told))
        return Answered("other")

    monkeypatch.setattr("desk.ui.control.proof.not_proven_dialog", ask)
    monkeypatch.setattr(proving, "leave_unproven", full)
    window.enter()
    monkeypatch.setattr(proving, "take_answer", raising(why))
    window.answers.put(False)
    window.until(lambda: not window.page.banner.isHidden())

    window.page.cannot_prove.emit()

    (dialog,) = asked
    offered = [dialog.reason.itemData(place) for place in range(dialog.reason.count())]
    assert ("barred" in offered, "phone_off" in offered) == (said, not said)
    assert ("쓸 수 있게 되지 않습니다" in dialog.accessibleDescription()) is said


@pytest.mark.parametrize("why", [Gone(), Full(), Unreachable()])
def test_what_is_away_is_asked_again_beside_the_same_qr(
    window: Window, monkeypatch: pytest.MonkeyPatch, why: Trouble
) -> None:
    window.enter()
    check = window.control.check
    with monkeypatch.context() as away:
        away.setattr(proving, "take_answer", raising(why))
        window.answers.put(False)
        window.until(lambda: not window.page.banner.isHidden())
        assert window.page.banner.code.text() == why.code
        assert window.control.check is check

    window.answers.put(True)

    window.until(lambda: window.desk.the_case().state is State.PROVEN)


def raising(why: Trouble) -> Callable[..., Case | None]:
    def refuse(*_all: object) -> Case | None:
        raise why

    return refuse


def call(window: Window) -> None:
    """F7: the case waits behind the page of a loss call."""
    window.desk.show_beside(Place.AFTERCARE, window.board)


def another_step(window: Window) -> None:
    window.desk.show(Step.PASSPORT, window.board)


@pytest.mark.parametrize("away", [call, another_step])
def test_whoever_looks_elsewhere_still_hears_the_phone(
    window: Window, away: Callable[[Window], None]
) -> None:
    """The applicant's window went on showing the QR, and nobody listened."""
    window.enter()

    away(window)
    window.answers.put(False)
    window.until(lambda: window.asked == 2)
    window.answers.put(True)

    window.until(lambda: window.desk.the_case().state is State.PROVEN)
    assert window.desk.step is not Step.PROOF
    assert window.control.check is None


def test_the_qr_ends_with_its_time_behind_another_page_too(window: Window) -> None:
    window.enter()
    call(window)
    seen: list[OpenCheck | None] = []
    window.control.progressed.connect(lambda: seen.append(window.control.check))

    time_is_over(window)

    assert seen == [None]


def test_back_from_elsewhere_the_same_qr_stands(window: Window) -> None:
    """Its phone may have answered already; another QR threw that away."""
    window.enter()
    check = window.control.check
    call(window)

    come_back(window)

    assert window.control.check is check
    assert window.placed == 1
    window.answers.put(True)
    window.until(lambda: window.desk.the_case().state is State.PROVEN)


def test_back_from_elsewhere_the_phone_is_asked_once_at_a_time(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service was away when the call came: the next try of before asked beside the new one."""
    window.enter()
    with monkeypatch.context() as away:
        away.setattr(proving, "take_answer", raising(Gone()))
        window.answers.put(False)
        window.until(window.control._retry.isActive)
    call(window)

    come_back(window)

    assert not window.control._retry.isActive()


def list_is_away(station: Station, case: Case) -> Case:
    raise proving.ListNotOut(station.now(), case=case.number, reason="ENROLL-01")


def decided(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    """The phone has shown it; the place of the lists does not answer."""
    monkeypatch.setattr(proving, "conclude", list_is_away)
    monkeypatch.setattr(
        proving, "take_answer", lambda station, _officer, case, *_more: list_is_away(station, case)
    )
    window.answers.put(False)
    window.until(lambda: stage_shown(window) is ProofStage.PUBLISHING)


def stage_shown(window: Window) -> ProofStage | None:
    view = window.page._view
    return stage_of(view) if view is not None else None


def test_what_was_shown_rightly_is_not_asked_for_again_while_its_list_waits(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page went on asking for the phone, said that it had not come in time, and led to
    another QR; what had been shown was usable in the records."""
    window.enter()
    decided(window, monkeypatch)

    assert window.page.banner.code.text() == "PROOF-04"
    assert window.control.check is None
    assert window.page.footer.primary is not None
    assert not window.page.footer.primary.isEnabled()
    assert [one.text() for one in window.page.footer.controls()[:-1]] == ["건 멈추기…"]

    # The desk was locked, or the program started again: the records know it still.
    window.control.enter(window.desk.the_case())
    window.until(lambda: stage_shown(window) is ProofStage.PUBLISHING)
    assert window.placed == 1

    monkeypatch.setattr(proving, "conclude", window.prove)
    window.control._retry.timeout.emit()
    window.until(lambda: stage_shown(window) is ProofStage.USABLE)
    assert window.page.banner.isHidden()


def test_what_was_taken_back_while_its_list_waited_is_asked_for_again(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.enter()
    decided(window, monkeypatch)

    monkeypatch.setattr(proving, "conclude", lambda _station, case: case)
    monkeypatch.setattr(proving, "take_answer", window.take)
    window.control._retry.timeout.emit()

    window.until(lambda: window.control.check is not None)
    assert window.placed == 2


def test_records_that_are_away_do_not_end_the_waiting_for_a_list(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.enter()
    decided(window, monkeypatch)

    monkeypatch.setattr(proving, "conclude", full)
    window.control._retry.stop()
    window.control._retry.timeout.emit()
    window.until(lambda: window.page.banner.code.text() == "STORE-04")

    assert stage_shown(window) is ProofStage.PUBLISHING
    monkeypatch.setattr(proving, "conclude", window.prove)
    window.until(lambda: stage_shown(window) is ProofStage.USABLE)

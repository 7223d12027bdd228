"""A case with an exception, driven in the window until another person's card has signed it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.scripted import APPROVER
from desk.cards.troubles import WrongPin
from desk.counter import approving, intake
from desk.counter.officers import Officer
from desk.issuance.case import State
from desk.issuance.flagged import flagged_items
from desk.training.piv_card import FULL_TRIES
from desk.ui.applicant.snapshot import Page as ApplicantPage
from desk.ui.control.steps import Step
from desk.ui.lanes import Lane
from desk.ui.large_pictures import LargePictures
from desk.ui.pages.locked import LockReason
from desk.ui.pages.review import ReviewPage
from tests.app.test_window import Trainee, open_stage
from tests.ui.officer import drop_all

EXCEPTION = "junho"
"""His passport was renewed; the register still knows the old one."""
COLLEAGUE = 1
"""Another officer, who approves nothing."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.make(tmp_path_factory.mktemp("home"))


@pytest.fixture
def trainee(home: Home, qtbot: QtBot) -> Iterator[Trainee]:
    stage = open_stage(home)

    yield Trainee(stage, qtbot)

    stage.close()
    drop_all()


def to_review(trainee: Trainee) -> None:
    """Signed in, a case with a difference, everything up to the review."""
    program = trainee.program
    trainee.sign_in()
    trainee.new_case(EXCEPTION)
    trainee.read_passport()
    for row in program.desk.the_case().compared:
        if row.outcome == "different":
            program.pages.passport.difference_reason_chosen.emit(row.item, "other_checked")
            trainee.until(lambda item=row.item: explained(trainee, item))
    trainee.stage.take_passport()
    trainee.decide()
    trainee.to_camera()
    trainee.take_picture()
    program.pages.face.judgement_recorded.emit("same")
    trainee.until(lambda: program.desk.the_case().face is not None)
    program.pages.face.go_on.emit()
    trainee.until(lambda: program.shell.page is program.pages.review)
    trainee.until(lambda: program.desk.the_case().expiry_date is not None)


def explained(trainee: Trainee, item: str) -> bool:
    case = trainee.program.desk.the_case()
    return all(row.reason for row in case.compared if row.item == item)


def prepare(trainee: Trainee) -> ReviewPage:
    """The officer's card signs; the case waits for the second."""
    program = trainee.program
    to_review(trainee)
    page = program.pages.review
    for item in flagged_items(program.desk.the_case()):
        page.item_opened.emit(item.key)
        trainee.until(lambda key=item.key: key in program.desk.the_case().opened_items)
    page.approve_requested.emit(trainee.pin(), False)
    trainee.until(lambda: program.desk.the_case().state is State.PREPARED)
    return page


def swap_card(trainee: Trainee, position: int) -> None:
    """One card out, another in, as the desk sees it."""
    lent = trainee.program.pages.lent_reader
    trainee.stage.pull_card()
    trainee.until(lambda: trainee.program.session.own_card_left and lent.isVisible())
    trainee.stage.insert_card(position)


def test_an_exception_goes_back_and_forth_until_another_persons_card_has_signed(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An approver who is signed in gives the case back; sent again, it is approved at the
    officer's own desk, whose reader is lent."""
    program = trainee.program
    prepare(trainee)
    number = program.desk.the_case().number

    return_from_the_list(trainee, number, monkeypatch)
    officer_returns(trainee, number)
    program.pages.review.approve_requested.emit(trainee.pin(), False)
    trainee.until(lambda: program.desk.the_case().state is State.PREPARED)
    program.pages.review.primary_key()
    refused_before_any_pin(trainee)
    cover_between_cards(trainee)
    no_case_for_a_card_that_has_left(trainee, monkeypatch)
    approve_as_guest(trainee)

    case = program.desk.the_case()
    assert [one.officer for one in case.approvals] == ["T-001", "T-003"]
    assert program.desk.officer.officer_id == "T-001"
    unlock(trainee, 0)
    assert program.shell.page is program.pages.phone
    approving.demand_approved(program.station, case)


def return_from_the_list(trainee: Trainee, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The approver's own session: list, page, and back to the officer with a reason."""
    program = trainee.program
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    unlock(trainee, APPROVER)
    program.shell.entry_chosen.emit("approvals")
    trainee.until(lambda: number in [case.number for case in program.approver._waiting])
    assert program.approver.count() == 1
    program.pages.approvals.chosen.emit(number)
    trainee.until(lambda: program.shell.page is program.pages.approver)
    assert program.desk.step is Step.REVIEW
    assert not program.pages.approver.footer.primary.isEnabled()
    monkeypatch.setattr("desk.ui.control.approver.return_dialog", Answered)
    program.pages.approver.return_requested.emit()
    trainee.until(lambda: program.shell.page is program.pages.approvals)
    returned = program.station.load(number).returned
    assert returned is not None
    assert (returned.reason, returned.officer) == ("look_again", "T-003")


def officer_returns(trainee: Trainee, number: str) -> None:
    """The officer finds the reason on the review, and his signature gone."""
    program = trainee.program
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    unlock(trainee, 0)
    program.open_case(program.station.load(number))
    trainee.until(lambda: program.shell.page is program.pages.review)
    assert program.desk.the_case().approvals == ()
    assert program.pages.review.banner.code.text() == "REVIEW-12"


def refused_before_any_pin(trainee: Trainee) -> None:
    """Covered; the preparing card and one without the right are told so, and stay unused."""
    program = trainee.program
    lent = program.pages.lent_reader
    assert lent.isVisible()
    assert program.shell.page is None
    for position, code in ((0, "REVIEW-03"), (COLLEAGUE, "REVIEW-05")):
        swap_card(trainee, position)
        trainee.until(lambda code=code: told(trainee) == code)
        card = trainee.stage.rehearsal.bench.card
        assert card is not None
        assert card.pin_tries == FULL_TRIES


def told(trainee: Trainee) -> str:
    view = trainee.program.pages.lent_reader._view
    return view.trouble.code if view is not None and view.trouble is not None else ""


def cover_between_cards(trainee: Trainee) -> None:
    """The approver's card leaves: nothing of the case stays on the screen."""
    program = trainee.program
    swap_card(trainee, APPROVER)
    trainee.until(lambda: program.shell.page is program.pages.approver)
    assert not program.desk.is_locked
    trainee.until(lambda: program.approver._taken is not None)
    QTimer.singleShot(0, trainee.stage.pull_card)
    program.pages.approver.enlarge_requested.emit()
    trainee.until(program.pages.lent_reader.isVisible)
    assert program.shell.page is None
    assert program.approver.guest is None
    assert not [one for one in program.window.findChildren(LargePictures) if one.isVisible()]


def no_case_for_a_card_that_has_left(trainee: Trainee, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was looked at while it left: the case stood open before an empty reader."""
    program, may_end, ended = trainee.program, threading.Event(), threading.Event()
    admit = approving.admit_approver
    trainee.until(lambda: program.session._card is None)
    done: list[object] = []
    program.desk.work(Lane.CARD, lambda: None, done.append)
    trainee.until(lambda: bool(done))

    def slow(*all_of_it: Any) -> Officer:
        officer = admit(*all_of_it)
        ended.set()
        assert may_end.wait(60)
        return officer

    with monkeypatch.context() as patch:
        patch.setattr(approving, "admit_approver", slow)
        trainee.stage.insert_card(APPROVER)
        trainee.until(lambda: ended.is_set() and program.desk.card_present)
        trainee.stage.pull_card()
        trainee.until(lambda: not program.station.readers.world().readers[1].present)
        QApplication.processEvents()
        may_end.set()
        trainee.until(lambda: not program.desk.card_present)
    assert program.pages.lent_reader.isVisible()
    assert program.shell.page is None
    assert program.approver.guest is None


def approve_as_guest(trainee: Trainee) -> None:
    """Every item on the screen, then the PIN; the officer's absence locks the desk."""
    trainee.stage.insert_card(APPROVER)
    guest_looks(trainee)
    trainee.program.pages.approver.approve_requested.emit(trainee.pin(), False)
    trainee.until(lambda: trainee.program.desk.is_locked)


def guest_looks(trainee: Trainee) -> None:
    """The approver's card is admitted, and every item was on the screen."""
    program = trainee.program
    trainee.until(lambda: program.shell.page is program.pages.approver)
    for place in range(len(flagged_items(program.desk.the_case()))):
        program.pages.approver.item_chosen.emit(place)
        trainee.until(lambda count=place + 1: seen(trainee, count))


@pytest.mark.parametrize("refuses", [False, True], ids=["approves", "refuses"])
def test_a_lock_while_a_guest_decides_leaves_the_officer_at_the_case(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch, refuses: bool
) -> None:
    """Behind the lock stood the approvers' list, empty for whoever prepares; the case was gone
    from the desk, and its applicant with it."""
    program = trainee.program
    prepare(trainee)
    number = program.desk.the_case().number
    module, name = (intake, "refuse") if refuses else (approving, "sign_as_approver")
    decide, may_end, begun = getattr(module, name), threading.Event(), threading.Event()

    def slow(*all_of_it: Any) -> Any:
        begun.set()
        assert may_end.wait(60)
        return decide(*all_of_it)

    monkeypatch.setattr(module, name, slow)
    monkeypatch.setattr("desk.ui.control.approver.refusal_dialog", Answered)
    program.pages.review.primary_key()
    swap_card(trainee, APPROVER)
    guest_looks(trainee)
    if refuses:
        program.pages.approver.refuse_requested.emit()
    else:
        program.pages.approver.approve_requested.emit(trainee.pin(), False)
    trainee.until(begun.is_set)
    program.session.lock(LockReason.BY_OFFICER)
    may_end.set()
    decided = State.REFUSED if refuses else State.APPROVED
    trainee.until(lambda: program.station.load(number).state is decided)
    for lane in (Lane.CARD, Lane.RECORDS):
        done: list[object] = []
        program.desk.work(lane, lambda: None, done.append)
        trainee.until(lambda done=done: bool(done))
    assert program.shell.page is None
    assert trainee.applicant_sees() is ApplicantPage.HIDDEN

    trainee.stage.pull_card()
    trainee.until(lambda: not program.desk.card_present)
    unlock(trainee, 0)

    assert program.desk.the_case().number == number
    assert program.shell.page is (program.pages.hand_over if refuses else program.pages.phone)
    if refuses:
        trainee.until(program.hand_over.is_printed)


def test_a_guests_refusal_that_comes_behind_the_lock_is_told_after_it(
    trainee: Trainee, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood on the approver's page, which nobody sees any more: the officer unlocked a review
    that simply waited."""
    program = trainee.program
    prepare(trainee)
    may_end, begun = threading.Event(), threading.Event()

    def refused(*_all: Any) -> Any:
        begun.set()
        assert may_end.wait(60)
        raise WrongPin(2)

    monkeypatch.setattr(approving, "sign_as_approver", refused)
    program.pages.review.primary_key()
    swap_card(trainee, APPROVER)
    guest_looks(trainee)
    program.pages.approver.approve_requested.emit(trainee.pin(), False)
    trainee.until(begun.is_set)
    program.session.lock(LockReason.BY_OFFICER)
    may_end.set()
    for lane in (Lane.CARD, Lane.RECORDS):
        done: list[object] = []
        program.desk.work(lane, lambda: None, done.append)
        trainee.until(lambda done=done: bool(done))
    assert all(banner.isHidden() for banner in program.pages.review.late)

    trainee.stage.pull_card()
    trainee.until(lambda: not program.desk.card_present)
    unlock(trainee, 0)

    page = program.pages.review
    assert program.shell.page is page
    told = [banner.code.text() for banner in page.late if not banner.isHidden()]
    assert told == [WrongPin.code]


def seen(trainee: Trainee, count: int) -> bool:
    """So many items were on the screen, and the records know."""
    trainee.program.approver.look()
    request = trainee.program.desk.the_case().request
    return request is not None and len(request.seen) >= count


class Answered:
    """A dialog that was answered at once."""

    def __init__(self, *_where: object) -> None:
        pass

    def exec(self) -> bool:
        return True

    def answer(self) -> tuple[str, str]:
        return "look_again", "여권번호"


def unlock(trainee: Trainee, position: int) -> None:
    """A card and its PIN on the locked desk."""
    program = trainee.program
    trainee.stage.insert_card(position)
    wanted = f"T-{position + 1:03d}"
    trainee.until(lambda: officer_seen(trainee) == wanted)
    if program.session.dialog is not None:
        program.session.dialog.act.click()
    program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: not program.desk.is_locked)


def officer_seen(trainee: Trainee) -> str:
    """Whose card the desk has looked at."""
    card = trainee.program.session._card
    return card.officer.officer_id if card is not None and card.officer is not None else ""

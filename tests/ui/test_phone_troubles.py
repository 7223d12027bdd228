"""The phone page when something goes wrong in the middle of it: nothing that a phone did is lost
for the records, nothing of one case is done to another, and the page goes on."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any, cast

import pytest
from PySide6.QtCore import QObject, Signal

from desk.cards.troubles import WrongPin
from desk.counter import closing, intake, offering, signing
from desk.counter.slips import NewOfferNeeded
from desk.iso7816.troubles import CardRemoved
from desk.issuance.approvals import ApprovalVoid
from desk.issuance.case import Case, State, Step
from desk.issuance.ports import EventKind, OfferEvent
from desk.store import journal
from desk.store.troubles import Full
from desk.ui.applicant.snapshot import ApplicantScreen, Page, PostFacts
from desk.ui.applicant.window import ApplicantWindow
from desk.ui.control.applicant import ApplicantControl
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.pages.phone_progress import PhoneStage, stage_of
from tests.counter.test_approving import approved_case, opened, station
from tests.counter.test_requests import phones_request
from tests.ui.officer import Answered
from tests.ui.test_phone_control import PIN, UnlockedCard, Window, told, window

__all__ = ["opened", "station", "window"]


def event(window: Window, seq: int, kind: EventKind, **facts: Any) -> OfferEvent:
    return OfferEvent(seq, kind, window.station.now(), facts)


def second_phone(window: Window, seq: int = 1) -> OfferEvent:
    return event(window, seq, EventKind.FETCHED_AGAIN, client="other")


def full(*_all: Any, **_more: Any) -> None:
    raise Full()


def logged(window: Window, case: Case, kind: str) -> list[Any]:
    with window.station.store.read() as session:
        return [one.facts for one in journal.of_kinds(session, case.number, (kind,))]


def stage(window: Window) -> PhoneStage:
    view = window.page._view
    assert view is not None
    return stage_of(view)


def key_came(window: Window, seq: int = 1) -> None:
    case = window.desk.the_case()
    request = phones_request(case, window.station.now())
    window.comes(event(window, seq, EventKind.KEY_RECEIVED), requests=(request,))
    window.until(window.control.has_request)


def test_what_the_officer_found_out_about_an_alarm_is_in_the_log(window: Window) -> None:
    """The page promises it; what was kept was why the case had been held, once more."""
    window.placed()
    window.comes(second_phone(window))
    window.until(lambda: window.desk.the_case().held == "qr_read_twice")

    window.page.alarm_reason_chosen.emit("read_by_other")
    window.page.new_qr_requested.emit()
    window.until(lambda: window.desk.the_case().held is None)

    (facts,) = logged(window, window.desk.the_case(), "CASE.RELEASED")
    assert facts["reason"] == "read_by_other"


def test_an_alarm_that_a_full_disk_kept_from_the_records_is_noted_once_there_is_room(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service tells an event once: the alarm was on the screen for a moment and gone."""
    window.placed()
    with monkeypatch.context() as disk:
        disk.setattr(offering, "withdraw", full)
        window.comes(second_phone(window))
        window.until(lambda: told(window, "STORE-04"))
    assert window.desk.the_case().held is None

    window.control._retry.timeout.emit()
    window.comes()

    window.until(lambda: window.desk.the_case().held == "qr_read_twice")
    assert stage(window) is PhoneStage.ALARM
    assert not told(window, "STORE-04")


def alarmed(window: Window) -> None:
    """The card has signed for a phone when another one reads the QR."""
    window.placed()
    key_came(window)
    window.page.sign_requested.emit(bytearray(PIN), False)
    window.until(lambda: bool(window.desk.the_case().issued))
    window.comes(second_phone(window, 2))
    window.until(lambda: window.desk.the_case().held == "qr_read_twice")
    window.until(lambda: stage(window) is PhoneStage.ALARM)


def known(window: Window) -> tuple[Any, ...]:
    """What the page has of the last QR."""
    view = window.page._view
    assert view is not None
    return [one.kind for one in view.events], view.offer, view.issued, view.alarm_reason


def test_an_alarm_that_the_officer_comes_back_to_knows_what_it_knew(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once left, the page had no times and no network, and QR, PIN and key were «stopped»: with
    these the officer chooses the reason, and answers for it later."""
    monkeypatch.setattr(signing, "case_signer", lambda _station: UnlockedCard(window.station))
    alarmed(window)
    window.page.alarm_reason_chosen.emit("read_by_other")
    before = known(window)

    number = window.desk.the_case().number
    window.desk.show_place(Place.BOARD, window.board)
    case = window.station.load(number)
    window.desk.set_case(case)
    window.control.enter(case)

    assert known(window) == before
    kinds, offer, issued, reason = before
    assert kinds == [EventKind.KEY_RECEIVED, EventKind.FETCHED_AGAIN]
    assert (offer is not None, len(issued), reason) == (True, 1, "read_by_other")


def test_what_an_alarm_knew_is_not_told_of_another_ones(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "case_signer", lambda _station: UnlockedCard(window.station))
    alarmed(window)
    held = window.desk.the_case()
    now = window.station.now()
    again = (Step(State.OFFERED, now), Step(State.APPROVED, now))

    for other in (replace(held, history=held.history + again), approved_case(window.station)):
        window.desk.set_case(other)
        window.control.enter(other)
        assert known(window) == ([], None, (), "")


def test_a_wrong_card_pin_puts_no_second_question_to_the_service(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It told every event twice from then on, and the rows counted twice as many keys."""

    def wrong(_station: object) -> Any:
        raise WrongPin(2)

    asked: list[int] = []
    news = window.service.news

    def noted(offer_id: str, after: int, wait_s: float) -> Any:
        asked.append(after)
        return news(offer_id, after, wait_s)

    monkeypatch.setattr(window.service, "news", noted)
    monkeypatch.setattr(signing, "case_signer", wrong)
    window.placed()
    window.until(lambda: asked == [0])
    window.page.sign_requested.emit(bytearray(PIN), False)
    window.until(lambda: window.desk.is_wrong_pin(window.control._trouble))
    # All that the lanes were given is done, the case read again among it.
    assert window.holds_anything

    window.comes(event(window, 1, EventKind.FETCHED))
    window.until(lambda: len(asked) == 2)

    assert asked == [0, 1]
    assert [one.seq for one in window.control.events] == [1]


def test_a_signature_that_fails_after_the_officer_has_left_touches_no_other_case(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the home page it was a bug of the program; at another case it took back the approval
    of that one."""
    may_fail, failed = Event(), Event()

    def slow(*_all: Any) -> None:
        assert may_fail.wait(60)
        failed.set()
        raise ApprovalVoid()

    card = UnlockedCard(window.station)
    monkeypatch.setattr(signing, "case_signer", lambda _station: card)
    monkeypatch.setattr(signing, "sign_requests", slow)
    window.placed()
    key_came(window)
    window.page.sign_requested.emit(bytearray(PIN), False)
    window.until(lambda: window.control._signing and window.control._card is not None)

    window.desk.show_place(Place.BOARD, window.board)
    other = approved_case(window.station)
    window.desk.set_case(other)
    window.control.enter(other)
    may_fail.set()
    window.until(failed.is_set)
    assert not window.holds_anything

    assert window.station.load(other.number).state is State.APPROVED
    assert window.page.banner.isHidden()


def test_on_the_home_page_a_signature_that_failed_is_no_bug(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_fail, failed = Event(), Event()

    def slow(_station: object) -> Any:
        assert may_fail.wait(60)
        failed.set()
        raise CardRemoved()

    monkeypatch.setattr(signing, "case_signer", slow)
    window.placed()
    window.page.sign_requested.emit(bytearray(PIN), False)
    window.desk.show_place(Place.BOARD, window.board)
    may_fail.set()

    window.until(failed.is_set)
    assert not window.holds_anything
    assert window.desk.case is None


def test_a_slip_that_could_not_be_printed_after_the_officer_has_left_is_no_bug(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the applicant of the next case choose a PIN because of it."""
    may_fail, wanted = Event(), []

    def slow(*_all: Any) -> None:
        assert may_fail.wait(60)
        raise NewOfferNeeded(slip="1")

    monkeypatch.setattr(closing, "print_slip", slow)
    window.control.pin_wanted.connect(lambda: wanted.append(True))
    window.placed()
    window.control.print_slip()
    window.desk.show_place(Place.BOARD, window.board)
    may_fail.set()
    window.until(lambda: [one.code.text() for one in window.board.late] == [NewOfferNeeded.code])
    assert not window.holds_anything

    assert window.desk.case is None
    assert not wanted


@pytest.mark.parametrize("act", ["new_qr", "cancel"])
def test_an_offer_that_could_not_be_ended_is_followed_on(
    window: Window, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """The QR stood there and nothing that its phone did was seen any more."""
    monkeypatch.setattr(
        "desk.ui.control.phone.cancel_dialog", lambda *_: Answered("applicant_left")
    )
    window.placed()
    with monkeypatch.context() as disk:
        disk.setattr(offering, "withdraw", full)
        disk.setattr(intake, "withdraw", full)
        asks = window.page.new_qr_requested if act == "new_qr" else window.page.cancel_requested
        asks.emit()
        window.until(lambda: told(window, "STORE-04"))
    assert window.is_in(State.OFFERED)

    window.comes()
    window.comes(event(window, 1, EventKind.FETCHED))

    window.until(lambda: stage(window) is PhoneStage.SCANNED)


def test_a_qr_that_was_read_does_not_come_back_with_the_officer(window: Window) -> None:
    """Locked and open again while the service is away, the page showed it as if nobody had."""
    window.placed()
    window.comes(event(window, 1, EventKind.FETCHED))
    window.until(lambda: stage(window) is PhoneStage.SCANNED)

    window.control.cover()
    window.control.enter(window.desk.the_case())

    assert stage(window) is PhoneStage.SCANNED


def test_a_qr_of_before_is_shown_once_the_service_has_told_that_nobody_read_it(
    window: Window,
) -> None:
    """After a restart nobody here knows it."""
    window.placed()
    case = window.desk.the_case()
    window.desk.show_place(Place.BOARD, window.board)
    window.control._forget_offer()
    window.desk.set_case(case)

    window.control.enter(case)
    assert stage(window) is PhoneStage.ASKING
    window.service.news_of.put(None)
    window.until(lambda: stage(window) is PhoneStage.WAITING)


def test_a_pin_that_was_taken_when_the_desk_locked_is_not_kept_behind_the_lock(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card opened a moment later, and would have signed for a phone that came then."""
    may_open = Event()
    locked: list[bool] = []

    class Slow(UnlockedCard):
        def unlock(self, _pin: object, _last_try: bool) -> None:
            assert may_open.wait(60)

        def lock(self) -> None:
            locked.append(True)

    card = Slow(window.station)
    monkeypatch.setattr(signing, "case_signer", lambda _station: card)
    window.placed()
    window.page.sign_requested.emit(bytearray(PIN), False)
    window.desk.is_locked = True
    window.control.cover()
    may_open.set()
    window.until(lambda: bool(locked))

    assert window.control._card is None


def test_an_act_that_was_overtaken_does_not_lead_back(window: Window) -> None:
    """What was asked before the QR came while the records were busy: the page showed the case as
    it had been, and the next act ran into «not possible»."""
    before, may_end = window.desk.the_case(), Event()
    rendered: list[bool] = []

    def slow() -> Case:
        assert may_end.wait(60)
        return before

    window.desk.act(Lane.RECORDS, slow, lambda: rendered.append(True))
    window.placed()
    may_end.set()
    window.until(lambda: bool(rendered))

    assert window.is_in(State.OFFERED)


class Other(QObject):
    """A part of the program that the applicant's window listens to and that says nothing."""

    gone, back, staged = Signal(), Signal(), Signal()
    progressed, judged = Signal(object), Signal(object)
    is_away = has_picture = is_camera_off = False
    check = None


def applicants(window: Window) -> ApplicantWindow:
    """The applicant's window beside the phone page."""
    post = PostFacts("LA", {}, window.station.post.zone.key)
    shown = ApplicantWindow(window.station.now, ApplicantScreen(page=Page.IDLE, post=post))
    other = cast(Any, Other(window.desk))
    control = ApplicantControl(window.desk, shown, other, other, other, window.control, other)
    control.refresh()
    return shown


def test_the_applicant_waits_for_a_qr_of_before_where_it_will_stand(window: Window) -> None:
    """The window said that passport and face were being looked at, two steps back, and went on
    saying so when the QR's time was over."""
    window.placed()
    case = window.desk.the_case()
    window.desk.show_place(Place.BOARD, window.board)
    window.control._forget_offer()
    window.desk.set_case(case)
    window.control.enter(case)

    shown = applicants(window)
    try:
        before = shown._screen
        window.service.news_of.put(None)
        window.until(lambda: shown._screen.qr is not None)
    finally:
        shown.close()
        shown.deleteLater()

    assert (before.page, before.qr, before.step) == (Page.QR, None, Page.QR.step)
    assert case.offer is not None and shown._screen.qr is not None
    assert shown._screen.qr.text == case.offer.uri


@pytest.mark.parametrize(
    ("kind", "facts", "page"),
    [
        (EventKind.VOIDED, {"reason": "tries"}, Page.NO_TRIES),
        (EventKind.EXPIRED, {}, Page.EXPIRED),
    ],
)
def test_the_applicant_is_told_why_the_qr_was_closed(
    window: Window, kind: EventKind, facts: dict[str, str], page: Page
) -> None:
    """After five wrong PINs the window said that time was up, with nine minutes left, and the
    officer's header said so too."""
    window.placed()
    shown = applicants(window)
    closing_event = event(window, 1, kind, **facts)
    try:
        window.comes(closing_event)
        window.until(lambda: window.is_in(State.APPROVED))

        assert shown.page is page
        assert shown._page is not None
        title, _ = shown._page.title()
        assert window.desk._applicant_words == f"“{title.text}”"
        assert shown._screen.ended_at == closing_event.at
    finally:
        shown.close()
        shown.deleteLater()

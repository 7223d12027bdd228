"""The page of the phone: what it shows for a case, what leaves it, what never does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLineEdit,
)
from pytestqt.qtbot import QtBot

from desk.issuance.case import Case, State, Step
from desk.issuance.ports import EventKind, OfferEvent
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.phone import PhonePage, PhoneStage, PhoneView, stage_of
from desk.ui.parts.qrcard import QrState
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords
from tests.ui import samples
from tests.ui.officer import words_seen

TROUBLES = TroubleWords()
READ = samples.event(EventKind.FETCHED, "10:39:12")
AGAIN = samples.event(EventKind.FETCHED_AGAIN, "10:39:40")
WRONG = samples.event(EventKind.CODE_WRONG, "10:40:05", tries_left=3)
RIGHT = samples.event(EventKind.CODE_RIGHT, "10:40:20")
KEY = samples.event(EventKind.KEY_RECEIVED, "10:40:22")
EXPIRED = samples.event(EventKind.EXPIRED, "10:48:02")
HERE = samples.here("10:38:30")
OFFERED = samples.offered_case()
SIGNING = samples.offered_case(State.SIGNING)
APPROVED = samples.checked_case(State.APPROVED)
HELD = replace(APPROVED, held="qr_read_twice")
DELIVERED = samples.offered_case(State.DELIVERED, issued=samples.issued())
PROVEN = samples.offered_case(State.PROVEN, issued=samples.issued())


@pytest.fixture
def phone(look: Look, qtbot: QtBot) -> PhonePage:
    page = PhonePage(look, TROUBLES)
    qtbot.addWidget(page)
    page.resize(1200, 780)
    page.show()
    return page


def type_pin(page: PhonePage, digits: str = "135790") -> None:
    QTest.keyClicks(page.now.pin.dots, digits)


@pytest.mark.parametrize(
    ("case", "events", "more", "stage"),
    [
        (APPROVED, (), {}, PhoneStage.PIN_PENDING),
        (APPROVED, (), {"placing": True}, PhoneStage.PLACING),
        (OFFERED, (), {}, PhoneStage.WAITING),
        (OFFERED, (READ,), {}, PhoneStage.SCANNED),
        (OFFERED, (READ, WRONG), {}, PhoneStage.WRONG_PIN),
        (OFFERED, (READ, WRONG, RIGHT), {}, PhoneStage.SCANNED),
        (SIGNING, (READ, RIGHT, KEY), {}, PhoneStage.SIGN),
        (SIGNING, (READ, RIGHT, KEY), {"signing": True}, PhoneStage.SIGNING),
        (replace(SIGNING, issued=samples.issued()), (READ,), {}, PhoneStage.SENDING),
        (DELIVERED, (), {}, PhoneStage.DELIVERED),
        (replace(DELIVERED, held="not_proven"), (), {}, PhoneStage.DELIVERED),
        (PROVEN, (), {}, PhoneStage.DELIVERED),
        (APPROVED, (READ, EXPIRED), {}, PhoneStage.ENDED),
        (APPROVED, (), {"voided": "expired"}, PhoneStage.ENDED),
        (APPROVED, (READ, WRONG), {"voided": "tries"}, PhoneStage.VOIDED),
        (HELD, (READ, AGAIN), {}, PhoneStage.ALARM),
        (replace(APPROVED, state=State.CANCELLED), (), {}, PhoneStage.ENDED),
    ],
)
def test_the_stage_follows_case_and_events(
    case: Case, events: tuple[OfferEvent, ...], more: dict[str, object], stage: PhoneStage
) -> None:
    assert stage_of(PhoneView(HERE, case, events, **more)) is stage  # type: ignore[arg-type]


def test_a_qr_whose_time_is_over_has_ended_before_the_service_says_so() -> None:
    late = samples.here("10:48:02")

    assert stage_of(PhoneView(late, OFFERED)) is PhoneStage.ENDED


# The QR
def test_the_first_fetch_takes_the_qr_away_and_forgets_its_text(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, OFFERED))
    assert phone.qr.place.state is QrState.LIVE

    phone.render(PhoneView(HERE, OFFERED, (READ,)))

    assert phone.qr.place.state is QrState.USED
    assert phone.qr.place.qr.side == 0


@pytest.mark.parametrize(
    ("uri", "leads"), [("openid-credential-offer://?x=1", False), ("https://x.example/go", True)]
)
def test_the_phones_own_camera_is_spoken_of_only_where_it_opens_the_qr(
    phone: PhonePage, uri: str, leads: bool
) -> None:
    assert OFFERED.offer is not None
    case = replace(OFFERED, offer=replace(OFFERED.offer, uri=uri))

    phone.render(PhoneView(HERE, case))

    assert ("휴대전화 카메라로" in words_seen(phone)) is leads


def test_at_the_end_of_its_time_the_qr_is_gone(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, OFFERED))
    phone.tick(1, 600)
    assert phone.qr.place.state is QrState.LIVE

    phone.tick(0, 600)

    assert phone.qr.place.state is QrState.ENDED
    assert "ENR-QR-05" in words_seen(phone)
    assert phone.footer.primary.isEnabled()


def test_the_qr_keeps_whole_pixels_and_six_at_least(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, OFFERED))
    edges = []
    for room in (716, 604, 200):
        phone.qr.set_room(room)
        edges.append((phone.qr.place.width() - 2) / 53)

    assert edges == [9, 7, 6]


def test_f11_enlarges_a_living_qr_only(phone: PhonePage, qtbot: QtBot) -> None:
    phone.render(PhoneView(HERE, OFFERED))
    with qtbot.waitSignal(phone.enlarge_requested):
        phone.enlarge()

    phone.render(PhoneView(HERE, OFFERED, (READ,)))
    with qtbot.assertNotEmitted(phone.enlarge_requested):
        phone.enlarge()


def test_before_the_issuance_pin_only_the_number_of_digits_is_told(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, APPROVED, pin_digits=3))

    assert phone.qr.place.state is QrState.PENDING
    assert "발급 비밀번호를 기다립니다" in words_seen(phone)
    assert "6자리 가운데 3자리" in words_seen(phone)


# Signing
def test_enter_in_the_pin_field_hands_the_pin_over_and_empties_the_field(
    phone: PhonePage, qtbot: QtBot
) -> None:
    phone.render(PhoneView(HERE, SIGNING, (READ, RIGHT, KEY), tries=3))
    type_pin(phone)
    with qtbot.waitSignal(phone.sign_requested) as given:
        QTest.keyClick(phone.now.pin.dots, Qt.Key.Key_Return)

    assert given.args == [bytearray(b"135790"), False]
    assert phone.now.pin.dots.count() == 0


def test_the_pin_may_come_before_the_key_and_is_not_asked_twice(
    phone: PhonePage, qtbot: QtBot
) -> None:
    phone.render(PhoneView(HERE, OFFERED, (READ,), tries=3))
    type_pin(phone)
    with qtbot.waitSignal(phone.sign_requested):
        phone.primary_key()

    phone.render(PhoneView(HERE, OFFERED, (READ,), tries=3, signing=True))

    assert not phone.now.pin.isVisible()
    assert "받아 둠" in words_seen(phone)
    with qtbot.assertNotEmitted(phone.sign_requested):
        phone.primary_key()


def test_a_pin_too_short_signs_nothing(phone: PhonePage, qtbot: QtBot) -> None:
    phone.render(PhoneView(HERE, SIGNING, (READ,), tries=3))
    type_pin(phone, "1357")

    assert not phone.footer.primary.isEnabled()
    with qtbot.assertNotEmitted(phone.sign_requested):
        QTest.keyClick(phone.now.pin.dots, Qt.Key.Key_Return)
        phone.primary_key()


def test_the_last_try_needs_a_consent_that_outlives_a_redraw(
    phone: PhonePage, qtbot: QtBot
) -> None:
    view = PhoneView(HERE, SIGNING, (READ,), tries=1, wrong=True)
    phone.render(view)
    type_pin(phone)
    with qtbot.assertNotEmitted(phone.sign_requested):
        phone.primary_key()
    consent = next(
        box
        for box in phone.now.pin.findChildren(QAbstractButton)
        if box.isCheckable() and box.isVisible()
    )
    consent.setChecked(True)

    phone.render(replace(view, here=samples.here("10:38:35")))

    with qtbot.waitSignal(phone.sign_requested) as given:
        phone.primary_key()
    assert given.args[1] is True


def test_without_the_card_typed_digits_are_wiped_and_the_reason_stands_there(
    phone: PhonePage,
) -> None:
    phone.render(PhoneView(HERE, SIGNING, (READ,), tries=3))
    type_pin(phone, "1357")

    phone.render(PhoneView(HERE, SIGNING, (READ,), tries=3, card_present=False))

    assert phone.now.pin.dots.count() == 0
    assert not phone.now.pin.dots.isEnabled()
    assert not phone.footer.primary.isEnabled()


def test_a_wrong_card_pin_stands_under_its_field_and_not_in_a_banner_too(
    phone: PhonePage,
) -> None:
    spoken = TROUBLES.of("CARD-02", "ko")
    phone.render(PhoneView(HERE, SIGNING, (READ,), tries=2, wrong=True, trouble=spoken))

    assert phone.banner.isHidden()
    assert "PIN이 맞지 않습니다" in words_seen(phone)


def test_a_due_pin_field_takes_the_focus_unless_somebody_types(look: Look, qtbot: QtBot) -> None:
    page, shell, elsewhere = PhonePage(look, TROUBLES), Shell(look), QLineEdit()
    qtbot.addWidget(shell)
    elsewhere.setParent(shell)
    shell.add_page(page)
    page.render(PhoneView(HERE, OFFERED))
    shell.show_page(page)
    with qtbot.waitActive(shell):
        shell.show()
    elsewhere.show()
    elsewhere.setFocus()
    page.render(PhoneView(HERE, OFFERED, (READ,), tries=3))
    assert QApplication.focusWidget() is elsewhere

    page.render(PhoneView(HERE, OFFERED))
    page.footer.setFocus()
    elsewhere.clearFocus()
    page.render(PhoneView(HERE, OFFERED, (READ,), tries=3))

    assert QApplication.focusWidget() is page.now.pin.dots


# What goes wrong
def test_a_wrong_issuance_pin_says_how_often_and_offers_a_new_one(
    phone: PhonePage, qtbot: QtBot
) -> None:
    phone.render(PhoneView(HERE, OFFERED, (READ, WRONG)))

    assert "5번 중 2번" in words_seen(phone)
    assert "2번 틀림 · 3번 남음" in words_seen(phone)
    assert "ENR-PIN-02" in words_seen(phone)
    with qtbot.waitSignal(phone.new_pin_requested):
        phone.now.new_pin.emit()


def test_after_an_alarm_a_reason_comes_before_the_new_qr(phone: PhonePage, qtbot: QtBot) -> None:
    view = PhoneView(HERE, HELD, (READ, AGAIN), last_offer=samples.offer())
    phone.render(view)
    assert phone.qr.place.state is QrState.BLOCKED
    assert not phone.footer.primary.isEnabled()
    with qtbot.assertNotEmitted(phone.new_qr_requested):
        phone.primary_key()

    with qtbot.waitSignal(phone.alarm_reason_chosen) as chosen:
        QTest.keyClick(phone.now.reason, Qt.Key.Key_Down)
        phone.now.reason.activated.emit(phone.now.reason.currentIndex())

    assert chosen.args == ["two_own_phones"]
    phone.render(replace(view, alarm_reason="two_own_phones"))
    with qtbot.waitSignal(phone.new_qr_requested):
        phone.primary_key()


def test_after_an_alarm_nothing_that_did_not_happen_looks_done(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, HELD, (READ, AGAIN), last_offer=samples.offer()))

    glyphs = [line.sign.glyph for line in phone.progress._rows]
    assert glyphs[2] is Glyph.FAILED
    assert set(glyphs[3:]) == {Glyph.NOT_DONE}


def ended_after(state: State, now: State = State.APPROVED, **changes: object) -> Case:
    """The case back in ``now``, after its offer came as far as ``state``."""
    case = samples.offered_case(state)
    history = (*case.history, Step(now, samples.local("10:39:55")))
    return replace(case, state=now, history=history, offer=None, **changes)  # type: ignore[arg-type]


def rows(page: PhonePage) -> list[tuple[Glyph, str]]:
    return [(one.sign.glyph, one.detail.text()) for one in page.progress._rows]


STOPPED, UNKNOWN = (Glyph.NOT_DONE, "멈춤"), (Glyph.UNDECIDED, "알 수 없음")
READ_TWICE, DONE = (Glyph.FAILED, "휴대전화 2대가 읽음"), (Glyph.PASSED, "")


@pytest.mark.parametrize(
    ("came_to", "told"),
    [
        (State.OFFERED, [DONE, READ_TWICE, UNKNOWN, UNKNOWN, STOPPED, STOPPED]),
        (State.SIGNING, [DONE, READ_TWICE, DONE, DONE, UNKNOWN, STOPPED]),
    ],
)
def test_of_an_alarm_of_before_the_start_nothing_is_said_not_to_have_happened(
    phone: PhonePage, came_to: State, told: list[tuple[Glyph, str]]
) -> None:
    """QR, PIN and key were «stopped» above «read by two phones»: the officer chooses the reason by
    these rows, and answers for it."""
    phone.render(PhoneView(HERE, ended_after(came_to, held="qr_read_twice")))

    assert rows(phone)[1:] == told
    assert phone.progress._rows[1].time.text() == "10:38:00"
    assert "닫은 시각\n10:39:55" in words_seen(phone)


def test_what_was_signed_before_an_alarm_is_not_stopped(phone: PhonePage) -> None:
    case = ended_after(State.SIGNING, held="qr_read_twice")
    events = (READ, RIGHT, KEY, AGAIN)
    offer, issued = samples.offer(), samples.issued()
    phone.render(PhoneView(HERE, case, events, last_offer=offer, last_issued=issued))

    assert rows(phone)[5:] == [(Glyph.PASSED, "2종 서명함"), STOPPED]
    assert "닫은 시각" not in words_seen(phone)


def test_before_the_next_qr_the_rows_tell_nothing_of_the_last_one(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, ended_after(State.SIGNING)))

    assert {glyph for glyph, _ in rows(phone)[1:]} == {Glyph.WAITING}


def test_a_qr_whose_time_is_over_while_the_service_is_away_may_have_been_read(
    phone: PhonePage,
) -> None:
    phone.render(PhoneView(samples.here("10:48:02"), OFFERED, unheard=True))

    assert rows(phone)[2:] == [UNKNOWN, UNKNOWN, UNKNOWN, STOPPED, STOPPED]


def test_a_case_that_was_cancelled_after_its_delivery_was_delivered(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, ended_after(State.DELIVERED, State.CANCELLED), read_only=True))

    assert {glyph for glyph, _ in rows(phone)} == {Glyph.PASSED}


def test_a_service_that_is_away_shows_a_banner_over_what_is_kept(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, OFFERED, trouble=TROUBLES.of("ENROLL-01", "ko")))

    assert not phone.banner.isHidden()
    assert phone.qr.place.state is QrState.LIVE


def test_the_ways_out_leave_as_signals(phone: PhonePage, qtbot: QtBot) -> None:
    phone.render(PhoneView(HERE, OFFERED))
    stop, cannot = phone.footer.controls()[:2]
    with qtbot.waitSignal(phone.stop_case):
        stop.click()  # type: ignore[attr-defined]
    with qtbot.waitSignal(phone.cancel_requested):
        cannot.click()  # type: ignore[attr-defined]


def test_looking_back_changes_nothing(phone: PhonePage, qtbot: QtBot) -> None:
    phone.render(PhoneView(HERE, PROVEN, (READ, RIGHT, KEY), read_only=True))

    assert len(phone.footer.controls()) == 1
    with qtbot.assertNotEmitted(phone.new_qr_requested), qtbot.waitSignal(phone.go_on):
        phone.primary_key()

"""From the QR to a usable ID, through the window's own signals, with a wallet by script."""

from __future__ import annotations

import threading

import pytest

from desk.credential.statuslist import Status
from desk.ui.phone.snapshot import Again, CardState, Page, Stage
from tests.ui.phone.conftest import CHECK, Held
from tests.ui.phone.fakes import (
    CheckOver,
    FakeOffer,
    TakesTooLong,
    Unreachable,
    Used,
)


def test_a_whole_redeem_and_the_proof(phone: Held) -> None:
    """Prepared after receiving, still prepared after presenting, usable only by the list."""
    phone.wallet.gate.clear()
    phone.scan(Page.OFFER)
    assert phone.control.screen.offer is not None
    assert phone.control.screen.offer.issuer == "issue.example.org"
    phone.window.offer_accepted.emit()
    phone.type_pin("482915")
    phone.qtbot.waitUntil(
        lambda: (
            (view := phone.control.screen.progress) is not None
            and view.stage is Stage.SIGNATURE
            and view.waiting
        )
    )

    phone.wallet.gate.set()
    phone.until(Page.CARD)
    (card,) = phone.control.screen.cards
    assert (card.state, card.hangul, card.latin) == (CardState.PREPARED, "김하늘", "KIM HANEUL")
    assert card.formats == ("mdoc", "SD-JWT VC")

    phone.qr[0] = CHECK
    phone.scan(Page.REQUEST)
    request = phone.control.screen.request
    assert request is not None
    assert request.verifier == "훈련 창구 1, 로스앤젤레스"
    assert [line.element for line in request.asked] == ["family_name", "portrait"]
    phone.window.present_accepted.emit()
    phone.until(Page.SENT)
    assert phone.control.screen.card is not None
    assert phone.control.screen.card.state is CardState.PREPARED

    phone.wallet.say_all(Status.VALID)
    phone.qtbot.waitUntil(lambda: phone.control.screen.cards[0].state is CardState.USABLE)
    assert phone.control.screen.card.state is CardState.USABLE


def test_the_wallet_lives_in_one_thread_of_its_own(phone: Held) -> None:
    phone.receive()

    assert len(phone.wallet.threads) == 1
    assert threading.current_thread().name not in phone.wallet.threads


def test_a_wrong_pin_may_be_tried_again(phone: Held) -> None:
    phone.scan(Page.OFFER)
    phone.window.offer_accepted.emit()
    phone.type_pin("111111")

    phone.qtbot.waitUntil(lambda: phone.control.screen.pin.wrong)

    assert phone.control.screen.page is Page.PIN
    assert phone.control.screen.pin.tries_left == 4
    phone.type_pin("482915")
    phone.until(Page.CARD)


def test_the_pin_is_wiped_before_the_wallet_answers(phone: Held) -> None:
    given: list[bytearray] = []
    phone.window.pin_entered.connect(given.append)

    phone.receive()

    assert given == [bytearray(6)]
    assert phone.window._digits.count == 0


def test_an_offer_without_a_pin_goes_straight_on(phone: Held) -> None:
    phone.wallet.offer = FakeOffer(needs_pin=False)
    phone.scan(Page.OFFER)

    phone.window.offer_accepted.emit()

    phone.until(Page.CARD)


def test_no_qr_on_the_desk_is_said_on_the_home_page(phone: Held) -> None:
    phone.qr[0] = None

    phone.window.scan_requested.emit("")

    assert phone.control.screen.page is Page.HOME
    assert phone.control.screen.no_qr
    assert phone.wallet.calls == []


def test_the_text_of_a_qr_is_read_as_given(phone: Held) -> None:
    phone.qr[0] = None

    phone.window.scan_requested.emit("openid-credential-offer://?y=2")

    phone.until(Page.OFFER)


def test_declining_sends_the_refusal_alone(phone: Held) -> None:
    phone.receive()
    phone.qr[0] = CHECK
    phone.scan(Page.REQUEST)

    phone.window.present_declined.emit()

    phone.until(Page.DECLINED)
    assert "present" not in phone.wallet.calls


def trouble(phone: Held) -> tuple[str, Again]:
    phone.until(Page.TROUBLE)
    shown = phone.control.screen.trouble
    assert shown is not None
    return shown.code, shown.again


def test_an_unreachable_service_is_asked_the_same_again(phone: Held) -> None:
    phone.wallet.troubles = {"scan": [Unreachable()]}
    phone.window.scan_requested.emit("")
    assert trouble(phone) == ("PHONE-02", Again.SAME)

    phone.qr[0] = None
    phone.window.retry.emit()

    phone.until(Page.OFFER)


def test_unreachable_at_the_pin_asks_for_the_pin_again(phone: Held) -> None:
    phone.wallet.troubles = {"redeem": [Unreachable()]}
    phone.scan(Page.OFFER)
    phone.window.offer_accepted.emit()
    phone.type_pin("482915")
    assert trouble(phone) == ("PHONE-02", Again.PIN)

    phone.window.retry.emit()
    phone.until(Page.PIN)
    phone.type_pin("482915")

    phone.until(Page.CARD)


def test_a_late_credential_is_asked_for_again(phone: Held) -> None:
    phone.wallet.troubles = {"redeem": [TakesTooLong()]}
    phone.scan(Page.OFFER)
    phone.window.offer_accepted.emit()
    phone.type_pin("482915")
    assert trouble(phone) == ("PHONE-10", Again.CHECK)

    phone.window.retry.emit()

    phone.until(Page.CARD)
    assert "resume" in phone.wallet.calls
    assert len(phone.control.screen.cards) == 1


def test_a_used_offer_leaves_only_the_way_home(phone: Held) -> None:
    phone.wallet.troubles = {"scan": [Used()]}

    phone.window.scan_requested.emit("")

    assert trouble(phone) == ("PHONE-04", Again.NOTHING)
    phone.window.home_wanted.emit()
    assert phone.control.screen.page is Page.HOME


def test_a_check_that_is_over_is_scanned_again(phone: Held) -> None:
    phone.receive()
    phone.qr[0] = CHECK
    phone.scan(Page.REQUEST)
    phone.wallet.troubles = {"present": [CheckOver()]}

    phone.window.present_accepted.emit()

    assert trouble(phone) == ("PHONE-13", Again.SCAN)
    phone.window.retry.emit()
    phone.until(Page.REQUEST)


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        (Status.SUSPENDED, CardState.SUSPENDED),
        (Status.INVALID, CardState.REVOKED),
        (None, CardState.UNKNOWN),
        (Status.VALID, CardState.USABLE),
    ],
)
def test_what_the_list_says_of_a_usable_id(
    phone: Held, then: Status | None, shown: CardState
) -> None:
    phone.receive()
    phone.wallet.say_all(Status.VALID)
    (card,) = phone.control.screen.cards
    phone.window.card_opened.emit(card.card_id)
    phone.qtbot.waitUntil(lambda: phone.control.screen.cards[0].state is CardState.USABLE)

    phone.wallet.statuses = dict.fromkeys(phone.wallet.statuses, then)
    phone.wallet.calls.clear()
    phone.qtbot.waitUntil(lambda: not phone.control._asking)
    phone.window.retry.emit()
    phone.qtbot.waitUntil(lambda: not phone.control._asking and "status" in phone.wallet.calls)

    assert phone.control.screen.cards[0].state is shown


def test_one_valid_format_of_two_is_not_usable(phone: Held) -> None:
    phone.receive()
    phone.qtbot.waitUntil(lambda: not phone.control._asking)
    first = phone.wallet.kept[0].card_id
    phone.wallet.statuses[first] = Status.VALID

    phone.window.retry.emit()
    phone.qtbot.waitUntil(lambda: not phone.control._asking)

    assert phone.control.screen.cards[0].state is CardState.PREPARED


def test_an_unreadable_list_leaves_a_new_id_prepared(phone: Held) -> None:
    phone.receive()
    phone.qtbot.waitUntil(lambda: not phone.control._asking)
    phone.wallet.troubles = {"status": [Unreachable(), Unreachable()]}

    phone.window.retry.emit()
    phone.qtbot.waitUntil(lambda: not phone.control._asking)

    assert phone.control.screen.cards[0].state is CardState.PREPARED


def test_an_unread_list_is_asked_for_again_by_itself(phone: Held) -> None:
    phone.receive()
    phone.wallet.say_all(Status.VALID)
    phone.window.retry.emit()
    phone.qtbot.waitUntil(lambda: phone.control.screen.cards[0].state is CardState.USABLE)

    phone.wallet.say_all(None)
    phone.window.retry.emit()
    phone.qtbot.waitUntil(lambda: phone.control.screen.cards[0].state is CardState.UNKNOWN)
    phone.wallet.say_all(Status.VALID)

    phone.qtbot.waitUntil(lambda: phone.control.screen.cards[0].state is CardState.USABLE)


def test_a_second_offer_is_a_second_id(phone: Held) -> None:
    phone.receive()
    phone.window.home_wanted.emit()
    phone.receive()

    assert len(phone.control.screen.cards) == 2


def test_closing_while_receiving_leaves_no_thread(phone: Held) -> None:
    """The fixture of all tests looks for threads; here the wallet is still waiting."""
    phone.wallet.gate.clear()
    phone.scan(Page.OFFER)
    phone.window.offer_accepted.emit()
    phone.type_pin("482915")
    phone.until(Page.PROGRESS)

    phone.control.close()

    assert not [t for t in threading.enumerate() if t.name in phone.wallet.threads]


def test_a_bug_is_told_and_the_phone_goes_on(phone: Held) -> None:
    phone.wallet.troubles = {"scan": [ZeroDivisionError()]}
    phone.window.scan_requested.emit("")

    assert trouble(phone) == ("PHONE-00", Again.NOTHING)

    assert [type(bug) for bug in phone.bugs] == [ZeroDivisionError]
    phone.bugs.clear()
    phone.window.home_wanted.emit()
    phone.scan(Page.OFFER)

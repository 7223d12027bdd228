"""The dialogs that work on a card: what they ask for before anything can be given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from desk.cards.piv_data import KeyType, Slot
from desk.counter.provisioning import REQUESTED
from desk.ui.card_pin import CardPinDialog, CardPinView
from desk.ui.card_work import CardWork, CardWorkView, InstallDialog, RequestDialog
from desk.ui.dialogs import Dialog
from desk.ui.look import Look
from desk.ui.two_cards import PresentCard, Stage, TwoCardsDialog
from tests.ui.officer import drop
from tests.ui.scenes import TROUBLES

KEY = "010203040506070801020304050607080102030405060708"
VIEW = CardWorkView(REQUESTED, Slot.SIGNATURE, 3, management_key=KEY)
FACTS = {"subject": "CN=A", "issuer": "CN=B", "until": "2028-02-20"}


@pytest.fixture
def dialogs(qtbot: QtBot) -> Iterator[list[RequestDialog | InstallDialog]]:
    opened: list[RequestDialog | InstallDialog] = []
    yield opened
    for dialog in opened:
        drop(dialog)


def request(
    look: Look, dialogs: list[RequestDialog | InstallDialog], view: CardWorkView = VIEW
) -> RequestDialog:
    dialog = RequestDialog(look, None, view)
    dialogs.append(dialog)
    dialog.show()
    return dialog


def given(dialog: RequestDialog | InstallDialog) -> list[CardWork]:
    works: list[CardWork] = []
    dialog.given.connect(works.append)
    return works


def test_everything_is_handed_over_once_and_the_field_is_empty_then(
    look: Look, qtbot: QtBot, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = request(look, dialogs)
    works = given(dialog)

    qtbot.keyClicks(dialog.pin, "123456")
    dialog.organisation.setText(" MOFA ")
    dialog.act.click()

    assert works == [
        CardWork(
            Slot.SIGNATURE,
            bytearray(b"123456"),
            bytes.fromhex(KEY),
            last_try=False,
            key_type=KeyType.P256,
            organisation="MOFA",
        )
    ]
    assert dialog.pin.count() == 0


def test_the_act_waits_for_pin_and_management_key(
    look: Look, qtbot: QtBot, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = request(look, dialogs, replace(VIEW, management_key=""))
    works = given(dialog)

    qtbot.keyClicks(dialog.pin, "123456")
    assert not dialog.act.isEnabled()
    dialog.management.setText("zz" * 24)
    dialog.act.click()
    assert works == [] and dialog.problem.accessibleName()
    dialog.management.setText(KEY)
    assert dialog.act.isEnabled()
    dialog.pin.wipe()
    qtbot.keyClicks(dialog.pin, "12345")
    assert not dialog.act.isEnabled()


def test_a_certificate_still_good_is_replaced_only_on_the_officers_word(
    look: Look, qtbot: QtBot, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = request(look, dialogs, replace(VIEW, in_use=frozenset({Slot.SIGNATURE})))
    works = given(dialog)
    qtbot.keyClicks(dialog.pin, "123456")
    assert dialog.over_old.isVisible() and not dialog.act.isEnabled()

    dialog.slot.setCurrentIndex(dialog.slot.findData(Slot.AUTHENTICATION.name))
    dialog.slot.chosen.emit(Slot.AUTHENTICATION.name)
    assert not dialog.over_old.isVisible() and dialog.act.isEnabled()
    dialog.slot.setCurrentIndex(dialog.slot.findData(Slot.SIGNATURE.name))
    dialog.slot.chosen.emit(Slot.SIGNATURE.name)
    dialog.over_old.click()
    dialog.act.click()

    assert [(work.slot, work.over_old) for work in works] == [(Slot.SIGNATURE, True)]


def test_the_last_try_is_never_used_without_consent(
    look: Look, qtbot: QtBot, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = InstallDialog(look, None, replace(VIEW, tries=2), FACTS)
    dialogs.append(dialog)
    dialog.show()
    works = given(dialog)
    qtbot.keyClicks(dialog.pin, "123456")
    dialog.act.click()
    dialog.show_busy()

    dialog.show_trouble(TROUBLES.of("CARD-02", "ko", {"tries_left": 1}), 1)
    qtbot.keyClicks(dialog.pin, "123456")
    assert dialog.consent.isVisible() and not dialog.act.isEnabled()
    dialog.consent.click()
    dialog.act.click()

    assert [work.last_try for work in works] == [False, True]


def test_on_a_pin_pad_nothing_is_typed_here(
    look: Look, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = request(look, dialogs, replace(VIEW, on_pad=True))
    works = given(dialog)

    assert not dialog.pin.isVisible()
    dialog.act.click()

    assert [work.pin for work in works] == [None]


def test_leaving_wipes_both_secrets(
    look: Look, qtbot: QtBot, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = request(look, dialogs)
    qtbot.keyClicks(dialog.pin, "123456")

    dialog.reject()

    assert dialog.pin.count() == 0
    assert dialog.management.text() == ""


def test_what_goes_onto_the_card_is_said_before_the_pin(
    look: Look, dialogs: list[RequestDialog | InstallDialog]
) -> None:
    dialog = InstallDialog(look, None, VIEW, FACTS)
    dialogs.append(dialog)

    for words in FACTS.values():
        assert words in dialog.accessibleDescription()
    assert "3회" in dialog.accessibleDescription()


def two_cards(look: Look) -> TwoCardsDialog:
    dialog = TwoCardsDialog(look, None, "기록 카드", Stage("첫 카드", "허락"))
    dialog.show_card(PresentCard("d6a1", 3))
    return dialog


MADE = (
    lambda look: RequestDialog(look, None, VIEW),
    lambda look: CardPinDialog(look, None, CardPinView(blocked=False, tries=3)),
    two_cards,
)


TRIES: dict[type[Dialog], tuple[int, ...]] = {
    RequestDialog: (2,),
    CardPinDialog: (2,),
    TwoCardsDialog: (),
}


@pytest.mark.parametrize("make", MADE, ids=["request", "pin", "two-cards"])
def test_after_a_refusal_the_next_key_is_the_pins(
    look: Look, qtbot: QtBot, make: Callable[[Look], Dialog]
) -> None:
    """While the card is asked the fields are off: the focus went on to «leave it»."""
    dialog = make(look)
    qtbot.addWidget(dialog)
    dialog.show()
    pin = dialog.old if isinstance(dialog, CardPinDialog) else dialog.pin
    pin.setFocus()
    qtbot.keyClicks(pin, "123456")

    dialog.show_busy()
    dialog.show_trouble(TROUBLES.of("CARD-02", "ko", {"tries_left": 2}), *TRIES[type(dialog)])

    assert dialog.focusWidget() is pin and pin.count() == 0


def test_the_second_card_finds_its_pin_ready(look: Look, qtbot: QtBot) -> None:
    dialog = two_cards(look)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.pin.setFocus()

    dialog.show_busy()
    dialog.show_stage(Stage("둘째 카드", "마치기"))
    assert dialog.focusWidget() is dialog, "the next Space would leave it"
    dialog.show_card(PresentCard("77aa", 3))

    assert dialog.focusWidget() is dialog.pin

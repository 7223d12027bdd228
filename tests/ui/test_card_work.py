"""The dialogs that work on a card: what they ask for before anything can be given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from desk.cards.piv_data import KeyType, Slot
from desk.counter.provisioning import REQUESTED
from desk.ui.card_work import CardWork, CardWorkView, InstallDialog, RequestDialog
from desk.ui.look import Look
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

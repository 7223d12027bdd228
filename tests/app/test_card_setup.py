"""A card made ready in the window: key and request, certificate, wrong ones, PIN, lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.cards.piv import PivSession
from desk.cards.piv_data import KeyType, Slot
from desk.counter.provisioning import State
from desk.counter.settings import load_settings
from desk.store.waiting import FILE_NAME
from desk.training.card_authority import certify, revocation_list
from desk.ui.card_work import CardWorkDialog, RequestDialog
from desk.ui.control.card_setup import CardSetup
from desk.ui.lanes import Lane
from desk.ui.pages.card_setup import CardSetupPage
from tests.ui.officer import drop_all

PATIENCE_MS = 60_000


class Administrator:
    """Somebody at the page of the officer's card, before anybody has signed in."""

    def __init__(self, stage: Stage, bot: QtBot, folder: Path) -> None:
        self.stage, self.program, self._bot, self.folder = stage, stage.program, bot, folder
        self.control: CardSetup = stage.program.set_up.card_setups[1]
        self.control.ask_place = lambda name: str(folder / name)
        self.control.ask_file = lambda _what: str(folder / "certificate.pem")

    @property
    def page(self) -> CardSetupPage:
        page = self.program.shell.front
        assert isinstance(page, CardSetupPage)
        return page

    def until(self, condition: Callable[[], bool]) -> None:
        self._bot.waitUntil(condition, timeout=PATIENCE_MS)

    def at_the_card(self) -> None:
        self.program.pages.sign_in.check_devices.emit()
        self.program.set_up.outside.page.section_chosen.emit("card")
        self.until(lambda: self.control._card is not None and not self.control._reading)

    def dialog(self, work: str) -> CardWorkDialog:
        self.page.work_asked.emit(work)
        self.until(lambda: self.control.dialog is not None)
        assert self.control.dialog is not None
        return self.control.dialog

    def give(self, dialog: CardWorkDialog, pin: str = TRAINING_PIN) -> None:
        self._bot.keyClicks(dialog.pin, pin)
        self._bot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)

    def done(self) -> str:
        return self.control._done[0]

    def state(self, slot: Slot) -> State:
        card = self.control._card
        assert card is not None
        return next(one.state for one in card.slots if one.slot is slot)

    def request(self) -> Path:
        dialog = self.dialog("request")
        assert isinstance(dialog, RequestDialog)
        dialog.key_type.setCurrentIndex(dialog.key_type.findData(KeyType.P384.name))
        if not dialog.over_old.isHidden():
            dialog.over_old.click()
        self.give(dialog)
        self.until(lambda: self.control.dialog is None and self.done() == "request")
        self.until(lambda: not self.control._reading)
        return self.folder / "officer-card.csr"

    def signed(self, request: Path) -> bytes:
        """The training authority's answer, in the file that the page will be given."""
        station = self.stage.rehearsal.station
        answer = certify(self.stage.rehearsal.authority, request.read_bytes(), station.now())
        (self.folder / "certificate.pem").write_bytes(answer)
        return answer


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, qapp: QApplication) -> Iterator[Stage]:
    home = Home.make(tmp_path_factory.mktemp("home"))
    front = make_front(load_settings(home.training.settings), training=True)
    stage = Stage(front, open_rehearsal(home, whole=False))
    stage.show_windows()
    # Threads of lanes start with their first job: all of them belong to the whole module.
    for lane in Lane:
        stage.program.lanes.run(lane, lambda: None)
    yield stage
    stage.close()
    drop_all()


@pytest.fixture
def administrator(stage: Stage, qtbot: QtBot, tmp_path: Path) -> Iterator[Administrator]:
    """With the first officer's card as it was issued."""
    for kept in stage.rehearsal.station.home.glob("card-*.json"):
        kept.unlink()
    administrator = Administrator(stage, qtbot, tmp_path)
    stage.insert_card()
    administrator.until(lambda: stage.program.desk.card_present)
    administrator.at_the_card()
    yield administrator
    if administrator.control.dialog is not None:
        administrator.control.dialog.reject()
    stage.pull_card()
    administrator.until(lambda: not stage.program.desk.card_present)
    administrator.until(lambda: not administrator.control._reading)


def test_a_key_its_request_and_its_certificate_go_the_whole_way_in_the_window(
    administrator: Administrator,
) -> None:
    """Nothing but the card ever has the key; the page tells each step's end."""
    request = administrator.request()
    assert administrator.state(Slot.SIGNATURE) is State.EMPTY
    administrator.signed(request)

    administrator.give(administrator.dialog("install"))
    administrator.until(lambda: administrator.done() == "install")
    administrator.until(lambda: administrator.state(Slot.SIGNATURE).is_usable)

    station = administrator.stage.rehearsal.station
    with station.roles.piv_card() as session:
        assert isinstance(session, PivSession)
        signature = session.verify_and_sign(
            Slot.SIGNATURE, b"anything", bytearray(TRAINING_PIN, "ascii"), KeyType.P384
        )
    assert len(signature) > 96
    assert b"PRIVATE" not in request.read_bytes()


def test_a_certificate_for_another_key_is_refused_before_anything_is_written(
    administrator: Administrator,
) -> None:
    administrator.signed(administrator.request())
    administrator.request()

    dialog = administrator.dialog("install")
    administrator.give(dialog)

    administrator.until(lambda: "CARD-33" in dialog.problem.accessibleName())
    assert administrator.state(Slot.SIGNATURE) is State.EMPTY
    assert dialog.pin.count() == 0


def test_a_wrong_pin_costs_a_try_that_the_dialog_tells_and_makes_no_key(
    administrator: Administrator,
) -> None:
    dialog = administrator.dialog("request")
    assert isinstance(dialog, RequestDialog)
    dialog.over_old.click()

    administrator.give(dialog, "999999")

    administrator.until(lambda: "CARD-02" in dialog.problem.accessibleName())
    dialog.reject()
    administrator.until(lambda: not administrator.control._reading)
    card = administrator.control._card
    assert card is not None and card.pin.tries_left == 2
    assert administrator.state(Slot.SIGNATURE).is_usable
    assert not (administrator.folder / "officer-card.csr").exists()


def test_a_request_that_could_not_be_saved_is_kept_and_saved_elsewhere(
    administrator: Administrator,
) -> None:
    """Its key is in the card already: losing the request would mean another key."""
    taken = administrator.folder / "officer-card.csr"
    taken.mkdir()
    dialog = administrator.dialog("request")
    assert isinstance(dialog, RequestDialog)
    dialog.over_old.click()
    administrator.give(dialog)
    administrator.until(lambda: administrator.control._kept is not None)
    administrator.until(lambda: administrator.page.banner.code.text() == "CARD-37")
    assert administrator.page._works["request"].second.isVisible()

    administrator.control.ask_place = lambda _name: str(administrator.folder / "other.csr")
    administrator.page.work_asked.emit("resave")
    administrator.until(lambda: administrator.done() == "request")

    assert (administrator.folder / "other.csr").read_bytes().startswith(b"-----BEGIN CERT")
    assert administrator.control._kept is None


def test_another_card_put_in_meanwhile_gets_no_pin(administrator: Administrator) -> None:
    dialog = administrator.dialog("request")
    assert isinstance(dialog, RequestDialog)
    dialog.over_old.click()
    administrator.stage.insert_card(1)

    administrator.give(dialog)

    administrator.until(lambda: "CARD-18" in dialog.problem.accessibleName())
    with administrator.stage.rehearsal.station.roles.piv_card() as session:
        assert session.tries_left() == 3


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").splitlines() if file.exists() else []


def test_what_was_done_with_the_card_is_in_the_log_once_the_records_are_open(
    administrator: Administrator,
) -> None:
    waiting = administrator.stage.rehearsal.station.home / FILE_NAME
    before = len(lines_of(waiting))

    administrator.request()

    administrator.until(lambda: len(lines_of(waiting)) > before)
    assert [json.loads(one)["kind"] for one in lines_of(waiting)[before:]] == ["CARD.KEY_MADE"]


def test_a_revocation_list_is_imported_and_ends_the_certificate(
    administrator: Administrator,
) -> None:
    rehearsal = administrator.stage.rehearsal
    with rehearsal.station.roles.piv_card() as session:
        der = session.certificate(Slot.SIGNATURE)
    assert der is not None
    made = revocation_list(rehearsal.authority, der, rehearsal.station.now())
    (administrator.folder / "certificate.pem").write_bytes(made)

    administrator.page.work_asked.emit("revocations")

    administrator.until(lambda: administrator.done() == "revocations")
    administrator.until(lambda: administrator.state(Slot.SIGNATURE) is State.REVOKED)

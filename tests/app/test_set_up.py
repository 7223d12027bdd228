"""The records' cards and the officers' list from the window, before anybody has signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.exceptions import TimeoutError as PytestQtTimeoutError
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, open_rehearsal
from desk.app.stage import Stage
from desk.app.training_records import recovery_card
from desk.app.window import make_front
from desk.counter.officer_list import HeldOfficers
from desk.counter.settings import load_settings
from desk.issuance.roles import Role
from desk.store.key_ring import CardKind
from desk.ui.control.records_cards import RecordsCards
from desk.ui.lanes import Lane
from desk.ui.navigation import Place
from desk.ui.two_cards import TwoCardsDialog
from tests.ui.officer import drop_all

PATIENCE_MS = 60_000


class Keeper:
    """Somebody at the records' cards, with the training cards at hand."""

    def __init__(self, stage: Stage, bot: QtBot) -> None:
        self.stage, self.program, self._bot = stage, stage.program, bot
        self.station = stage.rehearsal.station
        self.control: RecordsCards = stage.program.set_up.records_cards[1]

    def until(self, condition: Callable[[], bool]) -> None:
        try:
            self._bot.waitUntil(condition, timeout=PATIENCE_MS)
        except PytestQtTimeoutError as late:
            dialog, said = self.control.dialog, ["no dialog"]
            if dialog is not None:
                said = [dialog.tries.text(), dialog.problem.accessibleName()]
            raise AssertionError(f"{said}, done: {self.control._done!r}") from late

    def place_of(self, role: Role) -> int:
        roles = [one.role for one in self.station.officers.values()]
        return roles.index(role)

    def card(self, role: Role) -> None:
        self.stage.insert_card(self.place_of(role))

    def recovery(self) -> None:
        rehearsal, now = self.stage.rehearsal, self.station.now()
        card = recovery_card(rehearsal.authority, self.station.home, TRAINING_PIN, now)
        rehearsal.bench.insert_card(card)

    def open(self) -> None:
        self.program.set_up.outside.enter("records")
        self.until(lambda: self.control._cards is not None)

    def begin(self, work: str) -> TwoCardsDialog:
        self.control._page.work_asked.emit(work)
        assert self.control.dialog is not None
        return self.control.dialog

    def give(self, dialog: TwoCardsDialog) -> None:
        """The present card's PIN, once the dialog has seen the card."""
        self.until(lambda: dialog.card is not None)
        self._bot.keyClicks(dialog.pin, TRAINING_PIN)
        self._bot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)

    def done(self, what: str) -> None:
        self.until(lambda: self.control.dialog is None and self.control._done == what)
        before = self.control._cards
        self.control.read()
        self.until(lambda: self.control._cards is not before)

    def enrolled(self) -> dict[str, CardKind]:
        return {one.fingerprint: one.kind for one in self.station.records.cards()}

    def fingerprint(self, role: Role) -> str:
        officer = list(self.station.officers.values())[self.place_of(role)]
        cards = self.station.records.cards()
        return next(one.fingerprint for one in cards if one.holder == officer.officer_id)


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
def keeper(stage: Stage, qtbot: QtBot) -> Iterator[Keeper]:
    keeper = Keeper(stage, qtbot)
    keeper.open()
    yield keeper
    if keeper.control.dialog is not None:
        keeper.control.dialog.reject()
    stage.pull_card()
    keeper.until(lambda: not stage.program.desk.card_present)


def test_a_card_is_taken_out_and_let_in_again_by_somebody_who_may(keeper: Keeper) -> None:
    """Each card in its turn, on one reader; the records are closed again afterwards."""
    gone = keeper.fingerprint(Role.OFFICER)
    keeper.card(Role.ADMINISTRATOR)
    keeper.control._page.removal_asked.emit(gone)
    dialog = keeper.control.dialog
    assert dialog is not None
    keeper.give(dialog)
    keeper.done("remove")
    assert gone not in keeper.enrolled()

    dialog = keeper.begin("add_officer")
    keeper.give(dialog)
    keeper.until(lambda: keeper.control._allowed is not None)
    keeper.until(lambda: bool(dialog.tries.text() == keeper.control._page.say("cards_ask.same")))
    assert dialog.card is None and not dialog.act.isEnabled()
    keeper.card(Role.OFFICER)
    keeper.give(dialog)
    keeper.done("add")

    assert gone in keeper.enrolled()
    keeper.until(lambda: not keeper.station.records.is_open)


def test_another_key_opens_to_the_same_cards(keeper: Keeper) -> None:
    before = keeper.enrolled()
    keeper.card(Role.HEAD_OF_POST)

    keeper.give(keeper.begin("rotate"))
    keeper.done("rotate")

    assert keeper.enrolled() == before
    keeper.until(lambda: not keeper.station.records.is_open)


def test_an_act_begun_before_the_last_one_closed_the_records_closes_them_itself(
    keeper: Keeper,
) -> None:
    """The closing waits in its lane; the next act finds the records open, and opens them anew."""
    go_on = Event()
    keeper.card(Role.HEAD_OF_POST)
    keeper.give(keeper.begin("rotate"))
    keeper.program.desk.work(Lane.CARD, lambda: go_on.wait(PATIENCE_MS / 1000))
    keeper.until(lambda: keeper.control.dialog is None and keeper.control._done == "rotate")
    assert keeper.station.records.is_open

    dialog = keeper.begin("rotate")
    go_on.set()
    keeper.give(dialog)
    keeper.done("rotate")

    keeper.until(lambda: not keeper.station.records.is_open)


def test_whoever_may_not_is_told_before_the_pin_is_spent(keeper: Keeper) -> None:
    keeper.card(Role.OFFICER)

    dialog = keeper.begin("rotate")
    keeper.give(dialog)

    keeper.until(lambda: "OFFICER-10" in dialog.problem.accessibleName())
    assert keeper.stage.rehearsal.bench.card is not None
    assert keeper.stage.rehearsal.bench.card.pin_tries == 3
    assert dialog.pin.count() == 0


def test_the_recovery_card_allows_where_officers_cards_are_lost(keeper: Keeper) -> None:
    before = keeper.enrolled()
    keeper.recovery()

    dialog = keeper.begin("rotate")
    keeper.until(lambda: dialog.card is not None)
    dialog.by_recovery.click()
    keeper.give(dialog)
    keeper.done("rotate")

    assert keeper.enrolled() == before


def test_no_name_is_shown_before_anybody_has_signed_in(keeper: Keeper) -> None:
    names = {one.name_ko for one in keeper.station.officers.values()}

    view = keeper.control._page._view

    assert view is not None and view.cards
    assert not [line for line in view.cards if any(name in line.who for name in names)]


def test_records_are_begun_with_two_cards_and_the_first_one_signs_in(keeper: Keeper) -> None:
    """As at a new post: no ring and no records yet."""
    ring = keeper.station.home / "records.keys"
    assert ring.exists()
    for file in keeper.station.home.glob("records.*"):
        file.unlink()
    keeper.open()
    keeper.control.read()
    keeper.until(lambda: keeper.control._cards == ())
    keeper.card(Role.OFFICER)

    dialog = keeper.begin("begin")
    keeper.give(dialog)
    keeper.until(lambda: keeper.control._allowed is not None)
    keeper.recovery()
    keeper.give(dialog)
    keeper.done("begin")

    assert sorted(keeper.enrolled().values()) == [CardKind.OFFICER, CardKind.RECOVERY]
    keeper.until(lambda: not keeper.station.records.is_open)
    keeper.card(Role.OFFICER)
    keeper.until(lambda: keeper.program.desk.card_present)
    keeper.program.set_up.outside.page.back.emit()
    keeper.program.pages.sign_in.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
    keeper.until(lambda: keeper.program.shell.page is keeper.program.pages.board)


def test_locking_takes_the_dialog_and_what_was_typed_with_it(
    keeper: Keeper, tmp_path: Path
) -> None:
    desk, control = keeper.program.desk, keeper.program.set_up.card_setups[0]
    keeper.card(Role.OFFICER)
    keeper.until(lambda: desk.card_present)
    keeper.program.set_up.outside.page.back.emit()
    keeper.program.pages.locked.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
    keeper.until(lambda: desk.is_open)
    keeper.program.go_to_place(Place.SETUP)
    control._page.section_chosen.emit("card")
    keeper.until(lambda: control._card is not None and not control._reading)
    control.ask_place = lambda name: str(tmp_path / name)
    control._page.work_asked.emit("request")
    dialog = control.dialog
    assert dialog is not None
    keeper._bot.keyClicks(dialog.pin, "123")
    typed = dialog.pin._digits

    keeper.stage.pull_card()
    keeper.until(lambda: desk.is_locked)

    assert control.dialog is None
    assert typed == bytearray()
    assert keeper.program.pages.locked.isVisible()


def test_an_act_with_two_cards_locks_the_desk_and_goes_on_outside(keeper: Keeper) -> None:
    """Nobody's session is used for it."""
    desk = keeper.program.desk
    assert desk.is_locked
    keeper.card(Role.OFFICER)
    keeper.until(lambda: desk.card_present)
    keeper.program.set_up.outside.page.back.emit()
    keeper.program.pages.locked.pin_given.emit(bytearray(TRAINING_PIN, "ascii"), False)
    keeper.until(lambda: desk.is_open)

    keeper.program.set_up.records_cards[0]._page.work_asked.emit("add_officer")

    assert desk.is_locked
    assert keeper.control.dialog is not None
    assert keeper.program.shell.front is keeper.control._page
    keeper.card(Role.APPROVER)
    keeper.until(
        lambda: keeper.control.dialog is not None and keeper.control.dialog.card is not None
    )


def test_a_list_is_taken_in_and_an_older_one_refused(
    stage: Stage, qtbot: QtBot, tmp_path: Path
) -> None:
    officers = stage.rehearsal.station.officers
    assert isinstance(officers, HeldOfficers)
    control = stage.program.set_up.officer_lists[1]
    held = officers.held()
    kept = officers.source.file.read_bytes()
    again = tmp_path / "officers.jws"
    again.write_bytes(kept)
    control.ask_file = lambda: str(again)
    control.enter()

    control._page.take_asked.emit()
    qtbot.waitUntil(lambda: control._taken is not None, timeout=PATIENCE_MS)
    assert control._taken is not None and control._taken.was_there

    again.write_bytes(kept[:-10] + b"AAAAAAAAA\n")
    control._page.take_asked.emit()
    qtbot.waitUntil(lambda: control._trouble is not None, timeout=PATIENCE_MS)
    assert control._trouble is not None and control._trouble.code.startswith("OFFICER-")
    assert officers.source.file.read_bytes() == kept
    assert officers.held() == held

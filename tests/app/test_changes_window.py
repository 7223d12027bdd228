"""From a notice of the register to the credential it concerns, in the window with everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN
from desk.app.scripted import APPROVER
from desk.counter import notices
from desk.counter.station import Station
from desk.issuance.case import State, Step, open_case
from desk.issuance.eligibility import RuleOutcome
from desk.store import cases, intents, register, status
from desk.store.intents import Draft
from desk.store.status import Validity
from desk.training import applicants
from desk.ui.aftercare_dialogs import TwoCardsActDialog
from desk.ui.dialogs import ReasonDialog
from desk.ui.navigation import Place
from desk.ui.parts.text import Text
from tests.app.test_window import Trainee, open_stage
from tests.samples import ENTRY, PASSPORT
from tests.ui.officer import drop_all

NUMBER = "LA-2026-009001"


@pytest.fixture
def trainee(tmp_path: Path, qtbot: QtBot) -> Iterator[Trainee]:
    stage = open_stage(Home.make(tmp_path / "home"))
    yield Trainee(stage, qtbot)
    stage.close()
    drop_all()


def issued(station: Station) -> None:
    """A credential in force, as an earlier day left it."""
    stamp = station.stamp()
    case = open_case(NUMBER, station.post.code, "3", "T-001", "이서준", stamp.at)
    steps = (*case.history, Step(State.DELIVERED, stamp.at), Step(State.PROVEN, stamp.at))
    case = replace(case, state=State.PROVEN, document=PASSPORT, register=ENTRY, history=steps)
    case = replace(case, closed_at=stamp.at)
    with station.store.write() as session:
        cases.add(session, stamp, case)
        slot = status.take(session, stamp, NUMBER)
        draft = Draft(NUMBER, "offer", "request", "mdoc", "key", slot, b"bytes", b"")
        intent = intents.write(session, stamp, draft)
        intents.mark_signed(session, stamp, intent.id, b"signature", b"credential")
        intents.mark_delivered(session, stamp, intent.id)
        status.set_validity(session, stamp, slot, Validity.VALID, "proven")


def told(tmp_path: Path, kind: str, overseas_number: str) -> Path:
    file = tmp_path / "changes.json"
    notice = {
        "kind": kind,
        "overseas_number": overseas_number,
        "date": "2026-01-20",
        "document": "D-17",
    }
    file.write_text(json.dumps({"version": 1, "notices": [notice]}), encoding="utf-8")
    return file


def test_a_notice_leads_to_the_credential_and_so_does_the_history(
    trainee: Trainee, tmp_path: Path
) -> None:
    """After-care counts what must change; the line opens the holding; the lock leaves nothing."""
    file = told(tmp_path, "died", ENTRY.overseas_number)
    program, pages = trainee.program, trainee.program.pages
    trainee.sign_in()
    issued(program.station)
    program.changes.ask_file = lambda: str(file)

    program.go_to_place(Place.AFTERCARE)
    pages.aftercare.changes_asked.emit()
    trainee.until(lambda: program.shell.page is pages.changes)
    pages.changes.other_asked("take")
    trainee.until(lambda: program.changes.count == 1 and bool(pages.changes.rows.rows))
    pages.changes.primary_key()
    trainee.until(lambda: program.aftercare._holding is not None)

    words = {text.text() for text in pages.aftercare.findChildren(Text)}
    assert program.shell.page is pages.aftercare and NUMBER in words

    program.go_to_place(Place.HISTORY)
    trainee.until(pages.history.footer.primary.isEnabled)
    assert {"김•늘", "KIM H•••••"} <= {text.text() for text in pages.history.findChildren(Text)}
    pages.history.primary_key()
    trainee.until(lambda: program.shell.page is pages.aftercare)

    program.go_to_place(Place.HISTORY)
    trainee.until(lambda: bool(pages.history.list.rows.rows))
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    assert pages.history.list.rows.rows == () and pages.changes.rows.rows == ()


def test_a_wrong_notice_of_the_applicant_is_set_aside_at_the_window(
    trainee: Trainee, tmp_path: Path
) -> None:
    """Somebody who holds nothing counts as struck off by a paper; the officer who has the person
    there says that it is another's, and the rules answer anew. Locked, no question stays."""
    program, pages = trainee.program, trainee.program.pages
    to_the_refusal(trainee, tmp_path, "deleted")
    page = pages.eligibility

    def asked() -> ReasonDialog:
        trainee.until(lambda: "aside" in [one.key for one in page.footer._others])
        page.other_asked("aside")
        assert program.eligibility.dialog is not None
        return program.eligibility.dialog

    dialog = asked()
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    assert program.eligibility.dialog is None
    trainee.stage.insert_card()
    trainee.until(lambda: program.desk.card_present)
    pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: program.desk.is_open)
    trainee.until(lambda: program.shell.page is page)
    dialog = asked()
    dialog.reason.setCurrentIndex(dialog.reason.findData("other_person"))
    dialog.reason.activated.emit(dialog.reason.currentIndex())
    dialog.act.click()
    trainee.until(lambda: program.desk.the_case().verdict.overall is RuleOutcome.MET)

    assert program.desk.the_case().register.status == "alive"
    trainee.until(page.footer.primary.isEnabled)
    page.footer.primary.click()
    trainee.until(lambda: program.shell.page is pages.face)


def to_the_refusal(
    trainee: Trainee, tmp_path: Path, kind: str, *, later_extract: bool = False
) -> None:
    """Signed in, a notice of the applicant taken, and the rules have answered. A later extract
    of the register has the applicant as living."""
    program = trainee.program
    number = trainee.stage.rehearsal.people[0].overseas_number
    file = told(tmp_path, kind, number)
    trainee.sign_in()
    notices.take_file(program.station, program.desk.officer, file)
    if later_extract:
        import_extract(trainee, tmp_path)
    trainee.new_case("haneul")
    trainee.read_passport()
    trainee.decide()


def import_extract(trainee: Trainee, tmp_path: Path) -> None:
    """The register as it is now, of everybody in it."""
    station, file = trainee.program.station, tmp_path / "register.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        applicants.write_register(target, trainee.stage.rehearsal.people)
    stamp = station.stamp()
    register.import_extract(station.store, file, stamp, station.posts.codes, as_of=stamp.at)


def test_two_cards_set_aside_at_the_window_that_the_applicant_died(
    trainee: Trainee, tmp_path: Path
) -> None:
    """A later extract has not lifted it, and the officer's card alone changes nothing. Another
    person's signs in the lent reader; the desk locks, as its own card has left, and the rules
    have answered anew."""
    program, pages = trainee.program, trainee.program.pages
    cards, page = program.aftercare.two_cards, pages.eligibility
    to_the_refusal(trainee, tmp_path, "died", later_extract=True)
    trainee.until(lambda: "aside" in [one.key for one in page.footer._others])
    page.other_asked("aside")
    trainee.until(lambda: cards.dialog is not None)
    dialog = cards.dialog
    assert dialog is not None
    offered = {dialog.reason.itemData(place) for place in range(dialog.reason.count())}
    assert "looked_and_stays" not in offered
    dialog.reason.setCurrentIndex(dialog.reason.findData("other_person"))
    dialog.reason.activated.emit(dialog.reason.currentIndex())
    sign(trainee, dialog)
    assert not dialog.act.isEnabled(), "nobody said upon what it rests"
    dialog.basis.setText("여권 M123A4567과 본인 출석")
    dialog.act.click()
    trainee.until(lambda: cards._turn == 1)
    assert program.desk.the_case().verdict.overall is RuleOutcome.NOT_MET

    trainee.stage.pull_card()
    trainee.until(lambda: program.session.own_card_left)
    trainee.stage.insert_card(APPROVER)
    trainee.until(lambda: dialog._view is not None and dialog._view.ready)
    sign(trainee, dialog)
    dialog.act.click()
    trainee.until(lambda: program.desk.the_case().verdict.overall is RuleOutcome.MET)

    assert program.desk.is_locked
    assert program.desk.the_case().register.status == "alive"
    trainee.stage.pull_card()
    trainee.until(lambda: not program.desk.card_present)
    trainee.stage.insert_card()
    trainee.until(lambda: program.desk.card_present)
    pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: program.desk.is_open and program.shell.page is page)
    trainee.until(page.footer.primary.isEnabled)
    page.footer.primary.click()
    trainee.until(lambda: program.shell.page is pages.face)


def sign(trainee: Trainee, dialog: TwoCardsActDialog) -> None:
    trainee.until(lambda: dialog._view is not None and dialog._view.ready)
    QTest.keyClicks(dialog.pin.dots, TRAINING_PIN)

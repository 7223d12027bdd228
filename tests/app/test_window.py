"""The officer's window with everything behind it, driven as a rehearsal would be."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desk.app.home import Home
from desk.app.rehearsal import TRAINING_PIN, officer_card, open_rehearsal
from desk.app.serve import release_holder
from desk.app.stage import Stage
from desk.app.window import make_front
from desk.cards.piv_data import Slot
from desk.cards.troubles import LastTry, NotOfficerCard, PinBlocked, WrongPin
from desk.counter.settings import load_settings
from desk.issuance.books import Reason
from desk.issuance.case import State
from desk.issuance.seals import Purpose
from desk.mrtd.results import Result
from desk.store.troubles import CardNotEnrolled
from desk.training.authority import KEY_MANAGEMENT
from desk.training.forgeries import Forgery
from desk.ui.applicant.snapshot import Page as ApplicantPage
from desk.ui.control.steps import Step
from desk.ui.dialogs import Dialog
from desk.ui.navigation import Place
from desk.ui.pages.day_close import DayClosePage
from desk.ui.pages.locked import LockReason
from desk.ui.phone.bench import GENUINE
from desk.ui.program import Program
from tests.ui.officer import drop_all

PATIENCE = 60_000


class Trainee:
    """Somebody at the bench: inserts cards, lays passports, waits for what must come."""

    def __init__(self, stage: Stage, qtbot: QtBot) -> None:
        self.stage, self.program, self._bot = stage, stage.program, qtbot

    def until(self, condition: object) -> None:
        self._bot.waitUntil(condition, timeout=PATIENCE)

    def pin(self, digits: str = TRAINING_PIN) -> bytearray:
        return bytearray(digits, "ascii")

    def sign_in(self, position: int = 0) -> None:
        self.stage.insert_card(position)
        self.until(lambda: self.program.desk.card_present)
        self.program.pages.sign_in.pin_given.emit(self.pin(), False)
        self.until(lambda: self.program.shell.page is self.program.pages.board)

    def new_case(self, key: str, *, consent: bool = True) -> None:
        self.stage.choose(key)
        release_holder(self.stage.rehearsal, self.stage.person.overseas_number)
        self.program.pages.board.new_case.emit()
        self.until(lambda: self.program.shell.page is self.program.pages.passport)
        if consent:
            self.program.applicant_window.started.emit()
            self.program.applicant_window.consent_given.emit(("passport", "face"))
            self.until(lambda: self.program.desk.the_case().consent is not None)

    def read_passport(self) -> None:
        self.stage.lay_passport()
        self.stage.scan_mrz()
        self.until(lambda: self.program.desk.the_case().document is not None)
        self.until(self.program.passport.is_shown)

    def decide(self) -> None:
        self.program.pages.passport.go_on.emit()
        self.until(lambda: self.program.desk.the_case().verdict is not None)
        self.until(lambda: self.program.shell.page is self.program.pages.eligibility)

    def to_camera(self) -> None:
        """From the met rules to a face that may be taken."""
        self.program.pages.eligibility.go_on.emit()
        self.until(lambda: self.program.desk.step is Step.FACE)
        self.until(self.program.face.may_capture)

    def take_picture(self) -> None:
        """The picture stands and waits for its judgement."""
        self.program.pages.face.capture_requested.emit()
        self.until(self.program.face.is_judging)

    def refuse_by_rule(self) -> None:
        """The unmet rule ends the case; its slip is printed."""
        self.program.pages.eligibility.print_and_refuse.emit()
        self.until(lambda: self.program.desk.step is Step.HAND_OVER)
        self.until(self.program.hand_over.is_printed)

    def applicant_sees(self) -> ApplicantPage:
        return self.program.applicant_window._screen.page

    def close_case(self) -> None:
        page = self.program.pages.hand_over
        self.until(self.program.hand_over.is_printed)
        for box in page.findChildren(QCheckBox):
            if box.isVisible():
                box.click()
        page.primary_key()
        self.until(lambda: self.program.shell.page is self.program.pages.board)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.make(tmp_path_factory.mktemp("home"))


def open_stage(home: Home, language: str = "ko") -> Stage:
    settings = load_settings(home.training.settings)
    front = make_front(settings, training=True, language=language)
    stage = Stage(front, open_rehearsal(home, whole=False))
    stage.show_windows()
    return stage


@pytest.fixture(autouse=True)
def no_window_is_left() -> Iterator[None]:
    """Closed ones would slow all later tests: styles and fonts are worked out for them too."""
    yield
    drop_all()


@pytest.fixture
def trainee(home: Home, qtbot: QtBot) -> Iterator[Trainee]:
    stage = open_stage(home)

    yield Trainee(stage, qtbot)

    stage.close()


def test_pulling_the_card_covers_both_windows_and_the_same_card_brings_the_page_back(
    trainee: Trainee,
) -> None:
    """Nothing personal is on a screen while the desk is locked; nothing is lost by it."""
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    number = trainee.program.desk.the_case().number

    trainee.stage.pull_card()
    trainee.until(lambda: trainee.program.desk.is_locked)

    assert trainee.program.shell.page is None
    assert trainee.applicant_sees() is ApplicantPage.HIDDEN
    trainee.stage.insert_card()
    trainee.until(lambda: trainee.program.desk.card_present)
    trainee.program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: not trainee.program.desk.is_locked)
    assert trainee.program.shell.page is trainee.program.pages.passport
    assert trainee.program.desk.the_case().number == number


def test_what_covering_one_page_runs_into_keeps_nothing_else_open(
    trainee: Trainee, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug is reported, and is that page's alone: the camera stops, both windows are covered."""
    program = trainee.program
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    trainee.decide()
    trainee.to_camera()
    trainee.until(program.camera._timer.isActive)
    covered: list[str] = []

    def broken(*_view: object) -> None:
        raise KeyError("find.month")

    monkeypatch.setattr(program.pages.history, "render", broken)
    monkeypatch.setattr(program.pages.changes, "render", lambda _view: covered.append("changes"))

    with qtbot.capture_exceptions() as reported:
        program.session.lock(LockReason.BY_OFFICER)

    assert [kind for kind, *_ in reported] == [KeyError]
    assert covered == ["changes"]
    assert not program.camera._timer.isActive()
    assert trainee.applicant_sees() is ApplicantPage.HIDDEN


def test_a_dark_second_monitor_is_told_and_the_officers_own_locks_the_desk(
    trainee: Trainee,
) -> None:
    """The header must not say what nobody sees; what is the officer's must face no applicant."""
    trainee.sign_in()
    trainee.new_case("haneul")
    screen, page = trainee.program.second_screen, trainee.program.pages.passport
    header = trainee.program.shell.header

    def header_says(words: str) -> bool:
        return words in {one.text() for one in header.findChildren(QLabel)}

    assert header_says("“여권을 읽고 있습니다”")

    screen.is_away = True
    screen.gone.emit()
    assert header_says("신청인 모니터가 꺼져 있음")
    assert "APPL-03" in page.banner.accessibleName()

    screen.is_away = False
    screen.back.emit()
    assert header_says("“여권을 읽고 있습니다”")
    assert page.banner.isHidden()

    screen.turned.emit()
    assert trainee.program.desk.is_locked
    assert trainee.applicant_sees() is ApplicantPage.HIDDEN


def test_the_checks_are_reachable_before_anybody_has_signed_in(trainee: Trainee) -> None:
    """A card that is put in is noticed there; nothing of the desk opens by it."""
    program = trainee.program
    program.pages.sign_in.check_devices.emit()
    trainee.until(lambda: program.checks.found is not None and not program.checks.checking)
    page = program.set_up.outside.page
    assert program.shell.front is page
    assert program.shell.page is None
    assert page.finding._code.text() == "READER-04"

    trainee.stage.insert_card()
    trainee.until(lambda: page.finding._code.text() == "" and not program.checks.checking)
    page.back.emit()

    assert program.pages.sign_in.isVisible()
    assert program.shell.page is None


def test_the_checks_of_a_locked_desk_tell_nothing_of_the_case(trainee: Trainee) -> None:
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    program = trainee.program
    name = trainee.stage.person.hangul
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)

    program.pages.locked.check_devices.emit()
    program.desk.refresh_frame()
    program.desk.case_changed.emit()

    shown = [one.text() for one in program.window.findChildren(QLabel) if one.isVisible()]
    assert program.set_up.outside.page.isVisible()
    assert not [words for words in shown if name in words or "LA-" in words]
    assert program.shell.page is None
    program.set_up.outside.page.back.emit()
    assert program.pages.locked.isVisible()


def test_the_rail_leads_to_set_up_and_back_and_the_same_place_comes_back(
    trainee: Trainee,
) -> None:
    trainee.sign_in()
    program = trainee.program

    program.shell.entry_chosen.emit("setup")
    assert program.shell.page is program.set_up.checks_page
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    trainee.stage.insert_card()
    trainee.until(lambda: program.desk.card_present)
    program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: not program.desk.is_locked)

    assert program.shell.page is program.set_up.checks_page
    program.shell.entry_chosen.emit("board")
    assert program.shell.page is program.pages.board


def test_no_way_leads_past_the_lock(trainee: Trainee) -> None:
    """Neither a key, nor an act that ends meanwhile and asks for the next page."""
    trainee.sign_in()
    trainee.new_case("haneul")
    program = trainee.program
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)

    program.shell.step_chosen.emit(1)
    program.shell.home.emit()
    program.shell.entry_chosen.emit("board")
    program.shell.new_case_asked.emit()
    program.desk.go_to.emit(Step.PASSPORT)

    assert program.shell.page is None
    assert program.pages.locked.isVisible()
    assert program.desk.the_case().state is State.OPENED


def test_a_handed_over_case_goes_on_at_its_step_and_one_on_the_board_is_taken_over(
    trainee: Trainee,
) -> None:
    """In the other officer's name; without the dialog's consent nothing of it is opened."""
    trainee.sign_in(0)
    trainee.new_case("haneul")
    program, number = trainee.program, trainee.program.desk.the_case().number
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)

    trainee.stage.insert_card(1)
    trainee.until(lambda: program.session.dialog is not None)
    trainee.program.session.dialog.act.click()
    trainee.program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: program.shell.page is program.pages.passport)

    assert program.desk.the_case().number == number
    assert program.station.load(number).officer == program.desk.officer.officer_id == "T-002"
    assert "정유나" in program.desk.here().officer

    program.to_board()
    trainee.stage.pull_card()
    trainee.until(lambda: program.desk.is_locked)
    trainee.stage.insert_card(0)
    trainee.until(lambda: program.session.dialog is not None)
    program.session.dialog.act.click()
    program.pages.locked.pin_given.emit(trainee.pin(), False)
    trainee.until(lambda: program.desk.is_open)
    QTimer.singleShot(0, lambda: _answer(program, accept=False))
    program.open_case(program.station.load(number))
    assert program.shell.page is program.pages.board
    QTimer.singleShot(0, lambda: _answer(program, accept=True))
    program.open_case(program.station.load(number))
    trainee.until(lambda: program.shell.page is program.pages.passport)
    assert program.desk.the_case().preparers == ("T-001", "T-002")
    assert program.desk.the_case().officer == "T-001"


def _answer(program: Program, *, accept: bool) -> None:
    (dialog,) = [one for one in program.window.findChildren(Dialog) if one.isVisible()]
    (dialog.act if accept else dialog.safe).click()


def test_a_card_that_does_not_open_the_records_is_told_so_before_its_pin(
    home: Home, qtbot: QtBot
) -> None:
    """An officer's card that was never let in: at the first sign-in, and when it would take
    over. No try of its PIN is spent."""
    trainee = Trainee(open_stage(home), qtbot)
    rehearsal, session = trainee.stage.rehearsal, trainee.program.session
    card = officer_card(rehearsal, 1)
    other = rehearsal.authority.issue_card("other", rehearsal.station.now())
    pair = other.slots[KEY_MANAGEMENT]
    try:
        card.install(Slot.KEY_MANAGEMENT, pair.private, pair.der)
        rehearsal.bench.insert_card(card)
        trainee.until(lambda: isinstance(session._trouble, CardNotEnrolled))
        trainee.program.pages.sign_in.pin_given.emit(trainee.pin("999999"), False)
        trainee.until(lambda: session._busy)
        trainee.until(lambda: not session._busy)

        assert not trainee.program.station.records.is_open
        trainee.stage.pull_card()
        trainee.sign_in(0)
        trainee.stage.pull_card()
        trainee.until(lambda: trainee.program.desk.is_locked)
        rehearsal.bench.insert_card(card)
        trainee.until(lambda: isinstance(session._trouble, CardNotEnrolled))
        trainee.program.pages.locked.pin_given.emit(trainee.pin("999999"), False)
        assert not session._busy and session.dialog is None
        assert trainee.program.desk.is_locked
        assert card.pin_tries == 3
    finally:
        trainee.stage.close()
        (home.training.folder / "card-2.json").unlink()


def test_no_passport_is_read_before_consent_and_consent_by_word_is_kept_as_such(
    trainee: Trainee,
) -> None:
    """The record says who pressed."""
    trainee.sign_in()
    trainee.new_case("haneul", consent=False)
    trainee.stage.lay_passport()

    trainee.stage.scan_mrz()
    trainee.until(trainee.program.pages.passport.banner.isVisible)
    assert trainee.program.desk.the_case().document is None
    trainee.program.pages.passport.remedy.emit("consent")
    trainee.until(lambda: trainee.program.desk.the_case().document is not None)

    consent = trainee.program.desk.the_case().consent
    assert consent is not None
    assert consent.given_by == "officer"


def test_a_program_that_ended_goes_on_with_the_case_where_it_stood(
    home: Home, qtbot: QtBot
) -> None:
    """The board lists it; opening it shows the step that comes next."""
    first = Trainee(open_stage(home), qtbot)
    try:
        first.sign_in()
        first.new_case("haneul")
        first.read_passport()
        first.decide()
        number = first.program.desk.the_case().number
    finally:
        first.stage.close()

    second = Trainee(open_stage(home), qtbot)
    try:
        second.sign_in()
        second.program.pages.board.case_opened.emit(number)
        second.until(lambda: second.program.shell.page is second.program.pages.eligibility)

        assert second.program.desk.the_case().number == number
        assert second.program.desk.the_case().verdict is not None
    finally:
        second.stage.close()


def test_a_registration_struck_off_ends_with_the_rule_its_slip_and_a_plain_page(
    trainee: Trainee,
) -> None:
    """The officer refuses by rule, the applicant reads why and what would make it yes."""
    trainee.sign_in()
    trainee.new_case("doyun")
    trainee.read_passport()
    trainee.decide()

    trainee.refuse_by_rule()

    case = trainee.program.desk.the_case()
    assert case.state is State.REFUSED
    assert case.ending is not None
    assert case.ending.reason == "rule_not_met"
    assert trainee.applicant_sees() is ApplicantPage.REFUSED
    trainee.close_case()
    assert trainee.program.station.load(case.number).closed_at is not None


def test_an_altered_chip_is_refused_without_telling_the_applicant_why(trainee: Trainee) -> None:
    """What was found on the chip is for the officer only."""
    trainee.sign_in()
    trainee.new_case("jian")
    trainee.read_passport()

    document = trainee.program.desk.the_case().document

    assert document is not None
    assert document.overall == "failed"
    assert trainee.applicant_sees() is ApplicantPage.FURTHER_CHECK
    trainee.program.pages.passport.refuse_requested.emit("content_changed", "")
    trainee.until(trainee.program.hand_over.is_printed)
    assert trainee.applicant_sees() is ApplicantPage.FURTHER_CHECK


def test_the_last_pin_try_is_not_spent_without_consent(trainee: Trainee) -> None:
    """Two wrong PINs, then the page asks; only then the card blocks. The card's count rules."""
    trainee.stage.insert_card(4)
    trainee.until(lambda: trainee.program.desk.card_present)
    give = trainee.program.pages.sign_in.pin_given.emit
    session = trainee.program.session

    for left in (2, 1):
        give(trainee.pin("999999"), False)
        trainee.until(lambda left=left: trainee.program.desk.card_tries == left)
    assert isinstance(session._trouble, WrongPin)
    give(trainee.pin("999999"), False)
    trainee.until(lambda: isinstance(session._trouble, LastTry))
    assert trainee.program.desk.card_tries == 1
    give(trainee.pin("999999"), True)
    trainee.until(lambda: isinstance(session._trouble, PinBlocked | WrongPin))
    trainee.until(lambda: trainee.program.desk.card_tries == 0)


def test_a_service_that_dies_while_the_qr_stands_is_said_and_comes_back(
    trainee: Trainee,
) -> None:
    """The offer survives; the page says what is the matter and goes on by itself."""
    trainee.sign_in()
    trainee.new_case("haneul")
    station = trainee.program.station
    service = trainee.stage.rehearsal.opened.service
    assert service is not None and service.pid is not None
    before = service.starts

    os.kill(service.pid, signal.SIGKILL)

    trainee.until(lambda: service.starts > before)
    trainee.until(lambda: service.wait_until_serving(0.1))
    assert station.link.health().ok


def test_a_forged_passport_is_laid_at_the_bench_and_found_out(trainee: Trainee) -> None:
    """What the trainee chose at the bench is what the desk reads, printed page and chip."""
    trainee.sign_in()
    trainee.new_case("haneul")
    bench = trainee.stage.bench

    row = next(one for one in bench.passports if one.passport.key == Forgery.ALTERED.key)
    row.click()
    bench.lay.click()
    bench.scan.click()
    trainee.until(lambda: trainee.program.desk.the_case().document is not None)

    document = trainee.program.desk.the_case().document
    assert document is not None
    assert [f.code for f in document.findings if f.result is Result.FAILED] == ["PA-DG-01"]
    assert not bench.lay.isEnabled()

    trainee.stage.choose_passport(GENUINE.key)
    assert bench.lay.isEnabled()


def test_a_picture_that_is_not_opened_leaves_none_on_the_page(trainee: Trainee) -> None:
    """The picture of the reading before must not stand for the one that was refused."""
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    control, desk = trainee.program.passport, trainee.program.desk

    trainee.stage.choose_passport(Forgery.PICTURE_BOMB.key)
    trainee.stage.lay_passport()
    trainee.stage.scan_mrz()
    trainee.until(lambda: "DG2-03" in {f.code for f in desk.the_case().document.findings})

    trainee.until(lambda: not control.is_shown())
    assert trainee.program.pages.passport.isVisible()


def test_a_chip_that_could_not_be_read_stops_what_an_earlier_one_allowed(
    trainee: Trainee,
) -> None:
    """Another passport was laid down meanwhile: it must be read before the case goes on."""
    trainee.sign_in()
    trainee.new_case("haneul")
    trainee.read_passport()
    footer = trainee.program.pages.passport.footer
    trainee.until(footer.primary.isEnabled)

    trainee.stage.choose_passport(Forgery.CLAIMS_50MB.key)
    trainee.stage.lay_passport()
    trainee.stage.scan_mrz()
    page = trainee.program.pages.passport
    trainee.until(lambda: "CHIP-23" in {one.text() for one in page.findChildren(QLabel)})

    assert not footer.primary.isEnabled()


def test_every_control_of_every_window_has_a_name(trainee: Trainee) -> None:
    """The accessibility tree, walked as a screen reader would."""
    trainee.sign_in()
    windows = (
        trainee.program.window,
        trainee.program.applicant_window,
        trainee.stage.phone_window,
        trainee.stage.bench,
    )

    unnamed = [found for window in windows for found in _unnamed(window)]

    assert not unnamed


_ASKED = {
    QAccessible.Role.Button,
    QAccessible.Role.CheckBox,
    QAccessible.Role.ComboBox,
    QAccessible.Role.EditableText,
    QAccessible.Role.RadioButton,
}


def _unnamed(window: QWidget) -> list[str]:
    found = []
    for widget in window.findChildren(QWidget):
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is None or interface.role() not in _ASKED or not widget.isVisible():
            continue
        if not interface.text(QAccessible.Text.Name):
            found.append(f"{type(widget).__name__} in {type(window).__name__}")
    return found


def test_the_language_changes_on_the_page_that_stands(trainee: Trainee) -> None:
    """Live, without losing the page or the case."""
    trainee.sign_in()
    trainee.new_case("haneul")
    page = trainee.program.shell.page
    assert page is not None
    korean = page.title

    trainee.program.look.set_language("en")

    assert page.title == "Passport"
    assert page.title != korean
    trainee.program.look.set_language("ko")
    assert page.title == korean


class Stranger:
    """A card that answers and knows no application."""

    atr = bytes.fromhex("3B8080010101")

    def transmit(self, apdu: bytes) -> bytes:
        return b"\x6a\x82"

    def reset(self) -> None:
        """Nothing is remembered."""


def test_a_card_that_is_no_officers_is_said_to_be_there_and_a_passport_is_not_blamed(
    trainee: Trainee,
) -> None:
    """«No card» would send the officer looking for what is in his hand."""
    session = trainee.program.session
    with trainee._bot.waitSignal(trainee.program.desk.card_changed, timeout=PATIENCE):
        trainee.stage.lay_passport()
    assert session._trouble is None

    trainee.stage.rehearsal.bench.insert_card(Stranger())  # type: ignore[arg-type]

    trainee.until(lambda: isinstance(session._trouble, NotOfficerCard))
    trainee.stage.insert_card()
    trainee.until(lambda: trainee.program.desk.card_present and session._trouble is None)


def test_two_officers_close_the_day_and_the_log_tells_of_it(home: Home, qtbot: QtBot) -> None:
    """The first card signs and leaves; the second one signs the same summary; seals, log and
    copy hold."""
    stage = open_stage(home)
    first = Trainee(stage, qtbot)
    first.sign_in()
    first.new_case("haneul", consent=False)
    first.program.to_board()
    close = explained_books(first)
    assert close.cards.pin.isVisibleTo(close)
    close.sign_requested.emit(first.pin(), False)
    first.until(lambda: first.program.day_close._close is not None)
    assert first.program.day_close._close.closed_at is None
    assert not close.footer.primary.isEnabled()
    stage.close()

    stage = open_stage(home)
    second = Trainee(stage, qtbot)
    second.sign_in(1)
    close = explained_books(second)
    close.sign_requested.emit(second.pin(), False)
    second.until(lambda: second.program.day_close._close.closed_at is not None)
    second.program.copies.send()
    second.until(lambda: not second.program.copies._sending)
    second.program.go_to_place(Place.AUDIT)
    second.until(second.program.audit.is_checked)

    report = second.program.audit._report
    assert report.holds and report.traced and report.copy_code == ""
    newest = second.program.audit._seals[0]
    assert (newest.purpose, len(newest.officers)) == (Purpose.DAY_CLOSE, 2)
    stage.close()


def explained_books(trainee: Trainee) -> DayClosePage:
    """The page of the day's close with a reason for whatever other tests have left."""
    program, page = trainee.program, trainee.program.pages.day_close
    program.go_to_place(Place.DAY_CLOSE)
    trainee.until(program.day_close.is_loaded)
    for book, item in program.day_close._books.differences:
        page.explained.emit(book.value, item.key, Reason.NOT_FOUND.value, "Looked for.")
    return page

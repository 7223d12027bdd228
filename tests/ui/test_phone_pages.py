"""Phone, proof and hand-over: what they show for a case, what leaves them, what never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtPdf import QPdfDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from desk.issuance.case import Case, State
from desk.issuance.ports import EventKind, OfferEvent
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from desk.ui.pages.own_words import AREA, OwnWords
from desk.ui.pages.phone import PhonePage, PhoneStage, PhoneView, stage_of
from desk.ui.pages.proof import ProofPage, ProofStage, ProofStep, ProofView
from desk.ui.pages.proof import stage_of as proof_stage_of
from desk.ui.parts.qrcard import QrState
from desk.ui.parts.rows import Row
from desk.ui.parts.text import Text
from desk.ui.renewals import AREA as RENEWAL
from desk.ui.shell import Shell
from desk.ui.troubles import TroubleWords
from desk.words import Words
from tests.ui import gallery_phone, samples, samples_services, scenes_case, scenes_renewal
from tests.ui.officer import drop, settle
from tests.ui.scenes import SCENES

TROUBLES = TroubleWords()
SERVICES = samples_services.told()
READ = samples.event(EventKind.FETCHED, "10:39:12")
AGAIN = samples.event(EventKind.FETCHED_AGAIN, "10:39:40")
WRONG = samples.event(EventKind.CODE_WRONG, "10:40:05", tries_left=3)
RIGHT = samples.event(EventKind.CODE_RIGHT, "10:40:20")
KEY = samples.event(EventKind.KEY_RECEIVED, "10:40:22")
EXPIRED = samples.event(EventKind.EXPIRED, "10:48:02")
ASKED = samples.local("10:40:20")
HERE = samples.here("10:38:30")
OFFERED = samples.offered_case()
SIGNING = samples.offered_case(State.SIGNING)
APPROVED = samples.checked_case(State.APPROVED)
HELD = replace(APPROVED, held="qr_read_twice")
DELIVERED = samples.offered_case(State.DELIVERED, issued=samples.issued())
PROVEN = samples.offered_case(State.PROVEN, issued=samples.issued())
PAGES = [name for name in SCENES if name[:2] in ("11", "12", "13", "14")]
assert gallery_phone and scenes_case


@pytest.fixture
def look(qapp: QApplication, dressed: Look) -> Iterator[Look]:
    made = Look()
    made.reduced_motion = True
    yield made
    qapp.setStyleSheet("")


@pytest.fixture
def phone(look: Look, qtbot: QtBot) -> PhonePage:
    page = PhonePage(look, TROUBLES)
    qtbot.addWidget(page)
    page.resize(1200, 780)
    page.show()
    return page


@pytest.fixture
def proof(look: Look, qtbot: QtBot) -> ProofPage:
    page = ProofPage(look)
    qtbot.addWidget(page)
    page.resize(1200, 780)
    page.show()
    return page


@pytest.fixture
def hand_over(look: Look, qtbot: QtBot) -> HandOverPage:
    page = HandOverPage(look)
    qtbot.addWidget(page)
    page.resize(1200, 780)
    page.show()
    return page


def words_of(page: QWidget) -> str:
    # Rows made after the page was shown appear with the next events.
    QApplication.processEvents()
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def type_pin(page: PhonePage, digits: str = "135790") -> None:
    QTest.keyClicks(page.now.pin.dots, digits)


# Where the phone stands
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

    assert ("휴대전화 카메라로" in words_of(phone)) is leads


def test_at_the_end_of_its_time_the_qr_is_gone(phone: PhonePage) -> None:
    phone.render(PhoneView(HERE, OFFERED))
    phone.tick(1, 600)
    assert phone.qr.place.state is QrState.LIVE

    phone.tick(0, 600)

    assert phone.qr.place.state is QrState.ENDED
    assert "ENR-QR-05" in words_of(phone)
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
    assert "발급 비밀번호를 기다립니다" in words_of(phone)
    assert "6자리 가운데 3자리" in words_of(phone)


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
    assert "받아 둠" in words_of(phone)
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
    assert "PIN이 맞지 않습니다" in words_of(phone)


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

    assert "5번 중 2번" in words_of(phone)
    assert "2번 틀림 · 3번 남음" in words_of(phone)
    assert "ENR-PIN-02" in words_of(phone)
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


# Proof
def proof_view(**facts: object) -> ProofView:
    done = ((ProofStep.ASKED, ASKED),)
    base = ProofView(samples.here("10:40:34"), DELIVERED, SERVICES, done, placed_at=ASKED)
    return replace(base, **facts)  # type: ignore[arg-type]


LIVE = {"qr_text": gallery_phone.CHECK_URI, "expires_at": ASKED + 120 * samples.SECOND}


@pytest.mark.parametrize(
    ("facts", "stage"),
    [
        ({"placed_at": None, "done": ()}, ProofStage.PREPARING),
        (LIVE, ProofStage.WAITING),
        (LIVE | {"expires_at": ASKED}, ProofStage.ENDED),
        ({}, ProofStage.ENDED),
        ({"failed": ProofStep.SAME_KEY}, ProofStage.REFUSED),
        ({"done": ((ProofStep.PRESENTED, ASKED),)}, ProofStage.CHECKING),
        ({"done": ((ProofStep.STATUS, ASKED),)}, ProofStage.USABLE),
    ],
)
def test_the_stage_of_a_proof(facts: dict[str, object], stage: ProofStage) -> None:
    assert proof_stage_of(proof_view(**facts)) is stage


@pytest.mark.parametrize("step", [ProofStep.SAME_KEY, ProofStep.CONTENT, ProofStep.STATUS])
def test_what_was_not_checked_never_turns_green(proof: ProofPage, step: ProofStep) -> None:
    spoken = TROUBLES.of("PROOF-01", "ko")
    proof.render(proof_view(failed=step, trouble=spoken))

    glyphs = dict(zip(ProofStep, (row.sign.glyph for row in proof.progress._rows), strict=True))
    assert glyphs.pop(step) is Glyph.FAILED
    assert glyphs.pop(ProofStep.ASKED) is Glyph.PASSED
    assert glyphs.pop(ProofStep.PRESENTED) is Glyph.PASSED
    assert set(glyphs.values()) == {Glyph.NOT_DONE}
    assert "PROOF-01" in words_of(proof)
    assert "사용 가능\n" not in words_of(proof.services)


def test_what_may_not_become_usable_is_not_said_to_be_presented_wrongly(proof: ProofPage) -> None:
    """Another QR alone would end alike."""
    proof.render(proof_view(failed=ProofStep.STATUS, trouble=TROUBLES.of("STORE-15", "ko")))

    told = words_of(proof)
    assert "사용 가능으로 바꿀 수 없습니다" in told
    assert "제출한 것이 맞지 않습니다" not in told


@pytest.mark.parametrize("facts", [{}, {"failed": ProofStep.CONTENT}])
def test_an_ended_or_refused_check_offers_a_new_qr(
    proof: ProofPage, qtbot: QtBot, facts: dict[str, object]
) -> None:
    proof.render(proof_view(**facts))

    with qtbot.assertNotEmitted(proof.go_on), qtbot.waitSignal(proof.new_qr_requested):
        proof.primary_key()


def test_the_check_qr_ends_with_its_time(proof: ProofPage) -> None:
    proof.render(proof_view(**LIVE))
    assert proof.qr.place.state is QrState.LIVE

    proof.tick(0, 120)

    assert proof.qr.place.state is QrState.ENDED
    assert proof.qr.place.qr.side == 0


def test_only_a_usable_credential_goes_on(proof: ProofPage, qtbot: QtBot) -> None:
    proof.render(proof_view(**LIVE))
    assert not proof.footer.primary.isEnabled()
    assert "사용 가능" not in words_of(proof.services)
    with qtbot.assertNotEmitted(proof.go_on):
        proof.primary_key()

    every = tuple((step, ASKED) for step in ProofStep)
    proof.render(proof_view(case=PROVEN, done=every))

    assert "사용 가능" in words_of(proof.services)
    with qtbot.waitSignal(proof.go_on):
        proof.primary_key()


def test_what_a_service_has_not_said_is_not_invented(proof: ProofPage) -> None:
    """Named by a notice is not accepted: the list as it is shipped turns nothing green."""
    every = tuple((step, ASKED) for step in ProofStep)
    shipped = samples_services.shipped()
    proof.render(proof_view(case=PROVEN, done=every, services=shipped))

    assert words_of(proof.services).count("밝히지 않음") == len(shipped.services)
    assert "사용 가능" not in words_of(proof.services)
    assert words_of(proof.services).count("안내됨") == 3


def test_each_service_is_told_by_its_own_request(proof: ProofPage) -> None:
    """Given, missing, taken or not: in words, whole on the screen. They were counted and cut, and
    whole only for who found the part of a row that tells."""
    every = tuple((step, ASKED) for step in ProofStep)
    proof.render(proof_view(case=PROVEN, done=every))

    said = words_of(proof.services)
    rows = {row.accessibleName().split(",")[0]: row for row in proof.services.findChildren(Row)}
    assert said.count("사용 가능") == 1 and said.count("받지 않음") == 1
    given = "주는 항목: 성 (로마자), 이름 (로마자), 생년월일, 사진, 재외국민번호"
    assert given in said.split("\n")
    assert "없는 항목: 주민등록번호 · 주는 항목: 한글 성명, 여권번호" in said.split("\n")
    assert rows["정부24"].accessibleName().startswith("정부24, 사용 가능, 주는 항목: 성")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)])
def test_what_a_service_gets_is_seen_uncut_however_much_it_is(
    look: Look, qtbot: QtBot, size: tuple[int, int], language: str
) -> None:
    look.set_language(language)
    shell = SCENES["13b-proof-usable"](look, size)
    qtbot.addWidget(shell)
    page = shell.findChild(ProofPage)
    first, *others = SERVICES.services
    much = replace(first, given=first.given * 4)

    every = tuple((step, ASKED) for step in ProofStep)
    services = replace(SERVICES, services=(much, *others))
    page.render(proof_view(case=PROVEN, done=every, services=services))
    settle()

    for row in page.services.findChildren(Row):
        for text in row.findChildren(Text):
            assert not text.is_cut(), text.text()
            assert text.geometry().bottom() <= row.height()
            assert text.height() >= text.heightForWidth(text.width())


def test_no_service_counts_before_the_proof(proof: ProofPage) -> None:
    proof.render(proof_view(**LIVE))

    assert words_of(proof.services).count("확인 전") == 1
    assert "사용 가능" not in words_of(proof.services)


def test_services_not_weighed_yet_show_none(proof: ProofPage) -> None:
    proof.render(proof_view(services=None, **LIVE))

    assert "정부24" not in words_of(proof.services)


def test_cannot_prove_leaves_as_a_signal(proof: ProofPage, qtbot: QtBot) -> None:
    proof.render(proof_view(**LIVE))

    with qtbot.waitSignal(proof.cannot_prove):
        proof.footer.controls()[1].click()  # type: ignore[attr-defined]


# Hand-over
def slip_view(case: Case = PROVEN, **facts: object) -> HandOverView:
    base = HandOverView(
        samples.here("10:43"),
        case,
        slip=gallery_phone.slip("LA03-000417"),
        serial="LA03-000417",
        printed_at="10:43",
        printers=(("a4", "창구3-A4"),),
        printer="a4",
        languages=(("en", "한국어 + English"), ("vi", "한국어 + Tiếng Việt")),
        language="en",
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def tick_all(page: HandOverPage) -> None:
    for key in page.said:
        page.checks._boxes[key].setChecked(True)


def test_closing_waits_for_the_slip_and_all_three(hand_over: HandOverPage, qtbot: QtBot) -> None:
    hand_over.render(slip_view(printed_at="", slip=None, printing=True))
    tick_all(hand_over)
    assert not hand_over.footer.primary.isEnabled()

    hand_over.render(slip_view())
    hand_over.forget()
    for key in ("passport", "slip"):
        hand_over.checks._boxes[key].setChecked(True)
    with qtbot.assertNotEmitted(hand_over.close_requested):
        hand_over.primary_key()
    hand_over.checks._boxes["loss"].setChecked(True)

    assert hand_over.said == {"passport": True, "slip": True, "loss": True}
    with qtbot.waitSignal(hand_over.close_requested):
        hand_over.primary_key()


def test_a_new_sheet_takes_back_what_was_said_of_the_old_one(hand_over: HandOverPage) -> None:
    hand_over.render(slip_view())
    tick_all(hand_over)

    hand_over.render(slip_view(serial="LA03-000418"))

    assert hand_over.said == {"passport": True, "slip": False, "loss": True}
    assert "LA03-000418은 무효가" in words_of(hand_over)


def test_without_a_printer_the_screen_will_do(hand_over: HandOverPage, qtbot: QtBot) -> None:
    hand_over.render(slip_view(printed_at="", printers=(), printer=""))
    tick_all(hand_over)
    assert not hand_over.footer.primary.isEnabled()

    with qtbot.waitSignal(hand_over.show_on_screen):
        hand_over.footer.controls()[0].click()  # type: ignore[attr-defined]

    assert hand_over.footer.primary.isEnabled()


def test_ctrl_p_prints_with_printer_and_language(hand_over: HandOverPage, qtbot: QtBot) -> None:
    hand_over.render(slip_view())
    with qtbot.waitSignal(hand_over.print_requested) as asked:
        hand_over.print_key()

    assert asked.args == ["a4", "en"]


def test_nothing_is_printed_while_something_prints(hand_over: HandOverPage, qtbot: QtBot) -> None:
    hand_over.render(slip_view(printing=True))

    with qtbot.assertNotEmitted(hand_over.print_requested):
        hand_over.print_key()


def test_the_slip_may_come_as_bytes(hand_over: HandOverPage) -> None:
    hand_over.render(slip_view())

    document = hand_over.slip.findChild(QPdfDocument)
    assert document is not None
    assert document.status() is QPdfDocument.Status.Ready
    assert document.pageCount() == 1

    hand_over.render(slip_view(slip=None))
    assert document.pageCount() == 0


def test_a_refused_case_gives_its_own_slip_and_asks_its_own_questions(
    hand_over: HandOverPage,
) -> None:
    hand_over.render(slip_view(gallery_phone.refused_case()))

    assert set(hand_over.said) == {"passport", "slip", "again"}
    assert "거절 · 발급 요건 미충족" in words_of(hand_over)
    assert "사용 가능" not in words_of(hand_over)


def test_what_was_delivered_but_not_proven_has_its_slip_and_stays_open(
    hand_over: HandOverPage, qtbot: QtBot
) -> None:
    """The sheet says that it is not usable yet, and what to come back with."""
    hand_over.render(slip_view(DELIVERED))
    assert not hand_over.printing.isHidden()
    assert set(hand_over.said) == {"passport", "slip", "visit"}
    assert "전달됨 · 사용 미확인" in words_of(hand_over)
    assert "건이 닫히고" not in words_of(hand_over)
    tick_all(hand_over)

    with qtbot.waitSignal(hand_over.close_requested):
        hand_over.primary_key()


def test_a_closed_case_cannot_be_closed_again(hand_over: HandOverPage, qtbot: QtBot) -> None:
    closed = replace(PROVEN, closed_at=samples.local("10:44"))
    hand_over.render(slip_view(closed))

    assert not hand_over.footer.primary.isEnabled()
    with qtbot.assertNotEmitted(hand_over.close_requested):
        hand_over.primary_key()


def test_another_case_finds_no_box_ticked(hand_over: HandOverPage) -> None:
    hand_over.render(slip_view())
    tick_all(hand_over)

    hand_over.forget()

    assert not any(hand_over.said.values())


# All states, as windows
@pytest.mark.parametrize("name", PAGES)
def test_every_state_fits_in_both_languages_and_names_its_controls(
    look: Look, qtbot: QtBot, name: str
) -> None:
    window = SCENES[name](look, (1280, 720))
    qtbot.addWidget(window)
    assert isinstance(window, Shell)
    page = window.page
    assert page is not None
    area = page.findChild(QScrollArea)
    assert area is not None

    for language in ("ko", "en"):
        look.set_language(language)
        QApplication.processEvents()
        kinds = (QAbstractButton, QLineEdit, QComboBox)
        shown = [w for w in page.findChildren(QWidget) if isinstance(w, kinds) and w.isVisible()]
        unnamed = [w for w in shown if w.focusPolicy() and not w.accessibleName()]
        assert not unnamed
        # A banner may push the lowest lines below the edge; nothing else may.
        if page.banner.isHidden():
            assert area.verticalScrollBar().maximum() == 0, language


@pytest.mark.parametrize("name", ["11-phone-qr", "13-proof", "14-hand-over"])
@pytest.mark.parametrize("size", [(1920, 1080), (1440, 900), (960, 600)])
def test_every_page_takes_every_size(
    look: Look, qtbot: QtBot, name: str, size: tuple[int, int]
) -> None:
    window = SCENES[name](look, size)
    qtbot.addWidget(window)
    QApplication.processEvents()

    assert isinstance(window, Shell)
    assert (window.width(), window.height()) == size
    assert window.page is not None
    assert window.page.footer.isVisible()


def test_no_key_stands_in_both_tables() -> None:
    assert not set(Words(AREA)) & set(Words("officer"))


def test_every_code_these_pages_show_has_its_words() -> None:
    assert {"ENR-PIN-02", "ENR-PIN-05", "ENR-QR-05", "ENR-QR-07"} <= set(TROUBLES)


@pytest.mark.parametrize("asks_passport", [False, True])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_resume_says_when_only_the_phone_knows_the_passport(
    look: Look, language: str, asks_passport: bool
) -> None:
    """What was not compared is said, and said in full in the smallest full window."""
    look.set_language(language)
    shell = scenes_renewal.resume_asked(look, (1280, 720), asks_passport=asks_passport)
    settle()

    key = "why_passport" if asks_passport else "why"
    said = OwnWords(look, RENEWAL)(f"renewal_proof.{key}")
    (text,) = [one for one in shell.findChildren(Text) if one.text() == said]
    assert text.isVisible() and not text.is_cut()
    drop(shell)

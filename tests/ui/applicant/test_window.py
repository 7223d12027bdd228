"""What the applicant does leaves as signals; what was typed never outlives its case."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desk.ui.applicant.pages_data import DataPage, masked_passport, masked_resident
from desk.ui.applicant.pages_phone import LargeQrPage
from desk.ui.applicant.pages_pin import PinPage
from desk.ui.applicant.parts import ShowButton, Touch, WideButton
from desk.ui.applicant.snapshot import Kept, LiveState, Page, Purpose, Reading, Refusal, Spoken
from desk.ui.applicant.window import ApplicantWindow
from tests.ui.applicant import samples
from tests.ui.applicant.conftest import Clock, Open


def _words(window: QWidget) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def _button(window: ApplicantWindow, text: str) -> Touch:
    found = [b for b in window.findChildren(Touch) if b.text() == text and b.isVisible()]
    assert found, f"no button {text}"
    return found[0]


def _type(qtbot: QtBot, window: ApplicantWindow, digits: str) -> None:
    for digit in digits:
        qtbot.keyClicks(window, digit)


# Languages, size, contrast
def test_language_switches_in_place_and_keeps_what_was_typed(
    qtbot: QtBot, open_window: Open
) -> None:
    window = open_window(Page.PIN)
    _type(qtbot, window, "402")
    with qtbot.waitSignal(window.language_chosen) as chosen:
        _button(window, "Tiếng Việt").click()

    assert chosen.args == ["vi"]
    assert "Hãy đặt mã PIN nhận thẻ gồm 6 chữ số" in _words(window)
    assert "Đã nhập 3/6 chữ số" in _words(window)


def test_the_desk_can_change_the_language_too(open_window: Open) -> None:
    window = open_window(Page.WELCOME)
    window.show_screen(samples.screen(Page.WELCOME, "zh"))

    assert window.language == "zh"
    assert "为您的手机签发移动身份确认证" in _words(window)


def test_the_applicants_choice_stays_while_the_snapshot_repeats_the_old_one(
    open_window: Open,
) -> None:
    window = open_window(Page.WELCOME)
    window.set_language("en")
    window.show_screen(samples.screen(Page.CONSENT, "ko"))

    assert window.language == "en"


def test_larger_text_folds_the_panel_and_hides_the_second_language(open_window: Open) -> None:
    window = open_window(Page.PIN)
    window.set_larger(True)

    assert window._panel is None
    assert "Choose a six-digit issuance PIN" not in _words(window)
    assert "5 / 7" in _words(window)


def test_size_and_contrast_last_for_the_case_only(open_window: Open) -> None:
    window = open_window(Page.DONE)
    window.set_larger(True)
    window.set_contrast(True)
    window.show_screen(samples.screen(Page.IDLE))

    assert not window._larger
    assert not window._contrast


@pytest.mark.parametrize("width", [1280, 1600, 1920])
def test_larger_monitors_scale(open_window: Open, width: int) -> None:
    window = open_window(Page.WELCOME, size=(width, width * 10 // 16))
    unit = {1280: 1.0, 1600: 1.25, 1920: 1.5}[width]

    assert window._kit.unit == unit
    assert window._panel is not None
    assert window._panel.width() == round(296 * unit)


def test_a_low_monitor_leaves_out_what_only_helps(open_window: Open) -> None:
    window = open_window(Page.QR, size=(1280, 720))

    assert window._page.states.height() < 106  # type: ignore[union-attr]
    assert window._page.symbol.module() >= 6  # type: ignore[union-attr]


# Consent
def test_nothing_is_ticked_beforehand_and_next_waits_for_the_required(
    qtbot: QtBot, open_window: Open
) -> None:
    window = open_window(Page.CONSENT)
    page = window._page
    assert not any(button.isChecked() for button in page.buttons.values())  # type: ignore[union-attr]
    assert not window.press_primary()
    for key in ("passport", "face", "phone"):
        page.buttons[key].click()  # type: ignore[union-attr]
    with qtbot.waitSignal(window.consent_given) as given:
        assert window.press_primary()

    assert given.args == [("face", "passport", "phone")]


def test_back_shows_the_first_page_again_and_loses_nothing(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.CONSENT)
    window._page.buttons["passport"].click()  # type: ignore[union-attr]
    with qtbot.assertNotEmitted(window.started):
        _button(window, "이전").click()
        assert "네 가지를 합니다" in _words(window)
        window.press_primary()

    assert window._page.buttons["passport"].isChecked()  # type: ignore[union-attr]


def test_what_the_law_settles_is_told_and_not_asked(open_window: Open) -> None:
    window = open_window(
        Page.CONSENT, consent=(Purpose("resident", Kept.ENCRYPTED_YEARS, 5, asked=False),)
    )

    assert not window._page.buttons  # type: ignore[union-attr]
    assert "동의 대상 아님" in _words(window)


def test_ticks_do_not_survive_the_case(open_window: Open) -> None:
    window = open_window(Page.CONSENT)
    window._page.buttons["passport"].click()  # type: ignore[union-attr]
    window.show_screen(replace(samples.screen(Page.CONSENT), case_key="case-2"))

    assert not window._visit.agreed


# Reading and camera
def test_percent_never_runs_back(open_window: Open) -> None:
    window = open_window(Page.PASSPORT)
    window.show_screen(
        replace(samples.screen(Page.PASSPORT), reading=Reading(40, samples.READING.phases))
    )

    assert "62%" in _words(window)


def test_a_guidance_stays_long_enough_to_be_read_aloud(open_window: Open, clock: Clock) -> None:
    window = open_window(Page.CAMERA)
    closer = replace(samples.TURN, guidance=Spoken.CLOSER)
    clock.move(0.5)
    window.show_screen(samples.screen(Page.CAMERA, camera=closer))
    assert "고개를 조금 왼쪽으로 돌려 주세요" in _words(window)
    clock.move(1.1)
    window.show_screen(samples.screen(Page.CAMERA, camera=closer))

    assert "조금 더 가까이 오세요" in _words(window)


def test_a_check_that_was_not_made_never_shows_as_good(open_window: Open) -> None:
    window = open_window(Page.CAMERA, camera=replace(samples.TURN, light=None))
    tags = window._page._tags  # type: ignore[union-attr]

    assert tags["light"].accessibleName() == "대기"
    assert tags["distance"].accessibleName() == "좋음"


# Data
def test_masks() -> None:
    assert masked_passport("M12345667") == "M12••••67"
    assert masked_resident("910314-2345678") == "910314-2••••••"


ADDRESS = (
    "1842 Sample Avenue, Apartment 1207, Building C, Koreatown, Los Angeles County, "
    "California 90005-1234, United States of America"
)


@pytest.mark.parametrize("language", ["ko", "vi"])
@pytest.mark.parametrize("size", [(1280, 800), (1280, 720), (800, 1280)])
@pytest.mark.parametrize("larger", [False, True])
def test_nothing_of_what_is_to_be_confirmed_is_cut_off(
    open_window: Open, language: str, size: tuple[int, int], larger: bool
) -> None:
    """The address ended at the card's edge, and the applicant pressed «all correct»."""
    data = replace(
        samples.PERSON,
        name="황보아름다운별빛하늘누리",
        latin="HWANGBOAREUM BYEOLBITHANEULNURIMARIAELIS",
        address=ADDRESS,
        post="주상트페테르부르크대한민국총영사관",
    )
    window = open_window(Page.DATA, language, size, data=data)
    window.set_larger(larger)
    for _ in range(4):
        QApplication.processEvents()

    page = window._page
    assert isinstance(page, DataPage)
    for key, (value, text) in page._values.items():
        assert value.text() == text
        assert value.height() >= value.heightForWidth(value.width()), key
        lines = value._layout(float(value.width()))
        widths = [lines.lineAt(n).naturalTextWidth() for n in range(lines.lineCount())]
        assert max(widths) <= value.width(), key


def test_a_short_address_leaves_the_picture_of_the_phone_beside_it(open_window: Open) -> None:
    page = open_window(Page.DATA)._page

    assert isinstance(page, DataPage)
    assert page._phone is not None


def test_numbers_open_only_under_the_finger(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.DATA)
    assert "M12345667" not in _words(window)
    assert "2345678" not in _words(window)
    show = window.findChildren(ShowButton)[0]
    qtbot.mousePress(show, Qt.MouseButton.LeftButton)
    assert "M12345667" in _words(window)
    qtbot.mouseRelease(show, Qt.MouseButton.LeftButton)

    assert "M12345667" not in _words(window)


def test_an_open_number_closes_by_itself(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.DATA)
    qtbot.mousePress(window.findChildren(ShowButton)[1], Qt.MouseButton.LeftButton)
    assert "910314-2345678" in _words(window)
    window._page._closer.timeout.emit()  # type: ignore[union-attr]

    assert "910314-2345678" not in _words(window)


def test_untouched_for_a_minute_everything_is_masked_and_a_touch_shows_it(
    qtbot: QtBot, open_window: Open, clock: Clock
) -> None:
    window = open_window(Page.DATA)
    clock.move(60)
    window.tick()
    assert "김하늘" not in _words(window)
    assert "KIM HANEUL" not in _words(window)
    qtbot.mouseClick(window, Qt.MouseButton.LeftButton)

    assert "김하늘" in _words(window)


def test_right_and_wrong(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.DATA)
    with qtbot.waitSignal(window.data_wrong):
        _button(window, "틀린 곳이 있어요").click()
    with qtbot.waitSignal(window.data_confirmed):
        window.press_primary()


# PIN
def test_the_pin_goes_out_once_and_nothing_stays(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.PIN)
    counts: list[int] = []
    window.pin_progress.connect(counts.append)
    _type(qtbot, window, "402718")
    assert not window.press_primary()
    _type(qtbot, window, "402718")
    with qtbot.waitSignal(window.pin_chosen) as chosen:
        qtbot.keyClick(window, Qt.Key.Key_Return)

    assert chosen.args == [bytearray(b"402718")]
    assert counts == [1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 0]
    assert window._visit.pin.is_empty


def test_digits_are_never_in_a_widget(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.PIN)
    _type(qtbot, window, "40271840")

    everything = " ".join(
        w.accessibleName() + getattr(w, "text", str)() for w in window.findChildren(QWidget)
    )
    assert "402718" not in everything
    assert window._page._cells.accessibleName() == (  # type: ignore[union-attr]
        "발급 비밀번호, 6자리 가운데 2자리 입력"
    )


def test_a_refused_pin_says_why_and_only_that(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.PIN)
    with qtbot.waitSignal(window.pin_refused) as refused:
        _type(qtbot, window, "910314")

    assert refused.args == ["refused_birth_date"]
    assert "생년월일이 들어 있어 짐작하기 쉽습니다" in _words(window)
    assert "910314" not in _words(window)


def test_keys_of_the_pad_star_and_backspace(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.PIN)
    page = window._page
    assert isinstance(page, PinPage)
    for place in (0, 1, 2):
        page.pad.keys[place].click()
    assert window._visit.pin.count == 3
    qtbot.keyClick(window, Qt.Key.Key_Backspace)
    assert window._visit.pin.count == 2
    qtbot.keyClicks(window, "*")

    assert window._visit.pin.count == 0


def test_a_minute_without_a_key_empties(qtbot: QtBot, open_window: Open, clock: Clock) -> None:
    window = open_window(Page.PIN)
    _type(qtbot, window, "402")
    clock.move(59)
    window.tick()
    assert window._visit.pin.count == 3
    clock.move(1)
    window.tick()

    assert window._visit.pin.count == 0
    assert "60초 동안 누르지 않아 지웠습니다" in _words(window)


@pytest.mark.parametrize("page", [Page.HIDDEN, Page.QR, Page.IDLE, Page.REFUSED])
def test_leaving_the_page_wipes(qtbot: QtBot, open_window: Open, page: Page) -> None:
    window = open_window(Page.PIN)
    _type(qtbot, window, "402718402")
    buffers = window._visit.pin._first, window._visit.pin._typed
    window.show_screen(samples.screen(page))

    assert all(digits._digits == bytearray(6) for digits in buffers)


def test_another_case_finds_an_empty_buffer(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.PIN)
    _type(qtbot, window, "402718402")
    window.show_screen(replace(samples.screen(Page.PIN), case_key="case-2"))

    assert window._visit.pin.is_empty


def test_a_post_may_have_the_keys_in_another_order(open_window: Open) -> None:
    window = open_window(Page.PIN, keypad="7391520864")
    page = window._page
    assert isinstance(page, PinPage)

    assert [key.text() for key in page.pad.keys if key.text().isdigit()] == list("7391520864")


# QR
def test_the_qr_carries_the_offer_in_whole_pixels(open_window: Open) -> None:
    window = open_window(Page.QR)
    symbol = window._page.symbol  # type: ignore[union-attr]

    assert symbol.text == samples.OFFER.text
    assert symbol.module() >= 6


def test_time_over_takes_the_qr_away_without_waiting_for_the_desk(
    open_window: Open, clock: Clock
) -> None:
    window = open_window(Page.QR)
    clock.move(9 * 60 + 33)
    window.tick()

    assert window._page.symbol.text == ""  # type: ignore[union-attr]
    assert "0:00" in _words(window)


def test_last_minute_says_so(open_window: Open, clock: Clock) -> None:
    window = open_window(Page.QR)
    assert "9:32" in _words(window)
    clock.move(9 * 60)
    window.tick()

    assert "곧 끝납니다  0:32" in _words(window)


def test_the_countdown_is_spoken_at_its_marks_only(open_window: Open, clock: Clock) -> None:
    window = open_window(Page.QR)
    countdown = window._page.countdown  # type: ignore[union-attr]
    spoken = {countdown.accessibleName()}
    for _ in range(572):
        clock.move(1)
        window.tick()
        spoken.add(countdown.accessibleName())

    assert spoken == {
        "남은 시간 9분 32초",
        "남은 시간 5분 0초",
        "남은 시간 1분 0초",
        "남은 시간 0분 30초",
        "남은 시간 0분 0초",
    }


def test_larger_qr_has_the_same_countdown_and_goes_back(open_window: Open) -> None:
    window = open_window(Page.QR)
    _button(window, "QR 크게").click()
    assert isinstance(window._page, LargeQrPage)
    assert window._page.symbol.text == samples.OFFER.text
    assert "9:32" in _words(window)
    _button(window, "작게").click()

    assert not isinstance(window._page, LargeQrPage)


def test_the_first_fetch_removes_the_qr(open_window: Open) -> None:
    window = open_window(Page.QR)
    window.show_screen(samples.screen(Page.SENDING, live=LiveState.SCANNED))

    assert "QR은 사용되어 사라졌습니다" in _words(window)
    assert not [w for w in window.findChildren(QWidget) if hasattr(w, "module") and w.isVisible()]


def test_states_follow_the_phone(open_window: Open) -> None:
    window = open_window(Page.SENDING, live=LiveState.PIN_OK)
    names = [row.accessibleName() for row in window._page._rows]  # type: ignore[union-attr]

    assert names == [
        "QR 찍음, 완료",
        "번호 맞음, 완료",
        "휴대전화 준비됨, 진행 중",
        "서명 중, 대기",
        "저장됨, 대기",
    ]


def test_what_is_saved_is_not_said_to_be_under_way(open_window: Open) -> None:
    """Between the delivery and the check QR the phone has it already, and nothing is usable."""
    window = open_window(Page.SENDING, live=LiveState.SIGNING)
    assert "휴대전화에 보내고 있습니다" in _words(window)

    window.show_screen(samples.screen(Page.SENDING, live=LiveState.SAVED))

    assert "휴대전화에 저장되었습니다" in _words(window)
    assert "보내고 있습니다" not in _words(window)
    assert "사용" not in _words(window).replace("QR은 사용되어", "")


def test_tries_left(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.WRONG_PIN, "en", tries_left=1)

    assert "1 try left." in _words(window)
    with qtbot.waitSignal(window.new_pin_wanted):
        window.findChildren(WideButton)[0].click()


def test_where_the_phone_has_it_nothing_is_sent_and_no_pin_is_asked(open_window: Open) -> None:
    """A resume: three things to do, and a panel without the data and the PIN."""
    window = open_window(Page.WELCOME, resumes=True)
    welcome = _words(window)
    window.show_screen(samples.screen(Page.PROVE, resumes=True))

    assert "세 가지를 합니다" in welcome
    assert "비밀번호" not in welcome
    assert "발급해 드립니다" not in welcome
    assert window._panel is not None
    assert "4/5 휴대전화로 확인" in window._panel.accessibleName()
    window.show_screen(samples.screen(Page.PROVE))
    assert "6/7 휴대전화로 받기" in window._panel.accessibleName()


# Ends
def test_usable_is_said_on_page_07_only(open_window: Open) -> None:
    said = "이제 사용할 수 있습니다"
    window = open_window(Page.WELCOME)
    for page in Page:
        if page is Page.SLIP:
            continue
        window.show_screen(samples.screen(page))
        assert (said in _words(window)) == (page is Page.DONE), page


def test_the_end_clears_itself_after_a_minute(
    qtbot: QtBot, open_window: Open, clock: Clock
) -> None:
    window = open_window(Page.DONE)
    clock.move(18)
    window.tick()
    assert "이 화면은 42초 뒤 지워집니다" in _words(window)
    clock.move(42)
    with qtbot.waitSignal(window.finished):
        window.tick()


def test_no_loss_number_no_invented_one(open_window: Open) -> None:
    from desk.ui.applicant.snapshot import Ending

    window = open_window(Page.DONE, ending=Ending(samples.ENDING.valid_until))

    assert "+" not in _words(window)
    assert "직원에게 물어보세요" in _words(window)


def test_the_sentence_about_pictures_is_the_true_one(open_window: Open) -> None:
    taken = Refusal("registered.struck_off", face_taken=True)

    assert "얼굴 사진은 찍지 않았고" in _words(open_window(Page.REFUSED))
    assert "찍은 얼굴 사진은 지웁니다" in _words(open_window(Page.REFUSED, refusal=taken))


def test_further_check_shows_no_reason(open_window: Open) -> None:
    words = _words(open_window(Page.FURTHER_CHECK))

    assert "말소" not in words
    assert "여권은 돌려 드립니다" in words


@pytest.mark.parametrize("page", [Page.HIDDEN, Page.IDLE])
def test_nothing_personal_when_hidden_or_idle(open_window: Open, page: Page) -> None:
    window = open_window(Page.DATA)
    window.show_screen(samples.screen(page))
    everything = _words(window)

    for personal in ("김하늘", "KIM HANEUL", "M12", "910314", "Los Angeles, California"):
        assert personal not in everything


def test_help(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.WELCOME)
    with qtbot.waitSignal(window.help_called):
        qtbot.keyClick(window, Qt.Key.Key_F1)


def _pdf() -> bytes:
    """One A4 page with a black bar near its foot."""
    import io

    from reportlab.pdfgen.canvas import Canvas

    target = io.BytesIO()
    sheet = Canvas(target, pagesize=(595.28, 841.89))
    sheet.rect(50, 40, 495, 20, fill=1)
    sheet.showPage()
    sheet.save()
    return target.getvalue()


def test_a_slip_without_a_printer_is_read_on_the_window(qtbot: QtBot, open_window: Open) -> None:
    window = open_window(Page.SLIP, slip=_pdf())
    page = window._page
    qtbot.waitUntil(page.down.isEnabled)  # type: ignore[union-attr]
    assert not page.up.isEnabled()  # type: ignore[union-attr]
    for _ in range(4):
        page.down.click()  # type: ignore[union-attr]

    assert not page.down.isEnabled()  # type: ignore[union-attr]
    assert page.up.isEnabled()  # type: ignore[union-attr]
    picture = window.grab().toImage()
    foot = window._footer.geometry().top()  # type: ignore[union-attr]
    column = [picture.pixelColor(700, y).lightness() for y in range(foot - 120, foot)]
    assert min(column) < 40


def test_a_slip_with_a_qr_is_not_to_be_photographed(open_window: Open) -> None:
    window = open_window(Page.SLIP, slip=_pdf(), slip_has_qr=True)

    assert "사진으로 찍지 마세요" in _words(window)

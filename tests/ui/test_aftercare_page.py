"""After-care on the screen: what is typed, what may be pressed, where the focus stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desk.counter.holdings import Deed
from desk.counter.renewal import ReissueReason
from desk.issuance.aftercare import CareAct, Channel, SuspendReason
from desk.store.holders import Person
from desk.store.notice_file import NoticeKind
from desk.ui import renewal_dialogs
from desk.ui.aftercare_dialogs import (
    WIDTH,
    Signer,
    SuspendDialog,
    TwoCardsActDialog,
    TwoCardsView,
)
from desk.ui.look import Look
from desk.ui.pages.aftercare import AftercarePage
from desk.ui.pages.aftercare_parts import day_of, is_whole_day, key_print
from desk.ui.parts.above import Above
from desk.ui.parts.text import Text
from desk.ui.renewal_dialogs import ReissueDialog
from desk.ui.troubles import Spoken
from tests.ui import scenes_aftercare as scenes
from tests.ui.officer import drop, settle

NOW = scenes._now()
BORN = date(2001, 4, 30)
SIGNERS = (Signer("이서준 영사", "now"), Signer("다른 사람", "later"))


@pytest.fixture
def opened() -> Iterator[list[QWidget]]:
    windows: list[QWidget] = []
    yield windows
    for window in windows:
        drop(window)


@pytest.mark.parametrize(
    "text", ["1991-03-14", "19910314", "1991.3.14", "1991.03.14.", " 1991 3 14 "]
)
def test_a_day_may_be_typed_as_people_write_it(text: str) -> None:
    assert day_of(text) == date(1991, 3, 14)


@pytest.mark.parametrize(
    "text", ["", "1991", "1991-3", "910314", "1991-02-30", "1891-03-14", "1991-03-14-1", "날짜"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert day_of(text) is None


def test_a_day_is_whole_with_its_eighth_digit() -> None:
    assert [is_whole_day(text) for text in ("1991-03-1", "1991-03-14", "19910314")] == [
        False,
        True,
        True,
    ]


def test_a_key_is_known_by_the_first_bytes_of_its_thumbprint() -> None:
    # RFC 7638, 3.1: the thumbprint of the example key.
    assert key_print("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs") == "3736 CBB1"


def test_a_call_asks_once_both_are_whole(look: Look, opened: list[QWidget]) -> None:
    page = AftercarePage(look)
    opened.append(page)
    asked: list[tuple[str, date]] = []
    begun: list[bool] = []
    page.find_asked.connect(lambda name, born: asked.append((name, born)))
    page.call_begun.connect(lambda: begun.append(True))

    page.call.name_field.setText("김하늘")
    page.call.name_field.textEdited.emit("김하늘")
    for text in ("1991031", "19910399", "19910314", "19910314"):
        page.call.born.setText(text)
        page.call.born.textEdited.emit(text)

    assert asked == [("김하늘", date(1991, 3, 14))]
    assert begun


def test_a_suspension_on_a_call_takes_the_question_and_no_answer_is_given_beforehand(
    look: Look, opened: list[QWidget]
) -> None:
    dialog = SuspendDialog(look, None, scenes.holding(NOW), on_call=True)
    opened.append(dialog)
    dialog.show()
    settle()
    assert dialog.focusWidget() is dialog.safe
    assert not dialog.act.isEnabled()
    assert not dialog.asked.isChecked()

    dialog.asked.click()

    assert dialog.act.isEnabled()
    assert dialog.answer() == (SuspendReason.LOSS_CALL, Channel.PHONE)
    dialog.reasons[SuspendReason.SUSPICIOUS_USE].click()
    assert dialog.act.isEnabled()
    assert dialog.answer() == (SuspendReason.SUSPICIOUS_USE, Channel.COUNTER)


def test_without_a_call_a_reason_is_chosen_first(look: Look, opened: list[QWidget]) -> None:
    dialog = SuspendDialog(look, None, scenes.holding(NOW), on_call=False)
    opened.append(dialog)

    assert not dialog.act.isEnabled()
    dialog.reasons[SuspendReason.OWN_REQUEST].click()
    assert dialog.act.isEnabled()


def revoking(look: Look, opened: list[QWidget], view: TwoCardsView) -> TwoCardsActDialog:
    dialog = TwoCardsActDialog(look, None, scenes.holding(NOW).whose, CareAct.REVOKE)
    opened.append(dialog)
    dialog.render(view)
    dialog.show()
    settle()
    return dialog


def type_pin(dialog: TwoCardsActDialog, qtbot: object) -> None:
    qtbot.keyClicks(dialog.pin.dots, "246813")  # type: ignore[attr-defined]


def test_revoking_takes_reason_document_word_card_and_pin(
    look: Look, opened: list[QWidget], qtbot: object
) -> None:
    """Each alone keeps the button off, and the sentence beside it says which."""
    ready = TwoCardsView(SIGNERS, ready=True, tries=3)
    dialog = revoking(look, opened, ready)
    said = [dialog._why.text()]
    dialog.reason.setCurrentIndex(0)
    dialog.reason.chosen.emit(dialog.reason.value())
    said.append(dialog._why.text())
    dialog.basis.setText("LA-REG-2026-0311")
    said.append(dialog._why.text())
    dialog.word.setText("정지")
    said.append(dialog._why.text())
    dialog.word.setText("폐지")
    said.append(dialog._why.text())
    assert not dialog.act.isEnabled()

    type_pin(dialog, qtbot)

    assert said == [
        "사유와 근거를 채우십시오",
        "사유와 근거를 채우십시오",
        "확인 낱말을 입력하십시오",
        "확인 낱말을 입력하십시오",
        "카드 PIN을 기다립니다",
    ]
    assert dialog.act.isEnabled()
    dialog.render(replace(ready, ready=False, why="why_first"))
    assert not dialog.act.isEnabled()
    assert dialog.pin.dots.count() == 0, "what was typed for a card goes with it"


def test_the_pin_is_handed_over_once_and_a_card_at_work_is_not_left(
    look: Look, opened: list[QWidget], qtbot: object
) -> None:
    dialog = revoking(look, opened, TwoCardsView(SIGNERS, turn=1, ready=True, tries=1))
    given: list[tuple[bytearray, bool]] = []
    dialog.sign_asked.connect(lambda pin, last: given.append((pin, last)))
    dialog.show_given("died", "A-1")
    dialog.word.setText("폐지")
    type_pin(dialog, qtbot)
    assert not dialog.act.isEnabled(), "the last try wants its consent"
    dialog.pin._consent.setChecked(True)

    dialog.act.click()
    dialog.render(TwoCardsView(SIGNERS, turn=1, ready=True, tries=1, busy=True))
    dialog.reject()

    assert given == [(bytearray(b"246813"), True)]
    assert dialog.pin.dots.count() == 0
    assert dialog.isVisible()
    assert not dialog.reason.isEnabled()


def test_what_is_not_possible_says_why_and_what_has_no_way_is_not_there(
    look: Look, opened: list[QWidget]
) -> None:
    page = AftercarePage(look)
    opened.append(page)
    shown = scenes.view(look, scenes.suspended(NOW), offered=frozenset({Deed.SUSPEND, Deed.REVOKE}))

    page.render(shown)
    page.show()
    settle()

    rows = page.deeds.rows
    assert [deed for deed, one in rows.items() if one.isVisible()] == [Deed.SUSPEND, Deed.REVOKE]
    assert not rows[Deed.SUSPEND].button.isEnabled()
    assert rows[Deed.SUSPEND].button.accessibleDescription() == "이미 정지되어 있습니다"
    assert rows[Deed.REVOKE].button.isEnabled()
    assert not page.suspend.isVisible()


def test_a_list_that_is_not_out_is_never_shown_as_done(look: Look, opened: list[QWidget]) -> None:
    page = AftercarePage(look)
    opened.append(page)

    page.render(scenes.view(look, scenes.suspended(NOW, published=False)))

    assert "아직 반영되지 않음" in page.verdict.sentence.text()
    page.render(scenes.view(look, scenes.suspended(NOW, published=False, moved=True)))
    assert "더 이상 공개되지 않습니다" in page.verdict.sentence.text()


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("told", [False, True])
def test_all_that_can_be_done_is_seen_at_once(
    look: Look, opened: list[QWidget], language: str, size: tuple[int, int], told: bool
) -> None:
    """What was never proven has five rows; where they are low, the line in the middle goes.
    A notice of the holder stands above them."""
    look.set_language(language)
    shell = (scenes.unproven_struck_off if told else scenes.not_proven)(look, size)
    opened.append(shell)
    settle()

    (page,) = shell.findChildren(AftercarePage)
    rows = [one for one in page.deeds.rows.values() if one.isVisible()]
    assert len(rows) == 5
    assert page._scroll.verticalScrollBar().maximum() == 0
    assert all(one.height() >= one.LEAST for one in rows)
    assert {one._text.isVisible() for one in rows} == {size[1] > (900 if told else 720)}
    assert page.notice.isVisible() is told


def test_a_notice_says_what_since_when_by_which_paper_and_what_is_to_be_done(
    look: Look, opened: list[QWidget]
) -> None:
    page = AftercarePage(look)
    opened.append(page)
    one = replace(scenes.suspended(NOW), notices=(scenes.told(NoticeKind.DIED),) * 2)

    page.render(scenes.view(look, one))

    assert page.notice.accessibleName() == (
        "사망 · 2026-11-20부터 · LA-REG-2026-0311 · 그 밖에 1건. "
        "폐지해야 합니다. 틀린 자료는 ‘바뀔 것’에서 제쳐 둡니다."
    )
    page.render(scenes.view(look, scenes.suspended(NOW)))
    assert page.notice.isHidden()


def test_a_new_passport_is_the_reason_that_is_offered(look: Look, opened: list[QWidget]) -> None:
    told = replace(scenes.suspended(NOW), notices=(scenes.told(NoticeKind.NEW_PASSPORT),))
    dialogs = [ReissueDialog(look, None, one, None) for one in (told, scenes.suspended(NOW))]
    opened += dialogs

    assert [one.reason for one in dialogs] == [
        ReissueReason.NEW_PASSPORT,
        ReissueReason.NEW_PHONE,
    ]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_reasons_of_a_reissue_stand_in_one_row(
    look: Look, opened: list[QWidget], language: str
) -> None:
    look.set_language(language)
    dialog = shown(look, opened)

    buttons = list(dialog.reasons.buttons.values())
    assert len({one.y() for one in buttons}) == 1
    assert all(one.width() >= one.minimumSizeHint().width() for one in buttons)
    assert dialog.width() == WIDTH


def test_reasons_that_need_more_room_stand_in_two_rows(
    look: Look, opened: list[QWidget], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_dialogs, "ROOM", 400)

    buttons = shown(look, opened).reasons.buttons.values()

    assert len({one.y() for one in buttons}) == 2


def test_reasons_are_one_stop_of_tab_and_the_arrows_choose(
    look: Look, opened: list[QWidget], qtbot: QtBot
) -> None:
    """Fields first, then the safe way, last the act."""
    dialog = shown(look, opened)
    buttons = dialog.reasons.buttons
    buttons[ReissueReason.NEW_PHONE].setFocus(Qt.FocusReason.TabFocusReason)

    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Right)
    assert dialog.reason is ReissueReason.APP_RESET
    assert dialog.focusWidget() is buttons[ReissueReason.APP_RESET]

    met = []
    for _ in range(3):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        met.append(dialog.focusWidget())
    assert met == [dialog.safe, dialog.act, buttons[ReissueReason.APP_RESET]]


def shown(look: Look, opened: list[QWidget]) -> ReissueDialog:
    dialog = ReissueDialog(look, None, scenes.holding(NOW), None)
    opened.append(dialog)
    dialog.show()
    settle()
    dialog.activateWindow()
    settle()
    return dialog


LONG = Person("남궁알렉산드리나마리아크리스티나솔", "NAMGUNG ALEXANDRINA MARIA CHRISTINA SOL", BORN)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [(1280, 720), (1440, 900)])
def test_whose_it_is_stands_there_whole_however_long_the_name(
    look: Look, opened: list[QWidget], language: str, size: tuple[int, int]
) -> None:
    """On the page, and in the dialogs whose act must not hit somebody else's."""
    look.set_language(language)
    one = scenes.holding(NOW, person=LONG)
    dialogs = [
        ReissueDialog(look, None, one, None),
        SuspendDialog(look, None, one, on_call=True),
        TwoCardsActDialog(look, None, one.whose, CareAct.REVOKE),
    ]
    page = scenes.shell(look, size, scenes.view(look, one))
    opened.extend((*dialogs, page))
    for dialog in dialogs:
        dialog.show()
    settle()

    for window in (*dialogs, page):
        told = [text for text in window.findChildren(Text) if text.isVisible()]
        names = [text for text in told if "ALEXANDRINA" in text.text()]
        assert names and any(one.number in text.text() for text in told)
        for text in (*names, *(text for text in told if one.number in text.text())):
            assert not text.is_cut()
            assert text.height() >= text.heightForWidth(text.width())


@pytest.mark.parametrize("room", [480, 560])
def test_the_buttons_of_a_dialog_are_on_the_screen_however_low_it_is(
    look: Look, opened: list[QWidget], monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """A screen of 1440x900 at 150 % is 600 high; the question for two cards was 689."""
    monkeypatch.setattr(Above, "room", lambda _self: room)
    look.set_language("en")
    dialog = revoking(look, opened, TwoCardsView(SIGNERS, turn=1, ready=True, tries=2))
    dialog.pin.dots.setFocus()
    spoken = Spoken("CARD-04", "attention", "Wrong PIN", "Nothing was signed. " * 6, "")
    dialog.render(TwoCardsView(SIGNERS, turn=1, ready=True, tries=1, wrong=True, trouble=spoken))
    settle()

    assert dialog.height() == room
    for part in (dialog.safe, dialog.act, dialog.pin.dots):
        seen = part.visibleRegion().boundingRect()
        assert seen.size() == part.size()

    barred = TwoCardsView(SIGNERS, turn=1, why="why_barred", trouble=replace(spoken, text="No."))
    dialog._scroll.verticalScrollBar().setValue(0)
    dialog.render(barred)
    settle()
    seen = dialog.problem.visibleRegion().boundingRect()
    assert seen.size() == dialog.problem.size()
    assert dialog.focusWidget() is dialog and not dialog._ring.isVisible()

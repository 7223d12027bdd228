"""The page of the hand-over: its slip, and what must be said before the case is closed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtPdf import QPdfDocument
from pytestqt.qtbot import QtBot

from desk.issuance.case import Case, State
from desk.ui.look import Look
from desk.ui.pages.hand_over import HandOverPage, HandOverView
from tests.ui import gallery_phone, samples
from tests.ui.officer import words_seen

DELIVERED = samples.offered_case(State.DELIVERED, issued=samples.issued())
PROVEN = samples.offered_case(State.PROVEN, issued=samples.issued())


@pytest.fixture
def hand_over(look: Look, qtbot: QtBot) -> HandOverPage:
    page = HandOverPage(look)
    qtbot.addWidget(page)
    page.resize(1200, 780)
    page.show()
    return page


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
    assert "LA03-000418은 무효가" in words_seen(hand_over)


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
    assert "거절 · 발급 요건 미충족" in words_seen(hand_over)
    assert "사용 가능" not in words_seen(hand_over)


def test_what_was_delivered_but_not_proven_has_its_slip_and_stays_open(
    hand_over: HandOverPage, qtbot: QtBot
) -> None:
    """The sheet says that it is not usable yet, and what to come back with."""
    hand_over.render(slip_view(DELIVERED))
    assert not hand_over.printing.isHidden()
    assert set(hand_over.said) == {"passport", "slip", "visit"}
    assert "전달됨 · 사용 미확인" in words_seen(hand_over)
    assert "건이 닫히고" not in words_seen(hand_over)
    tick_all(hand_over)

    with qtbot.waitSignal(hand_over.close_requested):
        hand_over.primary_key()


def test_what_may_not_become_usable_waits_for_no_visit(
    hand_over: HandOverPage, qtbot: QtBot
) -> None:
    hand_over.render(slip_view(DELIVERED, bar="분실 신고를 받았습니다"))

    assert set(hand_over.said) == {"passport", "slip", "barred"}
    told = words_seen(hand_over)
    assert "사용 가능으로 바꿀 수 없습니다 · 분실 신고를 받았습니다" in told
    assert "아직 쓸 수 없습니다" not in told and "다시 방문하면" not in told
    with qtbot.waitSignal(hand_over.aftercare_asked):
        hand_over.other_asked("aftercare")
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

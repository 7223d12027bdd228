"""The day's close: what keeps it open, what each signer sees, and nothing signs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from desk.issuance.books import Book, Fate
from desk.ui.look import Look
from desk.ui.pages.day_close import DayClosePage, DayCloseView
from tests.ui.officer import drop
from tests.ui.scenes import TROUBLES
from tests.ui.scenes_audit import TOLD, WORDS, close_view, day_books, day_close
from tests.ui.scenes_case import type_pin


@pytest.fixture
def page(look: Look) -> Iterator[DayClosePage]:
    made = DayClosePage(look)
    made.resize(1216, 836)
    yield made
    drop(made)


def test_unexplained_difference_keeps_the_signature_off(page: DayClosePage, look: Look) -> None:
    page.render(close_view(look))

    assert page.verdict.title.text() == "장부 4개 가운데 1개가 맞지 않습니다"
    assert not page.footer.primary.isEnabled()
    assert page.books[Book.SLIPS].terms[Fate.UNEXPLAINED].text() == "1"
    assert page.books[Book.CASES].terms[Fate.UNEXPLAINED].isHidden()


def test_reason_needs_a_choice_and_a_sentence(page: DayClosePage, look: Look) -> None:
    told: list[tuple[str, ...]] = []
    page.explained.connect(lambda *said: told.append(said))
    page.render(close_view(look))
    keep = page.difference.keep

    page.difference.answers[1].click()
    assert not keep.isEnabled()
    page.difference.remark.setPlainText("  ")
    assert not keep.isEnabled()
    page.difference.remark.setPlainText("조각을 확인함")
    keep.click()

    assert told == [("slips", "LA01-000397", "spoiled_unrecorded", "조각을 확인함")]


def test_first_card_signs_once_all_is_explained(page: DayClosePage, look: Look) -> None:
    given: list[tuple[object, bool]] = []
    page.sign_requested.connect(lambda pin, last: given.append((pin, last)))
    page.render(close_view(look, explained=TOLD, turn=0, words=WORDS))

    page.primary_key()
    assert given == []
    type_pin(page.cards.pin.dots)
    page.primary_key()

    assert [(bytes(pin), last) for pin, last in given] == [(b"123456", False)]  # type: ignore[call-overload]
    assert page.cards.pin.dots.count() == 0


def test_whoever_signed_first_cannot_sign_second(page: DayClosePage, look: Look) -> None:
    view = close_view(look, explained=TOLD, close=day_close("16:48"), words=WORDS)
    page.render(replace(view, why_not="act.why_other"))

    assert page.cards.pin.isHidden()
    assert not page.footer.primary.isEnabled()
    described = page.footer.primary.accessibleDescription()
    assert described == "첫 번째로 서명한 사람은 두 번째로 서명할 수 없습니다."


def test_books_that_changed_are_told(page: DayClosePage, look: Look) -> None:
    view = close_view(look, explained=TOLD, close=day_close("16:48"), current=False, turn=0)

    page.render(view)

    assert page.verdict.title.text() == "첫 번째 서명 뒤에 장부가 바뀌었습니다"


def test_closed_day_only_locks(page: DayClosePage, look: Look) -> None:
    locked: list[bool] = []
    page.lock_asked.connect(lambda: locked.append(True))
    view = close_view(
        look, "16:49", explained=TOLD, close=day_close("16:48", "16:49"), seal_words=WORDS
    )
    page.render(view)

    page.primary_key()

    assert locked == [True]
    assert page.verdict.title.text() == "2026-11-23을 마감했습니다"
    assert not page.seal.isHidden() and page.cards.pin.isHidden()


def test_each_term_opens_its_list(page: DayClosePage, look: Look) -> None:
    asked: list[tuple[str, str]] = []
    page.list_asked.connect(lambda book, fate: asked.append((book, fate)))
    page.render(close_view(look))

    page.books[Book.CASES].terms[Fate.REFUSED].click()
    page.books[Book.SLIPS].begun.click()
    page.render(close_view(look, listed=(Book.CASES, "refused")))

    assert asked == [("cases", "refused"), ("slips", "")]
    assert not page.list.isHidden() and page.difference.isHidden()


def test_a_list_names_all_that_its_term_counts(page: DayClosePage, look: Look) -> None:
    """Of 27 issued it named 14, and the rest nowhere."""
    view = close_view(look)
    assert view.books is not None
    issued = view.books.book(Book.CASES).of(Fate.ISSUED)

    page.render(replace(view, listed=(Book.CASES, "issued")))

    named = [line.accessibleName() for line in page.list.rows.rows]
    assert len(issued) == 27 and named == [one.key for one in issued]


def test_language_changes_at_once(page: DayClosePage, look: Look) -> None:
    page.render(close_view(look))

    look.set_language("en")

    assert page.verdict.title.text() == "1 of the 4 books do not add up"
    assert page.difference.answers[0].text() == "Not printed (paper jam)"


def test_nothing_to_close(page: DayClosePage, look: Look) -> None:
    empty = tuple(replace(one, begun=0, items=()) for one in day_books().books)
    view: DayCloseView = close_view(look, books=replace(day_books(), books=empty))

    page.render(view)

    assert page.verdict.title.text() == "이날 시작한 일이 없습니다"
    assert not page.footer.primary.isEnabled()


def test_books_that_could_not_be_read_are_not_said_to_be_drawn_up(
    page: DayClosePage, look: Look
) -> None:
    spoken = TROUBLES.of("STORE-06", "ko", {})
    page.render(replace(close_view(look), books=None, trouble=spoken))

    assert page.verdict.title.text() == "읽지 못했습니다"

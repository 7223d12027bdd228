"""The audit log's page: the first broken line, what is behind it, search, and who may see what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.counter.audit_view import Filter
from desk.counter.patterns import Oddity, Pattern
from desk.ui.look import Look
from desk.ui.pages.audit import AuditPage, AuditView
from desk.ui.parts.text import Text
from tests.ui.officer import drop
from tests.ui.scenes import TROUBLES
from tests.ui.scenes_audit import audit_view


@pytest.fixture
def page(look: Look) -> Iterator[AuditPage]:
    made = AuditPage(look, TROUBLES)
    made.resize(1216, 836)
    yield made
    drop(made)


def broken(view: AuditView, line: int | None, code: str) -> AuditView:
    assert view.report is not None
    report = replace(view.report, broken=line, code=code, facts={"line": line})
    return replace(view, report=report)


def words_of(page: AuditPage, place: int) -> list[str]:
    return [text.text() for text in page.log.rows.rows[place].findChildren(Text)]


def test_lines_say_what_and_who(page: AuditPage, look: Look) -> None:
    page.render(audit_view(look))

    assert page.verdict.title.text() == "사슬이 온전합니다"
    assert words_of(page, 1)[:5] == ["48,216", "16:31:40", "CASE.CLOSED", "건 종결", "정유나"]
    assert len(page.log.rows.rows) == 16


def test_broken_line_and_everything_behind_it(page: AuditPage, look: Look) -> None:
    page.render(broken(audit_view(look), 48_210, "AUDIT-02"))

    assert page.verdict.title.text() == "48,210번 기록부터 확인할 수 없습니다"
    assert all("확인할 수 없음" in words_of(page, place) for place in range(7))
    assert "QR 만듦 · 어긋난 첫 줄" in words_of(page, 7)
    assert not any("확인할 수 없음" in words_of(page, place) for place in range(8, 16))


def test_seal_that_does_not_hold(page: AuditPage, look: Look) -> None:
    page.render(broken(audit_view(look), None, "AUDIT-11"))

    assert page.verdict.title.text() == "봉인이 맞지 않습니다"
    assert "AUDIT-11" in page.verdict.sentence.text()


def test_patterns_only_for_who_may_see_them(page: AuditPage, look: Look) -> None:
    view = audit_view(look)
    odd = Oddity(Pattern.OUT_OF_HOURS, 47_900, view.here.now - timedelta(days=2), "officer:T-002")
    asked: list[tuple[str, str]] = []
    page.find_asked.connect(lambda chosen, text: asked.append((chosen, text)))

    page.render(view)
    assert page.patterns.isHidden() and page.log.filters[Filter.PATTERNS].isHidden()
    page.render(replace(view, oddities=(odd,)))
    page.patterns.buttons[0].click()

    assert not page.patterns.isHidden() and not page.log.filters[Filter.PATTERNS].isHidden()
    assert asked == [("all", "47900")]


def test_pack_needs_the_line_of_a_case(page: AuditPage, look: Look) -> None:
    packed: list[str] = []
    page.pack_asked.connect(packed.append)
    page.render(audit_view(look))
    page.other_asked("pack")
    assert packed == [] and not page.footer.controls()[0].isEnabled()

    page.log.rows.choose(1)
    page.other_asked("pack")

    assert packed == ["LA-2026-001875"] and page.footer.controls()[0].isEnabled()


def test_filter_and_words_go_together(page: AuditPage, look: Look) -> None:
    asked: list[tuple[str, str]] = []
    page.find_asked.connect(lambda chosen, text: asked.append((chosen, text)))
    page.render(audit_view(look))

    page.log.field.setText("T-001")
    page.log.filters[Filter.SIGNATURES].click()

    assert asked == [("signatures", "T-001")]


def test_nothing_is_said_to_hold_before_it_was_checked(page: AuditPage, look: Look) -> None:
    page.render(audit_view(look, report=None, checking=True))

    assert page.verdict.title.text() == "사슬을 확인하는 중입니다"
    assert not page.footer.primary.isEnabled()


def test_language_changes_at_once(page: AuditPage, look: Look) -> None:
    page.render(audit_view(look))

    look.set_language("en")

    assert page.verdict.title.text() == "The chain holds"
    assert "case closed" in words_of(page, 1)
    assert page.seals.title.text() == "Seals signed by cards"


def test_a_log_that_could_not_be_read_is_not_said_to_be_checked_yet(
    page: AuditPage, look: Look
) -> None:
    view = replace(audit_view(look), report=None, trouble=TROUBLES.of("STORE-06", "ko", {}))
    page.render(view)

    assert page.verdict.title.text() == "확인하지 못했습니다"

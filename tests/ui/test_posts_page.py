"""The page of posts and services: what it says of whom, and to whom it is shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from desk.issuance.roles import Role
from desk.ui.look import Look
from desk.ui.navigation import Place, shows
from desk.ui.pages.posts import PostsPage, PostsView
from desk.ui.parts.text import Text
from tests.counter.sealed import officer
from tests.ui import samples
from tests.ui.officer import drop
from tests.ui.scenes_history import posts_found


@pytest.fixture
def page(look: Look) -> Iterator[PostsPage]:
    made = PostsPage(look)
    made.resize(1216, 836)
    yield made
    drop(made)


def words_of(page: PostsPage) -> list[str]:
    return [text.text() for text in page.findChildren(Text)]


def test_posts_times_and_services(page: PostsPage) -> None:
    page.render(PostsView(samples.here("10:26"), posts_found("10:26", training=True)))

    words = words_of(page)
    assert {"1차 시범 · 7곳", "2차 · 14곳", "주로스앤젤레스총영사관", "24일 07:26"} <= set(words)
    assert words.count("요구 항목 미공개") == 3
    assert "1개 항목이 신원확인증에 없음" in words and "주민등록번호" in words


def test_no_service_has_said_anything(page: PostsPage) -> None:
    page.render(PostsView(samples.here("10:26"), posts_found("10:26", training=False)))

    words = words_of(page)
    assert "받음" not in words
    assert any(one.startswith("요구 항목을 알린 서비스가 아직 없습니다") for one in words)


def test_language_changes_at_once(page: PostsPage, look: Look) -> None:
    page.render(PostsView(samples.here("10:26"), posts_found("10:26", training=True)))

    look.set_language("en")

    words = words_of(page)
    assert "First wave · 7 posts" in words and "Los Angeles" in words


def test_looking_again_is_the_only_act(page: PostsPage, qtbot: QtBot) -> None:
    page.render(PostsView(samples.here("10:26")))

    with qtbot.waitSignal(page.look_again):
        page.primary_key()


def test_who_sees_the_entry() -> None:
    """The head of post and the administrator."""
    seen = {role for role in Role if shows(Place.POSTS, officer(role=role))}

    assert seen == {Role.HEAD_OF_POST, Role.ADMINISTRATOR}

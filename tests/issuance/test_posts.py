from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from desk.issuance.posts import (
    PostsUnsound,
    ServiceState,
    UnknownPost,
    load_posts,
    load_services,
)
from desk.resources import resource


def test_waves_as_announced() -> None:
    """Seven posts on 2024-07-03, fourteen on 2024-08-01 (announcements of the two waves)."""
    posts = load_posts().posts

    first = [post for post in posts if post.live_from == date(2024, 7, 3)]
    second = [post for post in posts if post.live_from == date(2024, 8, 1)]

    assert (len(first), len(second), len(posts)) == (7, 14, 21)
    assert {post.wave for post in first} == {1}
    assert {post.wave for post in second} == {2}


@pytest.mark.parametrize(
    ("day", "count"),
    [
        (date(2024, 7, 2), 0),
        (date(2024, 7, 3), 7),
        (date(2024, 7, 31), 7),
        (date(2024, 8, 1), 21),
        (date(2026, 11, 23), 21),
    ],
)
def test_live_on(day: date, count: int) -> None:
    assert len(load_posts().live_on(day)) == count


def test_local_time() -> None:
    """One moment is two days: evening in Los Angeles, next morning in Auckland."""
    posts = load_posts()
    moment = datetime(2026, 11, 23, 18, 28, tzinfo=UTC)

    los_angeles = posts.post("LA").local(moment)
    auckland = posts.post("AKL").local(moment)

    assert los_angeles.isoformat() == "2026-11-23T10:28:00-08:00"
    assert auckland.isoformat() == "2026-11-24T07:28:00+13:00"


def test_languages() -> None:
    """Korean and English everywhere, the third where the post speaks it, with its names."""
    for post in load_posts().posts:
        assert post.languages[:2] == ("ko", "en")
        assert set(post.name) == set(post.city) == set(post.languages)
    assert load_posts().post("CN").languages == ("ko", "en", "zh")
    assert load_posts().post("VN").languages == ("ko", "en", "vi")


def test_contacts_are_left_to_the_posts() -> None:
    """No number is shipped that nobody has confirmed."""
    assert not any(post.contact.phone for post in load_posts().posts)


def test_unknown_post() -> None:
    with pytest.raises(UnknownPost):
        load_posts().post("XX")


@pytest.mark.parametrize(
    ("old", "new", "entry"),
    [
        ('zone = "Pacific/Auckland"', 'zone = "Pacific/Nowhere"', "AKL"),
        ('code = "AKL"\nwave = 1', 'code = "AKL"\nwave = 9', "AKL"),
        ('code = "AKL"', 'code = "LA"', "code"),
        ('country = "NZ"\n', "", "AKL"),
        ("as_of = 2026-11-22", 'as_of = "soon"', "as_of"),
        ("as_of = 2026-11-22", "as_of = ", ""),
        ('name = { ko = "주오클랜드분관"', 'name = { ko = ""', "AKL"),
    ],
)
def test_unsound_file_is_told(tmp_path: Path, old: str, new: str, entry: str) -> None:
    """The entry that is wrong is named."""
    content = resource("posts.toml").read_text(encoding="utf-8")
    file = tmp_path / "posts.toml"
    file.write_text(content.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(PostsUnsound) as refused:
        load_posts(file)

    assert old in content
    assert refused.value.facts["entry"] == entry


def test_services() -> None:
    states = {service.id: service.state for service in load_services()}

    assert states["gov24"] is ServiceState.LISTED
    assert states["efamily"] is ServiceState.ANNOUNCED


def test_unsound_services(tmp_path: Path) -> None:
    file = tmp_path / "relying-services.toml"
    file.write_text('[[service]]\nid = "x"\n', encoding="utf-8")

    with pytest.raises(PostsUnsound):
        load_services(file)

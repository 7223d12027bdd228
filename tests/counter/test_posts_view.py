"""Posts and services without a case: who is live, and what each service's items meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

from desk.counter import posts_view
from desk.counter.posts_view import Cell
from desk.counter.relying import Outcome
from desk.counter.settings import load_settings
from desk.counter.station import Station
from desk.credential.claims import load_profile
from desk.issuance.posts import load_posts

NOW = datetime(2026, 11, 23, 18, 26, tzinfo=UTC)


def station(now: datetime = NOW, **changes: Any) -> Station:
    posts = load_posts()
    facts: dict[str, Any] = {
        "posts": posts,
        "post": posts.post("LA"),
        "now": lambda: now,
        "profile": load_profile(),
        "settings": load_settings(),
        "training": True,
    }
    return cast(Station, SimpleNamespace(**(facts | changes)))


def test_waves_and_posts_with_their_own_time() -> None:
    found = posts_view.look(station())

    first, second = found.waves
    assert (len(first.posts), first.live, len(second.posts), second.live) == (7, 7, 14, 14)
    own = next(post for post in first.posts if post.own)
    auckland = next(post for post in first.posts if post.code == "AKL")
    assert (own.code, own.local.strftime("%d %H:%M")) == ("LA", "23 10:26")
    assert auckland.local.strftime("%d %H:%M") == "24 07:26"


def test_a_post_before_its_date_is_not_live() -> None:
    """By its own calendar: Auckland's day begins before that of Los Angeles."""
    eve = datetime(2024, 7, 2, 18, tzinfo=UTC)

    first, second = posts_view.look(station(eve)).waves

    live = {post.code for post in first.posts if post.live}
    assert "AKL" in live and "LA" not in live
    assert second.live == 0


def test_items_of_a_service_are_given_or_missing() -> None:
    """The exercises of a rehearsal: one is answered, one asks what no credential says."""
    found = posts_view.look(station())

    by_id = {one.service.id: one for one in found.services}
    places = {one.service.id: place for place, one in enumerate(found.services)}
    items = {item.names["ko"]: item for item in found.items}
    assert by_id["training-age"].outcome is Outcome.ACCEPTED
    assert by_id["training-number"].outcome is Outcome.LACKING
    number = items["주민등록번호"]
    assert number.cells[places["training-number"]] is Cell.LACKING
    assert number.cells[places["training-age"]] is Cell.NOT_ASKED
    assert number.cells[places["gov24"]] is Cell.NOT_TOLD
    assert items["생년월일"].cells[places["training-number"]] is Cell.GIVEN


def test_who_has_not_said_what_it_asks_is_not_one_that_takes_it() -> None:
    found = posts_view.look(station(training=False))

    assert found.items == ()
    assert Outcome.ACCEPTED not in {one.outcome for one in found.services}
    assert found.services_as_of == date(2026, 11, 22)


def test_an_item_of_the_other_format_does_not_count() -> None:
    """With one configuration only, what the other alone says cannot be given."""
    profile = load_profile()

    both = posts_view.can_say(profile, ("mdoc", "sd-jwt"))
    one = posts_view.can_say(profile, ("mdoc",))

    assert len(both) == 2 and both[0] == one[0]
    settings = load_settings()
    alone = replace(settings, enrollment=replace(settings.enrollment, formats=("mdoc",)))
    assert posts_view.look(station(settings=alone)).services

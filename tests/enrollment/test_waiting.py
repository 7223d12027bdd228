"""Waiting without asking all the time: rings are heard, none is lost, nobody stays behind."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from desk.enrollment.records import RequestState, RequestView
from desk.enrollment.waiting import Bells, ParkedPhones


def test_a_ring_wakes_everybody_of_its_topic() -> None:
    """Those of another topic sleep on until their time is over."""

    async def scene() -> list[str | None]:
        bells, news = Bells(), {}
        looks: dict[str, asyncio.Event] = {name: asyncio.Event() for name in "abc"}

        async def wait(name: str, topic: str, seconds: float) -> str | None:
            async def look() -> str | None:
                looks[name].set()
                return news.get(topic)

            return await bells.wait_for(topic, look, seconds)

        waits = [
            asyncio.ensure_future(wait("a", "one", 20)),
            asyncio.ensure_future(wait("b", "one", 20)),
            asyncio.ensure_future(wait("c", "two", 0.05)),
        ]
        for looked in looks.values():
            await looked.wait()
        news["one"] = "rung"
        bells.ring("one")
        found = await asyncio.gather(*waits)
        assert bells._sleepers == {}
        return found

    assert asyncio.run(scene()) == ["rung", "rung", None]


def test_a_ring_during_the_look_is_not_lost() -> None:
    """What arrives between looking and sleeping is found without waiting out the time."""

    async def scene() -> int | None:
        bells, looks = Bells(), []

        async def look() -> int | None:
            looks.append(1)
            if len(looks) == 1:
                bells.ring("topic")
                return None
            return len(looks)

        return await bells.wait_for("topic", look, 30)

    assert asyncio.run(scene()) == 2


def test_closing_ends_every_wait() -> None:
    async def scene() -> None:
        bells, looked = Bells(), asyncio.Event()

        async def look() -> None:
            looked.set()

        waiting = asyncio.ensure_future(bells.wait_for("topic", look, 30))
        await looked.wait()
        bells.close()
        assert await waiting is None
        assert await bells.wait_for("topic", look, 30) is None

    asyncio.run(scene())


def test_an_answer_is_handed_to_whoever_waits_for_it() -> None:
    """A phone that asked again waits twice; who has left, or waits for another, gets none."""

    async def scene() -> None:
        phones, view = ParkedPhones(), answered("request-1")
        with phones.park("request-1", asyncio.Event()) as gone:
            pass
        with (
            phones.park("request-1", asyncio.Event()) as first,
            phones.park("request-1", asyncio.Event()) as second,
            phones.park("request-2", asyncio.Event()) as other,
        ):
            assert phones.is_there("request-1")
            phones.hand(view)
            assert [one.taken for one in (first, second)] == [view, view]
            assert first.bell.is_set()
            assert second.bell.is_set()
        assert (gone.taken, other.taken, other.bell.is_set()) == (None, None, False)
        assert not phones.is_there("request-1")

    asyncio.run(scene())


def answered(request_id: str) -> RequestView:
    return RequestView(
        request_id,
        "offer-1",
        "mdoc",
        (),
        (),
        "nonce",
        b"s" * 32,
        datetime(2026, 11, 23, tzinfo=UTC),
        RequestState.DELIVERED,
        deferred=False,
        sealed=b"sealed",
    )

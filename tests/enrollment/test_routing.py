"""desk.enrollment.routing beside Starlette's own router: the same endpoint for an address."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as TheirRoute

from desk.enrollment.routing import Route, Routes
from desk.enrollment.wire import Request

PATHS = (
    "/token",
    "/offer/{handle}",
    "/present/{check_id}/request",
    "/present/{check_id}",
    "/desk/offers/{offer_id}/events",
    "/desk/offers/{offer_id}",
)
SEGMENT = st.sampled_from(["token", "offer", "present", "desk", "offers", "events", "x", "", "한"])


async def nothing(_request: Request) -> Response:
    return Response(status_code=404)


def named(path: str) -> Route:
    async def endpoint(_request: Request) -> Response:
        return Response(path)

    return Route(path, endpoint)


def unnoted(*_told: object) -> None:
    pass


LOST = Route("", nothing)
ROUTES = tuple(named(path) for path in PATHS)


def theirs(path: str) -> tuple[str | None, dict[str, str]]:
    scope = {"type": "http", "method": "GET", "path": path, "path_params": {}}
    for template in PATHS:
        found, child = TheirRoute(template, nothing).matches(scope)
        if found is Match.FULL:
            return template, child["path_params"]
    return None, {}


@given(st.lists(SEGMENT, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts)))
def test_an_address_finds_what_the_other_router_finds(path: str) -> None:
    found, places = Routes(ROUTES, LOST, unnoted).find(path)

    assert (found.path or None, places) == theirs(path)


def test_nothing_but_http_is_spoken() -> None:
    async def silent(*_message: object) -> dict[str, object]:
        return {}

    with pytest.raises(RuntimeError, match="websocket"):
        asyncio.run(Routes(ROUTES, LOST, unnoted)({"type": "websocket"}, silent, silent))  # type: ignore[arg-type]

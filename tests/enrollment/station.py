"""The desk's signature for clients that speak httpx: tests that look at single answers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime

import httpx

from desk.enrollment.keys import StationKey
from desk.enrollment.station_auth import Call, authorization


class StationAuth(httpx.Auth):
    """Signs each request of a client of the desk."""

    requires_request_body = True

    def __init__(self, key: StationKey, now: Callable[[], datetime]) -> None:
        self._key = key
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        call = Call(request.method, request.url.raw_path, request.content)
        request.headers["Authorization"] = authorization(self._key, call, self._now())
        yield request

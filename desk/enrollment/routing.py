"""Which endpoint an address belongs to: looked up, not tried one after another.

An ASGI application over a table of address templates. Starlette's requests and responses
are used, its router and middleware are not: with some ten requests an issuance they would be
a quarter of the service's time, and endpoints answer their own errors.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """``path`` is a template like ``/offer/{handle}``; a place stands for one whole segment.
    The endpoint answers every method, refusals included; ``name`` is what is told of it."""

    path: str
    endpoint: Endpoint
    name: str = ""


Noted = Callable[[Request, Route, Response, float], None]


class Routes:
    """The application. Addresses of no template go to ``lost``; ``noted`` is told of each
    answer before it leaves, with the seconds it took."""

    def __init__(self, routes: Iterable[Route], lost: Route, noted: Noted) -> None:
        self._exact: dict[str, Route] = {}
        self._templates: dict[int, list[tuple[tuple[str, ...], Route]]] = {}
        self._lost, self._noted = lost, noted
        for route in routes:
            if "{" not in route.path:
                self._exact[route.path] = route
            else:
                parts = tuple(route.path.split("/"))
                self._templates.setdefault(len(parts), []).append((parts, route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the service speaks HTTP only, not {scope['type']}")
        response = await self.respond(scope, receive, None)
        await response(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive, body: bytes | None) -> Response:
        """The answer to one request; ``body`` where it is there as a whole already."""
        started = time.perf_counter()
        route, scope["path_params"] = self.find(scope["path"])
        request = Request(scope, receive)
        if body is not None:
            # What Starlette itself would keep, once read.
            request._body = body
        response = await route.endpoint(request)
        self._noted(request, route, response, time.perf_counter() - started)
        return response

    def find(self, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, and what stands in its template's places."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        parts = path.split("/")
        for template, route in self._templates.get(len(parts), ()):
            places = _fitted(template, parts)
            if places is not None:
                return route, places
        return self._lost, {}


def _fitted(template: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    places = {}
    for wanted, part in zip(template, parts, strict=True):
        if wanted.startswith("{"):
            if not part:
                return None
            places[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return places

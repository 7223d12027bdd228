"""Which endpoint an address belongs to: looked up, not tried one after another.

An ASGI application over a table of address templates. Starlette's requests and responses
are used, its router and middleware are not: with some ten requests an issuance they would be
a quarter of the service's time, and endpoints answer their own errors.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

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


class Answered(NamedTuple):
    """An answer, and the seconds it took to come to it."""

    request: Request
    route: Route
    response: Response
    seconds: float


Noted = Callable[[Answered], None]
_Places = tuple[int, ...]
"""Which segments of an address stand for whatever is there."""


class Routes:
    """The application. Addresses of no template go to ``lost``; ``noted`` is told of each
    answer as it leaves, with the seconds it took."""

    def __init__(self, routes: Iterable[Route], lost: Route, noted: Noted) -> None:
        self._exact: dict[str, Route] = {}
        self._templates: dict[tuple[_Places, tuple[str, ...]], tuple[Route, list[str]]] = {}
        self._shapes: dict[int, list[_Places]] = {}
        self._lost, self._noted = lost, noted
        for route in routes:
            if "{" not in route.path:
                self._exact[route.path] = route
            else:
                self._add(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the service speaks HTTP only, not {scope['type']}")
        answered = await self.respond(scope, receive, None)
        self.note(answered)
        await answered.response(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive, body: bytes | None) -> Answered:
        """The answer to one request; ``body`` where it is there as a whole already. Whoever
        sends it says so by :meth:`note`."""
        started = time.perf_counter()
        route, scope["path_params"] = self.find(scope["path"])
        request = Request(scope, receive)
        if body is not None:
            # What Starlette itself would keep, once read.
            request._body = body
        response = await route.endpoint(request)
        return Answered(request, route, response, time.perf_counter() - started)

    def note(self, answered: Answered) -> None:
        self._noted(answered)

    @property
    def routes(self) -> Iterator[Route]:
        """All that is answered."""
        yield from self._exact.values()
        yield from (route for route, _ in self._templates.values())

    def find(self, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, and what stands in its template's places."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        parts = path.split("/")
        for places in self._shapes.get(len(parts), ()):
            found = self._templates.get((places, _words(parts, places)))
            if found is not None:
                route, names = found
                filled = [parts[place] for place in places]
                if all(filled):
                    return route, dict(zip(names, filled, strict=True))
        return self._lost, {}

    def _add(self, route: Route) -> None:
        parts = route.path.split("/")
        places = tuple(n for n, part in enumerate(parts) if part.startswith("{"))
        names = [parts[place][1:-1] for place in places]
        self._templates[places, _words(parts, places)] = route, names
        shapes = self._shapes.setdefault(len(parts), [])
        if places not in shapes:
            shapes.append(places)


def _words(parts: list[str], places: _Places) -> tuple[str, ...]:
    """The segments that stand for themselves."""
    return tuple([part for n, part in enumerate(parts) if n not in places])

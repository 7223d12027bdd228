"""Which endpoint an address belongs to: looked up, not tried one after another.

An ASGI application over a table of address templates. Starlette's requests and responses
are used, its router and middleware are not: with some ten requests an issuance they would be
a quarter of the service's time, and endpoints answer their own errors.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from desk.enrollment.wire import Request

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


@dataclass(frozen=True)
class _Shape:
    """Templates of one length with their places at the same segments."""

    places: tuple[int, ...]
    words: Callable[[list[str]], object]
    """Takes out the segments that stand for themselves."""
    templates: dict[object, tuple[Route, list[tuple[str, int]]]]
    """By their words: where each goes, and its places by their names."""


class Routes:
    """The application. Addresses of no template go to ``lost``; ``noted`` is told of each
    answer as it leaves, with the seconds it took."""

    def __init__(self, routes: Iterable[Route], lost: Route, noted: Noted) -> None:
        self._exact: dict[str, Route] = {}
        self._shapes: dict[int, list[_Shape]] = {}
        self._lost, self._noted = lost, noted
        for route in routes:
            if "{" not in route.path:
                self._exact[route.path] = route
            else:
                self._add(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the service speaks HTTP only, not {scope['type']}")
        answered = await self.respond(Request(scope, receive))
        self.note(answered)
        await answered.response(scope, receive, send)

    async def respond(self, request: Request) -> Answered:
        """The answer to one request. Whoever sends it says so by :meth:`note`."""
        started, scope = time.perf_counter(), request.scope
        route, scope["path_params"] = self.find(scope["path"])
        response = await route.endpoint(request)
        return Answered(request, route, response, time.perf_counter() - started)

    def note(self, answered: Answered) -> None:
        self._noted(answered)

    @property
    def routes(self) -> Iterator[Route]:
        """All that is answered."""
        yield from self._exact.values()
        shapes = (shape for alike in self._shapes.values() for shape in alike)
        yield from (route for shape in shapes for route, _ in shape.templates.values())

    def find(self, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a path, and what stands in its template's places."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        parts = path.split("/")
        for shape in self._shapes.get(len(parts), ()):
            found = shape.templates.get(shape.words(parts))
            if found is not None:
                route, names = found
                filled = {name: parts[place] for name, place in names}
                if all(filled.values()):
                    return route, filled
        return self._lost, {}

    def _add(self, route: Route) -> None:
        parts = route.path.split("/")
        places = tuple(n for n, part in enumerate(parts) if part.startswith("{"))
        names = [(parts[place][1:-1], place) for place in places]
        words = itemgetter(*(n for n in range(len(parts)) if n not in places))
        alike = self._shapes.setdefault(len(parts), [])
        shape = next((shape for shape in alike if shape.places == places), None)
        if shape is None:
            shape = _Shape(places, words, {})
            alike.append(shape)
        shape.templates[words(parts)] = route, names

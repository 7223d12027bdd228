"""The service's description, and answers held against it."""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import schemathesis
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.enrollment.calls import Reply

CONFORMANCE: list[CheckFunction] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def operations(schema: schemathesis.BaseSchema) -> Iterator[Any]:
    """Every operation of a description."""
    for found in schema.get_all_operations():
        yield found.ok()


COMPACT = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){2,4}")


def hold(case: schemathesis.Case, response: Any, *checks: CheckFunction) -> None:
    """Raises where an answer is not as described, or one of ``checks`` says no."""
    told = [*CONFORMANCE, *checks]
    # schemathesis 4.32 takes application/jwt for JSON.
    if response.headers.get("content-type") == "application/jwt":
        told.remove(response_schema_conformance)
        assert COMPACT.fullmatch(response.text)
    case.validate_response(response, checks=told)


@dataclass
class Described:
    """A running service's description; as a hook of an httpx client it holds every answer
    against it, and counts the operations and statuses it has seen."""

    schema: schemathesis.BaseSchema
    seen: Tally[tuple[str, int]] = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._operations = [(_pattern(one.path), one) for one in operations(self.schema)]

    def __call__(self, response: httpx.Response) -> None:
        """Raises where an answer is not as described. Methods that no description names are
        answered by 405."""
        response.read()
        path, method = response.request.url.path, response.request.method
        fitting = [(fit, one) for pattern, one in self._operations if (fit := pattern(path))]
        named = [(fit, one) for fit, one in fitting if one.method.upper() == method]
        if not named:
            assert response.status_code in ((405,) if fitting else (404,)), (method, path)
            return
        ((fit, operation),) = named
        case = operation.Case(path_parameters=fit.groupdict())
        hold(case, response)
        self.seen[operation_id(operation), response.status_code] += 1


class WatchedCalls:
    """The desk's calls, each answer held against the description; ``desk.enrollment.calls``'s
    ``Caller`` over a client that shows headers."""

    def __init__(self, base_url: str, described: Described) -> None:
        hooks = {"response": [described]}
        self._http = httpx.Client(base_url=base_url, trust_env=False, event_hooks=hooks)

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        answer = self._http.request(
            method, path, headers=dict(headers), content=body, timeout=seconds
        )
        return Reply(answer.status_code, answer.content)

    def target(self, path: str) -> bytes:
        return path.encode()

    def close(self) -> None:
        self._http.close()


def operation_id(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def _pattern(template: str) -> Callable[[str], re.Match[str] | None]:
    places = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
    return re.compile(places).fullmatch

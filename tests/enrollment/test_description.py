"""The service's description (OpenAPI 3.1) says what the running service does, by schemathesis.

Three ways: every wrong request of the table and whole issuances, each answer held against the
description; requests generated from it, right and wrong; and its paths beside the routes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from requests.models import PreparedRequest
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from desk.credential.claims import load_profile
from desk.credential.statuslist import Status
from desk.enrollment.app import build_app
from desk.enrollment.description import FILE, description
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.process import ServiceProcess
from desk.enrollment.service import Service, ServiceSettings
from desk.enrollment.station_auth import SCHEME, Call
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone
from desk.training.wallet_issuer import Manner
from tests.enrollment.conftest import started
from tests.enrollment.counter import PIN, Counter, now
from tests.enrollment.described import Described, WatchedCalls, hold, operation_id, operations
from tests.enrollment.live import Live
from tests.enrollment.steps import Steps
from tests.enrollment.test_presenting import ask
from tests.enrollment.wrong import TABLE

EXAMPLES = 8
NOT_SERVED = 501
"""A status list of former times; Token Status List 8.4 wants this status for it."""


def can_be_wrong(operation: dict[str, Any]) -> bool:
    places = operation.get("parameters", [])
    return "requestBody" in operation or any(place.get("in") != "header" for place in places)


OPERATIONS = {
    operation["operationId"]: operation
    for item in json.loads(FILE.read_text(encoding="utf-8"))["paths"].values()
    for operation in item.values()
}
GENERATED = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    for mode in GenerationMode
    # Where nothing is asked for but a header, nothing can be asked for wrongly.
    if mode is GenerationMode.POSITIVE or can_be_wrong(operation)
]


@pytest.fixture(scope="module")
def schema(process: ServiceProcess) -> schemathesis.BaseSchema:
    """The description as the running service hands it out."""
    answer = httpx.get(f"{process.url}/openapi.json", trust_env=False)
    return schemathesis.openapi.from_dict(answer.json())


@pytest.fixture(scope="module")
def process(folder: Path, key: StationKey) -> Iterator[ServiceProcess]:
    """Defers at once, takes two keys a request, and lets one offer be asked for often."""
    options = ("--wait", "0", "--batch", "2", "--offer-limit", "0")
    process = started(folder, "described", *options)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def described(schema: schemathesis.BaseSchema) -> Described:
    return Described(schema)


@contextmanager
def watched_desk(
    url: str, key: StationKey, authority: TrainingAuthority, described: Described
) -> Iterator[Counter]:
    """A desk whose every answer is held against the description."""
    with HttpLink(url, key, calls=WatchedCalls(url, described)) as link:
        yield Counter(link, authority)


@pytest.fixture(scope="module")
def counter(
    process: ServiceProcess, key: StationKey, authority: TrainingAuthority, described: Described
) -> Iterator[Counter]:
    with watched_desk(process.url, key, authority, described) as counter:
        yield counter


@pytest.fixture(scope="module")
def web(described: Described) -> Iterator[httpx.Client]:
    """A phone's line whose every answer is held against the description."""
    hooks = {"response": [described]}
    with httpx.Client(trust_env=False, timeout=15, event_hooks=hooks) as client:
        yield client


def test_it_is_openapi_3_1(schema: schemathesis.BaseSchema) -> None:
    """Valid by the published schema of OpenAPI 3.1; every operation has a name of its own."""
    schema.validate()

    names = [operation_id(one) for one in operations(schema)]
    assert schema.specification.version.startswith("3.1")
    assert sorted(names) == sorted(OPERATIONS)


def test_every_route_is_described(tmp_path: Path) -> None:
    """No route without its description, no description without a route; also for a service
    that stands below a path."""
    told = ServiceSettings("https://issue.example/kr")
    profile = load_profile()
    mailbox = Mailbox(tmp_path / "mailbox.sqlite", now())
    app = build_app(Service(told, StationKey(b"k" * 32), mailbox, profile))
    mailbox.close()

    routes = {route.path for route in app.routes}
    paths = set(description(told, profile)["paths"])

    assert {path.replace("{vct}", profile.vct) for path in paths} == routes


def test_wrong_requests_are_refused_as_described(
    counter: Counter, web: httpx.Client, described: Described
) -> None:
    """The whole table of wrong requests: status, media type, headers and body of each answer."""
    for wrong in TABLE:
        wrong.act(Steps(web, counter, counter.place("mdoc")))

    statuses = {status for _, status in described.seen}
    assert {400, 401, 403, 404, 413} <= statuses


def test_issuances_are_as_described(
    service: ServiceProcess,
    key: StationKey,
    authority: TrainingAuthority,
    counter: Counter,
    web: httpx.Client,
    described: Described,
) -> None:
    """What goes well, both formats, plain, encrypted and bound to a key, and a check."""
    described.seen.clear()
    with watched_desk(service.url, key, authority, described) as patient:
        for manner in (Manner(), Manner(encrypt=False, dpop=False, details=True), Manner(keys=2)):
            issue(patient, web, manner)
    defer(Steps(web, counter, counter.place("mdoc")))
    look_around(counter, web)

    went_well = {name for name, status in described.seen if status < 300}
    assert OPERATIONS.keys() - went_well == {"metrics"}


def issue(counter: Counter, web: httpx.Client, manner: Manner) -> None:
    authority = counter.authority
    phone = Phone(
        web,
        now,
        anchors=(authority.iaca,),
        verifiers=(authority.relying_party_root,),
        manner=manner,
    )
    offer = counter.place("mdoc", "sd-jwt")
    with counter.answering(offer.offer_id):
        phone.scan(offer.uri)
        cards = phone.redeem(PIN)
    counter.publish(Status.VALID)
    _, check = ask(counter)
    phone.scan(check.uri)
    phone.present()

    assert [phone.status(card) for card in cards] == [Status.VALID, Status.VALID]
    assert counter.link.check_answer(check.check_id, 1) is not None


def defer(steps: Steps) -> None:
    """A phone that must come back, and is refused in the end."""
    link, offer, token = steps.counter.link, steps.offer, steps.token()
    asked = {"transaction_id": steps.credential(token).json()["transaction_id"]}
    assert steps.post("deferred", token, json=asked).status_code == 202
    (request,) = link.requests(offer.offer_id)
    link.deny(request.request_id, "officer")
    assert steps.post("deferred", token, json=asked).status_code == 400
    link.void_offer(offer.offer_id, "officer")


def look_around(counter: Counter, web: httpx.Client) -> None:
    """What a wallet, a browser and an operator ask besides."""
    counter.link.health()
    issuer = counter.link.issuer
    for path in (
        ".well-known/openid-credential-issuer",
        ".well-known/oauth-authorization-server",
        f"type/{counter.profile.vct}",
        "openapi.json",
        "health",
        "ready",
        "metrics",
    ):
        web.get(f"{issuer}/{path}")
    steps = Steps(web, counter, counter.place("mdoc"))
    web.get(f"{issuer}/get", params={"credential_offer_uri": f"{issuer}/offer/{steps.handle}"})
    _, check = ask(counter)
    counter.link.check_answer(check.check_id, 0)
    web.post(f"{counter.link.response_uri(check.check_id)}/request")


@pytest.mark.parametrize(("name", "mode"), GENERATED)
def test_generated_requests(
    schema: schemathesis.BaseSchema,
    process: ServiceProcess,
    counter: Counter,
    web: httpx.Client,
    key: StationKey,
    name: str,
    mode: GenerationMode,
) -> None:
    """Whatever the description allows or forbids: an answer that it describes, no failure of
    the service, and no wrong request taken for a right one."""
    operation = next(one for one in operations(schema) if operation_id(one) == name)
    live, right = Live(counter, web), mode is GenerationMode.POSITIVE
    checks = [] if right else [negative_data_rejection]

    with requests.Session() as session:
        session.trust_env = False

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            # Found is found: the first wrong answer fails the test as it is.
            phases=[Phase.explicit, Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), meets=st.booleans())
        def ask_generated(case: schemathesis.Case, meets: bool) -> None:
            if right and meets:
                live.fill(name, case)
            if case.query and is_long(case.query.get("wait")):
                case.query["wait"] = 0
            # A wrong request may be wrong by showing no signature.
            signs = OPERATIONS[name]["tags"] == ["desk"] and (right or shows_key(case))
            answer = case.call(process.url, session, auth=Signed(key) if signs else None)
            hold(case, answer, *checks)
            assert answer.status_code < 500 or answer.status_code == NOT_SERVED

        ask_generated()


def is_long(wait: object) -> bool:
    return isinstance(wait, int | float) and wait > 0


def shows_key(case: schemathesis.Case) -> bool:
    return "Authorization" in (case.headers or {})


class Signed(requests.auth.AuthBase):
    """Signs a generated call with the station's key, as the desk's own link does."""

    def __init__(self, key: StationKey) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        raw = body if isinstance(body, bytes) else str(body).encode()
        call = Call(str(request.method), request.path_url.encode(), raw)
        moment, number = str(int(now().timestamp() * 1000)), secrets.token_urlsafe(16)
        signature = call.signature(self._key, moment, number)
        request.headers["Authorization"] = f"{SCHEME} {moment}.{number}.{signature}"
        return request

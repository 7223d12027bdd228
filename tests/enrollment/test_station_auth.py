"""The desk's calls: signed, each once, at about the right time."""

from __future__ import annotations

import socket
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceProcess
from desk.enrollment.records import timed
from desk.enrollment.station_auth import (
    WINDOW,
    Call,
    ClockApart,
    HeardCalls,
    NotTheStation,
)
from desk.enrollment.trouble import ClocksApart, StationRefused
from tests.enrollment.counter import now
from tests.enrollment.station import StationAuth

KEY = StationKey(b"k" * 32)
T0 = now()


def signed(request: httpx.Request, key: StationKey = KEY) -> str:
    next(StationAuth(key, lambda: T0).auth_flow(request))
    return str(request.headers["authorization"])


def call(request: httpx.Request) -> Call:
    return Call(request.method, request.url.raw_path, request.content)


def request(method: str = "PUT", path: str = "/desk/x?a=1", body: bytes = b"{}") -> httpx.Request:
    return httpx.Request(method, f"https://service.example{path}", content=body)


def test_a_call_is_heard_once() -> None:
    heard, shown = HeardCalls(KEY), signed(request())

    heard.check(shown, call(request()), T0)

    with pytest.raises(NotTheStation):
        heard.check(shown, call(request()), T0)
    heard.check(signed(request()), call(request()), T0)


def test_every_process_knows_a_call_by_the_same() -> None:
    """Whenever it hears it: behind the time that was signed, not its own."""
    shown = signed(request())
    moments = (T0 - WINDOW, T0, T0 + timedelta(seconds=1))

    told = {HeardCalls(KEY).check(shown, call(request()), at) for at in moments}

    assert len(told) == 1
    assert told.pop().startswith(timed(int(T0.timestamp() * 1000)))


@pytest.mark.parametrize(
    "other",
    [
        request(method="POST"),
        request(path="/desk/y?a=1"),
        request(path="/desk/x?a=2"),
        request(path="/desk/x"),
        request(body=b"[]"),
        request(body=b""),
    ],
)
def test_signature_of_another_call(other: httpx.Request) -> None:
    """Method, address, query and body are signed."""
    with pytest.raises(NotTheStation):
        HeardCalls(KEY).check(signed(request()), call(other), T0)


def test_proxy_may_put_a_path_before() -> None:
    """What counts begins at /desk: the desk and the service may know different prefixes."""
    HeardCalls(KEY).check(signed(request(path="/kr/desk/x?a=1")), call(request()), T0)


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Desk",
        "Desk a.b.c",
        "Desk 1.2",
        "Desk 1..x",
        "Bearer x",
        "Desk ²." + "a." + "b",
        "Desk 1." + "a" * 300 + ".b",
    ],
)
def test_what_is_no_signature(shown: str) -> None:
    with pytest.raises(NotTheStation):
        HeardCalls(KEY).check(shown, call(request()), T0)


def test_another_station() -> None:
    with pytest.raises(NotTheStation):
        HeardCalls(KEY).check(signed(request(), StationKey(b"o" * 32)), call(request()), T0)


@pytest.mark.parametrize("apart", [WINDOW, -WINDOW])
def test_clock_that_is_apart_is_told_so(apart: timedelta) -> None:
    heard, second = HeardCalls(KEY), timedelta(seconds=1)

    with pytest.raises(ClockApart):
        heard.check(signed(request()), call(request()), T0 + apart + (apart / WINDOW) * second)
    heard.check(signed(request()), call(request()), T0 + apart - (apart / WINDOW) * second)


def test_numbers_are_forgotten_when_their_time_is_over() -> None:
    heard = HeardCalls(KEY)
    for minutes in range(10):
        moment = T0 + timedelta(minutes=minutes)
        asked = request()
        next(StationAuth(KEY, lambda at=moment: at).auth_flow(asked))  # type: ignore[misc]
        heard.check(asked.headers["authorization"], call(request()), moment)

    assert len(heard._heard) <= 3


def test_recorded_call_at_the_service(service: ServiceProcess, key: StationKey) -> None:
    """Whoever reads along between desk and service cannot say it again."""
    with httpx.Client(trust_env=False, auth=StationAuth(key, now)) as desk:
        first = desk.get(f"{service.url}/desk/health")
    headers = {"Authorization": first.request.headers["authorization"]}
    with httpx.Client(trust_env=False) as stranger:
        again = stranger.get(f"{service.url}/desk/health", headers=headers)

    assert first.status_code == 200
    assert (again.status_code, again.json()["error"]) == (401, "station_unknown")


def said_at_once(service: ServiceProcess, path: str, shown: str, length: int) -> bytes:
    """The answer to a call whose body is told of and does not come."""
    parts = urlsplit(service.url)
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {shown}\r\n"
    with socket.create_connection((parts.hostname, parts.port), 60) as line:
        line.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
        return line.recv(1 << 16)


@pytest.mark.parametrize("shown", ["", "Desk x", "Bearer a.b.c", "Desk 1.number.signature"])
def test_body_of_a_stranger_is_not_waited_for(service: ServiceProcess, shown: str) -> None:
    """What bears no signature of about now is refused by its head."""
    answer = said_at_once(service, "/desk/status/1", shown, 4_000_000)

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert (b"clocks_apart" in answer) == shown.startswith("Desk 1.")


def test_link_tells_clocks_from_keys(service: ServiceProcess, key: StationKey) -> None:
    late = timedelta(minutes=5)
    with HttpLink(service.url, key, machine_clock=lambda: now() - late) as link:
        with pytest.raises(ClocksApart) as told:
            link.health()
        assert abs(int(str(told.value.facts["seconds"])) - 300) < 30
    with HttpLink(service.url, KEY) as stranger, pytest.raises(StationRefused):
        stranger.health()

"""Abuse: too often, too slow, too much, too deep."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from desk.enrollment.buckets import PLACES, Buckets
from desk.enrollment.keys import StationKey
from desk.enrollment.limits import Limits
from desk.enrollment.link import HttpLink
from desk.enrollment.policy import Allowance
from desk.enrollment.process import ServiceProcess
from desk.enrollment.wire import Refusal, Request
from desk.training.authority import TrainingAuthority
from tests.enrollment.conftest import started
from tests.enrollment.counter import Counter
from tests.enrollment.steps import Steps

PATIENCE = 30.0


def caller(address: str) -> Request:
    return Request({"type": "http", "headers": [], "client": (address, 1)})


def admitted(limits: Limits, address: str, times: int, now: float = 0.0) -> int:
    """How many of so many requests at one moment get through."""
    count = 0
    for _ in range(times):
        try:
            limits.admit_address(caller(address), now)
        except Refusal as refusal:
            assert (refusal.status, refusal.error) == (429, "too_many_requests")
        else:
            count += 1
    return count


def test_bucket_empties_and_fills_again() -> None:
    limits = Limits(Allowance(10, 60), Allowance(0, 0), Buckets())

    assert admitted(limits, "203.0.113.9", 20) == 10
    assert admitted(limits, "203.0.113.9", 20, 5.0) == 5
    assert admitted(limits, "203.0.113.9", 20, 1000.0) == 10
    # A clock that goes back gives nothing.
    assert admitted(limits, "203.0.113.9", 20, 0.0) == 0


def test_callers_do_not_count_for_each_other() -> None:
    """Another address, another IPv6 network; the addresses of one network count together."""
    limits = Limits(Allowance(3, 60), Allowance(0, 0), Buckets())

    assert admitted(limits, "203.0.113.9", 5) == 3
    assert admitted(limits, "203.0.113.10", 5) == 3
    assert admitted(limits, "::ffff:203.0.113.9", 5) == 0
    assert admitted(limits, "2001:db8:0:1::1", 2) + admitted(limits, "2001:db8:0:1::2", 5) == 3
    assert admitted(limits, "2001:db8:0:2::1", 5) == 3
    assert admitted(limits, "127.0.0.1", 50) == admitted(limits, "::1", 50) == 50


def test_offers_count_for_themselves_and_nothing_is_kept_in_clear() -> None:
    limits = Limits(Allowance(0, 0), Allowance(2, 60), Buckets())

    for _ in range(2):
        limits.admit_offer("secret-code", 0.0)
    with pytest.raises(Refusal) as refused:
        limits.admit_offer("secret-code", 0.5)
    limits.admit_offer("other", 0.5)

    assert refused.value.headers["Retry-After"] == "1"
    assert "secret-code" not in repr(vars(limits)) + repr(vars(limits._buckets))


def test_memory_is_bounded() -> None:
    """Whatever is asked for: the places are so many, and callers hardly ever share one."""
    buckets = Buckets()
    limits = Limits(Allowance(1, 1), Allowance(0, 0), buckets)

    through = [admitted(limits, f"198.51.100.{number}", 1) for number in range(100)]

    assert len(buckets._moments) == PLACES
    # That five of a hundred share places happens once in ten thousand million runs.
    assert sum(through) > 95


@pytest.mark.skipif(sys.platform == "win32", reason="a service there is one process")
def test_processes_count_together() -> None:
    """A bucket that one process has emptied is empty in the others."""
    allowance, buckets = Allowance(10, 60), Buckets()
    child = os.fork()
    if child == 0:
        taken = [buckets.take("caller", allowance, 100.0) for _ in range(7)]
        os._exit(0 if not any(taken) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [buckets.take("caller", allowance, 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]


@pytest.fixture(scope="module")
def narrow(folder: Path, key: StationKey) -> Iterator[ServiceProcess]:
    """Five requests a minute an address, and half a second for a head."""
    process = started(folder, "narrow", "--address-limit", "5", "--head-seconds", "0.5")
    yield process
    process.stop()


def test_phone_behind_a_proxy_is_counted(narrow: ServiceProcess, web: httpx.Client) -> None:
    """A proxy on this machine says for whom it asks; a refusal says when to come back, and
    browsers may read it."""
    phone = {"X-Forwarded-For": "203.0.113.7"}

    answers = [web.post(f"{narrow.url}/nonce", headers=phone) for _ in range(6)]
    others = [web.post(f"{narrow.url}/nonce") for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["error"] == "too_many_requests"
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[-1].headers["access-control-allow-origin"] == "*"
    assert {answer.status_code for answer in others} == {200}


@pytest.fixture(scope="module")
def narrow_counter(
    narrow: ServiceProcess, key: StationKey, authority: TrainingAuthority
) -> Iterator[Counter]:
    with HttpLink(narrow.url, key) as link:
        yield Counter(link, authority)


def test_phones_that_wait_leave_the_address_its_requests(
    narrow: ServiceProcess, narrow_counter: Counter, web: httpx.Client
) -> None:
    """Whoever has a token is bounded by its offer; also where the address has none left."""
    tokens = [Steps(web, narrow_counter, narrow_counter.place("mdoc")).token() for _ in range(2)]
    post = {"X-Forwarded-For": "203.0.113.20"}

    def asked(path: str, token: str = "") -> int:
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"transaction_id": "x"}
        return web.post(f"{narrow.url}/{path}", json=body, headers=post | shown).status_code

    waiting = [asked("deferred", token) for _ in range(10) for token in tokens]
    others = [asked("nonce") for _ in range(6)]
    still = [asked(path, tokens[0]) for path in ("deferred", "credential", "notification")]

    assert waiting == [400] * 20
    assert others == [200] * 5 + [429]
    assert still == [400] * 3


@pytest.mark.parametrize(
    ("number", "shown"),
    [(30, ""), (31, "Bearer {0}x"), (32, "Bearer x"), (33, "Basic {0}"), (34, "{0}")],
)
def test_who_has_no_token_is_counted_by_address(
    narrow: ServiceProcess, narrow_counter: Counter, web: httpx.Client, number: int, shown: str
) -> None:
    """Tokens are guessed no more often than anything, and a real one that is shown to be
    refused, which no offer counts, is no way round."""
    token = Steps(web, narrow_counter, narrow_counter.place("mdoc")).token()
    headers = {"X-Forwarded-For": f"203.0.113.{number}", "Authorization": shown.format(token)}

    statuses = [
        web.post(f"{narrow.url}/deferred", json={}, headers=headers).status_code for _ in range(6)
    ]

    assert statuses == [401] * 5 + [429]


def test_a_trailer_names_no_other_caller(narrow: ServiceProcess) -> None:
    """RFC 9110 section 6.5.1: only what a proxy wrote into the head counts."""
    head = b"POST /nonce HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.8\r\n"
    head += b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"

    answers = [
        closed(narrow, head + b"X-Forwarded-For: 198.51.100.%d\r\n\r\n" % number)
        for number in range(6)
    ]

    assert [answer.split(b" ")[1] for answer in answers] == [b"200"] * 5 + [b"429"]


def test_one_offer_asked_for_again_and_again(hasty: Counter, web: httpx.Client) -> None:
    """However many addresses ask: the offer's own bucket empties, and another offer's is full."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    token = steps.token()

    statuses = [
        steps.post("deferred", token, json={"transaction_id": "x"}).status_code for _ in range(130)
    ]

    assert set(statuses) == {400, 429}
    assert 115 <= statuses.count(400) < 130
    assert "access_token" in Steps(web, hasty, hasty.place("mdoc")).token_request().json()


def closed(service: ServiceProcess, sent: bytes) -> bytes:
    """What comes back until the service closes the connection."""
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port or 80), PATIENCE) as line:
        line.sendall(sent)
        received = bytearray()
        try:
            while part := line.recv(4096):
                received += part
        except ConnectionResetError:
            pass
    return bytes(received)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /nonce HTTP/1.1",
        b"POST /nonce HTTP/1.1\r\nHost: x\r\n",
        b"POST /nonce HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100,
    ],
)
def test_head_that_does_not_come_is_not_waited_for(narrow: ServiceProcess, sent: bytes) -> None:
    assert closed(narrow, sent) == b""


def test_second_head_on_a_connection_is_not_waited_for_either(narrow: ServiceProcess) -> None:
    whole = b"POST /nonce HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"

    received = closed(narrow, whole + b"POST /nonce HTTP/1.1\r\n")

    assert received.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize(
    "head",
    [
        b"POST /nonce HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 50_000,
        b"GET /" + b"a" * 50_000,
        b"POST /nonce HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10_000,
    ],
)
def test_endless_head_is_cut(service: ServiceProcess, head: bytes) -> None:
    """Long before this service's ten seconds are over; nothing of it is kept."""
    assert closed(service, head) == b""


@pytest.mark.parametrize("trailers", [b"A: " + b"a" * 1_000_000, b"A: b\r\n" * 200_000])
@pytest.mark.parametrize("path", [b"token", b"nonce"])
def test_endless_trailers_are_cut(service: ServiceProcess, path: bytes, trailers: bytes) -> None:
    """Long before a body's time is over, whether its request waits for them or not."""
    head = b"POST /" + path + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"

    received = closed(service, head + b"3\r\na=b\r\n0\r\n" + trailers)

    assert b"HTTP/1.1 408" not in received


def test_honest_phone_is_served_beside_a_hundred_that_say_nothing(
    service: ServiceProcess, web: httpx.Client
) -> None:
    parts = urlsplit(service.url)
    lines = [
        socket.create_connection((parts.hostname, parts.port or 80), PATIENCE) for _ in range(100)
    ]
    try:
        for line in lines:
            line.sendall(b"POST /credential HTTP/1.1\r\n")
        assert web.post(f"{service.url}/nonce").status_code == 200
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize(
    "bomb",
    [
        json.dumps({"a": 1})[:-1] + ',"b":' + "[" * 30_000 + "]" * 30_000 + "}",
        "{" + ",".join(f'"{n}":0' for n in range(7000)) + "}",
        '{"a":' + "9" * 60_000 + "}",
        '{"a":1e999999}',
        '{"a":"' + "\\ud800" * 9000 + '"}',
    ],
)
def test_json_bombs(hasty: Counter, web: httpx.Client, bomb: str) -> None:
    """Deep, wide, long numbers, lone surrogates: a refusal of the standard, never a failure."""
    steps = Steps(web, hasty, hasty.place("mdoc"))
    headers = {"Content-Type": "application/json"}

    answer = steps.post("credential", steps.token(), content=bomb.encode(), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_credential_request", "invalid_proof")

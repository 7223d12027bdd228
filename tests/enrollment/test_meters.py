"""What an operator asks the service: alive, ready, how much; and that it tells of nobody."""

from __future__ import annotations

import asyncio
import math
import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as read_metrics

from desk.enrollment.keys import make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.meters import Meters
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.enrollment.trouble import MailboxAway, MailboxBroken, MailboxFull
from desk.enrollment.wire import Request
from desk.training.authority import TrainingAuthority
from tests.enrollment.counter import PIN, Counter, now
from tests.enrollment.steps import Steps
from tests.enrollment.test_app import Inside

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    made = Inside(tmp_path)
    yield made
    made.service.close()


def test_alive_and_ready_say_no_more_than_that(inside: Inside) -> None:
    health = inside.call(lambda c: c.get("/health", auth=None))
    ready = inside.call(lambda c: c.get("/ready", auth=None))

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_a_service_without_its_mailbox_is_alive_and_not_ready(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise MailboxBroken

    monkeypatch.setattr(inside.mailbox, "queue", broken)

    assert inside.call(lambda c: c.get("/health", auth=None)).status_code == 200
    ready = inside.call(lambda c: c.get("/ready", auth=None))
    assert (ready.status_code, ready.json()["code"]) == (503, MailboxBroken.code)


def test_a_service_on_a_full_disk_is_not_ready(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads as ever; but the next phone could not be served, and its desk should know."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(10**9, 10**9 - 4096, 4096))

    assert inside.call(lambda c: c.get("/health", auth=None)).status_code == 200
    for path, auth in (("/ready", {"auth": None}), ("/desk/health", {})):
        answer = inside.call(lambda c, path=path, auth=auth: c.get(path, **auth))
        assert (answer.status_code, answer.json()["code"]) == (503, MailboxFull.code)


def test_metrics_are_not_shown_where_phones_ask(inside: Inside) -> None:
    assert inside.call(lambda c: c.get("/metrics", auth=None)).status_code == 404


def test_counts_are_told_while_the_database_is_away(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just then an operator wants them; who waits is unknown then, and not nobody."""
    meters = Meters(inside.service, 9443)
    meters.expect(["token"])
    meters.note("token", 200, 0.01)

    def away(*_arguments: object) -> None:
        raise MailboxAway

    def told() -> dict[str, float]:
        scope = {"type": "http", "headers": [], "server": ("127.0.0.1", 9443)}
        answer = asyncio.run(meters.metrics(Request(scope)))
        assert answer.status_code == 200
        families = read_metrics(bytes(answer.body).decode())
        return {one.name: one.value for family in families for one in family.samples}

    before = told()
    monkeypatch.setattr(inside.mailbox, "queue", away)
    meanwhile = told()

    assert before["desk_enrollment_mailbox_up"] == 1
    assert before["desk_enrollment_requests_waiting"] == 0
    assert meanwhile["desk_enrollment_mailbox_up"] == 0
    assert meanwhile["desk_enrollment_requests_total"] == 1
    assert math.isnan(meanwhile["desk_enrollment_requests_waiting"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_metrics_count_what_was_done_and_tell_of_nobody(tmp_path: Path) -> None:
    """An issuance that waits for its desk, asked for at the port of the operator's own."""
    key, port = make_key_file(tmp_path / "station.key"), free_port()
    order = ServiceOrder(tmp_path / "m.sqlite", tmp_path / "station.key", tmp_path / "log")
    options = ("--metrics-port", str(port), "--wait", "0")
    process = ServiceProcess(replace(order, extra=options))
    url = process.start()
    try:
        with HttpLink(url, key) as link, httpx.Client(trust_env=False, timeout=15) as web:
            counter = Counter(link, TrainingAuthority.create(now()))
            offer = counter.place("mdoc")
            steps = Steps(web, counter, offer)
            assert steps.token_request(tx_code="000000").status_code == 400
            token = steps.token()
            assert steps.credential(token).status_code == 202
            told = web.get(f"http://127.0.0.1:{port}/metrics").text
            kept = (offer.offer_id, offer.uri.rsplit("%2F", 1)[1], token, PIN, counter.link.issuer)
    finally:
        process.stop()

    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in read_metrics(told)
        for sample in family.samples
    }
    assert samples["desk_enrollment_requests_total", "token", "200"] == 1
    assert samples["desk_enrollment_requests_total", "token", "400"] == 1
    assert samples["desk_enrollment_requests_total", "credential", "202"] == 1
    # What there was none of so far: the first ones are seen to be more than before.
    for endpoint in ("token", "credential", "desk_place_offer"):
        for status in ("401", "429", "500", "503"):
            assert samples["desk_enrollment_requests_total", endpoint, status] == 0
    assert samples["desk_enrollment_request_seconds_count", "token"] == 2
    assert samples["desk_enrollment_requests_waiting",] == 1
    assert samples["desk_enrollment_oldest_waiting_seconds",] >= 0
    assert not [secret for secret in kept if secret in told]

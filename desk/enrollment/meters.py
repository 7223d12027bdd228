"""What an operator watches: is the service alive, is it ready, how much does it do.

``/health`` says that the process answers, ``/ready`` that the mailbox does; neither tells
more. ``/metrics`` has the form of Prometheus and answers at an address of its own only
(``--metrics-port``). Endpoints, status codes and durations are counted, and how long phones wait:
nothing of a person, a post or an offer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from math import nan

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

from desk.enrollment import wire
from desk.enrollment.agreed import COUNTS
from desk.enrollment.service import Service
from desk.enrollment.trouble import MailboxTrouble
from desk.enrollment.wire import Refusal, Request

_ALARMING = ("401", "429", "500", "503")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Meters:
    """The counts of one process, told together with the others'. ``port`` is where
    ``/metrics`` is asked for; 0: nowhere, and no answer is counted."""

    def __init__(self, service: Service, port: int = 0) -> None:
        self._service, self._port = service, port
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "desk_enrollment_requests",
            "Requests answered",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self._spent = Histogram(
            "desk_enrollment_request_seconds",
            "From a request's head to its answer, waiting for the desk or a phone included",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._waiting = Gauge(
            "desk_enrollment_requests_waiting",
            "Phones' requests that no desk has answered yet",
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._oldest = Gauge(
            "desk_enrollment_oldest_waiting_seconds",
            "How long the first of them has waited",
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._mailbox_up = Gauge(
            "desk_enrollment_mailbox_up",
            "Whether the database could be worked with when this was asked: 1 or 0",
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )

        # Looking a child up by its labels takes longer than counting.
        self._counts: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def expect(self, endpoints: Iterable[str]) -> None:
        """Tell of what is refused and what fails before anything is: of a count that appears
        with seven Prometheus does not know that it grew."""
        if not self._port:
            return
        for endpoint in endpoints:
            for status in _ALARMING:
                self._requests.labels(endpoint, status)

    def note(self, endpoint: str, status: int, seconds: float) -> None:
        if not self._port:
            return
        counts = self._counts.get((endpoint, status))
        if counts is None:
            counts = self._requests.labels(endpoint, str(status)), self._spent.labels(endpoint)
            self._counts[endpoint, status] = counts
        counts[0].inc()
        counts[1].observe(seconds)

    async def health(self, _request: Request) -> Response:
        return wire.answered({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Raises the mailbox's troubles, which are answered by 503."""
        await self._look()
        return wire.answered({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        if not self._port or (request.scope.get("server") or ("", 0))[1] != self._port:
            raise Refusal("not_found", "there is nothing at this address", status=404)
        try:
            await self._look()
            self._mailbox_up.set(1)
        except MailboxTrouble:
            # What was counted is told above all then; who waits is not known.
            for gauge, value in (self._mailbox_up, 0), (self._waiting, nan), (self._oldest, nan):
                gauge.set(value)
        return Response(
            generate_latest(_everybodys(self._registry)), media_type=CONTENT_TYPE_LATEST
        )

    async def _look(self) -> None:
        service, now = self._service, self._service.now()
        service.mailbox.check_room()
        queue = await service.run_now(service.mailbox.queue, now)
        self._waiting.set(queue.length)
        self._oldest.set((now - queue.oldest).total_seconds() if queue.oldest else 0)


def _everybodys(own: CollectorRegistry) -> CollectorRegistry:
    """The counts of all processes of this service, where it has several."""
    if COUNTS not in os.environ:
        return own
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together

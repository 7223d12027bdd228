"""What an operator watches: is the service alive, is it ready, how much does it do.

``/health`` says that the process answers, ``/ready`` that the mailbox does; neither tells
more. ``/metrics`` has the form of Prometheus and answers at an address of its own only
(``--metrics-port``). Endpoints, status codes and durations are counted, and how long phones wait:
nothing of a person, a post or an offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import nan

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response

from desk.enrollment import wire
from desk.enrollment.counts import SECONDS
from desk.enrollment.service import Service
from desk.enrollment.trouble import MailboxTrouble
from desk.enrollment.wire import Refusal, Request

_ALARMING = (401, 429, 500, 503)
_EDGES = [*(str(float(seconds)) for seconds in SECONDS), "+Inf"]


class Meters(Collector):
    """The counts of one process, told together with the others'. ``port`` is where
    ``/metrics`` is asked for; 0: nowhere, and no answer is counted."""

    def __init__(self, service: Service, port: int = 0) -> None:
        self._service, self._port = service, port
        self._numbers: dict[str, int] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._waiting = Gauge(
            "desk_enrollment_requests_waiting",
            "Phones' requests that no desk has answered yet",
            registry=self._registry,
        )
        self._oldest = Gauge(
            "desk_enrollment_oldest_waiting_seconds",
            "How long the first of them has waited",
            registry=self._registry,
        )
        self._mailbox_up = Gauge(
            "desk_enrollment_mailbox_up",
            "Whether the database could be worked with when this was asked: 1 or 0",
            registry=self._registry,
        )

    def expect(self, endpoints: Iterable[str]) -> None:
        """Count what these answer; every process of the service names them in this order."""
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(endpoints))}

    def note(self, endpoint: str, status: int, seconds: float) -> None:
        """One answer of an endpoint that is expected."""
        if self._port:
            self._service.counts.note(self._numbers[endpoint], status, seconds)

    def collect(self) -> Iterator[Metric]:
        """What was counted by all processes of this service."""
        counts = self._service.counts
        requests = CounterMetricFamily(
            "desk_enrollment_requests", "Requests answered", labels=("endpoint", "status")
        )
        spent = HistogramMetricFamily(
            "desk_enrollment_request_seconds",
            "From a request's head to its answer, waiting for the desk or a phone included",
            labels=("endpoint",),
        )
        for endpoint, number in self._numbers.items():
            # What is refused and what fails is told before anything is: of a count that appears
            # with seven Prometheus does not know that it grew.
            answered = dict.fromkeys(_ALARMING, 0.0) | counts.answered(number)
            for status, count in answered.items():
                requests.add_metric((endpoint, str(status)), count)
            took, whole = counts.took(number)
            if took[-1]:
                spent.add_metric((endpoint,), list(zip(_EDGES, took, strict=True)), whole)
        yield requests
        yield spent

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
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _look(self) -> None:
        service, now = self._service, self._service.now()
        await service.run_now(service.mailbox.check_room)
        queue = await service.run_now(service.mailbox.queue, now)
        self._waiting.set(queue.length)
        self._oldest.set((now - queue.oldest).total_seconds() if queue.oldest else 0)

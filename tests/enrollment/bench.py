"""Figures of the service on this machine: whole issuances a second, and waits.

    python -m tests.enrollment.bench [flows]

Complete pre-authorized issuances one after another over loopback, service as a process of
its own, full durability, software signer, portrait 15 kB, each format; then how long after
the desk's answer the waiting phone has its credential. One line of JSON.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
from PIL import Image

from desk.enrollment.keys import make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from tests.enrollment.counter import Counter, invented_values, now
from tests.enrollment.steps import Steps


def portrait(size: int = 15_000) -> bytes:
    """A JPEG of nobody, of about ``size`` bytes."""
    noise = Image.frombytes("L", (240, 320), random.Random(7).randbytes(240 * 320))
    for quality in range(95, 5, -5):
        target = io.BytesIO()
        noise.convert("RGB").save(target, "JPEG", quality=quality)
        if len(target.getvalue()) <= size:
            break
    return target.getvalue()


def measure(flows: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = make_key_file(folder / "station.key")
        process = ServiceProcess(
            ServiceOrder(folder / "m.sqlite", folder / "station.key", folder / "log")
        )
        url = process.start()
        try:
            with HttpLink(url, key) as link, httpx.Client(trust_env=False, timeout=15) as web:
                values = replace(invented_values(), portrait=portrait())
                counter = Counter(link, TrainingAuthority.create(now()), values=values)
                return {
                    "flows": flows,
                    "portrait_bytes": len(values.portrait),
                    "mdoc": rate(counter, web, "mdoc", flows),
                    "sd-jwt": rate(counter, web, "sd-jwt", flows),
                    "waits_ms": waits(counter, web, min(flows, 50)),
                }
        finally:
            process.stop()


def rate(counter: Counter, web: httpx.Client, configuration: str, flows: int) -> dict[str, float]:
    one_flow(counter, web, configuration)
    spent = [timed(lambda: one_flow(counter, web, configuration)) for _ in range(flows)]
    return {
        "per_second": round(flows / sum(spent), 1),
        "p50_ms": round(statistics.median(spent) * 1000, 1),
        "p99_ms": round(sorted(spent)[int(flows * 0.99)] * 1000, 1),
    }


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def one_flow(counter: Counter, web: httpx.Client, configuration: str) -> float:
    """Offer, token, nonce, key, signature, credential, notification; the wait after the answer."""
    offer = counter.place(configuration)
    steps = Steps(web, counter, offer)
    token = steps.token()
    answered: list[float] = []
    desk = threading.Thread(target=_desk, args=(counter, offer.offer_id, answered))
    desk.start()
    body = steps.credential(token, credential_configuration_id=configuration).json()
    arrived = time.perf_counter()
    desk.join()
    said = {"notification_id": body["notification_id"], "event": "credential_accepted"}
    steps.post("notification", token, json=said)
    return arrived - answered[0]


def _desk(counter: Counter, offer_id: str, answered: list[float]) -> None:
    counter.wait_for(offer_id, EventKind.KEY_RECEIVED)
    for request in counter.link.requests(offer_id):
        credential = counter.credential(request)
        answered.append(time.perf_counter())
        counter.link.answer(request, [credential])


def waits(counter: Counter, web: httpx.Client, flows: int) -> dict[str, float]:
    spent = sorted(one_flow(counter, web, "mdoc") * 1000 for _ in range(flows))
    return {
        "answer_to_phone_p50": round(statistics.median(spent), 1),
        "answer_to_phone_max": round(spent[-1], 1),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 100)) + "\n")

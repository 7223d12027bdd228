"""How fast the service is on this machine: whole issuances, one after another.

    python -m tests.enrollment.bench [--flows N] [--card-ms 59] [--json]
        [--postgresql | --database postgresql://…]

One issuance is everything from the desk's order to the desk's knowledge that the phone has its
credential: offer placed, fetched, redeemed with the PIN, nonce, credential request, the desk's
fetch and check of the key, the credential of either format prepared and signed by a software
signer, sealed, answered, delivered, reported as accepted, and the desk told of it. The next one
begins when the last one is over, and within one nothing overlaps but this: as the counter does,
the desk makes what needs no key of the phone's while the service answers the phone. It is made
within the time that is told, after the offer was placed.

Made before the clock runs: the phone's keys with the head of their proofs, its knowledge of the
metadata, its connection; the applicant's values with a portrait that is compressed already. Not
measured at all: the desk's records, its windows, a card but for the last figures, and the offer's
end when its token's time is over (one change more, made by the service's sweep).

Three take part. The service is a process of its own, all of it on one core, with its own
command line's defaults (full durability: SQLite with synchronous=FULL, or a PostgreSQL server
of our own with its own defaults, which synchronises each commit; it shares the service's core,
and has the files of its log as one that has run for a while).
Desk (the desk's real link, as the counter uses it) and phone (``lean_phone``) share one thread
on the other core, so that nobody is waited for but the service. Processor time is told of each.

Each format is measured twice: with cores that never sleep, where Linux lets us ask for that and
can do it (``kept_awake`` names what does), and as the machine comes (``may_sleep``). In a
conversation each word wakes the other's core, and a virtual machine's may take as long to wake
as an answer takes to make. With a database server of ours a third time (``database_apart``): the
cores awake, and the server on the desk's core, for what the service's own has room for alone.
All other figures are of the machine as it comes.

Then the same with several desks and phones at once (``--at-once``): what one core of service
has room for. At the end with a card of so many milliseconds a signature. Also told: how long a
synchronised write takes here (an issuance has six); the disk is the temporary folder's.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from desk.credential.signer import LocalSigner
from desk.enrollment.keys import make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from tests.enrollment.counter import PIN, Counter, invented_values, now
from tests.enrollment.lean_phone import Connection, LeanKey, LeanPhone
from tests.postgres import USER, own_server

CONFIGURATIONS = ("mdoc", "sd-jwt")
WARM_UP = 20
_SEGMENTS = 12
"""Of PostgreSQL's log, 16 MiB each: as much as all that is measured writes."""
_LATENCY = Path("/dev/cpu_dma_latency")
_IDLE_DRIVER = Path("/sys/devices/system/cpu/cpuidle/current_driver")


def portrait(size: int = 15_000) -> bytes:
    """A JPEG of nobody, of about ``size`` bytes."""
    noise = Image.frombytes("L", (240, 320), random.Random(7).randbytes(240 * 320))
    for quality in range(95, 5, -5):
        target = io.BytesIO()
        noise.convert("RGB").save(target, "JPEG", quality=quality)
        if len(target.getvalue()) <= size:
            break
    return target.getvalue()


class SlowSigner(LocalSigner):
    """A software signer that takes as long as a card."""

    def __init__(self, signer: LocalSigner, seconds: float) -> None:
        super().__init__(signer.private, signer.certificate_chain)
        self._seconds = seconds

    def sign(self, data: bytes) -> bytes:
        time.sleep(self._seconds)
        return super().sign(data)


class Shares:
    """Processor seconds of one thread by who used them, from one mark to the next: a clock read
    twice for each of them would be a hundredth of an issuance."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._since = time.thread_time()

    def was(self, who: str) -> None:
        """What was spent since the last mark, by ``who``."""
        now = time.thread_time()
        self.spent[who] += now - self._since
        self._since = now


@dataclass
class Desk(Counter):
    """The desk of the other tests, with a signer of our choice."""

    chosen: LocalSigner | None = None

    @property
    def signer(self) -> LocalSigner:
        return self.chosen or super().signer


@dataclass
class Bench:
    """One service and those who use it."""

    desk: Desk
    pids: dict[str, int]
    """The service's process, and the database server's first one where there is one."""

    def run(self, configuration: str, flows: int, at_once: int = 1) -> dict[str, float]:
        """The figures of ``flows`` issuances of one format."""
        each = max(flows // at_once, 1)
        before = {who: _processor_seconds(pid) for who, pid in self.pids.items()}
        with ThreadPoolExecutor(at_once) as counters:
            lots = [[LeanKey.generate() for _ in range(each)] for _ in range(at_once)]
            started = time.perf_counter()
            ended = list(counters.map(lambda lot: self._issue_all(configuration, lot), lots))
            spent = time.perf_counter() - started
        seconds = [one for lot, _ in ended for one in lot]
        used = {who: _processor_seconds(pid) - before[who] for who, pid in self.pids.items()}
        for _, shares in ended:
            for who, share in shares.spent.items():
                used[who] = used.get(who, 0.0) + share
        return _figures(seconds, spent) | {
            f"{who}_cpu_ms": round(one / len(seconds) * 1000, 2) for who, one in used.items()
        }

    def _issue_all(self, configuration: str, lot: list[LeanKey]) -> tuple[list[float], Shares]:
        """One counter's: seconds of each."""
        seconds, connection, shares = [], Connection(self.desk.link.issuer), Shares()
        try:
            for key in lot:
                started = time.perf_counter()
                self._issue(configuration, key, connection, shares)
                seconds.append(time.perf_counter() - started)
        finally:
            connection.close()
        return seconds, shares

    def _issue(
        self, configuration: str, key: LeanKey, connection: Connection, shares: Shares
    ) -> None:
        desk, link = self.desk, self.desk.link
        offer = desk.place(configuration)
        shares.was("desk")
        phone = LeanPhone(connection, link.issuer, offer, key)
        phone.fetch_offer()
        shares.was("phone")
        said = desk.get_ready(configuration)
        shares.was("desk")
        phone.ask_for_credential(configuration, PIN)
        shares.was("phone")
        seen = link.news(offer.offer_id, 0, 5)
        while not seen.requests:
            seen = link.news(offer.offer_id, seen.events[-1].seq, 5)
        desk.answer(seen.requests, said)
        shares.was("desk")
        credential = phone.take_credential()
        shares.was("phone")
        news = link.events(offer.offer_id, seen.events[-1].seq, 0)
        shares.was("desk")
        assert [event.kind for event in news] == [EventKind.ANSWERED, EventKind.ACCEPTED]
        assert len(credential) > len(desk.values.portrait)


def measure(
    flows: int, card_ms: float, at_once: int = 4, database: str = "", server: int | None = None
) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name, _serving(Path(name), database, server) as bench:
        desk, software = bench.desk, bench.desk.signer
        for configuration in CONFIGURATIONS:
            bench.run(configuration, WARM_UP)
        report: dict[str, object] = {
            "flows": flows,
            "database": "PostgreSQL" if database else "SQLite",
            "portrait_bytes": len(desk.values.portrait),
            "synchronised_write_ms": _write_ms(Path(name)),
        }
        for name in CONFIGURATIONS:
            with _kept_awake() as how:
                report["kept_awake"] = how or "no"
                report[name] = bench.run(name, flows)
                if server is not None:
                    with _apart(server):
                        report[f"{name}_database_apart"] = bench.run(name, flows)
            report[f"{name}_may_sleep"] = bench.run(name, flows)
        many = {f"{name}_{at_once}_at_once": name for name in CONFIGURATIONS}
        report |= {told: bench.run(name, flows, at_once) for told, name in many.items()}
        desk.chosen = SlowSigner(software, card_ms / 1000)
        few = max(flows // 10, 10)
        report |= {f"{name}_card_{card_ms:g}_ms": bench.run(name, few) for name in CONFIGURATIONS}
        return report


@contextmanager
def _serving(folder: Path, database: str = "", server: int | None = None) -> Iterator[Bench]:
    """A service with its mailbox in ``folder`` or at ``database``, whose ``server`` is a process
    of this machine, on a core of its own."""
    key = make_key_file(folder / "station.key")
    place = database or folder / "m.sqlite"
    process = ServiceProcess(ServiceOrder(place, folder / "station.key", folder / "log"))
    url = process.start()
    try:
        assert process.pid is not None
        pids = {"service": process.pid}
        if server is not None:
            pids["database"] = server
        with _shared_out(pids.values()), HttpLink(url, key) as link:
            values = replace(invented_values(), portrait=portrait())
            desk = Desk(link, TrainingAuthority.create(now()), values=values)
            # Made once, as a card's is: it reads its certificates when it is made.
            desk.chosen = desk.signer
            yield Bench(desk, pids)
    finally:
        process.stop()


@contextmanager
def _shared_out(service: Iterable[int]) -> Iterator[None]:
    """The last core is the service's and its database's, the others are desk's and phone's."""
    if sys.platform != "linux":
        yield
        return
    all_cores = os.sched_getaffinity(0)
    *others, last = sorted(all_cores)
    for pid in service:
        _move(pid, {last})
    os.sched_setaffinity(0, set(others) or {last})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


@contextmanager
def _apart(server: int) -> Iterator[None]:
    """The database's server works on the cores of desk and phone meanwhile."""
    if sys.platform != "linux":
        yield
        return
    shared = os.sched_getaffinity(server)
    _move(server, os.sched_getaffinity(0))
    try:
        yield
    finally:
        _move(server, shared)


def _move(pid: int, cores: set[int]) -> None:
    """A process with its children to other cores."""
    for task in _tasks(pid):
        os.sched_setaffinity(int(task.name), cores)


@contextmanager
def _kept_awake() -> Iterator[str]:
    """All cores wait without sleeping while this lasts: a latency of 0 is asked of Linux for as
    long as this file is open (PM QoS), as those do who measure latencies. Names the driver that
    sees to it; empty where there is none, or we may not ask."""
    try:
        driver = _IDLE_DRIVER.read_text().strip()
        asked = _LATENCY.open("wb", buffering=0)
    except OSError:
        yield ""
        return
    with asked:
        asked.write(bytes(4))
        yield driver.removeprefix("none")


def _processor_seconds(pid: int) -> float:
    """What a process and its children have used, those that ended left out."""
    if sys.platform != "linux":
        return 0.0
    return sum(int((task / "schedstat").read_text().split()[0]) for task in _tasks(pid)) / 1e9


def _tasks(pid: int) -> Iterator[Path]:
    """The threads of a process and of its children, as Linux shows them."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield task
        for child in (task / "children").read_text().split():
            yield from _tasks(int(child))


@contextmanager
def _own_postgresql() -> Iterator[tuple[str, int | None]]:
    """Address and first process of a server that synchronises its commits, as every one does
    that nobody told otherwise."""
    durable = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "autovacuum=on")
    with own_server() as server:
        server.stop()
        server.start(*durable, "shared_buffers=128MB")
        made = server.database()
        with made.connect() as there:
            # A new server makes and fills each segment of its log when it comes to it, which takes
            # as long as several issuances; one that has run for a while takes its old ones again.
            for _ in range(_SEGMENTS):
                there.execute("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()")
            there.execute("CHECKPOINT")
        first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        yield f"postgresql://{USER}@/{made.name}?host={made.socket_folder}", first


def _figures(seconds: list[float], spent: float) -> dict[str, float]:
    """Of issuances that took so long each, and ``spent`` together."""
    ordered = sorted(seconds)
    return {
        "per_second": round(len(seconds) / spent, 1),
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 2),
    }


def _write_ms(folder: Path, times: int = 100) -> float:
    """The median of a page written and synchronised, as a commit does it."""
    spent = []
    with (folder / "page").open("wb", buffering=0) as file:
        for _ in range(times):
            file.seek(0)
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - started)
    return round(statistics.median(spent) * 1000, 3)


def table(report: dict[str, object]) -> str:
    lines = [f"{name}: {value}" for name, value in report.items() if not isinstance(value, dict)]
    for name, figures in report.items():
        if isinstance(figures, dict):
            told = "  ".join(f"{what} {value}" for what, value in figures.items())
            lines.append(f"{name:23} {told}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flows", type=int, default=500, help="issuances of each format")
    parser.add_argument("--card-ms", type=float, default=59, help="of the card's signature")
    parser.add_argument("--at-once", type=int, default=4, help="desks and phones then")
    parser.add_argument("--database", default="", help="address of an empty PostgreSQL database")
    parser.add_argument("--postgresql", action="store_true", help="start one for this")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    named = nullcontext((args.database, None))
    with _own_postgresql() if args.postgresql else named as (database, server):
        report = measure(args.flows, args.card_ms, args.at_once, database, server)
    sys.stdout.write((json.dumps(report) if args.json else table(report)) + "\n")


if __name__ == "__main__":
    main()

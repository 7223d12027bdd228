"""Several service processes on one PostgreSQL, behind one address."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from desk.enrollment.agreed import SEALED
from desk.enrollment.keys import StationKey, make_key_file, sha256
from desk.enrollment.link import HttpLink
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.mailbox.driver import Ear
from desk.enrollment.mailbox.told import CHANNEL
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.enrollment.processes import EXIT_TROUBLE
from desk.enrollment.records import TRIES
from desk.enrollment.trouble import KeyFileUnsafe, MailboxAway, ProcessesNeedServer
from desk.enrollment.waiting import Bells, listen
from desk.issuance.ports import EventKind
from desk.training.authority import TrainingAuthority
from tests.enrollment.conftest import started, together
from tests.enrollment.counter import PIN, WRONG_PIN, Counter, now
from tests.enrollment.station import StationAuth
from tests.enrollment.steps import Steps
from tests.enrollment.test_mailbox import T0, claimed, guess, offer, redeem, request
from tests.enrollment.test_meters import free_port
from tests.postgres import Database, PostgresServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a service there is one process")


# One address, several processes ----------------------------------------------------


@dataclass
class Family:
    process: ServiceProcess
    metrics_port: int
    log: Path

    def children(self) -> set[int]:
        """Who is alive of it."""
        return children_of(self.process.pid)


def children_of(pid: int | None) -> set[int]:
    """By the operating system's own list."""
    told = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return {int(line) for line in told.stdout.split()}


@pytest.fixture(scope="module")
def family(folder: Path, key: StationKey, server_database: Database) -> Iterator[Family]:
    port = free_port()
    options = ["--processes", "2", "--wait", "8", "--address-limit", "6"]
    options += ["--metrics-port", str(port)]
    process = started(folder, "family", *options, database=server_database.address)
    yield Family(process, port, folder / "family.log")
    process.stop()


@pytest.fixture(scope="module")
def counter(family: Family, key: StationKey, authority: TrainingAuthority) -> Iterator[Counter]:
    with HttpLink(family.process.url, key) as link:
        yield Counter(link, authority)


@pytest.fixture
def fresh() -> Iterator[httpx.Client]:
    """A new connection for each request: whichever process takes it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(trust_env=False, timeout=30, limits=limits) as client:
        yield client


def test_issuance_is_one_whichever_process_serves_it(counter: Counter, fresh: httpx.Client) -> None:
    """Each request of phone and desk may meet another process; a phone that waits is answered
    as soon as the desk has answered."""
    for _ in range(2):
        placed = counter.place("mdoc")
        steps = Steps(fresh, counter, placed)
        assert steps.token_request(tx_code=WRONG_PIN).json()["tries_left"] == TRIES - 1
        token = steps.token()

        received, _ = together(
            lambda steps=steps, token=token: steps.credential(token),
            lambda placed=placed: answer_when_asked(counter, placed.offer_id),
        )

        assert isinstance(received, httpx.Response), received
        assert received.status_code == 200
        body = {
            "notification_id": received.json()["notification_id"],
            "event": "credential_accepted",
        }
        assert steps.post("notification", token, json=body).status_code == 204
        assert counter.kinds(placed.offer_id) == [
            EventKind.FETCHED,
            EventKind.CODE_WRONG,
            EventKind.CODE_RIGHT,
            EventKind.KEY_RECEIVED,
            EventKind.ANSWERED,
            EventKind.ACCEPTED,
        ]


def answer_when_asked(counter: Counter, offer_id: str) -> None:
    """As the counter does: wait at the events, then fetch and answer."""
    after = 0
    while events := counter.link.events(offer_id, after, 20):
        after = events[-1].seq
        if any(event.kind is EventKind.KEY_RECEIVED for event in events):
            counter.answer_all(offer_id)
            return


def test_five_guesses_are_five_whichever_process_hears_them(
    counter: Counter, fresh: httpx.Client
) -> None:
    placed = counter.place("mdoc")
    code = Steps(fresh, counter, placed).code()

    def guess() -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=30) as phone:
            steps = Steps(phone, counter, placed)
            return steps.token_request(pre_authorized_code=code, tx_code=WRONG_PIN)

    answers = together(*[guess] * 12)

    counted = [
        answer.json().get("reason") for answer in answers if isinstance(answer, httpx.Response)
    ]
    assert len(counted) == 12
    kinds = counter.kinds(placed.offer_id)
    assert kinds.count(EventKind.CODE_WRONG) == TRIES
    assert kinds[-1] is EventKind.VOIDED
    assert counted.count("wrong_code") == TRIES - 1


def test_numbers_of_all_processes_are_told_together(family: Family, fresh: httpx.Client) -> None:
    """Forty requests on forty connections, told by whichever process is asked."""

    def told() -> float:
        text = fresh.get(f"http://127.0.0.1:{family.metrics_port}/metrics").text
        name = 'desk_enrollment_requests_total{endpoint="nonce",status="200"} '
        found = [line for line in text.splitlines() if line.startswith(name)]
        return float(found[0].removeprefix(name)) if found else 0.0

    before = told()
    for _ in range(40):
        fresh.post(f"{family.process.url}/nonce")

    assert [told() - before for _ in range(4)] == [40.0] * 4


def test_address_is_counted_by_all_processes_together(family: Family, fresh: httpx.Client) -> None:
    phone = {"X-Forwarded-For": "203.0.113.7"}

    statuses = [
        fresh.post(f"{family.process.url}/nonce", headers=phone).status_code for _ in range(15)
    ]

    assert statuses == [200] * 6 + [429] * 9


def test_call_of_the_desk_is_heard_once_by_all(
    family: Family, key: StationKey, fresh: httpx.Client
) -> None:
    """Whoever recorded it cannot say it again, whichever process he meets."""
    with httpx.Client(trust_env=False, auth=StationAuth(key, now)) as desk:
        first = desk.get(f"{family.process.url}/desk/health")
    headers = {"Authorization": first.request.headers["authorization"]}
    again = [fresh.get(f"{family.process.url}/desk/health", headers=headers) for _ in range(6)]

    assert first.status_code == 200
    assert {(one.status_code, one.json()["error"]) for one in again} == {(401, "station_unknown")}


LATER = (now() + timedelta(hours=12)).isoformat()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "offers/heard", {"configurations": ["mdoc"], "tx_code": PIN, "expires_at": LATER}),
        ("POST", "offers/heard/void", {"reason": "reprint"}),
        ("GET", "offers/heard/events?after=0&wait=0", None),
        ("PUT", "requests/heard/answer", b"sealed"),
        ("PUT", "requests/heard/denial", {"reason": "officer"}),
        ("GET", "checks/heard-heard-heard-heard/answer?wait=0", None),
        ("PUT", "status/heard", {"jwt": "x", "cwt": "eA=="}),
    ],
)
def test_each_call_is_heard_once_by_all(
    family: Family,
    key: StationKey,
    fresh: httpx.Client,
    method: str,
    path: str,
    body: dict[str, object] | bytes | None,
) -> None:
    """Also one that finds nothing: what it is about may be there a moment later."""
    url = f"{family.process.url}/desk/{path}"
    with httpx.Client(trust_env=False, auth=StationAuth(key, now)) as desk:
        if isinstance(body, bytes):
            kind = {"Content-Type": SEALED}
            first = desk.request(method, url, content=body, headers=kind)
        else:
            first = desk.request(method, url, json=body)
    headers, content = dict(first.request.headers), first.request.content
    again = [fresh.request(method, url, headers=headers, content=content) for _ in range(4)]

    assert first.status_code in (200, 204, 404)
    assert {(one.status_code, one.json()["error"]) for one in again} == {(401, "station_unknown")}


def test_child_that_dies_is_replaced(family: Family, counter: Counter, fresh: httpx.Client) -> None:
    """Nobody who comes afterwards notices; who was being served comes again. It is told to who
    runs the service."""
    victim = min(family.children())

    os.kill(victim, signal.SIGKILL)
    while victim in family.children() or len(family.children()) < 2:
        pass

    steps = Steps(fresh, counter, counter.place("mdoc"))
    assert [len(steps.nonce()) > 0 for _ in range(9)] == [True] * 9
    assert steps.token_request().status_code == 200
    assert f"WARNING process {victim} ended: signal 9\n" in family.log.read_text()


def test_counting_needs_no_room_on_any_disk(
    folder: Path, key: StationKey, server_place: str, tmp_path: Path, fresh: httpx.Client
) -> None:
    """Of a file that is mapped and has no room to grow a process dies."""
    port = free_port()
    options = ["--processes", "2", "--metrics-port", str(port)]
    order = ServiceOrder(
        server_place, folder / "station.key", tmp_path / "log", extra=tuple(options)
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        process = ServiceProcess(order)
        process.start()
    try:
        told = fresh.get(f"http://127.0.0.1:{port}/metrics").text

        assert "desk_enrollment_requests_total" in told
        assert list(temporary.iterdir()) == []
    finally:
        process.stop()


def test_service_that_can_start_nobody_any_more_ends(
    tmp_path: Path, server_place: str, fresh: httpx.Client
) -> None:
    """Its sockets would take every call and answer none."""
    make_key_file(tmp_path / "station.key")
    command = [sys.executable, "-m", "desk.enrollment", "--processes", "2", "--json"]
    command += ["--database", server_place, "--key-file", str(tmp_path / "station.key")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as parent:  # type: ignore[call-overload]
        try:
            url = json.loads(parent.stdout.readline())["url"]
            assert fresh.get(f"{url}/health").status_code == 200
            (tmp_path / "station.key").unlink()

            for child in children_of(parent.pid):
                os.kill(child, signal.SIGKILL)
            _, said = parent.communicate(timeout=60)
        finally:
            parent.kill()

    assert parent.returncode == EXIT_TROUBLE
    assert KeyFileUnsafe.code in said


def test_phones_and_desk_outlive_the_database(
    postgres_host: PostgresServer, counter: Counter, fresh: httpx.Client
) -> None:
    """Immediate stop and start while a phone and a desk wait: both are served, nothing counts
    twice, and no order is lost."""
    placed = counter.place("mdoc")
    steps = Steps(fresh, counter, placed)
    token = steps.token()
    waiting = threading.Event()

    def fall() -> None:
        waiting.wait()
        postgres_host.stop("immediate")
        postgres_host.start()
        answer_when_asked(counter, placed.offer_id)

    def phone() -> httpx.Response:
        proof = {"jwt": [steps.proof()]}
        threading.Timer(0.2, waiting.set).start()
        return steps.credential(token, proofs=proof)

    received, fell, heard = together(
        phone, fall, lambda: counter.link.events(placed.offer_id, 3, 20)
    )

    assert fell is None
    assert isinstance(received, httpx.Response), received
    assert received.status_code == 200
    assert isinstance(heard, tuple), heard
    assert counter.kinds(placed.offer_id) == [
        EventKind.FETCHED,
        EventKind.CODE_RIGHT,
        EventKind.KEY_RECEIVED,
        EventKind.ANSWERED,
    ]


def test_service_without_its_database_is_alive_and_not_ready(
    postgres: PostgresServer, family: Family, fresh: httpx.Client
) -> None:
    """Said at once, for whoever sends phones elsewhere meanwhile; and ready again by itself."""
    postgres.stop("immediate")
    try:
        alive = fresh.get(f"{family.process.url}/health")
        away = fresh.get(f"{family.process.url}/ready")
    finally:
        postgres.start()

    assert alive.status_code == 200
    assert (away.status_code, away.json()["code"]) == (503, MailboxAway.code)
    assert "retry-after" in away.headers
    assert fresh.get(f"{family.process.url}/ready").status_code == 200


def test_all_end_together(folder: Path, key: StationKey, server_place: str) -> None:
    """SIGTERM is a good end; SIGKILL of the one that watches leaves none behind either."""
    command = [sys.executable, "-m", "desk.enrollment", "--processes", "2", "--json"]
    command += ["--database", server_place, "--key-file", str(folder / "station.key")]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    parents = [subprocess.Popen(command, **quiet) for _ in range(2)]  # type: ignore[call-overload]
    ends = ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL))
    for parent, (number, status) in zip(parents, ends, strict=True):
        with parent:
            url = json.loads(parent.stdout.readline())["url"]

            parent.send_signal(number)
            # The children hold the pipe as well: it ends when the last of them is gone.
            parent.stdout.read()

            assert parent.wait() == status
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(url.rsplit(":", 1)[1]))) != 0


def test_several_need_a_server(tmp_path: Path) -> None:
    make_key_file(tmp_path / "station.key")
    process = ServiceProcess(
        ServiceOrder(
            tmp_path / "mailbox.sqlite",
            tmp_path / "station.key",
            tmp_path / "log",
            extra=("--processes", "2"),
        )
    )

    with pytest.raises(ProcessesNeedServer):
        process.start()


# The bells by themselves --------------------------------------------------------------


@pytest.fixture
def pair(server_place: str) -> Iterator[tuple[Mailbox, Mailbox]]:
    boxes = Mailbox(server_place, T0), Mailbox(server_place, T0)
    yield boxes
    for box in boxes:
        box.close()


FOREVER = 1e6
Act = Callable[[Mailbox], object]


def woken_by(waiter: Mailbox, actor: Mailbox, topic: str, act: Act) -> int:
    """How often one process looked that waits without end while another acts."""

    async def scene() -> int:
        loop, bells, listening = asyncio.get_running_loop(), Bells(), asyncio.Event()
        hearing = asyncio.ensure_future(listen(waiter, bells, listening))
        await listening.wait()
        looks, looked = 0, asyncio.Event()

        async def look() -> bool | None:
            nonlocal looks
            looks += 1
            looked.set()
            return True if looks > 1 else None

        waiting = asyncio.ensure_future(bells.wait_for(topic, look, FOREVER))
        await looked.wait()
        await loop.run_in_executor(None, act, actor)
        await waiting
        hearing.cancel()
        return looks

    return asyncio.run(scene())


@pytest.mark.parametrize(
    "act",
    [
        lambda box: box.fetch_offer("handle-2", "c", T0),
        lambda box: box.void_offer("offer-2", "officer", T0),
        lambda box: guess(box, 2),
        lambda box: redeem(box, 2),
    ],
)
def test_what_an_offer_goes_through_is_heard(pair: tuple[Mailbox, Mailbox], act: Act) -> None:
    pair[0].place_offer(offer(2), T0)

    assert woken_by(*pair, "offer-2", act) == 2


@pytest.mark.parametrize(
    "act",
    [
        lambda box: box.file_request(request("sd-jwt", "k2", "n2"), "h2", T0),
        lambda box: box.answer(request().request_id, b"sealed", None, T0),
        lambda box: box.deny(request().request_id, T0),
        lambda box: box.defer(request().request_id, T0),
    ],
)
def test_what_a_request_goes_through_is_heard(pair: tuple[Mailbox, Mailbox], act: Act) -> None:
    claimed(pair[0]).file_request(request(), "h1", T0)

    assert woken_by(*pair, "offer-1", act) == 2


def test_ear_comes_back_after_the_server_fell(
    pair: tuple[Mailbox, Mailbox], postgres: PostgresServer
) -> None:
    """Whoever waits looks once more when it hears again, for what was told meanwhile."""

    def fall(_actor: Mailbox) -> None:
        postgres.stop("immediate")
        postgres.start()

    pair[0].place_offer(offer(2), T0)

    assert woken_by(*pair, "offer-2", fall) == 2


def test_ear_hears_what_was_committed_by_others_only(pair: tuple[Mailbox, Mailbox]) -> None:
    """Not its own, and not what was undone; an identifier is told as a hash."""
    ear = pair[0].ear()
    assert ear is not None
    pair[0].place_offer(offer(1), T0)
    pair[0].place_offer(offer(2), T0)
    pair[0].fetch_offer("handle-1", "c", T0)
    with pytest.raises(ZeroDivisionError), pair[1]._database.connection() as db:
        db.begin()
        try:
            db.say("SELECT pg_notify('desk_enrollment', 'undone')")
            raise ZeroDivisionError
        finally:
            db.undo()

    pair[1].fetch_offer("handle-2", "c", T0)

    assert heard_of(ear) == [sha256("offer-2")]
    ear.close()


def test_nobody_is_told_where_nobody_else_listens(postgres: PostgresServer) -> None:
    """Not even by a process that has an ear itself; one that fell is forgotten when the next
    one listens, one that ended at once."""
    # Of its own: the other tests' services listen at theirs.
    place = postgres.database()
    pair = Mailbox(place.address, T0), Mailbox(place.address, T0)
    with place.connect() as there:
        there.execute(b"INSERT INTO listeners VALUES ('fell', 0)")
        there.execute(f"LISTEN {CHANNEL}".encode())

        def told(box: Mailbox, number: int) -> int:
            box.place_offer(offer(number), T0)
            box.fetch_offer(f"handle-{number}", "c", T0)
            there.execute(b"SELECT 1")
            return len(list(there.notifies(timeout=0)))

        before = told(pair[0], 1)
        ear = pair[0].ear()
        assert ear is not None
        alone, by_another = told(pair[0], 2), told(pair[1], 3)
        ear.close()
        after = told(pair[1], 4)
    for box in pair:
        box.close()

    assert (before, alone, by_another, after) == (1, 0, 1, 0)


def heard_of(ear: Ear) -> list[str]:
    while not (marks := ear.heard()):
        pass
    return marks

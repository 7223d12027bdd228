"""One service process and one training authority for the tests of the package."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from desk.enrollment.keys import StationKey, make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.mailbox.tables import listeners_table, tables
from desk.enrollment.process import ServiceOrder, ServiceProcess
from desk.training.authority import TrainingAuthority
from desk.training.phone import Phone, PhoneEvent
from desk.training.wallet_issuer import MANNER, Manner
from tests.enrollment.counter import Counter, now
from tests.postgres import Database, PostgresServer

NewPhone = Callable[..., Phone]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("enrollment")


@pytest.fixture(scope="session")
def key(folder: Path) -> StationKey:
    return make_key_file(folder / "station.key")


@pytest.fixture(scope="session")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(now())


@pytest.fixture(scope="session")
def server_database(postgres_host: PostgresServer) -> Database:
    """A database on the run's PostgreSQL, for all tests of mailboxes there."""
    if not postgres_host.running:
        postgres_host.start()
    database = postgres_host.database()
    Mailbox(database.address, now()).close()
    return database


@pytest.fixture
def server_place(postgres: PostgresServer, server_database: Database) -> str:
    """The address of an empty mailbox on it, of no layout yet."""
    with server_database.connect() as there:
        # Not who listens: services of other tests do, which keep running.
        for table in tables.sorted_tables:
            if table is not listeners_table:
                there.execute(f"TRUNCATE {table.name}".encode())
    return server_database.address


def started(
    folder: Path, name: str, *options: str, database: str | Path | None = None
) -> ServiceProcess:
    """A service of its own for as long as the tests that asked for it run."""
    order = ServiceOrder(
        database or folder / f"{name}.sqlite",
        folder / "station.key",
        folder / f"{name}.log",
        extra=options,
    )
    process = ServiceProcess(order)
    process.start()
    if process._thread is not None:
        # Lives as long as the session: the guard of leaked threads knows it by its name.
        process._thread.name = f"session-{name}"
    return process


@pytest.fixture(scope="session")
def service(folder: Path, key: StationKey) -> Iterator[ServiceProcess]:
    """A service that waits for the desk as long as a slow machine needs."""
    process = started(folder, "patient", "--wait", "8")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def hasty_service(folder: Path, key: StationKey) -> Iterator[ServiceProcess]:
    """A service that defers at once, and takes two keys a request."""
    process = started(folder, "hasty", "--wait", "0", "--batch", "2")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def link(service: ServiceProcess, key: StationKey) -> Iterator[HttpLink]:
    with HttpLink(service.url, key) as link:
        yield link


@pytest.fixture(scope="session")
def counter(link: HttpLink, authority: TrainingAuthority) -> Counter:
    """A desk at the patient service."""
    return Counter(link, authority)


@pytest.fixture(scope="session")
def hasty(
    hasty_service: ServiceProcess, key: StationKey, authority: TrainingAuthority
) -> Iterator[Counter]:
    """A desk at the service that defers at once."""
    with HttpLink(hasty_service.url, key) as link:
        yield Counter(link, authority)


@pytest.fixture(scope="session")
def web() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=15) as client:
        yield client


@pytest.fixture
def new_phone(web: httpx.Client, authority: TrainingAuthority) -> NewPhone:
    """A phone that trusts the training authority."""

    def make(
        on_event: Callable[[PhoneEvent], None] = lambda _event: None,
        patience: float = 30,
        manner: Manner = MANNER,
    ) -> Phone:
        return Phone(
            web,
            now,
            anchors=(authority.iaca,),
            verifiers=(authority.relying_party_root,),
            on_event=on_event,
            patience=patience,
            manner=manner,
        )

    return make


def together(*acts: Callable[[], object]) -> list[object]:
    """Run acts at the same moment, each in its thread; results or exceptions in order."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[place] = act()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

"""What a phone may ask of a service whose mailbox is on a PostgreSQL, in two processes: the
tests of the protocol once more, each request on a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.process import ServiceProcess
from desk.training.authority import TrainingAuthority
from tests.enrollment.conftest import started
from tests.enrollment.counter import Counter
from tests.enrollment.test_authorizing import *  # noqa: F403
from tests.enrollment.test_presenting import *  # noqa: F403
from tests.enrollment.test_refusals import *  # noqa: F403
from tests.postgres import Database

# Looks into the file of the other service.
del test_answer_is_never_stored_in_clear  # noqa: F821

TWO = ("--processes", "2")


@pytest.fixture(scope="module")
def service(folder: Path, key: StationKey, server_database: Database) -> Iterator[ServiceProcess]:
    options = (*TWO, "--wait", "8")
    process = started(folder, "two-patient", *options, database=server_database.address)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def hasty_service(
    folder: Path, key: StationKey, server_database: Database
) -> Iterator[ServiceProcess]:
    options = (*TWO, "--wait", "0", "--batch", "2")
    process = started(folder, "two-hasty", *options, database=server_database.address)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def link(service: ServiceProcess, key: StationKey) -> Iterator[HttpLink]:
    with HttpLink(service.url, key) as link:
        yield link


@pytest.fixture(scope="module")
def counter(link: HttpLink, authority: TrainingAuthority) -> Counter:
    return Counter(link, authority)


@pytest.fixture(scope="module")
def hasty(
    hasty_service: ServiceProcess, key: StationKey, authority: TrainingAuthority
) -> Iterator[Counter]:
    with HttpLink(hasty_service.url, key) as link:
        yield Counter(link, authority)


@pytest.fixture(scope="module")
def web() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(trust_env=False, timeout=15, limits=limits) as client:
        yield client

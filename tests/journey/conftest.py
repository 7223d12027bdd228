"""One prepared home and one running service for all journeys: each test works on a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.app.home import Home
from desk.enrollment.process import ServiceOrder, ServiceProcess
from tests.journey.acts import Counter, opened, settings_with


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service that stands beside the desk and outlives it, as a ministry's would."""
    folder = tmp_path_factory.mktemp("service")
    from desk.enrollment.keys import make_key_file

    make_key_file(folder / "station.key")
    order = ServiceOrder(
        folder / "enrollment.db",
        folder / "station.key",
        folder / "enrollment.log",
        extra=("--wait", "0.5"),
    )
    process = ServiceProcess(order)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, service: ServiceProcess) -> Path:
    """A home with authorities, trust list and register extract, in which nobody worked yet."""
    folder = tmp_path_factory.mktemp("prepared")
    home = Home.make(folder)
    shutil.copy(service._order.key_file, home.training.station_key)
    with opened(folder, settings=settings_with(service.url)):
        pass
    return folder


@pytest.fixture(scope="session")
def prepared_approved(
    prepared: Path, service: ServiceProcess, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same home with one case that is approved and has no offer yet."""
    folder = tmp_path_factory.mktemp("approved") / "home"
    shutil.copytree(prepared, folder)
    with opened(folder, service.url) as rehearsal:
        Counter.begin(rehearsal).approved()
    return folder


@pytest.fixture
def approved_home(prepared_approved: Path, tmp_path: Path) -> Path:
    """A copy of the home with the approved case, for one test alone."""
    copy = tmp_path / "approved"
    shutil.copytree(prepared_approved, copy)
    return copy


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the prepared home, for one test alone."""
    copy = tmp_path / "home"
    shutil.copytree(prepared, copy)
    return copy

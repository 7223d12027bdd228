"""One prepared home and one running service for all journeys: each test works on a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.app.home import Home
from desk.enrollment.process import ServiceOrder, ServiceProcess
from tests.journey.acts import opened, settings_with


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


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the prepared home, for one test alone."""
    copy = tmp_path / "home"
    shutil.copytree(prepared, copy)
    return copy

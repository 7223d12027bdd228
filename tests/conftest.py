"""Guards around every test: no screen needed, no thread left over, no word to the outside.

Warnings and Qt's own messages already fail by the settings in pyproject.toml.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import postgres, postgres_host

__all__ = ["postgres", "postgres_host"]

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A test that leaves a thread of its own running has not finished."""
    before = set(threading.enumerate())

    yield

    leaked = [t for t in threading.enumerate() if t not in before and not _ends(t)]
    assert not leaked, f"threads left running: {leaked}"


def _ends(thread: threading.Thread) -> bool:
    if "pytest_timeout" in thread.name or thread.name.startswith(("session-", "asyncio_")):
        return True
    # Threads of Qt and of libraries that Python only got to know by a callback.
    if isinstance(thread, threading._DummyThread):
        return True
    thread.join(timeout=5)
    return not thread.is_alive()


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets reach this machine only."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else address
            assert host in {"127.0.0.1", "::1", "localhost"}, f"a test spoke to {host}"
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """As the desk does: windows are let go in their own thread, whoever made the objects that
    made Python look for them."""
    if "PySide6.QtWidgets" in sys.modules:
        gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    if "PySide6.QtWidgets" in sys.modules:
        from desk.ui.tidying import tidy

        tidy()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep a picture of every window that stood when a test failed."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed and "qtbot" in getattr(item, "fixturenames", ()):
        _keep_screenshots(item)


def _keep_screenshots(item: pytest.Item) -> None:
    from PySide6.QtWidgets import QApplication

    folder = Path(item.config.rootpath) / "test-results" / item.name.replace("/", "_")
    for number, window in enumerate(QApplication.topLevelWidgets()):
        if window.isVisible():
            folder.mkdir(parents=True, exist_ok=True)
            window.grab().save(str(folder / f"{number}.png"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Published test data that is not part of the product."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the published passport data (shared/data) is not beside the checkout")
    return SHARED_DATA

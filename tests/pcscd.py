"""A pcscd of the tests' own with two virtual slots.

A test module says ``from tests.pcscd import pcscd, pcscd_host`` and takes ``pcscd``. Only one
pcscd can run on a machine, so modules (and test runs beside each other) take turns through
a lock file. A test skips with its reason where the daemon or the virtual driver is missing,
or where somebody else's pcscd runs.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pytest

from desk.cards import pcsc
from desk.iso7816.troubles import CardTrouble
from desk.training.vpcd import Chip, VirtualSlot

DRIVERS = (
    Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so"),
    Path("/usr/lib64/pcsc/drivers/serial/libifdvpcd.so"),
)
RUN_FOLDER = Path("/run/pcscd")
PATIENCE = 20.0
"""Seconds after which a condition that should come counts as never coming."""


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look until ``condition`` holds; fails with ``what`` when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"never came: {what}")
        time.sleep(0.005)


class ServiceSlot(VirtualSlot):
    """A slot whose chip is in, or out, only when the service has seen it.

    The driver is polled, so a chip changed within 0.4 s would go unnoticed.
    """

    def __init__(self, port: int, number: int) -> None:
        super().__init__(port)
        self._number = number

    @property
    def reader(self) -> str:
        """The reader's name, once the service tells it."""
        wait_until(lambda: len(pcsc.readers()) > self._number, "virtual readers")
        return pcsc.readers()[self._number]

    def lay(self, chip: Chip) -> str:
        """Insert ``chip`` and wait until the service sees it; the reader's name."""
        self.insert(chip)
        reader = self.reader
        wait_until(lambda: is_present(reader), "chip seen by the service")
        return reader

    def pull(self) -> None:
        """Remove the chip and wait until the service has seen that, where it runs."""
        self.remove()
        wait_until(self._looks_empty, "empty slot seen by the service")

    def _looks_empty(self) -> bool:
        try:
            return not is_present(self.reader)
        except CardTrouble:
            return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pull()


def is_present(reader: str) -> bool:
    """Whether the service sees a chip in ``reader``. Raises what PC/SC has to say."""
    context = pcsc.Context()
    try:
        result, states = context.changes([(reader, pcsc.STATE_UNAWARE)], 0)
        pcsc.check(result)
        return bool(states[0][1] & pcsc.STATE_PRESENT)
    finally:
        context.release()


class PcscService:
    """The daemon: `start` and `stop` as often as wanted; two slots on ``ports``."""

    def __init__(self, folder: Path, driver: Path) -> None:
        # pcscd reads every file of its settings folder, so its own log must lie elsewhere.
        self._settings = folder / "readers"
        self._settings.mkdir()
        self._log = folder / "pcscd.log"
        self._driver = driver
        self._process: subprocess.Popen[bytes] | None = None
        self.ports = _two_free_ports()
        self._write_settings()

    def start(self) -> None:
        """Start the daemon and wait until it listens."""
        command = [_pcscd() or "pcscd", "-f", "-c", str(self._settings), *_without_polkit()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._answers, "pcscd listening")

    def stop(self) -> None:
        """Stop the daemon and wait for its end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None

    def slot(self, number: int) -> ServiceSlot:
        """Slot 0 or 1, to lay a chip into; empty again at the end of its ``with``."""
        return ServiceSlot(self.ports[number], number)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            pytest.fail("pcscd ended: " + self._log.read_text()[-500:])
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(RUN_FOLDER / "pcscd.comm")) == 0

    def _write_settings(self) -> None:
        port = self.ports[0]
        (self._settings / "reader.conf").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x{port:04X}\n'
            f"LIBPATH {self._driver}\nCHANNELID 0x{port:04X}\n",
            encoding="ascii",
        )


def missing_part() -> str | None:
    """Why no pcscd of our own can run here, or None."""
    if _pcscd() is None:
        return "pcscd is not installed"
    if _driver() is None:
        return "the virtual PC/SC driver (vsmartcard-vpcd) is not installed"
    if not os.access(RUN_FOLDER if RUN_FOLDER.exists() else RUN_FOLDER.parent, os.W_OK):
        return "this account may not start a pcscd"
    return None


class Missing(Exception):
    """No pcscd of our own can run here; the message says why."""


@contextmanager
def own_service() -> Iterator[PcscService]:
    """A daemon of our own, running at the start; raises Missing where none can be."""
    if reason := missing_part():
        raise Missing(reason)
    lock_file = Path(tempfile.gettempdir()) / "desk-tests-pcscd.lock"
    with lock_file.open("w") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _somebody_elses():
            raise Missing("another pcscd runs on this machine")
        RUN_FOLDER.mkdir(exist_ok=True)
        driver = _driver()
        assert driver is not None
        service = PcscService(Path(folder), driver)
        try:
            service.start()
            yield service
        finally:
            service.stop()


# Not for the whole session: pytest makes one of these for each module that imports it, and
# the second would wait for the first's lock.
@pytest.fixture(scope="module")
def pcscd_host() -> Iterator[PcscService]:
    """The module's daemon, running at the start; `pcscd` hands it to a test."""
    try:
        with own_service() as service:
            yield service
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.fixture
def pcscd(pcscd_host: PcscService) -> PcscService:
    """A running pcscd with two empty virtual slots, whatever the test before did to it."""
    if not pcscd_host.running:
        pcscd_host.start()
    return pcscd_host


def _pcscd() -> str | None:
    return shutil.which("pcscd") or shutil.which("pcscd", path="/usr/sbin:/usr/local/sbin")


def _without_polkit() -> list[str]:
    """Since Debian 13 the daemon asks polkit who may use it, and refuses everybody, root too,
    on a machine of tests without a message bus. Debian 12's neither asks nor knows the option.
    """
    told = subprocess.run([_pcscd() or "pcscd", "--help"], check=True, capture_output=True)
    return ["--disable-polkit"] if b"--disable-polkit" in told.stdout else []


def _driver() -> Path | None:
    return next((path for path in DRIVERS if path.exists()), None)


def _somebody_elses() -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(RUN_FOLDER / "pcscd.comm")) == 0


def _two_free_ports() -> tuple[int, int]:
    """Two neighbours below the ephemeral range, so that no client socket takes them."""
    for _ in range(100):
        port = 10_000 + secrets.randbelow(20_000)
        if _is_free(port) and _is_free(port + 1):
            return port, port + 1
    raise Missing("no two free ports beside each other")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

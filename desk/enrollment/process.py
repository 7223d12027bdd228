"""The service as the desk's own child: started, watched, started again, ended with it.

One thread a child: it reads the ready line, then waits at the pipe until the child is
gone, and starts the next one at the same port with the same file. The child holds the
other end of its stdin: when this process dies, however it dies, the child ends too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from desk.enrollment.trouble import (
    AddressTaken,
    AddressUnusable,
    CertificateFileUnusable,
    KeyFileUnsafe,
    MailboxAddressUnusable,
    MailboxAway,
    MailboxBroken,
    MailboxFull,
    MailboxInUse,
    MailboxNewer,
    NotStarted,
    ProcessesNeedServer,
    PublicUrlUnusable,
)
from desk.trouble import Trouble

START_SECONDS = 30.0
_STOP_SECONDS = 8.0
# A child that dies before it serves, again and again, is left alone longer each time.
_PAUSES = (0.0, 0.5, 2.0, 5.0)
_LOG_LIMIT = 5_000_000
_STARTING_TROUBLES: tuple[type[Trouble], ...] = (
    AddressTaken,
    AddressUnusable,
    CertificateFileUnusable,
    KeyFileUnsafe,
    MailboxAddressUnusable,
    MailboxAway,
    MailboxBroken,
    MailboxFull,
    MailboxInUse,
    MailboxNewer,
    ProcessesNeedServer,
    PublicUrlUnusable,
)


class ServiceState(StrEnum):
    STARTING = "starting"
    SERVING = "serving"
    DOWN = "down"
    STOPPED = "stopped"


def default_command() -> tuple[str, ...]:
    """This program's own service, from a checkout or from a package."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "enrollment", "serve")
    return (sys.executable, "-m", "desk.enrollment")


@dataclass(frozen=True)
class ServiceOrder:
    """How to start the service; ``port`` 0 takes a free one and keeps it afterwards.
    ``database`` is a file, or a server's address."""

    database: Path | str
    key_file: Path
    log_file: Path
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    extra: tuple[str, ...] = ()
    command: tuple[str, ...] = field(default_factory=default_command)

    def arguments(self, port: int) -> list[str]:
        arguments = [*self.command, "--host", self.host, "--port", str(port)]
        arguments += ["--database", str(self.database), "--key-file", str(self.key_file)]
        if self.public_url:
            arguments += ["--public-url", self.public_url]
        return [*arguments, *self.extra, "--json", "--watch-stdin"]


class ServiceProcess:
    """A service that is kept running until :meth:`stop`."""

    def __init__(
        self,
        order: ServiceOrder,
        on_change: Callable[[ServiceState], None] = lambda _state: None,
    ) -> None:
        """``on_change`` is called on the watching thread."""
        self._order = order
        self._on_change = on_change
        self._port = order.port
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._failure: Trouble | None = None
        self._thread: threading.Thread | None = None
        self.url = ""
        self.issuer = ""
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The running child's, for those who want to see it die."""
        child = self._child
        return child.pid if child is not None else None

    def start(self, timeout: float = START_SECONDS) -> str:
        """Start, and wait until it serves; its address. Raises ProcessTrouble and the like."""
        self._stopping.clear()
        self._ready.clear()
        # A daemon: a desk that ends without stop() closes the pipe, and the child with it.
        self._thread = threading.Thread(target=self._watch, name="enrollment", daemon=True)
        self._thread.start()
        served = self._ready.wait(timeout)
        if not served or self._failure is not None:
            failure = self._failure or NotStarted(exit_code=None)
            self.stop()
            raise failure
        return self.url

    def wait_until_serving(self, timeout: float = START_SECONDS) -> bool:
        """After a death: whether it serves again within ``timeout``."""
        return self._ready.wait(timeout)

    def stop(self) -> None:
        """End the child in good order, by force if it must be; no thread stays behind."""
        with self._lock:
            self._stopping.set()
            child = self._child
        if child is not None:
            _end(child)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._on_change(ServiceState.STOPPED)

    # On the watching thread

    def _watch(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            served = self._one_life()
            if served is None:
                return
            failures = 0 if served else min(failures + 1, len(_PAUSES) - 1)
            self._stopping.wait(_PAUSES[failures])

    def _one_life(self) -> bool | None:
        """From start to death: whether it served; None when there shall be no other."""
        self._on_change(ServiceState.STARTING)
        self._failure = None
        child = self._spawn()
        if child is None:
            return None
        with child:
            self._attend(child)
            status = child.wait()
        self._child = None
        if self._stopping.is_set():
            return None
        return self._after_death(status)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        _trim(self._order.log_file)
        # Under the lock: a stop that comes now either finds the child or prevents it.
        with self._lock, self._order.log_file.open("ab") as log:
            if self._stopping.is_set():
                return None
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                self._order.arguments(self._port),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.starts += 1
        return self._child

    def _attend(self, child: subprocess.Popen[bytes]) -> None:
        """Take the ready line, then wait at the pipe until the child is gone."""
        assert child.stdout is not None
        if self._take_ready_line(child.stdout):
            self._ready.set()
            self._on_change(ServiceState.SERVING)
        while child.stdout.read(4096):
            pass
        if not self._stopping.is_set():
            self._on_change(ServiceState.DOWN)

    def _take_ready_line(self, stdout: IO[bytes]) -> bool:
        try:
            said = json.loads(stdout.readline())
            self.url, self.issuer = str(said["url"]), str(said["issuer"])
        except (ValueError, KeyError, TypeError):
            return False
        self._port = int(self.url.rsplit(":", 1)[1])
        return True

    def _after_death(self, status: int) -> bool | None:
        served = self._ready.is_set()
        self._ready.clear()
        if served or self.starts > 1:
            return served
        # The first start failed: whoever waits in start() is told why.
        self._failure = _said_trouble(self._order.log_file, self._log_start, status)
        self._ready.set()
        return None


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _trim(log_file: Path) -> None:
    """Keep the log of a desk that runs for years within bounds: one former file."""
    if log_file.exists() and log_file.stat().st_size > _LOG_LIMIT:
        log_file.replace(log_file.with_suffix(log_file.suffix + ".1"))


def _said_trouble(log_file: Path, start: int, status: int) -> Trouble:
    """The trouble that a child wrote as its last line of JSON."""
    with log_file.open("rb") as log:
        log.seek(start)
        lines = log.read().splitlines()
    for line in reversed(lines):
        try:
            said = json.loads(line)
            code, facts = said["code"], dict(said["facts"])
        except (ValueError, KeyError, TypeError):
            continue
        for kind in _STARTING_TROUBLES:
            if kind.code == code:
                return kind(**facts)
    return NotStarted(exit_code=status)

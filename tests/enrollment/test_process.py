"""The service as a child: ready, ended, not started for a reason, not left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from desk.enrollment.keys import make_key_file
from desk.enrollment.link import HttpLink
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.process import ServiceOrder, ServiceProcess, ServiceState
from desk.enrollment.trouble import (
    AddressTaken,
    KeyFileUnsafe,
    MailboxNewer,
    NotStarted,
    PublicUrlUnusable,
    ServiceDown,
)
from desk.trouble import Trouble
from tests.enrollment.counter import now


def ordered(folder: Path, **changed: object) -> ServiceOrder:
    values: dict[str, object] = {
        "database": folder / "mailbox.sqlite",
        "key_file": folder / "station.key",
        "log_file": folder / "service.log",
    }
    return ServiceOrder(**(values | changed))  # type: ignore[arg-type]


def test_started_and_stopped(tmp_path: Path) -> None:
    """It serves under the public address, ends when told, and can be started again."""
    key = make_key_file(tmp_path / "station.key")
    states: list[ServiceState] = []
    public = "https://issue.example/kr"
    process = ServiceProcess(ordered(tmp_path, public_url=public), states.append)

    url = process.start()
    with HttpLink(url, key) as link:
        issuer = link.issuer
    process.stop()

    assert issuer == process.issuer == public
    assert states == [ServiceState.STARTING, ServiceState.SERVING, ServiceState.STOPPED]
    with HttpLink(url, key) as link, pytest.raises(ServiceDown):
        link.health()


@pytest.mark.skipif(sys.platform != "linux", reason="asked by Linux's means")
def test_none_of_its_memory_stays_when_it_falls(tmp_path: Path) -> None:
    import resource

    make_key_file(tmp_path / "station.key")
    process = ServiceProcess(ordered(tmp_path))
    process.start()
    try:
        assert process.pid is not None
        most = 0 if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else 1
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (most, most)
    finally:
        process.stop()


def _no_key(folder: Path) -> ServiceOrder:
    return ordered(folder)


def _port_taken(folder: Path) -> ServiceOrder:
    make_key_file(folder / "station.key")
    taken = socket.create_server(("127.0.0.1", 0))
    _held.append(taken)
    return ordered(folder, port=taken.getsockname()[1])


def _plain_http(folder: Path) -> ServiceOrder:
    make_key_file(folder / "station.key")
    return ordered(folder, public_url="http://issue.example")


def _newer_file(folder: Path) -> ServiceOrder:
    make_key_file(folder / "station.key")
    Mailbox(folder / "mailbox.sqlite", now()).close()
    database = sqlite3.connect(folder / "mailbox.sqlite")
    database.execute("UPDATE layout SET version = 99")
    database.commit()
    database.close()
    return ordered(folder)


def _no_service(folder: Path) -> ServiceOrder:
    return ordered(folder, command=(sys.executable, "-c", "raise SystemExit(9)"))


_held: list[socket.socket] = []


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (_no_key, KeyFileUnsafe),
        (_port_taken, AddressTaken),
        (_plain_http, PublicUrlUnusable),
        (_newer_file, MailboxNewer),
        (_no_service, NotStarted),
    ],
)
def test_not_started(
    tmp_path: Path, prepare: Callable[[Path], ServiceOrder], expected: type[Trouble]
) -> None:
    """The child's own trouble reaches whoever started it; nothing stays running."""
    process = ServiceProcess(prepare(tmp_path))

    with pytest.raises(expected):
        process.start()

    assert process.pid is None
    while _held:
        _held.pop().close()


def test_ends_with_its_desk(tmp_path: Path) -> None:
    """A desk killed by SIGKILL leaves no service behind."""
    make_key_file(tmp_path / "station.key")
    desk = subprocess.Popen(
        [sys.executable, "-c", _DESK, str(tmp_path)], stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert desk.stdout is not None
    said = json.loads(desk.stdout.readline())

    os.kill(desk.pid, signal.SIGKILL)
    desk.wait()

    # The service holds the pipe as its stderr: it ends when the service is gone.
    desk.stdout.read()
    desk.stdout.close()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", said["port"])) != 0


_DESK = """
import json, subprocess, sys
from pathlib import Path
folder = Path(sys.argv[1])
child = subprocess.Popen(
    [sys.executable, "-m", "desk.enrollment", "--database", folder / "m.sqlite",
     "--key-file", folder / "station.key", "--json", "--watch-stdin"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stdout)
ready = json.loads(child.stdout.readline())
print(json.dumps({"port": int(ready["url"].rsplit(":", 1)[1])}), flush=True)
child.wait()
"""


def test_sigterm_is_a_good_end(tmp_path: Path) -> None:
    """A service manager ends it with status 0."""
    make_key_file(tmp_path / "station.key")
    command = [sys.executable, "-m", "desk.enrollment", "--json"]
    command += ["--database", str(tmp_path / "m"), "--key-file", str(tmp_path / "station.key")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        child.stdout.readline()

        child.send_signal(signal.SIGTERM)

        assert child.wait() == 0

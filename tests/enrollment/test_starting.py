"""A service that is started by hand: what an operator is told where something is wrong, how it
says that it serves, and how it ends."""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from desk.enrollment.agreed import utc_now
from desk.enrollment.keys import make_key_file
from desk.enrollment.mailbox import Mailbox
from desk.enrollment.processes import EXIT_TROUBLE
from desk.enrollment.server import add_arguments, serve
from desk.enrollment.trouble import (
    AddressTaken,
    AddressUnusable,
    CertificateFileUnusable,
    KeyFileUnsafe,
    MailboxAddressUnusable,
    MailboxAway,
    MailboxBroken,
    ProcessesNeedServer,
    PublicUrlUnusable,
)
from desk.trouble import Trouble
from desk.words import TroubleWords
from tests.postgres import PostgresServer

EXIT_USAGE = 2
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and modes are POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_key_file(tmp_path / "station.key")
    return tmp_path


def command(folder: Path, *options: str) -> list[str]:
    """The command line of a service in ``folder``; the last of an option counts."""
    given = ["--database", str(folder / "m.sqlite"), "--key-file", str(folder / "station.key")]
    return [sys.executable, "-m", "desk.enrollment", *given, *options]


def parsed(folder: Path, *options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(command(folder, *options)[3:])


def refused(
    folder: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a service that does not start."""
    return serve(parsed(folder, *options)), *capsys.readouterr()


def _no_key(folder: Path) -> list[str]:
    return ["--key-file", str(folder / "other.key")]


def _open_key(folder: Path) -> list[str]:
    (folder / "station.key").chmod(0o644)
    return []


def _broken_signer(folder: Path) -> list[str]:
    (folder / "signer.pem").write_text("no certificate")
    return ["--metadata-signer", str(folder / "signer.pem")]


def _no_folder(folder: Path) -> list[str]:
    return ["--database", str(folder / "nowhere" / "m.sqlite")]


def _nobody_at_home(folder: Path) -> list[str]:
    return ["--database", f"postgresql://desk@/mailbox?host={folder}"]


Mistake = Callable[[Path], list[str]]
UNUSABLE_URLS = (
    "http://issue.example/kr",
    "https://",
    "https://:443/kr",
    "https://[::1/kr",
    "https://issue.example:99999/kr",
    "https://somebody@issue.example/kr",
    "https://issue.example/k r",
    "https://issue.example/kr?",
    "https://발급.example/kr",
)


def _no_public_url(url: str) -> tuple[Mistake, type[Trouble], dict[str, object]]:
    return lambda _: ["--public-url", url], PublicUrlUnusable, {"url": url}


MISTAKES: list[tuple[Mistake, type[Trouble], dict[str, object]]] = [
    (_no_key, KeyFileUnsafe, {"file": "other.key", "reason": "missing"}),
    pytest.param(  # type: ignore[list-item]
        _open_key,
        KeyFileUnsafe,
        {"file": "station.key", "reason": "open_to_others"},
        marks=POSIX,
    ),
    (
        lambda _: ["--host", "192.0.2.1"],
        AddressUnusable,
        {"host": "192.0.2.1", "port": 0, "reason": "elsewhere"},
    ),
    (
        lambda _: ["--host", "nowhere.invalid"],
        AddressUnusable,
        {"host": "nowhere.invalid", "port": 0, "reason": "unknown"},
    ),
    *(
        (
            lambda _, host=host: ["--host", host],  # type: ignore[misc]
            AddressUnusable,
            {"host": host, "port": 0, "reason": reason},
        )
        for host, reason in (("ü..b", "unknown"), ("é" * 70, "unknown"), ("fe80::1", "elsewhere"))
    ),
    (_broken_signer, CertificateFileUnusable, {"file": "signer.pem"}),
    (_no_folder, MailboxBroken, {}),
    (_nobody_at_home, MailboxAway, {}),
    (lambda _: ["--database", "mysql://db/x"], MailboxAddressUnusable, {"reason": "scheme"}),
    (
        lambda _: ["--database", "postgresql://a:b@localhost/x"],
        MailboxAddressUnusable,
        {"reason": "password"},
    ),
    (lambda _: ["--processes", "2"], ProcessesNeedServer, {}),
    *(_no_public_url(url) for url in UNUSABLE_URLS),
]


@pytest.mark.parametrize(("mistake", "trouble", "facts"), MISTAKES)
def test_mistake_is_said_in_words(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    mistake: Mistake,
    trouble: type[Trouble],
    facts: dict[str, object],
) -> None:
    """Code, sentence and next step, and nothing that looks like a broken program."""
    status, out, said = refused(folder, capsys, *mistake(folder))

    words = TroubleWords().of(trouble.code, "en", facts)
    line = f"{trouble.code}: {words.title}. {words.text} {words.next}"
    assert (status, out) == (EXIT_TROUBLE, "")
    assert said.splitlines()[-1] == line


def test_machine_reads_the_same_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, said = refused(folder, capsys, "--json", "--key-file", str(folder / "other.key"))

    told = {"code": KeyFileUnsafe.code, "facts": {"file": "other.key", "reason": "missing"}}
    assert (status, json.loads(said)) == (EXIT_TROUBLE, told)


@POSIX
@pytest.mark.parametrize("heals", [False, True])
def test_one_that_cannot_hear_the_others_says_why_and_goes_on_trying_until_told_to_end(
    folder: Path, postgres: PostgresServer, heals: bool
) -> None:
    """It serves nobody before."""
    database = postgres.database()
    Mailbox(database.address, utc_now()).close()
    with database.connect() as there:
        there.execute("ALTER TABLE listeners RENAME TO kept")
        there.execute("CREATE VIEW listeners AS SELECT 'nobody' AS process, 0 AS ear")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(folder, "--database", database.address), **pipes) as service:  # type: ignore[call-overload]
        why, ready = service.stderr.readline(), ""
        if heals:
            with database.connect() as there:
                there.execute("DROP VIEW listeners")
                there.execute("ALTER TABLE kept RENAME TO listeners")
            ready = service.stdout.readline()

        service.send_signal(signal.SIGTERM)
        out, _ = service.communicate()

    assert 'WARNING database: cannot delete from view "listeners"' in why
    assert ready.startswith("ready at ") is heals
    assert (out, service.returncode) == ("", 0)


@POSIX
def test_what_hinders_all_processes_is_said_once(folder: Path) -> None:
    away = [*_nobody_at_home(folder), "--processes", "8"]
    said = subprocess.run(
        command(folder, *away), capture_output=True, text=True, timeout=60, check=False
    )

    assert said.returncode == EXIT_TROUBLE
    assert said.stderr.count(MailboxAway.code) == 1
    assert "Traceback" not in said.stderr


def test_taken_port_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, _, said = refused(folder, capsys, "--port", str(port))

    assert status == EXIT_TROUBLE
    assert said.startswith(f"{AddressTaken.code}: Port {port} is in use")


def test_kind_of_address_that_the_machine_does_not_have(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_ipv6(*_how: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", without_ipv6)
    status, _, said = refused(folder, capsys, "--host", "::1")

    assert status == EXIT_TROUBLE
    assert said.startswith(f"{AddressUnusable.code}: ")
    assert "elsewhere)" in said


def test_one_port_is_not_for_both(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Phones' port and operator's: neither listens yet when the second is taken."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
    status, _, said = refused(folder, capsys, "--port", port, "--metrics-port", port)

    assert status == EXIT_TROUBLE
    assert said.startswith(f"{AddressTaken.code}: Port {port} is in use")


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "65536"),
        ("--port", "-1"),
        ("--metrics-port", "99999"),
        ("--processes", "0"),
        ("--batch", "0"),
        ("--wait", "-1"),
        ("--wait", "nan"),
        ("--address-limit", "-5"),
        ("--connections", "0"),
        ("--proxy", "proxy.example"),
        ("--dpop", "always"),
        ("--attestation", "yes"),
    ],
)
def test_argument_that_cannot_be(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str]
) -> None:
    """A wrong argument, which says what is possible."""
    with pytest.raises(SystemExit) as wrong:
        parsed(folder, *options)

    assert wrong.value.code == EXIT_USAGE
    said = capsys.readouterr().err
    assert f"argument {options[0]}: " in said
    assert " needed" in said


@contextmanager
def running(
    folder: Path, *options: str, first: str = "", **how: object
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A service, and its address; ``first`` is Python that is run before it."""
    line = command(folder, "--json", *options)
    if first:
        begin = "import sys; from desk.enrollment.__main__ import main; sys.exit(main())"
        line[1:3] = ["-c", f"{first}; {begin}"]
    child = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        **{"stderr": subprocess.DEVNULL, **how},  # type: ignore[call-overload]
    )
    with child:
        try:
            yield child, json.loads(child.stdout.readline())["url"]
        finally:
            child.kill()


@POSIX
def test_terminal_that_goes_away_is_a_good_end(folder: Path) -> None:
    """SIGHUP as SIGTERM: who is being served is answered, the file is closed."""
    with running(folder) as (child, _):
        child.send_signal(signal.SIGHUP)

        assert child.wait(20) == 0
    assert not (folder / "m.sqlite-wal").exists()


@POSIX
def test_terminal_is_outlived_where_that_is_wanted(folder: Path) -> None:
    """As under nohup, which has SIGHUP ignored."""
    ignore = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    ignoring = [sys.executable, "-c", f"{ignore} os.execv(sys.executable, sys.argv[1:])"]
    child = subprocess.Popen(
        [*ignoring, *command(folder, "--json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with child, httpx.Client(trust_env=False) as web:
        assert child.stdout is not None
        url = json.loads(child.stdout.readline())["url"]
        child.send_signal(signal.SIGHUP)

        assert web.get(f"{url}/health").status_code == 200
        child.terminate()
        assert child.wait(20) == 0


@POSIX
@pytest.mark.parametrize("abstract", [False, True])
def test_supervisor_is_told_when_it_serves(folder: Path, abstract: bool) -> None:
    """sd_notify(3): READY=1 to the socket that the environment names."""
    if abstract and not sys.platform.startswith("linux"):
        pytest.skip("abstract addresses are Linux's")
    place = f"\0{folder}/notify" if abstract else f"{folder}/notify"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as supervisor:
        supervisor.bind(place)
        supervisor.settimeout(30)
        told = {**os.environ, "NOTIFY_SOCKET": place.replace("\0", "@")}
        with running(folder, env=told) as (_, url), httpx.Client(trust_env=False) as web:
            assert supervisor.recv(64) == b"READY=1"
            assert web.get(f"{url}/ready").status_code == 200


@POSIX
@pytest.mark.parametrize("place", [">/dev/full", ">&-", "reader gone"])
def test_serves_where_nobody_can_be_told_so(folder: Path, place: str) -> None:
    """A full disk, a line that is closed, one whose reader went away; and it ends well."""
    if place == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    reader, writer = os.pipe()
    os.close(reader)
    redirected = "" if place == "reader gone" else place
    shell = ["sh", "-c", f'exec "$@" {redirected}', "sh", *command(folder, "--port", "0")]
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as supervisor:
        supervisor.bind(f"{folder}/notify")
        supervisor.settimeout(30)
        told = {**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"}
        with subprocess.Popen(shell, stdout=writer, stderr=subprocess.PIPE, env=told) as child:
            os.close(writer)
            try:
                assert supervisor.recv(64) == b"READY=1"
                child.terminate()
                _, said = child.communicate(timeout=30)
            finally:
                child.kill()

    assert (child.returncode, b"Error" in said) == (0, False)


@POSIX
def test_stdin_that_was_never_open_has_ended(folder: Path) -> None:
    shell = ["sh", "-c", 'exec "$@" <&-', "sh", *command(folder, "--watch-stdin")]
    ended = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)


@POSIX
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_phones_are_served_where_no_log_can_be_written(folder: Path) -> None:
    """A disk full of logs, or a reader of the log that went away."""
    with (
        Path("/dev/full").open("wb") as full,
        running(folder, stderr=full) as (_, url),
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), 20) as phone,
    ):
        for _ in range(3):
            phone.sendall(b"POST /nonce HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert phone.recv(4096).startswith(b"HTTP/1.1 200 ")


@POSIX
def test_new_callers_go_elsewhere_while_the_last_are_answered(
    folder: Path, server_place: str
) -> None:
    """A proxy asks the next machine when it is refused, and loses what is never taken."""
    head = b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    # However slow this machine is now, the last caller is not given up before it has spoken.
    waits = "from desk.enrollment import processes, running"
    waits += "; running._GRACE_SECONDS = processes._END_SECONDS = 60"
    options = ("--database", server_place, "--processes", "2")
    with running(folder, *options, first=waits) as (parent, url):
        place = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        with socket.create_connection(place, 20) as last:
            last.sendall(head + form)
            # Somebody is at it.
            assert last.recv(4096).startswith(b"HTTP/1.1 100 ")
            parent.terminate()
            with pytest.raises(ConnectionError):
                while True:
                    socket.create_connection(place, 20).close()
            last.sendall(b"a=b")

            assert last.recv(4096).startswith(b"HTTP/1.1 400 ")
        assert parent.wait(20) == 0

"""The desk's HTTP: kept connections, and every way in which no answer comes."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desk.enrollment.calls import Calls, Reply, Unreached
from desk.enrollment.keys import StationKey
from desk.enrollment.link import HttpLink
from desk.enrollment.trouble import CertificateRefused
from tests.enrollment.test_deployment import certificate

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
KEY = StationKey(b"k" * 32)
Talk = Callable[[socket.socket], None]


@contextmanager
def server(*talks: Talk) -> Iterator[str]:
    """A server that takes one connection after another, one for each of ``talks``."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(10)

        def serve() -> None:
            for talk in talks:
                connected, _ = listener.accept()
                with connected:
                    connected.settimeout(10)
                    talk(connected)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


def heard(connected: socket.socket) -> bytes:
    """One request, its body with it."""
    raw = connected.recv(1 << 16)
    while b"\r\n\r\n" not in raw:
        raw += connected.recv(1 << 16)
    head, _, body = raw.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    while len(body) < int(length or 0):
        body += connected.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def saying(*answers: bytes) -> Talk:
    """A connection on which each request gets one of ``answers``, until the client ends it."""

    def talk(connected: socket.socket) -> None:
        for answer in answers:
            heard(connected)
            connected.sendall(answer)
        assert connected.recv(1) == b""

    return talk


def ending(answer: bytes) -> Talk:
    """A connection that the server ends after ``answer``."""

    def talk(connected: socket.socket) -> None:
        heard(connected)
        connected.sendall(answer)

    return talk


def ask(calls: Calls, seconds: float = 10) -> Reply:
    return calls.send("GET", "/desk/x", {}, b"", seconds)


def test_one_connection_carries_many_calls() -> None:
    with server(saying(OK, OK, OK)) as url, closing(Calls(url)) as calls:
        assert [ask(calls) for _ in range(3)] == [Reply(200, b"{}")] * 3


def test_what_is_sent() -> None:
    """The address keeps the prefix of a proxy; names and length stand in the head."""
    sent: list[bytes] = []

    def talk(connected: socket.socket) -> None:
        sent.append(heard(connected))
        connected.sendall(OK)

    with server(talk) as url, closing(Calls(f"{url}/kr/")) as calls:
        calls.send("PUT", "/desk/x?a=1", {"Content-Type": "application/json"}, b"{}", 10)
        target = calls.target("/desk/x?a=1")

    head, _, body = sent[0].partition(b"\r\n\r\n")
    assert target == b"/kr/desk/x?a=1"
    assert head.split(b"\r\n") == [
        b"PUT /kr/desk/x?a=1 HTTP/1.1",
        b"Host: " + url.removeprefix("http://").encode(),
        b"Content-Type: application/json",
        b"Content-Length: 2",
    ]
    assert body == b"{}"


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Reply(204, b"")),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\nx", Reply(503, b"x")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
            Reply(200, b"abcd"),
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Reply(200, b"{}")),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", Reply(302, b"")),
    ],
)
def test_forms_of_answers(answer: bytes, reply: Reply) -> None:
    """By length, in chunks, without a body, after an interim one; nothing is followed."""
    with server(saying(answer)) as url, closing(Calls(url)) as calls:
        assert ask(calls) == reply


def test_a_connection_that_was_ended_is_not_used_again() -> None:
    """By its own word or by the other side: the next call takes another."""
    last = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    with server(saying(last), ending(OK), saying(OK)) as url, closing(Calls(url)) as calls:
        replies = [ask(calls), ask(calls)]
        (kept,) = calls._idle
        kept._socket.recv(1)
        replies.append(ask(calls))

    assert replies == [Reply(200, b"{}")] * 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_no_answer(answer: bytes) -> None:
    """Cut anywhere, or something else than HTTP; the connection is not kept."""
    with server(ending(answer)) as url, closing(Calls(url)) as calls:
        with pytest.raises(Unreached):
            ask(calls)
        assert not calls._idle


def test_silence() -> None:
    def silent(connected: socket.socket) -> None:
        heard(connected)
        assert connected.recv(1) == b""

    with server(silent) as url, closing(Calls(url)) as calls, pytest.raises(Unreached):
        ask(calls, 0.05)


def test_nobody_listens() -> None:
    for url in ("http://127.0.0.1:1", "http://" + "x" * 70 + ".kr"):
        with closing(Calls(url)) as calls, pytest.raises(Unreached):
            ask(calls)


def test_a_service_without_tls_behind_https() -> None:
    def plain(connected: socket.socket) -> None:
        connected.recv(1 << 16)
        connected.sendall(OK)

    with server(plain) as url, closing(Calls(f"https{url[4:]}")) as calls, pytest.raises(Unreached):
        ask(calls)


def test_closing_ends_a_call_that_waits() -> None:
    """A desk that ends does not wait for a long poll."""
    asked = threading.Event()
    ended: list[BaseException] = []

    def silent(connected: socket.socket) -> None:
        heard(connected)
        asked.set()
        assert connected.recv(1) == b""

    def wait(calls: Calls) -> None:
        try:
            ask(calls, 60)
        except Unreached as error:
            ended.append(error)

    with server(silent) as url, closing(Calls(url)) as calls:
        thread = threading.Thread(target=wait, args=(calls,))
        thread.start()
        assert asked.wait(10)
        calls.close()
        thread.join(10)

    assert len(ended) == 1


def test_certificate_that_does_not_hold_is_named(tmp_path: Path) -> None:
    """The service may be all right: whoever looks for a dead one would look for long."""
    chain = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, tmp_path / "key.pem")

    def shake(connected: socket.socket) -> None:
        with pytest.raises(OSError), context.wrap_socket(connected, server_side=True) as tls:
            tls.recv(1)

    with server(shake) as url:
        secure = url.replace("http:", "https:")
        with HttpLink(secure, KEY) as link, pytest.raises(CertificateRefused) as refused:
            link.health()

    assert "self-signed" in str(refused.value.facts["reason"])

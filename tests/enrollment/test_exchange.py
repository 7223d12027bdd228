"""The service's connections as a client sees them: kept, pipelined, refused, ended."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.responses import Response
from uvicorn.server import ServerState

from desk.enrollment import fibres
from desk.enrollment.exchange import MOST_WAITING, Begun, connection
from desk.enrollment.process import ServiceProcess
from desk.enrollment.routing import Route, Routes
from desk.enrollment.wire import Request

NONCE = b"POST /nonce HTTP/1.1\r\nHost: x\r\n\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def connected(service: ServiceProcess) -> Iterator[socket.socket]:
    parts = urlsplit(service.url)
    with closing(socket.create_connection((parts.hostname, parts.port), 10)) as made:
        yield made


def answers(connection: socket.socket, count: int) -> list[tuple[bytes, bytes]]:
    """Head and body of so many answers; what has no length has no body."""
    raw, found = b"", []
    while len(found) < count:
        head, end, rest = raw.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
        if end and len(rest) >= length:
            found.append((head, rest[:length]))
            raw = rest[length:]
            continue
        part = connection.recv(1 << 16)
        assert part, "ended early"
        raw += part
    assert not raw
    return found


def test_pipelined_requests_are_answered_in_their_order(service: ServiceProcess) -> None:
    with connected(service) as connection:
        connection.sendall(NONCE + HEALTH + NONCE)
        first, second, third = answers(connection, 3)

    assert b"c_nonce" in first[1]
    assert second[1] == b'{"status":"ok"}'
    assert b"c_nonce" in third[1]
    assert first[1] != third[1]


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 14", [b"grant_", b"type=xyz"]),
        (b"Transfer-Encoding: chunked", [b"6\r\ngrant_\r\n", b"8\r\ntype=xyz\r\n0\r\n\r\n"]),
    ],
)
def test_body_in_pieces(service: ServiceProcess, framing: bytes, body: list[bytes]) -> None:
    """A body that comes after its head is waited for, whatever its framing."""
    head = b"POST /token HTTP/1.1\r\nHost: x\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\n" + framing + b"\r\n\r\n"

    with connected(service) as connection:
        for part in (head, *body):
            connection.sendall(part)
        ((status, text),) = answers(connection, 1)

    assert b" 400 " in status.split(b"\r\n")[0] + b" "
    assert b"unsupported_grant_type" in text


def test_body_is_asked_for_where_the_client_waits(service: ServiceProcess) -> None:
    """Expect: 100-continue (RFC 9110 section 10.1.1)."""
    head = b"POST /token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\n"

    with connected(service) as connection:
        connection.sendall(head)
        interim = connection.recv(1 << 16)
        connection.sendall(b"grant_type=x")
        ((_, text),) = answers(connection, 1)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b"unsupported_grant_type" in text


@pytest.mark.parametrize(
    "request_",
    [HEALTH.replace(b"1.1", b"1.0"), HEALTH.replace(b"x\r\n", b"x\r\nConnection: close\r\n")],
)
def test_connection_ends_where_the_client_wants_it(
    service: ServiceProcess, request_: bytes
) -> None:
    with connected(service) as connection:
        connection.sendall(request_)
        ((head, body),) = answers(connection, 1)
        end = connection.recv(1)

    assert b"connection: close" in head
    assert body == b'{"status":"ok"}'
    assert end == b""


def test_head_has_no_body(service: ServiceProcess) -> None:
    with connected(service) as connection:
        connection.sendall(HEALTH.replace(b"GET", b"HEAD"))
        answer = connection.recv(1 << 16)
        connection.sendall(HEALTH)
        ((_, body),) = answers(connection, 1)

    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 15" in answer
    assert body == b'{"status":"ok"}'


H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
TOKEN = b"POST /token HTTP/1.1\r\nHost: x\r\n" + H2C + FORM


@pytest.mark.parametrize(
    "pieces",
    [
        [TOKEN + b"Content-Length: 12\r\n\r\n", b"grant_type=x"],
        [TOKEN + b"Content-Length: 12\r\n\r\ngrant_type=x"],
        [TOKEN + b"Content-Length: 12\r\n\r\ngrant_", b"type=x"],
        [TOKEN[:70], TOKEN[70:] + b"Content-Length: 12\r\n\r\n", b"grant_type=x"],
        [TOKEN + b"Transfer-Encoding: chunked\r\n\r\n", b"c\r\ngrant_type=x\r\n0\r\n\r\n"],
    ],
    ids=["after its head", "with its head", "half and half", "head in pieces", "chunked"],
)
def test_body_of_a_request_that_wishes_another_protocol(
    service: ServiceProcess, pieces: list[bytes]
) -> None:
    """A client that tries HTTP/2 first (RFC 9113's predecessor, RFC 7540 section 3.2) is
    answered in HTTP/1.1, and the connection stays."""
    with connected(service) as connection:
        for piece in pieces:
            connection.sendall(piece)
        ((status, text),) = answers(connection, 1)
        connection.sendall(HEALTH)
        ((_, after),) = answers(connection, 1)

    assert status.startswith(b"HTTP/1.1 400 ")
    assert b"unsupported_grant_type" in text
    assert after == b'{"status":"ok"}'


def test_pipelined_requests_that_wish_other_protocols(service: ServiceProcess) -> None:
    """With a body, without one, and for a socket of the web."""
    plain = HEALTH.replace(b"Host: x\r\n", b"Host: x\r\n" + H2C)
    socket_ = HEALTH.replace(b"x\r\n", b"x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n")
    token = TOKEN + b"Content-Length: 12\r\n\r\ngrant_type=x"

    with connected(service) as connection:
        connection.sendall(plain + token + socket_ + NONCE)
        first, second, third, last = answers(connection, 4)

    assert first[1] == third[1] == b'{"status":"ok"}'
    assert b"unsupported_grant_type" in second[1]
    assert b"c_nonce" in last[1]


def test_body_is_asked_for_also_where_another_protocol_is_wished(service: ServiceProcess) -> None:
    with connected(service) as connection:
        connection.sendall(TOKEN + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n")
        interim = connection.recv(1 << 16)
        connection.sendall(b"grant_type=x")
        ((_, text),) = answers(connection, 1)

    assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b"unsupported_grant_type" in text


def test_connect_is_no_method_here(service: ServiceProcess) -> None:
    with connected(service) as connection:
        connection.sendall(b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        head = connection.recv(1 << 16)

    assert head.split(b" ")[1] in (b"400", b"404", b"405")


def test_what_is_not_http(service: ServiceProcess) -> None:
    with connected(service) as connection:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        ((head, _),) = answers(connection, 1)
        end = connection.recv(1)

    assert head.startswith(b"HTTP/1.1 400 ")
    assert end == b""


def test_percent_encoded_addresses(service: ServiceProcess) -> None:
    """What is encoded means the same; what is no address of the service is not found."""
    with connected(service) as connection:
        connection.sendall(b"GET /he%61lth HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.sendall(b"GET /health%2F HTTP/1.1\r\nHost: x\r\n\r\n")
        first, second = answers(connection, 2)

    assert first[0].startswith(b"HTTP/1.1 200 ")
    assert second[0].startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("steps_of_the_task", [0, 1])
def test_what_has_begun_can_be_cancelled_where_it_waits(steps_of_the_task: int) -> None:
    """Before the task that goes on with it had its turn, and afterwards."""
    ended = []

    async def waiting(for_it: asyncio.Future[None]) -> None:
        try:
            await for_it
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def begun_and_cancelled() -> None:
        begun = waiting(asyncio.get_running_loop().create_future())
        task = asyncio.ensure_future(Begun(begun, begun.send(None)))
        for _ in range(steps_of_the_task):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(begun_and_cancelled())

    assert ended == ["cancelled"]


@pytest.mark.parametrize("comes", ["before", "after"])
def test_what_has_begun_goes_on_when_that_comes(comes: str) -> None:
    """Before the task that waits for it had its turn, and afterwards."""

    async def waiting(for_it: asyncio.Future[int]) -> None:
        found.append(await for_it)
        await asyncio.sleep(0)
        found.append(await for_it + 1)

    async def begun() -> None:
        for_it: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        begun = waiting(for_it)
        task = asyncio.ensure_future(Begun(begun, begun.send(None)))
        if comes == "after":
            await asyncio.sleep(0)
        for_it.set_result(1)
        await task

    found: list[int] = []
    asyncio.run(begun())

    assert found == [1, 2]


@pytest.mark.parametrize("in_fibres", [False, True])
def test_requests_run_in_fibres_where_the_database_is_waited_for(in_fibres: bool) -> None:
    """A fibre costs more than most of what a request does on a file."""
    kind, found = connection([], in_fibres=in_fibres), list[bool]()

    async def look(_request: Request) -> Response:
        found.append(fibres.inside())
        await asyncio.sleep(0)
        found.append(fibres.inside())
        return Response(b"seen")

    async def scene() -> bytes:
        route = Route("/", look)
        config = uvicorn.Config(Routes([route], route, lambda _: None), http=kind, lifespan="off")
        state, (ours, theirs) = ServerState(), socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(lambda: kind(config, state, {}), ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answer = await reader.readuntil(b"seen")
        writer.close()
        await writer.wait_closed()
        transport.close()
        assert not state.tasks
        return answer

    assert b" 200 " in asyncio.run(asyncio.wait_for(scene(), 20))
    # What a task goes on with is no fibre's any more.
    assert found == [in_fibres, False]


def test_so_many_requests_wait_on_one_connection_and_no_more(service: ServiceProcess) -> None:
    """The last one that is answered says so (RFC 9112 section 9.6), and no other."""
    with connected(service) as connection:
        connection.sendall(HEALTH * 3 * MOST_WAITING)
        *before, (last, _) = answers(connection, 1 + MOST_WAITING)
        end = connection.recv(1)

    assert b"connection: close" in last
    assert not any(b"connection: close" in head for head, _ in before)
    assert end == b""


class Line(asyncio.Transport):
    """The other side of a connection, which is read from or not."""

    def __init__(self) -> None:
        super().__init__()
        self.heard, self.read_with = b"", list[int]()
        self.connection: Any = None

    def write(self, data: Any) -> None:
        self.heard += data

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        self.read_with.append(len(self.connection.pipeline))

    def is_closing(self) -> bool:
        return False


@pytest.mark.parametrize("wish", [b"", b"Expect: 100-continue\r\n"])
def test_nothing_is_read_while_requests_wait(wish: bytes) -> None:
    """Not after each answer, nor where a body is asked for that has come already."""

    async def tell(request: Request) -> Response:
        return Response(await request.body())

    async def scene() -> Line:
        route, kind, line = Route("/", tell), connection([], in_fibres=False), Line()
        config = uvicorn.Config(Routes([route], route, lambda _: None), http=kind, lifespan="off")
        line.connection = kind(config, ServerState(), {})
        line.connection.connection_made(line)
        line.connection.data_received(
            (b"POST / HTTP/1.1\r\n" + wish + b"Content-Length: 4\r\n\r\ntold") * 5
        )
        while line.heard.count(b"told") < 5:
            await asyncio.sleep(0)
        return line

    line = asyncio.run(asyncio.wait_for(scene(), 20))

    # With the last of them, and not before.
    assert line.read_with == [0]


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def test_trailers_are_no_part_of_the_head(service: ServiceProcess) -> None:
    """RFC 9110 section 6.5.1: a token behind the body is none, and the connection goes on."""
    request = b"POST /credential HTTP/1.1\r\nHost: x\r\n" + CHUNKED

    with connected(service) as connection:
        connection.sendall(
            request + b"2\r\n{}\r\n0\r\nAuthorization: Bearer token\r\n\r\n" + HEALTH
        )
        first, second = answers(connection, 2)

    # Of a token that is shown and unknown, an error would be named (RFC 6750 section 3.1).
    assert first[0].startswith(b"HTTP/1.1 401 ")
    assert b"error=" not in first[0]
    assert second[1] == b'{"status":"ok"}'


def test_trailers_come_before_the_next_head(service: ServiceProcess) -> None:
    """Also where their request was answered before they came."""
    with connected(service) as connection:
        connection.sendall(NONCE.replace(b"\r\n\r\n", b"\r\n" + CHUNKED))
        answers(connection, 1)
        connection.sendall(b"0\r\nExpect: 100-continue\r\nX: y\r\n\r\n" + HEALTH + NONCE)
        second, third = answers(connection, 2)

    assert second[1] == b'{"status":"ok"}'
    assert b"c_nonce" in third[1]

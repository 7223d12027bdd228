"""uvicorn's connections, with the service's own way of answering one request.

Parsing, pipelining, back pressure, keeping and ending connections stay uvicorn's. What is
different: a request whose body has come with its head is handed over with it, instead of
being waited for; it is answered at once as far as nothing has to be waited for, instead of by
a task that the loop comes to later; and an answer, which this service always has as a whole,
leaves in one piece instead of going through ASGI in two. Of the time that a request costs here
this is a third.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Generator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import httptools
from starlette.responses import Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import FlowControl, service_unavailable
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from desk.enrollment import fibres
from desk.enrollment.routing import Routes
from desk.enrollment.wire import Request

log = logging.getLogger("desk.enrollment")

_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-proto"))
_WITHOUT_BODY = (204, 304)
MOST_WAITING = 32
"""Requests of one connection that may wait for the answers before theirs."""


class Exchange(RequestResponseCycle):
    """One request and its answer."""

    proxies: ProxyHeadersMiddleware

    @property
    def is_whole(self) -> bool:
        """Whether its body is there already."""
        return not (self.more_body or self.waiting_for_100_continue)

    async def run_asgi(self, app: Any) -> None:
        if not isinstance(app, Routes):
            await super().run_asgi(app)
            return
        scope: Any = self.scope
        receive: Any = self.receive
        try:
            request = Request(scope, receive, bytes(self.body) if self.is_whole else None)
            if not _FORWARDED.isdisjoint(request.first):
                await self.proxies(scope, _nothing, _nothing)
            answered = await app.respond(request)
            if self.flow.write_paused and not self.disconnected:
                await self.flow.drain()
            if not self.disconnected:
                self._write(answered.response)
            # Nobody has to wait for the log.
            app.note(answered)
        except Exception:
            log.exception("an answer could not be given")
            self.transport.close()

    def _write(self, response: Response) -> None:
        """The whole answer; its headers are the service's own, with the body's length."""
        status = response.status_code
        headers = map(_line, (*self.default_headers, *response.raw_headers))
        written: list[bytes | memoryview] = [STATUS_LINE[status], *headers]
        if not self.keep_alive:
            written.append(b"connection: close\r\n")
        written.append(b"\r\n")
        if self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY:
            written.append(response.body)
        self.transport.write(b"".join(written))
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(maxsize=256)
def _line(header: tuple[bytes, bytes]) -> bytes:
    """A header as it is sent: all answers together have few different ones."""
    return b"%b: %b\r\n" % header


class Flow(FlowControl):
    """What a connection reads and writes; nothing is read while one of its requests waits for
    the answers before its own, whoever wishes it: each read brings some thousand more."""

    def __init__(self, transport: asyncio.Transport, waiting: Collection[Any]) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """A connection whose requests become exchanges."""

    exchange = Exchange
    in_fibres: bool
    """Whether its requests may have to wait for the database."""
    _next: tuple[Exchange, Any] | None = None
    """What shall be answered when all is read that came, and by which application."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Of all its exchanges, which come one after another: each is told by it when more of
        # its body came, and looks whether that is so.
        self._word = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)

    def data_received(self, data: bytes) -> None:
        """uvicorn's, with one protocol only: whoever asks for another one is answered in this
        (RFC 9110 section 7.8)."""
        try:
            self._read(data)
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._next is not None:
            (exchange, app), self._next = self._next, None
            if exchange.is_whole:
                self._begin(exchange, app)
            else:
                self._start_asgi_task(exchange, app)

    def _read(self, data: bytes | memoryview) -> None:
        """Raises HttpParserError."""
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as asked:
                if not self._should_upgrade():
                    return
                data = memoryview(data)[asked.args[0] :]
            # For the parser what follows is no HTTP any more: another one reads the head anew,
            # without the wish, and the body after it.
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)

    def _should_upgrade(self) -> bool:
        """Whether the request whose head was read wishes another protocol; CONNECT, which is
        none of the service's methods, has no body in any."""
        return self.scope["method"] != "CONNECT"

    def _head_without_upgrade(self) -> bytes:
        method, version = self.scope["method"], self.scope["http_version"]
        first = b"%b %b HTTP/%b\r\n" % (method.encode(), self.url, version.encode())
        kept = [b"%b: %b\r\n" % one for one in self.headers if one[0] != b"upgrade"]
        return b"".join([first, *kept, b"\r\n"])

    @property
    def _awaits_head(self) -> bool:
        """Whether a head is to come as the next thing, or to come further."""
        return self.cycle is None or self.cycle.scope is not self.scope

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of a request's head; what stands behind its body says nothing that the service
        would want to know, and may not be taken for the head's (RFC 9110 section 6.5.1)."""
        if self._awaits_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        scope: Any = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        address = httptools.parse_url(self.url)
        scope["raw_path"] = address.path
        path = address.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["query_string"] = address.query or b""
        former, self.cycle = self.cycle, self._begun(version)
        app = self.app if self._has_room() else service_unavailable
        if former is None or former.response_complete:
            self._next = self.cycle, app
            return
        self.flow.pause_reading()
        if len(self.pipeline) < MOST_WAITING:
            self.pipeline.appendleft((self.cycle, app))
        else:
            # The client asks again for what is not answered (RFC 9112 section 9.6).
            self.pipeline[0][0].keep_alive = False

    def on_response_complete(self) -> None:
        """uvicorn's, without a timer for each pause between two requests: see ``patience``."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        self.flow.resume_reading()

    def _begin(self, exchange: Exchange, app: Any) -> None:
        """Answer as far as nothing but the database has to be waited for: most requests' whole
        way. The rest is a task's, which can be cancelled. Either counts among those under way."""
        answering = exchange.run_asgi(app)
        if not self.in_fibres:
            self._go_on(answering)
            return
        over = fibres.begin(lambda: self._go_on(answering), self.loop)
        if not over.done():
            self._count(over)

    def _go_on(self, answering: Coroutine[Any, Any, None]) -> None:
        try:
            awaited = answering.send(None)
        except StopIteration:
            return
        self._count(self.loop.create_task(Begun(answering, awaited)))

    def _count(self, under_way: asyncio.Future[None]) -> None:
        # A task where uvicorn makes them; all it asks of one is to be cancelled.
        tasks: set[Any] = self.tasks
        tasks.add(under_way)
        under_way.add_done_callback(tasks.discard)

    def _begun(self, version: str) -> Exchange:
        # In uvicorn's order, because named it would take twice as long.
        return self.exchange(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            False,
            self.server_state.default_headers,
            self._word,
            self.expect_100_continue,
            version != "1.0" and self.parser.should_keep_alive(),
            self.on_response_complete,
        )

    def _has_room(self) -> bool:
        most = self.limit_concurrency
        if most is None or (len(self.connections) < most and len(self.tasks) < most):
            return True
        self.logger.warning("Exceeded concurrency limit.")
        return False


class Begun(Coroutine[Any, Any, None]):
    """A coroutine that has begun already and waits for ``awaited``, for a task to go on with."""

    def __init__(self, begun: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._begun, self._awaited = begun, awaited

    def send(self, value: Any) -> Any:
        if self._awaited is None:
            return self._begun.send(value)
        awaited, self._awaited = self._awaited, None
        return awaited

    def throw(self, *error: Any) -> Any:
        self._awaited = None
        return self._begun.throw(*error)

    def close(self) -> None:
        self._begun.close()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._begun.__await__()


def connection(trusted: list[str], *, in_fibres: bool) -> type[Connection]:
    """The connections of a service that believes the proxies at ``trusted`` for whom they
    ask; ``in_fibres``: whose database is a server, which is waited for."""

    class TrustingExchange(Exchange):
        proxies = ProxyHeadersMiddleware(_nothing, trusted)

    class TrustingConnection(Connection):
        exchange = TrustingExchange

    TrustingConnection.in_fibres = in_fibres
    return TrustingConnection


async def _nothing(*_arguments: Any) -> Any:
    """Where an application would stand."""

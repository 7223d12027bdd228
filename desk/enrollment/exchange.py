"""uvicorn's connections, with the service's own way of answering one request.

Parsing, pipelining, back pressure, keeping and ending connections stay uvicorn's. What is
different: a request whose body has come with its head is handed over with it, instead of
being waited for; and an answer, which this service always has as a whole, leaves in one piece
instead of going through ASGI in two. Of the time that a request costs here this is a third.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import unquote

import httptools
from starlette.responses import Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from desk.enrollment.routing import Routes

log = logging.getLogger("desk.enrollment")

_FORWARDED = (b"x-forwarded-for", b"x-forwarded-proto")
_WITHOUT_BODY = (204, 304)


class Exchange(RequestResponseCycle):
    """One request and its answer."""

    proxies: ProxyHeadersMiddleware

    async def run_asgi(self, app: Any) -> None:
        if not isinstance(app, Routes):
            await super().run_asgi(app)
            return
        scope: Any = self.scope
        try:
            if any(name in _FORWARDED for name, _ in scope["headers"]):
                await self.proxies(scope, _nothing, _nothing)
            body = None if self.more_body or self.waiting_for_100_continue else bytes(self.body)
            receive: Any = self.receive
            answered = await app.respond(scope, receive, body)
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
        headers = [*self.default_headers, *response.raw_headers]
        if not self.keep_alive:
            headers.append((b"connection", b"close"))
        head = b"\r\n".join([b"%b: %b" % header for header in headers])
        has_body = self.scope["method"] != "HEAD" and status not in _WITHOUT_BODY
        body = bytes(response.body) if has_body else b""
        self.transport.write(b"%b%b\r\n\r\n%b" % (STATUS_LINE[status], head, body))
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class Connection(HttpToolsProtocol):
    """A connection whose requests become exchanges."""

    exchange = Exchange

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        scope: Any = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        address = httptools.parse_url(self.url)
        scope["raw_path"] = address.path
        path = address.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["query_string"] = address.query or b""
        former, self.cycle = self.cycle, self._begun(version)
        app = self.app if self._has_room() else service_unavailable
        if former is None or former.response_complete:
            self._start_asgi_task(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def _begun(self, version: str) -> Exchange:
        return self.exchange(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )

    def _has_room(self) -> bool:
        most = self.limit_concurrency
        if most is None or (len(self.connections) < most and len(self.tasks) < most):
            return True
        self.logger.warning("Exceeded concurrency limit.")
        return False


def connection(trusted: list[str]) -> type[Connection]:
    """The connections of a service that believes the proxies at ``trusted`` for whom they
    ask."""

    class TrustingExchange(Exchange):
        proxies = ProxyHeadersMiddleware(_nothing, trusted)

    class TrustingConnection(Connection):
        exchange = TrustingExchange

    return TrustingConnection


async def _nothing(*_arguments: Any) -> Any:
    """Where an application would stand."""

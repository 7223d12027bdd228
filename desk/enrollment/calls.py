"""HTTP as the desk speaks it to its service: one exchange after another on kept connections.

Several threads may call at once, each has a connection of its own meanwhile. Nothing is
followed, guessed or taken from the environment: no redirects, cookies, proxies or compressed
answers. What a status means is left to ``link``.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import httptools

from desk.enrollment.readable import readable

_CONNECT_SECONDS = 3.0
# Services and proxies end an idle connection after some ten seconds; one that is about to be
# ended would lose the call that is sent on it.
_KEPT_SECONDS = 5.0
_PART = 1 << 16
_LONGEST_ANSWER = 64 << 20
_FIRST_FINAL = 200


class Unreached(Exception):
    """No answer came: nobody listens, silence, an end in the middle, or something else than
    HTTP."""


class Distrusted(Unreached):
    """Somebody answered, whose certificate does not hold; the message says why."""


class Reply(NamedTuple):
    """An answer, whatever its status."""

    status: int
    body: bytes


class Caller(Protocol):
    """Who carries calls to a service."""

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        """The answer to one call; ``path`` begins after the service's address. Waits for
        ``seconds`` at most between two parts of it. Raises Unreached."""

    def target(self, path: str) -> bytes:
        """What stands in the request line for ``path``."""

    def close(self) -> None: ...


class Calls:
    """Calls to the service at ``base_url`` (http or https); satisfies ``Caller``."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._netloc = parts.hostname or "", parts.netloc.rpartition("@")[2]
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._closed = False

    def target(self, path: str) -> bytes:
        return f"{self._prefix}{path}".encode("ascii")

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Reply:
        request = self._written(method, path, headers, body)
        try:
            connection = self._take()
            try:
                reply = connection.exchange(request, seconds)
            finally:
                self._put_back(connection)
        except ssl.SSLCertVerificationError as error:
            raise Distrusted(error.verify_message) from error
        except (OSError, UnicodeError, httptools.HttpParserError) as error:
            raise Unreached from error
        return reply

    def close(self) -> None:
        """End all connections; whoever waits for an answer gets none any more."""
        with self._lock:
            self._closed = True
            ended, self._idle = [*self._idle, *self._busy], []
        for connection in ended:
            connection.end()

    def _written(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\nHost: {self._netloc}\r\n"
        for name, value in headers.items():
            head += f"{name}: {value}\r\n"
        if body or method != "GET":
            head += f"Content-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode("ascii") + body

    def _take(self) -> _Connection:
        """A kept connection that is still good, the one used last first, or a new one."""
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_good():
                    self._busy.add(connection)
                    return connection
                connection.end()
        connection = self._connected()
        with self._lock:
            self._busy.add(connection)
            if self._closed:
                connection.end()
        return connection

    def _put_back(self, connection: _Connection) -> None:
        with self._lock:
            self._busy.discard(connection)
            if connection.may_be_kept and not self._closed:
                self._idle.append(connection)
                return
        connection.end()

    def _connected(self) -> _Connection:
        plain = socket.create_connection((self._host, self._port), _CONNECT_SECONDS)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._secure:
                return _Connection(plain)
            return _Connection(self._tls().wrap_socket(plain, server_hostname=self._host))
        except BaseException:
            plain.close()
            raise

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            import httpx

            # The roots that all other clients of this program trust.
            self._context = httpx.create_ssl_context(trust_env=False)
        return self._context


class _Connection:
    """One socket and the answers that come on it; interim ones (1xx) are passed over."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._readable = readable(connected)
        self._used_at = time.monotonic()
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._status, self._complete = 0, False
        self.may_be_kept = False

    def exchange(self, request: bytes, seconds: float) -> Reply:
        """Send one request and read its answer; raises OSError or HttpParserError."""
        self._parts, self._complete, self.may_be_kept = [], False, False
        self._socket.settimeout(seconds)
        self._socket.sendall(request)
        length = 0
        while not self._complete:
            part = self._socket.recv(_PART)
            length += len(part)
            if not part or length > _LONGEST_ANSWER:
                raise ConnectionError("ended in the middle, or without end")
            self._parser.feed_data(part)
        self._used_at = time.monotonic()
        return Reply(self._status, b"".join(self._parts))

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)

    def on_message_complete(self) -> None:
        self._status = self._parser.get_status_code()
        self._complete = self._status >= _FIRST_FINAL
        self.may_be_kept = self._complete and self._parser.should_keep_alive()

    def is_good(self) -> bool:
        """Not idle for too long, and nothing to read: that would be its end."""
        if time.monotonic() - self._used_at > _KEPT_SECONDS:
            return False
        return not self._readable(0)

    def end(self) -> None:
        with suppress(OSError):
            # Wakes a thread that waits at this socket; closing alone would not.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

"""A way to the tests' PostgreSQL that breaks at a chosen statement.

A Unix socket that hands bytes on both ways. Told a word, it lets the next statement with
that word through (or not) and then cuts every connection, so that no answer comes back.
"""

from __future__ import annotations

import selectors
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self


class BreakingLine:
    """The line; ``folder`` is what libpq takes for a host."""

    def __init__(self, server: Path) -> None:
        self._server = str(server)
        self._folder = tempfile.TemporaryDirectory(prefix="desk-line-")
        self.folder = Path(self._folder.name)
        self.breaks = 0
        self._word: bytes | None = None
        self._through = self._for_good = self._down = False
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._listening = socket.socket(socket.AF_UNIX)
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run)

    def break_before(self, word: bytes) -> None:
        """Cut when a statement with ``word`` comes; the server never gets it."""
        self._through, self._word = False, word

    def break_after(self, word: bytes, *, for_good: bool = False) -> None:
        """Cut when the server has got a statement with ``word`` and answered; ``for_good``:
        until `mend`."""
        self._through, self._for_good, self._word = True, for_good, word

    def mend(self) -> None:
        self._down = False

    def __enter__(self) -> Self:
        self._listening.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listening.listen()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waker.send(b"x")
        self._thread.join()
        self._cut()
        for one in (self._listening, self._wake, self._waker):
            one.close()
        self._selector.close()
        self._folder.cleanup()

    def _run(self) -> None:
        while True:
            for key, _events in self._selector.select():
                if key.fileobj is self._wake:
                    return
                if key.fileobj is self._listening:
                    self._accept()
                elif key.fileobj in self._pairs:
                    self._hand_on(key.fileobj, from_desk=bool(key.data))  # type: ignore[arg-type]

    def _accept(self) -> None:
        desk, _address = self._listening.accept()
        server = socket.socket(socket.AF_UNIX)
        if self._down:
            desk.close()
            server.close()
            return
        server.connect(self._server)
        self._pairs |= {desk: server, server: desk}
        self._selector.register(desk, selectors.EVENT_READ, True)
        self._selector.register(server, selectors.EVENT_READ, False)

    def _hand_on(self, source: socket.socket, *, from_desk: bool) -> None:
        target = self._pairs[source]
        content = b""
        with suppress(OSError):
            content = source.recv(65536)
        if not content:
            self._drop(source, target)
            return
        found = from_desk and self._word is not None and self._word in content
        if found and not self._through:
            self._break()
            return
        with suppress(OSError):
            target.sendall(content)
        if found:
            # The server's answer says that it has done what it was told.
            target.recv(65536)
            self._break()

    def _break(self) -> None:
        self.breaks += 1
        self._word = None
        self._down = self._for_good
        self._cut()

    def _cut(self) -> None:
        while self._pairs:
            one, other = next(iter(self._pairs.items()))
            self._drop(one, other)

    def _drop(self, *both: socket.socket) -> None:
        for one in both:
            if self._pairs.pop(one, None) is not None:
                self._selector.unregister(one)
                one.close()

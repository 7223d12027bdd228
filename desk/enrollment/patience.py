"""Connections that send a request's head slowly, or without end, are closed.

uvicorn waits for ever for the rest of a head; bodies have their own limits in ``wire``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from desk.enrollment.exchange import Connection

LONGEST_HEAD = 32 * 1024


def impatient(kind: type[Connection], seconds: float) -> type[asyncio.Protocol]:
    """Connections for uvicorn that give each request's head so long."""

    class Impatient(kind):  # type: ignore[misc, valid-type]
        _timer: asyncio.TimerHandle | None = None
        _in_head, _head = True, 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            self._head = self._head + len(data) if self._in_head else len(data)
            super().data_received(data)
            if not self._in_head:
                return
            # Still the same head after all of this: no honest phone's is so long.
            if self._head > LONGEST_HEAD:
                self.transport.close()
            elif self._timer is None:
                # Most heads come whole and are never waited for.
                self._await_head()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._in_head = True

        def on_headers_complete(self) -> None:
            self._head_came()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_came()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            self._timer = self.loop.call_later(seconds, self.transport.close)

        def _head_came(self) -> None:
            self._in_head = False
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Impatient

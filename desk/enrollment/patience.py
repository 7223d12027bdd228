"""Connections that send a request's head slowly or without end, or its trailers without end, or
nothing for long, are closed, and so are those whose other side takes nothing of its answers.

uvicorn waits for ever for the rest of a head and for answers to be taken, and makes a timer for
each pause between two requests. Here a connection is looked at now and then, which costs its
requests nothing. Bodies have their own limits in ``wire``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from desk.enrollment.exchange import Connection

LONGEST_HEAD = 32 * 1024
"""Of the bytes of a request's head, and of its trailers."""


def impatient(kind: type[Connection], seconds: float) -> type[Connection]:
    """Connections for uvicorn that give each request's head so long, and a pause between two
    requests as long as uvicorn is told, as far as they are looked at (:func:`look_at`)."""

    class Impatient(kind):  # type: ignore[misc, valid-type]
        _fields, _since = 0, 0.0
        _is_behind_body = False
        _seen: tuple[Any, bool, int] | None = None

        def data_received(self, data: bytes) -> None:
            was_behind_body = self._is_behind_body
            super().data_received(data)
            # What brought the trailers' beginning may have brought a body.
            is_within = self._awaits_head or (was_behind_body and self._is_behind_body)
            self._fields = self._fields + len(data) if is_within else 0
            # Still the same head or trailers after all of this: no honest phone's are so long,
            # and the parser keeps a field until it has its end.
            if self._fields > LONGEST_HEAD:
                self.transport.close()

        def on_chunk_header(self) -> None:
            # The last chunk has no body: trailers follow (RFC 9112 section 7.1).
            self._is_behind_body = True

        def on_body(self, body: bytes) -> None:
            self._is_behind_body = False
            super().on_body(body)

        def on_chunk_complete(self) -> None:
            self._is_behind_body = False

        def look(self, now: float) -> None:
            """End it where it has waited for the same thing since a look too long ago."""
            awaits_head, left = self._awaits_head, self.transport.get_write_buffer_size()
            patience, end = self.timeout_keep_alive, self.transport.close
            if left:
                # Closed as well, it would stay until the rest was taken.
                end = self.transport.abort
            elif awaits_head:
                patience = seconds
            elif not self.cycle.response_complete:
                return
            seen = self._seen
            # A request has a scope of its own from its head's first byte on.
            if seen is None or seen[0] is not self.scope or seen[1:] != (awaits_head, left):
                self._seen, self._since = (self.scope, awaits_head, left), now
            elif now - self._since >= patience:
                end()

    return Impatient


def look_at(connections: Iterable[Any], now: float) -> None:
    """Close those that have been silent for too long; ``now`` is a clock in seconds, and to be
    asked about twice a second."""
    for one in list(connections):
        one.look(now)

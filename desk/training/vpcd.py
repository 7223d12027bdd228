"""Lays a simulated chip into a virtual PC/SC reader (the vpcd driver of vsmartcard).

The driver listens on a TCP port, one a slot; the chip connects to it. Messages both ways
have a two-byte length before them; a message of one byte is for the reader's power, any
other an APDU. A chip stays laid in while the service is restarted, as in a real reader:
the link is made again until `VirtualSlot.remove`.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from types import TracebackType
from typing import Protocol, Self

POWER_OFF, POWER_ON, RESET, ASK_ATR = b"\x00", b"\x01", b"\x02", b"\x04"
RETRY_SECONDS = 0.1
"""How often the driver is looked for while it does not listen."""

_log = logging.getLogger(__name__)


class Chip(Protocol):
    """What can be laid into the reader."""

    @property
    def atr(self) -> bytes: ...

    def transmit(self, apdu: bytes) -> bytes: ...

    def reset(self) -> None: ...


class VirtualSlot:
    """One slot of the virtual reader, on loopback ``port``. Ends with `remove` or as a context."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._chip: Chip | None = None
        self._removed = threading.Event()
        self._lock = threading.Lock()
        self._link: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def insert(self, chip: Chip) -> None:
        """Lay ``chip`` in (another one is removed first); returns at once."""
        self.remove()
        self._chip = chip
        self._removed.clear()
        self._thread = threading.Thread(
            target=self._run, args=(chip,), name=f"virtual-slot-{self.port}", daemon=True
        )
        self._thread.start()

    def remove(self) -> None:
        """Pull the chip and wait for its thread. Nothing happens in an empty slot."""
        self._removed.set()
        with self._lock:
            if self._link is not None:
                # Only a shutdown wakes a thread that waits inside recv.
                with contextlib.suppress(OSError):
                    self._link.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._chip = None

    @property
    def chip(self) -> Chip | None:
        """What is laid in."""
        return self._chip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    # --- the slot's thread ----------------------------------------------------------

    def _run(self, chip: Chip) -> None:
        while not self._removed.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                    self._serve(chip, link)
            except OSError as reason:
                _log.debug("virtual reader on port %d not there: %s", self.port, reason)
            self._removed.wait(RETRY_SECONDS)

    def _serve(self, chip: Chip, link: socket.socket) -> None:
        link.settimeout(None)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._link = link
        try:
            while not self._removed.is_set():
                message = _receive(link)
                if message is None:
                    return
                answer = _answer(chip, message)
                if answer is not None:
                    link.sendall(len(answer).to_bytes(2) + answer)
        finally:
            with self._lock:
                self._link = None
            chip.reset()


def _answer(chip: Chip, message: bytes) -> bytes | None:
    """The chip's answer; None where the driver expects none."""
    if message in (POWER_OFF, POWER_ON, RESET):
        chip.reset()
        return None
    if message == ASK_ATR:
        return chip.atr
    return chip.transmit(message)


def _receive(link: socket.socket) -> bytes | None:
    """One message, None when the driver has closed the link."""
    head = _exactly(link, 2)
    return None if head is None else _exactly(link, int.from_bytes(head))


def _exactly(link: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        # The driver writes length and body apart; a delayed acknowledgement would hold the
        # second back for 40 ms. The option does not last, so it is set again each time.
        if hasattr(socket, "TCP_QUICKACK"):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = link.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return data

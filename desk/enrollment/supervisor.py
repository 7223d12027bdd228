"""Word to whoever supervises the service that it serves now.

systemd's protocol for units of ``Type=notify`` (sd_notify(3)): one datagram to the socket that
``NOTIFY_SOCKET`` names. Without it a unit counts as started before it can answer anybody, and
whoever restarts one machine after another takes them all away at once.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress


def tell_ready() -> None:
    """Nothing happens where nobody wants to know."""
    if sys.platform == "win32" or not (place := os.environ.get("NOTIFY_SOCKET")):
        return
    # An abstract address, whose first byte is null.
    address = "\0" + place[1:] if place.startswith("@") else place
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(b"READY=1", address)

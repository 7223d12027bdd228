"""What the operating system tells of readers beside the smartcard service.

Three questions the service does not answer: is somebody sitting at this computer or far
away, how many smartcard readers hang on its USB, and does the service stop by itself with
the last reader. What the platform does not tell is None and stays untold in words too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USB_DEVICES = Path("/sys/bus/usb/devices")
LOGIN_SESSIONS = Path("/run/systemd/sessions")
SMARTCARD_CLASS = "0b"
"""Interface class of smartcard readers (USB CCID 1.1, clause 4.3.1)."""
_SM_REMOTESESSION = 0x1000


@dataclass(frozen=True, slots=True)
class Machine:
    """``remote``: this session is shown on another computer. ``plugged``: smartcard readers on
    USB, with or without a driver. ``stops_service``: the service ends with the last reader, as
    Windows' does, so that «stopped» and «no reader» look the same. None: not told."""

    remote: bool | None = None
    plugged: int | None = None
    stops_service: bool = False


def look_around() -> Machine:
    """The machine as it is now."""
    if sys.platform == "win32":
        return Machine(_windows_is_remote(), None, stops_service=True)
    return Machine(is_remote(os.environ, LOGIN_SESSIONS), plugged_readers(USB_DEVICES))


def is_remote(environment: Mapping[str, str], sessions: Path) -> bool | None:
    """As the login service knows this session, else as the remote programs mark it.

    None where neither says anything: a shared screen (VNC) leaves no mark.
    """
    if any(environment.get(name) for name in ("XRDP_SESSION", "SSH_CONNECTION")):
        return True
    name = environment.get("XDG_SESSION_ID", "")
    if not name.isalnum():
        return None
    try:
        lines = (sessions / name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    told = [line.removeprefix("REMOTE=") for line in lines if line.startswith("REMOTE=")]
    return told[0] == "1" if told else None


def plugged_readers(devices: Path) -> int | None:
    """USB devices with an interface of the smartcard class; None where the system lists none.

    Readers of a maker's own class are not among them.
    """
    try:
        interfaces = [one for one in devices.iterdir() if ":" in one.name]
    except OSError:
        return None
    found = {one.name.split(":")[0] for one in interfaces if _class_of(one) == SMARTCARD_CLASS}
    return len(found)


def _class_of(interface: Path) -> str:
    try:
        return (interface / "bInterfaceClass").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _windows_is_remote() -> bool:
    import ctypes

    windows: Any = vars(ctypes)["windll"]
    return bool(windows.user32.GetSystemMetrics(_SM_REMOTESESSION))

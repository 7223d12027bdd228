"""Names of camera and printer for a command: Qt lists both, but only beside an application.

No window opens, and no screen is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import qInstallMessageHandler
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class DeviceNames:
    """What the desk would use; None where there is none."""

    camera: str | None
    printer: str | None


def device_names(camera: str, printer: str, folder: Path) -> DeviceNames:
    """``camera`` and ``printer`` as the settings name them, empty for the system's own."""
    # What Qt says of the machine's media libraries is not the command's answer.
    before = qInstallMessageHandler(lambda *_: None)
    try:
        from desk.ui.camera import camera_name
        from desk.ui.printing import Printers

        # It stays: a second one in the same process is refused by some platforms.
        _application = QApplication.instance() or QApplication(["desk", "-platform", "offscreen"])
        return DeviceNames(camera_name(camera), Printers(printer, folder).ready())
    finally:
        qInstallMessageHandler(before)

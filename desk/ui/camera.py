"""Frames of whoever sits before the window: one sink, one handler, whatever the source.

The real camera and the training one both end in the same ``QVideoSink``. The picture goes
to the screen as it comes; the newest frame goes to the face lane whenever that is idle,
so that looking for a face never holds the picture up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import (
    QCamera,
    QMediaCaptureSession,
    QMediaDevices,
    QVideoFrame,
    QVideoFrameFormat,
    QVideoSink,
)

from desk.trouble import Trouble
from desk.ui.pictures import Rgb, image_of

PLAYED_MS = 66
FrameSource = Callable[[], "Rgb | None"]
"""The next frame, None while there is no newer one. Raises a Trouble when unplugged."""


def camera_name(wanted: str = "") -> str | None:
    """Description of the camera that would be used; None where there is none."""
    device = _device(wanted)
    return None if device is None else device.description()


def _device(wanted: str) -> Any:
    devices = QMediaDevices.videoInputs()
    named = [device for device in devices if device.description() == wanted]
    if wanted:
        return named[0] if named else None
    return QMediaDevices.defaultVideoInput() if devices else None


class Camera(QObject):
    """Signals: ``pictured(QImage)`` for every frame; ``lost`` and ``found`` when the
    camera goes and comes back."""

    pictured = Signal(QImage)
    lost = Signal()
    found = Signal()

    def __init__(self, source: FrameSource | None = None, wanted: str = "") -> None:
        super().__init__()
        self._source, self._wanted = source, wanted
        self._sink = QVideoSink(self)
        self._sink.videoFrameChanged.connect(self._take)
        self._present = True
        self._wanted_now = False
        self._camera: QCamera | None = None
        self._session: QMediaCaptureSession | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(PLAYED_MS)
        self._timer.timeout.connect(self._play)
        self._devices: QMediaDevices | None = None

    def start(self) -> None:
        """Begin; a camera that is not there says ``lost``, each time anew, and is looked for
        again."""
        self._present = self._wanted_now = True
        if self._source is not None:
            self._timer.start()
            return
        if self._devices is None:
            self._devices = QMediaDevices(self)
            self._devices.videoInputsChanged.connect(self._plugged)
        self._start_real()

    @property
    def name(self) -> str:
        """What the officer knows this camera by."""
        if self._source is not None:
            return self._wanted
        return camera_name(self._wanted) or ""

    def stop(self) -> None:
        self._wanted_now = False
        self._timer.stop()
        if self._camera is not None:
            self._camera.stop()

    def _plugged(self) -> None:
        """A camera came or went: nobody is filmed by plugging one in."""
        if self._wanted_now:
            self._start_real()

    def _start_real(self) -> None:
        self._drop_real()
        device = _device(self._wanted)
        if device is None:
            self._say(present=False)
            return
        self._camera = QCamera(device, self)
        self._camera.errorOccurred.connect(lambda *_: self._say(present=False))
        self._session = QMediaCaptureSession(self)
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self._sink)
        self._camera.start()

    def _drop_real(self) -> None:
        if self._camera is not None:
            self._camera.stop()
            self._camera.deleteLater()
            self._camera = None
        if self._session is not None:
            self._session.deleteLater()
            self._session = None

    def _play(self) -> None:
        assert self._source is not None
        try:
            pixels = self._source()
        except Trouble:
            self._say(present=False)
            return
        if pixels is not None:
            self._sink.setVideoFrame(video_frame(image_of(pixels)))

    def _take(self, frame: QVideoFrame) -> None:
        image = frame.toImage()
        if not image.isNull():
            self._say(present=True)
            self.pictured.emit(image)

    def _say(self, *, present: bool) -> None:
        if present != self._present:
            self._present = present
            (self.found if present else self.lost).emit()


def video_frame(image: QImage) -> QVideoFrame:
    """A frame as a camera would bring it."""
    plain = image.convertToFormat(QImage.Format.Format_RGBX8888)
    layout = QVideoFrameFormat(
        plain.size(), QVideoFrameFormat.pixelFormatFromImageFormat(plain.format())
    )
    frame = QVideoFrame(layout)
    frame.map(QVideoFrame.MapMode.WriteOnly)
    target = memoryview(frame.bits(0))
    stride = frame.bytesPerLine(0)
    source, width = plain.constBits(), plain.bytesPerLine()
    for line in range(plain.height()):
        target[line * stride : line * stride + width] = source[line * width : (line + 1) * width]
    frame.unmap()
    return frame

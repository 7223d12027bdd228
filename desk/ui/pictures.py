"""From arrays of pixels to Qt's images and back, without sharing memory that may go."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage, QImageWriter

Rgb = np.ndarray[Any, np.dtype[np.uint8]]


def image_of(pixels: Rgb) -> QImage:
    """An image of its own from height x width x 3 RGB bytes."""
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels)
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def pixels_of(image: QImage) -> Rgb:
    """Height x width x 3 RGB bytes, copied."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(plain.constBits(), np.uint8)
    rows = data.reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).copy()


def png_of(image: QImage) -> bytes:
    """The image encoded without loss."""
    target = QBuffer()
    target.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(target, QByteArray(b"png")).write(image)
    return bytes(target.data().data())

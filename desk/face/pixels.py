"""Cutting upright squares out of pictures.

A ``Square`` lies in picture coordinates (pixels, y downwards) and may be turned; the cut
is upright. Points come back from the cut into the picture by the same square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from desk.face.models import Floats, Rgb

Points = np.ndarray[Any, np.dtype[np.floating[Any]]]


@dataclass(frozen=True)
class Square:
    """Centre and side in pixels; ``angle`` in radians, the turn of its upper edge."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_picture(self, points: Points) -> Points:
        """Points of the cut (0 to 1) as points of the picture; the third axis is scaled."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        local = (points[:, :2] - 0.5) * self.side
        turned = local @ np.array([[cos, sin], [-sin, cos]])
        flat: Points = turned + np.array([self.x, self.y])
        if points.shape[1] == 2:
            return flat
        return np.concatenate([flat, points[:, 2:] * self.side], axis=1)

    def matrix(self, size: int) -> Points:
        """2 x 3: pixel centres of the ``size`` x ``size`` cut to pixels of the picture."""
        step = self.side / size
        cos, sin = np.cos(self.angle) * step, np.sin(self.angle) * step
        half = size / 2
        return np.array(
            [
                [cos, -sin, self.x - cos * half + sin * half],
                [sin, cos, self.y - sin * half - cos * half],
            ]
        )


def whole(rgb: Rgb) -> Square:
    """The smallest upright square around the picture, centred on it."""
    height, width = rgb.shape[:2]
    return Square(width / 2, height / 2, float(max(height, width)))


def cut(rgb: Rgb, square: Square, size: int) -> Rgb:
    """The square of the picture as ``size`` x ``size`` pixels; outside is black."""
    return warp(rgb, square.matrix(size), size)


def warp(rgb: Rgb, matrix: Points, size: int) -> Rgb:
    """A ``size`` x ``size`` picture whose pixels lie at ``matrix`` in ``rgb``.

    Big pictures are halved first, so that fine detail is averaged and not dropped.
    """
    picture = Image.fromarray(rgb)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    factor = max(1, int(scale))
    if factor > 1:
        picture = picture.reduce(factor)
    scaled = matrix / factor
    coefficients = tuple(float(value) for value in scaled.ravel())
    out = picture.transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(out)


def unit(rgb: Rgb) -> Floats:
    """0 to 255 as 0 to 1."""
    return np.asarray(rgb, dtype=np.float32) / np.float32(255)

"""Single measures of a picture with one face, and their scores from 0 to 100.

Scores follow ISO/IEC 29794-5 in the mapping of its reference program OFIQ 1.0.3. Where a
measure would need OFIQ's own models a plainer one stands in and says «not OFIQ».
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from desk.face.finder import Face
from desk.face.models import Rgb
from desk.face.pixels import Points

_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_INNER_LIPS = (13, 14)
_CHEEKS = (50, 280)  # right, left
_LEVELS = 256


def sigmoid(x: float, centre: float, width: float) -> float:
    """1 / (1 + exp((centre - x) / width)): rises from 0 to 1 around ``centre``."""
    return 1 / (1 + math.exp(min(700.0, (centre - x) / width)))


def scalar(raw: float) -> int:
    """A mapping's result as the standard's whole number from 0 to 100."""
    return round(min(100.0, max(0.0, raw)))


def inter_eye(face: Face, yaw: float) -> float:
    """Pixels between the centres of the eyes, made good for the head's turn (degrees)."""
    across = face.eye_centres[1] - face.eye_centres[0]
    return float(np.linalg.norm(across)) / max(0.2, math.cos(math.radians(yaw)))


def inter_eye_score(pixels: float) -> int:
    return scalar(100 * sigmoid(pixels, 70, 20))


def angle_score(degrees: float) -> int:
    """Yaw, pitch and roll alike."""
    if abs(degrees) >= 90:
        return 0
    return scalar(100 * math.cos(math.radians(degrees)) ** 2)


def eye_opening(face: Face) -> float:
    """Height over width of the less open eye: 0.3 and more open, up to 0.2 closed."""
    return min(face.eye_openings)


def eyes_open_score(face: Face) -> int:
    """The opening over T (eyes to chin) in OFIQ's mapping."""
    widths = [
        float(np.linalg.norm(face.landmarks[outer, :2] - face.landmarks[inner, :2]))
        for outer, inner in ((33, 133), (263, 362))
    ]
    gaps = [ratio * width for ratio, width in zip(face.eye_openings, widths, strict=True)]
    return scalar(100 * sigmoid(min(gaps) / face.eyes_to_chin, 0.02, 0.01))


def mouth_opening(face: Face) -> float:
    """Gap between the lips over T (eyes to chin)."""
    upper, lower = face.landmarks[list(_INNER_LIPS), :2]
    return float(np.linalg.norm(lower - upper)) / face.eyes_to_chin


def mouth_closed_score(face: Face) -> int:
    return scalar(100 * (1 - sigmoid(mouth_opening(face), 0.2, 0.06)))


def luminance(rgb: Rgb) -> Points:
    """Relative luminance 0 to 1 of every pixel (IEC 61966-2-1, ITU-R BT.709)."""
    share = np.arange(_LEVELS) / (_LEVELS - 1)
    table = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    light = table.astype(np.float32)[rgb]
    return np.asarray(light @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32))


def face_mask(face: Face, shape: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.bool]]:
    """True inside the face's outline; ``shape`` is height, width."""
    canvas = Image.new("1", (shape[1], shape[0]))
    outline = [(float(x), float(y)) for x, y in face.landmarks[list(_OVAL), :2]]
    ImageDraw.Draw(canvas).polygon(outline, fill=1)
    return np.asarray(canvas, dtype=bool)


def brightness_score(mean: float) -> int:
    """LuminanceMean of the face, 0 to 1."""
    return scalar(100 * sigmoid(mean, 0.2, 0.05) * (1 - sigmoid(mean, 0.8, 0.05)))


def cheeks(face: Face, light: Points) -> tuple[Points, Points]:
    """Luminances of the squares on the right and the left cheek."""
    half = max(2, round(0.15 * float(np.linalg.norm(np.diff(face.eye_centres, axis=0)))))
    squares = []
    for point in _CHEEKS:
        x, y = (round(float(value)) for value in face.landmarks[point, :2])
        rows = slice(max(0, y - half), max(0, y + half))
        squares.append(light[rows, max(0, x - half) : max(0, x + half)])
    return squares[0], squares[1]


def evenness_score(right: Points, left: Points) -> int:
    """IlluminationUniformity: common part of both histograms, 100 r^0.3."""
    if not right.size or not left.size:
        return 0
    shares = [np.histogram(side, _LEVELS, (0.0, 1.0))[0] / side.size for side in (right, left)]
    return scalar(100 * float(np.minimum(*shares).sum()) ** 0.3)


def dark_side(right: Points, left: Points) -> float:
    """The darker cheek's mean luminance over the brighter one's; 1 is even."""
    if not right.size or not left.size:
        return 0.0
    means = sorted((float(right.mean()), float(left.mean())))
    return means[0] / max(means[1], 1e-6)


def background_unrest(face: Face, light: Points) -> float:
    """Mean edge strength (of 8-bit luminance) beside and above the head. Not OFIQ: without
    a segmentation model the background is what lies well outside the head's box.
    """
    left, top, right, bottom = face.box
    width, height = right - left, bottom - top
    outside = np.ones(light.shape, dtype=bool)
    rows = slice(max(0, int(top - 0.55 * height)), None)
    outside[rows, max(0, int(left - 0.45 * width)) : int(right + 0.45 * width)] = False
    outside[max(0, int(bottom - 0.1 * height)) :] = False
    outside[[0, -1]] = outside[:, [0, -1]] = False
    if not outside.any():
        return 0.0
    down, across = np.gradient(light * (_LEVELS - 1))
    return float(np.hypot(down, across)[outside].mean()) * 8  # a Sobel kernel weighs eight


def background_score(unrest: float) -> int:
    return scalar(190 * (1 - sigmoid(unrest, 10, 100)))


def glare(face: Face, light: Points) -> float:
    """Share of burnt-out pixels around the eyes. Not OFIQ."""
    share = 0.0
    for centre in face.eye_centres:
        half = 0.25 * float(np.linalg.norm(np.diff(face.eye_centres, axis=0)))
        rows = slice(max(0, int(centre[1] - half * 0.7)), max(0, int(centre[1] + half * 0.7)))
        around = light[rows, max(0, int(centre[0] - half)) : max(0, int(centre[0] + half))]
        share = max(share, float((around > 0.95).mean()) if around.size else 0.0)
    return share

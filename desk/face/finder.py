"""Finding faces: BlazeFace, the 468-point mesh and the eye contours.

Three small models run by LiteRT (1 to 3 ms each). The mesh points keep MediaPipe's
numbering; coordinates are pixels of the picture given, y downwards, z towards the
picture with the scale of x. Whose face it is is left to ``matcher``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from desk.face.models import Floats, Rgb, TfliteModel
from desk.face.pixels import Points, Square, cut, unit, whole

DETECTOR_SIZE, MESH_SIZE, EYE_SIZE = 256, 192, 64
MESH_POINTS = 468
RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)  # outer and inner corner as seen by the camera
CHIN = 152

_STRIDES = ((16, 2), (32, 6))  # cells of the detector's grids and boxes a cell
_SCORE_LIMIT, _MESH_LIMIT = 0.5, 0.5
_OVERLAP_LIMIT = 0.3
_MESH_ROOM, _EYE_ROOM = 1.5, 2.3  # side of the cut over the box, and over the eye
_EYE_LOWER, _EYE_UPPER = slice(1, 8), slice(9, 15)
_EYE_CORNERS = (0, 8)


@dataclass(frozen=True)
class Face:
    """One face. ``landmarks``: 468 x 3 float32; ``box``: left, top, right, bottom;
    ``score``: the detector's, 0 to 1; ``eye_openings``: height over width of the opening
    between the lids, the person's right eye first.
    """

    landmarks: Floats
    box: tuple[float, float, float, float]
    score: float
    eye_openings: tuple[float, float]

    @cached_property
    def eye_centres(self) -> Points:
        """2 x 2: midpoints between the corners, right eye first (ISO/IEC 39794-5 D.1.4)."""
        flat = self.landmarks[:, :2]
        return np.stack([flat[list(RIGHT_EYE)].mean(0), flat[list(LEFT_EYE)].mean(0)])

    @property
    def eyes_to_chin(self) -> float:
        """Pixels from the midpoint of the eyes to the chin: the T of ISO/IEC 29794-5."""
        return float(np.linalg.norm(self.landmarks[CHIN, :2] - self.eye_centres.mean(0)))


class FaceFinder:
    """Finds all faces of a picture. Models load at the first call; calls may come from
    any one thread at a time per model, others wait.
    """

    def __init__(self) -> None:
        self._detector = TfliteModel("face_detection_back.tflite")
        self._mesh = TfliteModel("face_landmark.tflite")
        self._eye = TfliteModel("iris_landmark.tflite")
        self._anchors = _anchors()

    def find(self, rgb: Rgb) -> list[Face]:
        """Faces in a height x width x 3 uint8 picture, the biggest first.

        Raises ``ModelMissing``.
        """
        faces = [self._face(rgb, box, score) for box, score in self._detect(rgb)]
        found = [face for face in faces if face is not None]
        return sorted(found, key=lambda face: -face.eyes_to_chin)

    def _detect(self, rgb: Rgb) -> list[tuple[Points, float]]:
        """Boxes as 8 x 2 points (two corners, six marks) with their scores."""
        square = whole(rgb)
        tensor = unit(cut(rgb, square, DETECTOR_SIZE)) * 2 - 1
        raw_boxes, raw_scores = self._detector.run(tensor)
        scores = _sigmoid(raw_scores.reshape(-1))
        likely = np.nonzero(scores > _SCORE_LIMIT)[0]
        marks = raw_boxes.reshape(-1, 8, 2)[likely] / DETECTOR_SIZE
        marks[:, [0, *range(2, 8)]] += self._anchors[likely, np.newaxis]
        centre, half = marks[:, 0].copy(), marks[:, 1] / 2
        marks[:, 0], marks[:, 1] = centre - half, centre + half
        merged = _merge(marks, scores[likely])
        return [(square.to_picture(points), score) for points, score in merged]

    def _face(self, rgb: Rgb, marks: Points, score: float) -> Face | None:
        corners, eyes = marks[:2], marks[2:4]
        centre = corners.mean(0)
        side = float((corners[1] - corners[0]).max()) * _MESH_ROOM
        across = eyes[1] - eyes[0]
        square = Square(centre[0], centre[1], side, float(np.arctan2(across[1], across[0])))
        raw, confidence = self._mesh.run(unit(cut(rgb, square, MESH_SIZE)))
        if float(_sigmoid(confidence.reshape(-1))[-1]) <= _MESH_LIMIT:
            return None
        points = square.to_picture(raw.reshape(-1)[: MESH_POINTS * 3].reshape(-1, 3) / MESH_SIZE)
        landmarks = points.astype(np.float32)
        openings = (
            self._opening(rgb, landmarks[list(RIGHT_EYE), :2], mirrored=False),
            self._opening(rgb, landmarks[list(LEFT_EYE), :2], mirrored=True),
        )
        low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return Face(landmarks, box, score, openings)

    def _opening(self, rgb: Rgb, corners: Points, mirrored: bool) -> float:
        """Opening between the lids over the eye's width; the model knows right eyes only."""
        across = corners[1] - corners[0]
        centre = corners.mean(0)
        angle = float(np.arctan2(across[1], across[0]))
        square = Square(centre[0], centre[1], float(np.linalg.norm(across)) * _EYE_ROOM, angle)
        eye = cut(rgb, square, EYE_SIZE)
        contours, _iris = self._eye.run(unit(eye[:, ::-1] if mirrored else eye))
        contour = contours.reshape(-1, 3)[:, :2]
        start, end = contour[list(_EYE_CORNERS)]
        width = float(np.linalg.norm(end - start))
        gap = contour[_EYE_LOWER, 1].max() - contour[_EYE_UPPER, 1].min()
        return max(0.0, float(gap)) / max(width, 1e-6)


def _anchors() -> Points:
    """Centres of the detector's cells, 0 to 1, in the order of its outputs."""
    grids = []
    for stride, boxes in _STRIDES:
        cells = DETECTOR_SIZE // stride
        y, x = np.divmod(np.arange(cells * cells), cells)
        centres = (np.stack([x, y], axis=1) + 0.5) / cells
        grids.append(np.repeat(centres, boxes, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _merge(marks: Points, scores: Points) -> list[tuple[Points, float]]:
    """One box a face: boxes that overlap the best one are averaged by their scores."""
    left = list(np.argsort(-scores))
    merged: list[tuple[Points, float]] = []
    while left:
        best = left[0]
        same = [i for i in left if _overlap(marks[best], marks[i]) > _OVERLAP_LIMIT or i == best]
        weights = scores[same][:, np.newaxis, np.newaxis]
        merged.append(((marks[same] * weights).sum(0) / weights.sum(), float(scores[best])))
        left = [i for i in left if i not in same]
    return merged


def _overlap(one: Points, other: Points) -> float:
    """Common area over joint area of two boxes given by their two first points."""
    sides = np.minimum(one[1], other[1]) - np.maximum(one[0], other[0])
    common = float(np.prod(np.clip(sides, 0, None)))
    joint = float(np.prod(one[1] - one[0]) + np.prod(other[1] - other[0])) - common
    return common / joint if joint > 0 else 0.0


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))), dtype=np.float32)

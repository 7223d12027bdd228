"""Comparing two pictures of faces: support for the officer's decision, never a decision.

dlib's residual network gives 128 numbers for an aligned face; the Euclidean distance of
two such rows is the score (0 the same picture, small is similar). The aligned 150-pixel
cut is made from our own mesh points. Limits come from the settings; name and version of
what compared stand in every result, because figures of two matchers cannot be compared.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import Any

import numpy as np

from desk.face.finder import Face, FaceFinder
from desk.face.models import Rgb, model_file
from desk.face.pixels import Points, warp
from desk.face.troubles import NoFace, SeveralFaces

CUT_SIZE = 150
SIMILAR, DISSIMILAR = 0.45, 0.60
"""Default limits; on hard grey pictures 0.45 let through 0.04 % of strangers, 0.60 10 %."""

_WEIGHTS = ("face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat")
# Mesh point and where dlib's training put that mark in its square with a quarter of room
# around: the corners of the eyes, the base of the nose, the corners of the mouth.
_ROOM = 0.25
_ANCHORS = (
    (33, 0.1217, 0.2164),
    (133, 0.3346, 0.2317),
    (362, 0.6457, 0.2317),
    (263, 0.8585, 0.2164),
    (2, 0.4901, 0.6281),
    (61, 0.2541, 0.7802),
    (291, 0.7261, 0.7802),
)


class Band(StrEnum):
    """Three zones of the score; the middle one says nothing and the officer decides."""

    SIMILAR = "similar"
    OFFICER_DECIDES = "officer_decides"
    DISSIMILAR = "dissimilar"


@dataclass(frozen=True)
class FaceComparison:
    """``distance`` 0 to about 1.2; ``limits``: up to the first similar, above the second
    dissimilar.
    """

    distance: float
    band: Band
    matcher: str
    version: str
    limits: tuple[float, float]


class Matcher:
    """Compares a chip portrait with a live frame; loads its network at the first call."""

    name = "dlib ResNet"

    def __init__(
        self,
        thresholds: tuple[float, float] = (SIMILAR, DISSIMILAR),
        finder: FaceFinder | None = None,
    ) -> None:
        if not 0 < thresholds[0] <= thresholds[1]:
            raise ValueError(f"limits out of order: {thresholds}")
        self.limits = thresholds
        self._finder = finder or FaceFinder()
        self._lock = threading.Lock()
        self._network: Any = None

    @property
    def version(self) -> str:
        """Version of the program and of the package that carries its weights."""
        return f"{version('dlib-bin')} / {version('face_recognition_models')}"

    def compare(self, chip: Rgb, live: Rgb) -> FaceComparison:
        """Compare two pictures (height x width x 3 uint8, any sizes) of one face each.

        Raises ``NoFace`` and ``SeveralFaces`` (naming the picture), ``ModelMissing``.
        """
        rows = [self.describe(chip, "chip"), self.describe(live, "live")]
        distance = float(np.linalg.norm(rows[0] - rows[1]))
        return FaceComparison(
            round(distance, 4), self.band(distance), self.name, self.version, self.limits
        )

    def describe(self, rgb: Rgb, picture: str = "live") -> Points:
        """The 128 numbers of the only face in the picture. A biometric template: never
        store it. Raises as ``compare``.
        """
        faces = self._finder.find(rgb)
        if not faces:
            raise NoFace(picture=picture)
        if len(faces) > 1:
            raise SeveralFaces(picture=picture, count=len(faces))
        aligned = aligned_cut(rgb, faces[0])
        with self._lock:
            if self._network is None:
                self._network = self._load()
            return np.array(self._network.compute_face_descriptor(aligned))

    def band(self, distance: float) -> Band:
        """The zone of a distance under this matcher's limits."""
        if distance <= self.limits[0]:
            return Band.SIMILAR
        return Band.OFFICER_DECIDES if distance <= self.limits[1] else Band.DISSIMILAR

    def _load(self) -> Any:
        path = model_file(*_WEIGHTS)
        return importlib.import_module("dlib").face_recognition_model_v1(str(path))


def aligned_cut(rgb: Rgb, face: Face) -> Rgb:
    """The face as 150 x 150 pixels, eyes level, in the place the network was taught."""
    index = [anchor[0] for anchor in _ANCHORS]
    places = np.array([anchor[1:] for anchor in _ANCHORS])
    target = (places + _ROOM) / (1 + 2 * _ROOM) * CUT_SIZE
    matrix = _similarity(target, face.landmarks[index, :2].astype(float))
    return np.ascontiguousarray(warp(rgb, matrix, CUT_SIZE))


def _similarity(source: Points, target: Points) -> Points:
    """2 x 3: turn, scale and shift that brings ``source`` nearest to ``target`` (Umeyama)."""
    a, b = source - source.mean(0), target - target.mean(0)
    dot = (a * b).sum()
    cross = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    cos, sin = np.array([dot, cross]) / (a * a).sum()
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = target.mean(0) - turn @ source.mean(0)
    return np.concatenate([turn, shift[:, np.newaxis]], axis=1)

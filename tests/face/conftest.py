"""Faces for the tests: the rendered training applicants, whose geometry is known."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from desk.face.finder import FaceFinder
from desk.face.matcher import Matcher
from desk.face.models import Rgb
from desk.face.pixels import Points
from desk.training.applicants import TRAINING, applicant

FRAMES = TRAINING / "frames"


@dataclass(frozen=True)
class Known:
    """What the rendering knows of a frame: eyeballs in pixels, the head's turn in degrees."""

    key: str
    frame: str
    eyes: np.ndarray
    yaw: float
    pitch: float
    roll: float

    @property
    def inter_eye(self) -> float:
        return float(np.linalg.norm(self.eyes[1] - self.eyes[0]))


def known_frames() -> list[Known]:
    # Written by resources/training/render.py beside the pictures it made.
    with (FRAMES / "geometry.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Known(
            row["key"],
            row["frame"],
            np.array([[row["right_x"], row["right_y"]], [row["left_x"], row["left_y"]]], float),
            float(row["yaw"]),
            float(row["pitch"]),
            float(row["roll"]),
        )
        for row in rows
    ]


def read(path: object) -> Rgb:
    with Image.open(str(path)) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder()


class RememberingMatcher(Matcher):
    """Describes each picture once: the tests compare the same few again and again."""

    def __init__(self, finder: FaceFinder) -> None:
        super().__init__(finder=finder)
        self._described: dict[tuple[tuple[int, ...], bytes], Points] = {}

    def describe(self, rgb: Rgb, picture: str = "live") -> Points:
        key = rgb.shape, rgb.tobytes()
        if key not in self._described:
            self._described[key] = super().describe(rgb, picture)
        return self._described[key]


@pytest.fixture(scope="session")
def matcher(finder: FaceFinder) -> Matcher:
    return RememberingMatcher(finder)


@pytest.fixture(scope="session")
def frame() -> Callable[[str, str], Rgb]:
    return lambda key, name: read(FRAMES / key / f"{name}.jpg")


@pytest.fixture(scope="session")
def portrait() -> Callable[[str], Rgb]:
    return lambda key: read(applicant(key).portrait_path)


@pytest.fixture(scope="session")
def nobody() -> Rgb:
    return read(FRAMES / "nobody.jpg")

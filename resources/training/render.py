"""Render the portraits and camera frames of the invented applicants.

Not part of the program: run once, the pictures are committed. Needs an environment of its
own with ``anny`` 0.6.2 and torch 2.13 (see ORIGIN.md):

    python resources/training/render.py [--only KEY ...] [--frames NAME ...]

The first run builds anny's cache (some minutes); afterwards a picture takes seconds.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from rendering.figure import Base, Person
from rendering.people import LOOKS
from rendering.scene import Camera, Light, render
from rendering.tools import Array, linear, srgb

HERE = Path(__file__).parent
PORTRAIT = (413, 531)
FRAME = (640, 480)
PORTRAIT_BYTES = 18_500
JPEG2000 = {"sunrye"}  # applicants.toml says the same
ALTERED = {"jian": "stranger"}  # whose portrait the forger put on the chip
NO_APPLICANTS = {"stranger", "brother"}  # they only sit before the camera
BYSTANDER = {"stranger": "brother"}  # who else is in the frame with two faces
STUDIO = Light()
COUNTER = Light(
    key=(0.22, -0.9, 0.4), fill=(-0.5, -0.8, 0.2), fill_power=1.05, tint=(1.0, 0.96, 0.90),
    exposure=0.66,
)  # fmt: skip
SIDE = Light(
    key=(0.97, -0.2, 0.2), key_power=2.4, fill=(0.3, -0.9, 0.1), fill_power=0.10, ambient=0.14,
    tint=(1.0, 0.95, 0.88),
)  # fmt: skip
SMILE = {"mouthSmileLeft": 0.12, "mouthSmileRight": 0.12}
SHUT = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


@dataclass(frozen=True)
class Pose:
    """``eyes``: pixels between the eyeballs' centres when the head is not turned."""

    eyes: float = 100.0
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    actions: dict[str, float] = field(default_factory=dict)
    light: Light = COUNTER
    at: tuple[float, float] = (0.5, 0.47)
    second: bool = False


POSES = {
    "still": Pose(turn=(1.5, -1.0, 1.0), actions=SMILE),
    "near": Pose(82, (-3.0, 2.0, -1.5)),
    "far": Pose(55, (4.0, 1.0, 2.0)),
    "left-10": Pose(turn=(11.0, 0.0, 1.0)),
    "left-25": Pose(98, (25.0, 1.0, 1.5)),
    "blink": Pose(turn=(1.0, -1.0, 1.0), actions=SHUT),
    "chin-down": Pose(turn=(0.0, -16.0, 0.0)),
    "dark-side": Pose(turn=(1.0, 0.0, 0.0), light=SIDE),
    "two": Pose(76, (2.0, 0.0, -1.0), at=(0.37, 0.5), second=True),
}


class Studio:
    """Shapes each person once and draws what is asked for."""

    def __init__(self) -> None:
        self._base = Base()
        self._people: dict[str, Person] = {}

    def person(self, key: str) -> Person:
        if key not in self._people:
            self._people[key] = Person(self._base, LOOKS[key])
        return self._people[key]

    def portrait(self, key: str) -> Array:
        person = self.person(key)
        width, height = PORTRAIT
        apart = np.diff(person.eyes((0, 0, 0), (0, 0, 0)), axis=0)
        scale = max(0.70 * height / (person.crown - person.chin), 96 / np.linalg.norm(apart))
        camera = Camera(person.origin, scale, width / 2, height * 0.49, 1.2)
        backdrop = np.ones((height, width, 3)) * linear((250, 252, 254))
        return srgb(render([(person, person.layers(), person.origin)], camera, STUDIO, backdrop))

    def frame(self, key: str, pose: Pose) -> tuple[Array, Array]:
        """The picture, and the pixel places of both eyeballs, the right one first."""
        person = self.person(key)
        width, height = FRAME
        apart = person.eyes((0, 0, 0), (0, 0, 0))
        scale = pose.eyes / float(np.linalg.norm(apart[1] - apart[0]))
        camera = Camera(person.origin, scale, width * pose.at[0], height * pose.at[1], 0.8)
        scene = [(person, person.layers(pose.turn, pose.actions), person.origin)]
        if pose.second:
            other = self.person(BYSTANDER.get(key, "stranger"))
            lower = float(person.origin[2] - other.origin[2]) + 0.02
            shift = (0.235, 0.16, lower)
            scene.append((other, other.layers((-8, 0, 2), {}, shift), other.origin + shift))
        picture = srgb(render(scene, camera, pose.light, wall()))
        return picture, camera.project(person.eyes(pose.turn, (0, 0, 0)))[:, :2]


def wall() -> Array:
    """The plain wall behind the applicant's chair."""
    width, height = FRAME
    down = np.linspace(0, 1, height)[:, None, None]
    across = np.linspace(-1, 1, width)[None, :, None]
    shade = 1 - 0.10 * across**2
    return (linear((214, 218, 221)) * (1 - down) + linear((186, 191, 197)) * down) * shade


def coded(picture: Array, limit: int | None = None, quality: int = 80) -> bytes:
    """JPEG; with a limit, the best quality that keeps within so many bytes."""
    for attempt in range(92 if limit else quality, 40, -2):
        target = io.BytesIO()
        Image.fromarray(picture).save(target, "JPEG", quality=attempt, optimize=True)
        if limit is None or target.tell() <= limit:
            break
    return target.getvalue()


def coded_2000(picture: Array) -> bytes:
    target = io.BytesIO()
    Image.fromarray(picture).save(target, "JPEG2000", quality_mode="rates", quality_layers=[32])
    return target.getvalue()


def write_portrait(studio: Studio, key: str) -> None:
    picture = studio.portrait(key)
    folder = HERE / "portraits"
    if key in JPEG2000:
        (folder / f"{key}.jp2").write_bytes(coded_2000(picture))
    elif key not in NO_APPLICANTS:
        (folder / f"{key}.jpg").write_bytes(coded(picture, PORTRAIT_BYTES))
    for other in (name for name, face in ALTERED.items() if face == key):
        (folder / f"{other}-altered.jpg").write_bytes(coded(picture, PORTRAIT_BYTES))


def write_frames(studio: Studio, key: str, names: list[str]) -> list[list[object]]:
    """Frames of one person; rows of ``geometry.csv``."""
    folder = HERE / "frames" / key
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in names:
        pose = POSES[name]
        picture, eyes = studio.frame(key, pose)
        (folder / f"{name}.jpg").write_bytes(coded(picture))
        rows.append([key, name, *(round(float(v), 1) for v in eyes.ravel()), *pose.turn])
    return rows


def merge_geometry(rows: list[list[object]]) -> None:
    """Where the eyes are and how the head is turned, known from the rendering."""
    path = HERE / "frames" / "geometry.csv"
    header = ["key", "frame", "right_x", "right_y", "left_x", "left_y", "yaw", "pitch", "roll"]
    known: dict[tuple[str, str], list[str]] = {}
    if path.exists():
        with path.open(newline="") as file:
            known = {(row[0], row[1]): row for row in list(csv.reader(file))[1:]}
    known |= {(str(row[0]), str(row[1])): [str(value) for value in row] for row in rows}
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *sorted(known.values())])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=list(LOOKS), choices=list(LOOKS))
    parser.add_argument("--frames", nargs="*", default=list(POSES), choices=list(POSES))
    parser.add_argument("--no-portraits", action="store_true")
    options = parser.parse_args()
    studio = Studio()
    (HERE / "frames" / "nobody.jpg").write_bytes(coded(srgb(wall() * COUNTER.exposure)))
    progress: Callable[[str], None] = lambda text: print(text, flush=True)  # noqa: E731
    for key in options.only:
        if not options.no_portraits:
            write_portrait(studio, key)
        merge_geometry(write_frames(studio, key, options.frames))
        progress(key)


if __name__ == "__main__":
    main()

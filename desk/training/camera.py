"""A camera that plays an applicant: rendered frames by a script, asked for by the clock.

The applicant sits down too far away, comes closer, turns to the left, blinks twice and
then sits still, breathing and blinking now and then. There is no thread and no Qt here:
whoever shows the picture asks ``next_frame`` as often as it likes and gets a new frame
15 times a second. Turning frames into video is left to the screens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from desk.training.applicants import TRAINING, Applicant
from desk.trouble import Trouble

Rgb = np.ndarray[Any, np.dtype[np.uint8]]

NAME = "훈련용 카메라"
FRAMES_PER_SECOND = 15
WIDTH, HEIGHT = 640, 480
STILL = "still"
_SWAY_PIXELS, _SWAY_SECONDS = 2.0, 3.7
_GRAIN = 1.6  # standard deviation of the sensor's noise, of 255


class CameraUnplugged(Trouble):
    """The camera is not there."""

    code = "CAMERA-01"


class Scene(StrEnum):
    """What the camera sees; may be changed while it plays."""

    NORMAL = "normal"
    OTHER_PERSON = "other_person"
    TWO_FACES = "two_faces"
    NOBODY = "nobody"
    TOO_FAR = "too_far"
    CHIN_DOWN = "chin_down"
    DARK_SIDE = "dark_side"
    UNPLUGGED = "unplugged"


@dataclass(frozen=True)
class Step:
    """Show ``frame`` (a file's name without ending) until ``until`` seconds of the script."""

    until: float
    frame: str


SCRIPT = (
    Step(1.6, "far"),
    Step(2.0, "near"),
    Step(4.0, STILL),
    Step(4.2, "left-10"),
    Step(5.6, "left-25"),
    Step(5.8, "left-10"),
    Step(6.8, STILL),
    Step(7.0, "blink"),
    Step(7.5, STILL),
    Step(7.7, "blink"),
    Step(math.inf, STILL),
)
"""Settle, turn, blink twice, still. Directions are the person's own."""
SETTLED = 8.0  # seconds after which the script only sits still
_IDLE_BLINK_EVERY, _IDLE_BLINK = 4.6, 0.14

_HELD: Mapping[Scene, str] = MappingProxyType(
    {
        Scene.TWO_FACES: "two",
        Scene.TOO_FAR: "far",
        Scene.CHIN_DOWN: "chin-down",
        Scene.DARK_SIDE: "dark-side",
    }
)
_OTHERS = ("stranger", "brother")  # who sits there when it is somebody else


class TrainingCamera:
    """Plays one applicant. ``now`` is a monotonic clock in seconds; the script starts with
    the first frame asked for.
    """

    name = NAME

    def __init__(self, person: Applicant, scene: Scene = Scene.NORMAL) -> None:
        self.scene = scene
        self._folder = person.frames_path
        self._started: float | None = None
        self._shown = -1

    def next_frame(self, now: float) -> Rgb | None:
        """The frame due at ``now`` (480 x 640 x 3 uint8, not mirrored), or None when it was
        already given. Raises ``CameraUnplugged``.
        """
        if self.scene is Scene.UNPLUGGED:
            raise CameraUnplugged
        if self._started is None:
            self._started = now
        number = int((now - self._started) * FRAMES_PER_SECOND + 1e-6)
        if number == self._shown:
            return None
        self._shown = number
        seconds = number / FRAMES_PER_SECOND
        return _alive(_picture(self._file(seconds)), seconds, number)

    def restart(self) -> None:
        """Play the script from its beginning at the next frame."""
        self._started, self._shown = None, -1

    def settled(self, now: float) -> bool:
        """The script is over: whoever sits there sits still."""
        return self._started is not None and now - self._started >= SETTLED

    def _file(self, seconds: float) -> Path:
        if self.scene is Scene.NOBODY:
            return TRAINING / "frames" / "nobody.jpg"
        folder = self._folder
        if self.scene is Scene.OTHER_PERSON:
            other = next(name for name in _OTHERS if name != folder.name)
            folder = TRAINING / "frames" / other
        wanted = folder / f"{_HELD.get(self.scene) or _scripted(seconds)}.jpg"
        return wanted if wanted.is_file() else folder / f"{STILL}.jpg"


def still(person: Applicant) -> Rgb:
    """The frame in which this applicant's face sits still, without sway or noise."""
    return _picture(person.frames_path / f"{STILL}.jpg")


def _scripted(seconds: float) -> str:
    if seconds > SETTLED:
        blinking = (seconds - SETTLED) % _IDLE_BLINK_EVERY > _IDLE_BLINK_EVERY - _IDLE_BLINK
        return "blink" if blinking else STILL
    return next(step.frame for step in SCRIPT if seconds < step.until)


@lru_cache(maxsize=24)
def _picture(path: Path) -> Rgb:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _alive(frame: Rgb, seconds: float, number: int) -> Rgb:
    """A breath of sway and a sensor's noise, the same for the same moment."""
    turn = 2 * math.pi * seconds / _SWAY_SECONDS
    across, down = _SWAY_PIXELS * math.sin(turn), 0.5 * _SWAY_PIXELS * math.sin(2 * turn)
    moved = Image.fromarray(np.pad(frame, ((4, 4), (4, 4), (0, 0)), mode="edge")).transform(
        (frame.shape[1], frame.shape[0]),
        Image.Transform.AFFINE,
        (1, 0, 4 + across, 0, 1, 4 + down),
        Image.Resampling.BILINEAR,
    )
    noisy = np.asarray(moved, dtype=np.float32) + np.roll(_grain(), number * 7919, axis=(0, 1))
    return np.clip(noisy, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _grain() -> np.ndarray[Any, np.dtype[np.float32]]:
    shape = (HEIGHT, WIDTH, 1)
    return np.random.default_rng(0).normal(0, _GRAIN, shape).astype(np.float32)

"""One sink for every source: frames arrive as they were made, and a camera may go away."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desk.trouble import Trouble
from desk.ui.camera import Camera
from desk.ui.pictures import Rgb, image_of, pixels_of


def noise(seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 255, (48, 61, 3)).astype(np.uint8)


def test_pixels_go_to_an_image_and_back_unchanged() -> None:
    """Also where a row of the image is padded."""
    pixels = noise(1)

    assert np.array_equal(pixels_of(image_of(pixels)), pixels)


def test_a_played_frame_arrives_through_the_sink_with_its_own_pixels(qtbot: QtBot) -> None:
    """The way of the training camera is the way of the real one."""
    pixels = noise(2)
    camera = Camera(lambda: pixels, "training")
    arrived: list[QImage] = []
    camera.pictured.connect(arrived.append)

    camera.start()
    qtbot.waitUntil(lambda: len(arrived) >= 3)
    camera.stop()

    assert np.array_equal(pixels_of(arrived[0]), pixels)


def test_an_unplugged_camera_is_said_once_and_its_return_too(qtbot: QtBot) -> None:
    """Neither the loss nor the return is repeated with every frame that is missing."""
    plugged = [False]
    said: list[str] = []

    def source() -> Rgb:
        if not plugged[0]:
            raise Trouble("unplugged")
        return noise(3)

    camera = Camera(source)
    camera.lost.connect(lambda: said.append("lost"))
    camera.found.connect(lambda: said.append("found"))
    camera.start()
    qtbot.waitUntil(lambda: said == ["lost"])
    plugged[0] = True
    qtbot.waitUntil(lambda: said == ["lost", "found"])
    camera.stop()


def test_without_a_camera_the_machine_says_so(qtbot: QtBot) -> None:
    """No device on this machine (or none of that name): lost, no crash."""
    camera = Camera(wanted="a camera that nobody has")
    said: list[str] = []
    camera.lost.connect(lambda: said.append("lost"))

    camera.start()

    qtbot.waitUntil(lambda: said == ["lost"])
    camera.stop()


def test_plugging_a_camera_in_films_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the face page had been open, every camera that came was switched on: on the home page
    and behind the lock."""
    asked: list[str] = []

    def device(wanted: str) -> None:
        asked.append(wanted)

    monkeypatch.setattr("desk.ui.camera._device", device)
    camera = Camera(wanted="the other one")
    camera.start()
    assert camera._devices is not None
    camera._devices.videoInputsChanged.emit()
    assert len(asked) == 2

    camera.stop()
    camera._devices.videoInputsChanged.emit()

    assert len(asked) == 2

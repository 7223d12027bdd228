"""The training camera plays its script by the clock it is given."""

from __future__ import annotations

import numpy as np
import pytest

from desk.training.applicants import APPLICANTS, Applicant, applicant
from desk.training.camera import (
    FRAMES_PER_SECOND,
    SCRIPT,
    SETTLED,
    CameraUnplugged,
    Scene,
    TrainingCamera,
    still,
)


def unlike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_a_frame_is_given_once_and_fifteen_times_a_second() -> None:
    camera = TrainingCamera(applicant("haneul"))
    clock = [100 + i / 60 for i in range(120)]

    frames = [camera.next_frame(now) for now in clock]

    given = [frame for frame in frames if frame is not None]
    assert len(given) == 2 * FRAMES_PER_SECOND
    assert all(frame.shape == (480, 640, 3) and frame.dtype == np.uint8 for frame in given)


def test_the_applicant_comes_nearer_turns_and_sits_still() -> None:
    camera = TrainingCamera(applicant("haneul"))
    far, settled, turned, at_last = (camera.next_frame(now) for now in (0.0, 3.0, 5.0, 9.0))
    seated = still(applicant("haneul"))

    assert far is not None
    assert settled is not None
    assert turned is not None
    assert at_last is not None
    assert unlike(settled, seated) < unlike(turned, seated)
    assert unlike(at_last, seated) < unlike(far, seated)
    assert camera.settled(0.0 + SETTLED)
    assert not camera.settled(SETTLED - 0.1)


def test_the_same_moment_gives_the_same_frame() -> None:
    one, other = (TrainingCamera(applicant("seoa")) for _ in range(2))
    one.next_frame(0.0)
    other.next_frame(50.0)

    first, second = one.next_frame(2.5), other.next_frame(52.5)

    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)


def test_a_still_applicant_is_alive() -> None:
    """Sway and noise: two moments are never quite the same picture."""
    camera = TrainingCamera(applicant("haneul"))
    camera.next_frame(0.0)

    one, other = camera.next_frame(8.2), camera.next_frame(8.9)

    assert one is not None
    assert other is not None
    assert 0 < unlike(one, other) < 12


def test_restart_plays_from_the_beginning() -> None:
    camera = TrainingCamera(applicant("haneul"))
    first = camera.next_frame(0.0)
    camera.next_frame(5.0)

    camera.restart()
    again = camera.next_frame(77.0)

    assert first is not None
    assert again is not None
    assert np.array_equal(first, again)


@pytest.mark.parametrize("scene", [scene for scene in Scene if scene is not Scene.UNPLUGGED])
def test_every_scene_gives_a_picture_of_its_own(scene: Scene) -> None:
    camera = TrainingCamera(applicant("haneul"), scene)
    camera.next_frame(0.0)

    shown = camera.next_frame(3.0)

    assert shown is not None
    assert (unlike(shown, still(applicant("haneul"))) > 5) is (scene is not Scene.NORMAL)


def test_another_person_is_never_the_one_who_sits_there_anyway() -> None:
    """Before the forger's passport the stranger sits already."""
    forger = applicant("jian")
    camera = TrainingCamera(forger, Scene.OTHER_PERSON)
    camera.next_frame(0.0)

    shown = camera.next_frame(3.0)

    assert shown is not None
    assert unlike(shown, still(forger)) > 5


def test_a_pulled_plug_is_a_trouble_and_comes_back() -> None:
    camera = TrainingCamera(applicant("haneul"), Scene.UNPLUGGED)
    with pytest.raises(CameraUnplugged) as caught:
        camera.next_frame(0.0)

    camera.scene = Scene.NORMAL

    assert caught.value.code == "CAMERA-01"
    assert camera.next_frame(0.1) is not None


@pytest.mark.parametrize("person", APPLICANTS, ids=lambda person: person.key)
def test_every_applicant_has_every_frame_of_the_script(person: Applicant) -> None:
    scripted = {step.frame for step in SCRIPT} | {"two", "chin-down", "dark-side"}

    assert {path.stem for path in person.frames_path.glob("*.jpg")} >= scripted

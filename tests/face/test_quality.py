"""Each fault of a frame is seen, said and never taken for good."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from desk.face import measures
from desk.face.finder import FaceFinder
from desk.face.guidance import Guidance
from desk.face.models import Rgb
from desk.face.pose import head_pose
from desk.face.quality import CaptureLimits, CaptureQuality, CheckName, judge
from desk.training.applicants import APPLICANTS, Applicant
from tests.face.conftest import known_frames

FrameOf = Callable[[str, str], Rgb]


@pytest.fixture(scope="session")
def judged(finder: FaceFinder, frame: FrameOf) -> Callable[[str, str], CaptureQuality]:
    def judge_frame(key: str, name: str) -> CaptureQuality:
        picture = frame(key, name)
        return judge(finder.find(picture), picture)

    return judge_frame


Judged = Callable[[str, str], CaptureQuality]


@pytest.mark.parametrize("person", APPLICANTS, ids=lambda person: person.key)
def test_an_applicant_sitting_still_is_good(judged: Judged, person: Applicant) -> None:
    quality = judged(person.live, "still")

    assert [check.name for check in quality.checks] == list(CheckName)
    assert quality.good
    assert quality.guidance is Guidance.HOLD
    assert quality.inter_eye_px >= 90


@pytest.mark.parametrize(
    ("name", "said", "failing"),
    [
        ("far", Guidance.CLOSER, CheckName.INTER_EYE),
        ("left-25", Guidance.HEAD_RIGHT, CheckName.YAW),
        ("chin-down", Guidance.CHIN_UP, CheckName.PITCH),
        ("dark-side", Guidance.DARK_SIDE, CheckName.EVENNESS),
        ("blink", None, CheckName.EYES_OPEN),
    ],
)
@pytest.mark.parametrize("person", APPLICANTS, ids=lambda person: person.key)
def test_a_fault_is_seen_and_said(
    judged: Judged, person: Applicant, name: str, said: Guidance | None, failing: CheckName
) -> None:
    quality = judged(person.live, name)

    check = quality.check(failing)
    assert check is not None
    assert not check.ok
    assert not quality.good
    assert quality.guidance is said


def test_the_other_way_is_the_other_sentence(finder: FaceFinder, frame: FrameOf) -> None:
    mirrored = np.ascontiguousarray(frame("haneul", "left-25")[:, ::-1])

    assert judge(finder.find(mirrored), mirrored).guidance is Guidance.HEAD_LEFT


def test_two_faces_are_refused_and_nothing_else_is_judged(judged: Judged) -> None:
    quality = judged("haneul", "two")

    assert quality.guidance is Guidance.ONE_PERSON
    assert quality.face_count == 2
    assert not quality.one_person
    assert not quality.good
    assert [check.name for check in quality.checks] == [CheckName.FACE_COUNT]
    assert quality.check(CheckName.YAW) is None


def test_nobody_is_refused(finder: FaceFinder, nobody: Rgb) -> None:
    quality = judge(finder.find(nobody), nobody)

    assert quality.guidance is Guidance.NO_FACE
    assert (quality.face_count, quality.inter_eye_px) == (0, 0.0)
    assert not quality.good


def test_a_face_that_fills_the_picture_is_asked_back(finder: FaceFinder, frame: FrameOf) -> None:
    close = np.asarray(
        Image.fromarray(frame("haneul", "still")).crop((160, 80, 480, 400)).resize((640, 640))
    )

    quality = judge(finder.find(close), close)

    assert quality.guidance is Guidance.BACK


def test_light_on_the_glasses_is_named(finder: FaceFinder, frame: FrameOf) -> None:
    picture = frame("junho", "still").copy()
    (face,) = finder.find(picture)
    x, y = (round(float(value)) for value in face.eye_centres[0])
    picture[y - 14 : y - 4, x - 20 : x + 20] = 255

    quality = judge(finder.find(picture), picture)

    assert quality.guidance is Guidance.GLASSES


def test_a_restless_background_is_a_fault_without_a_sentence(
    finder: FaceFinder, frame: FrameOf
) -> None:
    picture = frame("haneul", "still").copy()
    picture[:, :110] = np.random.default_rng(2).integers(0, 256, (480, 110, 3), dtype=np.uint8)

    quality = judge(finder.find(picture), picture)

    check = quality.check(CheckName.BACKGROUND)
    assert check is not None
    assert not check.ok
    assert not check.ofiq
    assert quality.guidance is None


@pytest.mark.parametrize("left", range(0, 480, 60))
@pytest.mark.parametrize("top", [0, 120, 240])
def test_a_face_half_out_of_the_picture_is_judged_too(
    finder: FaceFinder, frame: FrameOf, left: int, top: int
) -> None:
    part = np.ascontiguousarray(frame("haneul", "still")[top : top + 200, left : left + 160])

    quality = judge(finder.find(part), part)

    assert all(0 <= check.score <= 100 for check in quality.checks)
    assert quality.good is False


def test_limits_are_the_callers(finder: FaceFinder, frame: FrameOf) -> None:
    picture = frame("haneul", "still")

    strict = judge(finder.find(picture), picture, CaptureLimits(inter_eye_px=150))

    assert strict.guidance is Guidance.CLOSER


def test_the_turn_of_the_head_is_near_the_rendered_one(finder: FaceFinder, frame: FrameOf) -> None:
    """A hint: about 1 degree of yaw and roll, 3 of pitch, and single faces far worse."""
    frames = [known for known in known_frames() if known.frame in ("still", "near", "left-25")]
    errors = []
    for known in frames:
        (face,) = finder.find(frame(known.key, known.frame))
        pose = head_pose(face)
        errors.append(
            (pose.yaw - known.yaw, pose.pitch - known.pitch, pose.roll - known.roll),
        )

    off = np.abs(np.array(errors))
    assert (off.mean(0) < (2, 4, 1)).all()
    assert (off.max(0) < (8, 13, 4)).all()


def test_the_eyes_distance_is_made_good_for_the_turn(judged: Judged) -> None:
    """Turned by 25 degrees the eyes look nearer; the measure of the same seat stays."""
    straight, turned = judged("haneul", "still"), judged("haneul", "left-25")

    assert turned.inter_eye_px == pytest.approx(straight.inter_eye_px, rel=0.1)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        # Worked out by hand from the mappings of OFIQ 1.0.3 (ISO/IEC 29794-5).
        (measures.inter_eye_score(70), 50),
        (measures.inter_eye_score(90), 73),
        (measures.inter_eye_score(0), 3),
        (measures.angle_score(0), 100),
        (measures.angle_score(-60), 25),
        (measures.angle_score(95), 0),
        (measures.brightness_score(0.5), 100),
        (measures.brightness_score(0.2), 50),
        (measures.brightness_score(0.0), 2),
        (measures.background_score(0.0), 100),
        (measures.background_score(110.0), 51),
    ],
)
def test_scores_follow_the_published_mappings(score: int, expected: int) -> None:
    assert score == expected


def test_evenness_counts_what_both_cheeks_share() -> None:
    one, half = np.full((8, 8), 0.5), np.full((8, 8), 0.5)
    half[:4] = 0.9

    assert measures.evenness_score(one, one) == 100
    assert measures.evenness_score(one, half) == 81  # 100 * 0.5 ** 0.3
    assert measures.evenness_score(one, one * 0) == 0

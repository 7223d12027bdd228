"""Is this picture good enough to compare, and what should the person change?

Ten checks of one frame, each with its value, its limit and a score from 0 to 100. A check
that could not be made is absent, never good: with nobody or several people in the picture
only the count is judged. Measures and mappings stand in ``measures``; taking the picture
and repeating sentences is left to the counter and the screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from desk.face import measures
from desk.face.finder import Face
from desk.face.guidance import Guidance
from desk.face.models import Rgb
from desk.face.pixels import Points
from desk.face.pose import HeadPose, head_pose


class CheckName(StrEnum):
    """In the order of the officer's list."""

    FACE_COUNT = "face_count"
    INTER_EYE = "inter_eye"
    PITCH = "pitch"
    YAW = "yaw"
    ROLL = "roll"
    BRIGHTNESS = "brightness"
    EVENNESS = "evenness"
    EYES_OPEN = "eyes_open"
    MOUTH_CLOSED = "mouth_closed"
    BACKGROUND = "background"


@dataclass(frozen=True)
class CaptureLimits:
    """Degrees, pixels, shares and scores.

    The standard asks about 5 degrees of yaw and pitch; the mesh errs by 2 to 7, so the
    limits here are wider and pitch is advice.
    """

    inter_eye_px: float = 90
    yaw: float = 8
    pitch: float = 10
    roll: float = 8
    brightness: tuple[float, float] = (0.12, 0.8)
    evenness: int = 50
    dark_side: float = 0.45
    eye_opening: float = 0.25
    mouth_closed: int = 50
    background: int = 50
    face_height: float = 0.72
    glare: float = 0.03


@dataclass(frozen=True)
class QualityCheck:
    """``value`` and ``limit`` in the check's own unit: people, pixels, degrees (signed as in
    ``HeadPose``), percent of light, or the score itself. ``score`` and ``limit_score`` are
    0 to 100 for a bar. ``ofiq`` is false where a plainer measure stands in.
    """

    name: CheckName
    value: float
    limit: float
    ok: bool
    score: int
    limit_score: int
    ofiq: bool = True


@dataclass(frozen=True)
class CaptureQuality:
    """``inter_eye_px`` is 0 unless exactly one face is there. ``guidance`` is the worst thing
    to change, HOLD when all is well, and None where no sentence fits what is not well.
    """

    face_count: int
    inter_eye_px: float
    checks: tuple[QualityCheck, ...]
    guidance: Guidance | None
    pose: HeadPose | None = None

    @property
    def one_person(self) -> bool:
        """A picture may be taken at all."""
        return self.face_count == 1

    @property
    def good(self) -> bool:
        """Every check was made and is good."""
        made = {check.name for check in self.checks}
        return made == set(CheckName) and all(check.ok for check in self.checks)

    def check(self, name: CheckName) -> QualityCheck | None:
        """One check, None where it was not made."""
        return next((check for check in self.checks if check.name is name), None)


def judge(faces: Sequence[Face], rgb: Rgb, limits: CaptureLimits | None = None) -> CaptureQuality:
    """Judge a frame (height x width x 3 uint8) and the faces ``FaceFinder`` found in it."""
    limits = limits or CaptureLimits()
    count = _count_check(len(faces))
    if len(faces) != 1:
        crowd = Guidance.ONE_PERSON if faces else Guidance.NO_FACE
        return CaptureQuality(len(faces), 0.0, (count,), crowd)
    face, pose, light = faces[0], head_pose(faces[0]), measures.luminance(rgb)
    distance = measures.inter_eye(face, pose.yaw)
    checks = (
        count,
        _inter_eye_check(distance, limits),
        *_pose_checks(pose, limits),
        *_light_checks(face, light, limits),
        *_feature_checks(face, limits),
        _background_check(face, light, limits),
    )
    said = _guidance(face, pose, light, checks, limits)
    return CaptureQuality(1, round(distance, 1), checks, said, pose)


def _count_check(count: int) -> QualityCheck:
    good = count == 1
    return QualityCheck(CheckName.FACE_COUNT, count, 1, good, 100 if good else 0, 50)


def _inter_eye_check(distance: float, limits: CaptureLimits) -> QualityCheck:
    return QualityCheck(
        CheckName.INTER_EYE,
        round(distance, 1),
        limits.inter_eye_px,
        distance >= limits.inter_eye_px,
        measures.inter_eye_score(distance),
        measures.inter_eye_score(limits.inter_eye_px),
    )


def _pose_checks(pose: HeadPose, limits: CaptureLimits) -> tuple[QualityCheck, ...]:
    rows = (
        (CheckName.PITCH, pose.pitch, limits.pitch),
        (CheckName.YAW, pose.yaw, limits.yaw),
        (CheckName.ROLL, pose.roll, limits.roll),
    )
    return tuple(
        QualityCheck(
            name,
            round(angle, 1),
            limit,
            abs(angle) <= limit,
            measures.angle_score(angle),
            measures.angle_score(limit),
        )
        for name, angle, limit in rows
    )


def _light_checks(face: Face, light: Points, limits: CaptureLimits) -> tuple[QualityCheck, ...]:
    height, width = light.shape
    inside = light[measures.face_mask(face, (height, width))]
    mean = float(inside.mean()) if inside.size else 0.0
    low, high = limits.brightness
    even = measures.evenness_score(*measures.cheeks(face, light))
    side = measures.dark_side(*measures.cheeks(face, light))
    return (
        QualityCheck(
            CheckName.BRIGHTNESS,
            round(100 * mean, 1),
            100 * low,
            low <= mean <= high,
            measures.brightness_score(mean),
            measures.brightness_score(low),
        ),
        QualityCheck(
            CheckName.EVENNESS,
            even,
            limits.evenness,
            even >= limits.evenness and side >= limits.dark_side,
            even,
            limits.evenness,
        ),
    )


def _feature_checks(face: Face, limits: CaptureLimits) -> tuple[QualityCheck, ...]:
    opening = measures.eye_opening(face)
    mouth = measures.mouth_closed_score(face)
    return (
        QualityCheck(
            CheckName.EYES_OPEN,
            round(100 * opening, 1),
            100 * limits.eye_opening,
            opening >= limits.eye_opening,
            measures.eyes_open_score(face),
            50,
        ),
        QualityCheck(
            CheckName.MOUTH_CLOSED,
            mouth,
            limits.mouth_closed,
            mouth >= limits.mouth_closed,
            mouth,
            limits.mouth_closed,
        ),
    )


def _background_check(face: Face, light: Points, limits: CaptureLimits) -> QualityCheck:
    score = measures.background_score(measures.background_unrest(face, light))
    good = score >= limits.background
    return QualityCheck(
        CheckName.BACKGROUND, score, limits.background, good, score, limits.background, ofiq=False
    )


def _guidance(
    face: Face,
    pose: HeadPose,
    light: Points,
    checks: tuple[QualityCheck, ...],
    limits: CaptureLimits,
) -> Guidance | None:
    """The first sentence that fits, in the order of ``Guidance``."""
    bad = {check.name for check in checks if not check.ok}
    tall = (face.box[3] - face.box[1]) / light.shape[0] > limits.face_height
    side = measures.dark_side(*measures.cheeks(face, light))
    fits = {
        Guidance.CLOSER: CheckName.INTER_EYE in bad,
        Guidance.BACK: tall,
        Guidance.HEAD_LEFT: pose.yaw < -limits.yaw,
        Guidance.HEAD_RIGHT: pose.yaw > limits.yaw,
        Guidance.CHIN_UP: pose.pitch < -limits.pitch,
        Guidance.GLASSES: measures.glare(face, light) > limits.glare,
        Guidance.DARK_SIDE: side < limits.dark_side,
        Guidance.HOLD: not bad,
    }
    return next((said for said, applies in fits.items() if applies), None)

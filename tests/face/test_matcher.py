"""The comparison on rendered people: the same and others, refusals, the record."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import pytest
from PIL import Image

from desk.face.matcher import Band, Matcher
from desk.face.models import Rgb
from desk.face.troubles import NoFace, SeveralFaces
from desk.training.applicants import APPLICANTS, Applicant, Story
from tests.face.conftest import read

FrameOf = Callable[[str, str], Rgb]
PortraitOf = Callable[[str], Rgb]
THEMSELVES = [person for person in APPLICANTS if person.live == person.key]


@pytest.mark.parametrize("person", THEMSELVES, ids=lambda person: person.key)
def test_the_same_person_is_similar(
    matcher: Matcher, portrait: PortraitOf, frame: FrameOf, person: Applicant
) -> None:
    compared = matcher.compare(portrait(person.key), frame(person.key, "still"))

    assert compared.distance < 0.45
    assert compared.band is Band.SIMILAR


@pytest.mark.parametrize("person", APPLICANTS, ids=lambda person: person.key)
def test_a_stranger_is_dissimilar(
    matcher: Matcher, portrait: PortraitOf, frame: FrameOf, person: Applicant
) -> None:
    compared = matcher.compare(portrait(person.key), frame("stranger", "still"))

    assert compared.distance > 0.60
    assert compared.band is Band.DISSIMILAR


def test_the_story_of_another_face_is_told(
    matcher: Matcher, portrait: PortraitOf, frame: FrameOf
) -> None:
    person = next(p for p in APPLICANTS if p.story is Story.ANOTHER_FACE)

    compared = matcher.compare(portrait(person.key), frame(person.live, "still"))

    assert compared.band is Band.DISSIMILAR


def test_the_altered_chip_shows_the_face_before_the_camera(
    matcher: Matcher, portrait: PortraitOf, frame: FrameOf
) -> None:
    """So the face alone would pass: only the chip's check finds this forgery."""
    person = next(p for p in APPLICANTS if p.altered_dg2)
    live = frame(person.live, "still")

    forged = matcher.compare(read(person.altered_portrait_path), live)
    signed = matcher.compare(portrait(person.key), live)

    assert (forged.band, signed.band) == (Band.SIMILAR, Band.DISSIMILAR)


def test_nobody_is_taken_for_anybody_else(
    matcher: Matcher, portrait: PortraitOf, frame: FrameOf
) -> None:
    """No pair of different people falls into the similar band."""
    chips = np.array([matcher.describe(portrait(p.key)) for p in APPLICANTS])
    lives = np.array([matcher.describe(frame(p.key, "still")) for p in THEMSELVES])
    distances = np.linalg.norm(chips[:, None] - lives[None], axis=2)
    other = np.array([[a.key != b.key for b in THEMSELVES] for a in APPLICANTS])

    assert distances[other].min() > 0.50
    assert distances[~other].max() < 0.45


def test_the_record_names_matcher_version_and_limits(portrait: PortraitOf, frame: FrameOf) -> None:
    matcher = Matcher((0.05, 0.2))

    compared = matcher.compare(portrait("haneul"), frame("haneul", "still"))

    assert compared.matcher == "dlib ResNet"
    assert compared.version.startswith(version("dlib-bin"))
    assert compared.limits == (0.05, 0.2)
    assert compared.band is not Band.SIMILAR


@pytest.mark.parametrize(
    ("distance", "band"),
    [
        (0.0, Band.SIMILAR),
        (0.45, Band.SIMILAR),
        (0.4501, Band.OFFICER_DECIDES),
        (0.60, Band.OFFICER_DECIDES),
        (0.6001, Band.DISSIMILAR),
    ],
)
def test_limits_belong_to_the_band_below(distance: float, band: Band) -> None:
    assert Matcher().band(distance) is band


@pytest.mark.parametrize("limits", [(0.6, 0.45), (0.0, 0.5), (-0.1, 0.5)])
def test_limits_out_of_order_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="out of order"):
        Matcher(limits)


@pytest.mark.parametrize("size", [(240, 309), (827, 1062)])
def test_a_portrait_of_another_size_compares_alike(
    matcher: Matcher, portrait: PortraitOf, frame: FrameOf, size: tuple[int, int]
) -> None:
    resized = np.asarray(Image.fromarray(portrait("haneul")).resize(size))

    assert matcher.compare(resized, frame("haneul", "still")).band is Band.SIMILAR


def test_no_face_names_the_picture(matcher: Matcher, portrait: PortraitOf, nobody: Rgb) -> None:
    with pytest.raises(NoFace) as live:
        matcher.compare(portrait("haneul"), nobody)
    with pytest.raises(NoFace) as chip:
        matcher.compare(nobody, portrait("haneul"))

    assert live.value.code == "FACE-01"
    assert live.value.facts == {"picture": "live"}
    assert chip.value.facts == {"picture": "chip"}


def test_several_faces_are_refused(matcher: Matcher, portrait: PortraitOf, frame: FrameOf) -> None:
    with pytest.raises(SeveralFaces) as caught:
        matcher.compare(portrait("haneul"), frame("haneul", "two"))

    assert caught.value.code == "FACE-02"
    assert caught.value.facts == {"picture": "live", "count": 2}

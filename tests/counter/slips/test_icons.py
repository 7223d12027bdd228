"""The icons' path data as outlines: arcs become curves that stay on their circle."""

from __future__ import annotations

import math

import pytest

from desk.counter.slips.icons import icon, outline_of

USED = (
    "circle-alert",
    "circle-check",
    "circle-dashed",
    "circle-question-mark",
    "circle-x",
    "clock",
    "eye-off",
    "lock",
    "scissors",
    "triangle-alert",
)


@pytest.mark.parametrize("name", USED)
def test_an_icon_stays_in_its_box(name: str) -> None:
    points = [point for _, points in icon(name).operations for point in points]

    assert points
    assert all(0 <= x <= 24 and 0 <= y <= 24 for x, y in points)


# Quarter, half and three quarters of the circle of radius 5 around (10, 10), by hand.
@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("M15 10a5 5 0 0 1-5 5", (10, 15)),
        ("M15 10A5 5 0 0 1 5 10", (5, 10)),
        ("M15 10a5 5 0 1 1-5-5", (10, 5)),
        ("M15 10A5 5 0 00 10 5", (10, 5)),
    ],
)
def test_an_arc_stays_on_its_circle(path: str, end: tuple[float, float]) -> None:
    operations = outline_of(path).operations

    ends = [points[-1] for _, points in operations]
    assert ends[-1] == pytest.approx(end)
    assert all(math.dist(point, (10, 10)) == pytest.approx(5) for point in ends)
    start = operations[0][1][0]
    for _, (first, second, to) in operations[1:]:
        middle = [
            (a + 3 * b + 3 * c + d) / 8 for a, b, c, d in zip(start, first, second, to, strict=True)
        ]
        assert math.dist(middle, (10, 10)) == pytest.approx(5, abs=0.002)
        start = to


def test_relative_and_absolute_say_the_same() -> None:
    assert outline_of("M2 2h4v4l-4-4z").operations == outline_of("M2 2H6V6L2 2Z").operations


def test_pairs_after_a_move_are_lines() -> None:
    assert [kind for kind, _ in outline_of("m2 2 20 20").operations] == ["m", "l"]

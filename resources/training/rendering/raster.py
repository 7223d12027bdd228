"""Triangles in, pixels out: a small rasteriser with a depth buffer, in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray

_SIZES = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64, 128, 256, 512, 1024, 4096)
_AT_ONCE = 1_000_000  # pixels looked at in one step, to bound the memory


@dataclass(frozen=True)
class Hits:
    """Per pixel, flat: the triangle hit (-1 none), its three weights, its depth."""

    triangle: Array
    weights: Array
    depth: Array


def rasterise(points: Array, faces: Array, width: int, height: int, one_sided: bool) -> Hits:
    """``points``: V x 3, pixel x, pixel y, depth (positive). One-sided: only triangles that
    turn clockwise on the screen are drawn.
    """
    corners = points[faces]
    area = _cross(corners, 0, 1, 2)
    low = np.floor(corners[:, :, :2].min(1)).astype(int)
    high = np.ceil(corners[:, :, :2].max(1)).astype(int)
    seen = (high >= 0).all(1) & (low[:, 0] < width) & (low[:, 1] < height)
    seen &= (area > 1e-9) if one_sided else (np.abs(area) > 1e-9)
    seen &= corners[:, :, 2].min(1) > 0.01
    chosen = np.nonzero(seen)[0]
    size = (high - low)[chosen].max(1) + 1
    hits = Hits(
        np.full(width * height, -1, dtype=np.int64),
        np.zeros((width * height, 3)),
        np.full(width * height, np.inf),
    )
    under = 0
    for edge in _SIZES:
        group = chosen[(size > under) & (size <= edge)]
        under = edge
        step = max(1, _AT_ONCE // (edge * edge))
        for start in range(0, len(group), step):
            part = group[start : start + step]
            _draw(hits, part, corners[part], area[part], low[part], edge, (width, height))
    return hits


def _cross(corners: Array, a: int, b: int, c: int) -> Array:
    one, other = corners[:, b] - corners[:, a], corners[:, c] - corners[:, a]
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


def _draw(
    hits: Hits,
    ids: Array,
    corners: Array,
    area: Array,
    low: Array,
    edge: int,
    size: tuple[int, int],
) -> None:
    """Draw triangles that each fit a square of ``edge`` pixels at ``low``.

    A corner's share is linear over the screen, so it is one sum of a row and a column.
    """
    width, height = size
    slopes = [_slopes(corners, low, a, b) / area for a, b in ((1, 2), (2, 0), (0, 1))]
    grid = np.arange(edge) + 0.5
    inside = np.ones((len(ids), edge, edge), dtype=bool)
    for along, down, at_corner in slopes:
        row = along[:, None] * grid
        column = down[:, None] * grid + at_corner[:, None]
        inside &= (row[:, None, :] + column[:, :, None]) >= 0
    which, y, x = np.nonzero(inside)
    at_x, at_y = x + low[which, 0], y + low[which, 1]
    seen = (at_x >= 0) & (at_y >= 0) & (at_x < width) & (at_y < height)
    which, x, y, at_x, at_y = (v[seen] for v in (which, x, y, at_x, at_y))
    # weights that are right in perspective
    shares = np.stack(
        [s[0][which] * (x + 0.5) + s[1][which] * (y + 0.5) + s[2][which] for s in slopes], -1
    )
    bent = shares / corners[which, :, 2]
    distance = 1 / (bent.sum(1) + 1e-30)
    pixel = at_y * width + at_x
    nearer = np.nonzero(distance < hits.depth[pixel])[0]
    order = nearer[np.argsort(-distance[nearer], kind="stable")]  # the nearest is written last
    pixel, distance = pixel[order], distance[order]
    hits.depth[pixel] = distance
    hits.triangle[pixel] = ids[which[order]]
    hits.weights[pixel] = bent[order] * distance[:, None]


def _slopes(corners: Array, low: Array, a: int, b: int) -> Array:
    """3 x N: change along x, along y, and the value at ``low`` of twice the area that the
    edge from ``a`` to ``b`` makes with a point.
    """
    across = corners[:, b, 0] - corners[:, a, 0]
    down = corners[:, b, 1] - corners[:, a, 1]
    start = corners[:, a, :2] - low
    return np.stack([-down, across, down * start[:, 0] - across * start[:, 1]])

"""Noise, colours and small geometry shared by the rendering."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

_LATTICE = np.random.default_rng(20261123).random((64, 64, 64), dtype=np.float32).ravel()


def noise(points: Array, seed: int = 0) -> Array:
    """Smooth value noise, 0 to 1, period 64, at points (..., 3)."""
    points = np.asarray(points, np.float32) + np.float32(seed * 7.31 % 61)
    cell = np.floor(points)
    f = points - cell
    cell = cell.astype(np.int32)
    f = f * f * (3 - 2 * f)
    x = ((cell[..., 0] & 63) << 12, ((cell[..., 0] + 1) & 63) << 12)
    y = ((cell[..., 1] & 63) << 6, ((cell[..., 1] + 1) & 63) << 6)
    z = (cell[..., 2] & 63, (cell[..., 2] + 1) & 63)

    def edge(a: Array, b: Array) -> Array:
        low = _LATTICE[a + b + z[0]]
        return low + (_LATTICE[a + b + z[1]] - low) * f[..., 2]

    def side(a: Array) -> Array:
        low = edge(a, y[0])
        return low + (edge(a, y[1]) - low) * f[..., 1]

    low = side(x[0])
    return low + (side(x[1]) - low) * f[..., 0]


def clouds(points: Array, octaves: int = 3, seed: int = 0) -> Array:
    """Noise of several sizes, each half as strong as the one before."""
    total, amount, whole = 0.0, 1.0, 0.0
    for i in range(octaves):
        total = total + amount * noise(points * 2**i, seed + i)
        whole += amount
        amount *= 0.5
    return total / whole


def smooth(low: float, high: float, x: Array) -> Array:
    """0 below ``low``, 1 above ``high``, an S between them (also downwards)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array, b: Array, share: Array) -> Array:
    share = np.asarray(share)[..., None]
    return a * (1 - share) + b * share


def linear(colour: tuple[float, ...] | Array) -> Array:
    """sRGB 0 to 255 as linear light 0 to 1."""
    c = np.asarray(colour, float) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def srgb(light: Array) -> Array:
    """Linear light as sRGB 0 to 255 (uint8)."""
    x = np.clip(light, 0, 1)
    coded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    return np.round(coded * 255).astype(np.uint8)


def blur(a: Array, radius: float) -> Array:
    """Three box passes over the first two axes."""
    r = max(1, round(radius))
    for axis in (0, 1):
        for _ in range(3):
            pad = [(0, 0)] * a.ndim
            pad[axis] = (r + 1, r)
            sums = np.cumsum(np.pad(a, pad, mode="edge"), axis=axis)
            n = a.shape[axis]
            high = np.take(sums, np.arange(2 * r + 1, 2 * r + 1 + n), axis=axis)
            a = (high - np.take(sums, np.arange(n), axis=axis)) / (2 * r + 1)
    return a


def sample(data: Array, xy: Array) -> Array:
    """Values of a picture (H, W, C) between its pixels; ``xy`` (N, 2) in pixels."""
    h, w = data.shape[:2]
    x, y = np.clip(xy[:, 0], 0, w - 1.001), np.clip(xy[:, 1], 0, h - 1.001)
    i, j = y.astype(int), x.astype(int)
    fy, fx = (y - i)[:, None].astype(np.float32), (x - j)[:, None].astype(np.float32)
    upper = data[i, j] * (1 - fx) + data[i, j + 1] * fx
    return upper * (1 - fy) + (data[i + 1, j] * (1 - fx) + data[i + 1, j + 1] * fx) * fy


def spread(values: Array, faces: Array, triangle: Array, weights: Array) -> Array:
    """Values of the vertices carried to the pixels of ``triangle`` by ``weights``."""
    at = values[faces[triangle]]
    if values.ndim == 1:
        return (at * weights).sum(1)
    return (at * weights[:, :, None]).sum(1)


def normals(points: Array, faces: Array) -> Array:
    """Outward unit normals of the vertices."""
    across = np.cross(
        points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    )
    out = np.zeros_like(points)
    for i in range(3):
        np.add.at(out, faces[:, i], across)
    return -out / (np.linalg.norm(out, axis=1, keepdims=True) + 1e-12)


def unit(vectors: Array) -> Array:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)


def rotation(yaw: float, pitch: float, roll: float) -> Array:
    """3 x 3. Degrees: yaw above 0 turns the nose to the picture's right, pitch above 0
    raises the chin, roll above 0 leans to the picture's right.
    """
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), -np.sin(y), 0], [np.sin(y), np.cos(y), 0], [0, 0, 1]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    lean = np.array([[np.cos(r), 0, np.sin(r)], [0, 1, 0], [-np.sin(r), 0, np.cos(r)]])
    return lean @ nod @ turn

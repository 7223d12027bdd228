"""Hair: shells around the head with cut-out strands, falling straight where it is long.

The sheet is a grid of directions around the head (turn 0 is the face, downwards from the
crown). ``cover`` says in steps of about a centimetre how far inside the hairline a place
is; strands end where it runs out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .figure import Layer
from .tools import Array, clouds, noise, normals, sample, smooth

if TYPE_CHECKING:
    from .figure import Person


@dataclass(frozen=True)
class Style:
    """Metres. ``hang``: how far below the eyes long hair ends; ``fringe``: how far it comes
    down the forehead; ``flow``: crown (all ways down), side (parted) or back (combed back).
    """

    top: float
    side: float
    fringe: float = 0.0
    hang: float | None = None
    lift: float = 0.1
    curl: float = 0.0
    flow: str = "crown"
    part: float = 0.0


STYLES = {
    "crop": Style(0.020, 0.007, lift=0.6),
    "sidepart": Style(0.024, 0.009, 0.012, lift=0.5, flow="side"),
    "fringe": Style(0.020, 0.012, 0.030, lift=0.3),
    "buzz": Style(0.006, 0.004, lift=0.2),
    "thin": Style(0.007, 0.008, -0.028, lift=0.2, flow="back"),
    "perm": Style(0.024, 0.020, 0.004, lift=0.8, curl=0.010),
    "bob": Style(0.016, 0.016, hang=0.085),
    "bobfringe": Style(0.016, 0.016, 0.034, hang=0.075),
    "long": Style(0.014, 0.014, hang=0.22),
    "longside": Style(0.018, 0.015, hang=0.26, curl=0.004, part=0.5),
}
_SHELLS = 5
# Template: the height above which hair grows, by depth (forehead, temple, ear, nape).
_LINE = (
    (-0.14, 0.722),
    (-0.128, 0.722),
    (-0.115, 0.719),
    (-0.10, 0.712),
    (-0.082, 0.698),
    (-0.066, 0.676),
    (-0.054, 0.648),
    (-0.044, 0.634),
    (-0.030, 0.662),
    (-0.012, 0.655),
    (0.0, 0.618),
    (0.03, 0.585),
    (0.07, 0.578),
)


class Hair:
    def __init__(self, person: Person) -> None:
        self._person, self.style = person, STYLES[person.look.hair]
        self._find_head()
        self._cover_head()
        faces = _grid_faces(*self._turn.shape)
        self._faces = faces[self._cover.ravel()[faces].max(1) > -0.8]
        self._tangent = self._strand_directions()
        self._draw_strands()

    def layers(self, head: Callable[[Array], Array], matrix: Array) -> list[Layer]:
        """Shells from the scalp outwards; ``head`` places points, ``matrix`` turns them."""
        out, style = [], self.style
        for shell in range(_SHELLS):
            level = shell / (_SHELLS - 1)
            room = level * (0.0016 if style.hang else 0.0032) * (1 + style.lift)
            points = head((self._surface + self._directions * room).reshape(-1, 3))
            extra = {
                "level": level,
                "cover": self._cover.ravel(),
                "grid": self._grid,
                "tangent": self._tangent.reshape(-1, 3) @ matrix.T,
            }
            template = self._template.reshape(-1, 3)
            normal = normals(points, self._faces)
            out.append(Layer("hair", points, self._faces, template, normal, None, extra))
        return out

    def _find_head(self, turns: int = 121, falls: int = 70) -> None:
        """How far the skin is from the middle of the head in each direction."""
        person = self._person
        base, points = person.base, person.neutral
        template = base.template
        self._centre = person.origin + np.array([0, 0.075, 0.012])
        body = np.unique(person.body)
        out = points - self._centre
        far = np.linalg.norm(out, axis=1)
        facing = (normals(points, person.body)[body] * out[body]).sum(1) / far[body]
        chosen = (base.turning[body] > 0.45) & (facing > 0.35) & (template[body, 2] > 0.50)
        chosen &= base.mask("ears", base.vertex_uv)[body] < 0.05
        at = template[body]  # the ears' backs are not in the mask
        chosen &= ~((np.abs(at[:, 0]) > 0.072) & (at[:, 2] < 0.668) & (at[:, 1] > -0.06))
        skull = body[chosen]
        self._turn, self._fall = np.meshgrid(
            np.linspace(-np.pi, np.pi, turns), np.linspace(np.pi / 2, -1.15, falls), indexing="ij"
        )
        flat = np.cos(self._fall)
        self._directions = np.stack(
            [np.sin(self._turn) * flat, -np.cos(self._turn) * flat, np.sin(self._fall)], -1
        )
        towards = self._directions.reshape(-1, 3) @ (out[skull] / far[skull, None]).T
        weights = np.exp(np.clip((towards - 1) / 0.0045, -60, 0))
        weights /= weights.sum(1, keepdims=True) + 1e-30
        self._radius = (weights @ far[skull]).reshape(self._turn.shape)
        self._template = (weights @ template[skull]).reshape(*self._turn.shape, 3)

    def _cover_head(self) -> None:
        style, at = self.style, self._template
        rng = np.random.default_rng(self._person.look.seed + 7)
        thick = style.side + (style.top - style.side) * smooth(0.665, 0.735, at[..., 2])
        uneven = clouds(self._directions * 3.1 + rng.uniform(0, 9), 2) - 0.5
        thick = thick * (1 + 0.25 * uneven)
        if style.curl:
            thick = thick + style.curl * (clouds(self._directions * 16, 2, 3) - 0.5) * 2
        line = np.interp(at[..., 1], *zip(*_LINE, strict=True))
        front = smooth(1.25, 0.7, np.abs(self._turn))
        if style.flow == "side":
            front = front * (1 + 0.5 * np.sin(self._turn * 1.3 + 0.6))
        cover = (at[..., 2] - line + style.fringe * front) / 0.012
        if not style.hang:
            thick = thick * (0.25 + 0.75 * smooth(0, 0.035, at[..., 2] - line))
            # the hair lies down towards its line, so that no gap shows under it
            close = smooth(-0.6, 2.2, cover)
            thick = thick * (np.maximum(close, 0.35 * front) if style.fringe > 0.01 else close)
        out = self._directions * (self._radius + thick + 0.0008)[..., None]
        self._surface = self._centre + out
        if style.hang:
            self._surface, cover = self._hanging(self._surface, style.hang)
        self._cover = np.clip(cover, -3, 3)

    def _hanging(self, surface: Array, length: float) -> tuple[Array, Array]:
        """From the widest place on, the hair falls straight down; the face stays free."""
        start = int(np.argmin(np.abs(self._fall[0] - 0.12)))
        steps = np.linspace(0, 1, self._fall.shape[1] - start)
        low = self._person.origin[2] - length
        widest = surface[:, start]
        out = surface.copy()
        for k, share in enumerate(steps):
            sway = 1 + 0.10 * share + (0.03 * np.sin(share * 7) if self.style.curl else 0)
            if length < 0.12:
                sway = sway - 0.20 * smooth(0.5, 1.0, share)
            here = widest.copy()
            here[:, 2] = widest[:, 2] * (1 - share) + low * share
            here[:, :2] = self._centre[:2] + (widest[:, :2] - self._centre[:2]) * sway
            out[:, start + k] = here
        height = out[..., 2] - self._person.origin[2]
        aside = np.abs(np.angle(np.exp(1j * (self._turn - self.style.part * 0.35))))
        return out, np.where(height > 0.085, 3, (aside - self._opening(height)) / 0.05)

    def _opening(self, height: Array) -> Array:
        """Half the angle of the opening for the face, by height over the eyes."""
        if self.style.fringe > 0.02:
            top = 0.072 - self.style.fringe
            heights = (-0.3, -0.08, -0.03, 0.0, top - 0.004, top + 0.004)
            return np.interp(height, heights, (0.78, 0.80, 0.82, 0.84, 0.86, -0.2))
        heights = (-0.3, -0.08, -0.03, 0.0, 0.03, 0.055, 0.072, 0.080)
        return np.interp(height, heights, (0.72, 0.78, 0.82, 0.82, 0.74, 0.50, 0.14, -0.1))

    def _strand_directions(self) -> Array:
        along = np.gradient(self._surface, axis=1)
        if self.style.flow == "back":
            across = np.gradient(self._surface, axis=0) * np.sign(self._turn)[..., None]
            along = across + 0.2 * along
        return along / (np.linalg.norm(along, axis=2, keepdims=True) + 1e-9)

    def _across_strands(self) -> Array:
        """Coordinates whose first axes run across the strands."""
        turn, at = self._turn, self._surface - self._centre
        nothing = 0 * turn
        if self.style.flow == "back":
            across = np.arctan2(at[..., 0], at[..., 2] + 0.04) * 9
            return np.stack([across, at[..., 1] * 8, nothing], -1)
        if self.style.flow == "side":
            over = np.stack([at[..., 1] * 28 + at[..., 0] * 8, at[..., 0] * 9, nothing], -1)
            down = np.stack([turn * 9, at[..., 2] * 14, nothing + 5], -1)
            return np.where((self._template[..., 2] > 0.70)[..., None], over, down)
        x, y = np.sin(turn) * 9, np.cos(turn) * 9
        return np.stack([x + y, x - y, at[..., 2] * (3 if self.style.hang else 10)], -1)

    def _draw_strands(self, width: int = 1800, height: int = 700) -> None:
        """Two sizes of strands over the grid, worked out once."""
        across = self._across_strands().astype(np.float32)
        a, b, _ = across.shape
        x, y = np.meshgrid(np.linspace(0, b - 1.001, height), np.linspace(0, a - 1.001, width))
        at = sample(across, np.stack([x.ravel(), y.ravel()], 1))
        crown, seed = self.style.flow == "crown", self._person.look.seed
        fine = noise(at * np.array([26, 26, 2.2] if crown else [22, 3, 1]), seed)
        broad = noise(at * np.array([6, 6, 1.2] if crown else [6, 1, 1]), seed + 1)
        self.strands = np.stack([fine, broad], -1).reshape(width, height, 2).astype(np.float32)
        i, j = np.meshgrid(
            np.linspace(0, width - 1, a), np.linspace(0, height - 1, b), indexing="ij"
        )
        self._grid = np.stack([j, i], -1).reshape(-1, 2)


def _grid_faces(a: int, b: int) -> Array:
    i, j = np.meshgrid(np.arange(a - 1), np.arange(b - 1), indexing="ij")
    k = (i * b + j).ravel()
    quads = np.stack([k, k + 1, k + b + 1, k + b], 1)
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])

"""The body of one invented person: anny's mesh shaped, expressed and turned.

Paint and hair are laid out in the coordinates of anny's neutral body («template»), in
metres: the face looks to -y, the eyes lie at x +-0.0295, y -0.108, z 0.649, the tip of
the nose at z 0.610, the mouth at z 0.581, the chin at z 0.541.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anny
import numpy as np
import torch
from PIL import Image

from .people import Look, local_changes
from .raster import rasterise
from .tools import Array, clouds, linear, normals, rotation, sample, smooth, spread

_DATA = Path(anny.__file__).parent / "data" / "mpfb2"
_EYE = np.array([0.0, -0.1076, 0.6487])  # template: midpoint of the eyeballs
_PIVOT = np.array([0.0, -0.035, 0.555])  # template: where the neck bends
_TURNING = {
    "head": 1.0, "eye.L": 1.0, "eye.R": 1.0, "neck03": 0.75, "neck02": 0.5, "neck01": 0.25,
}  # fmt: skip
EYES = ("helper-l-eye", "helper-r-eye")


@dataclass
class Layer:
    """One surface: where its vertices are, where they are in the template, what it is."""

    kind: str
    points: Array
    faces: Array
    template: Array
    normal: Array
    uv_faces: Array | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Base:
    """What all bodies share: faces by group, texture coordinates, masks, weights."""

    def __init__(self) -> None:
        self.model = anny.Anny(
            local_changes="all", facial_actions="all", phenotypes="all", topology="anny-full"
        ).to(dtype=torch.float32)
        self._read_faces()
        self.template = self.vertices(dict.fromkeys(self.model.phenotype_labels, 0.5), {}, {})
        self.turning = self._turning()
        self.masks = {
            name: np.asarray(Image.open(_DATA / f"textures/mpfb_{name}.jpg").convert("L")) / 255.0
            for name in ("lips", "eyelids", "ears", "inside-mouth")
        }

    def vertices(self, phenotype: dict, local: dict, actions: dict) -> Array:
        with torch.no_grad():
            result = self.model(
                pose_parameters=None,
                phenotype_kwargs=phenotype,
                local_changes_kwargs=local or None,
                facial_actions=actions or None,
            )
        return result["vertices"][0].numpy().astype(float)

    def faces(self, *groups: str) -> Array:
        """Triangles (vertex numbers) of groups of the base mesh."""
        return _triangles(self._faces, groups)

    def uv_faces(self, *groups: str) -> Array:
        """The same triangles as numbers of texture points."""
        return _triangles(self._uv_faces, groups)

    def mask(self, name: str, uv: Array) -> Array:
        picture = self.masks[name]
        h, w = picture.shape
        return sample(picture[..., None], np.stack([uv[:, 0] * w, (1 - uv[:, 1]) * h], -1))[:, 0]

    def above(self, faces: Array, height: float) -> Array:
        """Which faces lie above a height of the template."""
        return self.template[faces][:, :, 2].min(1) > height

    def _read_faces(self) -> None:
        self._faces: dict[str, list] = {}
        self._uv_faces: dict[str, list] = {}
        uv, group = [], ""
        for line in (_DATA / "3dobjs/base.obj").read_text().splitlines():
            kind, *rest = line.split() or [""]
            if kind == "g":
                group = rest[0]
            elif kind == "vt":
                uv.append([float(value) for value in rest[:2]])
            elif kind == "f":
                corners = [part.split("/") for part in rest]
                self._faces.setdefault(group, []).append([int(c[0]) - 1 for c in corners])
                self._uv_faces.setdefault(group, []).append([int(c[1]) - 1 for c in corners])
        self.uv = np.array(uv)
        self.vertex_uv = np.zeros((len(self.model.template_vertices), 2))
        for name, faces in self._faces.items():
            for face, points in zip(faces, self._uv_faces[name], strict=True):
                self.vertex_uv[face] = self.uv[points]

    def _turning(self) -> Array:
        """How much each vertex follows the head, 0 to 1."""
        weights = self.model.vertex_bone_weights.numpy()
        bones = self.model.vertex_bone_indices.numpy()
        labels = self.model.bone_labels
        return sum(
            (weights * (bones == labels.index(name))).sum(1) * share
            for name, share in _TURNING.items()
        )


class Person:
    """One shaped body, ready to be turned and drawn again and again."""

    def __init__(self, base: Base, look: Look) -> None:
        from .hair import Hair
        from .paint import skin_paint

        self.base, self.look = base, look
        labels = base.model.phenotype_labels
        self._phenotype = dict.fromkeys(labels, 0.5) | {
            "gender": look.gender,
            "age": look.age,
            "weight": look.weight,
            "muscle": 0.45 + 0.15 * look.gender,
            "asian": look.asian,
            "caucasian": (1 - look.asian) * 0.8,
            "african": (1 - look.asian) * 0.2,
        }
        self._local = local_changes(look, set(base.model.local_change_labels))
        self.neutral = self._shaped({})
        self._measure()
        body = base.faces("body")
        near = base.above(body, 0.25)
        self.body, self._body_uv = body[near], base.uv_faces("body")[near]
        self._eyes = base.faces(*EYES)
        self._lashes = base.faces("helper-l-eyelashes-2", "helper-r-eyelashes-2")
        clothes = base.faces("helper-tights")
        self._clothes = clothes[base.above(clothes, 0.15)]
        rng = np.random.default_rng(look.seed + 999)
        self.moles = rng.uniform([-0.05, 0.55], [0.05, 0.70], (4, 2))
        self.skin = SkinTexture(self, skin_paint)
        self.hair = Hair(self)

    def layers(
        self,
        turn: tuple[float, float, float] = (0, 0, 0),
        actions: dict[str, float] | None = None,
        shift: tuple[float, float, float] = (0, 0, 0),
    ) -> list[Layer]:
        """All surfaces, farthest inside first. ``turn``: yaw, pitch, roll in degrees;
        ``actions``: anny's facial actions; ``shift``: metres.
        """
        base, move = self.base, np.array(shift)
        points = self._turned(self._shaped(actions or {}), turn) + move
        matrix = rotation(*turn)
        head = lambda p: (p - self._pivot) @ matrix.T + self._pivot + move  # noqa: E731
        plain = [
            ("skin", self.body, self._body_uv),
            ("eye", self._eyes, None),
            ("lash", self._lashes, None),
        ]
        out = [
            Layer(kind, points, faces, base.template, normals(points, faces), uv)
            for kind, faces, uv in plain
        ]
        out.append(self._dressed(points))
        out += self.hair.layers(head, matrix)
        if self.look.glasses:
            out.append(self._glasses(head))
        return out

    def eyes(self, turn: tuple[float, float, float], shift: tuple[float, float, float]) -> Array:
        """Centres of both eyeballs after turning, the person's right one first."""
        centres = [self.neutral[np.unique(self.base.faces(name))].mean(0) for name in EYES[::-1]]
        return (np.array(centres) - self._pivot) @ rotation(*turn).T + self._pivot + np.array(shift)

    def _shaped(self, actions: dict[str, float]) -> Array:
        return self.base.vertices(self._phenotype, self._local, actions)

    def _measure(self) -> None:
        both = self.neutral[np.unique(self.base.faces(*EYES))]
        self.origin = np.array([0, both[:, 1].mean(), both[:, 2].mean()])
        self._pivot = self.origin + (_PIVOT - _EYE)
        self.crown = self.neutral[self.base.turning > 0.95][:, 2].max()
        at_chin = np.linalg.norm(self.base.template - np.array([0, -0.125, 0.546]), axis=1)
        self.chin = self.neutral[np.argmin(at_chin), 2]

    def _turned(self, points: Array, turn: tuple[float, float, float]) -> Array:
        """The neck bends in sixteen steps between chest and head."""
        out = np.empty_like(points)
        level = np.clip(np.round(self.base.turning * 16).astype(int), 0, 16)
        for step in range(17):
            part = level == step
            matrix = rotation(*(angle * step / 16 for angle in turn))
            out[part] = (points[part] - self._pivot) @ matrix.T + self._pivot
        return out

    def _dressed(self, points: Array) -> Layer:
        """anny's tights, a finger's breadth off the skin, closing at the collar."""
        template, faces = self.base.template, self._clothes
        room = 0.0075 + 0.006 * clouds(template * 22, 2, 5)
        room = 0.0015 + room * smooth(0.0, 0.05, collar_line(template) - template[:, 2])
        moved = points + normals(points, faces) * room[:, None]
        return Layer("cloth", moved, faces, template, normals(moved, faces))

    def _glasses(self, head: Any) -> Layer:
        """Two rims, a bridge and the arms, as thin tubes."""
        paths = []
        right, left = (
            self.neutral[np.unique(self.base.faces(name))].mean(0) for name in EYES[::-1]
        )
        front = self.neutral[np.unique(self.body)][:, 1].min() + 0.012
        around = np.linspace(0, 2 * np.pi, 49)
        for centre in (right, left):
            x = centre[0] * 1.06 + 0.0250 * np.sign(np.cos(around)) * np.abs(np.cos(around)) ** 0.75
            z = (
                centre[2]
                - 0.003
                + 0.0185 * np.sign(np.sin(around)) * np.abs(np.sin(around)) ** 0.75
            )
            paths.append(np.stack([x, front + 0.10 * x**2 * 30, z], -1))
        inner, outer = abs(left[0]) * 1.06 - 0.025, abs(left[0]) * 1.06 + 0.025
        z = left[2] + 0.004
        t = np.linspace(-1, 1, 13)
        bridge = np.stack([t * inner, front + 0.002 + 0 * t, z + 0.003 * (1 - t**2)], -1)
        paths.append(bridge)
        for side in (-1, 1):
            y = np.linspace(front + 3 * outer**2, left[1] + 0.085, 15)
            wide = np.interp(y, [y[0], y[-1]], [outer, max(outer + 0.012, 0.074)])
            paths.append(np.stack([side * wide, y, z + 0 * y], -1))
        tubes = [_tube(path, 0.0013) for path in paths]
        points = head(np.concatenate([tube[0] for tube in tubes]))
        starts = np.cumsum([0] + [len(tube[0]) for tube in tubes[:-1]])
        faces = np.concatenate([tube[1] + at for tube, at in zip(tubes, starts, strict=True)])
        return Layer("frame", points, faces, points, normals(points, faces))


class SkinTexture:
    """The skin's paint, worked out once over the plane of the texture."""

    SIZE = 1500

    def __init__(self, person: Person, paint: Any) -> None:
        base, size = person.base, self.SIZE
        high = base.above(person.body, 0.44)
        faces, uv_faces = person.body[high], person._body_uv[high]
        used = base.uv[np.unique(uv_faces)]
        self._low, self._high = used.min(0) - 0.002, used.max(0) + 0.002
        flat = np.concatenate([self._place(base.uv), np.ones((len(base.uv), 1))], 1)
        hits = rasterise(flat, uv_faces, size, size, one_sided=False)
        hit = np.nonzero(hits.triangle >= 0)[0]
        triangle, weights = hits.triangle[hit], hits.weights[hit]
        uv = spread(base.uv, uv_faces, triangle, weights)
        colour, bumps, lips = paint(person, spread(base.template, faces, triangle, weights), uv)
        data = np.zeros((size * size, 7), np.float32)
        data[:, :3] = linear(person.look.skin)
        data[hit, :3], data[hit, 3] = colour, lips
        data[hit, 4], data[hit, 5:7] = base.mask("inside-mouth", uv), bumps
        self._data = data.reshape(size, size, 7)

    def at(self, uv: Array) -> Array:
        """Colour (3), lip, inside of the mouth, bumps (2) at texture points."""
        return sample(self._data, self._place(uv) - 0.5)

    def _place(self, uv: Array) -> Array:
        return (uv - self._low) / (self._high - self._low) * self.SIZE


def collar_line(template: Array) -> Array:
    """Height of a round collar: low in front, high at the back."""
    sides = smooth(0.035, 0.080, np.abs(template[:, 0]))
    return 0.500 + 0.40 * template[:, 1] + 0.034 * sides


def _triangles(groups: dict[str, list], names: tuple[str, ...]) -> Array:
    quads = (face for name in names for face in groups[name])
    return np.array(
        [[face[0], face[i + 1], face[i]] for face in quads for i in range(1, len(face) - 1)]
    )


def _tube(path: Array, radius: float, sides: int = 8) -> tuple[Array, Array]:
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    up = np.cross(along, [0, 1.0, 0.2])
    up /= np.linalg.norm(up, axis=1, keepdims=True) + 1e-9
    out = np.cross(along, up)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    rings = path[:, None] + radius * (
        np.cos(angle)[None, :, None] * up[:, None] + np.sin(angle)[None, :, None] * out[:, None]
    )
    i, j = np.meshgrid(np.arange(len(path) - 1), np.arange(sides), indexing="ij")
    k, n = (i * sides + j).ravel(), (i * sides + (j + 1) % sides).ravel()
    faces = np.concatenate([np.stack([k, n, k + sides], 1), np.stack([n, n + sides, k + sides], 1)])
    return rings.reshape(-1, 3), faces

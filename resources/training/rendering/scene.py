"""Camera, light, shadow: people become a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .figure import Layer, Person
from .paint import cloth_paint, eye_paint, hair_paint, lash_paint
from .raster import rasterise
from .tools import Array, blur, mix, smooth, spread, unit


@dataclass(frozen=True)
class Camera:
    """``scale``: pixels a metre in the plane of ``origin``, which is seen at ``x``, ``y``."""

    origin: Array
    scale: float
    x: float
    y: float
    distance: float

    def project(self, points: Array) -> Array:
        """Pixel x, pixel y, depth in metres."""
        depth = points[:, 1] - self.origin[1] + self.distance
        zoom = self.scale * self.distance / depth
        across = self.x + zoom * (points[:, 0] - self.origin[0])
        return np.stack([across, self.y - zoom * (points[:, 2] - self.origin[2]), depth], -1)

    def times(self, factor: int) -> Camera:
        return Camera(
            self.origin, self.scale * factor, self.x * factor, self.y * factor, self.distance
        )

    @property
    def place(self) -> Array:
        return self.origin - np.array([0, self.distance, 0])


@dataclass(frozen=True)
class Light:
    """Directions point to the lights; strengths are relative, ``tint`` is linear."""

    key: tuple[float, float, float] = (-0.3, -0.85, 0.45)
    key_power: float = 2.0
    fill: tuple[float, float, float] = (0.6, -0.75, 0.15)
    fill_power: float = 0.95
    ambient: float = 0.42
    tint: tuple[float, float, float] = (1.0, 0.98, 0.95)
    exposure: float = 0.70


class _Shadow:
    """What the key light sees, so that noses, chins and hair throw shadows."""

    SIZE, SPAN = 900, 0.75
    _TAPS = tuple(
        (r * np.cos(a + r), r * np.sin(a + r)) for r in (3, 8, 14) for a in np.arange(0, 6.2, 1.05)
    )

    def __init__(self, layers: list[Layer], light: Light, centre: Array) -> None:
        away = unit(np.array(light.key))
        across = unit(np.cross([0, 0, 1.0], away))
        self._axes = np.stack([across, -np.cross(away, across), -away])
        self._centre = centre
        nearest = np.full(self.SIZE * self.SIZE, np.inf)
        for layer in layers:
            faces = _casting(layer)
            if faces is not None:
                seen = self._seen(layer.points) + np.array([0, 0, 10.0])
                hits = rasterise(seen, faces, self.SIZE, self.SIZE, one_sided=False)
                nearest = np.minimum(nearest, hits.depth - 10)
        self._nearest = nearest.reshape(self.SIZE, self.SIZE)

    def lit(self, points: Array, normal: Array, bias: float = 0.004) -> Array:
        """0 in the shadow, 1 in the light."""
        at = self._seen(points + normal * 0.0025)
        total = np.zeros(len(points))
        for x, y in self._TAPS:
            i = np.clip((at[:, 1] + y).astype(int), 0, self.SIZE - 1)
            j = np.clip((at[:, 0] + x).astype(int), 0, self.SIZE - 1)
            total += smooth(-bias * 1.6, -bias * 0.6, self._nearest[i, j] - at[:, 2])
        return total / len(self._TAPS)

    def _seen(self, points: Array) -> Array:
        at = (points - self._centre) @ self._axes.T
        zoom = self.SIZE / self.SPAN
        half = self.SIZE / 2
        return np.stack([at[:, 0] * zoom + half, at[:, 1] * zoom + half, at[:, 2]], -1)


def _casting(layer: Layer) -> Array | None:
    if layer.kind == "lash" or layer.extra.get("level", 0) > 0:
        return None
    if layer.kind == "hair":
        return layer.faces[layer.extra["cover"][layer.faces].min(1) > 0.2]
    return layer.faces


def render(
    people: list[tuple[Person, list[Layer], Array]],
    camera: Camera,
    light: Light,
    backdrop: Array,
    fineness: int = 2,
) -> Array:
    """Linear picture (H, W, 3). Each person comes with the layers and the head's place;
    ``backdrop`` is the empty picture, ``fineness`` the samples a pixel in each direction.
    """
    height, width = backdrop.shape[:2]
    wide, high = width * fineness, height * fineness
    near = camera.times(fineness)
    colour = np.kron(backdrop, np.ones((fineness, fineness, 1))).reshape(-1, 3)
    depth = np.full(wide * high, np.inf)
    for person, layers, head in people:
        shadow = _Shadow(layers, light, head)
        for layer in layers:
            # what lies behind a hair's edge must not be hidden by the edge's cut-off part,
            # so the two sides of the sheet are drawn one after the other
            sides = [layer.faces, layer.faces[:, [0, 2, 1]]][: 2 if layer.kind == "hair" else 1]
            for faces in sides:
                both = layer.kind in ("lash", "frame")
                hits = rasterise(near.project(layer.points), faces, wide, high, not both)
                at = np.nonzero((hits.triangle >= 0) & (hits.depth < depth))[0]
                if len(at):
                    pixels = _Pixels(layer, faces, hits.triangle[at], hits.weights[at], camera)
                    painted, there = _shade(person, pixels, light, shadow)
                    colour[at[there]] = painted[there]
                    depth[at[there]] = hits.depth[at[there]]
    picture = _corners(colour.reshape(high, wide, 3), depth.reshape(high, wide), near)
    return picture.reshape(height, fineness, width, fineness, 3).mean((1, 3)) * light.exposure


def _corners(colour: Array, depth: Array, camera: Camera) -> Array:
    """Darken what lies deeper than its surroundings: eye sockets, nostrils, collars."""
    figure = np.isfinite(depth)
    filled = np.where(figure, depth, camera.distance + 0.12)
    open_ = np.ones(depth.shape)
    for radius, gain in ((0.006, 35.0), (0.02, 13.0)):
        deeper = filled - blur(filled, radius * camera.scale * 0.5) - 0.0004
        open_ *= 1 - np.clip(deeper * gain, 0, 0.45)
    shaded = colour * open_[..., None] ** np.array([0.75, 1.0, 1.05])
    return np.where(figure[..., None], shaded, colour)


class _Pixels:
    """Everything the shading needs to know about the pixels one layer covers."""

    def __init__(
        self, layer: Layer, faces: Array, triangle: Array, weights: Array, camera: Camera
    ) -> None:
        self.layer = layer
        self._hits = (triangle, weights)
        self._faces = faces
        self.points = self.of(layer.points)
        self.template = self.of(layer.template)
        self.view = unit(camera.place - self.points)
        normal = unit(self.of(layer.normal))
        self.normal = np.where(((normal * self.view).sum(1) < 0)[:, None], -normal, normal)

    def of(self, values: Array) -> Array:
        return spread(values, self._faces, *self._hits)

    def uv(self, points: Array) -> Array:
        return spread(points, self.layer.uv_faces, *self._hits)


def _shade(person: Person, pixels: _Pixels, light: Light, shadow: _Shadow) -> tuple[Array, Array]:
    there = np.ones(len(pixels.points), bool)
    normal, shine, power, wrap = pixels.normal, 0.0, 28, np.array([0.15, 0.15, 0.15])
    kind = pixels.layer.kind
    if kind == "hair":
        return _shade_hair(person, pixels, light, shadow)
    if kind == "skin":
        colour, normal, shine = _skin(person, pixels)
        wrap = np.array([0.38, 0.24, 0.18])  # red light travels farthest under the skin
    elif kind == "eye":
        colour, shine, power = eye_paint(person, pixels.template), 1.6, 220
    elif kind == "lash":
        colour, there = lash_paint(pixels.template)
    elif kind == "frame":
        colour = np.broadcast_to(np.array([0.02, 0.018, 0.02]), normal.shape)
        shine, power = 0.5, 60
    else:
        colour, there = cloth_paint(person, pixels.template)
        shine = 0.02
    lit = shadow.lit(pixels.points, normal)
    soft = lit[:, None] ** (np.array([0.75, 1.0, 1.1]) if kind == "skin" else np.ones(3))
    tint = np.array(light.tint)
    out = colour * light.ambient * (1 + 0.25 * normal[:, 2])[:, None] * tint
    for direction, strength, open_, bright in (
        (light.key, light.key_power, soft, lit),
        (light.fill, light.fill_power, 1.0, 1.0),
    ):
        to_light = unit(np.array(direction))
        falls = np.clip(((normal @ to_light)[:, None] + wrap) / (1 + wrap), 0, 1)
        half = unit(to_light + pixels.view)
        edge = 0.04 + 0.96 * (1 - np.clip((pixels.view * half).sum(1), 0, 1)) ** 5
        glint = np.clip((normal * half).sum(1), 0, 1) ** power * bright * shine * (1 + 4 * edge)
        out = out + (colour * falls * open_ + 0.16 * glint[:, None]) * strength * tint / 1.6
    return out, there


def _skin(person: Person, pixels: _Pixels) -> tuple[Array, Array, Array]:
    texture = person.skin.at(pixels.uv(person.base.uv))
    colour, lips, inner = texture[:, :3], texture[:, 3], texture[:, 4]
    normal = pixels.normal.copy()
    normal[:, 0] += texture[:, 5]
    normal[:, 2] += texture[:, 6]
    at = pixels.template
    nose = np.exp(-((at[:, 0] / 0.016) ** 2 + ((at[:, 2] - 0.612) / 0.03) ** 2))
    colour = mix(colour, np.array([0.12, 0.03, 0.03]), np.where(lips > 0.2, 0, inner) * 0.9)
    return colour, unit(normal), 0.10 + 0.10 * nose + 0.22 * lips


def _shade_hair(
    person: Person, pixels: _Pixels, light: Light, shadow: _Shadow
) -> tuple[Array, Array]:
    """Strands shine across their length (Kajiya and Kay)."""
    extra = pixels.layer.extra
    grid, cover = pixels.of(extra["grid"]), pixels.of(extra["cover"])
    colour, strand, there = hair_paint(person, grid, cover, extra["level"])
    lit = shadow.lit(pixels.points, pixels.normal, 0.012)
    along, tint = unit(pixels.of(extra["tangent"])), np.array(light.tint)
    out = colour * light.ambient * tint
    for direction, strength, open_ in (
        (light.key, light.key_power, 0.25 + 0.75 * lit),
        (light.fill, light.fill_power, np.ones(len(lit))),
    ):
        to_light = unit(np.array(direction))
        falls = pixels.normal @ to_light
        across = (along * unit(to_light + pixels.view)).sum(1) + 0.25 * (strand - 0.5)
        band = np.clip(1 - across**2, 0, 1) ** 40 * smooth(-0.1, 0.5, falls) * strand
        body = colour * np.clip(falls * 0.75 + 0.25, 0, 1)[:, None]
        gloss = (0.035 + 0.25 * colour) * band[:, None]
        out = out + (body + gloss) * (strength * open_)[:, None] * tint
    return out, there

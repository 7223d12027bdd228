"""Colours of skin, eyes, clothes and hair, as functions of the place on the template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .figure import collar_line
from .tools import Array, clouds, linear, mix, noise, sample, smooth

if TYPE_CHECKING:
    from .figure import Person


def skin_paint(person: Person, at: Array, uv: Array) -> tuple[Array, Array, Array]:
    """Colour (linear), bumps of the surface (x and z), lips (0 to 1) at template points."""
    look, base = person.look, person.base
    seed, front = look.seed, smooth(-0.06, -0.09, at[:, 1])
    tone, dark = linear(look.skin), linear(look.skin) * np.array([0.62, 0.55, 0.5])
    grain = 0.10 * (clouds(at * 45, 3, seed) - 0.5) + 0.06 * (clouds(at * 900, 2, seed + 3) - 0.5)
    colour = np.broadcast_to(tone, at.shape) * (1 + grain)[:, None]
    colour = _flush(person, colour, at, uv, front, dark)
    lips = base.mask("lips", uv) * front
    colour = _lips(look, colour, at, lips, front, dark)
    lid = smooth(0.35, 0.9, base.mask("eyelids", uv) * front)
    colour = mix(colour, dark * 0.75, 0.30 * lid)
    colour = _brows(look, colour, at, front)
    if look.stubble:
        colour = _stubble(look, colour, at, lips, front)
    count = 4 if look.age > 0.9 else 2
    for x, z in person.moles[:count]:
        spot = np.exp(-((at[:, 0] - x) ** 2 + (at[:, 2] - z) ** 2) / 0.0011**2) * front
        colour = mix(colour, linear((92, 58, 44)), 0.75 * spot)
    if look.wrinkles:
        colour = _age(look, colour, at, front, dark)
    pores = [0.10 * (clouds(at * 1400 + 7 * i, 2, seed + 5 + i) - 0.5) for i in (0, 1)]
    return colour, np.stack(pores, -1), lips


def _flush(person: Person, colour: Array, at: Array, uv: Array, front: Array, dark: Array) -> Array:
    """Blood in cheeks, nose, chin and ears; shade around the eyes."""
    skin = person.look.skin
    red = linear((skin[0] * 0.97, skin[1] * 0.76, skin[2] * 0.72))
    aside = np.abs(at[:, 0])

    def spot(x: float, z: float, wide: float, high: float) -> Array:
        return np.exp(-(((aside - x) / wide) ** 2 + ((at[:, 2] - z) / high) ** 2)) * front

    warm = 0.36 * spot(0.042, 0.606, 0.020, 0.018) + 0.40 * spot(0, 0.609, 0.014, 0.011)
    colour = mix(colour, red, np.clip(warm + 0.15 * spot(0, 0.548, 0.018, 0.010), 0, 1))
    colour = mix(colour, red, 0.45 * np.clip(person.base.mask("ears", uv), 0, 1))
    shade = 0.18 * spot(0.030, 0.6355, 0.016, 0.006) + 0.14 * spot(0.014, 0.645, 0.006, 0.010)
    return mix(colour, dark, shade + 0.10 * spot(0.03, 0.655, 0.02, 0.006))


def _lips(look, colour: Array, at: Array, lips: Array, front: Array, dark: Array) -> Array:
    aside = np.abs(at[:, 0])
    folds = 1 + 0.25 * (clouds(at * np.array([900, 200, 150]), 2, look.seed) - 0.5)
    colour = mix(colour, linear(look.lips) * folds[:, None], 0.62 * lips)
    line = np.exp(-(((at[:, 2] - 0.5815) / 0.0016) ** 2)) * (aside < 0.026) * front
    return mix(colour, dark * 0.6, 0.75 * line * smooth(0.024, 0.019, aside))


def _brows(look, colour: Array, at: Array, front: Array) -> Array:
    half, arch, density = look.brow
    aside, z = np.abs(at[:, 0]), at[:, 2]
    along = (aside - 0.0115) / 0.043
    within = np.clip(along, 0, 1)
    middle = 0.6685 + arch * np.sin(within * 2.2) - 0.0035 * within**2.2
    width = half * (smooth(-0.05, 0.12, along) * 0.9 + 0.1)
    width = width * (1 - 0.72 * smooth(0.45, 1.02, along))
    hairs = np.stack([aside * 1500 - z * 900 * np.sign(0.5 - along), z * 500, 0 * z], -1)
    ragged = np.abs(z - middle) / (width + 1e-6) + 0.9 * (clouds(hairs, 2, look.seed) - 0.5)
    brow = (along > -0.06) * (along < 1.03) * smooth(1.25, 0.35, ragged) * front
    grey = look.hair_grey
    hair = linear(np.array(look.hair_colour) * (1 - grey) + np.array((150, 148, 145)) * grey)
    return mix(colour, hair * 0.9, np.clip(brow * density, 0, 1) * 0.92)


def _stubble(look, colour: Array, at: Array, lips: Array, front: Array) -> Array:
    y, z = at[:, 1], at[:, 2]
    jaw = smooth(0.603, 0.590, z) * smooth(0.50, 0.535, z) * smooth(-0.03, -0.06, y) * (1 - lips)
    lip = (
        smooth(0.6035, 0.597, z) * smooth(0.588, 0.592, z) * smooth(0.022, 0.016, np.abs(at[:, 0]))
    )
    dots = 0.55 + 0.45 * smooth(0.4, 0.62, clouds(at * 2200, 1, look.seed + 9))
    share = np.clip(look.stubble * (jaw + 0.7 * lip * front) * dots, 0, 0.8)
    return mix(colour, linear((88, 84, 86)), share)


def _age(look, colour: Array, at: Array, front: Array, dark: Array) -> Array:
    """Lines of forehead, mouth and eyes, and the spots of age."""
    x, z, aside = at[:, 0], at[:, 2], np.abs(at[:, 0])
    wobble = 0.0022 * (clouds(np.stack([x * 55, 0 * z, z * 20], -1), 2, look.seed) - 0.5)
    lines = np.zeros(len(at))
    for k, height in enumerate((0.686, 0.694, 0.7025, 0.711)):
        off = z + wobble * (1 + k) - height - 0.012 * aside
        lines += np.exp(-((off / 0.0011) ** 2)) * smooth(0.05, 0.03, aside) * front * 0.8
    cheek = np.exp(-(((aside - 0.0185 - (0.607 - z) * 0.42) / 0.0016) ** 2))
    lines += 1.3 * cheek * smooth(0.560, 0.572, z) * smooth(0.612, 0.604, z) * front
    for k, height in enumerate((0.640, 0.647, 0.654)):
        off = z - height - (k - 1) * 0.22 * (aside - 0.05)
        corner = smooth(0.048, 0.053, aside) * smooth(0.068, 0.060, aside)
        lines += np.exp(-((off / 0.0009) ** 2)) * corner * front
    bag = np.exp(-(((z - 0.6305 + 14 * (aside - 0.03) ** 2) / 0.0013) ** 2))
    lines += bag * smooth(0.012, 0.02, aside) * smooth(0.048, 0.040, aside) * front
    colour = mix(colour, dark * 0.9, np.clip(look.wrinkles * 0.42 * lines, 0, 0.7))
    spots = smooth(0.73, 0.80, clouds(at * 150, 2, look.seed + 21)) * smooth(0.02, 0.035, aside)
    return mix(colour, linear((150, 104, 78)), 0.35 * look.wrinkles * spots)


def eye_paint(person: Person, at: Array) -> Array:
    """White, iris and pupil by the angle from where the eye looks."""
    centre = np.array([0.02965, -0.1076, 0.64867])
    mirrored = at * np.array([1, 1, 1])
    mirrored[:, 0] = np.abs(mirrored[:, 0])
    out = mirrored - centre
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    # a slight turn inwards, so that both eyes look at the lens
    angle = np.arccos(np.clip(-out[:, 1] * 0.998 - out[:, 0] * 0.03, -1, 1))
    around = np.arctan2(out[:, 2], out[:, 0])
    iris = linear(person.look.iris)
    rays = np.stack([np.cos(around) * 9, np.sin(around) * 9, angle * 8], -1)
    white = np.broadcast_to(np.array([0.74, 0.70, 0.67]), at.shape)
    colour = white * (1 - 0.25 * smooth(0.55, 1.0, angle))[:, None]
    colour = mix(colour, np.array([0.62, 0.40, 0.36]), 0.35 * smooth(0.75, 1.15, angle))
    colour = mix(colour, iris * (0.75 + 0.5 * noise(rays, 2))[:, None], smooth(0.425, 0.395, angle))
    colour = mix(colour, iris * 0.25, np.exp(-(((angle - 0.40) / 0.035) ** 2)) * 0.8)
    colour = mix(colour, np.full(3, 0.004), smooth(0.185, 0.165, angle))
    return colour * (0.5 + 0.5 * smooth(0.6545, 0.6475, at[:, 2]))[:, None]


def lash_paint(at: Array) -> tuple[Array, Array]:
    """Colour, and where a lash is."""
    stripes = noise(np.stack([at[:, 0] * 1300, 0 * at[:, 0], 0 * at[:, 0]], -1), 3)
    tip = smooth(-0.1235, -0.129, at[:, 1])
    there = (stripes > 0.45 + 0.8 * tip) & (np.abs(at[:, 0]) < 0.0440)
    return np.broadcast_to(np.array([0.012, 0.010, 0.010]), at.shape), there


def cloth_paint(person: Person, at: Array) -> tuple[Array, Array]:
    """Colour, and where the cloth is: round neck, open collar, V or jacket."""
    look = person.look
    weave = 1 + 0.10 * (clouds(at * 700, 2, 4) - 0.5) + 0.16 * (clouds(at * 18, 2, 8) - 0.5)
    cloth = np.broadcast_to(linear(look.cloth), at.shape) * weave[:, None]
    second = np.broadcast_to(linear(look.cloth2), at.shape) * weave[:, None]
    under = collar_line(at) - at[:, 2]
    aside, front = np.abs(at[:, 0]), at[:, 1] < -0.02
    if look.clothes == "jacket":
        return _jacket(look, at, cloth, second, weave)
    if look.clothes == "collar":
        depth = 0.022 + 0.10 * np.clip(0.06 - aside, 0, 1)
        flap = under < depth
        seam = (np.abs(under - depth) < 0.0018) | (front & (aside < 0.0016) & ~flap)
        colour = np.where(flap[:, None], cloth * 1.06, cloth)
        gap = front & (aside < (0.030 - under) * 0.75)
        return np.where(seam[:, None], cloth * 0.55, colour), (under > -0.008) & ~gap
    if look.clothes == "vneck":
        edge = (0.055 - under) * 0.62
        rim = front & (np.abs(aside - edge) < 0.005)
        return np.where(rim[:, None], second, cloth), (under > 0) & ~(front & (aside < edge))
    return np.where((under < 0.010)[:, None], cloth * 0.74, cloth), under > 0


def _jacket(look, at: Array, cloth: Array, second: Array, weave: Array) -> tuple[Array, Array]:
    aside, front = np.abs(at[:, 0]), at[:, 1] < -0.02
    under, down = collar_line(at) - at[:, 2], np.clip(0.505 - at[:, 2], 0, 1)
    lapel = 0.016 + (0.50 - down * 3.2) * 0.085
    inside = front & (aside < lapel) & (at[:, 2] > 0.33)
    colour = np.where(inside[:, None], second * 0.8, cloth)
    points = inside & (np.abs(aside - 0.030 + under * 0.3) < 0.0016) & (under < 0.035)
    colour = np.where(points[:, None], second * 0.45, colour)
    if look.gender > 0.5:
        tie = inside & (aside < 0.010 + 0.045 * down) & (under > 0.004)
        colour = np.where(tie[:, None], linear((92, 40, 50)) * weave[:, None], colour)
    hem = front & (np.abs(aside - lapel) < 0.0035)
    return np.where(hem[:, None], cloth * 0.45, colour), under > -0.010


def hair_paint(
    person: Person, grid: Array, cover: Array, level: float
) -> tuple[Array, Array, Array]:
    """Colour, strand (0 to 1) and where hair is, at places of the grid."""
    look = person.look
    fine, broad = sample(person.hair.strands, grid).T.astype(float)
    strand = 0.62 * fine + 0.38 * broad
    there = cover > 0.9 * (strand - 0.4) * 2.2
    there &= (strand > level * 0.62) | (level == 0)
    there &= (cover > 0.25 + 0.5 * level) | (strand > 0.5 + 0.3 * level)
    colour = np.broadcast_to(linear(look.hair_colour), (len(grid), 3))
    if look.hair_grey:
        low = 0.42 - 0.5 * look.hair_grey
        grey = smooth(low, low + 0.33, fine * 0.7 + broad * 0.3) * (0.35 + 0.65 * look.hair_grey)
        colour = mix(colour, linear((176, 174, 172)), np.clip(grey, 0, 1))
    return colour * (0.35 + 0.75 * strand + 0.25 * level)[:, None], strand, there

"""Who is rendered: shape, paint, hair and clothes of each invented face.

The looks stand in ``looks.toml``; shapes are drawn from seeds, so that a face is a few
numbers. Nobody was the model for any of them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# anny's local changes that may differ; «*» stands for the left and the right side alike.
SHAPE = (
    "head-scale-vert-incr", "head-fat-incr", "head-scale-horiz-incr", "head-angle-out",
    "head-age-incr", "forehead-temple-incr", "forehead-trans-forward",
    "forehead-scale-vert-incr", "forehead-nubian-incr", "eyebrows-angle-up",
    "eyebrows-trans-up", "eyebrows-trans-forward", "*eye-corner1-up", "*eye-height1-incr",
    "*eye-scale-incr", "*eye-push1-out", "*eye-eyefold-up", "*eye-height3-incr",
    "*eye-height2-incr", "*eye-bag-incr", "*eye-push2-out", "*eye-trans-up",
    "*eye-epicanthus-out", "*eye-eyefold-angle-up", "*eye-corner2-up", "*eye-trans-out",
    "*cheek-trans-up", "*cheek-volume-incr", "*cheek-inner-incr", "*cheek-bones-incr",
    "chin-jaw-drop-incr", "chin-height-incr", "chin-prominent-incr", "chin-bones-incr",
    "chin-width-incr", "chin-prognathism-incr", "*ear-scale-incr", "*ear-wing-incr",
    "*ear-trans-up", "mouth-lowerlip-height-incr", "mouth-scale-horiz-incr",
    "mouth-cupidsbow-incr", "mouth-scale-depth-incr", "mouth-lowerlip-volume-incr",
    "mouth-angles-up", "mouth-scale-vert-incr", "mouth-upperlip-height-incr",
    "mouth-upperlip-volume-incr", "mouth-trans-up", "mouth-philtrum-volume-incr",
    "mouth-trans-forward", "nose-flaring-incr", "nose-curve-convex", "nose-scale-depth-incr",
    "nose-scale-vert-incr", "nose-point-width-incr", "nose-scale-horiz-incr",
    "nose-width1-incr", "nose-trans-up", "nose-hump-incr", "nose-nostrils-width-incr",
    "nose-greek-incr", "nose-point-up", "nose-width2-incr", "nose-width3-incr",
    "nose-base-up", "nose-volume-incr",
)  # fmt: skip
# Changes of the bones make caricatures soonest, so they stay within a smaller range.
BONES = (
    "head-", "chin-", "forehead-", "mouth-scale", "mouth-trans", "nose-scale", "nose-volume",
    "nose-width", "eye-trans", "eye-scale", "ear-",
)  # fmt: skip

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """One face. Colours are sRGB 0 to 255; ``age`` is anny's: 1/3 child, 2/3 grown, 1 old;
    ``brow``: half thickness and arch in metres, density; ``tweaks``: (seed, amount) of
    further changes of the shape.
    """

    seed: int
    gender: float  # 0 woman, 1 man
    age: float
    weight: float = 0.5
    asian: float = 0.85
    spread: float = 0.27
    tweaks: tuple[tuple[int, float], ...] = ()
    skin: Colour = (226, 182, 152)
    lips: Colour = (186, 105, 100)
    hair: str = "crop"
    hair_colour: Colour = (27, 22, 21)
    hair_grey: float = 0.0
    brow: tuple[float, float, float] = (0.0042, 0.004, 0.8)
    iris: Colour = (58, 36, 23)
    wrinkles: float = 0.0
    stubble: float = 0.0
    clothes: str = "crew"  # crew, collar, vneck, jacket
    cloth: Colour = (70, 86, 120)
    cloth2: Colour = (240, 240, 238)
    glasses: bool = False


def local_changes(look: Look, known: set[str]) -> dict[str, float]:
    """Amounts of anny's local changes, drawn from the look's seeds."""
    amounts = np.random.default_rng(look.seed).normal(0, look.spread, len(SHAPE))
    for seed, amount in look.tweaks:
        rng = np.random.default_rng(seed)
        some = rng.normal(0, amount, len(SHAPE)) * (rng.random(len(SHAPE)) < 0.4)
        amounts = 0.94 * amounts + some
    out = {}
    for name, amount in zip(SHAPE, amounts, strict=True):
        limit = 0.45 if any(part in name for part in BONES) else 0.75
        for side in ("l-", "r-") if "*" in name else ("",):
            full = name.replace("*", side)
            if full in known:
                out[full] = float(np.clip(amount, -limit, limit))
    return out


def _look(entry: dict) -> Look:
    frozen = {
        name: tuple(tuple(v) if isinstance(v, list) else v for v in value)
        if isinstance(value, list)
        else value
        for name, value in entry.items()
    }
    return Look(**frozen)


def _load() -> dict[str, Look]:
    text = Path(__file__).with_name("looks.toml").read_text()
    return {key: _look(entry) for key, entry in tomllib.loads(text).items()}


LOOKS = _load()

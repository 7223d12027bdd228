"""Line icons of ``resources/icons`` as outlines in points: the subset of SVG that Lucide uses
(path, circle, rect, line), each a list of moves, lines and cubic curves in the 24-unit box.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from functools import lru_cache

from desk.resources import resource

Point = tuple[float, float]
_ARC_POINTS = 4 / 3
_KAPPA = 0.5522847498
_TOKEN = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_ARGUMENTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "a": 7, "z": 0}


@dataclass
class Outline:
    """Drawing operations in order: ``("m", p)``, ``("l", p)``, ``("c", p, p, p)``, ``("z",)``."""

    operations: list[tuple[str, tuple[Point, ...]]] = field(default_factory=list)

    def add(self, operation: str, *points: Point) -> None:
        self.operations.append((operation, points))


@lru_cache(maxsize=64)
def icon(name: str) -> Outline:
    """The outline of ``resources/icons/<name>.svg``."""
    root = ET.fromstring(resource("icons", f"{name}.svg").read_text(encoding="utf-8"))
    outline = Outline()
    for element in root:
        shape = element.tag.rsplit("}", 1)[-1]
        values = element.attrib
        if shape == "path":
            _path(outline, values["d"])
        elif shape == "circle":
            _ellipse(outline, *(float(values[key]) for key in ("cx", "cy", "r")))
        elif shape == "rect":
            _rect(outline, values)
        elif shape == "line":
            outline.add("m", (float(values["x1"]), float(values["y1"])))
            outline.add("l", (float(values["x2"]), float(values["y2"])))
        else:
            raise ValueError(f"{name}: {shape}")
    return outline


@lru_cache(maxsize=16)
def outline_of(d: str) -> Outline:
    """The outline of path data that is drawn here and in no file."""
    outline = Outline()
    _path(outline, d)
    return outline


def _ellipse(outline: Outline, x: float, y: float, radius: float) -> None:
    k = radius * _KAPPA
    r = radius
    outline.add("m", (x + r, y))
    outline.add("c", (x + r, y + k), (x + k, y + r), (x, y + r))
    outline.add("c", (x - k, y + r), (x - r, y + k), (x - r, y))
    outline.add("c", (x - r, y - k), (x - k, y - r), (x, y - r))
    outline.add("c", (x + k, y - r), (x + r, y - k), (x + r, y))
    outline.add("z")


def _rect(outline: Outline, values: dict[str, str]) -> None:
    x, y = float(values.get("x", 0)), float(values.get("y", 0))
    w, h = float(values["width"]), float(values["height"])
    r = float(values.get("rx", 0))
    d = (
        f"M{x + r} {y}H{x + w - r}a{r} {r} 0 0 1 {r} {r}V{y + h - r}a{r} {r} 0 0 1 -{r} {r}"
        f"H{x + r}a{r} {r} 0 0 1 -{r} -{r}V{y + r}a{r} {r} 0 0 1 {r} -{r}z"
    )
    _path(outline, d)


def _path(outline: Outline, d: str) -> None:
    _Pen(outline).follow(d)


class _Pen:
    """Follows path data (SVG 2, 9.3), turning everything into absolute lines and curves."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.here: Point = (0.0, 0.0)
        self.start: Point = (0.0, 0.0)
        self.handle: Point | None = None

    def follow(self, d: str) -> None:
        for command, numbers in _commands(d):
            self._do(command.lower(), numbers, command.islower())

    def _do(self, command: str, n: list[float], relative: bool) -> None:
        x, y = self.here if relative else (0.0, 0.0)
        handle, self.handle = self.handle, None
        if command == "m":
            self.here = self.start = (x + n[0], y + n[1])
            self.outline.add("m", self.here)
        elif command == "z":
            self.here = self.start
            self.outline.add("z")
        elif command == "l":
            self._line((x + n[0], y + n[1]))
        elif command == "h":
            self._line((x + n[0], self.here[1]))
        elif command == "v":
            self._line((self.here[0], y + n[0]))
        elif command == "c":
            self._curve((x + n[0], y + n[1]), (x + n[2], y + n[3]), (x + n[4], y + n[5]))
        elif command == "s":
            last = handle or self.here
            first = (2 * self.here[0] - last[0], 2 * self.here[1] - last[1])
            self._curve(first, (x + n[0], y + n[1]), (x + n[2], y + n[3]))
        elif command == "q":
            self._quadratic((x + n[0], y + n[1]), (x + n[2], y + n[3]))
        else:
            self._arc(n[0], bool(n[3]), bool(n[4]), (x + n[5], y + n[6]))

    def _line(self, to: Point) -> None:
        self.here = to
        self.outline.add("l", to)

    def _curve(self, first: Point, second: Point, to: Point) -> None:
        self.handle, self.here = second, to
        self.outline.add("c", first, second, to)

    def _quadratic(self, middle: Point, to: Point) -> None:
        a, b = self.here, to
        first = (a[0] + 2 / 3 * (middle[0] - a[0]), a[1] + 2 / 3 * (middle[1] - a[1]))
        second = (b[0] + 2 / 3 * (middle[0] - b[0]), b[1] + 2 / 3 * (middle[1] - b[1]))
        self._curve(first, second, to)

    def _arc(self, radius: float, large: bool, sweep: bool, to: Point) -> None:
        """Circular arcs only: Lucide has no others (SVG 2, B.2.4)."""
        (x1, y1), (x2, y2) = self.here, to
        dx, dy = (x1 - x2) / 2, (y1 - y2) / 2
        half = math.hypot(dx, dy)
        if half == 0 or radius == 0:
            self._line(to)
            return
        radius = max(radius, half)
        factor = math.sqrt(max(radius * radius / (half * half) - 1, 0.0))
        factor = -factor if large == sweep else factor
        cx, cy = (x1 + x2) / 2 + factor * dy, (y1 + y2) / 2 - factor * dx
        begin = math.atan2(y1 - cy, x1 - cx)
        turn = math.atan2(y2 - cy, x2 - cx) - begin
        if sweep and turn < 0:
            turn += 2 * math.pi
        elif not sweep and turn > 0:
            turn -= 2 * math.pi
        self._turned(cx, cy, radius, begin, turn)
        self.here, self.handle = to, None

    def _turned(self, cx: float, cy: float, radius: float, begin: float, turn: float) -> None:
        parts = max(1, math.ceil(abs(turn) / (math.pi / 2) - 1e-9))
        step = turn / parts
        k = _ARC_POINTS * math.tan(step / 4) * radius
        for part in range(parts):
            a, b = begin + part * step, begin + (part + 1) * step
            ax, ay = cx + radius * math.cos(a), cy + radius * math.sin(a)
            bx, by = cx + radius * math.cos(b), cy + radius * math.sin(b)
            self._curve(
                (ax - k * math.sin(a), ay + k * math.cos(a)),
                (bx + k * math.sin(b), by - k * math.cos(b)),
                (bx, by),
            )


def _commands(d: str) -> list[tuple[str, list[float]]]:
    found: list[tuple[str, list[float]]] = []
    for part in re.findall(r"[A-Za-z][^A-Za-z]*", d):
        command, rest = part[0], part[1:]
        count = _ARGUMENTS[command.lower()]
        numbers = _arc_numbers(rest) if command in "aA" else _numbers(rest)
        if count == 0:
            found.append((command, []))
        for first in range(0, len(numbers), count or 1):
            found.append((_repeated(command, first), numbers[first : first + count]))
    return found


def _repeated(command: str, position: int) -> str:
    """After a move, further pairs are lines."""
    if position and command in "mM":
        return "l" if command == "m" else "L"
    return command


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _TOKEN.findall(text)]


_FLAGGED = re.compile(
    r"\s*,?\s*([-+]?[\d.]+)[\s,]+([-+]?[\d.]+)[\s,]+([-+]?[\d.]+)[\s,]+"
    r"([01])[\s,]*([01])[\s,]*([-+]?(?:\d+\.?\d*|\.\d+))[\s,]*([-+]?(?:\d+\.?\d*|\.\d+))"
)


def _arc_numbers(text: str) -> list[float]:
    """Arcs may write their two flags without a space («00-8»)."""
    return [float(value) for match in _FLAGGED.finditer(text) for value in match.groups()]

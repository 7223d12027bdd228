"""What every part of the applicant's window draws with: units, two languages, contrast.

Sizes are written in the units of the 1280×800 design; ``px`` turns them into pixels at
the window's scale (larger monitors, larger text). The chosen language stands first, the
second beneath it: Korean, or English under Korean; larger text leaves the second out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from desk.resources import resource
from desk.ui import theme as themes
from desk.ui.applicant.icons import WideIcons, stroke_for
from desk.ui.look import Look
from desk.ui.parts import box
from desk.ui.theme import Mode, Theme, Type

HANS_FAMILY = "DeskSans Hans"


@dataclass(frozen=True)
class Run:
    """Words of one language in one colour; ``strong`` overrides the weight of the line."""

    text: str
    lang: str
    token: str = "text"
    strong: bool | None = None
    tabular: bool = False

    def coloured(self, token: str) -> Run:
        return replace(self, token=token)

    def weighted(self, strong: bool) -> Run:
        return replace(self, strong=strong)

    def even(self) -> Run:
        """Every digit as wide as the others (clocks, numbers, dates)."""
        return replace(self, tabular=True)


class Kit:
    """Made once per window; changed by it when language, size or contrast change."""

    def __init__(self, area: str = "applicant") -> None:
        self.look = Look(area)
        self.unit = 1.0
        self.larger = False
        self.contrast = False
        self.low = False
        self.icons = WideIcons()
        self._fonts: dict[tuple[Type, str, bool, bool, float], QFont] = {}
        self._plain = self.look.theme
        self._high, self._line = _contrast_theme(self._plain)

    # What is set
    @property
    def language(self) -> str:
        return self.look.language

    @property
    def second(self) -> str | None:
        """The language beneath the chosen one; none in larger text."""
        if self.larger:
            return None
        return "en" if self.language == "ko" else "ko"

    def dress(
        self, *, language: str, unit: float, larger: bool, contrast: bool, low: bool = False
    ) -> None:
        """``low``: the window has less than 780 units, as all monitors of 16:9 have."""
        self.look.language = language
        self.unit, self.larger, self.contrast, self.low = unit, larger, contrast, low
        self.look.theme = self._high if contrast else self._plain
        self.look.scale = unit

    # Sizes
    def px(self, units: float) -> int:
        return round(units * self.unit)

    def pick(self, usual: int, low: int, larger: int | None = None) -> int:
        """A size in units: as usual, on a low window, with larger text."""
        if self.larger:
            return low if larger is None else larger
        return low if self.low else usual

    @property
    def line_width(self) -> float:
        return max(1.0, (self._line if self.contrast else 1) * min(self.unit, 1.5))

    def __getitem__(self, token: str) -> QColor:
        if token == "accent-line":
            if self.contrast:
                return self.look["line"]
            return self.look.theme.mixed("accent-soft", "accent", 0.24)
        return self.look[token]

    def font(
        self, kind: Type, lang: str, strong: bool | None = None, *, tabular: bool = False
    ) -> QFont:
        """Chinese takes the Chinese form of the Han glyphs, the others the Korean."""
        bold = kind.weight == 600 if strong is None else strong
        key = (kind, "zh" if lang == "zh" else "", bold, tabular, self.unit)
        if key not in self._fonts:
            font = themes.font(kind, self.unit)
            if lang == "zh":
                font.setFamilies([HANS_FAMILY, themes.FAMILY])
            font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
            if not tabular:
                font.setFeature(QFont.Tag("tnum"), 0)
            self._fonts[key] = font
        return self._fonts[key]

    def paint_icon(
        self, painter: QPainter, name: str, token: str, box: QRectF, stroke: float | None = None
    ) -> None:
        width = stroke or stroke_for(box.width() / self.unit)
        self.icons.draw(painter, name, self[token], box, width)

    # Words
    def say(self, key: str, **facts: object) -> str:
        return self.look.say(key, **facts)

    def main(self, key: str, token: str = "text", **facts: object) -> Run:
        return Run(self.look.say(key, **facts), self.language, token)

    def other(self, key: str, token: str = "muted", **facts: object) -> Run | None:
        """The same in the second language."""
        if self.second is None:
            return None
        return Run(self.look.words.text(key, self.second, **facts), self.second, token, False)

    def pair(self, key: str, **facts: object) -> tuple[Run, Run | None]:
        first = Run(self.say(key, **facts), self.language)
        if self.second is None:
            return first, None
        words = self.look.words.text(key, self.second, **facts)
        return first, Run(words, self.second, "muted", False)

    def given(self, words: Mapping[str, str]) -> tuple[Run, Run | None]:
        """Words that come from outside by language; what lacks one falls to English."""
        first = _of(words, self.language)
        if self.second is None:
            return first, None
        second = _of(words, self.second)
        if second.text == first.text:
            return first, None
        return first, Run(second.text, second.lang, "muted", False)

    # Layouts in units
    def column(
        self, *items: box.Item, gap: int = 0, margins: box.Margins = (0, 0, 0, 0)
    ) -> QVBoxLayout:
        return box.column(*self._scaled(items), gap=self.px(gap), margins=self._edges(margins))

    def row(
        self, *items: box.Item, gap: int = 0, margins: box.Margins = (0, 0, 0, 0)
    ) -> QHBoxLayout:
        return box.row(*self._scaled(items), gap=self.px(gap), margins=self._edges(margins))

    def _scaled(self, items: tuple[box.Item, ...]) -> list[box.Item]:
        return [self.px(item) if isinstance(item, int) else item for item in items]

    def _edges(self, margins: box.Margins) -> box.Margins:
        left, top, right, bottom = margins
        return self.px(left), self.px(top), self.px(right), self.px(bottom)

    # Dates and times
    def day(self, day: date, lang: str | None = None) -> str:
        return long_day(day, lang or self.language)

    def until(self, at: datetime, other: datetime, lang: str) -> str:
        """A clock time; with its day where it is another day than ``other``'s."""
        clock = f"{at:%H:%M}"
        return clock if at.date() == other.date() else f"{short_day(at, lang)} {clock}"


def _contrast_theme(plain: Theme) -> tuple[Theme, int]:
    table = tomllib.loads(resource("theme-contrast.toml").read_text(encoding="utf-8"))
    colours = dict(plain.colours) | {k: QColor(v) for k, v in table["contrast"].items()}
    return Theme(Mode.LIGHT, colours), int(table["line_width"])


def _of(words: Mapping[str, str], lang: str) -> Run:
    for choice in (lang, "en", "ko"):
        if words.get(choice):
            return Run(words[choice], choice)
    return Run("", lang)


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def long_day(day: date, lang: str) -> str:
    if lang == "ko":
        return f"{day.year}년 {day.month}월 {day.day}일"
    if lang == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    if lang == "vi":
        return f"{day.day:02}/{day.month:02}/{day.year}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_day(day: date, lang: str) -> str:
    """Day and month."""
    if lang == "ko":
        return f"{day.month}월 {day.day}일"
    if lang == "zh":
        return f"{day.month}月{day.day}日"
    if lang == "vi":
        return f"{day.day:02}/{day.month:02}"
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def tag_day(day: date, lang: str) -> str:
    """A day that fits into a tag."""
    if lang == "ko":
        return f"{day.year}.{day.month}.{day.day}."
    if lang == "en":
        return f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"
    return long_day(day, lang)

"""The sheets' fonts: which one draws a letter, how wide a line is, where it may break.

Chinese texts take Han letters in their Chinese form, everything else the Korean one. A
letter that no font has stops the printing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from desk.counter.slips.troubles import GlyphMissing
from desk.resources import resource

REGULAR, SEMIBOLD = "Regular", "SemiBold"
_SMALLEST = 0.72
# Closing marks never begin a line, opening ones never end it (GB/T 15834, CLREQ 3.1.3).
_CLOSING = "。，、；：？！）》」”’…%"
_OPENING = "（《「“‘"


@dataclass(frozen=True)
class Style:
    """``size`` in points, ``colour`` as ``RRGGBB``, ``language`` of the text."""

    size: float
    colour: str
    weight: str = REGULAR
    language: str = "ko"

    def at(self, size: float) -> Style:
        return replace(self, size=size)


@dataclass(frozen=True)
class Run:
    """Letters that one font draws."""

    font: str
    text: str


def runs(text: str, style: Style) -> tuple[Run, ...]:
    """``text`` in NFC, cut where the font changes. Raises :class:`GlyphMissing`."""
    found: list[Run] = []
    families = _families(style)
    for letter in unicodedata.normalize("NFC", text):
        font = _font_of(letter, families)
        if found and found[-1].font == font:
            found[-1] = Run(font, found[-1].text + letter)
        else:
            found.append(Run(font, letter))
    return tuple(found)


def width(text: str, style: Style) -> float:
    """Points."""
    return sum(
        float(pdfmetrics.stringWidth(run.text, run.font, style.size)) for run in runs(text, style)
    )


def fitted(text: str, style: Style, room: float) -> Style:
    """``style``, smaller where ``text`` is wider than ``room`` points, down to 72 %."""
    wide = width(text, style)
    if wide <= room:
        return style
    return style.at(style.size * max(room / wide, _SMALLEST))


def wrapped(text: str, style: Style, room: float) -> tuple[str, ...]:
    """Lines no wider than ``room`` points: broken at spaces, Chinese also between letters. A
    word that is too wide alone is broken where it must be."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, style.language):
        if width((line + piece).rstrip(), style) <= room:
            line += piece
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece.lstrip()
        while width(line.rstrip(), style) > room:
            cut = _most(line, style, room)
            lines.append(line[:cut])
            line = line[cut:]
    if line.strip():
        lines.append(line.rstrip())
    return tuple(lines)


def load() -> None:
    """Read the font files, so that the first sheet does not wait for them."""
    for name in ("DeskSans", "DeskSansHans"):
        for weight in (REGULAR, SEMIBOLD):
            _letters(f"{name}-{weight}")


def _most(line: str, style: Style, room: float) -> int:
    cut = len(line)
    while cut > 1 and width(line[:cut], style) > room:
        cut -= 1
    return cut


def _pieces(text: str, language: str) -> list[str]:
    pieces = [""]
    for letter in unicodedata.normalize("NFC", text):
        last = pieces[-1]
        breaks = last[-1:] == " " or (
            language == "zh"
            and (_is_han(letter) or _is_han(last[-1:]) or last[-1:] in _CLOSING)
            and letter not in _CLOSING
            and letter != " "
            and last[-1:] not in _OPENING
        )
        if breaks and last:
            pieces.append(letter)
        else:
            pieces[-1] = last + letter
    return pieces


def _is_han(letter: str) -> bool:
    return bool(letter) and "\u4e00" <= letter <= "\u9fff"


def _families(style: Style) -> tuple[str, ...]:
    korean = f"DeskSans-{style.weight}"
    return (f"DeskSansHans-{style.weight}", korean) if style.language == "zh" else (korean,)


def _font_of(letter: str, families: tuple[str, ...]) -> str:
    for font in families:
        if ord(letter) in _letters(font):
            return font
    raise GlyphMissing(letter=f"U+{ord(letter):04X}")


@lru_cache(maxsize=8)
def _letters(font: str) -> frozenset[int]:
    loaded = TTFont(font, str(resource("fonts", f"{font}.ttf")))
    pdfmetrics.registerFont(loaded)
    return frozenset(loaded.face.charToGlyph)

"""Named colours, type sizes, palette, style sheet and fonts of every window.

The values stand in ``resources/theme.toml``; nothing else in ``desk.ui`` names a colour.
Who paints asks by name (``theme["accent"]``), so that switching between light and dark
is one repaint. Layout and behaviour are left to the widgets.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

from desk.resources import resource

RESOURCES = resource()
FAMILY = "DeskSans"
MRZ_FAMILIES = ("DeskOCRB", "OCR B", "OCR-B")


class Mode(StrEnum):
    """The two sets of colours."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Theme:
    """The colours of one mode, asked for by token name."""

    mode: Mode
    colours: Mapping[str, QColor]

    def __getitem__(self, token: str) -> QColor:
        return self.colours[token]

    def mixed(self, token: str, other: str, share: float) -> QColor:
        """``token`` with ``share`` (0 to 1) of ``other`` in it, for hover and pressed."""
        a, b = self[token], self[other]
        keep = 1.0 - share
        return QColor.fromRgbF(
            a.redF() * keep + b.redF() * share,
            a.greenF() * keep + b.greenF() * share,
            a.blueF() * keep + b.blueF() * share,
        )


def load_theme(mode: Mode, path: Path | None = None) -> Theme:
    """The theme of ``mode`` from the file of tokens; both modes must name the same tokens."""
    table = tomllib.loads((path or RESOURCES / "theme.toml").read_text(encoding="utf-8"))
    names = set(table[Mode.LIGHT])
    if set(table[Mode.DARK]) != names:
        raise ValueError("light and dark name different tokens")
    return Theme(mode, {name: QColor(value) for name, value in table[mode].items()})


class Type(Enum):
    """A size of type: pixels, line height, weight (400 or 600). Nothing else is used."""

    DISPLAY = (28, 36, 600)
    TITLE = (20, 28, 600)
    BODY = (15, 24, 400)
    STRONG = (15, 24, 600)
    SMALL = (13, 20, 400)
    SMALL_STRONG = (13, 20, 600)
    MRZ = (13, 16, 400)
    # The applicant's window, read from a metre away.
    WIDE_DISPLAY = (40, 52, 600)
    WIDE_LEAD = (28, 38, 400)
    WIDE_LEAD_STRONG = (28, 38, 600)
    WIDE_BODY = (20, 28, 400)
    WIDE_STRONG = (20, 28, 600)

    @property
    def pixels(self) -> int:
        return self.value[0]

    @property
    def line(self) -> int:
        return self.value[1]

    @property
    def weight(self) -> int:
        return self.value[2]


def font(kind: Type, scale: float = 1.0, family: str = FAMILY) -> QFont:
    """The font of a size of type, with tabular digits."""
    families = [family]
    if kind is Type.MRZ:
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
        families = [*MRZ_FAMILIES, fixed]
    result = QFont()
    result.setFamilies(families)
    result.setPixelSize(round(kind.pixels * scale))
    result.setWeight(QFont.Weight.DemiBold if kind.weight == 600 else QFont.Weight.Normal)
    result.setFeature(QFont.Tag("tnum"), 1)
    result.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return result


def load_fonts(folder: Path | None = None) -> tuple[str, ...]:
    """Give the bundled fonts to Qt; the families it found. An empty folder is no error."""
    found: list[str] = []
    base = folder or RESOURCES / "fonts"
    for file in sorted(base.glob("*.[ot]tf")):
        handle = QFontDatabase.addApplicationFont(str(file))
        found += QFontDatabase.applicationFontFamilies(handle) if handle >= 0 else []
    return tuple(dict.fromkeys(found))


def palette(theme: Theme) -> QPalette:
    """Qt's palette filled from the tokens, for what Qt paints itself (lists, tips)."""
    roles = {
        QPalette.ColorRole.Window: "background",
        QPalette.ColorRole.Base: "card",
        QPalette.ColorRole.AlternateBase: "well",
        QPalette.ColorRole.Button: "card",
        QPalette.ColorRole.ToolTipBase: "card",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Highlight: "accent",
        QPalette.ColorRole.HighlightedText: "on-accent",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.Mid: "line",
        QPalette.ColorRole.Dark: "line-strong",
        QPalette.ColorRole.Light: "card",
        QPalette.ColorRole.Accent: "accent",
    }
    result = QPalette()
    for role, token in roles.items():
        result.setColor(role, theme[token])
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, theme["disabled"])
    return result


def style_sheet(theme: Theme) -> str:
    """What Qt draws of its own accord: fields and the lists that drop down."""
    text = (RESOURCES / "theme.qss").read_text(encoding="utf-8")
    for name in sorted(theme.colours, key=len, reverse=True):
        text = text.replace(f"@{name}", theme[name].name())
    return text

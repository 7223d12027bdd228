"""Both modes name the same colours and every word keeps its contrast."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor

from desk.ui.theme import Mode, load_theme

WORDS = [
    ("text", "background"), ("text", "card"), ("muted", "background"), ("muted", "card"),
    ("muted", "well"), ("accent", "card"), ("accent", "accent-soft"), ("on-accent", "accent"),
    ("success", "success-soft"), ("warning", "warning-soft"), ("danger", "danger-soft"),
    ("success", "card"), ("warning", "card"), ("danger", "card"), ("on-danger", "danger"),
    ("rail-text", "rail"), ("rail-muted", "rail"), ("rail-text", "rail-active"),
    ("rail-muted", "rail-active"), ("rail-warning", "rail"), ("rail-danger", "rail"),
]  # fmt: skip


def luminance(colour: QColor) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [colour.redF(), colour.greenF(), colour.blueF()]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", list(Mode))
def test_contrast_of_words_and_lines(mode: Mode) -> None:
    theme = load_theme(mode)

    for words, ground in WORDS:
        assert contrast(theme[words], theme[ground]) >= 5.2 - 0.05, (words, ground)
    assert contrast(theme["disabled"], theme["disabled-bg"]) >= 4.65
    assert contrast(theme["line-strong"], theme["card"]) >= 3.0


def test_both_modes_name_the_same_tokens() -> None:
    light, dark = load_theme(Mode.LIGHT), load_theme(Mode.DARK)

    assert set(light.colours) == set(dark.colours)
    assert light["training"] == dark["training"]

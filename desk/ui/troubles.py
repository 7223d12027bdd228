"""Troubles and findings in words, with the glyph of their level."""

from __future__ import annotations

from collections.abc import Mapping

from desk import words
from desk.ui.glyphs import Glyph

LEVELS = {"stop": Glyph.FAILED, "attention": Glyph.ATTENTION, "info": Glyph.NOTE}


class Spoken(words.Spoken):
    """A trouble or finding in words, as a banner shows it."""

    @property
    def glyph(self) -> Glyph:
        return LEVELS.get(self.level, Glyph.ATTENTION)


class TroubleWords(words.TroubleWords):
    """The sentences of all codes, with their glyphs."""

    def of(self, code: str, lang: str, facts: Mapping[str, object] | None = None) -> Spoken:
        plain = super().of(code, lang, facts)
        return Spoken(plain.code, plain.level, plain.title, plain.text, plain.next)

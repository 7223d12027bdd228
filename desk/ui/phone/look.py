"""The look of the phone: its words, and type as large as on the page a phone is sent to.

Chinese takes the Chinese form of the Han glyphs. Values and names of claims are put into
words here, so that every page says them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from PySide6.QtGui import QFont

from desk.ui import theme as themes
from desk.ui.applicant.kit import HANS_FAMILY, tag_day
from desk.ui.look import Look
from desk.ui.phone.snapshot import ClaimLine
from desk.ui.theme import Type

LANGUAGES = ("ko", "en", "zh", "vi")
SCALE = 17 / 15
"""Body text of 17 pixels, side text of 15 (README-applicant, «Phone page»)."""


class PhoneLook(Look):
    def __init__(self, language: str = "ko") -> None:
        super().__init__("phone", language=language)
        self.scale = SCALE
        self._hans: dict[Type, QFont] = {}

    def font(self, kind: Type) -> QFont:
        if self.language != "zh":
            return super().font(kind)
        if kind not in self._hans:
            font = QFont(super().font(kind))
            font.setFamilies([HANS_FAMILY, themes.FAMILY])
            self._hans[kind] = font
        return self._hans[kind]

    def named(self, names: Mapping[str, str], fallback: str = "") -> str:
        """A name from outside in the language that is set, else English, else any."""
        return (
            names.get(self.language)
            or names.get("en")
            or next((name for name in names.values() if name), fallback)
        )

    def day(self, iso: str) -> str:
        """An ISO day as people write it; what is none stays as it is."""
        try:
            return tag_day(date.fromisoformat(iso), self.language)
        except ValueError:
            return iso

    def claim_name(self, claim: ClaimLine) -> str:
        if claim.element in ("portrait", "picture") and not claim.names:
            return self.say("card.portrait")
        return self.named(claim.names, claim.element)

    def claim_value(self, claim: ClaimLine) -> str:
        value = claim.value
        if value is None:
            return self.say("card.portrait")
        if isinstance(value, bool):
            return self.say("value.yes" if value else "value.no")
        if claim.element == "sex" and f"value.sex_{value}" in self.words:
            return self.say(f"value.sex_{value}")
        if claim.element in ("issuing_country", "nationality") and f"value.{value}" in self.words:
            return self.say(f"value.{value}")
        return self.day(value) if isinstance(value, str) else str(value)

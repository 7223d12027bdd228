"""The sentences of pages that have a table of their own beside the look's."""

from __future__ import annotations

from desk.ui.look import Look
from desk.words import Words

AREA = "officer_phone"


class OwnWords:
    """Speaks the look's language from the table of ``area``; what that one does not hold
    comes from the look's own. No key stands in both."""

    def __init__(self, look: Look, area: str = AREA) -> None:
        self._look = look
        self._words = Words(area)

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence of ``key``. Raises KeyError for a key in neither table."""
        if key in self._words:
            return self._words.text(key, self._look.language, **facts)
        return self._look.say(key, **facts)

    def __contains__(self, key: str) -> bool:
        return key in self._words or key in self._look.words

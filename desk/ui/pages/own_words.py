"""The sentences of the phone, proof and hand-over pages, which have a table of their own."""

from __future__ import annotations

from desk.ui.look import Look
from desk.words import Words

AREA = "officer_phone"


class OwnWords:
    """Speaks the look's language from ``officer_phone``; what that table does not hold
    comes from the look's own. No key stands in both."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._words = Words(AREA)

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence of ``key``. Raises KeyError for a key in neither table."""
        if key in self._words:
            return self._words.text(key, self._look.language, **facts)
        return self._look.say(key, **facts)

    def __contains__(self, key: str) -> bool:
        return key in self._words or key in self._look.words

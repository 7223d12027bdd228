"""Troubles in the holder's language: Korean and English stand with all others in
``resources/troubles``, Chinese and Vietnamese in its folder ``holder``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from desk.resources import resource
from desk.ui.troubles import Spoken, TroubleWords

OFFICERS = ("ko", "en")


class HolderTroubles:
    """The sentences of all codes in the four languages of the phone; read when the first
    trouble shows."""

    @cached_property
    def _all(self) -> TroubleWords:
        return TroubleWords()

    @cached_property
    def _holder(self) -> TroubleWords:
        return TroubleWords(resource("troubles", "holder"))

    def of(self, code: str, lang: str, facts: Mapping[str, object]) -> Spoken:
        """English where a code has no sentence in ``lang``."""
        if lang in OFFICERS:
            return self._all.of(code, lang, facts)
        if code in self._holder:
            return self._holder.of(code, lang, facts)
        return self._all.of(code, "en", facts)

"""One table turns a code into level, title, sentence and next step, in both languages.

The tables stand in ``resources/troubles``, one file an area. A code without an entry, or a
place without a fact, still shows something: a screen never fails because of its words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.ui.glyphs import Glyph
from desk.ui.theme import RESOURCES
from desk.ui.words import Places

LEVELS = {"stop": Glyph.FAILED, "attention": Glyph.ATTENTION, "info": Glyph.NOTE}
UNKNOWN = {
    "ko": (
        "이름이 없는 문제입니다",
        "하던 일은 멈췄고 건은 그대로 보관되어 있습니다.",
        "이 코드를 전산 담당자에게 알리십시오.",
    ),
    "en": (
        "A problem without a name",
        "This step has stopped; the case is kept.",
        "Tell your IT contact this code.",
    ),
}


@dataclass(frozen=True)
class Spoken:
    """A trouble or finding in words; ``level`` is stop, attention or info."""

    code: str
    level: str
    title: str
    text: str
    next: str

    @property
    def glyph(self) -> Glyph:
        return LEVELS.get(self.level, Glyph.ATTENTION)


class _Forgiving(Mapping[str, object]):
    """Facts in which a missing one reads as a dash."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> object:
        value = self._facts.get(name)
        return "—" if value is None else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)


class TroubleWords:
    """The sentences of all codes."""

    def __init__(self, folder: Path | None = None) -> None:
        self._table: dict[str, dict[str, Any]] = {}
        self._places = Places()
        for file in sorted((folder or RESOURCES / "troubles").glob("*.toml")):
            self._table.update(tomllib.loads(file.read_text(encoding="utf-8")))

    def __contains__(self, code: str) -> bool:
        return code in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def entry(self, code: str) -> Mapping[str, Any]:
        return self._table[code]

    def of(self, code: str, lang: str, facts: Mapping[str, object] | None = None) -> Spoken:
        """The words of ``code`` in ``lang`` with its places filled."""
        entry = self._table.get(code)
        if entry is None:
            return Spoken(code, "attention", *UNKNOWN["en" if lang == "en" else "ko"])
        words = entry.get(lang) or entry["ko"]
        parts = [self._fill(words.get(part, ""), facts or {}) for part in ("title", "text", "next")]
        return Spoken(code, str(entry["level"]), *parts)

    def _fill(self, text: str, facts: Mapping[str, object]) -> str:
        return self._places.vformat(text, (), _Forgiving(facts)) if "{" in text else text

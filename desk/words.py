"""Every sentence of a screen, slip or command, by key and language, from ``resources``.

One table an area (``officer``, ``applicant``, ``slips``): key → language → sentence. The
applicant's window shows two languages at once, so a language is an argument, not a state.
Sentences carry places as ``{name}``; two forms help the grammar:

- ``{name:이/가}`` puts the right Korean particle behind the word;
- ``{n:try/tries}`` puts the number and the English singular or plural.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from desk.resources import resource

FIRST_SYLLABLE, LAST_SYLLABLE, FINALS = 0xAC00, 0xD7A3, 28
RIEUL = 8
# Digits as they are read in Korean: 영 일 이 삼 사 오 육 칠 팔 구; the final consonant's number.
DIGIT_FINALS = (21, 8, 0, 16, 0, 0, 1, 8, 8, 0)


def final_consonant(word: str) -> int:
    """The number of the last syllable's final consonant, 0 for none (Unicode 3.12)."""
    last = word[-1:]
    if last.isascii() and last.isdigit():
        return DIGIT_FINALS[int(last)]
    if last and FIRST_SYLLABLE <= ord(last) <= LAST_SYLLABLE:
        return (ord(last) - FIRST_SYLLABLE) % FINALS
    return 0


def with_particle(word: str, pair: str) -> str:
    """``word`` and the particle of ``pair`` («이/가») that its last sound asks for."""
    closed, opened = pair.split("/")
    final = final_consonant(word)
    if pair.startswith("으로") and final == RIEUL:
        return word + opened
    return word + (closed if final else opened)


class Places(string.Formatter):
    """``str.format`` with the two forms of the module's docstring."""

    def format_field(self, value: Any, spec: str) -> str:
        if "/" not in spec:
            return str(super().format_field(value, spec))
        if isinstance(value, int):
            one, many = spec.split("/")
            return f"{value} {one if value == 1 else many}"
        return with_particle(str(value), spec)


def _table(file: Path) -> Mapping[str, Any]:
    """The table in ``file``. A program reads its own once: nearly every part of its pages asks
    for one, and reading them took a third of the time in which its windows were made."""
    return _shipped(file) if file.is_relative_to(resource()) else _read(file)


def _read(file: Path) -> Mapping[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


_shipped = cache(_read)


class Words:
    """The sentences of one area. Raises KeyError for a key or a place without a value."""

    def __init__(self, area: str, folder: Path | None = None) -> None:
        path = (folder or resource("words")) / f"{area}.toml"
        self._table: dict[str, Mapping[str, str]] = dict(_flat(_table(path)))
        self._places = Places()

    def text(self, key: str, lang: str, **facts: object) -> str:
        """The sentence of ``key`` in ``lang`` with its places filled from ``facts``."""
        sentence = self._table[key][lang]
        return self._places.vformat(sentence, (), facts) if facts else sentence

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def entry(self, key: str) -> Mapping[str, str]:
        """All languages of one key."""
        return self._table[key]

    def __contains__(self, key: str) -> bool:
        return key in self._table


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, value in table.items():
        if all(isinstance(part, str) for part in value.values()):
            yield prefix + name, value
        else:
            yield from _flat(value, f"{prefix}{name}.")


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
        for file in sorted((folder or resource("troubles")).glob("*.toml")):
            self._table.update(_table(file))

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

"""The words of the eligibility rules, from the same file that holds the rules.

The program decides by ``desk.issuance``; here the answers only become sentences.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.issuance.eligibility import RuleOutcome, RuleResult
from desk.ui.glyphs import Glyph
from desk.ui.theme import RESOURCES
from desk.words import Places

GLYPHS = {
    RuleOutcome.MET: Glyph.PASSED,
    RuleOutcome.NOT_MET: Glyph.FAILED,
    RuleOutcome.UNDECIDED: Glyph.UNDECIDED,
    RuleOutcome.NOT_DONE: Glyph.NOT_DONE,
}
# What needs eyes stands above; within one outcome the rule book's order stays.
ORDER = (
    RuleOutcome.NOT_MET,
    RuleOutcome.UNDECIDED,
    RuleOutcome.NOT_DONE,
    RuleOutcome.MET,
)


@dataclass(frozen=True)
class Way:
    """One step that makes a rule possible: a title and points."""

    title: str
    points: tuple[str, ...]


class RuleWords:
    """Names, reasons, facts and ways by rule and language; a missing language is Korean."""

    def __init__(self, file: Path | None = None) -> None:
        text = (file or RESOURCES / "eligibility.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        self._rules: dict[str, dict[str, Any]] = {rule["id"]: rule for rule in table["rule"]}
        self._places = Places()

    def name(self, rule: RuleResult, lang: str) -> str:
        return self._word(rule, "name", lang) or rule.rule_id

    def why(self, rule: RuleResult, lang: str) -> str:
        return self._word(rule, "why", lang)

    def law(self, rule: RuleResult, lang: str) -> str:
        return self._word(rule, "law", lang)

    def code(self, rule: RuleResult) -> str:
        return str(self._rules.get(rule.rule_id, {}).get("code", ""))

    def fact(self, rule: RuleResult, lang: str) -> str:
        """The fact behind the answer as a sentence; empty when the book has none for it."""
        facts = self._rules.get(rule.rule_id, {}).get("facts", {})
        words: Mapping[str, str] = facts.get(rule.fact, {})
        sentence = words.get(lang) or words.get("ko", "")
        try:
            return self._places.vformat(sentence, (), rule.facts)
        except KeyError:
            return sentence

    def ways(self, rule: RuleResult, lang: str) -> tuple[Way, ...]:
        entries = self._rules.get(rule.rule_id, {}).get("possible", [])
        return tuple(
            Way(_in(entry["title"], lang), tuple(_in(point, lang) for point in entry["points"]))
            for entry in entries
        )

    def _word(self, rule: RuleResult, part: str, lang: str) -> str:
        return _in(self._rules.get(rule.rule_id, {}).get(part, {}), lang)


def _in(words: Mapping[str, str], lang: str) -> str:
    return words.get(lang) or words.get("ko", "")


def in_order(rules: tuple[RuleResult, ...]) -> tuple[RuleResult, ...]:
    """What is not met first, what is met last."""
    return tuple(sorted(rules, key=lambda rule: ORDER.index(rule.outcome)))

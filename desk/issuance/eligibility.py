"""Who may receive the credential: the rules as data, and the shape of their answers.

The rule book (order, parameters, words, what makes it possible) is read from
``resources/eligibility.toml``, which a person may edit; ``desk.issuance.rules`` asks its
questions. An answer names the fact, its source and when that was true. «Undecided» never
counts as met.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from desk.mrtd.results import Check as ChipCheck
from desk.resources import resource
from desk.trouble import Trouble


class RuleOutcome(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    UNDECIDED = "undecided"
    NOT_DONE = "not_done"


class Source(StrEnum):
    """Where a fact comes from."""

    REGISTER = "register"
    CHIP = "chip"
    OFFICER = "officer"
    POSTS = "posts"
    LEDGER = "ledger"


@dataclass(frozen=True)
class RuleResult:
    """``fact`` is the key of a sentence in the rule's words, ``facts`` fill its places."""

    rule_id: str
    outcome: RuleOutcome
    fact: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    source: Source = Source.REGISTER
    source_at: datetime | None = None


@dataclass(frozen=True)
class Verdict:
    """Rules in the order of the rule book; ``edition`` names that book."""

    rules: tuple[RuleResult, ...]
    edition: str
    decided_at: datetime

    @property
    def overall(self) -> RuleOutcome:
        outcomes = {rule.outcome for rule in self.rules}
        for worse in (RuleOutcome.NOT_MET, RuleOutcome.UNDECIDED, RuleOutcome.NOT_DONE):
            if worse in outcomes:
                return worse
        return RuleOutcome.MET if self.rules else RuleOutcome.NOT_DONE


Words = Mapping[str, str]


class RulesUnsound(Trouble):
    """eligibility.toml cannot be used. Facts: file, entry."""

    code = "ELIG-90"


class RuleCheck(StrEnum):
    """The questions that can be asked. Each rule asks one, each is asked once."""

    REGISTERED = "registered"
    RESIDENT_NUMBER = "resident_number"
    PASSPORT = "passport"
    AGE = "age"
    IN_PERSON = "in_person"
    JURISDICTION = "jurisdiction"
    LIVE = "live"
    ONE_PHONE = "one_phone"


@dataclass(frozen=True)
class Advice:
    """One step towards yes, for slip and screen."""

    title: Words
    points: tuple[Words, ...]


@dataclass(frozen=True)
class Rule:
    """``code`` stands on screen and slip where the rule is not met. Words are by language,
    Korean and English always; ``law`` is empty where none was found in print."""

    id: str
    code: str
    check: RuleCheck
    source: Source
    name: Words
    why: Words
    facts: Mapping[str, Words]
    possible: tuple[Advice, ...]
    law: Words = field(default_factory=dict)
    needs: tuple[ChipCheck, ...] = ()
    state: str = ""
    least_years: int = 0

    def sentence(self, result: RuleResult, language: str) -> str:
        """The fact of a result in words; English where the language has none."""
        words = self.facts[result.fact]
        return words.get(language, words["en"]).format(**result.facts)


@dataclass(frozen=True)
class RuleBook:
    edition: str
    rules: tuple[Rule, ...]

    def rule(self, rule_id: str) -> Rule:
        return next(rule for rule in self.rules if rule.id == rule_id)


def load_rules(path: Path | None = None) -> RuleBook:
    """Raises :class:`RulesUnsound`: also where a question is missing or asked twice, since
    a rule that silently fell out would let everybody through."""
    path = path or resource("eligibility.toml")
    entry = ""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = []
        for found in content["rule"]:
            entry = str(found.get("id", "rule"))
            rules.append(_rule(found))
        entry = "check"
        if sorted(rule.check for rule in rules) != sorted(RuleCheck):
            raise ValueError(entry)
        return RuleBook(content["edition"], tuple(rules))
    except (OSError, KeyError, TypeError, ValueError) as reason:
        raise RulesUnsound(path.name, file=path.name, entry=entry) from reason


def _rule(found: dict[str, Any]) -> Rule:
    known = dict(found)
    known["check"] = RuleCheck(found["check"])
    known["source"] = Source(found["source"])
    known["needs"] = tuple(ChipCheck(name) for name in found.get("needs", ()))
    known["possible"] = tuple(
        Advice(step["title"], tuple(step["points"])) for step in found["possible"]
    )
    if known["check"] is RuleCheck.PASSPORT and not known["needs"]:
        raise ValueError("needs")
    return Rule(**known)

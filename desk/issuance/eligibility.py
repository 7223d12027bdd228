"""Who may receive the credential: the rules as data, each answered with its fact.

The rules stand in ``resources/eligibility.toml``; here they are only evaluated. An answer
names the fact, its source and how old it is. «Undecided» never counts as met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


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

"""Flagged items and facts of a case as lines: the same words for officer and approver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from desk.issuance.case import Case, Judgement
from desk.issuance.eligibility import RuleOutcome
from desk.mrtd.results import Result
from desk.ui import says
from desk.ui.findings import FindingWords
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.troubles import TroubleWords

AREA = "approval"
"""The table of words of everything that belongs to the second card."""


class Flagged(Protocol):
    """An item that must be opened (``desk.issuance.flagged.FlaggedItem``)."""

    @property
    def key(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def facts(self) -> tuple[tuple[str, str], ...]: ...


@dataclass(frozen=True)
class FlagLine:
    key: str
    glyph: Glyph
    title: str
    fact: str
    detail: str
    opened: bool
    time: str


@dataclass(frozen=True)
class FactLine:
    glyph: Glyph
    name: str
    words: str
    step: int


class CaseWords:
    """Lines of flagged items and of facts."""

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        self._look, self._troubles = look, troubles
        self._findings = FindingWords(look, troubles)

    def flag_line(self, case: Case, item: Flagged, opened: dict[str, str]) -> FlagLine:
        facts = dict(item.facts)
        time = opened.get(item.key, "")
        is_open = bool(time) or item.key in case.opened_items
        if item.key.startswith("difference:"):
            title, fact, detail, glyph = self._difference(facts)
        elif item.key.startswith("finding:"):
            title, fact, detail, glyph = self._finding(item, facts)
        else:
            title, fact, detail, glyph = self._against(case)
        return FlagLine(item.key, glyph, title, fact, detail, is_open, time)

    def _difference(self, facts: dict[str, str]) -> tuple[str, str, str, Glyph]:
        say = self._look.say
        name = say(f"item.{facts.get('item', '')}")
        fact = say(
            "review.differs", chip=facts.get("chip") or "—", register=facts.get("register") or "—"
        )
        reason = facts.get("reason", "")
        words = say(f"reason.{reason}") if reason else say("review.no_reason")
        return (
            say("review.difference", name=name),
            fact,
            say("review.reason", reason=words),
            Glyph.FAILED,
        )

    def _finding(self, item: Flagged, facts: dict[str, str]) -> tuple[str, str, str, Glyph]:
        spoken = self._troubles.of(item.code, self._look.language, facts)
        glyph = Glyph.FAILED if item.level == Result.FAILED.value else Glyph.UNDECIDED
        return spoken.title, spoken.text, f"{item.code} · {spoken.next}", glyph

    def _against(self, case: Case) -> tuple[str, str, str, Glyph]:
        say, face = self._look.say, case.face
        judged = say(f"judgement.{face.judgement.value}") if face else ""
        band = say(f"band.{face.band}") if face else ""
        fact = say("review.face_fact", judged=judged, band=band)
        return say("review.face_differs"), fact, say("review.face_again"), Glyph.ATTENTION

    def fact_lines(self, here: says.Here, case: Case, flagged: Sequence[Flagged]) -> list[FactLine]:
        say = self._look.say
        lines = [self._passport_line(case, flagged), self._rules_line(case), self._face_line(case)]
        if case.consent is not None:
            time = says.clock(case.consent.given_at, here)
            words = say("review.consent", version=case.consent.version, time=time)
            lines.append(FactLine(Glyph.PASSED, say("review.consent_name"), words, 0))
        if case.data_confirmed_at is not None:
            time = says.clock(case.data_confirmed_at, here)
            words = say("review.confirmed", time=time)
            lines.append(FactLine(Glyph.PASSED, say("review.confirmed_name"), words, 0))
        return lines

    def _passport_line(self, case: Case, flagged: Sequence[Flagged]) -> FactLine:
        say = self._look.say
        passed = self._findings.results(case).count(Result.PASSED)
        open_items = sum(item.key.split(":")[0] != "face" for item in flagged)
        if open_items:
            words = say("review.passport_open", n=passed, m=open_items)
            return FactLine(Glyph.ATTENTION, say("review.passport_name"), words, 1)
        words = say("review.passport_well", n=passed)
        return FactLine(Glyph.PASSED, say("review.passport_name"), words, 1)

    def _rules_line(self, case: Case) -> FactLine:
        say, verdict = self._look.say, case.verdict
        if verdict is None:
            return FactLine(Glyph.NOT_DONE, say("review.rules_name"), say("state.not_done"), 2)
        met = sum(rule.outcome is RuleOutcome.MET for rule in verdict.rules)
        key = "review.rules_all" if met == len(verdict.rules) else "review.rules_some"
        glyph = Glyph.PASSED if met == len(verdict.rules) else Glyph.ATTENTION
        words = say(key, n=met, of=len(verdict.rules), edition=verdict.edition)
        return FactLine(glyph, say("review.rules_name"), words, 2)

    def _face_line(self, case: Case) -> FactLine:
        say, face = self._look.say, case.face
        if face is None:
            return FactLine(Glyph.NOT_DONE, say("review.face_name"), say("state.not_done"), 3)
        words = say(
            "review.face",
            judged=say(f"judgement.{face.judgement.value}"),
            distance=f"{face.distance:.2f}",
            band=say(f"band.{face.band}"),
        )
        same = face.judgement is Judgement.SAME and face.band == "similar"
        return FactLine(
            Glyph.PASSED if same else Glyph.ATTENTION, say("review.face_name"), words, 3
        )

"""From findings, register comparison and face check to the branches of the result tree.

Every question is one leaf; several findings of the same question make one, the worst of
them speaks. Nothing that was not done, not supported or undecided counts as passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desk.issuance.case import Case, Comparison
from desk.mrtd.results import Check, Finding, Group, Result, aggregate
from desk.ui.glyphs import Glyph
from desk.ui.look import Look
from desk.ui.parts.results import Branch, Leaf
from desk.ui.parts.verdict import Count
from desk.ui.troubles import TroubleWords

GLYPHS = {
    Result.PASSED: Glyph.PASSED,
    Result.FAILED: Glyph.FAILED,
    Result.UNDECIDED: Glyph.UNDECIDED,
    Result.NOT_DONE: Glyph.NOT_DONE,
    Result.NOT_SUPPORTED: Glyph.NOT_SUPPORTED,
}
LEFT = (Group.DOCUMENT, Group.CHIP)
RIGHT = (Group.CONTENT, Group.HOLDER)
OPEN_RESULTS = (Result.FAILED, Result.UNDECIDED)
LISTS = (Check.DATA_GROUP, Check.UNREAD_GROUP)
"""Questions asked once for each data group; the leaf lists the groups' numbers."""


def result_word(look: Look, result: Result) -> str:
    return look.say(f"state.{result.value}")


class FindingWords:
    """Makes leaves and branches in the look's language."""

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        self._look, self._troubles = look, troubles

    def branches(self, case: Case) -> tuple[tuple[Branch, ...], tuple[Branch, ...]]:
        """Left and right column of the tree."""
        by_group = self._leaves(case)
        left = tuple(self._branch(group, by_group[group]) for group in LEFT if by_group[group])
        right = tuple(self._branch(group, by_group[group]) for group in RIGHT if by_group[group])
        return left, right

    def counts(self, case: Case) -> tuple[Count, ...]:
        """How many leaves had which result; all five are always named."""
        results = [result for leaves in self._leaves(case).values() for result, _ in leaves]
        return tuple(
            Count(glyph, results.count(result), result_word(self._look, result))
            for result, glyph in GLYPHS.items()
        )

    def results(self, case: Case) -> tuple[Result, ...]:
        return tuple(result for leaves in self._leaves(case).values() for result, _ in leaves)

    def worst(self, case: Case) -> Finding | None:
        """The finding that stops the case, if one does."""
        if case.document is None:
            return None
        failed = [one for one in case.document.findings if one.result is Result.FAILED]
        return failed[0] if failed else None

    def _leaves(self, case: Case) -> dict[Group, list[tuple[Result, Leaf]]]:
        groups: dict[Group, list[tuple[Result, Leaf]]] = {group: [] for group in Group}
        if case.document is not None:
            for (group, check), found in _by_check(case.document.findings).items():
                groups[group].append(self._leaf(check, found))
        groups[Group.HOLDER] += [self._register_leaf(case), self._face_leaf(case)]
        return groups

    def _branch(self, group: Group, leaves: Sequence[tuple[Result, Leaf]]) -> Branch:
        result = aggregate(result for result, _ in leaves)
        name = self._look.say(f"group.{group.value}")
        word = result_word(self._look, result)
        return Branch(name, GLYPHS[result], word, tuple(leaf for _, leaf in leaves))

    def _leaf(self, check: Check, found: Sequence[Finding]) -> tuple[Result, Leaf]:
        look = self._look
        result = aggregate(finding.result for finding in found)
        speaker = next(finding for finding in found if finding.result is result)
        name = look.say(f"check.{check.value}")
        word = result_word(look, result)
        spoken = self._troubles.of(speaker.code, look.language, speaker.facts)
        # Where nothing is wrong the table's title repeats the question; its text is the fact.
        open_now = result in OPEN_RESULTS
        evidence = spoken.title if open_now else spoken.text
        listed = check in LISTS and not open_now
        if result is Result.PASSED or listed:
            evidence = self._evidence(check, result, found) or evidence
        if result is Result.PASSED:
            return result, Leaf(GLYPHS[result], name, evidence, word)
        return result, Leaf(
            GLYPHS[result],
            name,
            evidence,
            word,
            code=speaker.code if open_now else "",
            next=spoken.next if open_now else "",
            remark=speaker.code if open_now else "",
        )

    def _evidence(self, check: Check, result: Result, found: Sequence[Finding]) -> str:
        """The muted fact behind a leaf, where the findings carry it in short."""
        if check in LISTS:
            groups = [f.facts.get("group") for f in found if f.result is result]
            return "DG" + "·".join(str(number) for number in groups)
        facts: dict[str, object] = {}
        for finding in found:
            facts.update(finding.facts)
        key = f"evidence.{check.value}"
        if key not in self._look.words:
            return ""
        try:
            return self._look.say(key, **facts)
        except KeyError:
            return ""

    def _register_leaf(self, case: Case) -> tuple[Result, Leaf]:
        say = self._look.say
        name = say("check.register")
        differing = [row for row in case.compared if row.outcome is Comparison.DIFFERENT]
        if case.document is None or case.document.overall is Result.FAILED:
            result, evidence = Result.NOT_DONE, say("evidence.register_skipped")
        elif case.register is None:
            result, evidence = Result.NOT_DONE, say("evidence.register_none")
        elif differing:
            items = "·".join(say(f"item.{row.item}") for row in differing)
            given = all(row.reason for row in differing)
            key = "evidence.register_explained" if given else "evidence.register_differs"
            result, evidence = Result.FAILED, say(key, items=items)
        else:
            result, evidence = Result.PASSED, say("evidence.register_same")
        return result, Leaf(GLYPHS[result], name, evidence, result_word(self._look, result))

    def _face_leaf(self, case: Case) -> tuple[Result, Leaf]:
        say = self._look.say
        if case.face is None:
            stopped = case.document is not None and case.document.overall is Result.FAILED
            key = "evidence.face_skipped" if stopped else "evidence.face_later"
            result, evidence = Result.NOT_DONE, say(key)
        else:
            results = {"same": Result.PASSED, "unsure": Result.UNDECIDED}
            result = results.get(case.face.judgement.value, Result.FAILED)
            evidence = say(f"judgement.{case.face.judgement.value}")
        return result, Leaf(
            GLYPHS[result], say("check.face"), evidence, result_word(self._look, result)
        )


def _by_check(findings: Iterable[Finding]) -> dict[tuple[Group, Check], list[Finding]]:
    grouped: dict[tuple[Group, Check], list[Finding]] = {}
    for finding in findings:
        grouped.setdefault((Group(finding.group), Check(finding.check)), []).append(finding)
    return grouped

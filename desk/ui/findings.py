"""From findings to the branches of the result tree, the counts and the verdict's reason.

Every question is one leaf; several findings of the same question make one, the gravest of
them speaks. Nothing that was not done, not supported or undecided counts as passed. Two
questions that passed may stand in one leaf (the way in beside the access, the list of files
beside the data); one that did not pass always has a leaf of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from desk.counter import holder
from desk.issuance.case import Case, Comparison
from desk.mrtd import judge
from desk.mrtd.results import GROUP_OF, Check, Finding, Group, Result, aggregate, gravest
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
BY_NUMBER = ("PA-DG-00", "PA-DG-20")
BESIDE = {
    Check.PACE: Check.ACCESS,
    Check.FILE_LIST: Check.DATA_GROUP,
    Check.PORTRAIT: Check.DATA_GROUP,
}
"""Questions without a leaf of their own while they say nothing against the passport."""
QUIET = (Result.PASSED, Result.NOT_SUPPORTED)
ESTABLISHED = (Check.SOD_SIGNATURE, Check.SIGNER_CHAIN, Check.DATA_GROUP)
"""What must have passed before anybody may say that the content is the issuer's."""
EXPLAINED = "HOLD-03"
DIFFERS = ("HOLD-02", EXPLAINED)
"""The register says otherwise: without a reason, and with one chosen for each item."""
NEEDED = (*judge.REQUIRED, *judge.CHIP_PROOFS)

Asked = dict[Check, list[Finding]]


def result_word(look: Look, result: Result) -> str:
    return look.say(f"state.{result.value}")


def found(case: Case) -> tuple[Finding, ...]:
    """All findings of a case: document, chip, content, and the holder's as it stands now."""
    if case.document is None:
        return ()
    return (*case.document.findings, *holder.findings(case))


def result_of(case: Case, check: Check) -> Result:
    return aggregate(one.result for one in found(case) if one.check is check)


def is_established(case: Case) -> bool:
    """Signature, signer and data have all passed: the issuer vouches for the content."""
    return all(result_of(case, check) is Result.PASSED for check in ESTABLISHED)


def _is_incomplete(case: Case) -> bool:
    return case.document is not None and case.document.overall is Result.NOT_DONE


def chip_is_unproven(case: Case) -> bool:
    """No proof passed that the chip is no copy; most passports before 2010 offer none."""
    return all(result_of(case, check) is not Result.PASSED for check in judge.CHIP_PROOFS)


class FindingWords:
    """Makes leaves, branches and the verdict's reason in the look's language."""

    def __init__(self, look: Look, troubles: TroubleWords) -> None:
        self._look, self._troubles = look, troubles

    def branches(self, case: Case) -> tuple[tuple[Branch, ...], tuple[Branch, ...]]:
        """Left and right column of the tree."""
        by_group = self._leaves(case)
        everything = found(case)

        def column(groups: tuple[Group, ...]) -> tuple[Branch, ...]:
            return tuple(
                self._branch(group, judge.branch(group, everything), by_group[group])
                for group in groups
                if by_group[group]
            )

        return column(LEFT), column(RIGHT)

    def counts(self, case: Case) -> tuple[Count, ...]:
        """How many leaves had which result; all five are always named."""
        results = self.results(case)
        return tuple(
            Count(glyph, results.count(result), result_word(self._look, result))
            for result, glyph in GLYPHS.items()
        )

    def results(self, case: Case) -> tuple[Result, ...]:
        return tuple(result for leaves in self._leaves(case).values() for result, _ in leaves)

    def failed(self, case: Case) -> tuple[Finding, ...]:
        """What stops the case, the gravest first; the holder's part stops none here."""
        document = case.document.findings if case.document else ()
        return gravest(document, Result.FAILED)

    def unsettled(self, case: Case) -> tuple[Finding, ...]:
        """What wants a closer look, the gravest first: undecided, needed and not done, then
        what the register says otherwise."""
        everything = found(case)
        undecided = gravest(everything, Result.UNDECIDED)
        skipped = gravest(everything, Result.NOT_DONE) if _is_incomplete(case) else ()
        differs = (one for one in everything if one.code in DIFFERS)
        return (*undecided, *(one for one in skipped if one.check in NEEDED), *differs)

    def titles(self, findings: Sequence[Finding]) -> str:
        """What each of them says, each sentence once."""
        said = (self._troubles.of(f.code, self._look.language, f.facts).title for f in findings)
        return " ".join(f"{title}." for title in dict.fromkeys(said))

    def reason(self, findings: Sequence[Finding]) -> str:
        """The first one's title, and how many questions there are besides."""
        if not findings:
            return ""
        first = findings[0]
        title = self._troubles.of(first.code, self._look.language, first.facts).title
        others = len({finding.check for finding in findings} - {first.check})
        return self._look.say("verdict.and_more", why=title, n=others) if others else title

    def _leaves(self, case: Case) -> dict[Group, list[tuple[Result, Leaf]]]:
        groups: dict[Group, list[tuple[Result, Leaf]]] = {group: [] for group in Group}
        asked = _laid_together(_by_check(found(case)))
        for check, group in GROUP_OF.items():
            if check in asked:
                groups[group].append(self._leaf(case, check, asked[check]))
        return groups

    def _branch(
        self, group: Group, result: Result, leaves: Sequence[tuple[Result, Leaf]]
    ) -> Branch:
        name = self._look.say(f"group.{group.value}")
        word = result_word(self._look, result)
        return Branch(name, GLYPHS[result], word, tuple(leaf for _, leaf in leaves))

    def _leaf(self, case: Case, check: Check, asked: Sequence[Finding]) -> tuple[Result, Leaf]:
        look = self._look
        result = aggregate(finding.result for finding in asked)
        speaker = gravest(asked, result)[0]
        missing = result is Result.NOT_DONE and check in NEEDED and _is_incomplete(case)
        open_now = result in OPEN_RESULTS or missing
        leaf = Leaf(
            GLYPHS[result],
            look.say(f"check.{check.value}"),
            self._evidence(case, check, result, asked, speaker),
            result_word(look, result),
            code=speaker.code,
            next=self._next(speaker) if open_now else "",
            remark=self._remark(speaker) if open_now and speaker.code != EXPLAINED else "",
        )
        return result, leaf

    def _evidence(
        self,
        case: Case,
        check: Check,
        result: Result,
        asked: Sequence[Finding],
        speaker: Finding,
    ) -> str:
        """The muted fact behind a leaf, in the few words that fit beside its name."""
        if check is Check.REGISTER and speaker.code in DIFFERS:
            return self._differing(case, speaker.code)
        same = [one for one in asked if one.check is speaker.check and one.result is result]
        if check in LISTS and (speaker.code in BY_NUMBER or len(same) > 1):
            return "DG" + "·".join(str(one.facts.get("group")) for one in same)
        said = self._short(speaker.code, _facts(asked) | dict(speaker.facts))
        if said:
            return said
        spoken = self._troubles.of(speaker.code, self._look.language, speaker.facts)
        return spoken.title if result in OPEN_RESULTS else spoken.text

    def _differing(self, case: Case, code: str) -> str:
        say = self._look.say
        differing = [row for row in case.compared if row.outcome is Comparison.DIFFERENT]
        items = "·".join(say(f"item.{row.item}") for row in differing)
        return say(f"short.{code}", items=items)

    def _next(self, finding: Finding) -> str:
        """What to do, in two or three words; after a failure what to do stands on the page."""
        key = f"do.{finding.code}"
        if key in self._look.words:
            return self._look.say(key)
        return self._look.say("do.see") if finding.result is Result.UNDECIDED else ""

    def _remark(self, finding: Finding) -> str:
        figures = self._filled(f"figures.{_kind(finding.code)}", dict(finding.facts))
        return f"{figures} · {finding.code}" if figures else finding.code

    def _short(self, code: str, facts: dict[str, object]) -> str:
        return self._filled(f"short.{_kind(code)}", facts)

    def _filled(self, key: str, facts: dict[str, object]) -> str:
        """Empty where there are no such words, or a figure they need is missing."""
        if key not in self._look.words:
            return ""
        if "group" in facts:
            facts = {"file": self._file(facts["group"]), **facts}
        try:
            return self._look.say(key, **facts)
        except KeyError:
            return ""

    def _file(self, number: object) -> str:
        key = f"phase.dg{number}"
        return self._look.say(key) if key in self._look.words else f"DG{number}"


def _kind(code: str) -> str:
    """A code without the group's number: one group's failure reads like another's."""
    return "PA-DG-nn" if code[:5] == "PA-DG" and "01" <= code[-2:] <= "16" else code


def _facts(findings: Iterable[Finding]) -> dict[str, object]:
    facts: dict[str, object] = {}
    for finding in findings:
        facts.update(finding.facts)
    return facts


def _by_check(findings: Iterable[Finding]) -> Asked:
    asked: Asked = {}
    for finding in findings:
        asked.setdefault(finding.check, []).append(finding)
    return asked


def _laid_together(asked: Asked) -> Asked:
    """Questions that may stand beside another are put there while nothing speaks against."""
    laid = {check: list(findings) for check, findings in asked.items()}
    for check, host in BESIDE.items():
        if check in laid and host in laid and aggregate(f.result for f in laid[check]) in QUIET:
            laid[host] += laid.pop(check)
    return laid

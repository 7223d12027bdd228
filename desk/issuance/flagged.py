"""What of a case needs eyes: each item is opened by whoever signs, before the card is asked.

A case with such an item is an exception. Showing the items is left to the window, what
follows from there being any to ``desk.issuance.approvals``.
"""

from __future__ import annotations

from dataclasses import dataclass

from desk.issuance.case import Case, Comparison, Judgement
from desk.mrtd.results import Result

SIMILAR = "similar"
"""The band of the machine's figure that agrees with «the same person»."""


@dataclass(frozen=True)
class FlaggedItem:
    """``key`` names the item, ``code`` its words where it is a finding; ``level`` is a
    result of the passport check or ``different`` or ``against_band``."""

    key: str
    level: str
    code: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def flagged_items(case: Case) -> tuple[FlaggedItem, ...]:
    """Differences between the sources, findings that are not passed, and a judgement of the
    face that is not plain, in this order."""
    return (*_differences(case), *_findings(case), *_face(case))


def _differences(case: Case) -> tuple[FlaggedItem, ...]:
    return tuple(
        FlaggedItem(
            key=f"difference:{row.item}",
            level="different",
            facts=(
                ("item", row.item),
                ("chip", row.chip or ""),
                ("register", row.register or ""),
                ("reason", row.reason or ""),
            ),
        )
        for row in case.compared
        if row.outcome is Comparison.DIFFERENT
    )


def _findings(case: Case) -> tuple[FlaggedItem, ...]:
    if case.document is None:
        return ()
    return tuple(
        FlaggedItem(
            key=f"finding:{number}:{finding.code}",
            level=finding.result.value,
            code=finding.code,
            facts=tuple((name, str(value)) for name, value in finding.facts.items()),
        )
        for number, finding in enumerate(case.document.findings)
        if finding.result in (Result.FAILED, Result.UNDECIDED)
    )


def _face(case: Case) -> tuple[FlaggedItem, ...]:
    """The machine does not agree, or the officer could not tell."""
    if case.face is None:
        return ()
    agreed = case.face.judgement is Judgement.SAME and case.face.band == SIMILAR
    if agreed:
        return ()
    return (FlaggedItem("face:band", "against_band", facts=(("band", case.face.band),)),)

"""Findings about the holder: does the register know this person, and is it their face.

They hang in the result tree beside those of document, chip and content, and never change
those. A person's data stay out of them: items are named by their keys.
"""

from __future__ import annotations

from desk.issuance.case import Case, Comparison, Judgement
from desk.mrtd.results import Check, Fact, Finding, Group, Result


def findings(case: Case) -> tuple[Finding, ...]:
    """One finding on the register and one on the face, as the case stands."""
    return _register(case), _face(case)


def _register(case: Case) -> Finding:
    differing = [row for row in case.compared if row.outcome is Comparison.DIFFERENT]
    facts: dict[str, Fact] = {
        "count": len(differing),
        "items": ", ".join(row.item for row in differing),
    }
    if _is_refused(case):
        return _holder("HOLD-05", Result.NOT_DONE, Check.REGISTER)
    if case.register is None and not differing:
        return _holder("HOLD-04", Result.NOT_DONE, Check.REGISTER)
    if not differing:
        return _holder("HOLD-01", Result.PASSED, Check.REGISTER)
    explained = all(row.reason for row in differing)
    code = "HOLD-03" if explained else "HOLD-02"
    return _holder(code, Result.FAILED, Check.REGISTER, **facts)


def _face(case: Case) -> Finding:
    if case.face is None:
        code = "HOLD-12" if _is_refused(case) else "HOLD-11"
        return _holder(code, Result.NOT_DONE, Check.FACE)
    code, result = {
        Judgement.SAME: ("HOLD-13", Result.PASSED),
        Judgement.UNSURE: ("HOLD-14", Result.UNDECIDED),
        Judgement.DIFFERENT: ("HOLD-15", Result.FAILED),
    }[case.face.judgement]
    return _holder(code, result, Check.FACE)


def _is_refused(case: Case) -> bool:
    return case.document is None or case.document.overall is Result.FAILED


def _holder(code: str, result: Result, check: Check, **facts: Fact) -> Finding:
    return Finding(code, result, Group.HOLDER, check, facts)

"""Results of checks and how many of them make one, in the words of BSI TR-03135.

A finding is data for the officer and is never raised. What counts as passed is
narrow: nothing that was not done, not supported or not decided ever becomes passed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Result(StrEnum):
    """Outcome of one check, or of several taken together."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    NOT_DONE = "not_done"
    NOT_SUPPORTED = "not_supported"


class Group(StrEnum):
    """Branch of the result tree."""

    DOCUMENT = "document"
    CHIP = "chip"
    CONTENT = "content"
    HOLDER = "holder"


class Check(StrEnum):
    """Leaf of the result tree: which question a finding answers."""

    MRZ_CHECK_DIGITS = "mrz_check_digits"
    EXPIRY = "expiry"
    MRZ_EQUALS_CHIP = "mrz_equals_chip"
    ISSUER_COUNTRY = "issuer_country"
    ACCESS = "access"
    PACE = "pace"
    CHIP_AUTHENTICATION = "chip_authentication"
    ACTIVE_AUTHENTICATION = "active_authentication"
    SOD_SIGNATURE = "sod_signature"
    SIGNER_CHAIN = "signer_chain"
    REVOCATION = "revocation"
    DATA_GROUP = "data_group"
    UNREAD_GROUP = "unread_group"
    """A group beyond the mandatory ones that nobody read, such as fingerprints."""
    FILE_LIST = "file_list"
    PORTRAIT = "portrait"
    REGISTER = "register"
    FACE = "face"


GROUP_OF = {
    Check.MRZ_CHECK_DIGITS: Group.DOCUMENT,
    Check.EXPIRY: Group.DOCUMENT,
    Check.MRZ_EQUALS_CHIP: Group.DOCUMENT,
    Check.ISSUER_COUNTRY: Group.DOCUMENT,
    Check.ACCESS: Group.CHIP,
    Check.PACE: Group.CHIP,
    Check.CHIP_AUTHENTICATION: Group.CHIP,
    Check.ACTIVE_AUTHENTICATION: Group.CHIP,
    Check.SOD_SIGNATURE: Group.CONTENT,
    Check.SIGNER_CHAIN: Group.CONTENT,
    Check.REVOCATION: Group.CONTENT,
    Check.DATA_GROUP: Group.CONTENT,
    Check.UNREAD_GROUP: Group.CONTENT,
    Check.FILE_LIST: Group.CONTENT,
    Check.PORTRAIT: Group.CONTENT,
    Check.REGISTER: Group.HOLDER,
    Check.FACE: Group.HOLDER,
}
"""Where each leaf hangs, in the order in which leaves are shown and logged."""


Fact = str | int | float | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. ``code`` names check and reason and has its sentence in resources/troubles.

    ``facts`` fill the places of that sentence (data group number, algorithm, age of the
    trust list). They never hold personal data.
    """

    code: str
    result: Result
    group: Group
    check: Check
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        return {"code": self.code, "result": self.result.value, **self._json_facts()}

    def _json_facts(self) -> dict[str, object]:
        return {"facts": dict(self.facts)} if self.facts else {}


class Advice(StrEnum):
    """What an officer does next: the two-second answer."""

    GO_ON = "go_on"
    LOOK_CLOSER = "look_closer"
    REFUSE = "refuse"


def advice(document: Result, findings: Iterable[Finding]) -> Advice:
    """Refuse what failed; look closer where anything, the holder included, is not settled.

    ``document`` is the overall result of document, chip and content. Only a document that
    passed and findings of which none failed or stayed undecided go on.
    """
    results = {finding.result for finding in findings}
    if document is Result.FAILED:
        return Advice.REFUSE
    if document is not Result.PASSED or results & {Result.FAILED, Result.UNDECIDED}:
        return Advice.LOOK_CLOSER
    return Advice.GO_ON


_GRAVITY = (
    Check.SOD_SIGNATURE,
    Check.DATA_GROUP,
    Check.SIGNER_CHAIN,
    Check.REVOCATION,
    Check.CHIP_AUTHENTICATION,
    Check.ACTIVE_AUTHENTICATION,
    Check.ISSUER_COUNTRY,
    Check.MRZ_EQUALS_CHIP,
    Check.MRZ_CHECK_DIGITS,
    Check.EXPIRY,
    Check.FACE,
    Check.REGISTER,
    Check.PACE,
    Check.ACCESS,
    Check.FILE_LIST,
    Check.PORTRAIT,
    Check.UNREAD_GROUP,
)
"""What is named first where several checks say no: forgery before age, chip before list."""


def gravest(findings: Iterable[Finding], result: Result) -> tuple[Finding, ...]:
    """The findings of that result, the gravest first; of equal ones the first made."""
    of_result = (finding for finding in findings if finding.result is result)
    return tuple(sorted(of_result, key=lambda finding: _GRAVITY.index(finding.check)))


def aggregate(results: Iterable[Result]) -> Result:
    """One result for a branch: the worst of what was decided.

    Failed beats undecided beats passed. Not done and not supported never lift anything:
    they show only where nothing else is there, not done before not supported.
    """
    seen = set(results)
    for worst in (
        Result.FAILED,
        Result.UNDECIDED,
        Result.PASSED,
        Result.NOT_DONE,
        Result.NOT_SUPPORTED,
    ):
        if worst in seen:
            return worst
    return Result.NOT_DONE


def overall(all_results: Iterable[Result], required: Collection[Result]) -> Result:
    """The result of the whole: passed only where every required check has passed.

    Failed where anything failed; else undecided where anything is undecided; else not
    done where a required check was not done or not supported (or none is required);
    else passed.
    """
    seen = set(all_results) | set(required)
    if Result.FAILED in seen:
        return Result.FAILED
    if Result.UNDECIDED in seen:
        return Result.UNDECIDED
    if not required or any(result is not Result.PASSED for result in required):
        return Result.NOT_DONE
    return Result.PASSED

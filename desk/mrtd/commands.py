"""What stands behind `desk passport verify`; `desk.mrtd.trust_commands` has those of trust.

Arguments already parsed come in; an exit status, facts for JSON and plain lines go out.
Troubles (a file that is not there, a list that is not believed) are raised; the caller
says them in words.

Exit status: 0 passed (or done), 1 failed, 4 neither (undecided, not done); 2 (wrong
arguments) and 3 (trouble) are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from desk.mrtd import passive
from desk.mrtd.disk import read_file
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Finding, Result
from desk.mrtd.trust import TrustStore

EXIT_DONE, EXIT_FAILED, EXIT_NOT_PASSED = 0, 1, 4
_STATUS = {Result.PASSED: EXIT_DONE, Result.FAILED: EXIT_FAILED}


@dataclass(frozen=True)
class Answer:
    """``exit_code`` for the shell, ``json`` for machines, ``text`` for the terminal."""

    exit_code: int
    json: dict[str, object]
    text: str
    findings: tuple[Finding, ...] = field(default=())


def passport_verify(
    sod: Path, groups: Mapping[int, Path], trust: TrustStore, now: datetime
) -> Answer:
    """Passive authentication of saved files: EF.SOD and whole data group files by number.

    Overall is passed only where the signature, the
    signer's chain and the data groups 1 and 2 have all passed; groups that the security
    object lists and that were not given are not done. Raises TrustTrouble where a file or
    the trust store cannot be read.
    """
    contents = {number: read_file(path) for number, path in groups.items()}
    result = passive.verify(read_file(sod), contents, trust.anchors(), now)
    status = _STATUS.get(result.overall, EXIT_NOT_PASSED)
    lines = [f"{'overall':<12} {result.overall.value}"]
    lines += [_finding_line(finding) for finding in result.findings]
    return Answer(status, _verdict(result), "\n".join(lines), result.findings)


def _finding_line(finding: Finding) -> str:
    facts = " ".join(f"{name}={value}" for name, value in finding.facts.items())
    return f"{finding.code:<12} {finding.result.value:<13} {facts}".rstrip()


def _verdict(result: PassiveResult) -> dict[str, object]:
    return {
        "overall": result.overall.value,
        "checks": {
            "sod_signature": result.of(Check.SOD_SIGNATURE).value,
            "signer_chain": result.of(Check.SIGNER_CHAIN).value,
            "data_groups": {str(n): r.value for n, r in sorted(result.data_groups.items())},
        },
        "findings": [{"code": f.code, "result": f.result.value} for f in result.findings],
    }

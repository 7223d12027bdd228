"""What stands behind `desk passport verify` and `desk trust import|list`.

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
from desk.mrtd.master_list import Refused
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Finding, Result
from desk.mrtd.trust import Contents, Held, Imported, Source, TrustStore, read_file

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


def trust_import(file: Path, signer: Path | None, trust: TrustStore, now: datetime) -> Answer:
    """A master list vouched for by the root ``signer``, or a single certificate.

    Raises TrustTrouble, and then the store is as before.
    """
    imported = trust.import_file(file, signer, now)
    facts = _imported(imported, now)
    text = "{country} {label}: {read} read, {usable} usable, {countries} countries, as of {as_of}"
    lines = [text.format(**facts)]
    lines += [_refusal_line(refused) for refused in imported.source.refused]
    return Answer(EXIT_DONE, facts, "\n".join(lines))


def trust_list(trust: TrustStore, now: datetime) -> Answer:
    """What the store holds, by source. Raises StoreDamaged, FileUnavailable."""
    contents = trust.contents()
    lines = [f"{len(contents.held)} anchors"]
    for source in contents.sources:
        count, age = len(contents.of(source)), source.age_days(now)
        lines.append(f"{source.kind} {source.country} {source.label}: {count}, {age} days old")
        lines += [_refusal_line(refused) for refused in source.refused]
    sources = [_source(source, contents, now) for source in contents.sources]
    facts: dict[str, object] = {"anchors": len(contents.held), "sources": sources}
    return Answer(EXIT_DONE, facts, "\n".join(lines))


def _finding_line(finding: Finding) -> str:
    facts = " ".join(f"{name}={value}" for name, value in finding.facts.items())
    return f"{finding.code:<12} {finding.result.value:<13} {facts}".rstrip()


def _refusal_line(refused: Refused) -> str:
    return (
        f"  {refused.code} {refused.country} {refused.label}: {refused.reason} "
        f"({refused.fingerprint[:16]})"
    )


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


def _imported(imported: Imported, now: datetime) -> dict[str, object]:
    source = imported.source
    return {
        **_origin(source, now),
        "read": imported.read,
        "usable": len(imported.held),
        "countries": len({item.country for item in imported.held}),
        "expired": sum(item.not_after < now for item in imported.held),
        "replaced": imported.replaced,
        "unusable": _refused(source),
    }


def _source(source: Source, contents: Contents, now: datetime) -> dict[str, object]:
    held = contents.of(source)
    return {
        **_origin(source, now),
        "usable": len(held),
        "unusable": _refused(source),
        "certificates": [_certificate(item, now) for item in held],
    }


def _origin(source: Source, now: datetime) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": source.kind,
        "country": source.country,
        "label": source.label,
        "as_of": source.as_of.isoformat(),
        "age_days": source.age_days(now),
        "imported_at": source.imported_at.isoformat(),
        "vouched_by": source.vouched_by,
    }


def _refused(source: Source) -> list[dict[str, str]]:
    return [
        {
            "code": item.code,
            "reason": item.reason,
            "country": item.country,
            "subject": item.label,
            "sha256": item.fingerprint,
        }
        for item in source.refused
    ]


def _certificate(item: Held, now: datetime) -> dict[str, object]:
    return {
        "country": item.country,
        "subject": item.label,
        "sha256": item.fingerprint,
        "not_before": item.not_before.isoformat(),
        "not_after": item.not_after.isoformat(),
        "expired": item.not_after < now,
    }

"""What stands behind `desk passport verify` and `desk trust import|list`.

Arguments already parsed come in, an exit code and an answer for JSON go out. Words for
people are made by the caller; troubles (a file that is not there, a list that is not
believed) are raised and end with EXIT_TROUBLE.

Exit codes: 0 passed (or done), 1 failed, 3 neither (undecided, not done), 4 trouble;
2 is left to wrong arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from desk.mrtd import passive
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Finding, Result
from desk.mrtd.trust import Contents, Held, Imported, Source, TrustStore, read_file

EXIT_DONE, EXIT_FAILED, EXIT_NOT_PASSED, EXIT_TROUBLE = 0, 1, 3, 4
_EXIT_CODES = {Result.PASSED: EXIT_DONE, Result.FAILED: EXIT_FAILED}


@dataclass(frozen=True)
class Answer:
    """``exit_code`` for the shell, ``json`` for machines, ``findings`` for words."""

    exit_code: int
    json: dict[str, object]
    findings: tuple[Finding, ...] = field(default=())


def passport_verify(
    sod: Path, groups: Mapping[int, Path], trust: TrustStore, now: datetime
) -> Answer:
    """Passive authentication of saved files: EF.SOD and whole data group files by number.

    Overall is passed only where the signature, the signer's chain and the data groups 1
    and 2 have all passed; groups that the security object lists and that were not given
    are not done. Raises TrustTrouble where a file or the trust store cannot be read.
    """
    contents = {number: read_file(path) for number, path in groups.items()}
    result = passive.verify(read_file(sod), contents, trust.anchors(), now)
    code = _EXIT_CODES.get(result.overall, EXIT_NOT_PASSED)
    return Answer(code, _verdict(result), result.findings)


def trust_import(file: Path, signer: Path | None, trust: TrustStore, now: datetime) -> Answer:
    """Raises TrustTrouble, and then the store is as before."""
    imported = trust.import_file(file, signer, now)
    return Answer(EXIT_DONE, _imported(imported, now))


def trust_list(trust: TrustStore, now: datetime) -> Answer:
    """What the store holds, by source. Raises StoreDamaged, FileUnavailable."""
    contents = trust.contents()
    sources = [_source(source, contents, now) for source in contents.sources]
    return Answer(EXIT_DONE, {"anchors": len(contents.held), "sources": sources})


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

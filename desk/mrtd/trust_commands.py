"""What stands behind `desk trust import|list|remove`.

Arguments already parsed come in; an exit status, facts for JSON and plain lines go out.
Troubles (a file that is not there, a list that is not believed) are raised where there is
one file; of several, those refused are told beside what was taken.

Exit status: 0 everything taken, 1 nothing, 4 some taken and some refused whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from desk.mrtd.commands import EXIT_DONE, EXIT_FAILED, EXIT_NOT_PASSED, Answer
from desk.mrtd.master_list import Refused
from desk.mrtd.trust import TrustStore
from desk.mrtd.trust_import import Imported, Intake
from desk.mrtd.trust_records import Contents, Held, HeldList, Source, SourceKind


def trust_import(
    files: Sequence[Path],
    roots: Sequence[Path],
    trust: TrustStore,
    now: datetime,
    *,
    by_listed: bool = False,
) -> Answer:
    """Files and folders of trust material; ``roots`` vouch for lists among them.

    Raises TrustTrouble for a single file that is refused, and then the store is as before.
    """
    every = tuple(_files(files))
    if len(every) == 1 and len(roots) < 2:
        root = roots[0] if roots else None
        intake = trust.import_file(every[0], root, now, by_listed=by_listed)
    else:
        intake = trust.import_files(every, roots, now, by_listed=by_listed)
    lines = [line for one in intake.imported for line in _import_lines(one, now)]
    lines += [_refusal_line(refused) for refused in intake.refused]
    return Answer(_import_status(intake), _import_facts(intake, now), "\n".join(lines))


def trust_list(trust: TrustStore, now: datetime) -> Answer:
    """What the store holds, by source. Raises StoreDamaged, FileUnavailable."""
    contents = trust.contents()
    lines = [f"{len(contents.held)} anchors, {len(contents.revocations)} revocation lists"]
    for source in contents.sources:
        lines.append(_source_line(source, contents, now))
        lines += [_refusal_line(refused) for refused in source.refused]
    signers = trust.signer_count() if contents.of_kind(SourceKind.SIGNERS) else 0
    lines[0] += f", {signers} document signers" if signers else ""
    facts: dict[str, object] = {
        "anchors": len(contents.held),
        "document_signers": signers,
        "revocation_lists": len(contents.revocations),
        "deviation_lists": len(contents.deviations),
        "sources": [_source(source, contents, now) for source in contents.sources],
    }
    return Answer(EXIT_DONE, facts, "\n".join(lines))


def trust_remove(name: str, trust: TrustStore, now: datetime) -> Answer:
    """Forget one source by its name as `trust_list` tells it. Raises SourceUnknown."""
    before = trust.contents()
    source = trust.remove(name)
    orphans = sorted(trust.contents().voucher_missing - before.voucher_missing)
    facts: dict[str, object] = {
        **_origin(source, now),
        "removed": len(before.of(source)),
        "voucher_missing": orphans,
    }
    lines = [f"{source.name}: {len(before.of(source))} certificates removed"]
    lines += [f"  {orphan}: who vouched for it is gone" for orphan in orphans]
    return Answer(EXIT_DONE, facts, "\n".join(lines))


def _files(given: Iterable[Path]) -> Iterable[Path]:
    for path in given:
        if path.is_dir():
            yield from sorted(child for child in path.iterdir() if child.is_file())
        else:
            yield path


def _import_status(intake: Intake) -> int:
    if not intake.refused:
        return EXIT_DONE
    return EXIT_NOT_PASSED if intake.imported else EXIT_FAILED


def _import_facts(intake: Intake, now: datetime) -> dict[str, object]:
    """The facts of the one source, as most imports have one, and all of them by source."""
    sources = [_imported(one, now) for one in intake.imported]
    facts = {} if len(sources) != 1 else dict(sources[0])
    return {**facts, "sources": sources, "refused": [_refusal(r) for r in intake.refused]}


def _import_lines(imported: Imported, now: datetime) -> list[str]:
    source = imported.source
    start = f"{source.kind} {source.country} {source.label}".rstrip()
    if imported.list is not None:
        counts = f"{imported.list.entries} entries"
    elif imported.signers or not imported.held:
        counts = f"{imported.read} read, {imported.signers} usable"
    else:
        countries = len({item.country for item in imported.held})
        counts = f"{imported.read} read, {len(imported.held)} usable, {countries} countries"
    age = f"as of {source.as_of.isoformat()}, {source.age_days(now)} days old"
    return [f"{start}: {counts}, {age}", *(_refusal_line(one) for one in source.refused)]


def _source_line(source: Source, contents: Contents, now: datetime) -> str:
    listed = contents.list_of(source)
    count = len(contents.of(source)) if listed is None else listed.entries
    lost = ", who vouched for it is gone" if source.name in contents.voucher_missing else ""
    return (
        f"{source.name}: {source.country} {source.label}: {count}, "
        f"{source.age_days(now)} days old{lost}"
    )


def _refusal_line(refused: Refused) -> str:
    mark = f" ({refused.fingerprint[:16]})" if refused.fingerprint else ""
    return f"  {refused.code} {refused.country} {refused.label}: {refused.reason}{mark}"


def _imported(imported: Imported, now: datetime) -> dict[str, object]:
    return {
        **_origin(imported.source, now),
        "read": imported.read,
        "usable": len(imported.held) + imported.signers,
        "countries": len({item.country for item in imported.held}),
        "expired": sum(item.not_after < now for item in imported.held),
        "replaced": imported.replaced,
        "unusable": [_refusal(refused) for refused in imported.source.refused],
        **_list_facts(imported.list, now),
    }


def _source(source: Source, contents: Contents, now: datetime) -> dict[str, object]:
    held = contents.of(source)
    return {
        **_origin(source, now),
        "usable": len(held),
        "unusable": [_refusal(refused) for refused in source.refused],
        "certificates": [_certificate(item, now) for item in held],
        "voucher_missing": source.name in contents.voucher_missing,
        **_list_facts(contents.list_of(source), now),
    }


def _list_facts(held: HeldList | None, now: datetime) -> dict[str, object]:
    """What only a revocation or deviation list has."""
    if held is None:
        return {}
    ends = held.next_update
    return {
        "entries": held.entries,
        "next_update": None if ends is None else ends.isoformat(),
        "overdue": ends is not None and ends < now,
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


def _refusal(refused: Refused) -> dict[str, str]:
    return {
        "code": refused.code,
        "reason": refused.reason,
        "country": refused.country,
        "subject": refused.label,
        "sha256": refused.fingerprint,
    }


def _certificate(item: Held, now: datetime) -> dict[str, object]:
    return {
        "country": item.country,
        "subject": item.label,
        "sha256": item.fingerprint,
        "not_before": item.not_before.isoformat(),
        "not_after": item.not_after.isoformat(),
        "expired": item.not_after < now,
    }

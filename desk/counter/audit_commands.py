"""What stands behind ``desk audit export``, ``pack`` and ``verify``.

Verifying needs no records, no key and no station: a file, or the folder of a copy, the seals
and, to know whose cards sealed, the ministry's root. An answer carries its exit status: 0 what
was asked holds, 1 something does not, 4 it holds as far as it was asked and something was not.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from desk.counter import copies
from desk.issuance import audit, packs, seals
from desk.issuance.audit import AuditHead
from desk.issuance.seals import Seal, SealedLog, read_seals
from desk.store import evidence, journal
from desk.store import seals as kept_seals
from desk.store.database import Store
from desk.store.troubles import Unwritable
from desk.trouble import Trouble
from desk.words import TroubleWords

HOLDS, REFUSED, NOT_ASKED = 0, 1, 4
SEALS_SUFFIX = ".seals"
_CHUNK = 1 << 20


class LogUnreadable(Trouble):
    """The file cannot be opened. Facts: file."""

    code = "AUDIT-06"


@dataclass(frozen=True)
class Answer:
    """``text`` for people, ``facts`` for machines, ``status`` the exit status."""

    status: int
    text: str
    facts: dict[str, Any]


def export(store: Store, target: Path, now: datetime) -> Answer:
    """The whole log into ``target``, its seals beside it. Raises
    :class:`~desk.store.troubles.Unwritable`."""
    with store.read() as session:
        head = journal.export(session, target, now)
        found = [kept.seal for kept in kept_seals.seals(session)]
    beside = target.with_name(target.name + SEALS_SUFFIX)
    _save(beside, "".join(seal.line + "\n" for seal in found).encode("ascii"))
    facts = {
        "events": head.count,
        "head": head.hash,
        "seals": len(found),
        "log": target.name,
        "seals_file": beside.name,
    }
    text = f"{head.count} events in {target.name}, {len(found)} seals in {beside.name}"
    return Answer(HOLDS, text, facts)


def pack(store: Store, case: str, target: Path) -> Answer:
    """The evidence of one case into ``target``; verified before it is written, so that none
    leaves which does not hold. Raises what gathering, verifying and writing raise."""
    with store.read() as session:
        made = evidence.gather(session, case)
    packs.verify(made)
    _save(target, packs.encode(made))
    facts = {"case": case, **_pack_counts(made), "file": target.name}
    unsealed = f", {len(made.unsealed)} not sealed yet" if made.unsealed else ""
    return Answer(HOLDS, f"{len(made.events)} events of {case} in {target.name}{unsealed}", facts)


def verify(
    source: Path,
    sealed_by: Path | None = None,
    roots: Sequence[bytes] = (),
    expected_head: str | None = None,
    language: str = "en",
) -> Answer:
    """An exported log, the folder of a copy, or an evidence pack.

    ``sealed_by`` is a file of seals or a copy's folder; a copy and a pack bring their own.
    ``roots`` (DER) say whose cards count. Raises :class:`LogUnreadable`.
    """
    try:
        if copies.is_copy(source):
            return _verify_copy(source, roots)
        if zipfile.is_zipfile(source):
            return _verify_pack(source.read_bytes(), roots)
        return _verify_log(source, sealed_by, roots, expected_head)
    except OSError as reason:
        raise LogUnreadable(source.name, file=source.name) from reason
    except Trouble as broken:
        if isinstance(broken, LogUnreadable):
            raise
        return _refused(broken, language)


def _verify_log(
    file: Path, sealed_by: Path | None, roots: Sequence[bytes], expected_head: str | None
) -> Answer:
    found = _seals_in(sealed_by) if sealed_by is not None else ()
    watch = SealedLog(found)
    head = audit.verify(audit.whole_lines(_chunks(file)), expected_head, watch.take)
    watch.end(head)
    return _sealed_answer(head, watch.sealed, found, roots)


def _verify_copy(folder: Path, roots: Sequence[bytes]) -> Answer:
    found = copies.copied_seals(folder)
    watch = SealedLog(found)
    lines = copies.copied_lines(folder)
    head = audit.verify(lines, None, watch.take, closed_by_record=False)
    watch.end(head)
    return _sealed_answer(head, watch.sealed, found, roots)


def _sealed_answer(
    head: AuditHead, sealed: int, found: Sequence[Seal], roots: Sequence[bytes]
) -> Answer:
    traced = _trace(found, roots)
    facts = {
        "ok": True,
        "events": head.count,
        "head": head.hash,
        "seals": len(found),
        "sealed": sealed,
        "signers": traced,
    }
    lines = [f"{head.count} events hold; last hash {head.hash}"]
    if found:
        lines.append(f"{len(found)} seals hold; they cover the first {sealed} events")
        lines.append(_SIGNERS[traced])
    else:
        lines.append("no seals given: a log forged as a whole would not show")
    return Answer(_status(found, traced), "\n".join(lines), facts)


def _verify_pack(data: bytes, roots: Sequence[bytes]) -> Answer:
    opened = packs.decode(data)
    packs.verify(opened)
    traced = _trace(opened.seals, roots)
    facts = {"ok": True, "case": opened.case, **_pack_counts(opened), "signers": traced}
    lines = [
        f"{len(opened.events)} events of {opened.case} hold, "
        f"{len(opened.proofs)} of them proven in a sealed log",
        f"{len(opened.seals)} seals and {len(opened.approvals)} approvals hold",
        _SIGNERS[traced],
    ]
    if opened.unsealed:
        lines.append(f"not sealed yet: {len(opened.unsealed)} events, from {opened.unsealed[0]}")
    status = NOT_ASKED if opened.unsealed else _status(opened.seals, traced)
    return Answer(status, "\n".join(lines), facts)


_SIGNERS = {
    "traced": "each seal's card was issued under a root given",
    "not_asked": "whose cards sealed was not asked: no root given",
}


def _trace(found: Iterable[Seal], roots: Sequence[bytes]) -> str:
    for seal in found:
        seal.verify()
        if roots:
            seals.trace(seal, roots)
    return "traced" if roots else "not_asked"


def _status(found: Sequence[Seal], traced: str) -> int:
    """A chain alone holds; a seal counts for nothing until it is known whose it is."""
    return NOT_ASKED if found and traced != "traced" else HOLDS


@cache
def _words() -> TroubleWords:
    return TroubleWords()


def _refused(broken: Trouble, language: str) -> Answer:
    spoken = _words().of(broken.code, language, broken.facts)
    facts = {"ok": False, "code": broken.code, **broken.facts}
    return Answer(REFUSED, f"{spoken.code}: {spoken.title}. {spoken.text}", facts)


def _pack_counts(made: packs.Pack) -> dict[str, Any]:
    return {
        "events": len(made.events),
        "sealed": len(made.proofs),
        "seals": len(made.seals),
        "approvals": len(made.approvals),
        "unsealed": list(made.unsealed),
    }


def _seals_in(source: Path) -> tuple[Seal, ...]:
    if source.is_dir():
        return copies.copied_seals(source)
    return read_seals(source.read_text(encoding="ascii", errors="replace").splitlines())


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        yield from iter(lambda: opened.read(_CHUNK), b"")


def _save(target: Path, content: bytes) -> None:
    part = target.with_name(target.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as reason:
        part.unlink(missing_ok=True)
        raise Unwritable("export", file=target.name) from reason

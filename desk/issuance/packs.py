"""The evidence pack of one case: one file that shows by itself what was done, and by whom.

A zip, not compressed, whose bytes depend on its contents alone: two packs of the same evidence
are the same file, and a file that is spelled otherwise is refused.

``pack.json``                what is in it (``Manifest``), with the SHA-256 of every other file
``events.jsonl``             the case's lines of the log, word for word
``proofs/NNN.tlog-proof``    for each sealed event, that it stands in the sealed log
``seals.jsonl``              the seals that cover them, with the cards' certificates
``approvals.json``           the signatures over the case's digest
``after-care.jsonl``         what two persons' cards agreed to after the delivery, as they signed it
``check-log.json``           what was asked of the passport and what came of it

It carries keys, codes, times and signatures; no name, number, picture or passport file. An
approval's signature is over a statement (``desk.issuance.approvals``) that names digest, case
and card; this one checks that the certificate beside it made it and that the log says the same
digest.

Reading the parts from the records is ``desk.store.evidence``'s.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from desk.cards.certificates import load_certificate, public_key_of
from desk.issuance import audit, notes, seals
from desk.issuance.audit import AuditBroken, AuditEvent
from desk.issuance.checkpoints import LogProof, entry_of
from desk.issuance.notes import NoteSignatureWrong
from desk.issuance.seals import Seal, read_seals
from desk.trouble import Trouble

FORMAT = "desk-evidence-pack/1"
MANIFEST, EVENTS, SEALS = "pack.json", "events.jsonl", "seals.jsonl"
APPROVALS, CHECK_LOG = "approvals.json", "check-log.json"
CARE = "after-care.jsonl"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES = 32 << 20
_MOST_FILES = 5000


class PackMalformed(Trouble):
    """Not an evidence pack as the desk writes it. Facts: file, reason."""

    code = "AUDIT-30"


class PackAltered(Trouble):
    """A part of the pack is not what its list of contents says. Fact: file."""

    code = "AUDIT-31"


class PackIncomplete(Trouble):
    """The pack lacks events that its own seals count. Facts: reason, line."""

    code = "AUDIT-32"


class ApprovalWrong(Trouble):
    """An approval's signature is not its card's, or the log tells of another. Fact: number."""

    code = "AUDIT-33"


@dataclass(frozen=True)
class PackApproval:
    """A signature over the digest of the case or of an act on it; ``signed`` are the exact
    bytes the card signed (base64 in the file), ``signature`` ASN.1 for ECDSA."""

    officer: str
    digest: str
    approved_at: str
    signed: bytes
    signature: bytes
    certificate: bytes


@dataclass(frozen=True)
class Pack:
    """``proofs`` by the event's number; an event without one is not sealed yet. ``acts`` are
    the exact bytes of which the digest of an act after the delivery is made."""

    case: str
    events: tuple[AuditEvent, ...]
    proofs: Mapping[int, LogProof]
    seals: tuple[Seal, ...]
    approvals: tuple[PackApproval, ...] = ()
    check_log: bytes = b""
    acts: tuple[bytes, ...] = ()

    @property
    def unsealed(self) -> tuple[int, ...]:
        """Numbers of the events that no seal in here covers."""
        return tuple(event.seq for event in self.events if event.seq not in self.proofs)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """All cards' certificates (DER), each once."""
        found = [one for seal in self.seals for one in seal.certificates]
        found += [one.certificate for one in self.approvals]
        return tuple(dict.fromkeys(found))


def encode(pack: Pack) -> bytes:
    """The file. The same pack gives the same bytes."""
    files = _files(pack)
    manifest = {
        "format": FORMAT,
        "case": pack.case,
        "events": len(pack.events),
        "unsealed": list(pack.unsealed),
        "files": {name: _sha256(content) for name, content in sorted(files.items())},
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        _write(archive, MANIFEST, _spell(manifest))
        for name, content in sorted(files.items()):
            _write(archive, name, content)
    return target.getvalue()


def decode(data: bytes) -> Pack:
    """Raises :class:`PackMalformed`, :class:`PackAltered`; nothing is verified yet."""
    files = _read(data)
    manifest = _members(files.pop(MANIFEST, b""), MANIFEST)
    named = manifest.get("files")
    if manifest.get("format") != FORMAT or not isinstance(named, dict):
        raise PackMalformed(file=MANIFEST, reason="format")
    for name in sorted({*named, *files}):
        if name not in files or _sha256(files[name]) != named.get(name):
            raise PackAltered(file=name)
    pack = _pack(manifest, files)
    if encode(pack) != data:
        raise PackAltered(file=MANIFEST)
    return pack


def verify(pack: Pack) -> None:
    """Everything that the pack claims, with nothing else at hand. Whose cards these are is
    :func:`desk.issuance.seals.trace`'s.

    Raises the family of :class:`~desk.issuance.audit.AuditBroken`,
    :class:`~desk.issuance.merkle.ProofWrong`,
    :class:`~desk.issuance.notes.NoteSignatureWrong`, :class:`PackIncomplete` and
    :class:`ApprovalWrong`.
    """
    _verify_events(pack)
    notes_of = {seal.verify(): seal for seal in pack.seals}
    for event in pack.events:
        proof = pack.proofs.get(event.seq)
        if proof is None:
            continue
        checkpoint = proof.verify(entry_of(event))
        if proof.index != event.seq - 1:
            raise PackIncomplete(reason="index", line=event.seq)
        if checkpoint not in notes_of:
            raise PackIncomplete(reason="seal", line=event.seq)
    for number, approval in enumerate(pack.approvals, start=1):
        _verify_approval(pack, approval, number)
    for act in pack.acts:
        _verify_act(pack, act)


def _verify_events(pack: Pack) -> None:
    before = 0
    for number, event in enumerate(pack.events, start=1):
        # Each line holds by its own hash; those of other cases between them are not here.
        audit.read_line(event.line, number)
        if event.case != pack.case or event.seq <= before:
            raise PackIncomplete(reason="order", line=event.seq)
        before = event.seq
    if not pack.events:
        raise PackIncomplete(reason="empty", line=0)


def _verify_approval(pack: Pack, approval: PackApproval, number: int) -> None:
    try:
        key = public_key_of(load_certificate(approval.certificate))
        notes.verify_signature(key, approval.signature, approval.signed)
    except (NoteSignatureWrong, Trouble) as reason:
        raise ApprovalWrong(number=number) from reason
    if approval.digest.encode() not in approval.signed:
        raise ApprovalWrong(number=number)
    card = seals.fingerprint(approval.certificate)
    if not any(_tells(event, approval.digest, card) for event in pack.events):
        raise ApprovalWrong(number=number)


def _verify_act(pack: Pack, act: bytes) -> None:
    """Two persons' cards signed it, and the log tells that it was done."""
    digest = _sha256(act)
    cards = {one.certificate for one in pack.approvals if one.digest == digest}
    people = {one.officer for one in pack.approvals if one.digest == digest}
    told = any(event.facts.get("digest") == digest for event in pack.events)
    if len(cards) != 2 or len(people) != 2 or not told:
        raise PackIncomplete(reason="act", line=0)


def _tells(event: AuditEvent, digest: str, card: str) -> bool:
    return event.facts.get("digest") == digest and event.facts.get("certificate") == card


def _files(pack: Pack) -> dict[str, bytes]:
    files = {
        EVENTS: "".join(event.line + "\n" for event in pack.events).encode("ascii"),
        SEALS: "".join(seal.line + "\n" for seal in pack.seals).encode("ascii"),
    }
    for seq, proof in pack.proofs.items():
        files[_proof_name(seq)] = proof.whole.encode()
    if pack.approvals:
        files[APPROVALS] = _spell([_plain(one) for one in pack.approvals])
    if pack.acts:
        files[CARE] = b"".join(act + b"\n" for act in pack.acts)
    if pack.check_log:
        files[CHECK_LOG] = pack.check_log
    return files


def _proof_name(seq: int) -> str:
    return f"proofs/{seq:012d}.tlog-proof"


def _pack(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Pack:
    try:
        lines = files[EVENTS].decode("ascii").splitlines()
        events = tuple(audit.read_line(text, number) for number, text in enumerate(lines, 1))
        names = {event.seq: _proof_name(event.seq) for event in events}
        proofs = {
            seq: LogProof.parse(files[name].decode())
            for seq, name in names.items()
            if name in files
        }
        known = {MANIFEST, EVENTS, SEALS, APPROVALS, CARE, CHECK_LOG, *names.values()}
        if not set(files) <= known:
            raise PackMalformed(file=min(set(files) - known), reason="unknown")
        approvals = json.loads(files.get(APPROVALS, b"[]"))
        return Pack(
            case=str(manifest["case"]),
            events=events,
            proofs=proofs,
            seals=read_seals(files[SEALS].decode("ascii").splitlines()),
            approvals=tuple(_approval(one) for one in approvals),
            check_log=files.get(CHECK_LOG, b""),
            acts=tuple(files.get(CARE, b"").splitlines()),
        )
    except AuditBroken:
        raise
    except (KeyError, ValueError, TypeError, RecursionError) as reason:
        raise PackMalformed(file=EVENTS, reason="shape") from reason


def _plain(approval: PackApproval) -> dict[str, str]:
    return {
        name: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for name, value in asdict(approval).items()
    }


def _approval(members: Mapping[str, str]) -> PackApproval:
    return PackApproval(
        officer=str(members["officer"]),
        digest=bytes.fromhex(members["digest"]).hex(),
        approved_at=str(members["approved_at"]),
        signed=base64.b64decode(members["signed"], validate=True),
        signature=base64.b64decode(members["signature"], validate=True),
        certificate=base64.b64decode(members["certificate"], validate=True),
    )


# What the library raises for an archive that is broken in one place or another.
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    OSError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    struct.error,
)


def _read(data: bytes) -> dict[str, bytes]:
    """All files of the zip, within bounds: whoever sends a pack may be anybody."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_FILES or sum(one.file_size for one in entries) > _MOST_BYTES:
                raise PackMalformed(file=MANIFEST, reason="size")
            if len({one.filename for one in entries}) != len(entries):
                raise PackMalformed(file=MANIFEST, reason="twice")
            if any(one.compress_type != zipfile.ZIP_STORED for one in entries):
                raise PackMalformed(file=MANIFEST, reason="compressed")
            return {one.filename: _bounded(archive, one) for one in entries}
    except _BROKEN_ZIP as reason:
        raise PackMalformed(file=MANIFEST, reason="zip") from reason


def _bounded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as opened:
        return opened.read(entry.file_size + 1)


def _members(content: bytes, name: str) -> dict[str, Any]:
    try:
        members = json.loads(content)
    except (ValueError, RecursionError) as reason:
        raise PackMalformed(file=name, reason="json") from reason
    if not isinstance(members, dict):
        raise PackMalformed(file=name, reason="json")
    return members


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    archive.writestr(entry, content)


def _spell(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""The tree over the log and its seals in the records.

Hashes of the tree are kept, so that a root or a proof costs a few rows and not the whole log.
They are made when a seal is added, for the events since the last one; each of these is
checked against its chain on the way. No seal is given out for a log that does not begin with
what was sealed before (c2sp.org/tlog-checkpoint: never two that are inconsistent).

What a card signs, and when, is ``desk.counter.sealing``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from desk.issuance import audit, merkle
from desk.issuance.audit import AuditEvent, AuditHead, LineMissing
from desk.issuance.checkpoints import Checkpoint, entry_of, origin_of
from desk.issuance.notes import SignedNote
from desk.issuance.seals import LogShorter, OtherLog, Purpose, Seal, SealDiffers, fingerprint
from desk.store import journal
from desk.store.journal import Stamp
from desk.store.models import AuditNodeRow, AuditRow, AuditSealRow, CardCertificateRow

_PAGE = 1000


@dataclass(frozen=True)
class KeptSeal:
    """A seal with its place in the records; ``copied_at`` None: the second place has it not."""

    id: int
    seal: Seal
    case_number: str | None
    copied_at: datetime | None


class LogTree:
    """The log's tree as it is now, for one session: what is kept, and what came since.

    Raises the family of :class:`~desk.issuance.audit.AuditBroken` for events that do not
    follow what is kept.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[tuple[int, int], bytes] = {}
        self._kept = self.size = _kept_size(session)
        self._grow()

    def node(self, level: int, position: int) -> bytes:
        made = self._made.get((level, position))
        if made is not None:
            return made
        row = self._session.get(AuditNodeRow, (level, position))
        if row is None:
            raise LineMissing((position << level) + 1, reason="tree")
        return row.hash

    def root(self, size: int) -> bytes:
        return merkle.root(self.node, size)

    def keep(self) -> None:
        """Store what was made: the caller's transaction writes the event that tells of it."""
        rows = [
            {"level": level, "position": position, "hash": digest}
            for (level, position), digest in self._made.items()
        ]
        if rows:
            self._session.execute(insert(AuditNodeRow), rows)

    def _grow(self) -> None:
        head = self._kept_head()
        for event in _events_after(self._session, self._kept):
            if event.seq != head.count + 1 or event.prev != head.hash:
                raise LineMissing(event.seq, expected=head.count + 1, found=event.seq)
            self._add(merkle.leaf_hash(entry_of(event)))
            head = event.head

    def _kept_head(self) -> AuditHead:
        if not self._kept:
            return audit.START
        query = select(AuditRow.hash).where(AuditRow.seq == self._kept)
        found = self._session.scalar(query)
        if found is None:
            raise LogShorter(size=self._kept, count=journal.head(self._session).count)
        return AuditHead(self._kept, found)

    def _add(self, digest: bytes) -> None:
        position = self.size
        self._made[0, position] = digest
        for level in range(merkle.closed_by(self.size)):
            digest = merkle.node_hash(self.node(level, position - 1), digest)
            position >>= 1
            self._made[level + 1, position] = digest
        self.size += 1


def next_checkpoint(session: Session) -> Checkpoint:
    """What a card would sign now. Raises :class:`~desk.issuance.seals.SealDiffers`,
    :class:`~desk.issuance.seals.OtherLog` and :class:`~desk.issuance.seals.LogShorter` where
    the log is not the one that was sealed before, and the family of ``AuditBroken``."""
    tree = LogTree(session)
    checkpoint = Checkpoint(log_origin(session), tree.size, tree.root(tree.size))
    _demand_same_log(session, tree, checkpoint)
    return checkpoint


def add(session: Session, stamp: Stamp, seal: Seal, case_number: str | None = None) -> KeptSeal:
    """Keep a seal, with the event that tells of it.

    Its signatures were verified by the caller; that the log is still the one it names is
    looked at again here. Raises like :func:`next_checkpoint`.
    """
    checkpoint = seal.checkpoint
    tree = LogTree(session)
    if checkpoint.size > tree.size:
        raise LogShorter(size=checkpoint.size, count=tree.size)
    if tree.root(checkpoint.size) != checkpoint.root:
        raise SealDiffers(size=checkpoint.size, after=0, line=1)
    _demand_same_log(session, tree, checkpoint)
    tree.keep()
    fingerprints = [keep_certificate(session, one) for one in seal.certificates]
    row = AuditSealRow(
        size=checkpoint.size,
        purpose=seal.purpose.value,
        sealed_at=seal.at,
        note=seal.note.whole,
        certificates=fingerprints,
        officers=list(seal.officers),
        case_number=case_number,
    )
    session.add(row)
    session.flush()
    journal.append(
        session,
        stamp,
        "AUDIT.SEALED",
        case_number,
        size=checkpoint.size,
        sha256=checkpoint.root.hex(),
        purpose=seal.purpose.value,
        certificate=",".join(fingerprints),
    )
    return KeptSeal(row.id, seal, case_number, None)


def keep_certificate(session: Session, der: bytes) -> str:
    """Keep a card's certificate; its fingerprint. One that is there already is left."""
    sha256 = fingerprint(der)
    if session.get(CardCertificateRow, sha256) is None:
        session.add(CardCertificateRow(sha256=sha256, der=der))
        session.flush()
    return sha256


def certificate(session: Session, sha256: str) -> bytes | None:
    """A kept certificate in DER."""
    row = session.get(CardCertificateRow, sha256)
    return None if row is None else row.der


def seals(session: Session, *, case: str | None = None) -> tuple[KeptSeal, ...]:
    """All seals, or those made for a case, in their order."""
    query = select(AuditSealRow).order_by(AuditSealRow.id)
    if case is not None:
        query = query.where(AuditSealRow.case_number == case)
    return tuple(_kept(session, row) for row in session.scalars(query))


def latest(session: Session, limit: int = 1) -> tuple[KeptSeal, ...]:
    """The last seals, the newest first."""
    query = select(AuditSealRow).order_by(AuditSealRow.id.desc()).limit(limit)
    return tuple(_kept(session, row) for row in session.scalars(query))


def covering(session: Session, seq: int) -> KeptSeal | None:
    """The first seal that covers the event ``seq``; None where none does yet."""
    query = select(AuditSealRow).where(AuditSealRow.size >= seq)
    row = session.scalars(query.order_by(AuditSealRow.size, AuditSealRow.id).limit(1)).first()
    return None if row is None else _kept(session, row)


def not_copied(session: Session) -> tuple[KeptSeal, ...]:
    """Seals that the second place does not have yet, in their order."""
    query = select(AuditSealRow).where(AuditSealRow.copied_at.is_(None))
    return tuple(_kept(session, row) for row in session.scalars(query.order_by(AuditSealRow.id)))


def mark_copied(session: Session, stamp: Stamp, ids: Sequence[int]) -> None:
    """The second place has these now."""
    rows = update(AuditSealRow).where(AuditSealRow.id.in_(ids)).values(copied_at=stamp.at)
    session.execute(rows)
    journal.append(session, stamp, "AUDIT.COPIED", count=len(ids))


def last_copied(session: Session) -> KeptSeal | None:
    """The newest seal that the second place has."""
    query = select(AuditSealRow).where(AuditSealRow.copied_at.is_not(None))
    row = session.scalars(query.order_by(AuditSealRow.id.desc()).limit(1)).first()
    return None if row is None else _kept(session, row)


def copied_size(session: Session) -> int:
    """How many events the second place has. Not every seal covers more than the one before:
    a day's close was summed up before its second card came."""
    query = select(func.max(AuditSealRow.size)).where(AuditSealRow.copied_at.is_not(None))
    return int(session.scalar(query) or 0)


def log_origin(session: Session) -> str:
    """The origin of this log. Raises :class:`LogShorter` for one without events."""
    first = journal.events(session, limit=1)
    if not first:
        raise LogShorter(size=1, count=0)
    return origin_of(first[0])


def _demand_same_log(session: Session, tree: LogTree, checkpoint: Checkpoint) -> None:
    """What was sealed last is still the beginning of what is about to be sealed."""
    query = select(AuditSealRow.note).order_by(AuditSealRow.size.desc()).limit(1)
    whole = session.scalar(query)
    if whole is None:
        return
    former = Checkpoint.parse(SignedNote.parse(whole).text)
    if former.origin != checkpoint.origin:
        raise OtherLog(size=former.size)
    if former.size > tree.size:
        raise LogShorter(size=former.size, count=tree.size)
    if tree.root(former.size) != former.root:
        raise SealDiffers(size=former.size, after=0, line=1)


def _kept_size(session: Session) -> int:
    query = select(func.max(AuditNodeRow.position)).where(AuditNodeRow.level == 0)
    last = session.scalar(query)
    return 0 if last is None else int(last) + 1


def _events_after(session: Session, seq: int) -> Iterator[AuditEvent]:
    while True:
        query = select(AuditRow.seq, AuditRow.line).where(AuditRow.seq > seq)
        rows = session.execute(query.order_by(AuditRow.seq).limit(_PAGE)).all()
        if not rows:
            return
        for row in rows:
            yield audit.read_line(row.line, row.seq)
        seq = rows[-1].seq


def _kept(session: Session, row: AuditSealRow) -> KeptSeal:
    found = (certificate(session, one) for one in row.certificates)
    seal = Seal(
        note=SignedNote.parse(row.note),
        purpose=Purpose(row.purpose),
        at=row.sealed_at,
        certificates=tuple(one for one in found if one is not None),
        officers=tuple(row.officers),
    )
    return KeptSeal(row.id, seal, row.case_number, row.copied_at)

"""The kept tree is that of the log, and nothing is sealed that differs from what was sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from desk.issuance import merkle, notes
from desk.issuance.audit import LineAltered, LineMissing
from desk.issuance.checkpoints import Checkpoint, entry_of
from desk.issuance.notes import SignedNote
from desk.issuance.seals import LogShorter, OtherLog, Purpose, Seal, SealDiffers
from desk.store import journal, seals
from desk.store.database import Store
from desk.store.journal import Stamp
from desk.store.models import AuditNodeRow, AuditRow
from desk.store.seals import KeptSeal
from tests.cards.issue import authority, der

AT = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = der(authority("Root").issue(KEY.public_key(), "Card 9A"))


def write(store: Store, stamp: Stamp, count: int) -> None:
    with store.write() as session:
        for _ in range(count):
            journal.append(session, stamp, "TEST.EVENT")


def signed(checkpoint: Checkpoint) -> Seal:
    signature = KEY.sign(checkpoint.text.encode(), ec.ECDSA(hashes.SHA256()))
    line = notes.sign_with(checkpoint.name, KEY.public_key(), signature)
    note = SignedNote(checkpoint.text, (line,))
    return Seal(note, Purpose.SIGN_IN, AT, (CERTIFICATE,), ("T-001",))


def seal(store: Store, stamp: Stamp) -> KeptSeal:
    with store.read() as session:
        checkpoint = seals.next_checkpoint(session)
    with store.write() as session:
        return seals.add(session, stamp, signed(checkpoint))


def whole_root(store: Store, size: int) -> bytes:
    with store.read() as session:
        events = journal.events(session, limit=size)
    tree = merkle.Growing()
    for event in events:
        tree.add(merkle.leaf_hash(entry_of(event)))
    return tree.root


def tamper(store: Store, statement: str) -> None:
    """Whoever holds the key of the records can take the guards away first."""
    with store.load() as connection:
        for name in ("audit_events_stay", "audit_events_kept", "audit_seals_kept"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        connection.execute(text(statement))


def test_roots_are_those_of_the_log(store: Store, stamp: Stamp) -> None:
    """Seal after seal, over several pages and uneven numbers of events."""
    for count in (1, 2, 5, 1, 13):
        write(store, stamp, count)

        kept = seal(store, stamp)

        checkpoint = kept.seal.verify()
        assert checkpoint.root == whole_root(store, checkpoint.size)
    with store.read() as session:
        assert [one.seal.checkpoint.size for one in seals.seals(session)] == [1, 4, 10, 12, 26]
        assert [one.seal.checkpoint.size for one in seals.latest(session, 2)] == [26, 12]


def test_seal_is_told_by_an_event(store: Store, stamp: Stamp) -> None:
    write(store, stamp, 3)

    kept = seal(store, stamp)

    with store.read() as session:
        told = journal.events(session, after=3)[0]
    assert (told.kind, told.facts["size"]) == ("AUDIT.SEALED", 3)
    assert told.facts["sha256"] == kept.seal.checkpoint.root.hex()


def test_kept_seal_reads_back(store: Store, stamp: Stamp) -> None:
    write(store, stamp, 1)
    kept = seal(store, stamp)

    with store.read() as session:
        assert seals.seals(session) == (kept,)
        assert seals.not_copied(session) == (kept,)


def test_proofs_from_kept_nodes(store: Store, stamp: Stamp) -> None:
    write(store, stamp, 6)
    first = seal(store, stamp).seal.checkpoint
    write(store, stamp, 5)
    second = seal(store, stamp).seal.checkpoint

    with store.read() as session:
        tree = seals.LogTree(session)
        for event in journal.events(session, limit=second.size):
            path = merkle.inclusion_proof(tree.node, event.seq - 1, second.size)
            leaf = merkle.leaf_hash(entry_of(event))
            merkle.verify_inclusion(leaf, event.seq - 1, second.size, path, second.root)
        proof = merkle.consistency_proof(tree.node, first.size, second.size)
    merkle.verify_consistency(first.size, second.size, proof, first.root, second.root)


def test_covering_seal(store: Store, stamp: Stamp) -> None:
    write(store, stamp, 3)
    seal(store, stamp)
    write(store, stamp, 2)
    seal(store, stamp)

    with store.read() as session:
        found = [seals.covering(session, seq) for seq in (1, 3, 4, 6, 7)]

    sizes = [one.seal.checkpoint.size if one else None for one in found]
    assert sizes == [3, 3, 6, 6, None]


def test_copies_are_noted(store: Store, stamp: Stamp) -> None:
    write(store, stamp, 1)
    first = seal(store, stamp)
    second = seal(store, stamp)

    with store.write() as session:
        seals.mark_copied(session, stamp, [first.id])

    with store.read() as session:
        assert [one.id for one in seals.not_copied(session)] == [second.id]
        last = seals.last_copied(session)
    assert last is not None and last.id == first.id and last.copied_at == stamp.at


def test_event_changed_since_the_seal_before(path: Path, store: Store, stamp: Stamp) -> None:
    """New lines are checked against the chain before a card gets to sign over them."""
    write(store, stamp, 2)
    seal(store, stamp)
    write(store, stamp, 2)
    tamper(store, "UPDATE audit_events SET line = replace(line, 'TEST', 'TOST') WHERE seq = 5")

    with store.read() as session, pytest.raises(LineAltered):
        seals.next_checkpoint(session)


def test_event_missing_since_the_seal_before(path: Path, store: Store, stamp: Stamp) -> None:
    write(store, stamp, 2)
    seal(store, stamp)
    write(store, stamp, 3)
    tamper(store, "DELETE FROM audit_events WHERE seq = 5")

    with store.read() as session, pytest.raises(LineMissing):
        seals.next_checkpoint(session)


def test_tail_cut_behind_the_seal(path: Path, store: Store, stamp: Stamp) -> None:
    """Events that a seal covers are gone: the next card refuses."""
    write(store, stamp, 5)
    seal(store, stamp)
    tamper(store, "DELETE FROM audit_events WHERE seq > 3")

    with store.read() as session, pytest.raises(LogShorter):
        seals.next_checkpoint(session)


def test_nodes_forged(path: Path, store: Store, stamp: Stamp) -> None:
    """A tree that no longer leads to what was sealed is not sealed again."""
    write(store, stamp, 5)
    seal(store, stamp)
    with store.load() as connection:
        connection.execute(text("DROP TRIGGER audit_nodes_stay"))
        connection.execute(text("UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 2"))

    with store.read() as session, pytest.raises(SealDiffers):
        seals.next_checkpoint(session)


def test_seal_of_another_log(path: Path, store: Store, stamp: Stamp) -> None:
    write(store, stamp, 2)
    seal(store, stamp)
    with store.load() as connection:
        connection.execute(text("DROP TRIGGER audit_seals_stay"))
        connection.execute(text("UPDATE audit_seals SET note = replace(note, 'audit/', 'audit/0')"))

    with store.read() as session, pytest.raises(OtherLog):
        seals.next_checkpoint(session)


def test_seal_that_names_another_root(store: Store, stamp: Stamp) -> None:
    """What came back from a card is compared with the log once more."""
    write(store, stamp, 2)
    with store.read() as session:
        origin = seals.log_origin(session)
    forged = signed(Checkpoint(origin, 2, bytes(32)))
    beyond = signed(Checkpoint(origin, 9, bytes(32)))

    with pytest.raises(SealDiffers), store.write() as session:
        seals.add(session, stamp, forged)
    with pytest.raises(LogShorter), store.write() as session:
        seals.add(session, stamp, beyond)
    with store.read() as session:
        assert seals.seals(session) == ()
        assert session.scalar(select(func.count()).select_from(AuditNodeRow)) == 0
        assert session.scalar(select(func.count()).select_from(AuditRow)) == 2


def test_nothing_to_seal(store: Store) -> None:
    with store.read() as session, pytest.raises(LogShorter):
        seals.next_checkpoint(session)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_nodes SET hash = hash",
        "DELETE FROM audit_nodes",
        "UPDATE audit_seals SET note = 'x'",
        "DELETE FROM audit_seals",
        "UPDATE card_certificates SET der = der",
        "DELETE FROM card_certificates",
    ],
)
def test_seals_cannot_be_changed(store: Store, stamp: Stamp, statement: str) -> None:
    write(store, stamp, 2)
    seal(store, stamp)

    with pytest.raises(IntegrityError), store.load() as connection:
        connection.execute(text(statement))

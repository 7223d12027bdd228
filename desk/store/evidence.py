"""Gathers the evidence pack of one case from the records.

The form of a pack and its verification are :mod:`desk.issuance.packs`'s. A case whose personal
data were destroyed keeps its events, seals and certificates; only its approvals' signatures
and the check log are gone then, and the pack says so by not having them.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from sqlalchemy.orm import Session

from desk.cards.certificates import load_certificate, public_key_of
from desk.issuance import approvals, merkle
from desk.issuance.case import Approval
from desk.issuance.checkpoints import LogProof
from desk.issuance.packs import Pack, PackApproval
from desk.issuance.seals import Seal
from desk.store import care, cases, journal, seals
from desk.store.cases import BlobKind
from desk.store.seals import LogTree
from desk.store.troubles import CaseMissing, CasePurged
from desk.trouble import Trouble

_MOST_EVENTS = 10_000


class NothingSealed(Trouble):
    """No card has sealed this case's events yet. Fact: case."""

    code = "AUDIT-34"


def gather(session: Session, number: str) -> Pack:
    """The pack of case ``number`` as the records stand.

    Raises :class:`~desk.store.troubles.CaseMissing` and :class:`NothingSealed`.
    """
    events = journal.events(session, case=number, limit=_MOST_EVENTS)
    if not events:
        raise CaseMissing(number, case=number)
    tree = LogTree(session)
    used: dict[str, Seal] = {}
    proofs: dict[int, LogProof] = {}
    for event in events:
        kept = seals.covering(session, event.seq)
        if kept is None:
            break
        used.setdefault(kept.seal.note.text, kept.seal)
        size = kept.seal.checkpoint.size
        path = merkle.inclusion_proof(tree.node, event.seq - 1, size)
        proofs[event.seq] = LogProof(event.seq - 1, path, kept.seal.note)
    if not proofs:
        raise NothingSealed(case=number)
    for kept in seals.seals(session, case=number):
        used.setdefault(kept.seal.note.text, kept.seal)
    ordered = sorted(used.values(), key=lambda seal: seal.checkpoint.size)
    return Pack(
        case=number,
        events=events,
        proofs=proofs,
        seals=tuple(ordered),
        approvals=(*_approvals(session, number), *_agreed(session, number)),
        check_log=cases.blob(session, number, BlobKind.CHECK_LOG) or b"",
        acts=tuple(act.statement.facts for act in care.done(session, number)),
    )


def _approvals(session: Session, number: str) -> tuple[PackApproval, ...]:
    try:
        case = cases.load(session, number)
    except (CaseMissing, CasePurged):
        return ()
    # Records of a time when one card signed keep no certificate beside the signature.
    kept = (approval for approval in case.approvals if approval.certificate)
    return tuple(_approval(number, approval) for approval in kept)


def _agreed(session: Session, number: str) -> Iterator[PackApproval]:
    """Both signatures of each act after the delivery; the purge leaves them."""
    for act in care.done(session, number):
        yield from (_approval(number, approval) for approval in act.approvals)


def _approval(number: str, approval: Approval) -> PackApproval:
    certificate = bytes.fromhex(approval.certificate)
    return PackApproval(
        officer=approval.officer,
        digest=approval.digest,
        approved_at=approval.approved_at.isoformat(),
        signed=approvals.statement(number, approval),
        signature=_as_made(bytes.fromhex(approval.signature), certificate),
        certificate=certificate,
    )


def _as_made(signature: bytes, certificate: bytes) -> bytes:
    """A kept signature as a card makes it: ASN.1 again where it is ECDSA's r || s."""
    key = public_key_of(load_certificate(certificate))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return signature
    half = len(signature) // 2
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )

"""Seals: checkpoints of the log that officers' cards signed, kept with what verifies them.

A seal is a signed note with the cards' certificates beside it. Whoever has the log, the seals
and the ministry's root needs neither records nor program: the chain says that no line changed
since the log was exported, a seal that none changed since the card signed, the root whose card
it was. One seal is one line of a file of seals (JSON).

When the card is asked, and where seals are kept, is left to ``desk.counter.sealing`` and
``desk.store.seals``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from desk.cards.certificates import load_certificate, public_key_of
from desk.issuance import merkle, notes
from desk.issuance.audit import AuditEvent, AuditHead
from desk.issuance.checkpoints import Checkpoint, entry_of, origin_of
from desk.issuance.notes import SignedNote
from desk.trouble import Trouble

FILE_FORMAT = "desk-audit-seal/1"
_MOST_CARDS = 8


class SealMalformed(Trouble):
    """A file of seals holds a line that is none. Fact: line."""

    code = "AUDIT-13"


class SealDiffers(Trouble):
    """The log is not the one that was sealed. Facts: size, after (the seal before that held),
    line (the first that may be wrong)."""

    code = "AUDIT-14"


class LogShorter(Trouble):
    """A seal covers more events than the log has. Facts: size, count."""

    code = "AUDIT-15"


class OtherLog(Trouble):
    """The seal is another log's. Fact: size."""

    code = "AUDIT-16"


class SignerUntrusted(Trouble):
    """No root given here vouches for the card that sealed, or not at that time. Facts: size,
    reason."""

    code = "AUDIT-17"


class Purpose(StrEnum):
    """What the card was in the reader for when it sealed."""

    SIGN_IN = "sign_in"
    APPROVAL = "approval"
    SIGNING = "signing"
    DAY_CLOSE = "day_close"


@dataclass(frozen=True)
class Seal:
    """``certificates`` are those of the cards that signed (9A, DER), in the order of their
    signatures; ``officers`` the identifiers of whoever held them, in the same order.

    ``at``, ``purpose`` and ``officers`` are told by the records, not signed; the event
    ``AUDIT.SEALED`` that follows each seal tells them too, and the next seal covers it.
    """

    note: SignedNote
    purpose: Purpose
    at: datetime
    certificates: tuple[bytes, ...]
    officers: tuple[str, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        """Raises :class:`~desk.issuance.notes.NoteMalformed`."""
        return Checkpoint.parse(self.note.text)

    @property
    def line(self) -> str:
        """One line of a file of seals, without line end."""
        members = {
            "format": FILE_FORMAT,
            "note": self.note.whole,
            "purpose": self.purpose.value,
            "at": self.at.isoformat(timespec="microseconds"),
            "officers": list(self.officers),
            "certificates": [base64.b64encode(one).decode("ascii") for one in self.certificates],
        }
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def verify(self) -> Checkpoint:
        """Each certificate beside the note signed it. Who issued them: :func:`trace`.

        Raises :class:`~desk.issuance.notes.NoteSignatureWrong`, and
        :class:`~desk.cards.troubles.CertificateUnreadable`.
        """
        checkpoint = self.checkpoint
        if not self.certificates:
            raise notes.NoteSignatureWrong(reason="absent")
        for der in self.certificates:
            key = public_key_of(load_certificate(der))
            self.note.verify(checkpoint.name, key)
        return checkpoint


def trace(seal: Seal, roots: Sequence[bytes]) -> None:
    """One of ``roots`` (DER) issued each signer's certificate, and it was good at that time.

    Raises :class:`SignerUntrusted`.
    """
    size = seal.checkpoint.size
    loaded = [load_certificate(one) for one in roots]
    for der in seal.certificates:
        certificate = load_certificate(der)
        if not any(_issued(certificate, root) for root in loaded):
            raise SignerUntrusted(size=size, reason="root")
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begin <= seal.at <= end:
            raise SignerUntrusted(size=size, reason="time")


def fingerprint(certificate: bytes) -> str:
    """SHA-256 (hex) of a certificate in DER: how events and lists name a card."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(certificate)
    return digest.finalize().hex()


def read_seals(lines: Iterable[str]) -> tuple[Seal, ...]:
    """A file of seals. Raises :class:`SealMalformed` with the first line that is none."""
    seals = []
    for number, text in enumerate(lines, start=1):
        try:
            seals.append(_seal(json.loads(text)))
        except (Trouble, ValueError, KeyError, TypeError, RecursionError) as reason:
            raise SealMalformed(line=number) from reason
    return tuple(seals)


class SealedLog:
    """Compares a log with its seals while its events go by, in the order of their sizes.

    The signatures are not this one's work. :meth:`take` raises :class:`SealDiffers` and
    :class:`OtherLog`, :meth:`end` :class:`LogShorter`.
    """

    def __init__(self, seals: Iterable[Seal]) -> None:
        self._waiting = sorted((seal.checkpoint for seal in seals), key=lambda one: one.size)
        self._tree = merkle.Growing()
        self._origin = ""
        self.sealed = 0
        """Events that a seal covers, as far as seals have been met."""

    def take(self, event: AuditEvent) -> None:
        if not self._origin:
            self._origin = origin_of(event)
        self._tree.add(merkle.leaf_hash(entry_of(event)))
        while self._waiting and self._waiting[0].size <= self._tree.size:
            self._compare(self._waiting.pop(0))

    def end(self, head: AuditHead) -> None:
        for missing in self._waiting:
            raise LogShorter(size=missing.size, count=head.count)

    def _compare(self, checkpoint: Checkpoint) -> None:
        if checkpoint.origin != self._origin:
            raise OtherLog(size=checkpoint.size)
        if checkpoint.size != self._tree.size or checkpoint.root != self._tree.root:
            line = min(self.sealed + 1, checkpoint.size)
            raise SealDiffers(size=checkpoint.size, after=self.sealed, line=line)
        self.sealed = checkpoint.size


def _issued(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _seal(members: dict[str, Any]) -> Seal:
    if members["format"] != FILE_FORMAT:
        raise ValueError("format")
    at = datetime.fromisoformat(members["at"])
    certificates = [base64.b64decode(one, validate=True) for one in members["certificates"]]
    if at.tzinfo is None or len(certificates) > _MOST_CARDS:
        raise ValueError("shape")
    seal = Seal(
        SignedNote.parse(members["note"]),
        Purpose(members["purpose"]),
        at,
        tuple(certificates),
        tuple(str(one) for one in members["officers"]),
    )
    _ = seal.checkpoint
    return seal

"""Checkpoints of the audit log (c2sp.org/tlog-checkpoint) and proofs (c2sp.org/tlog-proof).

A checkpoint says: this log, at this size, has this root. The log is that of one set of
records; its tree is RFC 6962's over the events, an event's entry being its exact line of the
exported log without the line end. The origin carries the beginning of the first event's hash,
so that the log itself says which checkpoints are its own. The hash chain of
:mod:`desk.issuance.audit` stays beside it: it names the first bad line, the tree proves one
line without the others.

Signing and the signature's form are :mod:`desk.issuance.notes`'s.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from desk.issuance import merkle
from desk.issuance.audit import AuditEvent
from desk.issuance.merkle import HASH_BYTES
from desk.issuance.notes import NoteMalformed, SignedNote

ORIGIN_PREFIX = "desk-audit/"
_ORIGIN_DIGITS = 32
_PROOF_HEADER = "c2sp.org/tlog-proof@v1"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_LONGEST_PATH = 64


@dataclass(frozen=True)
class Checkpoint:
    """``size`` events, ``root`` 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text: what is signed."""
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Raises :class:`NoteMalformed`. Extension lines are read over: we write none."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
            raise NoteMalformed(reason="checkpoint_lines")
        return cls(lines[0], _number(lines[1]), _decoded(lines[2]))

    @property
    def name(self) -> str:
        """The name under which a card signs it: the specification wants the origin."""
        return self.origin


@dataclass(frozen=True)
class LogProof:
    """That one entry stands at ``index`` (from 0) of the log of ``checkpoint``."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: SignedNote

    @property
    def whole(self) -> str:
        lines = [_PROOF_HEADER, f"index {self.index}", *(_encoded(one) for one in self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint.whole

    @classmethod
    def parse(cls, whole: str) -> LogProof:
        """Raises :class:`NoteMalformed`."""
        head, gap, note = whole.partition("\n\n")
        lines = head.split("\n")
        if not gap or lines[0] != _PROOF_HEADER or len(lines) > _LONGEST_PATH + 3:
            raise NoteMalformed(reason="proof_header")
        rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
        if not rest or not rest[0].startswith("index "):
            raise NoteMalformed(reason="proof_index")
        index = _number(rest[0].removeprefix("index "))
        return cls(index, tuple(_decoded(one) for one in rest[1:]), SignedNote.parse(note))

    def verify(self, entry: bytes) -> Checkpoint:
        """``entry`` is in the log; the checkpoint's signatures are the caller's to check.

        Raises :class:`~desk.issuance.merkle.ProofWrong`, :class:`NoteMalformed`.
        """
        claimed = Checkpoint.parse(self.checkpoint.text)
        leaf = merkle.leaf_hash(entry)
        merkle.verify_inclusion(leaf, self.index, claimed.size, self.path, claimed.root)
        return claimed


def origin_of(first: AuditEvent) -> str:
    """The origin of the log that begins with this event."""
    return ORIGIN_PREFIX + first.hash[:_ORIGIN_DIGITS]


def entry_of(event: AuditEvent) -> bytes:
    """What the tree's leaf is made of: the event's line without line end."""
    return event.line.encode("ascii")


def encode_hashes(hashes: Sequence[bytes]) -> list[str]:
    """Hashes as a checkpoint writes its root."""
    return [_encoded(one) for one in hashes]


def decode_hashes(encoded: Sequence[str]) -> tuple[bytes, ...]:
    """Raises :class:`NoteMalformed`."""
    return tuple(_decoded(one) for one in encoded)


def _encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as reason:
        raise NoteMalformed(reason="hash") from reason
    if len(digest) != HASH_BYTES or _encoded(digest) != text:
        raise NoteMalformed(reason="hash")
    return digest


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise NoteMalformed(reason="number")
    return int(text)

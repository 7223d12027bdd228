"""The certificates that are trusted to issue document signers, and how to find one.

A small value in memory; keeping it on disk is `desk.mrtd.trust`'s matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from desk.mrtd.certificates import Certificate


@dataclass(frozen=True)
class Anchor:
    """One trusted country certificate; ``source`` and ``as_of`` say by whose word and when."""

    certificate: Certificate
    source: str
    as_of: datetime


class AnchorSet:
    """Anchors by the identifier of their key and by the compared form of their name."""

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self._by_key: dict[bytes, list[Anchor]] = {}
        self._by_name: dict[str, list[Anchor]] = {}
        self._count = 0
        for anchor in anchors:
            self._count += 1
            key_id = anchor.certificate.subject_key_id
            if key_id is not None:
                self._by_key.setdefault(key_id, []).append(anchor)
            self._by_name.setdefault(anchor.certificate.subject.key, []).append(anchor)

    def __len__(self) -> int:
        return self._count

    def by_key(self, key_id: bytes | None) -> tuple[Anchor, ...]:
        """All whose subject key identifier is ``key_id``; two keys may share one."""
        return tuple(self._by_key.get(key_id, ())) if key_id else ()

    def by_name(self, key: str) -> tuple[Anchor, ...]:
        """All whose subject compares as ``key`` (`certificates.Name.key`)."""
        return tuple(self._by_name.get(key, ()))

"""The certificates that are trusted to issue document signers, and how to find one.

A value in memory; keeping it on disk is `desk.mrtd.trust`'s matter. Of several hundred
certificates one check needs one or two, so each is parsed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from desk.mrtd import certificates
from desk.mrtd.certificates import Certificate


@dataclass(frozen=True, eq=False)
class Anchor:
    """One trusted country certificate; ``source`` and ``as_of`` say by whose word and when.

    ``key_id`` and ``name_key`` are those of its subject.
    """

    key_id: bytes | None
    name_key: str
    der: bytes = field(repr=False)
    source: str
    as_of: datetime

    @classmethod
    def of(cls, certificate: Certificate, source: str, as_of: datetime) -> Anchor:
        name_key = certificate.subject.key
        return cls(certificate.subject_key_id, name_key, certificate.der, source, as_of)

    @cached_property
    def certificate(self) -> Certificate:
        """Raises CertificateUnreadable where the bytes were damaged since."""
        return certificates.parse(self.der)


class AnchorSet:
    """Anchors by the identifier of their key and by the compared form of their name."""

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self._by_key: dict[bytes, list[Anchor]] = {}
        self._by_name: dict[str, list[Anchor]] = {}
        self._count = 0
        for anchor in anchors:
            self._count += 1
            if anchor.key_id is not None:
                self._by_key.setdefault(anchor.key_id, []).append(anchor)
            self._by_name.setdefault(anchor.name_key, []).append(anchor)

    def __len__(self) -> int:
        return self._count

    def by_key(self, key_id: bytes | None) -> tuple[Anchor, ...]:
        """All whose subject key identifier is ``key_id``; two keys may share one."""
        return tuple(self._by_key.get(key_id, ())) if key_id else ()

    def by_name(self, key: str) -> tuple[Anchor, ...]:
        """All whose subject compares as ``key`` (`certificates.Name.key`)."""
        return tuple(self._by_name.get(key, ()))

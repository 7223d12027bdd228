"""The certificates that are trusted to issue document signers, and what is known of those.

A value in memory; keeping it on disk is `desk.mrtd.trust`'s matter. Of several hundred
certificates one check needs one or two, so each is parsed when it is first asked for; so
are revocation lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from desk.mrtd import certificates, crl
from desk.mrtd.certificates import Certificate
from desk.mrtd.crl import RevocationList
from desk.mrtd.deviations import DeviationList
from desk.mrtd.signed_data import Signer


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
    country: str = ""

    @classmethod
    def of(cls, certificate: Certificate, source: str, as_of: datetime) -> Anchor:
        subject = certificate.subject
        return cls(
            certificate.subject_key_id,
            subject.key,
            certificate.der,
            source,
            as_of,
            subject.country,
        )

    @cached_property
    def certificate(self) -> Certificate:
        """Raises CertificateUnreadable where the bytes were damaged since."""
        return certificates.parse(self.der)


@dataclass(frozen=True, eq=False)
class KnownList:
    """A country's revocation list; ``fetched_at`` is when it was last asked for."""

    country: str
    der: bytes = field(repr=False)
    fetched_at: datetime

    @cached_property
    def list(self) -> RevocationList:
        """Raises RevocationListUnreadable where the bytes were damaged since."""
        return crl.parse(self.der)


@dataclass(frozen=True, slots=True)
class Ages:
    """How old trust material may be before nothing follows from it any more, in days.

    ``revocation_days`` is the time since a revocation list was last imported,
    ``revocation_issue_days`` since its issuer made it, which Doc 9303-12 wants every 90 days.
    """

    revocation_days: int = 7
    revocation_issue_days: int = 90


def _nobody(_: Signer) -> tuple[Certificate, ...]:
    return ()


class AnchorSet:
    """Anchors by the identifier of their key and by the compared form of their name.

    ``signers`` finds document signers that the directory published, for security objects
    that came without; they are trusted no more than those that came along.
    """

    def __init__(
        self,
        anchors: Iterable[Anchor] = (),
        revocations: Iterable[KnownList] = (),
        deviations: Iterable[DeviationList] = (),
        signers: Callable[[Signer], tuple[Certificate, ...]] = _nobody,
        ages: Ages = Ages(),
    ) -> None:
        self._by_key: dict[bytes, list[Anchor]] = {}
        self._by_name: dict[str, list[Anchor]] = {}
        self._by_country: dict[str, list[Anchor]] = {}
        self._count = 0
        for anchor in anchors:
            self._count += 1
            if anchor.key_id is not None:
                self._by_key.setdefault(anchor.key_id, []).append(anchor)
            self._by_name.setdefault(anchor.name_key, []).append(anchor)
            self._by_country.setdefault(anchor.country, []).append(anchor)
        self._revocations = tuple(revocations)
        self.deviations = tuple(deviations)
        self.signers = signers
        self.ages = ages

    def __len__(self) -> int:
        return self._count

    def by_key(self, key_id: bytes | None) -> tuple[Anchor, ...]:
        """All whose subject key identifier is ``key_id``; two keys may share one."""
        return tuple(self._by_key.get(key_id, ())) if key_id else ()

    def by_name(self, key: str) -> tuple[Anchor, ...]:
        """All whose subject compares as ``key`` (`certificates.Name.key`)."""
        return tuple(self._by_name.get(key, ()))

    def of_country(self, country: str) -> tuple[Anchor, ...]:
        """All of a country by its two letters."""
        return tuple(self._by_country.get(country, ()))

    def revocations_of(self, country: str) -> tuple[KnownList, ...]:
        """All revocation lists of a country by its two letters."""
        return tuple(known for known in self._revocations if known.country == country)

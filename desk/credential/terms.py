"""What both formats say about a credential's key, signer, time and status.

Choosing the status index and the length of a credential's life is left to ``issuance``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.credential.keys import DeviceKey, load_certificate
from desk.credential.signer import Issuer
from desk.credential.troubles import Malformed, SignerExpired, SignerNotYetValid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StatusReference:
    """Where a credential's status stands (Token Status List 6.2, 6.3)."""

    uri: str
    index: int

    def as_claim(self) -> dict[str, Any]:
        """The ``status`` claim; the same names in JSON and in the MSO."""
        return {"status_list": {"idx": self.index, "uri": self.uri}}

    @classmethod
    def from_claim(cls, status: Any) -> StatusReference | None:
        """None where there is no status list; raises ``Malformed``."""
        if status is None:
            return None
        entry = status.get("status_list") if isinstance(status, Mapping) else None
        if not isinstance(entry, Mapping):
            raise Malformed(reason="status without a status list")
        uri, index = entry.get("uri"), entry.get("idx")
        if not isinstance(uri, str) or type(index) is not int or index < 0:
            raise Malformed(reason="status list entry is incomplete")
        return cls(uri, index)


@dataclass(frozen=True)
class Validity:
    """When a credential was signed and how long it holds; aware UTC datetimes."""

    signed: datetime
    valid_until: datetime

    @classmethod
    def of(cls, now: datetime, lifetime: timedelta, rounding: timedelta, signer: bytes) -> Validity:
        """Both ends rounded down, inside the life of the certificate ``signer`` (DER).

        Readers check the certificate at the time of reading, so a credential that
        outlives it would die unannounced; it is shortened instead. Raises
        ``SignerExpired`` and ``SignerNotYetValid``.
        """
        certificate = load_certificate(signer)
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if now < since:
            raise SignerNotYetValid(since=since.date().isoformat())
        if now >= until:
            raise SignerExpired(until=until.date().isoformat())
        return cls(
            signed=max(rounded_down(now, rounding), since),
            valid_until=min(rounded_down(now + lifetime, rounding), until),
        )


@dataclass(frozen=True)
class Terms:
    """On whose key, by whom, for how long and with which status entry. ``issuer_uri`` is the
    credential issuer identifier, for a format that may name it beside the certificate."""

    key: DeviceKey
    issuer: Issuer
    validity: Validity
    status: StatusReference | None
    issuer_uri: str = ""


def rounded_down(moment: datetime, unit: timedelta) -> datetime:
    """``moment`` in UTC without what is left over of ``unit``, counted from 1970."""
    return moment.astimezone(UTC) - (moment - _EPOCH) % unit

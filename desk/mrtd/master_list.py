"""CSCA master lists (Doc 9303-12 clause 8): many countries' certificates, signed by one.

Why a list is believed is `desk.mrtd.signed_list`'s matter, keeping what it says
`desk.mrtd.trust`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from asn1crypto import core

from desk.mrtd import certificates
from desk.mrtd.certificates import MASTER_LIST_SIGNER, Certificate, CertificateUnreadable
from desk.mrtd.der import MALFORMED
from desk.mrtd.signatures import Unsupported
from desk.mrtd.signed_list import Kind, SignedList
from desk.mrtd.trust_troubles import NotTrustMaterial

MASTER_LIST = Kind("2.23.136.1.1.2", MASTER_LIST_SIGNER, "master list")


class _Certificates(core.SetOf):  # type: ignore[misc]
    _child_spec: ClassVar[Any] = core.Any


class _Content(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar[list[Any]] = [("version", core.Integer), ("certificates", _Certificates)]


@dataclass(frozen=True)
class Refused:
    """A certificate that cannot serve as an anchor; ``code`` and ``reason`` say why."""

    code: str
    reason: str
    fingerprint: str
    country: str = ""
    label: str = ""


@dataclass(frozen=True)
class MasterList:
    """A verified list: what can be used, what cannot, who signed it, for whom, and when."""

    signer: Certificate
    root: Certificate
    signed_at: datetime | None
    usable: tuple[Certificate, ...] = field(repr=False)
    refused: tuple[Refused, ...] = field(repr=False)


def read(found: SignedList) -> MasterList:
    """What a verified list says; raises NotTrustMaterial."""
    usable, refused = sift(_contents(found.message.content))
    return MasterList(found.signer, found.root, found.signed_at, usable, refused)


def sift(ders: Iterable[bytes]) -> tuple[tuple[Certificate, ...], tuple[Refused, ...]]:
    """Certificates that can serve as anchors, and the others with their reason."""
    usable: list[Certificate] = []
    refused: list[Refused] = []
    for der in ders:
        try:
            certificate = certificates.parse(der)
        except CertificateUnreadable as error:
            refused.append(Refused("TRUST-23", error.reason, certificates.fingerprint(der)))
            continue
        why = unusable(certificate)
        if why is None:
            usable.append(certificate)
        else:
            refused.append(why)
    return tuple(usable), tuple(refused)


def unusable(certificate: Certificate) -> Refused | None:
    """Why the certificate cannot serve as an anchor; None where it can.

    One that has run out still can: documents signed in its time outlive its key.
    """
    names = (certificate.fingerprint, certificate.subject.country, certificate.subject.label)
    if not certificate.is_authority:
        return Refused("TRUST-21", "not marked as a certificate authority", *names)
    if not certificate.signs_certificates:
        return Refused("TRUST-21", "may not sign certificates", *names)
    try:
        certificate.public_key  # noqa: B018 - asked for its refusal
    except Unsupported as error:
        return Refused("TRUST-22", error.reason, *names)
    return None


def _contents(content: bytes) -> Iterator[bytes]:
    try:
        for item in _Content.load(content, strict=True)["certificates"]:
            yield item.dump()
    except MALFORMED as error:
        raise NotTrustMaterial(f"list not readable: {type(error).__name__}") from error

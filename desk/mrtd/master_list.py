"""CSCA master lists (Doc 9303-12 clause 8): many countries' certificates, signed by one.

A list is believed because its signature verifies and its signer was appointed under a
root that the operator holds from elsewhere. Keeping what it says is `desk.mrtd.trust`'s
matter.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from asn1crypto import core

from desk.mrtd import certificates, signed_data
from desk.mrtd.certificates import MASTER_LIST_SIGNER, Certificate, CertificateUnreadable
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedDataMalformed, SignedMessage
from desk.mrtd.trust_troubles import (
    ListAltered,
    ListSignerUnknown,
    NotTrustMaterial,
    OutsideValidity,
)

MAX_LIST = 64 * 1024 * 1024
MASTER_LIST = "2.23.136.1.1.2"
_MAX_CHAIN = 4
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(.+?)-----END", re.DOTALL)


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
    """A verified list: what can be used, what cannot, who signed it and when."""

    signer: Certificate
    signed_at: datetime | None
    usable: tuple[Certificate, ...] = field(repr=False)
    refused: tuple[Refused, ...] = field(repr=False)


def verify(raw: bytes, root: Certificate, at: datetime) -> MasterList:
    """The list in ``raw``, vouched for by ``root`` as of ``at``.

    Raises NotTrustMaterial, ListAltered, ListSignerUnknown or OutsideValidity.
    """
    message = _message(raw)
    signer = message.signer_certificate
    if signer is None:
        raise ListSignerUnknown("signer's certificate missing")
    _verify_message(message, signer)
    chain = _chain(signer, message.certificates, root)
    _verify_dates(chain, message.signer.signing_time, at)
    usable, refused = sift(_contents(message.content))
    return MasterList(signer, message.signer.signing_time, usable, refused)


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


def unarmoured(raw: bytes) -> bytes:
    """DER out of PEM; DER stays as it is."""
    found = _PEM.search(raw)
    if not found:
        return raw
    try:
        return base64.b64decode(found[1])
    except ValueError:
        return raw


def is_master_list(raw: bytes) -> bool:
    """Whether the bytes claim to be signed data with a master list inside."""
    try:
        _message(raw)
    except NotTrustMaterial:
        return False
    return True


def _message(raw: bytes) -> SignedMessage:
    if len(raw) > MAX_LIST:
        raise NotTrustMaterial("larger than 64 MB")
    try:
        message = signed_data.parse(raw)
    except SignedDataMalformed as error:
        raise NotTrustMaterial(error.reason) from error
    if message.content_type != MASTER_LIST:
        raise NotTrustMaterial("signed content is no master list")
    return message


def _verify_message(message: SignedMessage, signer: Certificate) -> None:
    try:
        message.verify_digest()
        message.verify_signature(signer)
    except (DigestWrong, SignatureWrong) as error:
        raise ListAltered from error
    except Unsupported as error:
        raise ListSignerUnknown(error.reason) from error
    if MASTER_LIST_SIGNER not in signer.extended_usage:
        raise ListSignerUnknown("not appointed to sign master lists")


def _chain(
    signer: Certificate, others: tuple[Certificate, ...], root: Certificate
) -> tuple[Certificate, ...]:
    """From the signer up to ``root``, over link certificates that came along."""
    path = [signer]
    while len(path) < _MAX_CHAIN:
        if _issued(path[-1], root):
            return (*path, root)
        above = (c for c in others if c.is_authority and c not in path and _issued(path[-1], c))
        issuer = next(above, None)
        if issuer is None:
            break
        path.append(issuer)
    raise ListSignerUnknown("not issued under the given root")


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.verify_issued_by(issuer)
    except (SignatureWrong, Unsupported):
        return False
    return issuer.is_authority and issuer.signs_certificates


def _verify_dates(chain: tuple[Certificate, ...], signed_at: datetime | None, at: datetime) -> None:
    """Everyone in force when the list was signed and still now.

    A signature's own time proves nothing after its key has run out, hence both.
    """
    moments = [at] if signed_at is None else [signed_at, at]
    for certificate in chain:
        for moment in moments:
            if not certificate.valid_at(moment):
                raise OutsideValidity(
                    certificate.subject.label,
                    _day(certificate.not_before),
                    _day(certificate.not_after),
                    _day(moment),
                )
    if signed_at is not None and signed_at > at:
        raise OutsideValidity(chain[0].subject.label, _day(signed_at), "", _day(at))


def _contents(content: bytes) -> Iterator[bytes]:
    try:
        for item in _Content.load(content, strict=True)["certificates"]:
            yield item.dump()
    except _MALFORMED as error:
        raise NotTrustMaterial(f"list not readable: {type(error).__name__}") from error


def _day(moment: datetime) -> str:
    return moment.date().isoformat()

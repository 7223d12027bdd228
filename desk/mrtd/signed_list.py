"""Lists that states sign and exchange: master lists and deviation lists (Doc 9303-12, 8 to 10).

A list is believed because its signature verifies and its signer was appointed, for this
very purpose, under one of the roots it is held against. What a list says is
`desk.mrtd.master_list`'s and `desk.mrtd.deviations`' matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from desk.mrtd import signed_data
from desk.mrtd.certificates import Certificate, issued
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedDataMalformed, SignedMessage
from desk.mrtd.trust_troubles import (
    ListAltered,
    ListSignerUnknown,
    NotTrustMaterial,
    OutsideValidity,
)

MAX_LIST = 64 * 1024 * 1024
_MAX_CHAIN = 4


@dataclass(frozen=True)
class Kind:
    """A kind of list: its content type, and the use its signer is appointed for."""

    content_type: str
    usage: str
    word: str


@dataclass(frozen=True)
class SignedList:
    """A verified list. ``root`` is the one of the given roots that vouches for it."""

    message: SignedMessage
    signer: Certificate
    root: Certificate

    @property
    def signed_at(self) -> datetime | None:
        return self.message.signer.signing_time


def verify(
    message: SignedMessage, kind: Kind, roots: Iterable[Certificate], at: datetime
) -> SignedList:
    """The list that ``message`` is, vouched for by one of ``roots`` as of ``at``.

    Raises ListAltered, ListSignerUnknown or OutsideValidity.
    """
    signer = message.signer_certificate
    if signer is None:
        raise ListSignerUnknown("signer's certificate missing")
    _verify_message(message, signer)
    chain = _chain(signer, message.certificates, tuple(roots))
    _verify_appointed(chain, kind)
    _verify_dates(chain, message.signer.signing_time, at)
    return SignedList(message, signer, chain[-1])


def parse(raw: bytes, kinds: Iterable[Kind]) -> tuple[SignedMessage, Kind]:
    """The signed data, not verified, and which kind of list it is; raises NotTrustMaterial."""
    if len(raw) > MAX_LIST:
        raise NotTrustMaterial("larger than 64 MB")
    try:
        message = signed_data.parse(raw)
    except SignedDataMalformed as error:
        raise NotTrustMaterial(error.reason) from error
    for kind in kinds:
        if message.content_type == kind.content_type:
            return message, kind
    raise NotTrustMaterial(f"signed content of kind {message.content_type}")


def _verify_message(message: SignedMessage, signer: Certificate) -> None:
    try:
        message.verify_digest()
        message.verify_signature(signer)
    except (DigestWrong, SignatureWrong) as error:
        raise ListAltered from error
    except Unsupported as error:
        raise ListSignerUnknown(error.reason) from error


def _chain(
    signer: Certificate, others: tuple[Certificate, ...], roots: tuple[Certificate, ...]
) -> tuple[Certificate, ...]:
    """From the signer up to a root, over link certificates that came along.

    A root that signed by its own key is its own chain; some early lists were signed so.
    """
    path = [signer]
    while len(path) < _MAX_CHAIN:
        if path[-1] in roots:
            return tuple(path)
        root = next((root for root in roots if issued(path[-1], root)), None)
        if root is not None:
            return (*path, root)
        above = (c for c in others if c.is_authority and c not in path and issued(path[-1], c))
        issuer = next(above, None)
        if issuer is None:
            break
        path.append(issuer)
    raise ListSignerUnknown("not issued under a root that is held")


def _verify_appointed(chain: tuple[Certificate, ...], kind: Kind) -> None:
    """The signer has the use in its certificate, by its own country; a root speaks for itself."""
    signer, root = chain[0], chain[-1]
    if len(chain) > 1 and kind.usage not in signer.extended_usage:
        raise ListSignerUnknown(f"not appointed to sign a {kind.word}")
    if signer.issuer.country != root.subject.country:
        raise ListSignerUnknown("appointed by another country's root")


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


def _day(moment: datetime) -> str:
    return moment.date().isoformat()

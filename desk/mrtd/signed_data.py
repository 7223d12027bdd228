"""Signed data of the field (RFC 5652): security objects of passports and master lists.

Keeps every byte that a hash or signature covers as it came. The two checks raise; the
chain of the signer's certificate is left to `desk.mrtd.passive` and
`desk.mrtd.master_list`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms

from desk.iso7816.tlv import length_bytes
from desk.mrtd import certificates, signatures
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.ciphers import same
from desk.mrtd.der import MALFORMED
from desk.mrtd.signatures import Scheme, SignatureWrong

_SET = b"\x31"
_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME = (
    "1.2.840.113549.1.9.3",
    "1.2.840.113549.1.9.4",
    "1.2.840.113549.1.9.5",
)


class SignedDataMalformed(Exception):
    """Bytes that are no signed data with content and a signer; ``reason`` in short English."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DigestWrong(Exception):
    """The signed digest is not the content's: the content was altered after signing."""


@dataclass(frozen=True)
class Signer:
    """One signer info. ``attributes`` is the DER set the signature covers, None without."""

    issuer_key: str | None
    serial: int | None
    key_id: bytes | None
    digest_algorithm: str
    algorithm: bytes
    attributes: bytes | None = field(repr=False)
    content_type: str | None
    message_digest: bytes | None
    signing_time: datetime | None
    signature: bytes = field(repr=False)

    def is_of(self, certificate: Certificate) -> bool:
        if self.key_id is not None:
            return certificate.subject_key_id == self.key_id
        return (certificate.issuer.key, certificate.serial) == (self.issuer_key, self.serial)

    @property
    def scheme(self) -> Scheme:
        """Raises signatures.Unsupported."""
        return signatures.scheme_of_der(self.algorithm, self.digest_algorithm)


@dataclass(frozen=True)
class SignedMessage:
    """Content, its signer and the certificates that came along."""

    content_type: str
    content: bytes = field(repr=False)
    signer: Signer
    certificates: tuple[Certificate, ...]

    @property
    def signer_certificate(self) -> Certificate | None:
        """The one the signer info names, None where it did not come along.

        A serial number alone is enough where the names differ, and a certificate without
        key identifier where one is named by it, since the signature decides whether it is
        the right one.
        """
        signer = self.signer
        named = [c for c in self.certificates if signer.is_of(c)]
        if signer.key_id is None:
            likely = [c for c in self.certificates if c.serial == signer.serial]
        else:
            likely = [c for c in self.certificates if c.subject_key_id is None]
        return next(iter(named or likely), None)

    def verify_digest(self) -> None:
        """The signed attributes belong to this content (RFC 5652 clause 5.4).

        Raises DigestWrong, or signatures.Unsupported for an unknown hash. Without signed
        attributes the signature covers the content itself and there is nothing to compare.
        """
        signer = self.signer
        if signer.attributes is None:
            return
        actual = signatures.digest(signer.digest_algorithm, self.content)
        if signer.message_digest is None or not same(actual, signer.message_digest):
            raise DigestWrong
        if signer.content_type != self.content_type:
            raise DigestWrong

    def verify_signature(self, certificate: Certificate) -> None:
        """Raises SignatureWrong or signatures.Unsupported."""
        signer = self.signer
        signed = self.content if signer.attributes is None else signer.attributes
        signatures.verify(certificate.public_key, signer.scheme, signer.signature, signed)


def parse(der: bytes) -> SignedMessage:
    """The signed data in ``der``; raises SignedDataMalformed."""
    try:
        info = cms.ContentInfo.load(der, strict=True)
        if info["content_type"].native != "signed_data":
            raise SignedDataMalformed("not signed data")
        return _read(info["content"])
    except CertificateUnreadable as error:
        raise SignedDataMalformed(f"certificate inside: {error.reason}") from error
    except MALFORMED as error:
        raise SignedDataMalformed(f"not readable: {type(error).__name__}") from error


def _read(data: Any) -> SignedMessage:
    infos = data["signer_infos"]
    if not len(infos):
        raise SignedDataMalformed("nobody signed")
    content = data["encap_content_info"]
    if content["content"].contents is None:
        raise SignedDataMalformed("no content")
    return SignedMessage(
        content_type=content["content_type"].dotted,
        content=bytes(content["content"]),
        # One signer info is what Doc 9303-10 asks for; of several the first speaks.
        signer=_signer(infos[0]),
        certificates=tuple(_certificates(data["certificates"])),
    )


def _certificates(items: Any) -> list[Certificate]:
    if items.contents is None:
        return []
    return [certificates.parse(i.chosen.dump()) for i in items if i.name == "certificate"]


def _signer(info: Any) -> Signer:
    issuer_key = serial = key_id = None
    sid = info["sid"].chosen
    if info["sid"].name == "issuer_and_serial_number":
        issuer_key = certificates.name(sid["issuer"].dump()).key
        serial = sid["serial_number"].native
    else:
        key_id = bytes(sid.native)
    attributes = info["signed_attrs"]
    values = _single_values(attributes)
    digest = values.get(_MESSAGE_DIGEST)
    content_type = values.get(_CONTENT_TYPE)
    return Signer(
        issuer_key=issuer_key,
        serial=serial,
        key_id=key_id,
        digest_algorithm=info["digest_algorithm"]["algorithm"].native,
        algorithm=info["signature_algorithm"].dump(),
        attributes=_as_set(attributes.contents),
        content_type=None if content_type is None else content_type.dotted,
        message_digest=None if digest is None else bytes(digest.native),
        signing_time=_moment(values.get(_SIGNING_TIME)),
        signature=bytes(info["signature"].native),
    )


def _as_set(contents: bytes | None) -> bytes | None:
    """What was signed: the attributes under their own tag instead of the context's."""
    return None if contents is None else _SET + length_bytes(len(contents)) + contents


def _single_values(attributes: Any) -> dict[str, Any]:
    """Value of each attribute by OID; one that repeats would leave open what was signed."""
    found: dict[str, Any] = {}
    if attributes.contents is None:
        return found
    for attribute in attributes:
        oid = attribute["type"].dotted
        if oid in found or len(attribute["values"]) != 1:
            raise SignedDataMalformed("signed attribute repeated")
        found[oid] = attribute["values"][0]
    return found


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment: datetime = value.chosen.native
    return moment.astimezone(UTC)


__all__ = [
    "DigestWrong",
    "SignatureWrong",
    "SignedDataMalformed",
    "SignedMessage",
    "Signer",
    "parse",
]

"""X.509 certificates of passport issuers (Doc 9303-12 clause 7.1), read leniently.

Old country certificates bend the rules of X.509 in many ways, so this reads what the
checks need and keeps the bytes. Whether a certificate is trusted is `desk.mrtd.trust`'s
matter; the chain and its dates are `desk.mrtd.passive`'s.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from asn1crypto import x509

from desk.iso7816 import tlv
from desk.iso7816.tlv import Tlv
from desk.iso7816.troubles import TlvError
from desk.mrtd import signatures
from desk.mrtd.der import MALFORMED, dotted
from desk.mrtd.signatures import PublicKey, Scheme, SignatureWrong, Unsupported

MAX_CERTIFICATE = 32 * 1024
MASTER_LIST_SIGNER = "2.23.136.1.1.3"
"""Extended key usage of who may sign master lists (Doc 9303-12 clause 7.1.1.4)."""
_COUNTRY = "2.5.4.6"
_COUNTRY_CODE = re.compile(r"[A-Za-z]{2,3}")
_LABEL = 200
"""Characters shown of a name; it is the certificate's own word."""
_COMMON_NAME = "2.5.4.3"
_ORGANISATION = ("2.5.4.10", "2.5.4.11")
DEVIATION_LIST_SIGNER = "2.23.136.1.1.8"
"""Extended key usage of who may sign deviation lists (same clause)."""
_SEQUENCE, _VERSION, _EXTENSIONS = 0x30, 0xA0, 0xA3
_DIGITAL_SIGNATURE, _KEY_CERT_SIGN, _CRL_SIGN = 0x80, 0x04, 0x02
_UTC_TIME = 0x17
_SHORT, _LONG = "YYMMDDhhmmssZ", "YYYYMMDDhhmmssZ"


class CertificateUnreadable(Exception):
    """Bytes that are no certificate; ``reason`` is one short English line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Name:
    """A distinguished name: ``key`` equal for names that X.500 compares as equal.

    ``country`` is empty where it is no code, ``label`` fit to be shown.
    """

    key: str
    country: str
    label: str


@dataclass(frozen=True)
class Certificate:
    """One certificate; ``der`` and ``signed`` are the bytes as they came.

    ``signed`` is the TBSCertificate, ``algorithm`` and ``spki`` are DER. ``key_used_from``
    and ``key_used_until`` bound the time in which the private key signs, where stated;
    ``document_types`` are the codes of the zone that a document signer signs for.
    """

    der: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    subject: Name
    issuer: Name
    serial: int
    not_before: datetime
    not_after: datetime
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    is_authority: bool
    signs_certificates: bool
    signs_revocation_lists: bool
    signs_data: bool
    extended_usage: tuple[str, ...]
    key_used_from: datetime | None
    key_used_until: datetime | None
    document_types: tuple[str, ...]
    algorithm: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    spki: bytes = field(repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the certificate, hexadecimal."""
        return fingerprint(self.der)

    @cached_property
    def public_key(self) -> PublicKey:
        """Raises signatures.Unsupported."""
        return signatures.public_key(self.spki)

    @cached_property
    def scheme(self) -> Scheme:
        """How the issuer signed this one; raises signatures.Unsupported."""
        return signatures.scheme_of_der(self.algorithm)

    @property
    def names_itself_issuer(self) -> bool:
        return self.subject.key == self.issuer.key

    @property
    def is_link(self) -> bool:
        """An authority's new key or new name, signed by its former key (Doc 9303-12, 7.1.1)."""
        if not self.is_authority:
            return False
        another_key = None not in (self.subject_key_id, self.authority_key_id) and (
            self.subject_key_id != self.authority_key_id
        )
        return another_key or not self.names_itself_issuer

    def valid_at(self, moment: datetime) -> bool:
        return self.not_before <= moment <= self.not_after

    def verify_issued_by(self, issuer: Certificate) -> None:
        """Raises SignatureWrong or Unsupported; names and dates are the caller's matter."""
        signatures.verify(issuer.public_key, self.scheme, self.signature, self.signed)


@lru_cache(maxsize=2048)
def issued(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether ``issuer`` may issue and did issue it: for finding a path among candidates."""
    if not (issuer.is_authority and issuer.signs_certificates):
        return False
    try:
        certificate.verify_issued_by(issuer)
    except (SignatureWrong, Unsupported):
        return False
    return True


def parse(der: bytes) -> Certificate:
    """The certificate in ``der``; raises CertificateUnreadable.

    The last ones are kept: many states' lists name the same certificates.
    """
    if len(der) > MAX_CERTIFICATE:
        raise CertificateUnreadable("larger than 32 kB")
    try:
        return _read(der)
    except (*MALFORMED, TlvError) as error:
        raise CertificateUnreadable(f"not readable: {type(error).__name__}") from error


def fingerprint(der: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(der).hexdigest()


@lru_cache(maxsize=1024)
def name(der: bytes) -> Name:
    """The distinguished name in ``der``. Issuers repeat, so the last ones are kept."""
    parsed = x509.Name.load(der)
    attributes = _attributes(parsed)
    country = attributes.get(_COUNTRY, "")
    if not _COUNTRY_CODE.fullmatch(country):
        country = ""
    common = attributes.get(_COMMON_NAME)
    label = common or next((attributes[o] for o in _ORGANISATION if o in attributes), country)
    return Name(_key(parsed), country.upper(), _printable(label))


def _read(der: bytes) -> Certificate:
    """RFC 5280 clause 4.1, field by field.

    Read by our own TLV: a general ASN.1 library takes four times as long, and a master
    list holds hundreds of certificates.
    """
    signed, algorithm, signature = tlv.parse_one(der, _SEQUENCE).children
    fields = [field for field in signed.children if field.tag != _VERSION]
    serial, _, issuer, validity, subject, spki, *rest = fields
    not_before, not_after = validity.children
    extensions = _extensions(rest)
    key_used = _private_key_usage(extensions)
    return Certificate(
        der=der,
        signed=signed.raw,
        subject=name(subject.raw),
        issuer=name(issuer.raw),
        serial=int.from_bytes(serial.value, signed=True),
        not_before=moment(not_before),
        not_after=moment(not_after),
        subject_key_id=_subject_key_id(extensions),
        authority_key_id=_authority_key_id(extensions),
        is_authority=_is_authority(extensions),
        signs_certificates=_may(extensions, _KEY_CERT_SIGN),
        signs_revocation_lists=_may(extensions, _CRL_SIGN),
        signs_data=_may(extensions, _DIGITAL_SIGNATURE),
        extended_usage=_extended_usage(extensions),
        key_used_from=key_used.get(0x80),
        key_used_until=key_used.get(0x81),
        document_types=_document_types(extensions),
        algorithm=algorithm.raw,
        signature=_bits(signature),
        spki=spki.raw,
    )


def _extensions(rest: list[Tlv]) -> dict[str, bytes]:
    """Value of each extension by its dotted identifier; empty for certificates without."""
    holder = next((item for item in rest if item.tag == _EXTENSIONS), None)
    if holder is None:
        return {}
    items = tlv.parse_one(holder.value, _SEQUENCE).children
    parts = (item.children for item in items)
    return {dotted(part[0].value): part[-1].value for part in parts}


def _printable(text: str) -> str:
    """What may stand on a screen or a terminal, which obeys control characters."""
    shown = (one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return "".join(shown)[:_LABEL]


def _attributes(parsed: Any) -> dict[str, str]:
    """First value of each attribute; values of unknown string types count as empty."""
    found: dict[str, str] = {}
    for relative in parsed.chosen:
        for attribute in relative:
            value = attribute["value"]
            text = value.native if isinstance(value.native, str) else ""
            found.setdefault(attribute["type"].dotted, text)
    return found


def _key(parsed: Any) -> str:
    """Types and values as X.500 compares them: case, spacing and string type set aside.

    Their order is set aside too: Malaysian signer infos write the issuer's name in another
    order than the certificates do. A name only finds candidates; the signature decides.
    """
    parts = []
    for relative in parsed.chosen:
        pairs = sorted(
            f"{attribute['type'].dotted}={_folded(attribute['value'])}" for attribute in relative
        )
        parts.append("+".join(pairs))
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _folded(value: Any) -> str:
    text = value.native
    return " ".join(text.casefold().split()) if isinstance(text, str) else value.dump().hex()


def moment(value: Tlv) -> datetime:
    """UTCTime or GeneralizedTime in UTC; raises ValueError.

    Read by hand in the form that DER asks for; a long revocation list has thousands.
    """
    text = value.value.decode("ascii")
    if value.tag == _UTC_TIME and len(text) == len(_SHORT) and text.endswith("Z"):
        text = ("19" if text >= "5" else "20") + text
    if len(text) == len(_LONG) and text.endswith("Z") and text[:-1].isdigit():
        parts = [int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))]
        return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
    other: datetime = x509.Time.load(value.raw).native
    return other.astimezone(UTC)


def _bits(item: Tlv) -> bytes:
    if not item.value or item.value[0]:
        raise ValueError("bit string not whole bytes")
    return item.value[1:]


def _subject_key_id(extensions: Mapping[str, bytes]) -> bytes | None:
    raw = extensions.get("2.5.29.14")
    return None if raw is None else tlv.parse_one(raw, 0x04).value


def _authority_key_id(extensions: Mapping[str, bytes]) -> bytes | None:
    raw = extensions.get("2.5.29.35")
    if raw is None:
        return None
    found = tlv.parse_one(raw, _SEQUENCE).find(0x80)
    return None if found is None else found.value


def _is_authority(extensions: Mapping[str, bytes]) -> bool:
    raw = extensions.get("2.5.29.19")
    if raw is None:
        return False
    found = tlv.parse_one(raw, _SEQUENCE).find(0x01)
    return found is not None and any(found.value)


def _may(extensions: Mapping[str, bytes], use: int) -> bool:
    """Without the extension every use is allowed (RFC 5280 clause 4.2.1.3); China's lacks it."""
    raw = extensions.get("2.5.29.15")
    if raw is None:
        return True
    bits = tlv.parse_one(raw, 0x03).value
    return len(bits) > 1 and bool(bits[1] & use)


def _extended_usage(extensions: Mapping[str, bytes]) -> tuple[str, ...]:
    raw = extensions.get("2.5.29.37")
    if raw is None:
        return ()
    return tuple(dotted(usage.value) for usage in tlv.parse_one(raw, _SEQUENCE).children)


def _private_key_usage(extensions: Mapping[str, bytes]) -> dict[int, datetime]:
    """Both bounds by their tags; what does not read counts as not stated (RFC 3280, 4.2.1.4)."""
    raw = extensions.get("2.5.29.16", b"")
    try:
        bounds = tlv.parse_one(raw, _SEQUENCE).children
        return {bound.tag: moment(bound) for bound in bounds}
    except (TlvError, ValueError):
        return {}


def _document_types(extensions: Mapping[str, bytes]) -> tuple[str, ...]:
    """Codes of the zone, «P» or two letters (Doc 9303-12 clause 7.1.1.6).

    Several states encode the list wrongly; one that does not read counts as not stated.
    """
    raw = extensions.get("2.23.136.1.1.6.2", b"")
    try:
        _, types = tlv.parse_one(raw, _SEQUENCE).children
        return tuple(item.value.decode("ascii").rstrip("<") for item in types.children)
    except (TlvError, ValueError):
        return ()

"""X.509 certificates of passport issuers (Doc 9303-12 clause 7.1), read leniently.

Old country certificates bend the rules of X.509 in many ways, so this reads what the
checks need and keeps the bytes. Whether a certificate is trusted is `desk.mrtd.trust`'s
matter; the chain and its dates are `desk.mrtd.passive`'s.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from asn1crypto import x509

from desk.mrtd import signatures
from desk.mrtd.signatures import PublicKey, Scheme

MAX_CERTIFICATE = 32 * 1024
MASTER_LIST_SIGNER = "2.23.136.1.1.3"
"""Extended key usage of who may sign master lists (Doc 9303-12 clause 7.1.1.4)."""
_COUNTRY = "2.5.4.6"
_COMMON_NAME = "2.5.4.3"
_ORGANISATION = ("2.5.4.10", "2.5.4.11")
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class CertificateUnreadable(Exception):
    """Bytes that are no certificate; ``reason`` is one short English line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Name:
    """A distinguished name: ``key`` equal for names that X.500 compares as equal."""

    key: str
    country: str
    label: str


@dataclass(frozen=True)
class Certificate:
    """One certificate; ``der`` and ``signed`` are the bytes as they came.

    ``signed`` is the TBSCertificate, ``algorithm`` and ``spki`` are DER.
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
    extended_usage: tuple[str, ...]
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

    def valid_at(self, moment: datetime) -> bool:
        return self.not_before <= moment <= self.not_after

    def verify_issued_by(self, issuer: Certificate) -> None:
        """Raises SignatureWrong or Unsupported; names and dates are the caller's matter."""
        signatures.verify(issuer.public_key, self.scheme, self.signature, self.signed)


def parse(der: bytes) -> Certificate:
    """The certificate in ``der``; raises CertificateUnreadable."""
    if len(der) > MAX_CERTIFICATE:
        raise CertificateUnreadable("larger than 32 kB")
    try:
        return _read(x509.Certificate.load(der, strict=True))
    except _MALFORMED as error:
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
    common = attributes.get(_COMMON_NAME)
    label = common or next((attributes[o] for o in _ORGANISATION if o in attributes), country)
    return Name(_key(parsed), country.upper(), label)


def _read(parsed: Any) -> Certificate:
    signed = parsed["tbs_certificate"]
    extensions = {
        item["extn_id"].dotted: item["extn_value"].contents for item in signed["extensions"]
    }
    return Certificate(
        der=parsed.dump(),
        signed=signed.dump(),
        subject=name(signed["subject"].dump()),
        issuer=name(signed["issuer"].dump()),
        serial=signed["serial_number"].native,
        not_before=_moment(signed["validity"]["not_before"]),
        not_after=_moment(signed["validity"]["not_after"]),
        subject_key_id=_subject_key_id(extensions),
        authority_key_id=_authority_key_id(extensions),
        is_authority=_is_authority(extensions),
        signs_certificates=_signs_certificates(extensions),
        extended_usage=_extended_usage(extensions),
        algorithm=parsed["signature_algorithm"].dump(),
        signature=_bits(parsed["signature_value"]),
        spki=signed["subject_public_key_info"].dump(),
    )


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


def _moment(value: Any) -> datetime:
    moment: datetime = value.chosen.native
    return moment.astimezone(UTC)


def _bits(value: Any) -> bytes:
    contents: bytes = value.contents
    if not contents or contents[0]:
        raise ValueError("bit string not whole bytes")
    return contents[1:]


def _subject_key_id(extensions: dict[str, bytes]) -> bytes | None:
    raw = extensions.get("2.5.29.14")
    return None if raw is None else bytes(x509.OctetString.load(raw).native)


def _authority_key_id(extensions: dict[str, bytes]) -> bytes | None:
    raw = extensions.get("2.5.29.35")
    return None if raw is None else x509.AuthorityKeyIdentifier.load(raw)["key_identifier"].native


def _is_authority(extensions: dict[str, bytes]) -> bool:
    raw = extensions.get("2.5.29.19")
    return raw is not None and bool(x509.BasicConstraints.load(raw)["ca"].native)


def _signs_certificates(extensions: dict[str, bytes]) -> bool:
    """Without the extension every use is allowed (RFC 5280 clause 4.2.1.3); China's lacks it."""
    raw = extensions.get("2.5.29.15")
    return raw is None or "key_cert_sign" in x509.KeyUsage.load(raw).native


def _extended_usage(extensions: dict[str, bytes]) -> tuple[str, ...]:
    raw = extensions.get("2.5.29.37")
    if raw is None:
        return ()
    return tuple(usage.dotted for usage in x509.ExtKeyUsageSyntax.load(raw))

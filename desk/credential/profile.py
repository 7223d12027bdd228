"""The document signer certificate's profile (ISO/IEC 18013-5 annex B.1.2 and B.1.4).

Used twice: before an officer's card signs, so that no wallet refuses what it signed,
and when a credential is verified. The chain itself is checked by ``chain``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from desk.credential.keys import load_certificate, public_key_of
from desk.credential.troubles import Malformed, SignerExpired, SignerNotYetValid, SignerUnfit

DOCUMENT_SIGNER = x509.ObjectIdentifier("1.0.18013.5.1.2")
MAX_SIGNER_LIFE = timedelta(days=457)
MAX_ROOT_LIFE = timedelta(days=20 * 365 + 5)
_MAX_SERIAL_BITS = 159
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_HASHES = ("sha256", "sha384", "sha512")
_KNOWN_CRITICAL = (ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE)


def check_signer(chain: tuple[bytes, ...], country: str, now: datetime) -> None:
    """Raises ``SignerUnfit``, ``SignerExpired`` or ``SignerNotYetValid``.

    ``country`` is the credential's issuing_country (alpha-2); ``now`` the signing time.
    """
    check_fit(chain, country)
    certificate = load_certificate(chain[0])
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < since:
        raise SignerNotYetValid(since=since.date().isoformat())
    if now >= until:
        raise SignerExpired(until=until.date().isoformat())


def check_fit(chain: tuple[bytes, ...], country: str) -> None:
    """Raises ``SignerUnfit`` where the leaf breaks the profile; its times are not looked at."""
    if not chain:
        raise SignerUnfit(reason="no certificate")
    if problem := _first_problem(chain[0], country):
        raise SignerUnfit(reason=problem)


@lru_cache(maxsize=16)
def _first_problem(leaf: bytes, country: str) -> str | None:
    """One certificate signs many credentials, and what it says does not change."""
    return next(problems(load_certificate(leaf), country), None)


def problems(certificate: x509.Certificate, country: str) -> Iterator[str]:
    """Everything about a document signer certificate that breaks the profile."""
    if certificate.version is not x509.Version.v3:
        yield "not an X.509 v3 certificate"
    yield from _common_problems(certificate)
    if certificate.not_valid_after_utc - certificate.not_valid_before_utc > MAX_SIGNER_LIFE:
        yield "valid for more than 457 days"
    for name, whose in ((certificate.subject, "subject"), (certificate.issuer, "issuer")):
        if _country(name) != country:
            yield f"{whose} has another country or none"
    if not certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        yield "subject has no common name"
    yield from _extension_problems(certificate)


def root_problems(certificate: x509.Certificate) -> Iterator[str]:
    """Everything about an IACA root certificate that breaks the profile (B.1.2)."""
    yield from _common_problems(certificate)
    if certificate.not_valid_after_utc - certificate.not_valid_before_utc > MAX_ROOT_LIFE:
        yield "valid for more than 20 years"
    if certificate.subject != certificate.issuer:
        yield "root is not self-issued"
    if _country(certificate.subject) is None:
        yield "subject has no country"
    checks = (
        (x509.BasicConstraints, lambda e: e.critical and e.value.ca and e.value.path_length == 0),
        (x509.KeyUsage, lambda e: e.critical and e.value.key_cert_sign and e.value.crl_sign),
        (x509.SubjectKeyIdentifier, lambda e: not e.critical),
        (x509.IssuerAlternativeName, lambda e: not e.critical),
        (x509.CRLDistributionPoints, lambda e: not e.critical),
    )
    yield from _failed(certificate, checks)


def _common_problems(certificate: x509.Certificate) -> Iterator[str]:
    if not 0 < certificate.serial_number.bit_length() <= _MAX_SERIAL_BITS:
        yield "serial number is not positive or too long"
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name not in _HASHES:
        yield "signed with another hash"
    if _curve_of(certificate) not in _CURVES:
        yield "key is on no allowed curve"


def _curve_of(certificate: x509.Certificate) -> str | None:
    try:
        key = public_key_of(certificate)
    except Malformed:
        return None
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else None


def _country(name: x509.Name) -> str | None:
    countries = name.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    return str(countries[0].value) if len(countries) == 1 else None


def _extension_problems(certificate: x509.Certificate) -> Iterator[str]:
    checks = (
        (x509.KeyUsage, lambda e: e.critical and _signs_only(e.value)),
        (x509.ExtendedKeyUsage, lambda e: e.critical and list(e.value) == [DOCUMENT_SIGNER]),
        (x509.SubjectKeyIdentifier, lambda e: not e.critical),
        (x509.AuthorityKeyIdentifier, lambda e: not e.critical and e.value.key_identifier),
        (x509.IssuerAlternativeName, lambda e: not e.critical),
        (x509.CRLDistributionPoints, lambda e: not e.critical),
    )
    yield from _failed(certificate, checks)
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _KNOWN_CRITICAL:
            yield f"critical extension {extension.oid.dotted_string}"


def _signs_only(usage: x509.KeyUsage) -> bool:
    others = (
        usage.content_commitment,
        usage.key_encipherment,
        usage.data_encipherment,
        usage.key_agreement,
        usage.key_cert_sign,
        usage.crl_sign,
    )
    return usage.digital_signature and not any(others)


_Check = tuple[type[x509.ExtensionType], Callable[[x509.Extension[x509.ExtensionType]], object]]


def _failed(certificate: x509.Certificate, checks: tuple[_Check, ...]) -> Iterator[str]:
    for kind, fits in checks:
        try:
            extension = certificate.extensions.get_extension_for_class(kind)
        except x509.ExtensionNotFound:
            yield f"{kind.__name__} is missing"
        except ValueError:
            yield "extensions cannot be read"
            return
        else:
            if not fits(extension):
                yield f"{kind.__name__} differs from the profile"

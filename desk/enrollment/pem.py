"""Certificates and keys that the service is given as PEM files."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from desk.credential.signer import LocalSigner
from desk.enrollment.trouble import CertificateFileUnusable


def read_signer(path: Path) -> LocalSigner:
    """The private key and its chain, leaf first and without its anchor, which a reader has of his
    own (HAIP 1.0, section 4.1); raises CertificateFileUnusable."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as reason:
        raise CertificateFileUnusable(file=path.name) from reason
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateFileUnusable(file=path.name)
    leaf, *others = read_certificates(path)
    if x509.load_der_x509_certificate(leaf).public_key() != key.public_key():
        raise CertificateFileUnusable(file=path.name)
    return LocalSigner(key, (leaf, *(one for one in others if not _is_anchor(one))))


def _is_anchor(der: bytes) -> bool:
    certificate = x509.load_der_x509_certificate(der)
    return certificate.subject == certificate.issuer


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """All certificates of a file, DER; raises CertificateFileUnusable."""
    try:
        loaded = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as reason:
        raise CertificateFileUnusable(file=path.name) from reason
    return tuple(one.public_bytes(serialization.Encoding.DER) for one in loaded)

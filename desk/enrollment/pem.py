"""Certificates and keys that the service is given as PEM files."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from desk.credential.keys import UNREADABLE, load_certificate, public_key_of
from desk.credential.signer import LocalSigner
from desk.credential.troubles import Malformed
from desk.enrollment.trouble import CertificateFileUnusable


def read_signer(path: Path) -> LocalSigner:
    """The private key and its chain, leaf first and without its anchor, which a reader has of his
    own (HAIP 1.0, section 4.1); raises CertificateFileUnusable."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, *UNREADABLE) as reason:
        raise CertificateFileUnusable(file=path.name) from reason
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateFileUnusable(file=path.name)
    leaf, *others = read_certificates(path)
    try:
        certified = public_key_of(load_certificate(leaf))
        shown = (leaf, *(one for one in others if not _is_anchor(one)))
    except Malformed as reason:
        raise CertificateFileUnusable(file=path.name) from reason
    if certified != key.public_key():
        raise CertificateFileUnusable(file=path.name)
    return LocalSigner(key, shown)


def _is_anchor(der: bytes) -> bool:
    certificate = load_certificate(der)
    return certificate.subject == certificate.issuer


def read_certificates(path: Path) -> tuple[bytes, ...]:
    """All certificates of a file, DER; raises CertificateFileUnusable."""
    try:
        loaded = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, *UNREADABLE) as reason:
        raise CertificateFileUnusable(file=path.name) from reason
    return tuple(one.public_bytes(serialization.Encoding.DER) for one in loaded)

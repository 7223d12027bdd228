"""Checks on the certificates an officer's card carries.

Only what concerns the card: readable, in its time, issued by one of those given, and
agreeing with the card's signatures. Trust and the document signer profile are left to
whoever knows the anchors.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from desk.cards.piv_data import KeyType, PublicKey, Slot
from desk.cards.troubles import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateUnreadable,
    ChainBroken,
    KeyUnusable,
    NoSignInCertificate,
    SignatureMismatch,
)

CHALLENGE_BYTES = 32
BROKEN = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for bytes that are no certificate, list or request, or odd ones."""


def load_certificate(der: bytes) -> x509.Certificate:
    """Raises CertificateUnreadable."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        # These are parsed only when asked for; a damaged one must show here.
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        _ = certificate.issuer, certificate.subject
        _ = certificate.extensions, certificate.signature_hash_algorithm
    except BROKEN as error:
        raise CertificateUnreadable from error
    return certificate


def certified_key_type(der: bytes | None, slot: Slot) -> KeyType:
    """The kind of key in ``slot``, by its certificate. Raises KeyUnusable without one."""
    key_type = KeyType.of(public_key_of(load_certificate(der))) if der else None
    if key_type is None:
        raise KeyUnusable(slot=f"{slot:02X}")
    return key_type


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """The key, where it is one of the kinds met on cards; else raises CertificateUnreadable."""
    try:
        key = certificate.public_key()
    except BROKEN as error:
        raise CertificateUnreadable from error
    if KeyType.of(key) is None:
        raise CertificateUnreadable
    return key  # type: ignore[return-value]  # KeyType.of has just narrowed it


def check_validity(certificate: x509.Certificate, now: datetime) -> None:
    """Raises CertificateExpired or CertificateNotYetValid; ``now`` is UTC."""
    if now < certificate.not_valid_before_utc:
        raise CertificateNotYetValid(certificate.not_valid_before_utc, now)
    if now > certificate.not_valid_after_utc:
        raise CertificateExpired(certificate.not_valid_after_utc)


def build_chain(leaf: bytes, issuing: Sequence[bytes]) -> tuple[bytes, ...]:
    """The leaf and the issuing certificates above it, without a self-signed anchor (DER).

    With no issuing certificates the leaf stands alone; with some, raises ChainBroken where
    none of them issued the leaf.
    """
    loaded = {der: load_certificate(der) for der in issuing}
    chain, current = [leaf], load_certificate(leaf)
    while current.issuer != current.subject:
        above = _issuer_of(current, loaded)
        if above is None or above in chain:
            break
        chain.append(above)
        current = loaded[above]
    if issuing and len(chain) == 1:
        raise ChainBroken
    if len(chain) > 1 and current.issuer == current.subject:
        chain.pop()
    return tuple(chain)


def verify_signature(key: PublicKey, signature: bytes, data: bytes) -> None:
    """Check a signature as `PivSession.sign` makes it. Raises SignatureMismatch."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            kind = KeyType.of(key) or KeyType.P256
            key.verify(signature, data, ec.ECDSA(kind.digest))
        else:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise SignatureMismatch from error


def prove_by(der: bytes | None, slot: Slot, sign: Callable[[bytes], bytes]) -> bytes:
    """Let ``sign`` answer a random challenge; the certificate (DER) that agreed with it.

    Raises NoSignInCertificate where there is none, SignatureMismatch, CertificateUnreadable.
    """
    if der is None:
        raise NoSignInCertificate(slot=f"{slot:02X}")
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    verify_signature(public_key_of(load_certificate(der)), sign(challenge), challenge)
    return der


def raw_signature(signature: bytes, key_type: KeyType) -> bytes:
    """r || s of fixed length from a DER ECDSA signature (JWS, COSE); RSA stays as it is.

    Raises SignatureMismatch where the bytes are no ECDSA signature.
    """
    if key_type is KeyType.RSA2048:
        return signature
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(key_type.size) + s.to_bytes(key_type.size)
    except (ValueError, OverflowError) as error:
        raise SignatureMismatch from error


def _issuer_of(
    certificate: x509.Certificate, candidates: dict[bytes, x509.Certificate]
) -> bytes | None:
    for der, candidate in candidates.items():
        try:
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return der
    return None

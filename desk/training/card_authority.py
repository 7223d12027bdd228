"""A small authority that answers the requests of officers' cards, for training only.

It issues under the training roots, which nobody outside trusts, what a ministry's authority
would issue: a document signer (ISO/IEC 18013-5 annex B.1.4) or a sign-in certificate, told
apart by the purpose the request names. It believes the subject it is given, and whoever
can read its folder can issue: right for training and for nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from desk.cards.certificates import BROKEN, load_certificate
from desk.credential.keys import Curve
from desk.credential.profile import DOCUMENT_SIGNER
from desk.training.authority import (
    CARD_LIFE,
    SIGNER_LIFE,
    Pair,
    TrainingAuthority,
    alternative_name,
    revocation_point,
    signing_usage,
)
from desk.trouble import Trouble

LIST_LIFE = timedelta(days=30)
_DAY = timedelta(days=1)
_PEM = b"-----BEGIN"


class RequestRefused(Trouble):
    """Not a request this authority answers. Fact: reason."""

    code = "TRAIN-21"


def certify(authority: TrainingAuthority, request: bytes, now: datetime) -> bytes:
    """PEM of the certificate for a request (PEM or DER). Raises RequestRefused."""
    wanted = _load(request)
    purposes = _purposes(wanted)
    if DOCUMENT_SIGNER in purposes:
        issued = _document_signer(authority.pair("iaca"), wanted, now)
    elif ExtendedKeyUsageOID.CLIENT_AUTH in purposes:
        issued = _sign_in(authority.pair("officers"), wanted, now)
    else:
        raise RequestRefused(reason="it names no purpose this authority certifies")
    return issued.public_bytes(Encoding.PEM)


def revocation_list(
    authority: TrainingAuthority, der: bytes, now: datetime, before: bytes = b""
) -> bytes:
    """PEM of a new list of the certificate's issuer that names it, and what ``before`` named.

    Raises RequestRefused where none of this authority's roots issued it.
    """
    certificate = load_certificate(der)
    issuer = _issuer(authority, certificate)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + LIST_LIFE)
    )
    serials = {certificate.serial_number: now}
    if before:
        earlier = x509.load_pem_x509_crl(before)
        serials |= {entry.serial_number: entry.revocation_date_utc for entry in earlier}
    for serial, since in serials.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    digest = Curve.of(issuer.private.curve).digest
    return builder.sign(issuer.private, digest).public_bytes(Encoding.PEM)


def _load(request: bytes) -> x509.CertificateSigningRequest:
    try:
        if request.lstrip().startswith(_PEM):
            wanted = x509.load_pem_x509_csr(request)
        else:
            wanted = x509.load_der_x509_csr(request)
        is_whole = wanted.is_signature_valid
    except BROKEN as reason:
        raise RequestRefused(reason="it is no certification request") from reason
    if not is_whole:
        raise RequestRefused(reason="its signature is not by its own key")
    return wanted


def _purposes(wanted: x509.CertificateSigningRequest) -> tuple[x509.ObjectIdentifier, ...]:
    try:
        return tuple(wanted.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except (x509.ExtensionNotFound, *BROKEN):
        return ()


def _document_signer(
    root: Pair, wanted: x509.CertificateSigningRequest, now: datetime
) -> x509.Certificate:
    if not isinstance(wanted.public_key(), ec.EllipticCurvePublicKey):
        raise RequestRefused(reason="a document signer's key lies on an elliptic curve")
    builder = _begun(root, wanted, now, SIGNER_LIFE)
    builder = builder.add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNER]), critical=True)
    builder = builder.add_extension(alternative_name(), critical=False)
    builder = builder.add_extension(revocation_point(), critical=False)
    return _signed(builder, root)


def _sign_in(root: Pair, wanted: x509.CertificateSigningRequest, now: datetime) -> x509.Certificate:
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = _begun(root, wanted, now, CARD_LIFE).add_extension(purpose, critical=False)
    return _signed(builder, root)


def _begun(
    root: Pair, wanted: x509.CertificateSigningRequest, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    since = now.replace(microsecond=0) - _DAY
    key = wanted.public_key()
    identifier = root.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return (
        x509.CertificateBuilder()
        .subject_name(wanted.subject)
        .issuer_name(root.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value),
            critical=False,
        )
        .add_extension(signing_usage(), critical=True)
    )


def _signed(builder: x509.CertificateBuilder, root: Pair) -> x509.Certificate:
    return builder.sign(root.private, Curve.of(root.private.curve).digest)


def _issuer(authority: TrainingAuthority, certificate: x509.Certificate) -> Pair:
    for name in ("iaca", "officers"):
        pair = authority.pair(name)
        try:
            certificate.verify_directly_issued_by(pair.certificate)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return pair
    raise RequestRefused(reason="the certificate is another authority's")

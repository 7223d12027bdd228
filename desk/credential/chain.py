"""A certificate chain to a trusted anchor (RFC 5280 6.1, the part that applies here).

Anchors are DER certificates handed in; none is read from the system. Names of policies,
name constraints and revocation lists are left out: the profile of ISO/IEC 18013-5
annex B knows one signer directly under its root, and ``profile`` checks that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from desk.credential.keys import load_certificate
from desk.credential.troubles import IssuerUnknown, Malformed, NotValidNow

_MAX_LENGTH = 4


def verify(chain: Sequence[bytes], anchors: Collection[bytes], at: datetime) -> x509.Certificate:
    """The anchor that issued ``chain`` (DER, leaf first, anchor not in it).

    Raises ``IssuerUnknown`` where no anchor did, ``NotValidNow`` where a certificate
    isn't valid at ``at``, ``Malformed`` for bytes that are no certificates.
    """
    if not 1 <= len(chain) <= _MAX_LENGTH:
        raise Malformed(reason="certificate chain of odd length")
    certificates = [load_certificate(der) for der in chain]
    if any(der in anchors for der in chain):
        raise IssuerUnknown(reason="the anchor itself stands in the chain")
    for certificate, issuer in pairwise(certificates):
        if not _issued(certificate, issuer):
            raise IssuerUnknown(reason="the chain is broken")
    anchor = _anchor_of(certificates[-1], anchors)
    for certificate in (*certificates, anchor):
        check_time(certificate, at)
    return anchor


def check_time(certificate: x509.Certificate, at: datetime) -> None:
    """Raises ``NotValidNow``."""
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not since <= at <= until:
        raise NotValidNow(
            reason="certificate is outside of its validity",
            since=since.date().isoformat(),
            until=until.date().isoformat(),
        )


def _anchor_of(last: x509.Certificate, anchors: Collection[bytes]) -> x509.Certificate:
    for der in anchors:
        anchor = load_certificate(der)
        if _issued(last, anchor):
            return anchor
    raise IssuerUnknown(reason="no trusted anchor issued the chain")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if not _may_issue(issuer):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return constraints.ca and usage.key_cert_sign

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

from desk.credential.keys import UNREADABLE, load_certificate
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
    for place, (certificate, issuer) in enumerate(pairwise(certificates)):
        if not _issued(certificate, issuer, certificates[1 : place + 1]):
            raise IssuerUnknown(reason="the chain is broken")
    anchor = _anchor_of(certificates, anchors, at)
    for certificate in (*certificates, anchor):
        check_time(certificate, at)
    return anchor


def check_time(certificate: x509.Certificate, at: datetime) -> None:
    """Raises ``NotValidNow``."""
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not _is_valid(certificate, at):
        raise NotValidNow(
            reason="certificate is outside of its validity",
            since=since.date().isoformat(),
            until=until.date().isoformat(),
        )


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _anchor_of(
    certificates: Sequence[x509.Certificate], anchors: Collection[bytes], at: datetime
) -> x509.Certificate:
    """Of several certificates of one key, as a root that was renewed has them, one that is
    valid at ``at`` where there is one."""
    loaded = map(load_certificate, anchors)
    found = [one for one in loaded if _issued(certificates[-1], one, certificates[1:])]
    if not found:
        raise IssuerUnknown(reason="no trusted anchor issued the chain")
    return next((one for one in found if _is_valid(one, at)), found[0])


def _issued(
    certificate: x509.Certificate, issuer: x509.Certificate, between: Sequence[x509.Certificate]
) -> bool:
    """``between`` are the authorities that stand between the leaf and ``issuer``."""
    if not _may_issue(issuer, between):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def _may_issue(certificate: x509.Certificate, between: Sequence[x509.Certificate]) -> bool:
    """An authority that may sign certificates, and no more of them below it than it allows
    (RFC 5280 6.1.4, steps k to n)."""
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    most = constraints.path_length
    below = sum(one.subject != one.issuer for one in between)
    return constraints.ca and usage.key_cert_sign and (most is None or below <= most)

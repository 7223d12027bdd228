"""Chains to an anchor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from desk.credential import chain
from desk.credential.troubles import IssuerUnknown, Malformed, NotValidNow
from desk.training.authority import SIGNATURE, TrainingAuthority, document_signer


@pytest.fixture(scope="module")
def leaf(authority: TrainingAuthority) -> bytes:
    return authority.officers[0].slots[SIGNATURE].der


def test_a_signer_leads_to_its_root(
    authority: TrainingAuthority, leaf: bytes, now: datetime
) -> None:
    anchors = [authority.officer_root, authority.iaca]

    anchor = chain.verify([leaf], anchors, now)

    assert anchor.subject == anchor.issuer


def test_no_other_root_will_do(authority: TrainingAuthority, leaf: bytes, now: datetime) -> None:
    """Another root of the very same name has another key."""
    namesake = TrainingAuthority.create(now).iaca

    for anchors in ([], [authority.officer_root], [namesake], [leaf]):
        with pytest.raises(IssuerUnknown):
            chain.verify([leaf], anchors, now)


def test_the_anchor_itself_has_no_place_in_the_chain(
    authority: TrainingAuthority, leaf: bytes, now: datetime
) -> None:
    """HAIP 1.0 6.1.1: x5c without the trust anchor."""
    for certificates in ([leaf, authority.iaca], [authority.iaca]):
        with pytest.raises(IssuerUnknown):
            chain.verify(certificates, [authority.iaca], now)


def test_a_signer_issues_nothing(authority: TrainingAuthority, leaf: bytes, now: datetime) -> None:
    """A leaf without CA rights must not extend the chain."""
    signer = authority.officers[0].slots[SIGNATURE]
    below = document_signer(signer, now - timedelta(days=1)).der

    with pytest.raises(IssuerUnknown):
        chain.verify([below, leaf], [authority.iaca], now)
    with pytest.raises(IssuerUnknown):
        chain.verify([leaf, leaf], [authority.iaca], now)


def test_every_certificate_must_be_valid(
    authority: TrainingAuthority, leaf: bytes, now: datetime
) -> None:
    for at in (now - timedelta(days=2), now + timedelta(days=500)):
        with pytest.raises(NotValidNow):
            chain.verify([leaf], [authority.iaca], at)


@pytest.mark.parametrize("certificates", [[], [b""], [b"junk"], [b"0"] * 5])
def test_junk_is_refused(
    authority: TrainingAuthority, now: datetime, certificates: list[bytes]
) -> None:
    with pytest.raises(Malformed):
        chain.verify(certificates, [authority.iaca], now)


# RFC 5280 6.1.4 -------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def made(
    name: str,
    now: datetime,
    above: Made | None = None,
    *,
    most: int | None = None,
    days: int = 100,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Made:
    """An authority with room for ``most`` below it; self-signed without ``above``."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=50))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(True, most), True)
        .add_extension(usage, True)
    )
    return Made(builder.sign(above.key if above else key, hashes.SHA256()), key)


@pytest.mark.parametrize(("most", "holds"), [(None, True), (1, True), (0, False)])
def test_a_root_says_how_many_authorities_may_stand_below_it(
    now: datetime, most: int | None, holds: bool
) -> None:
    """An IACA root allows none (ISO/IEC 18013-5 table B.1): who got a signer's certificate
    with an authority's rights by mistake must not appoint others."""
    root = made("root", now, most=most)
    below = made("below", now, root)
    leaf = made("leaf", now, below)

    if holds:
        assert chain.verify([leaf.der, below.der], [root.der], now) == root.certificate
        return
    with pytest.raises(IssuerUnknown):
        chain.verify([leaf.der, below.der], [root.der], now)
    assert chain.verify([below.der], [root.der], now) == root.certificate


def test_an_authority_between_says_so_too(now: datetime) -> None:
    root = made("root", now)
    upper = made("upper", now, root, most=0)
    lower = made("lower", now, upper)
    leaf = made("leaf", now, lower)

    with pytest.raises(IssuerUnknown):
        chain.verify([leaf.der, lower.der, upper.der], [root.der], now)


def test_a_renewed_root_stands_in_for_the_one_that_ran_out(now: datetime) -> None:
    """Both have the same name and key, and both are held until the last signer is gone."""
    former = made("root", now, days=-1)
    renewed = made("root", now, key=former.key)
    leaf = made("leaf", now, former)

    for anchors in ([former.der, renewed.der], [renewed.der, former.der]):
        assert chain.verify([leaf.der], anchors, now) == renewed.certificate
    with pytest.raises(NotValidNow):
        chain.verify([leaf.der], [former.der], now)


# What is no certificate -----------------------------------------------------------

_VERSION_5 = (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04")
_DOUBLE = (bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d13"))
_SIGNED_BY_UNKNOWN = (bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040342"))


@pytest.mark.parametrize("change", [_VERSION_5, _DOUBLE, _SIGNED_BY_UNKNOWN])
def test_an_odd_certificate_is_refused_wherever_it_stands(
    now: datetime, change: tuple[bytes, bytes]
) -> None:
    """What is no version, an extension that stands twice, an unknown signature algorithm: the
    library raises for each something of its own, and not when it is loaded."""
    root = made("root", now)
    below = made("below", now, root)
    odd = below.der.replace(*change)
    assert odd != below.der

    for certificates, anchors in (
        ([odd], [root.der]),
        ([made("leaf", now, below).der, odd], [root.der]),
        ([below.der], [odd]),
    ):
        with pytest.raises(Malformed):
            chain.verify(certificates, anchors, now)

"""Revocation lists: taken from known issuers only, older ones refused, and what they stop."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from desk.cards import revocation
from desk.cards.certificates import load_certificate
from desk.cards.piv_data import Slot
from desk.cards.revocation import Revocations
from desk.cards.signer import CardSigner
from desk.cards.troubles import (
    CertificateExpired,
    CertificateRevoked,
    RevocationListNotWhole,
    RevocationListOlder,
    RevocationListRefused,
    RevocationListsUnreadable,
)
from tests.cards.issue import (
    NOW,
    Authority,
    Recorder,
    authority,
    card_with,
    der,
    pin,
    session_with,
    sessions,
)

DAY = timedelta(days=1)


def revoked_by(
    issuer: Authority,
    *serials: int,
    at: datetime = NOW,
    reason: x509.ReasonFlags | None = None,
    encoding: Encoding = Encoding.DER,
    more: x509.ExtensionType | None = None,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(at).next_update(at + 7 * DAY)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at - DAY)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    if more is not None:
        builder = builder.add_extension(more, critical=True)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(encoding)


@pytest.fixture
def root() -> Authority:
    return authority("Root of cards")


def certificate_on(card: Recorder) -> x509.Certificate:
    found = session_with(card).certificate(Slot.SIGNATURE)
    assert found is not None
    return load_certificate(found)


def lists(folder: Path, *issuers: Authority) -> Revocations:
    return Revocations(folder / "lists", [der(issuer.certificate) for issuer in issuers])


def test_revoked_certificate_signs_nothing_and_gets_no_pin(tmp_path: Path, root: Authority) -> None:
    card = Recorder(card_with(issuer=root))
    known = lists(tmp_path, root)
    signer = CardSigner(sessions(card), now=lambda: NOW, usable=known.check)
    with signer:
        signer.unlock(pin())
        signer.sign(b"before")
        known.take(revoked_by(root, certificate_on(card).serial_number))
        card.commands.clear()
        with pytest.raises(CertificateRevoked) as caught:
            signer.sign(b"after")

    assert not card.commands
    assert caught.value.facts == {"since": "2026-11-22"}
    with pytest.raises(CertificateRevoked):
        CardSigner(sessions(card), now=lambda: NOW, usable=known.check)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_other_certificates_of_the_issuer_go_on(
    tmp_path: Path, root: Authority, encoding: Encoding
) -> None:
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    assert not known.state(certificate, NOW).is_checked

    known.take(revoked_by(root, 7, encoding=encoding))

    known.check(certificate, NOW)
    assert known.state(certificate, NOW).is_checked
    assert not known.state(certificate, NOW).stale
    assert known.state(certificate, NOW + 8 * DAY).stale
    with pytest.raises(CertificateExpired):
        known.check(certificate, NOW + 400 * DAY)


def test_certificate_taken_off_the_list_is_good_again(tmp_path: Path, root: Authority) -> None:
    """removeFromCRL (RFC 5280, 5.3.1): a hold that was lifted."""
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root, certificate.serial_number))
    lifted = x509.ReasonFlags.remove_from_crl

    known.take(revoked_by(root, certificate.serial_number, at=NOW + DAY, reason=lifted))

    known.check(certificate, NOW + DAY)


def test_list_of_a_stranger_is_refused(tmp_path: Path, root: Authority) -> None:
    """By another key under the same name, by another name, and by no list at all."""
    same_name = authority("Root of cards")
    known = lists(tmp_path, root)
    good = revoked_by(root, 7)

    for given in (revoked_by(same_name, 7), revoked_by(authority("Other"), 7), good[:-1], b""):
        with pytest.raises(RevocationListRefused):
            known.take(given)

    assert not (tmp_path / "lists").exists()


def test_older_list_is_refused(tmp_path: Path, root: Authority) -> None:
    """Otherwise whoever kept last year's list could bring a revoked card back."""
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root, certificate.serial_number))

    with pytest.raises(RevocationListOlder) as caught:
        known.take(revoked_by(root, at=NOW - DAY))

    assert caught.value.facts == {"held": "2026-11-23", "given": "2026-11-22"}
    with pytest.raises(CertificateRevoked):
        known.check(certificate, NOW)


def test_list_altered_in_its_folder_stops_the_card(tmp_path: Path, root: Authority) -> None:
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root, certificate.serial_number))
    (file,) = (tmp_path / "lists").glob("*.crl")
    file.write_bytes(revoked_by(authority("Root of cards")))

    with pytest.raises(RevocationListsUnreadable):
        known.check(certificate, NOW)


def test_altered_list_makes_way_for_the_issuers(tmp_path: Path, root: Authority) -> None:
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root))
    (file,) = (tmp_path / "lists").glob("*.crl")
    file.write_bytes(b"cut")

    known.take(revoked_by(root, certificate.serial_number))

    with pytest.raises(CertificateRevoked):
        known.check(certificate, NOW)


@pytest.mark.parametrize("failing", ["listdir", "stat", "read"])
def test_lists_that_cannot_be_read_stop_the_card(
    tmp_path: Path, root: Authority, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A folder that only the administrator may read says nothing of the cards on its lists."""
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root, certificate.serial_number))
    (file,) = (tmp_path / "lists").glob("*.crl")
    _forbid(monkeypatch, file, failing)

    with pytest.raises(RevocationListsUnreadable):
        known.check(certificate, NOW)
    with pytest.raises(RevocationListsUnreadable):
        known.state(certificate, NOW)


def _forbid(monkeypatch: pytest.MonkeyPatch, file: Path, failing: str) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    if failing == "listdir":
        monkeypatch.setattr(os, "listdir", refuse)
        monkeypatch.setattr(os, "scandir", refuse)
        return
    revocation._read.cache_clear()
    if failing == "read":
        monkeypatch.setattr(Path, "read_bytes", refuse)
    else:
        stat = Path.stat
        monkeypatch.setattr(Path, "stat", lambda given: refuse() if given == file else stat(given))


# RFC 5280, 5.2 and 6.3.3 --------------------------------------------------------------


def part(
    *names: str,
    ca: bool = False,
    attribute: bool = False,
    indirect: bool = False,
    reasons: frozenset[x509.ReasonFlags] | None = None,
) -> x509.IssuingDistributionPoint:
    full = [x509.UniformResourceIdentifier(name) for name in names] or None
    return x509.IssuingDistributionPoint(full, None, False, ca, reasons, indirect, attribute)


def with_point(issuer: Authority, *names: str) -> x509.Certificate:
    """A certificate that names where its issuer's list is to be had."""
    key = ec.generate_private_key(ec.SECP256R1())
    points = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(name)], None, None, None)
        for name in names
    ]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Card")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 300 * DAY)
        .add_extension(x509.CRLDistributionPoints(points), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


@pytest.mark.parametrize(
    "limit",
    [
        x509.DeltaCRLIndicator(1),
        part(ca=True),
        part(attribute=True),
        part(indirect=True),
        part(reasons=frozenset({x509.ReasonFlags.key_compromise})),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"),
    ],
    ids=["delta", "authorities", "attributes", "others'", "some reasons", "unknown"],
)
def test_list_that_is_not_whole_brings_no_card_back(
    tmp_path: Path, root: Authority, limit: x509.ExtensionType
) -> None:
    """A newer list of what changed since, or of authorities only, names nobody's card: in the
    place of the whole one it would let every revoked card sign again."""
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root, certificate.serial_number))

    with pytest.raises(RevocationListNotWhole):
        known.take(revoked_by(root, at=NOW + DAY, more=limit))

    with pytest.raises(CertificateRevoked):
        known.check(certificate, NOW + DAY)


def test_list_of_the_cards_alone_is_whole(tmp_path: Path, root: Authority) -> None:
    """No authority's certificate is asked for here."""
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    cards = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)

    known.take(revoked_by(root, certificate.serial_number, more=cards))

    with pytest.raises(CertificateRevoked):
        known.check(certificate, NOW)


def test_parts_of_a_list_lie_beside_each_other(tmp_path: Path, root: Authority) -> None:
    """Each speaks of the certificates that name its distribution point, and of no other."""
    one, other = (with_point(root, f"http://lists.example/{name}.crl") for name in "ab")
    known = lists(tmp_path, root)

    known.take(revoked_by(root, one.serial_number, more=part("http://lists.example/a.crl")))

    with pytest.raises(CertificateRevoked):
        known.check(one, NOW)
    assert not known.state(other, NOW).is_checked
    known.take(revoked_by(root, 7, at=NOW + DAY, more=part("http://lists.example/b.crl")))
    with pytest.raises(CertificateRevoked):
        known.check(one, NOW + DAY)
    known.check(other, NOW + DAY)
    assert known.state(other, NOW).is_checked
    assert sorted(known.signed_times()) == [NOW, NOW + DAY]


def test_card_that_names_no_part_is_looked_for_in_all_of_them(
    tmp_path: Path, root: Authority
) -> None:
    """The newest part alone was asked: a card that another one names could sign again."""
    certificate = certificate_on(Recorder(card_with(issuer=root)))
    known = lists(tmp_path, root)
    known.take(revoked_by(root, certificate.serial_number, more=part("http://lists.example/a")))

    known.take(revoked_by(root, 7, at=NOW + DAY, more=part("http://lists.example/b")))

    with pytest.raises(CertificateRevoked):
        known.check(certificate, NOW + DAY)
    assert known.state(certificate, NOW + DAY).as_of == NOW
    assert known.state(certificate, NOW + 7 * DAY + DAY / 2).stale


def test_whole_list_speaks_of_every_distribution_point(tmp_path: Path, root: Authority) -> None:
    certificate = with_point(root, "http://lists.example/a.crl")
    known = lists(tmp_path, root)

    known.take(revoked_by(root, certificate.serial_number))

    with pytest.raises(CertificateRevoked):
        known.check(certificate, NOW)


def test_issuer_that_may_sign_no_lists_signs_none(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signs certificates only")])
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    issuer = Authority(key, certificate)

    with pytest.raises(RevocationListRefused):
        lists(tmp_path, issuer).take(revoked_by(issuer, 7))

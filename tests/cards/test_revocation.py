"""Revocation lists: taken from known issuers only, older ones refused, and what they stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from desk.cards.certificates import load_certificate
from desk.cards.piv_data import Slot
from desk.cards.revocation import Revocations
from desk.cards.signer import CardSigner
from desk.cards.troubles import (
    CertificateExpired,
    CertificateRevoked,
    RevocationListOlder,
    RevocationListRefused,
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
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(at).next_update(at + 7 * DAY)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at - DAY)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
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

    with pytest.raises(RevocationListRefused):
        known.check(certificate, NOW)

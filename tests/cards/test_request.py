"""Certification requests signed by a card, read by two other implementations."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from desk.cards.piv_data import KeyType, Slot
from desk.cards.request import Wanted, certification_request
from desk.cards.troubles import SignatureMismatch
from desk.training.piv_card import PivCard, generate_key
from tests.cards.issue import PIN, pin, session_with

SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "KR"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "외교부"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Document signer 0F"),
    ]
)
PURPOSE = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")])


def request_of(key_type: KeyType) -> x509.CertificateSigningRequest:
    session = session_with(PivCard({Slot.SIGNATURE: (key := generate_key(key_type))}, pin=PIN))
    der = certification_request(
        SUBJECT,
        key.public_key(),
        [Wanted(PURPOSE), Wanted(x509.SubjectKeyIdentifier(b"\x01\x80"), critical=False)],
        lambda data: session.verify_and_sign(Slot.SIGNATURE, data, pin(), key_type),
    )
    return x509.load_der_x509_csr(der)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_request_says_what_was_asked(key_type: KeyType) -> None:
    request = request_of(key_type)

    assert request.is_signature_valid
    assert request.subject == SUBJECT
    purpose, identifier = request.extensions
    assert (purpose.value, purpose.critical) == (PURPOSE, True)
    assert (identifier.value.public_bytes()[-2:], identifier.critical) == (b"\x01\x80", False)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("key_type", list(KeyType))
def test_openssl_reads_and_verifies_it(key_type: KeyType, tmp_path: Path) -> None:
    file = tmp_path / "request.pem"
    file.write_bytes(request_of(key_type).public_bytes(Encoding.PEM))

    done = subprocess.run(
        ["openssl", "req", "-in", str(file), "-noout", "-verify", "-text"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "verify OK" in done.stdout + done.stderr
    assert "1.0.18013.5.1.2" in done.stdout


def test_request_another_key_signed_never_leaves() -> None:
    other = generate_key(KeyType.P256)
    session = session_with(PivCard({Slot.SIGNATURE: other}, pin=PIN))

    with pytest.raises(SignatureMismatch):
        certification_request(
            SUBJECT,
            generate_key(KeyType.P256).public_key(),
            [Wanted(PURPOSE)],
            lambda data: session.verify_and_sign(Slot.SIGNATURE, data, pin(), KeyType.P256),
        )

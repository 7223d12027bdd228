"""desk.training.csca: a country kept, made anew when it has run out, checked from outside."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from asn1crypto import cms
from cryptography import x509

from desk.iso7816 import tlv
from desk.mrtd.trust import TrustStore
from desk.training import csca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
GROUPS = {1: b"one", 2: b"two"}


def test_a_seed_makes_the_same_country_each_time() -> None:
    first, second = csca.create(NOW, seed=b"a"), csca.create(NOW, seed=b"a")

    assert first.country.certificate == second.country.certificate
    assert first.signer.certificate == second.signer.certificate
    assert first.sod(GROUPS) == second.sod(GROUPS)
    assert csca.create(NOW, seed=b"b").country.certificate != first.country.certificate
    assert csca.create(NOW).country.certificate != csca.create(NOW).country.certificate


def test_a_country_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    made = csca.load_or_create(tmp_path, NOW)

    again = csca.load_or_create(tmp_path, NOW + timedelta(days=30))

    assert again.country.certificate == made.country.certificate
    assert again.signer.certificate == made.signer.certificate
    assert all(
        file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir() if ".key." in file.name
    )


@pytest.mark.parametrize("days", [365 * 16, -365 * 13])
def test_a_country_out_of_its_time_is_made_anew(tmp_path: Path, days: int) -> None:
    made = csca.load_or_create(tmp_path, NOW)

    later = csca.load_or_create(tmp_path, NOW + timedelta(days=days))

    assert later.country.certificate != made.country.certificate


def test_a_damaged_folder_is_made_anew(tmp_path: Path) -> None:
    csca.load_or_create(tmp_path, NOW)
    (tmp_path / "signer.key.pem").write_text("nothing")

    assert csca.load_or_create(tmp_path, NOW).signer.key


def test_the_certificates_say_what_they_are() -> None:
    made = csca.create(NOW)

    for pair in (made.country, made.signer):
        certificate = x509.load_der_x509_certificate(pair.certificate)
        assert "TRAINING ONLY" in certificate.subject.rfc4514_string()
    signer = x509.load_der_x509_certificate(made.signer.certificate)
    signer.verify_directly_issued_by(x509.load_der_x509_certificate(made.country.certificate))


def test_trusting_twice_keeps_one_anchor(tmp_path: Path) -> None:
    store, made = TrustStore(tmp_path), csca.create(NOW)

    made.trust_in(store, NOW)
    made.trust_in(store, NOW + timedelta(days=1))

    assert len(store.anchors()) == 1
    assert store.contents().sources[0].as_of == NOW + timedelta(days=1)


def test_asn1crypto_reads_the_security_object_and_writes_the_same() -> None:
    raw = csca.create(NOW, seed=b"a").sod(GROUPS)

    info = cms.ContentInfo.load(tlv.parse_one(raw, 0x77).value, strict=True)

    assert info["content"]["encap_content_info"]["content_type"].dotted == "2.23.136.1.1.1"
    assert info.dump(force=True) == tlv.parse_one(raw, 0x77).value


@pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_the_security_object(tmp_path: Path) -> None:
    """An implementation not written here: signature, digest and chain."""
    made = csca.create(NOW)
    (tmp_path / "sod.der").write_bytes(tlv.parse_one(made.sod(GROUPS), 0x77).value)
    root = x509.load_der_x509_certificate(made.country.certificate)
    from cryptography.hazmat.primitives.serialization import Encoding

    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    command = [
        "openssl", "cms", "-verify", "-inform", "DER", "-in", "sod.der", "-CAfile", "root.pem",
        "-purpose", "any", "-attime", str(int(NOW.timestamp())), "-binary", "-out", "content.der",
    ]  # fmt: skip

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "content.der").read_bytes() == csca.security_object(GROUPS, "sha256")

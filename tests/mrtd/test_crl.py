"""desk.mrtd.crl: what a revocation list says, and which lists say too little to be used."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import certificates, crl
from desk.mrtd.certificates import Certificate
from desk.mrtd.crl import RevocationListUnreadable
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.training import csca, csca_lists
from desk.training.csca import Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def issuer(country: TrainingCsca) -> Certificate:
    return certificates.parse(country.country.certificate)


def test_a_list_reads_as_it_was_made(country: TrainingCsca, issuer: Certificate) -> None:
    """Made by an implementation not written here (`cryptography`)."""
    since = NOW - timedelta(days=5)
    raw = csca_lists.revocation_list(
        country.country, [country.signer.certificate], NOW, number=7, since=since
    )

    found = crl.parse(raw)

    assert found.issuer == issuer.subject
    assert (found.number, found.this_update) == (7, NOW)
    assert found.next_update == NOW + timedelta(days=90)
    assert found.authority_key_id == issuer.subject_key_id
    serial = certificates.parse(country.signer.certificate).serial
    assert {number: entry.since for number, entry in found.revoked.items()} == {serial: since}
    found.verify_issued_by(issuer)


def test_an_empty_list_revokes_nobody(country: TrainingCsca) -> None:
    assert not crl.parse(csca_lists.revocation_list(country.country, [], NOW)).revoked


def test_thousands_of_entries_are_read(country: TrainingCsca) -> None:
    """More than other files of a passport may have objects."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(country.country.certificate).subject)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=90))
    )
    for serial in range(1, 5001):
        entry = x509.RevokedCertificateBuilder(serial, NOW).build()
        builder = builder.add_revoked_certificate(entry)
    raw = builder.sign(country.country.key, csca._HASHES["sha256"]())  # type: ignore[arg-type]

    found = crl.parse(raw.public_bytes(Encoding.DER))

    assert len(found.revoked) == 5000


@pytest.mark.parametrize("place", [-1, 60, 200])
def test_an_altered_list_does_not_verify(
    country: TrainingCsca, issuer: Certificate, place: int
) -> None:
    raw = bytearray(csca_lists.revocation_list(country.country, [country.signer.certificate], NOW))
    raw[place] ^= 1

    with pytest.raises((SignatureWrong, RevocationListUnreadable)):
        crl.parse(bytes(raw)).verify_issued_by(issuer)


def test_who_may_not_sign_lists_does_not_vouch(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.signer, [], NOW)

    with pytest.raises(Unsupported):
        crl.parse(raw).verify_issued_by(certificates.parse(country.signer.certificate))


def test_rsa_lists_verify(rsa_key: rsa.RSAPrivateKey) -> None:
    pair = Pair(rsa_key, csca.authority(rsa_key, NOW))

    found = crl.parse(csca_lists.revocation_list(pair, [], NOW))

    found.verify_issued_by(certificates.parse(pair.certificate))


POINT = x509.IssuingDistributionPoint(
    [x509.UniformResourceIdentifier("http://crl.example/xx.crl")],
    None,
    only_contains_user_certs=False,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
PARTIAL = [
    x509.DeltaCRLIndicator(3),
    x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
    x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
    x509.IssuingDistributionPoint(
        None, None, False, False, frozenset([x509.ReasonFlags.key_compromise]), False, False
    ),
]


@pytest.mark.parametrize("extension", PARTIAL)
def test_lists_that_do_not_say_everything_are_refused(
    country: TrainingCsca, extension: x509.ExtensionType
) -> None:
    """A signer missing from them might be revoked all the same."""
    raw = csca_lists.revocation_list(
        country.country, [], NOW, extensions=[extension], critical=True
    )

    with pytest.raises(RevocationListUnreadable):
        crl.parse(raw)


def test_a_point_of_distribution_alone_leaves_a_list_whole(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.country, [], NOW, extensions=[POINT], critical=True)

    assert crl.parse(raw).number == 1


def test_unknown_critical_extensions_are_refused_and_others_passed_over(
    country: TrainingCsca,
) -> None:
    """RFC 5280 clause 5.2."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    pair = country.country
    critical = csca_lists.revocation_list(pair, [], NOW, extensions=[unknown], critical=True)

    with pytest.raises(RevocationListUnreadable):
        crl.parse(critical)

    assert crl.parse(csca_lists.revocation_list(pair, [], NOW, extensions=[unknown])).number == 1


def test_entries_about_another_issuer_are_refused(country: TrainingCsca) -> None:
    """Indirect lists; the entry names whose certificate it means."""
    other = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "XX")])
    entry = x509.RevokedCertificateBuilder(
        5, NOW, [x509.Extension(x509.CertificateIssuer.oid, True, _issuer_of(other))]
    ).build()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(country.country.certificate).subject)
        .last_update(NOW)
        .next_update(NOW + timedelta(days=90))
        .add_revoked_certificate(entry)
    )
    raw = builder.sign(country.country.key, csca._HASHES["sha256"]())  # type: ignore[arg-type]

    with pytest.raises(RevocationListUnreadable):
        crl.parse(raw.public_bytes(Encoding.DER))


def _issuer_of(name: x509.Name) -> x509.CertificateIssuer:
    return x509.CertificateIssuer([x509.DirectoryName(name)])


def test_two_algorithms_are_refused(country: TrainingCsca) -> None:
    """The one outside is not signed."""
    raw = csca_lists.revocation_list(country.country, [], NOW)
    outer = tlv.parse_one(raw).children
    other = tlv.encode(0x30, bytes.fromhex("06082a8648ce3d040303"))

    with pytest.raises(RevocationListUnreadable):
        crl.parse(tlv.encode(0x30, outer[0].raw, other, outer[2].raw))


def test_a_certificate_is_no_list_nor_the_other_way_round(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.country, [], NOW)

    assert crl.looks_like_one(raw)
    assert not crl.looks_like_one(country.country.certificate)
    with pytest.raises(certificates.CertificateUnreadable):
        certificates.parse(raw)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_no_list(noise: bytes) -> None:
    for raw in (noise, tlv.encode(0x30, noise)):
        with pytest.raises(RevocationListUnreadable):
            crl.parse(raw)
        assert crl.looks_like_one(raw) in (True, False)


def test_the_key_of_another_country_does_not_fit(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.country, [], NOW)
    key = ec.generate_private_key(ec.SECP256R1())
    other = certificates.parse(csca.authority(key, NOW))

    with pytest.raises(SignatureWrong):
        crl.parse(raw).verify_issued_by(other)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_the_same_from_the_training_countrys_list(
    country: TrainingCsca, tmp_path: Path
) -> None:
    """A second implementation, by its program: the signer is good, or revoked."""
    at = datetime.now(UTC) - timedelta(hours=1)
    files = {
        "country": x509.load_der_x509_certificate(country.country.certificate),
        "signer": x509.load_der_x509_certificate(country.signer.certificate),
        "empty": x509.load_der_x509_crl(csca_lists.revocation_list(country.country, [], at)),
        "full": x509.load_der_x509_crl(
            csca_lists.revocation_list(country.country, [country.signer.certificate], at)
        ),
    }
    for name, made in files.items():
        (tmp_path / name).write_bytes(made.public_bytes(Encoding.PEM))

    def verified(revocations: str) -> subprocess.CompletedProcess[str]:
        command = ["openssl", "verify", "-crl_check", "-CAfile", "country", "-CRLfile"]
        return subprocess.run(
            [*command, revocations, "signer"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert verified("empty").returncode == 0, verified("empty").stderr
    assert "certificate revoked" in verified("full").stderr

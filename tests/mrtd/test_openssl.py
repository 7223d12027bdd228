"""OpenSSL's reading of the training country's signed files, beside our own judgement."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from desk.iso7816 import tlv
from desk.mrtd import lds, passive, sod
from desk.mrtd.results import Check, Result
from desk.mrtd.security_infos import Mapping
from desk.training import csca
from desk.training.chip_features import Features, Keys, PaceOffer
from desk.training.csca import Manner, Pair, TrainingCsca
from tests.mrtd.conftest import NOW, anchors_of

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="openssl is not installed")
GROUPS = {1: b"one", 2: b"two"}


def verified(folder: Path, message: bytes, root: bytes) -> bytes | None:
    """The content, where OpenSSL finds signature, digest and chain good; else None."""
    certificate = x509.load_der_x509_certificate(root)
    (folder / "root.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "message.der").write_bytes(message)
    command = [
        "openssl", "cms", "-verify", "-inform", "DER", "-in", "message.der",
        "-CAfile", "root.pem", "-purpose", "any", "-attime", str(int(NOW.timestamp())),
        "-binary", "-out", "content.der",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return (folder / "content.der").read_bytes() if done.returncode == 0 else None


def signing(kind: str, hash_name: str) -> TrainingCsca:
    """A country whose document signer signs in this manner."""
    country = csca.create(NOW, seed=b"openssl").country
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind in ("pkcs1", "pss"):
        key = rsa.generate_private_key(65537, 2048)
    else:
        curve = {"P-384": ec.SECP384R1, "brainpool": ec.BrainpoolP256R1}[kind]
        key = ec.generate_private_key(curve())
    signer = csca.document_signer(country, key.public_key(), NOW)
    return TrainingCsca(country, Pair(key, signer), Manner(hash_name, kind == "pss"))


@pytest.mark.parametrize("kind", ["P-384", "brainpool", "pkcs1", "pss"])
@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_both_find_the_security_object_good(tmp_path: Path, kind: str, hash_name: str) -> None:
    made = signing(kind, hash_name)
    raw, root = made.sod(GROUPS), made.country.certificate

    content = verified(tmp_path, tlv.parse_one(raw, 0x77).value, root)

    ours = passive.verify(raw, GROUPS, anchors_of(root), NOW)
    assert content == sod.message(raw).content
    assert ours.of(Check.SOD_SIGNATURE) is ours.of(Check.SIGNER_CHAIN) is Result.PASSED


@pytest.mark.parametrize("where", ["content", "signature", "signer"])
def test_both_find_an_altered_one_bad(tmp_path: Path, where: str) -> None:
    made = signing("P-384", "sha256")
    raw, root = bytearray(made.sod(GROUPS)), made.country.certificate
    inside = {
        "content": sod.message(bytes(raw)).content[-32:],
        "signature": bytes(raw[-16:]),
        "signer": x509.load_der_x509_certificate(made.signer.certificate).signature[-16:],
    }[where]
    raw[raw.rfind(inside) + len(inside) - 1] ^= 1

    content = verified(tmp_path, tlv.parse_one(bytes(raw), 0x77).value, root)

    ours = passive.verify(bytes(raw), GROUPS, anchors_of(root), NOW)
    assert content is None
    assert Result.FAILED in (ours.of(Check.SOD_SIGNATURE), ours.of(Check.SIGNER_CHAIN))


def test_both_find_another_country_unknown(tmp_path: Path) -> None:
    raw = signing("P-384", "sha256").sod(GROUPS)
    other = csca.create(NOW, seed=b"elsewhere").country.certificate

    content = verified(tmp_path, tlv.parse_one(raw, 0x77).value, other)

    assert content is None
    assert (
        passive.verify(raw, GROUPS, anchors_of(other), NOW).of(Check.SIGNER_CHAIN)
        is Result.UNDECIDED
    )


def test_both_find_the_file_of_keys_good(tmp_path: Path, country: TrainingCsca) -> None:
    """EF.CardSecurity of a chip that proves itself within PACE."""
    features = Features(pace=(PaceOffer(Mapping.CHIP_AUTHENTICATION),))
    raw = country.root_files(features, Keys.draw(features))["CardSecurity"]

    content = verified(tmp_path, raw, country.country.certificate)

    message, _ = lds.parse_card_security(raw)
    assert content == message.content
    assert passive.signed_by(message, anchors_of(country.country.certificate), NOW).is_genuine

"""Targets: what is signed, and what the desk believes because of it."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from desk.mrtd import certificates, master_list, passive, signatures, signed_data, sod
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedDataMalformed, SignedMessage
from desk.mrtd.sod import SodMalformed
from desk.mrtd.trust import FILE_NAME, TrustStore
from desk.mrtd.trust_troubles import TrustTrouble
from tests.fuzz import samples
from tests.fuzz.target import Target


def _security_object(data: bytes) -> None:
    use_message(sod.message(data))
    passive.verify(data, samples.groups(), _anchors(), samples.NOW)


def _hashes(data: bytes) -> None:
    assert set(sod.hashes(data).by_group) <= set(range(1, 17))


def _signed_data(data: bytes) -> None:
    use_message(signed_data.parse(data))


def use_message(message: SignedMessage) -> None:
    with suppress(DigestWrong, Unsupported):
        message.verify_digest()
    signer = message.signer_certificate
    if signer is not None:
        with suppress(SignatureWrong, Unsupported):
            message.verify_signature(signer)
        use_certificate(signer)


def _certificate(data: bytes) -> None:
    use_certificate(certificates.parse(data))


def use_certificate(certificate: Certificate) -> None:
    certificate.valid_at(samples.NOW)
    assert master_list.unusable(certificate) is None or certificate.fingerprint
    with suppress(SignatureWrong, Unsupported):
        certificate.verify_issued_by(certificate)
    with suppress(SignatureWrong, Unsupported):
        certificate.verify_issued_by(_country())


def _public_key(data: bytes) -> None:
    key = signatures.public_key(data)
    for kind in signatures.Kind:
        with suppress(SignatureWrong, Unsupported):
            signatures.verify(key, signatures.Scheme(kind, "sha256", "sha256", 32), data, data)


def _scheme(data: bytes) -> None:
    assert signatures.scheme_of_der(data, "sha256").label


def _master_list(data: bytes) -> None:
    master_list.is_master_list(master_list.unarmoured(data))
    master_list.verify(data, _country(), samples.NOW)


def _list_content(data: bytes) -> None:
    master_list.verify(samples.master_list(data), _country(), samples.NOW)


def _trust_file(data: bytes) -> None:
    (_folder() / FILE_NAME).write_bytes(data)
    store = TrustStore(_folder())
    store.contents()
    anchors = store.anchors()
    anchors.by_key(_country().subject_key_id)
    for anchor in anchors.by_name(_country().subject.key):
        with suppress(CertificateUnreadable):
            assert anchor.certificate.der


@lru_cache(maxsize=1)
def _country() -> Certificate:
    return certificates.parse(samples.country().country.certificate)


@lru_cache(maxsize=1)
def _anchors() -> AnchorSet:
    return AnchorSet([Anchor.of(_country(), "fuzz", samples.NOW)])


@lru_cache(maxsize=1)
def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _folder() -> Path:
    return Path(_temporary().name)


def _contents() -> list[bytes]:
    return [sod.message(raw).content for raw in samples.security_objects()]


TARGETS = (
    Target("sod", _security_object, (SodMalformed,), samples.security_objects),
    Target("hashes", _hashes, (SodMalformed,), _contents, 4_096),
    Target("signed_data", _signed_data, (SignedDataMalformed,), samples.signed_messages),
    Target("certificate", _certificate, (CertificateUnreadable,), samples.certificate_files),
    Target("public_key", _public_key, (Unsupported,), samples.public_keys, 2_048),
    Target("scheme", _scheme, (Unsupported,), samples.algorithms, 512),
    Target("master_list", _master_list, (TrustTrouble,), samples.master_lists),
    Target("list_content", _list_content, (TrustTrouble,), samples.list_contents),
    Target("trust_file", _trust_file, (TrustTrouble,), lambda: [samples.trust_file()], 16_384),
)

"""Targets: what is signed, and what the desk believes because of it."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from desk.iso7816 import tlv
from desk.mrtd import (
    certificates,
    crl,
    deviations,
    master_list,
    passive,
    signatures,
    signed_data,
    signers,
    sod,
)
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.certificates import Certificate, CertificateUnreadable
from desk.mrtd.crl import RevocationListUnreadable
from desk.mrtd.deviations import DocumentFacts
from desk.mrtd.signatures import SignatureWrong, Unsupported
from desk.mrtd.signed_data import DigestWrong, SignedDataMalformed, SignedMessage
from desk.mrtd.signers import SignerStore
from desk.mrtd.sod import SodMalformed
from desk.mrtd.trust import FILE_NAME, TrustStore
from desk.mrtd.trust_import import Importer, Item, items, unarmoured
from desk.mrtd.trust_records import Contents
from desk.mrtd.trust_troubles import TrustTrouble
from desk.training import csca_lists
from tests.fuzz import samples
from tests.fuzz.target import Target


def _security_object(data: bytes) -> None:
    use_message(sod.message(data))
    passive.verify(data, samples.groups(), anchors(), samples.NOW)


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
    _importer().take_one(Item("fuzz", unarmoured(data)))


def _list_content(data: bytes) -> None:
    _importer().take_one(Item("fuzz", samples.master_list(data)))


def _revocation_list(data: bytes) -> None:
    found = crl.parse(data)
    assert found.this_update.tzinfo is not None
    with suppress(SignatureWrong, Unsupported):
        found.verify_issued_by(_country())


def _deviations(data: bytes) -> None:
    document = DocumentFacts(_country(), "P", "M123A4567", samples.NOW)
    for deviation in deviations.parse(data):
        assert deviation.covers(document) in (True, False)


def _directory(data: bytes) -> None:
    """A file as the ICAO directory hands it out, taken whole whatever stands in it."""
    intake = _importer().take(items(Path("fuzz.ldif"), data))
    assert all(refused.code and refused.reason for refused in intake.refused)


def _importer() -> Importer:
    return Importer(Contents(), samples.NOW, [_country()])


def _trust_file(data: bytes) -> None:
    (_folder() / FILE_NAME).write_bytes(data)
    store = TrustStore(_folder())
    store.contents()
    anchors = store.anchors()
    anchors.by_key(_country().subject_key_id)
    for known in anchors.revocations_of("KR"):
        with suppress(RevocationListUnreadable):
            assert known.list.der
    for anchor in anchors.by_name(_country().subject.key):
        with suppress(CertificateUnreadable):
            assert anchor.certificate.der


def _signers_file(data: bytes) -> None:
    (_folder() / signers.FILE_NAME).write_bytes(data)
    store = SignerStore(_folder())
    assert store.count() >= 0
    for raw in samples.signed_messages():
        store.find(signed_data.parse(raw).signer)


@lru_cache(maxsize=1)
def _country() -> Certificate:
    return certificates.parse(samples.country().country.certificate)


@lru_cache(maxsize=1)
def anchors() -> AnchorSet:
    return AnchorSet([Anchor.of(_country(), "fuzz", samples.NOW)])


@lru_cache(maxsize=1)
def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def _folder() -> Path:
    return Path(_temporary().name)


def _contents() -> list[bytes]:
    return [sod.message(raw).content for raw in samples.security_objects()]


def _revocation_lists() -> list[bytes]:
    made = samples.country()
    empty = csca_lists.revocation_list(made.country, [], samples.NOW)
    some = [made.signer.certificate, made.country.certificate]
    return [empty, csca_lists.revocation_list(made.country, some, samples.NOW, number=300)]


def _deviation_contents() -> list[bytes]:
    signer, day = samples.country().signer.certificate, samples.NOW
    made = [
        csca_lists.deviation("2.2", 12, document_type="P", numbers=["M123A4567", "M123A4568"]),
        csca_lists.deviation("1.4", signer=signer, issued=(day, day)),
    ]
    return [tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, *made))]


def _directories() -> list[bytes]:
    entries = {
        "cn=one,o=dsc,c=KR": [("userCertificate;binary", samples.country().signer.certificate)],
        "cn=two,o=crl,c=KR": [("certificateRevocationList;binary", _revocation_lists()[1])],
    }
    return [csca_lists.directory(entries)]


def _signers_files() -> list[bytes]:
    store = SignerStore(_folder())
    made = samples.country().signer.certificate, samples.rsa_signer().certificate
    store.put(map(certificates.parse, made))
    return [(_folder() / signers.FILE_NAME).read_bytes()]


TARGETS = (
    Target("sod", _security_object, (SodMalformed,), samples.security_objects),
    Target("hashes", _hashes, (SodMalformed,), _contents, 4_096),
    Target("signed_data", _signed_data, (SignedDataMalformed,), samples.signed_messages),
    Target("certificate", _certificate, (CertificateUnreadable,), samples.certificate_files),
    Target("public_key", _public_key, (Unsupported,), samples.public_keys, 2_048),
    Target("scheme", _scheme, (Unsupported,), samples.algorithms, 512),
    Target("master_list", _master_list, (TrustTrouble,), samples.master_lists),
    Target("list_content", _list_content, (TrustTrouble,), samples.list_contents),
    Target("revocation_list", _revocation_list, (RevocationListUnreadable,), _revocation_lists),
    Target("deviations", _deviations, (TrustTrouble,), _deviation_contents),
    Target("directory", _directory, (TrustTrouble,), _directories),
    Target("signers_file", _signers_file, (TrustTrouble,), _signers_files),
    Target("trust_file", _trust_file, (TrustTrouble,), lambda: [samples.trust_file()], 16_384),
)

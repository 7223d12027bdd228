"""desk.mrtd.trust and master_list: what is believed, what is refused, what stays on disk."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import certificates, passive, signatures, trust_troubles
from desk.mrtd.results import Check, Result
from desk.mrtd.trust import TrustStore
from desk.mrtd.trust_import import Importer, Item, unarmoured
from desk.mrtd.trust_records import Contents
from desk.training import csca
from desk.training.csca import Manner, Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MASTER_LIST = bytes.fromhex("678108010102")
SIGNED_AT = NOW - timedelta(days=10)


def list_signer(issuer: Pair, *, years: float = 2, usage: str | None = None) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    extended = x509.ExtendedKeyUsage([ObjectIdentifier(usage or certificates.MASTER_LIST_SIGNER)])
    public = key.public_key()
    return Pair(key, csca.document_signer(issuer, public, NOW, years=years, extra=extended))


def make_list(signer: Pair, *ders: bytes, at: datetime = SIGNED_AT, others: bytes = b"") -> bytes:
    content = tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, *ders))
    return csca.signed_data(content, signer, Manner(signed_at=at), MASTER_LIST, others)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


@pytest.fixture(scope="module")
def publisher() -> Pair:
    """The country that signs the list."""
    return csca.create(NOW, seed=b"publisher", name="Publisher CSCA").country


@pytest.fixture(scope="module")
def signer(publisher: Pair) -> Pair:
    return list_signer(publisher)


@pytest.fixture(scope="module")
def good_list(signer: Pair, country: TrainingCsca) -> bytes:
    return make_list(signer, country.country.certificate)


def test_a_list_under_its_root_is_believed(
    store: TrustStore, good_list: bytes, publisher: Pair, country: TrainingCsca
) -> None:
    imported = store.import_master_list(good_list, publisher.certificate, NOW)

    assert (imported.read, len(imported.held), imported.replaced) == (1, 1, False)
    assert imported.source.as_of == SIGNED_AT
    assert imported.source.age_days(NOW) == 10
    groups = {1: b"one", 2: b"two"}
    found = passive.verify(country.sod(groups), groups, store.anchors(), NOW)
    assert found.overall is Result.PASSED
    (chain,) = [f for f in found.findings if f.code == "PA-CHAIN-01"]
    assert chain.facts["age_days"] == 10


def test_every_altered_byte_of_a_list_is_refused(
    store: TrustStore, good_list: bytes, publisher: Pair, country: TrainingCsca
) -> None:
    inside = good_list.index(country.country.certificate)
    for place in (inside + 40, inside + 300, len(good_list) - 1):
        altered = bytearray(good_list)
        altered[place] ^= 1

        with pytest.raises(trust_troubles.ListAltered) as caught:
            store.import_master_list(bytes(altered), publisher.certificate, NOW)

        assert caught.value.code == "TRUST-02"
        assert store.contents().held == ()


def test_another_root_is_refused(store: TrustStore, good_list: bytes) -> None:
    other = csca.create(NOW, seed=b"other").country

    with pytest.raises(trust_troubles.ListSignerUnknown):
        store.import_master_list(good_list, other.certificate, NOW)


def test_a_root_of_the_same_name_is_refused(store: TrustStore, good_list: bytes) -> None:
    imposter = csca.create(NOW, seed=b"imposter", name="Publisher CSCA").country

    with pytest.raises(trust_troubles.ListSignerUnknown):
        store.import_master_list(good_list, imposter.certificate, NOW)


def test_who_signs_passports_signs_no_lists(
    store: TrustStore, publisher: Pair, country: TrainingCsca
) -> None:
    usual = csca.create(NOW, seed=b"publisher", name="Publisher CSCA").signer

    with pytest.raises(trust_troubles.ListSignerUnknown):
        store.import_master_list(
            make_list(usual, country.country.certificate), publisher.certificate, NOW
        )


def test_the_root_may_be_older_than_the_signers_issuer(
    store: TrustStore, publisher: Pair, country: TrainingCsca
) -> None:
    """A link certificate that comes along leads from the new key to the root held."""
    renewed = csca.create(NOW, seed=b"renewed publisher", name="Publisher CSCA").country
    link = csca.link_certificate(publisher, renewed, NOW)
    raw = make_list(list_signer(renewed), country.country.certificate, others=link)

    imported = store.import_master_list(raw, publisher.certificate, NOW)

    assert imported.read == 1


@pytest.mark.parametrize(
    ("years", "at", "now"),
    [
        (-1, SIGNED_AT, NOW),
        (2, SIGNED_AT, NOW + timedelta(days=365 * 3)),
        (2, NOW + timedelta(days=2), NOW),
        (2, SIGNED_AT, NOW - timedelta(days=365 * 20)),
    ],
)
def test_out_of_time_is_refused(
    store: TrustStore,
    publisher: Pair,
    country: TrainingCsca,
    years: float,
    at: datetime,
    now: datetime,
) -> None:
    """Signer run out, list from the future, a clock before everything."""
    raw = make_list(list_signer(publisher, years=years), country.country.certificate, at=at)

    with pytest.raises(trust_troubles.OutsideValidity) as caught:
        store.import_master_list(raw, publisher.certificate, now)

    assert caught.value.code == "TRUST-04"
    assert caught.value.facts["moment"]


def test_a_newer_list_replaces_and_an_older_is_refused(
    store: TrustStore, publisher: Pair, signer: Pair, country: TrainingCsca
) -> None:
    other = csca.create(NOW, seed=b"withdrawn").country.certificate
    old = make_list(signer, country.country.certificate, other)
    new = make_list(signer, country.country.certificate, at=SIGNED_AT + timedelta(days=5))
    store.import_master_list(old, publisher.certificate, NOW)

    imported = store.import_master_list(new, publisher.certificate, NOW)

    assert imported.replaced
    assert [held.der for held in store.contents().held] == [country.country.certificate]
    with pytest.raises(trust_troubles.ListOlder) as caught:
        store.import_master_list(old, publisher.certificate, NOW)
    assert caught.value.facts == {"signed": "2026-11-12", "held": "2026-11-17"}
    assert len(store.contents().held) == 1


def test_the_same_list_twice_changes_nothing(
    store: TrustStore, good_list: bytes, publisher: Pair
) -> None:
    store.import_master_list(good_list, publisher.certificate, NOW)
    before = store.contents().held

    store.import_master_list(good_list, publisher.certificate, NOW)

    assert store.contents().held == before


def test_certificates_that_cannot_serve_are_named(
    store: TrustStore, publisher: Pair, signer: Pair, country: TrainingCsca
) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    raw = make_list(
        signer,
        country.country.certificate,
        country.signer.certificate,
        csca.authority(ec.generate_private_key(ec.SECP256K1()), NOW, "Other curve"),
        csca.authority(weak, NOW, "Still taken"),
        tlv.encode(0x30, b"\x02\x01\x01"),
    )

    imported = store.import_master_list(raw, publisher.certificate, NOW)

    assert imported.read == 5
    assert sorted(held.label for held in imported.held) == ["Still taken", "Training CSCA"]
    reasons = {refused.code: refused.reason for refused in imported.source.refused}
    assert reasons == {
        "TRUST-21": "not marked as a certificate authority",
        "TRUST-22": "curve 1.3.132.0.10",
        "TRUST-23": "not readable: ValueError",
    }
    assert store.contents().sources[0].refused == imported.source.refused


def test_a_single_certificate_is_vouched_for_by_whoever_imports_it(
    store: TrustStore, country: TrainingCsca
) -> None:
    imported = store.import_certificate(country.country.certificate, NOW)

    assert imported.source.kind == "certificate"
    assert imported.source.vouched_by == imported.held[0].fingerprint
    assert len(store.anchors()) == 1


def test_pem_is_taken_like_der(store: TrustStore, country: TrainingCsca) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = x509.load_der_x509_certificate(country.country.certificate).public_bytes(Encoding.PEM)

    imported = store.import_certificate(pem, NOW)

    assert imported.held[0].der == country.country.certificate


def test_a_link_certificate_needs_the_one_that_issued_it(store: TrustStore) -> None:
    old, new = csca.create(NOW, seed=b"old").country, csca.create(NOW, seed=b"new").country
    link = csca.link_certificate(old, new, NOW)
    with pytest.raises(trust_troubles.CertificateUnusable):
        store.import_certificate(link, NOW)

    imported = store.import_certificate(link, NOW, old.certificate)

    assert imported.source.vouched_by == certificates.fingerprint(old.certificate)


def test_a_link_certificate_is_taken_under_an_anchor_held(store: TrustStore) -> None:
    old = csca.create(NOW, seed=b"old", name="Old CSCA").country
    new = csca.create(NOW, seed=b"new", name="New CSCA").country
    store.import_certificate(old.certificate, NOW)

    store.import_certificate(csca.link_certificate(old, new, NOW), NOW)

    assert len(store.anchors()) == 2


def test_an_altered_single_certificate_is_refused(store: TrustStore, country: TrainingCsca) -> None:
    altered = country.country.certificate[:-1] + bytes([country.country.certificate[-1] ^ 1])

    with pytest.raises(trust_troubles.CertificateUnusable):
        store.import_certificate(altered, NOW)


def test_a_document_signer_is_no_anchor(store: TrustStore, country: TrainingCsca) -> None:
    with pytest.raises(trust_troubles.CertificateUnusable) as caught:
        store.import_certificate(country.signer.certificate, NOW)

    assert caught.value.facts == {"reason": "not marked as a certificate authority"}


@pytest.mark.parametrize("raw", [b"", b"hello", b"\x30\x80", b"-----BEGIN X-----\nAA\n-----END"])
def test_other_files_are_refused(store: TrustStore, tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(raw)

    with pytest.raises(trust_troubles.NotTrustMaterial):
        store.import_file(file, None, NOW)


def test_a_list_without_root_is_refused(
    store: TrustStore, tmp_path: Path, good_list: bytes
) -> None:
    file = tmp_path / "list.ml"
    file.write_bytes(good_list)

    with pytest.raises(trust_troubles.RootMissing):
        store.import_file(file, None, NOW)


def test_a_file_that_is_not_there(store: TrustStore, tmp_path: Path) -> None:
    with pytest.raises(trust_troubles.FileUnavailable) as caught:
        store.import_file(tmp_path / "gone.ml", None, NOW)

    assert caught.value.facts["file"] == "gone.ml"


def test_an_empty_store_holds_nothing(store: TrustStore) -> None:
    assert len(store.anchors()) == 0
    assert store.contents().sources == ()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 2}', '{"format": 1}'])
def test_a_damaged_store_says_so(tmp_path: Path, damage: str) -> None:
    (tmp_path / "trust.json").write_text(damage)

    with pytest.raises(trust_troubles.StoreDamaged):
        TrustStore(tmp_path).anchors()


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ('"source": "certificate-', '"source": "nobody-'),
        ('"as_of": "2026-11-22T09:30:00+00:00"', '"as_of": "2026-11-22T09:30:00"'),
        ('"not_after": "20', '"not_after": "hm'),
        ('"fingerprint": "', '"fingerprint": 5, "hm": "'),
        ('"name_key": "', '"name_key": [], "hm": "'),
        ('"anchors": [', '"anchors": [' + "[" * 100_000),
        ('"der": "MII', '"der": "MIJ'),
    ],
)
def test_a_store_altered_inside_says_so(
    store: TrustStore, tmp_path: Path, country: TrainingCsca, here: str, there: str
) -> None:
    store.import_certificate(country.country.certificate, NOW)
    file = tmp_path / "trust" / "trust.json"
    whole = file.read_text()
    assert here in whole
    file.write_text(whole.replace(here, there))

    with pytest.raises(trust_troubles.StoreDamaged):
        TrustStore(tmp_path / "trust").anchors()


def test_a_full_disk_leaves_the_old_store(
    store: TrustStore,
    good_list: bytes,
    publisher: Pair,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = csca.create(NOW, seed=b"other").country
    store.import_certificate(other.certificate, NOW)

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(trust_troubles.FileUnavailable) as caught:
        store.import_master_list(good_list, publisher.certificate, NOW)

    assert caught.value.code == "TRUST-10"
    assert [p.name for p in (tmp_path / "trust").iterdir()] == ["trust.json"]
    assert [held.der for held in TrustStore(tmp_path / "trust").contents().held] == [
        other.certificate
    ]


def test_another_process_change_is_seen(store: TrustStore, tmp_path: Path) -> None:
    assert len(store.anchors()) == 0

    made = csca.create(NOW, seed=b"other").country
    TrustStore(tmp_path / "trust").import_certificate(made.certificate, NOW)

    assert len(store.anchors()) == 1


def test_one_certificate_of_two_sources_counts_once(
    store: TrustStore, good_list: bytes, publisher: Pair, country: TrainingCsca
) -> None:
    store.import_master_list(good_list, publisher.certificate, NOW)
    store.import_certificate(country.country.certificate, NOW)

    assert len(store.anchors()) == 1
    assert len(store.contents().held) == 2


def test_the_store_is_readable_text(store: TrustStore, tmp_path: Path) -> None:
    store.import_certificate(csca.create(NOW, seed=b"x").country.certificate, NOW)

    stored = json.loads((tmp_path / "trust" / "trust.json").read_text())

    assert stored["format"] == 1
    assert stored["anchors"][0]["country"] == "KR"


@settings(max_examples=100)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_no_list(noise: bytes) -> None:
    with pytest.raises(trust_troubles.TrustTrouble):
        Importer(Contents(), NOW).take_one(Item("noise", unarmoured(noise)))


# --- the published German list -----------------------------------------------------------


def test_all_588_certificates_are_read(german_store: TrustStore) -> None:
    contents = german_store.contents()
    (source,) = contents.sources

    assert len(contents.held) + len(source.refused) == 588
    assert len({held.country for held in contents.held}) == 112
    assert sum(held.country == "KR" for held in contents.held) == 5
    assert source.as_of == datetime(2026, 5, 28, 6, 28, 45, tzinfo=UTC)


def test_the_unusable_ones_are_named_and_nothing_is_lost_by_them(
    german_store: TrustStore,
) -> None:
    """Eight deny being authorities; every key of theirs stands in a proper certificate too."""
    contents = german_store.contents()
    refused = contents.sources[0].refused

    assert [r.code for r in refused] == ["TRUST-21"] * 8
    assert sorted(r.country for r in refused) == ["BE", "CM", "IT", "LU", "LU", "PT", "TR", "TR"]
    assert all(r.reason and r.fingerprint and r.label for r in refused)


def test_every_usable_key_loads(german_store: TrustStore) -> None:
    """160 of them spell out their curve; all are standard ones."""
    for held in german_store.contents().held:
        certificate = certificates.parse(held.der)
        assert certificate.public_key.key_size >= 256


def test_self_signed_certificates_of_the_list_verify(german_store: TrustStore) -> None:
    checked = 0
    for held in german_store.contents().held:
        certificate = certificates.parse(held.der)
        if certificate.authority_key_id == certificate.subject_key_id is not None:
            certificate.verify_issued_by(certificate)
            checked += 1
    assert checked > 250


def test_korean_certificates_lead_to_each_other(german_store: TrustStore) -> None:
    """Each is signed by itself or, as a link between generations, by another of the list."""
    anchors = german_store.anchors()
    korean = [held for held in german_store.contents().held if held.country == "KR"]
    for held in korean:
        certificate = certificates.parse(held.der)
        named = anchors.by_key(certificate.authority_key_id)
        issuers = named or anchors.by_name(certificate.issuer.key)

        assert any(_issued(certificate, anchor.certificate) for anchor in issuers)

    assert all(certificates.parse(h.der).scheme.kind == "RSA-PSS" for h in korean)


def _issued(certificate: certificates.Certificate, issuer: certificates.Certificate) -> bool:
    try:
        certificate.verify_issued_by(issuer)
    except signatures.SignatureWrong:
        return False
    return True


def test_the_german_list_under_another_root_is_refused(
    shared_data: Path, tmp_path: Path, country: TrainingCsca
) -> None:
    (file,) = shared_data.glob("DE_ML_*.ml")
    root = tmp_path / "root.cer"
    root.write_bytes(country.country.certificate)

    with pytest.raises(trust_troubles.ListSignerUnknown):
        TrustStore(tmp_path).import_file(file, root, NOW)


def test_a_published_sod_is_matched_by_one_key(shared_data: Path, german_store: TrustStore) -> None:
    raw = (shared_data / "sods" / "DE-genuine.bin").read_bytes()

    result = passive.verify(raw, {}, german_store.anchors(), NOW)

    assert result.anchor is not None
    assert result.signer is not None
    assert result.anchor.key_id == result.signer.authority_key_id
    assert result.of(Check.SIGNER_CHAIN) is Result.PASSED

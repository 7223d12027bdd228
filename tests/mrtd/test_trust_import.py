"""desk.mrtd.trust_import: many kinds of material at once, and never blindly."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from desk.iso7816 import tlv
from desk.mrtd import certificates, passive, signed_data, trust_troubles
from desk.mrtd.results import Check, Result
from desk.mrtd.trust import TrustStore
from desk.mrtd.trust_import import SIGNERS, Intake
from desk.training import csca, csca_lists
from desk.training.csca import Manner, Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
GROUPS = {1: b"a\x03one", 2: b"u\x03two"}
BARE = Manner(bare=True)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


@pytest.fixture(scope="module")
def publisher() -> Pair:
    """The country whose root the operator holds."""
    return csca.create(NOW, seed=b"publisher", name="Publisher CSCA").country


def take(
    store: TrustStore, tmp_path: Path, raw: bytes, *roots: bytes, by_listed: bool = False
) -> Intake:
    file = tmp_path / "material"
    file.write_bytes(raw)
    paths = []
    for number, root in enumerate(roots):
        paths.append(tmp_path / f"root {number}")
        paths[-1].write_bytes(root)
    return store.import_files([file], paths, NOW, by_listed=by_listed)


def directory(**entries: bytes | Iterable[bytes]) -> bytes:
    """LDIF with each attribute's values in an entry of their own; «_» stands for «;»."""
    return csca_lists.directory(
        {
            f"cn={name} {number},c=KR,dc=data": [(name.replace("_", ";"), content)]
            for name, given in entries.items()
            for number, content in enumerate([given] if isinstance(given, bytes) else given)
        }
    )


# --- the ICAO directory --------------------------------------------------------------------


def test_a_directory_comes_in_whole(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """The signers and lists stand before the master list that vouches for their country."""
    raw = directory(
        userCertificate_binary=country.signer.certificate,
        certificateRevocationList_binary=csca_lists.revocation_list(country.country, [], NOW),
        deviationListContent=csca_lists.deviation_list(
            country.country, [csca_lists.deviation("2.3")], NOW, NOW - DAY
        ),
        CscaMasterListData=csca_lists.master_list(
            publisher, [country.country.certificate], NOW, NOW - DAY
        ),
    )

    intake = take(store, tmp_path, raw, publisher.certificate)

    assert [one.source.kind for one in intake.imported] == [
        "master_list",
        "revocation_list",
        "deviation_list",
        "signers",
    ]
    assert intake.refused == ()
    assert intake.imported[-1].signers == 1
    anchors = store.anchors()
    found = passive.verify(country.sod(GROUPS), GROUPS, anchors, NOW)
    assert found.overall is Result.PASSED
    assert found.of(Check.REVOCATION) is Result.PASSED
    assert len(anchors.deviations) == 1


def test_newer_names_of_attributes_are_taken_as_well(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """The download calls it pkdMasterListContent since about 2013."""
    made = csca_lists.master_list(publisher, [country.country.certificate], NOW, NOW - DAY)

    intake = take(store, tmp_path, directory(pkdMasterListContent=made), publisher.certificate)

    assert [one.source.kind for one in intake.imported] == ["master_list"]


def test_every_refused_entry_has_its_reason(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    stranger = csca.create(NOW, seed=b"stranger", name="Another CSCA")
    forger = Pair(stranger.country.key, country.country.certificate)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    named = x509.load_der_x509_certificate(country.country.certificate)
    identifier = named.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    country.trust_in(store, NOW)
    altered = csca_lists.master_list(publisher, [], NOW, NOW - DAY)
    raw = directory(
        userCertificate_binary=[
            country.signer.certificate,
            stranger.signer.certificate,
            _forged(forger, key, identifier),
            stranger.country.certificate,
            b"\x30\x03\x02\x01\x01",
        ],
        certificateRevocationList_binary=[
            csca_lists.revocation_list(stranger.country, [], NOW),
            csca_lists.revocation_list(forger, [], NOW),
        ],
        CscaMasterListData=[
            csca_lists.master_list(stranger.country, [], NOW, NOW - DAY),
            altered[:-1] + bytes([altered[-1] ^ 1]),
        ],
    )
    broken = b"\n\ndn: cn=broken\nuserCertificate;binary:: A*B\n"

    intake = take(store, tmp_path, raw + broken, publisher.certificate)

    reasons = [(r.code, r.reason) for r in intake.refused]
    assert sorted(reasons) == [
        ("TRUST-01", "base64 does not read"),
        ("TRUST-01", "not readable: ValueError"),
        ("TRUST-02", "TRUST-02"),
        ("TRUST-03", "not issued under a root that is held"),
        ("TRUST-06", "not issued by itself, by a given root or by one held"),
        ("TRUST-11", "its signature does not fit"),
        ("TRUST-11", "no certificate of its issuer is held"),
    ]
    (signers,) = intake.imported
    assert (signers.read, signers.signers) == (3, 1)
    assert {r.code: r.reason for r in signers.source.refused} == {
        "TRUST-25": "no certificate of its issuer is held",
        "TRUST-24": "its issuer's signature does not fit",
    }
    assert all(r.label and r.fingerprint for r in (*intake.refused, *signers.source.refused))


def _forged(
    issuer: Pair, key: ec.EllipticCurvePublicKey, named: x509.SubjectKeyIdentifier
) -> bytes:
    """A signer that names the country's key as its issuer's, signed by another."""
    raw = csca.document_signer(issuer, key, NOW)
    real = x509.SubjectKeyIdentifier.from_public_key(issuer.key.public_key()).digest
    return raw.replace(real, named.digest)


def test_a_directory_does_not_vouch_for_countries(
    store: TrustStore, tmp_path: Path, country: TrainingCsca
) -> None:
    """A self-signed certificate is the operator's to import, not a file's."""
    raw = directory(cACertificate_binary=country.country.certificate)

    intake = take(store, tmp_path, raw)

    assert intake.imported == ()
    assert [refused.code for refused in intake.refused] == ["TRUST-06"]
    assert len(store.anchors()) == 0


def test_a_certificate_out_of_a_directory_is_not_the_operators_word(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """A listed country's own master list needs a root, also after the directory brought that
    country's certificate by itself."""
    other = csca.create(NOW, seed=b"other").country.certificate
    listed = csca_lists.master_list(publisher, [country.country.certificate], NOW, NOW - DAY)
    take(store, tmp_path, listed, publisher.certificate)
    own = csca_lists.master_list(country.country, [other], NOW, NOW - DAY)
    raw = directory(cACertificate_binary=country.country.certificate, pkdMasterListContent=own)

    intake = take(store, tmp_path, raw)

    assert [one.source.kind for one in intake.imported] == ["directory_certificate"]
    assert [refused.code for refused in intake.refused] == ["TRUST-08"]
    assert other not in {held.der for held in store.contents().held}
    assert take(store, tmp_path, raw, by_listed=True).refused == ()


def test_a_link_in_a_directory_is_taken_under_the_key_it_names(
    store: TrustStore, tmp_path: Path
) -> None:
    old = csca.create(NOW, seed=b"old", name="Old CSCA").country
    new = csca.create(NOW, seed=b"new", name="New CSCA")
    store.import_certificate(old.certificate, NOW)
    link = csca.link_certificate(old, new.country, NOW)

    take(store, tmp_path, directory(cACertificate_binary=link))

    found = passive.verify(new.sod(GROUPS), GROUPS, store.anchors(), NOW)
    assert found.of(Check.SIGNER_CHAIN) is Result.PASSED


def test_a_list_may_bring_the_root_of_the_next(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """Given in the wrong order; the second is tried again when the first was taken."""
    third = csca.create(NOW, seed=b"third", name="Third CSCA").country
    second = csca_lists.master_list(country.country, [third.certificate], NOW, NOW - DAY)
    first = csca_lists.master_list(publisher, [country.country.certificate], NOW, NOW - DAY)

    intake = take(
        store,
        tmp_path,
        directory(pkdMasterListContent=[second, first]),
        publisher.certificate,
        by_listed=True,
    )

    assert intake.refused == ()
    assert len(store.anchors()) == 2


# --- roots ---------------------------------------------------------------------------------


def test_any_of_several_roots_may_vouch(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    other = csca.create(NOW, seed=b"other", name="Other CSCA").country
    raw = csca_lists.master_list(publisher, [country.country.certificate], NOW, NOW - DAY)

    intake = take(store, tmp_path, raw, other.certificate, publisher.certificate)

    assert intake.imported[0].source.vouched_by == certificates.fingerprint(publisher.certificate)


def test_a_root_the_operator_imported_vouches_without_being_named_again(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    store.import_certificate(publisher.certificate, NOW)
    file = tmp_path / "list.ml"
    listed = [country.country.certificate]
    file.write_bytes(csca_lists.master_list(publisher, listed, NOW, NOW - DAY))

    intake = store.import_file(file, None, NOW)

    assert len(intake.imported[0].held) == 1


def test_a_root_that_vouched_before_does_so_for_the_next_list(
    store: TrustStore, tmp_path: Path, publisher: Pair
) -> None:
    """The publisher's certificate stands in its own list; next month nobody types its name."""
    first = csca_lists.master_list(publisher, [publisher.certificate], NOW, NOW - 5 * DAY)
    second = csca_lists.master_list(publisher, [publisher.certificate], NOW, NOW - DAY)
    take(store, tmp_path, first, publisher.certificate)

    intake = take(store, tmp_path, second)

    assert intake.imported[0].replaced


def test_a_list_that_a_root_signed_itself(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """Early lists of several states were signed by the country's key itself."""
    content = tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, country.country.certificate))
    kind = bytes.fromhex("678108010102")
    raw = csca.signed_data(content, publisher, Manner(signed_at=NOW - DAY), kind)

    assert len(take(store, tmp_path, raw, publisher.certificate).imported) == 1


def test_a_root_vouches_for_signers_of_its_own_country_only(
    store: TrustStore, tmp_path: Path, publisher: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it could put its list in the place of another country's."""
    monkeypatch.setattr(csca, "COUNTRY", "XX")
    foreign = csca.create(NOW, seed=b"foreign", name="Foreign CSCA").country
    posing = Pair(foreign.key, publisher.certificate)

    for made in (
        csca_lists.master_list(posing, [foreign.certificate], NOW, NOW - DAY),
        csca_lists.deviation_list(posing, [csca_lists.deviation("2.3")], NOW, NOW - DAY),
    ):
        (refused,) = take(store, tmp_path, made, foreign.certificate).refused
        assert refused.reason == "appointed by another country's root"


def test_a_list_by_a_revoked_signer_is_refused(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """Doc 9303-12 clause 6.1.2 asks for signers of lists what it asks for signers of documents."""
    raw = csca_lists.master_list(publisher, [country.country.certificate], NOW, NOW - DAY)
    signer = signed_data.parse(raw).signer_certificate
    assert signer is not None
    store.import_certificate(publisher.certificate, NOW)
    revoked = csca_lists.revocation_list(publisher, [signer.der], NOW)
    store.import_revocation_list(revoked, NOW)

    with pytest.raises(trust_troubles.ListSignerRevoked) as caught:
        store.import_master_list(raw, publisher.certificate, NOW)

    assert caught.value.facts == {"country": "KR", "since": "2026-11-22"}


def test_the_published_german_list_out_of_a_directory(
    shared_data: Path, store: TrustStore, tmp_path: Path
) -> None:
    """A megabyte in folded lines says the same as the file itself."""
    (file,) = shared_data.glob("DE_ML_*.ml")
    root = (shared_data / "DE_ROOT_CA_CSCA07.cer").read_bytes()

    intake = take(store, tmp_path, directory(pkdMasterListContent=file.read_bytes()), root)

    assert intake.refused == ()
    assert (intake.imported[0].read, len(intake.imported[0].held)) == (588, 580)


# --- other shapes of file --------------------------------------------------------------------


def test_several_certificates_in_one_pem_file(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    pem = b"".join(
        x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        for der in (publisher.certificate, country.country.certificate)
    )

    intake = take(store, tmp_path, pem)

    assert len(intake.imported) == 2
    assert len(store.anchors()) == 2


def test_a_revocation_list_in_pem(store: TrustStore, tmp_path: Path, country: TrainingCsca) -> None:
    country.trust_in(store, NOW)
    raw = csca_lists.revocation_list(country.country, [], NOW)
    pem = x509.load_der_x509_crl(raw).public_bytes(Encoding.PEM)
    file = tmp_path / "list.pem"
    file.write_bytes(pem)

    assert store.import_file(file, None, NOW).imported[0].source.kind == "revocation_list"


def test_a_list_in_the_indefinite_form_is_read(
    store: TrustStore, tmp_path: Path, publisher: Pair, country: TrainingCsca
) -> None:
    """Some states' lists come in BER, with ends marked instead of lengths told."""
    raw = csca_lists.master_list(publisher, [country.country.certificate], NOW, NOW - DAY)
    oid, rest = tlv.parse_one(raw).children
    (data,) = rest.children
    parts = list(data.children)
    kind, holder = parts[2].children
    octets = tlv.parse_one(holder.value, 0x04).value
    half = len(octets) // 2
    pieces = tlv.encode(0x04, octets[:half]) + tlv.encode(0x04, octets[half:])
    end = b"\x00\x00"
    enclosed = b"\xa0\x80\x24\x80" + pieces + end + end
    encapsulated = b"\x30\x80" + kind.raw + enclosed + end
    body = b"".join(p.raw for p in parts[:2]) + encapsulated + b"".join(p.raw for p in parts[3:])
    ber = b"\x30\x80" + oid.raw + b"\xa0\x80\x30\x80" + body + end + end + end

    intake = take(store, tmp_path, ber, publisher.certificate)

    assert intake.refused == ()
    assert len(intake.imported[0].held) == 1


# --- signers that documents came without ---------------------------------------------------


def test_a_document_without_certificate_is_judged_by_the_directorys(
    store: TrustStore, tmp_path: Path, country: TrainingCsca
) -> None:
    """Doc 9303-10 let issuers leave it out before 2015."""
    country.trust_in(store, NOW)
    sod = country.with_manner(BARE).sod(GROUPS)
    before = passive.verify(sod, GROUPS, store.anchors(), NOW)

    take(store, tmp_path, directory(userCertificate_binary=country.signer.certificate))

    after = passive.verify(sod, GROUPS, store.anchors(), NOW)
    assert {f.code for f in before.findings} >= {"PA-SIG-06", "PA-CHAIN-07", "PA-CRL-04"}
    assert {f.code for f in after.findings} >= {"PA-SIG-07", "PA-CHAIN-01"}
    assert after.overall is Result.PASSED
    spoilt = passive.verify(sod[:-1] + bytes([sod[-1] ^ 1]), GROUPS, store.anchors(), NOW)
    assert spoilt.of(Check.SOD_SIGNATURE) is Result.FAILED


def test_of_several_signers_of_one_name_the_one_that_signed(
    store: TrustStore, tmp_path: Path, country: TrainingCsca
) -> None:
    country.trust_in(store, NOW)
    sod = country.with_manner(BARE).sod(GROUPS)
    serial = x509.load_der_x509_certificate(country.signer.certificate).serial_number
    other = _numbered(country, serial)

    take(store, tmp_path, directory(userCertificate_binary=[other, country.signer.certificate]))

    found = passive.verify(sod, GROUPS, store.anchors(), NOW)
    assert found.overall is Result.PASSED
    assert found.signer == certificates.parse(country.signer.certificate)


def _numbered(country: TrainingCsca, serial: int) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    made = x509.load_der_x509_certificate(csca.document_signer(country.country, key, NOW))
    builder = x509.CertificateBuilder(
        made.issuer,
        made.subject,
        key,
        serial,
        made.not_valid_before_utc,
        made.not_valid_after_utc,
        list(made.extensions),
    )
    return csca._signed(builder, country.country.key)


def test_a_single_document_signer_is_kept_for_such_documents(
    store: TrustStore, tmp_path: Path, country: TrainingCsca
) -> None:
    country.trust_in(store, NOW)
    file = tmp_path / "signer.cer"
    file.write_bytes(country.signer.certificate)

    intake = store.import_file(file, None, NOW)

    assert intake.imported[0].source.name == SIGNERS
    assert store.remove(SIGNERS).kind == "signers"
    sod = country.with_manner(BARE).sod(GROUPS)
    found = passive.verify(sod, GROUPS, store.anchors(), NOW)
    assert found.of(Check.SOD_SIGNATURE) is Result.UNDECIDED


@pytest.mark.parametrize(
    ("here", "there"),
    [('{"format": 1}', '{"format": 2}'), ('"MII', '"M'), ('["serial', '"serial'), ("M", "\xff")],
)
def test_a_damaged_directory_says_so(
    store: TrustStore, tmp_path: Path, country: TrainingCsca, here: str, there: str
) -> None:
    country.trust_in(store, NOW)
    take(store, tmp_path, directory(userCertificate_binary=country.signer.certificate))
    file = tmp_path / "trust" / "signers.jsonl"
    file.write_text(file.read_text().replace(here, there), encoding="latin-1")
    sod = country.with_manner(BARE).sod(GROUPS)

    with pytest.raises(trust_troubles.StoreDamaged):
        passive.verify(sod, GROUPS, store.anchors(), NOW)


@pytest.mark.parametrize("bare", [False, True])
def test_a_signer_named_by_its_key_identifier_is_found(
    store: TrustStore, tmp_path: Path, country: TrainingCsca, bare: bool
) -> None:
    """RFC 5652 clause 5.3: the other way to name who signed, with and without certificate."""
    country.trust_in(store, NOW)
    take(store, tmp_path, directory(userCertificate_binary=country.signer.certificate))
    sod = country.with_manner(Manner(by_key=True, bare=bare)).sod(GROUPS)

    result = passive.verify(sod, GROUPS, store.anchors(), NOW)

    assert result.overall is Result.PASSED
    assert result.signer == certificates.parse(country.signer.certificate)

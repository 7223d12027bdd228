"""desk.mrtd.deviations: announced defects are told apart from forgeries and lift nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from desk.iso7816 import tlv
from desk.mrtd import certificates, deviations, passive, trust_troubles
from desk.mrtd.deviations import Defect, DefectKind, DocumentFacts
from desk.mrtd.mrz import Mrz
from desk.mrtd.results import Check, Finding, Group, Result
from desk.mrtd.trust import TrustStore
from desk.training import chip_files, csca, csca_lists
from desk.training.csca import TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def content(*made: bytes) -> bytes:
    return tlv.encode(0x30, b"\x02\x01\x00", tlv.encode(0x31, *made))


def parsed(made: bytes) -> deviations.Deviation:
    (found,) = deviations.parse(content(made))
    return found


@pytest.fixture(scope="module")
def signer(country: TrainingCsca) -> certificates.Certificate:
    return certificates.parse(country.signer.certificate)


def test_a_deviation_reads_as_it_was_made(
    country: TrainingCsca, signer: certificates.Certificate
) -> None:
    made = csca_lists.deviation(
        "2.2",
        12,
        signer=country.signer.certificate,
        document_type="P<",
        issued=(NOW - DAY, NOW),
        numbers=["AA11111AA", "AA11112AA"],
    )

    found = parsed(made)

    assert found.defects == (Defect(DefectKind.GROUP_HASH, 12),)
    assert found.document_type == "P"
    assert found.signer == (signer.issuer.key, signer.serial)
    assert found.issued == (NOW - DAY, NOW)
    assert found.numbers is not None


@pytest.mark.parametrize(
    ("number", "issued", "type_", "covered"),
    [
        ("AA11111AA", NOW, "PM", True),
        ("AA11113AA", NOW, "PM", False),
        ("A11111A", NOW, "PM", False),
        ("AA11111AA", NOW + DAY, "PM", False),
        ("AA11111AA", None, "PM", False),
        (None, NOW, "PM", False),
        ("AA11111AA", NOW, "I", False),
        ("AA11111AA", NOW, None, False),
    ],
)
def test_every_criterion_must_hold(
    signer: certificates.Certificate,
    number: str | None,
    issued: datetime | None,
    type_: str | None,
    covered: bool,
) -> None:
    """Joined by «and» (Doc 9303-12 clause 10); what cannot be told does not hold."""
    made = csca_lists.deviation(
        "2.2",
        12,
        document_type="P",
        issued=(NOW - DAY, NOW),
        numbers=["AA11111AA", "AA11112AA"],
    )

    assert parsed(made).covers(DocumentFacts(signer, type_, number, issued)) is covered


def test_signers_are_named_in_three_ways(
    country: TrainingCsca, signer: certificates.Certificate
) -> None:
    other = certificates.parse(country.country.certificate)
    key_id, digest = signer.subject_key_id or b"", sha256(signer.der).digest()
    for identifier in (
        tlv.encode(0xA1, tlv.parse_one(csca.issuer_and_serial(signer.der)).value),
        tlv.encode(0x82, key_id),
        tlv.encode(0x83, digest),
    ):
        what = tlv.encode(0x31, tlv.encode(0x30, OID))
        found = parsed(tlv.encode(0x30, tlv.encode(0x30, identifier), what))

        assert found.covers(DocumentFacts(signer))
        assert not found.covers(DocumentFacts(other))
        assert not found.covers(DocumentFacts(None))


OID = tlv.encode(0x06, bytes.fromhex("6781080101070101"))


def test_defects_of_later_editions_are_kept_as_unknown() -> None:
    found = parsed(csca_lists.deviation("9.9"))

    assert found.defects == (Defect(DefectKind.UNKNOWN),)


def test_a_list_of_hundreds_of_thousands_of_numbers_is_asked_at_once(
    signer: certificates.Certificate,
) -> None:
    """Italy's list of 2018 names 346,275 identity cards (csca-ita.interno.gov.it)."""
    numbers = [f"CA{n:05}AA" for n in range(100_000)]
    found = parsed(csca_lists.deviation("2.2", 12, numbers=numbers))

    assert found.covers(DocumentFacts(signer, number="CA54321AA"))
    assert not found.covers(DocumentFacts(signer, number="CA54321AB"))


def finding(code: str, result: Result, check: Check = Check.SOD_SIGNATURE) -> Finding:
    return Finding(code, result, Group.CONTENT, check, {"group": 12})


@pytest.mark.parametrize(
    ("kind", "parameter", "code", "expected"),
    [
        (DefectKind.SIGNER_SIGNATURE, None, "PA-CHAIN-04", "PA-DEV-01"),
        (DefectKind.SIGNER_ENCODING, 5, "PA-VAL-02", "PA-DEV-01"),
        (DefectKind.SOD_SIGNATURE, None, "PA-SIG-05", "PA-DEV-02"),
        (DefectKind.GROUP_HASH, 12, "PA-DG-12", "PA-DEV-03"),
        (DefectKind.FILE_LIST, None, "PA-COM-02", "PA-DEV-04"),
        (DefectKind.ZONE_CHECK_DIGIT, 4, "DOC-02", "PA-DEV-06"),
        (DefectKind.GROUP_HASH, 12, "PA-DG-02", "PA-DG-02"),
        (DefectKind.GROUP_HASH, 12, "PA-SIG-05", "PA-SIG-05"),
        (DefectKind.SOD_SIGNATURE, None, "PA-CHAIN-04", "PA-CHAIN-04"),
        (DefectKind.SIGNER_SIGNATURE, None, "PA-CRL-02", "PA-CRL-02"),
        (DefectKind.NATIONAL, None, "PA-SIG-05", "PA-SIG-05"),
        (DefectKind.UNKNOWN, None, "PA-SIG-05", "PA-SIG-05"),
    ],
)
def test_a_defect_explains_what_it_names_and_nothing_else(
    kind: DefectKind, parameter: int | None, code: str, expected: str
) -> None:
    given = finding(code, Result.UNDECIDED if code == "PA-COM-02" else Result.FAILED)

    (told,) = deviations.told_apart([given], [Defect(kind, parameter, "2026-11-21")])

    assert told.code == expected
    explained = expected != code
    assert told.result is (Result.UNDECIDED if explained else given.result)
    assert told.facts == {
        "group": 12,
        **({"instead": code, "announced": "2026-11-21"} if explained else {}),
    }


def test_a_key_that_leaked_proves_no_chip() -> None:
    proven = finding("AA-01", Result.PASSED, Check.ACTIVE_AUTHENTICATION)

    (told,) = deviations.told_apart([proven], [Defect(DefectKind.ACTIVE_AUTHENTICATION_KEY)])

    assert (told.code, told.result) == ("PA-DEV-05", Result.UNDECIDED)


def test_no_defect_makes_anything_pass() -> None:
    codes = ["PA-SIG-02", "PA-SIG-05", "PA-CHAIN-04", "PA-VAL-02", "PA-DG-12", "DOC-02"]
    every = [Defect(kind, 12) for kind in DefectKind]

    told = deviations.told_apart([finding(code, Result.FAILED) for code in codes], every)

    assert Result.PASSED not in {one.result for one in told}


# --- through the store -------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, country: TrainingCsca) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    country.trust_in(store, NOW)
    return store


def take(store: TrustStore, tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "list.dvl"
    file.write_bytes(raw)
    store.import_file(file, None, NOW)


def test_an_announced_hash_defect_is_no_forgery(
    store: TrustStore, tmp_path: Path, country: TrainingCsca, holder: Mrz
) -> None:
    groups = {1: chip_files.dg1(holder.lines), 2: b"u\x03two", 12: b"l\x03one"}
    sod = country.sod(groups)
    read = groups | {12: b"l\x03ONE"}
    before = passive.verify(sod, read, store.anchors(), NOW)
    made = csca_lists.deviation("2.2", 12, numbers=[holder.document_number])

    take(store, tmp_path, csca_lists.deviation_list(country.country, [made], NOW, NOW - DAY))

    after = passive.verify(sod, read, store.anchors(), NOW)
    assert (before.data_groups[12], before.overall) == (Result.FAILED, Result.FAILED)
    assert (after.data_groups[12], after.overall) == (Result.UNDECIDED, Result.UNDECIDED)
    (told,) = [f for f in after.findings if f.code == "PA-DEV-03"]
    assert told.facts["instead"] == "PA-DG-12"
    assert after.defects == (Defect(DefectKind.GROUP_HASH, 12, "2026-11-21"),)
    altered = passive.verify(sod, read | {2: b"u\x03TWO"}, store.anchors(), NOW)
    assert altered.overall is Result.FAILED


def test_another_country_announces_nothing_for_this_one(
    store: TrustStore, tmp_path: Path, country: TrainingCsca, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csca, "COUNTRY", "XX")
    foreign = csca.create(NOW, seed=b"foreign", name="Foreign CSCA").country
    store.import_certificate(foreign.certificate, NOW)
    made = csca_lists.deviation("2.3")

    take(store, tmp_path, csca_lists.deviation_list(foreign, [made], NOW, NOW - DAY))

    sod = country.sod({1: b"one", 2: b"two"})
    result = passive.verify(sod[:-1] + bytes([sod[-1] ^ 1]), {}, store.anchors(), NOW)
    assert result.of(Check.SOD_SIGNATURE) is Result.FAILED


def test_a_list_by_a_stranger_is_refused(store: TrustStore, tmp_path: Path) -> None:
    stranger = csca.create(NOW, seed=b"stranger", name="Another CSCA").country
    raw = csca_lists.deviation_list(stranger, [csca_lists.deviation("2.3")], NOW, NOW - DAY)

    with pytest.raises(trust_troubles.ListSignerUnknown):
        take(store, tmp_path, raw)


def test_who_signs_master_lists_signs_no_deviation_lists(
    store: TrustStore, tmp_path: Path, country: TrainingCsca
) -> None:
    usage = certificates.MASTER_LIST_SIGNER
    other = csca_lists.list_signer(country.country, NOW, usage)
    raw = csca.signed_data(
        content(csca_lists.deviation("2.3")),
        other,
        csca.Manner(signed_at=NOW - DAY),
        bytes.fromhex("678108010107"),
    )

    with pytest.raises(trust_troubles.ListSignerUnknown):
        take(store, tmp_path, raw)


@pytest.mark.parametrize("raw", [b"", b"\x30\x00", content(b"\x05\x00"), content()[:-1]])
def test_what_is_no_list_is_refused(raw: bytes) -> None:
    with pytest.raises(trust_troubles.NotTrustMaterial):
        deviations.parse(raw)

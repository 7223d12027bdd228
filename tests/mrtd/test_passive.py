"""desk.mrtd.passive: what each alteration of a security object turns into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.iso7816 import tlv
from desk.mrtd import certificates, passive
from desk.mrtd.anchors import Anchor, AnchorSet
from desk.mrtd.mrz import Mrz
from desk.mrtd.passive import PassiveResult
from desk.mrtd.results import Check, Result
from desk.training import chip_files, csca
from desk.training.csca import Manner, Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
GROUPS = {1: b"a\x03one", 2: b"u\x03two"}


def anchors_of(now: datetime, *ders: bytes) -> AnchorSet:
    return AnchorSet(Anchor.of(certificates.parse(der), "test", now) for der in ders)


def codes(result: PassiveResult) -> dict[str, Result]:
    return {finding.code: finding.result for finding in result.findings}


@pytest.fixture
def genuine(country: TrainingCsca) -> bytes:
    return country.sod(GROUPS)


def test_everything_genuine_passes(genuine: bytes, anchors: AnchorSet, now: datetime) -> None:
    result = passive.verify(genuine, GROUPS, anchors, now)

    assert result.overall is Result.PASSED
    assert result.data_groups == {1: Result.PASSED, 2: Result.PASSED}
    assert codes(result) == {
        "PA-SIG-01": Result.PASSED,
        "PA-SIG-03": Result.PASSED,
        "PA-CHAIN-01": Result.PASSED,
        "PA-VAL-01": Result.PASSED,
        "PA-CRL-00": Result.PASSED,
        "PA-DG-00": Result.PASSED,
    }


def test_groups_not_given_are_not_done_and_nothing_passes_overall(
    genuine: bytes, anchors: AnchorSet, now: datetime
) -> None:
    result = passive.verify(genuine, {}, anchors, now)

    assert result.of(Check.SOD_SIGNATURE) is Result.PASSED
    assert result.of(Check.SIGNER_CHAIN) is Result.PASSED
    assert result.data_groups == {1: Result.NOT_DONE, 2: Result.NOT_DONE}
    assert result.overall is Result.NOT_DONE


def test_one_mandatory_group_is_not_enough(
    genuine: bytes, anchors: AnchorSet, now: datetime
) -> None:
    result = passive.verify(genuine, {1: GROUPS[1]}, anchors, now)

    assert result.overall is Result.NOT_DONE


def test_fingerprints_nobody_may_read_do_not_stand_in_the_way(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    """Korean chips sign a hash of DG3 that only border posts can read."""
    signed = country.sod(GROUPS | {3: b"fingers"})

    result = passive.verify(signed, GROUPS, anchors, now)

    assert result.data_groups[3] is Result.NOT_DONE
    assert result.of(Check.DATA_GROUP) is Result.PASSED
    assert result.of(Check.UNREAD_GROUP) is Result.NOT_DONE
    assert result.overall is Result.PASSED


def test_an_altered_group_fails_alone(genuine: bytes, anchors: AnchorSet, now: datetime) -> None:
    result = passive.verify(genuine, GROUPS | {2: b"u\x03TWO"}, anchors, now)

    assert result.data_groups == {1: Result.PASSED, 2: Result.FAILED}
    assert codes(result)["PA-DG-02"] is Result.FAILED
    assert result.of(Check.SOD_SIGNATURE) is Result.PASSED
    assert result.overall is Result.FAILED


def test_hashes_are_shown_in_part_only(genuine: bytes, anchors: AnchorSet, now: datetime) -> None:
    """A whole hash of DG1 could be searched for the person."""
    result = passive.verify(genuine, GROUPS | {1: b"other"}, anchors, now)

    (finding,) = [f for f in result.findings if f.code == "PA-DG-01"]
    assert all(len(str(finding.facts[name])) == 7 for name in ("signed", "read"))


def test_a_group_nobody_signed_fails(genuine: bytes, anchors: AnchorSet, now: datetime) -> None:
    result = passive.verify(genuine, GROUPS | {14: b"n\x00"}, anchors, now)

    assert result.data_groups[14] is Result.FAILED
    assert codes(result)["PA-DG-21"] is Result.FAILED


def test_a_group_the_chip_withholds_is_undecided(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    signed = country.sod(GROUPS | {14: b"n\x00"})

    result = passive.verify(signed, GROUPS, anchors, now, absent=[14])

    assert result.data_groups[14] is Result.UNDECIDED
    assert result.overall is Result.UNDECIDED


def test_altered_content_breaks_the_digest_and_leaves_the_signature(
    genuine: bytes, anchors: AnchorSet, now: datetime
) -> None:
    altered = genuine.replace(sha256(GROUPS[2]).digest(), sha256(b"forged").digest())

    result = passive.verify(altered, {2: b"forged"}, anchors, now)

    assert codes(result)["PA-SIG-02"] is Result.FAILED
    assert codes(result)["PA-SIG-03"] is Result.PASSED
    assert result.data_groups[2] is Result.PASSED
    assert result.of(Check.SOD_SIGNATURE) is Result.FAILED
    assert result.of(Check.SIGNER_CHAIN) is Result.PASSED
    assert result.overall is Result.FAILED


def test_content_altered_beyond_reading_still_fails_by_its_digest(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    content = csca.security_object(GROUPS, "sha256")
    signed = csca.wrap_signed(content, country.signer, country.manner)
    altered = signed.replace(content, content[:1] + bytes([content[1] + 1]) + content[2:])

    result = passive.verify(altered, GROUPS, anchors, now)

    assert codes(result)["PA-SIG-02"] is Result.FAILED
    assert codes(result)["PA-SIG-03"] is Result.PASSED
    assert result.data_groups == {1: Result.UNDECIDED, 2: Result.UNDECIDED}


def test_an_altered_signature_leaves_the_digest(
    genuine: bytes, anchors: AnchorSet, now: datetime
) -> None:
    altered = genuine[:-1] + bytes([genuine[-1] ^ 1])

    result = passive.verify(altered, GROUPS, anchors, now)

    assert codes(result)["PA-SIG-01"] is Result.PASSED
    assert codes(result)["PA-SIG-05"] is Result.FAILED
    assert result.overall is Result.FAILED


def test_a_signature_over_other_attributes_fails(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    """The digest is made to fit the forged content; the signature then gives it away."""
    content = csca.security_object(GROUPS, "sha256")
    forged = csca.security_object(GROUPS | {2: b"forged"}, "sha256")
    signed = csca.wrap_signed(content, country.signer, country.manner)
    altered = signed.replace(content, forged).replace(
        sha256(content).digest(), sha256(forged).digest()
    )

    result = passive.verify(altered, {2: b"forged"}, anchors, now)

    assert codes(result)["PA-SIG-01"] is Result.PASSED
    assert codes(result)["PA-SIG-05"] is Result.FAILED


def test_an_unknown_signer_is_undecided(anchors: AnchorSet, now: datetime) -> None:
    stranger = csca.create(now, seed=b"stranger", name="Another CSCA")

    result = passive.verify(stranger.sod(GROUPS), GROUPS, anchors, now)

    assert codes(result)["PA-CHAIN-02"] is Result.UNDECIDED
    assert result.of(Check.SOD_SIGNATURE) is Result.PASSED
    assert result.overall is Result.UNDECIDED


def test_an_empty_store_is_undecided_with_its_own_code(genuine: bytes, now: datetime) -> None:
    result = passive.verify(genuine, GROUPS, AnchorSet(), now)

    assert codes(result)["PA-CHAIN-03"] is Result.UNDECIDED
    assert result.overall is Result.UNDECIDED


def test_a_signer_certificate_forged_under_a_known_key_fails(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    """It names the country's key identifier, but another key signed it."""
    forger = ec.generate_private_key(ec.SECP256R1())
    own = ec.generate_private_key(ec.SECP256R1())
    parent = x509.load_der_x509_certificate(country.country.certificate)
    real = csca.document_signer(country.country, own.public_key(), now)
    tbs = x509.load_der_x509_certificate(real)
    builder = x509.CertificateBuilder(
        issuer_name=parent.subject,
        subject_name=tbs.subject,
        public_key=own.public_key(),
        serial_number=tbs.serial_number,
        not_valid_before=tbs.not_valid_before_utc,
        not_valid_after=tbs.not_valid_after_utc,
        extensions=list(tbs.extensions),
    )
    forged = csca._signed(builder, forger)

    result = passive.verify(
        csca.build_sod(GROUPS, Pair(own, forged), Manner()), GROUPS, anchors, now
    )

    assert codes(result)["PA-SIG-03"] is Result.PASSED
    assert codes(result)["PA-CHAIN-04"] is Result.FAILED
    assert result.overall is Result.FAILED


def test_a_signer_of_master_lists_signs_no_passports(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.ExtendedKeyUsage([ObjectIdentifier(certificates.MASTER_LIST_SIGNER)])
    other = Pair(key, csca.document_signer(country.country, key.public_key(), now, extra=usage))

    result = passive.verify(csca.build_sod(GROUPS, other, Manner()), GROUPS, anchors, now)

    assert codes(result)["PA-CHAIN-06"] is Result.FAILED
    assert result.of(Check.SIGNER_CHAIN) is Result.FAILED


def test_a_signer_whose_name_is_known_by_another_key_is_undecided(
    anchors: AnchorSet, now: datetime
) -> None:
    """Same name, newer key: the list may be old, so nothing is decided."""
    renewed = csca.create(now, seed=b"renewed")

    result = passive.verify(renewed.sod(GROUPS), GROUPS, anchors, now)

    assert codes(result)["PA-CHAIN-02"] is Result.UNDECIDED


@pytest.mark.parametrize(
    ("years", "at_days", "code", "result"),
    [
        (11, 0, "PA-VAL-01", Result.PASSED),
        (11, 365 * 12, "PA-VAL-05", Result.UNDECIDED),
        (11, -365 * 13, "PA-VAL-04", Result.UNDECIDED),
    ],
)
def test_dates_are_judged_then_and_now(
    country: TrainingCsca,
    anchors: AnchorSet,
    now: datetime,
    years: int,
    at_days: int,
    code: str,
    result: Result,
) -> None:
    found = passive.verify(country.sod(GROUPS), GROUPS, anchors, now + timedelta(days=at_days))

    assert codes(found)[code] is result
    assert found.of(Check.SIGNER_CHAIN) is result


def test_signing_after_the_signer_ran_out_fails(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    late = country.with_manner(Manner(signed_at=now + timedelta(days=365 * 12)))

    result = passive.verify(late.sod(GROUPS), GROUPS, anchors, now)

    assert codes(result)["PA-VAL-02"] is Result.FAILED


def test_a_signer_appointed_after_its_issuer_ran_out_fails(
    country: TrainingCsca, now: datetime
) -> None:
    key = country.country.key
    old = Pair(key, csca.authority(key, now, years=-1))
    own = ec.generate_private_key(ec.SECP256R1())
    begins = now - timedelta(days=30)
    signer = Pair(own, csca.document_signer(old, own.public_key(), now, begins=begins))

    result = passive.verify(
        csca.build_sod(GROUPS, signer, Manner()), GROUPS, anchors_of(now, old.certificate), now
    )

    assert codes(result)["PA-VAL-03"] is Result.FAILED


def test_of_several_certificates_of_one_key_the_one_in_force_counts(
    country: TrainingCsca, now: datetime
) -> None:
    """A key may have an old certificate and a renewed or link certificate."""
    old = csca.authority(country.country.key, now, years=-1)
    both = anchors_of(now, old, country.country.certificate)

    result = passive.verify(country.sod(GROUPS), GROUPS, both, now)

    assert codes(result)["PA-VAL-01"] is Result.PASSED


def test_a_link_certificate_serves_as_anchor(now: datetime) -> None:
    """The new key is known only by a certificate that the old key signed."""
    old, new = csca.create(now, seed=b"old"), csca.create(now, seed=b"new")
    link = csca.link_certificate(old.country, new.country, now)

    result = passive.verify(new.sod(GROUPS), GROUPS, anchors_of(now, link), now)

    assert result.overall is Result.PASSED


@pytest.mark.parametrize("hash_name", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", ["ecdsa", "rsa", "pss"])
def test_every_algorithm_of_the_field(
    country: TrainingCsca,
    anchors: AnchorSet,
    rsa_key: rsa.RSAPrivateKey,
    now: datetime,
    hash_name: str,
    kind: str,
) -> None:
    own = country.signer.key if kind == "ecdsa" else rsa_key
    signer = Pair(own, csca.document_signer(country.country, own.public_key(), now))
    signed = csca.build_sod(GROUPS, signer, Manner(hash=hash_name, pss=kind == "pss"))

    result = passive.verify(signed, GROUPS, anchors, now)

    assert result.overall is Result.PASSED, codes(result)
    spoilt = passive.verify(signed[:-1] + bytes([signed[-1] ^ 1]), GROUPS, anchors, now)
    assert codes(spoilt)["PA-SIG-05"] is Result.FAILED


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x77\x00", b"\x77\x02\x30\x00", b"\x61\x00", b"\x77\x82\xff\xff", b"\x30\x80" * 500],
)
def test_what_is_no_security_object_fails(raw: bytes, anchors: AnchorSet, now: datetime) -> None:
    result = passive.verify(raw, GROUPS, anchors, now)

    assert codes(result)["PA-SOD-01"] is Result.FAILED
    assert result.of(Check.SIGNER_CHAIN) is Result.NOT_DONE
    assert result.data_groups == {1: Result.NOT_DONE, 2: Result.NOT_DONE}
    assert result.overall is Result.FAILED


def test_a_signer_of_other_documents_is_undecided(
    country: TrainingCsca, anchors: AnchorSet, now: datetime, holder: Mrz
) -> None:
    """Document type list, Doc 9303-12 clause 7.1.1.6; compared by the kind's first letter."""
    groups = {1: chip_files.dg1(holder.lines), 2: b"u\x03two"}
    results = {}
    for types in (["P"], ["PM"], ["PO", "ID"], ["ID", "AR"], ["V<"]):
        listed = tlv.encode(0x31, *(tlv.encode(0x13, code.encode()) for code in types))
        raw = tlv.encode(0x30, b"\x02\x01\x00", listed)
        oid = ObjectIdentifier("2.23.136.1.1.6.2")
        key = ec.generate_private_key(ec.SECP256R1())
        extra = x509.UnrecognizedExtension(oid, raw)
        signer = Pair(
            key, csca.document_signer(country.country, key.public_key(), now, extra=extra)
        )

        found = passive.verify(csca.build_sod(groups, signer, Manner()), groups, anchors, now)

        results[types[0]] = "PA-CHAIN-11" in codes(found)
        assert found.of(Check.SIGNER_CHAIN) is (
            Result.UNDECIDED if results[types[0]] else Result.PASSED
        )

    assert results == {"P": False, "PM": False, "PO": False, "ID": True, "V<": True}


@pytest.mark.parametrize("kind", ["2a864886f70d010701", "2b1b010101"])
def test_types_that_some_states_give_their_security_objects(
    country: TrainingCsca, anchors: AnchorSet, now: datetime, kind: str
) -> None:
    """Reported by pymrtd (China: plain data) and JMRTD (France, Belgium: 1.3.27.1.1.1)."""
    content = csca.security_object(GROUPS, "sha256")
    signed = csca.signed_data(content, country.signer, country.manner, bytes.fromhex(kind))

    assert passive.verify(signed, GROUPS, anchors, now).overall is Result.PASSED


def test_a_master_list_is_no_security_object(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    content = csca.security_object(GROUPS, "sha256")
    kind = bytes.fromhex("678108010102")
    signed = csca.signed_data(content, country.signer, country.manner, kind)

    assert codes(passive.verify(signed, GROUPS, anchors, now))["PA-SOD-01"] is Result.FAILED


def test_a_signer_that_did_not_come_along_is_undecided(
    country: TrainingCsca, anchors: AnchorSet, now: datetime
) -> None:
    raw = country.sod(GROUPS)
    serial = certificates.parse(country.signer.certificate).serial.to_bytes(15)
    place = raw.rindex(serial)  # the signer info stands behind the certificate

    result = passive.verify(raw[:place] + b"\x77" + raw[place + 1 :], GROUPS, anchors, now)

    assert codes(result)["PA-SIG-06"] is Result.UNDECIDED
    assert codes(result)["PA-CHAIN-07"] is Result.NOT_DONE
    assert result.overall is Result.UNDECIDED


COUNTRY = csca.create(NOW, seed=b"tests")
ANCHORS = anchors_of(NOW, COUNTRY.country.certificate)
GENUINE = COUNTRY.sod(GROUPS)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GENUINE) - 1), st.integers(1, 255))
def test_what_passes_in_spite_of_a_change_says_the_same(place: int, change: int) -> None:
    """Some bytes of signed data are covered by no signature; none of them says anything."""
    raw = bytearray(GENUINE)
    raw[place] ^= change

    result = passive.verify(bytes(raw), GROUPS, ANCHORS, NOW)

    if result.overall is Result.PASSED:
        assert result.signed == passive.verify(GENUINE, GROUPS, ANCHORS, NOW).signed


def test_an_absurdly_large_security_object_is_not_read() -> None:
    result = passive.verify(GENUINE + bytes(40_000), GROUPS, ANCHORS, NOW)

    assert codes(result)["PA-SOD-01"] is Result.FAILED
    assert result.findings[0].facts == {"reason": "larger than 32 kB"}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_judged(noise: bytes) -> None:
    for raw in (noise, b"\x77\x81" + bytes([min(len(noise), 255)]) + noise[:255]):
        assert passive.verify(raw, {}, AnchorSet(), NOW).overall is Result.FAILED

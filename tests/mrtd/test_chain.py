"""desk.mrtd.chain: appointed by whom, for what, over which links, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from desk.iso7816 import tlv
from desk.mrtd import certificates, chain, passive
from desk.mrtd.anchors import Anchor, AnchorSet, KnownList
from desk.mrtd.certificates import Certificate
from desk.mrtd.chain import Chain
from desk.mrtd.results import Result
from desk.training import csca, csca_lists
from desk.training.csca import Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def anchors(*ders: bytes) -> AnchorSet:
    return AnchorSet(Anchor.of(certificates.parse(der), "test", NOW) for der in ders)


def judged(
    signer: bytes, *ders: bytes, others: tuple[bytes, ...] = (), signed_at: datetime | None = None
) -> Chain:
    along = [certificates.parse(der) for der in others]
    return chain.judge(certificates.parse(signer), along, anchors(*ders), signed_at, NOW)


def codes(found: Chain) -> dict[str, Result]:
    return {finding.code: finding.result for finding in found.findings}


def signer(issuer: Pair, extra: x509.ExtensionType | None = None, **how: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return csca.document_signer(issuer, key, NOW, extra=extra, **how)


def test_a_link_that_came_along_leads_to_the_former_key() -> None:
    """Only the country's former key is trusted; the new one signed the signer."""
    old, new = csca.create(NOW, seed=b"old"), csca.create(NOW, seed=b"new")
    link = csca.link_certificate(old.country, new.country, NOW)
    raw, trusted = new.signer.certificate, old.country.certificate

    assert codes(judged(raw, trusted)) == {"PA-CHAIN-02": Result.UNDECIDED}

    found = judged(raw, trusted, others=(raw, link))

    assert codes(found) == {"PA-CHAIN-08": Result.PASSED, "PA-VAL-01": Result.PASSED}
    assert found.links == (certificates.parse(link),)
    assert found.anchor is not None
    assert found.anchor.der == trusted


def test_a_revoked_link_that_came_along_appoints_nobody() -> None:
    old, new = csca.create(NOW, seed=b"old"), csca.create(NOW, seed=b"new")
    link = csca.link_certificate(old.country, new.country, NOW)
    revoked = csca_lists.revocation_list(old.country, [link], NOW)
    trust = AnchorSet(
        [Anchor.of(certificates.parse(old.country.certificate), "test", NOW)],
        [KnownList("KR", revoked, NOW)],
    )
    signed = csca.signed_data(
        csca.security_object({1: b"one"}, "sha256"), new.signer, new.manner, others=link
    )

    found = passive.verify(signed, {}, trust, NOW)

    assert {"PA-CHAIN-08", "PA-CRL-06"} <= {finding.code for finding in found.findings}
    assert found.overall is Result.FAILED


def test_two_links_one_after_another() -> None:
    first, second, third = (csca.create(NOW, seed=s) for s in (b"first", b"second", b"third"))
    links = (
        csca.link_certificate(second.country, third.country, NOW),
        csca.link_certificate(first.country, second.country, NOW),
    )

    found = judged(third.signer.certificate, first.country.certificate, others=links)

    assert codes(found)["PA-CHAIN-08"] is Result.PASSED
    assert len(found.links) == 2


def test_a_link_forged_leads_nowhere() -> None:
    """It names the trusted key as its issuer and was signed by another."""
    old, new = csca.create(NOW, seed=b"old"), csca.create(NOW, seed=b"new")
    forger = Pair(csca.create(NOW, seed=b"forger").country.key, old.country.certificate)
    link = csca.link_certificate(forger, new.country, NOW)

    found = judged(new.signer.certificate, old.country.certificate, others=(link,))

    assert codes(found) == {"PA-CHAIN-02": Result.UNDECIDED}


def test_a_document_signer_is_no_link(country: TrainingCsca) -> None:
    """Who may sign documents may not appoint others."""
    sub = signer(country.signer)

    found = judged(sub, country.country.certificate, others=(country.signer.certificate,))

    assert found.anchor is None


def test_a_pile_of_links_is_not_climbed() -> None:
    """The chip sends what it likes; a few are tried, each once."""
    old, new = csca.create(NOW, seed=b"old"), csca.create(NOW, seed=b"new")
    useless = tuple(csca.authority(new.country.key, NOW, f"Link {n}") for n in range(8))
    link = csca.link_certificate(old.country, new.country, NOW)

    found = judged(new.signer.certificate, old.country.certificate, others=(*useless, link))

    assert found.anchor is None


def test_one_country_appoints_no_signers_for_another(
    country: TrainingCsca, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signer's issuer is named as KR; the key that signed belongs to XX."""
    monkeypatch.setattr(csca, "COUNTRY", "XX")
    foreign = csca.create(NOW, seed=b"foreign", name="Foreign CSCA").country
    raw = signer(Pair(foreign.key, country.country.certificate))

    found = judged(raw, foreign.certificate, country.country.certificate)

    assert codes(found) == {"PA-CHAIN-09": Result.FAILED}
    assert found.findings[0].facts["other"] == "XX"
    assert found.anchor is None


@pytest.mark.parametrize(
    "extra", [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])], ids=["server"]
)
def test_certificates_for_other_uses_are_undecided(
    country: TrainingCsca, extra: x509.ExtensionType
) -> None:
    """Country signers also appoint servers (Doc 9303-12 table 6, communication)."""
    found = judged(signer(country.country, extra), country.country.certificate)

    assert codes(found)["PA-CHAIN-10"] is Result.UNDECIDED


def test_an_authority_signs_no_documents_itself(country: TrainingCsca) -> None:
    found = judged(country.country.certificate, country.country.certificate)

    assert codes(found)["PA-CHAIN-10"] is Result.UNDECIDED


def key_usage_period(begins: datetime, ends: datetime) -> x509.UnrecognizedExtension:
    """RFC 3280 clause 4.2.1.4, which `cryptography` does not write."""
    stamps = (moment.strftime("%Y%m%d%H%M%SZ").encode() for moment in (begins, ends))
    bounds = (tlv.encode(0x80 + n, stamp) for n, stamp in enumerate(stamps))
    oid = x509.ObjectIdentifier("2.5.29.16")
    return x509.UnrecognizedExtension(oid, tlv.encode(0x30, *bounds))


@pytest.mark.parametrize(
    ("signed_days", "code", "result"),
    [
        (-50, "PA-VAL-01", Result.PASSED),
        (-200, "PA-VAL-07", Result.UNDECIDED),
        (-5, "PA-VAL-07", Result.UNDECIDED),
        (3, "PA-VAL-06", Result.UNDECIDED),
    ],
)
def test_the_time_of_signing_is_held_against_the_keys_time(
    country: TrainingCsca, signed_days: int, code: str, result: Result
) -> None:
    period = key_usage_period(NOW - 100 * DAY, NOW - 10 * DAY)
    raw = signer(country.country, period)
    parsed = certificates.parse(raw)

    found = judged(raw, country.country.certificate, signed_at=NOW + signed_days * DAY)

    assert (parsed.key_used_from, parsed.key_used_until) == (
        (NOW - 100 * DAY).replace(microsecond=0),
        (NOW - 10 * DAY).replace(microsecond=0),
    )
    assert codes(found)[code] is result


@pytest.mark.parametrize("raw", [b"", b"\x30\x00", b"\x30\x03\x80\x01x", b"\x04\x00"])
def test_a_period_that_does_not_read_counts_as_not_stated(
    country: TrainingCsca, raw: bytes
) -> None:
    oid = x509.ObjectIdentifier("2.5.29.16")
    parsed = certificates.parse(signer(country.country, x509.UnrecognizedExtension(oid, raw)))

    assert (parsed.key_used_from, parsed.key_used_until) == (None, None)


def test_a_self_signed_certificate_goes_before_a_link() -> None:
    old, new = csca.create(NOW, seed=b"old"), csca.create(NOW, seed=b"new")
    link = csca.link_certificate(old.country, new.country, NOW)

    for ders in ((link, new.country.certificate), (new.country.certificate, link)):
        found = judged(new.signer.certificate, *ders)

        assert found.anchor is not None
        assert found.anchor.der == new.country.certificate


@pytest.mark.parametrize(
    ("made", "expected"),
    [("self", False), ("rekeyed", True), ("renamed", True), ("signer", False)],
)
def test_links_are_known_by_key_and_name(country: TrainingCsca, made: str, expected: bool) -> None:
    other = csca.create(NOW, seed=b"other", name="Other CSCA").country
    same_name = csca.create(NOW, seed=b"same name").country
    ders = {
        "self": country.country.certificate,
        "rekeyed": csca.link_certificate(country.country, same_name, NOW),
        "renamed": csca.link_certificate(country.country, other, NOW),
        "signer": country.signer.certificate,
    }
    parsed: Certificate = certificates.parse(ders[made])

    assert parsed.is_link is expected

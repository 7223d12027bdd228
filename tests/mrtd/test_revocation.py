"""desk.mrtd.revocation: whose list speaks of a signer, and when it is too old to clear him."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from desk.mrtd import certificates, crl, passive, trust_troubles
from desk.mrtd.anchors import Ages, Anchor, AnchorSet, KnownList
from desk.mrtd.results import Check, Finding, Result
from desk.mrtd.trust import TrustStore
from desk.training import csca, csca_lists
from desk.training.csca import Manner, Pair, TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
GROUPS = {1: b"a\x03one", 2: b"u\x03two"}
DAY = timedelta(days=1)


def judged(
    country: TrainingCsca,
    lists: Iterable[bytes],
    *,
    ders: Iterable[bytes] = (),
    fetched: datetime = NOW,
    ages: Ages = Ages(),  # noqa: B008 - a frozen value
) -> tuple[passive.PassiveResult, Finding]:
    anchors = [
        Anchor.of(certificates.parse(der), "test", NOW)
        for der in (tuple(ders) or (country.country.certificate,))
    ]
    known = [KnownList("KR", der, fetched) for der in lists]
    result = passive.verify(country.sod(GROUPS), GROUPS, AnchorSet(anchors, known, ages=ages), NOW)
    (finding,) = [f for f in result.findings if f.check is Check.REVOCATION]
    return result, finding


def test_a_signer_not_in_a_fresh_list_passes(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.country, [], NOW - 3 * DAY)

    result, finding = judged(country, [raw])

    assert (finding.code, finding.result) == ("PA-CRL-00", Result.PASSED)
    assert finding.facts == {"country": "KR", "age_days": 3, "asked_days": 0}
    assert result.overall is Result.PASSED


def test_a_revoked_signer_fails_however_old_the_list(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(
        country.country, [country.signer.certificate], NOW - 400 * DAY, since=NOW - 401 * DAY
    )

    result, finding = judged(country, [raw], fetched=NOW - 400 * DAY)

    assert (finding.code, finding.result) == ("PA-CRL-02", Result.FAILED)
    assert finding.facts == {"country": "KR", "since": "2025-10-17", "reason": None}
    assert result.overall is Result.FAILED
    assert result.of(Check.SIGNER_CHAIN) is Result.PASSED


@pytest.mark.parametrize(
    ("issued_days", "lasts_days", "fetched_days", "code"),
    [
        (5, 90, 7, "PA-CRL-00"),
        (9, 90, 8, "TRUST-07"),
        (40, 30, 0, "PA-CRL-03"),
        (91, 365, 0, "PA-CRL-03"),
        (-3, 90, 0, "PA-CRL-05"),
    ],
)
def test_an_old_list_clears_nobody(
    country: TrainingCsca, issued_days: int, lasts_days: int, fetched_days: int, code: str
) -> None:
    """Too long since it was asked for, overdue by its own word, older than the standard allows."""
    raw = csca_lists.revocation_list(country.country, [], NOW - issued_days * DAY, days=lasts_days)

    result, finding = judged(country, [raw], fetched=NOW - fetched_days * DAY)

    assert finding.code == code
    expected = Result.PASSED if code == "PA-CRL-00" else Result.UNDECIDED
    assert finding.result is expected
    assert result.overall is expected


def test_the_limits_are_settings(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.country, [], NOW - 2 * DAY)

    _, finding = judged(country, [raw], fetched=NOW - 2 * DAY, ages=Ages(revocation_days=1))

    assert finding.code == "TRUST-07"
    assert finding.facts["limit_days"] == 1


def test_without_a_list_it_is_not_done_and_lifts_nothing(country: TrainingCsca) -> None:
    result, finding = judged(country, [])

    assert (finding.code, finding.result) == ("PA-CRL-01", Result.NOT_DONE)
    assert result.overall is Result.PASSED


def test_without_an_issuer_there_is_no_list_to_ask(country: TrainingCsca) -> None:
    stranger = csca.create(NOW, seed=b"stranger", name="Another CSCA")

    _, finding = judged(country, [], ders=[stranger.country.certificate])

    assert (finding.code, finding.result) == ("PA-CRL-04", Result.NOT_DONE)


def test_a_list_of_the_newer_key_speaks_of_older_certificates(country: TrainingCsca) -> None:
    """Same name, another key: a country has one list (Doc 9303-12 clause 7.1.4)."""
    newer = csca.create(NOW, seed=b"newer").country
    raw = csca_lists.revocation_list(newer, [country.signer.certificate], NOW)

    _, finding = judged(country, [raw], ders=[country.country.certificate, newer.certificate])

    assert finding.code == "PA-CRL-02"


def test_a_list_under_a_new_name_speaks_of_the_former(country: TrainingCsca) -> None:
    """The link certificate ties both names; serial numbers are never used twice (7.1.1.5)."""
    renamed = csca.create(NOW, seed=b"renamed", name="Renamed CSCA").country
    link = csca.link_certificate(country.country, renamed, NOW)
    raw = csca_lists.revocation_list(renamed, [country.signer.certificate], NOW)
    own = country.country.certificate

    _, tied = judged(country, [raw], ders=[own, renamed.certificate, link])
    _, apart = judged(country, [raw], ders=[own, renamed.certificate])

    assert tied.code == "PA-CRL-02"
    assert apart.code == "PA-CRL-01"


def test_a_list_may_name_its_issuers_former_name_itself(country: TrainingCsca) -> None:
    """Issuer alternative name, Doc 9303-12 table 10 note 1."""
    renamed = csca.create(NOW, seed=b"renamed", name="Renamed CSCA").country
    former = x509.load_der_x509_certificate(country.country.certificate).subject
    names = x509.IssuerAlternativeName([x509.DirectoryName(former)])
    raw = csca_lists.revocation_list(renamed, [], NOW, extensions=[names])

    _, finding = judged(country, [raw])

    assert finding.code == "PA-CRL-00"


def test_a_revoked_link_certificate_appoints_nobody(country: TrainingCsca) -> None:
    old = csca.create(NOW, seed=b"old").country
    link = csca.link_certificate(old, country.country, NOW)
    raw = csca_lists.revocation_list(old, [link], NOW)

    _, finding = judged(country, [raw], ders=[link, old.certificate])

    assert (finding.code, finding.result) == ("PA-CRL-06", Result.FAILED)


def test_another_countrys_list_says_nothing(country: TrainingCsca) -> None:
    raw = csca_lists.revocation_list(country.country, [country.signer.certificate], NOW)
    anchors = AnchorSet(
        [Anchor.of(certificates.parse(country.country.certificate), "test", NOW)],
        [KnownList("XX", raw, NOW)],
    )

    result = passive.verify(country.sod(GROUPS), GROUPS, anchors, NOW)

    assert "PA-CRL-01" in {f.code for f in result.findings}


# --- through the store -------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, country: TrainingCsca) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    country.trust_in(store, NOW)
    return store


def test_an_imported_list_is_asked_at_the_next_check(
    store: TrustStore, country: TrainingCsca
) -> None:
    raw = csca_lists.revocation_list(country.country, [country.signer.certificate], NOW - DAY)

    imported = store.import_revocation_list(raw, NOW)

    assert imported.list is not None
    assert (imported.list.entries, imported.source.country) == (1, "KR")
    assert imported.source.as_of == NOW - DAY
    found = passive.verify(country.sod(GROUPS), GROUPS, store.anchors(), NOW)
    assert found.of(Check.REVOCATION) is Result.FAILED
    again = TrustStore(store._path.parent).anchors()
    assert passive.verify(country.sod(GROUPS), GROUPS, again, NOW).overall is Result.FAILED


def test_a_newer_list_takes_the_place_of_the_older(
    store: TrustStore, country: TrainingCsca
) -> None:
    older = csca_lists.revocation_list(country.country, [], NOW - 5 * DAY)
    newer = csca_lists.revocation_list(country.country, [], NOW - DAY, number=2)
    store.import_revocation_list(older, NOW)

    assert store.import_revocation_list(newer, NOW).replaced

    with pytest.raises(trust_troubles.ListOlder):
        store.import_revocation_list(older, NOW)
    (held,) = store.contents().revocations
    assert crl.parse(held.der).number == 2


def test_asking_again_for_the_same_list_makes_it_fresh(
    store: TrustStore, country: TrainingCsca
) -> None:
    raw = csca_lists.revocation_list(country.country, [], NOW - 20 * DAY)
    store.import_revocation_list(raw, NOW - 20 * DAY)
    sod = country.sod(GROUPS)
    stale = passive.verify(sod, GROUPS, store.anchors(), NOW)

    store.import_revocation_list(raw, NOW)

    assert stale.of(Check.REVOCATION) is Result.UNDECIDED
    fresh = passive.verify(sod, GROUPS, store.anchors(), NOW)
    assert fresh.of(Check.REVOCATION) is Result.PASSED


def test_lists_are_believed_from_certificates_held_only(
    store: TrustStore, country: TrainingCsca
) -> None:
    stranger = csca.create(NOW, seed=b"stranger", name="Another CSCA").country
    imposter = csca.create(NOW, seed=b"imposter").country
    altered = bytearray(csca_lists.revocation_list(country.country, [], NOW))
    altered[-1] ^= 1
    future = csca_lists.revocation_list(country.country, [], NOW + 5 * DAY)
    reasons = {}
    for name, raw in {
        "stranger": csca_lists.revocation_list(stranger, [], NOW),
        "imposter": csca_lists.revocation_list(imposter, [], NOW),
        "altered": bytes(altered),
        "future": future,
    }.items():
        with pytest.raises(trust_troubles.RevocationListRefused) as caught:
            store.import_revocation_list(raw, NOW)
        reasons[name] = caught.value.facts["reason"]

    assert reasons == {
        "stranger": "no certificate of its issuer is held",
        "imposter": "its signature does not fit",
        "altered": "its signature does not fit",
        "future": "made in the future",
    }
    assert store.contents().revocations == ()


def test_a_key_that_has_run_out_makes_no_lists(store: TrustStore) -> None:
    ended = csca.create(NOW, seed=b"ended", name="Ended CSCA").country
    short = Pair(ended.key, csca.authority(ended.key, NOW, "Ended CSCA", years=-1))
    store.import_certificate(short.certificate, NOW)

    store.import_revocation_list(csca_lists.revocation_list(short, [], NOW - 800 * DAY), NOW)
    with pytest.raises(trust_troubles.RevocationListRefused) as caught:
        store.import_revocation_list(csca_lists.revocation_list(short, [], NOW), NOW)

    assert "in force" in str(caught.value.facts["reason"])


def test_a_country_cannot_revoke_anothers_signers(
    store: TrustStore, country: TrainingCsca, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate held for one country does not vouch for a list that names another."""
    monkeypatch.setattr(csca, "COUNTRY", "XX")
    foreign = csca.create(NOW, seed=b"foreign", name="Foreign CSCA").country
    store.import_certificate(foreign.certificate, NOW)
    named = Pair(foreign.key, country.country.certificate)
    raw = csca_lists.revocation_list(named, [country.signer.certificate], NOW)

    with pytest.raises(trust_troubles.RevocationListRefused):
        store.import_revocation_list(raw, NOW)


def test_a_signer_may_be_revoked_after_it_signed(country: TrainingCsca) -> None:
    """A signing time is the signer's own word; a key that leaked signs with any."""
    signed = country.with_manner(Manner(signed_at=NOW - 100 * DAY))
    raw = csca_lists.revocation_list(
        country.country, [country.signer.certificate], NOW, since=NOW - DAY
    )

    _, finding = judged(signed, [raw])

    assert finding.code == "PA-CRL-02"

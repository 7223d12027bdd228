"""desk.counter.doctor: what the home page says of the lists that passports are judged by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.counter import doctor
from desk.counter.board import CheckState
from desk.counter.settings import load_settings
from desk.mrtd.trust import TrustStore
from desk.training import csca, csca_lists
from desk.training.csca import Pair
from desk.words import TroubleWords, Words

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = load_settings().trust


@pytest.fixture(scope="module")
def country() -> Pair:
    return csca.create(NOW, seed=b"doctor").country


@pytest.fixture
def store(tmp_path: Path, country: Pair) -> TrustStore:
    store = TrustStore(tmp_path)
    store.import_certificate(country.certificate, NOW - 5 * DAY)
    return store


def test_an_empty_store_judges_nobody(tmp_path: Path) -> None:
    with pytest.raises(doctor.TrustListMissing):
        doctor.trust_lists(TrustStore(tmp_path), LIMITS, NOW)


def test_a_certificate_does_not_age_beside_a_fresh_list(store: TrustStore, country: Pair) -> None:
    later = NOW + 60 * DAY
    alone = doctor.trust_lists(store, LIMITS, later)
    raw = csca_lists.master_list(country, [country.certificate], NOW, later - DAY)
    store.import_master_list(raw, country.certificate, later)

    both = doctor.trust_lists(store, LIMITS, later)

    assert (alone.state, alone.code) == (CheckState.ATTENTION, "TRUST-30")
    assert (both.state, both.facts["days"]) == (CheckState.READY, 1)


@pytest.mark.parametrize(("days", "state"), [(7, CheckState.READY), (8, CheckState.ATTENTION)])
def test_revocation_lists_are_to_be_asked_for_again(
    store: TrustStore, country: Pair, days: int, state: CheckState
) -> None:
    asked = NOW - timedelta(days=days)
    store.import_revocation_list(csca_lists.revocation_list(country, [], asked), asked)

    found = doctor.trust_lists(store, LIMITS, NOW)

    assert found.state is state
    if state is CheckState.ATTENTION:
        assert found.code == "TRUST-32"
        assert found.facts == {"lists": 1, "days": 8}
        fact = Words("officer").text(f"part_fact.trust_list_{found.fact}", "ko", **found.facts)
        assert fact == "폐지 목록 1개 · 8일 전에 가져옴"
        assert TroubleWords().of("TRUST-32", "ko").next

"""Times and status of a credential."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from desk.credential.claims import ClaimProfile
from desk.credential.terms import StatusReference, Validity, rounded_down
from desk.credential.troubles import Malformed, SignerExpired, SignerNotYetValid
from desk.training.authority import TrainingAuthority, document_signer

HOUR = timedelta(hours=1)


def test_times_are_rounded_down() -> None:
    seoul = datetime(2026, 11, 22, 20, 59, 59, 999, tzinfo=timezone(timedelta(hours=9)))

    assert rounded_down(seoul, HOUR) == datetime(2026, 11, 22, 11, tzinfo=UTC)
    assert rounded_down(seoul, timedelta(days=1)) == datetime(2026, 11, 22, tzinfo=UTC)


def test_the_clock_must_stand_inside_of_the_certificates_life(
    authority: TrainingAuthority, profile: ClaimProfile, now: datetime
) -> None:
    root = authority._roots["iaca"]
    early = document_signer(root, now + timedelta(days=1)).der
    late = document_signer(root, now - timedelta(days=500)).der

    with pytest.raises(SignerNotYetValid) as before:
        Validity.of(now, HOUR, profile.rounding, early)
    with pytest.raises(SignerExpired) as after:
        Validity.of(now, HOUR, profile.rounding, late)

    assert before.value.facts["since"] == (now + timedelta(days=1)).date().isoformat()
    assert after.value.facts["until"] == (now - timedelta(days=43)).date().isoformat()


def test_a_status_goes_both_ways() -> None:
    status = StatusReference("https://issuer.example/status/1", 5)

    assert StatusReference.from_claim(status.as_claim()) == status
    assert StatusReference.from_claim(None) is None


@pytest.mark.parametrize(
    "claim",
    [
        {},
        [],
        {"status_list": 5},
        {"status_list": {"uri": "u"}},
        {"status_list": {"uri": "u", "idx": -1}},
        {"status_list": {"uri": "u", "idx": True}},
        {"status_list": {"uri": b"u", "idx": 1}},
    ],
    ids=str,
)
def test_another_status_is_refused(claim: Any) -> None:
    with pytest.raises(Malformed):
        StatusReference.from_claim(claim)

"""The document signer profile of ISO/IEC 18013-5 annex B."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.x509 import load_der_x509_certificate

from desk.credential.profile import check_signer, problems, root_problems
from desk.credential.troubles import SignerExpired, SignerNotYetValid, SignerUnfit
from desk.training.authority import SIGNATURE, TrainingAuthority, document_signer

Vectors = Callable[[str], dict[str, Any]]


def test_training_certificates_fit(authority: TrainingAuthority, now: datetime) -> None:
    pair = authority.officers[0].slots[SIGNATURE]

    assert list(problems(pair.certificate, "KR")) == []
    assert list(root_problems(load_der_x509_certificate(authority.iaca))) == []
    check_signer((pair.der,), "KR", now)


def test_the_standards_example_root_fits(vectors: Vectors) -> None:
    """Its signer lives exactly a year."""
    vector = vectors("iso18013_annex_d")

    assert list(root_problems(load_der_x509_certificate(bytes.fromhex(vector["root"])))) == []


def test_a_signer_of_another_country_is_unfit(authority: TrainingAuthority, now: datetime) -> None:
    with pytest.raises(SignerUnfit) as refusal:
        check_signer((authority.officers[0].slots[SIGNATURE].der,), "US", now)

    assert "country" in str(refusal.value.facts["reason"])


def test_other_certificates_of_the_card_are_unfit(
    authority: TrainingAuthority, now: datetime
) -> None:
    for slot in (0x9A, 0x9D):
        with pytest.raises(SignerUnfit):
            check_signer((authority.officers[0].slots[slot].der,), "KR", now)
    for other in (authority.iaca, authority.status_signer.certificate_chain[0]):
        with pytest.raises(SignerUnfit):
            check_signer((other,), "KR", now)
    with pytest.raises(SignerUnfit):
        check_signer((), "KR", now)


def test_a_signer_lives_457_days_at_most(authority: TrainingAuthority, now: datetime) -> None:
    root = authority._roots["iaca"]
    long_lived = document_signer(root, now - timedelta(days=1), life=timedelta(days=458))

    assert list(problems(long_lived.certificate, "KR")) == ["valid for more than 457 days"]


def test_an_expired_and_a_future_signer_are_told_apart(
    authority: TrainingAuthority, now: datetime
) -> None:
    expired = authority.issue_card("x", now, signer_since=now - timedelta(days=600))
    future = authority.issue_card("x", now, signer_since=now + timedelta(days=1))

    with pytest.raises(SignerExpired):
        check_signer((expired.slots[SIGNATURE].der,), "KR", now)
    with pytest.raises(SignerNotYetValid):
        check_signer((future.slots[SIGNATURE].der,), "KR", now)


def test_a_signer_is_no_root(authority: TrainingAuthority) -> None:
    found = set(root_problems(authority.officers[0].slots[SIGNATURE].certificate))

    assert {"root is not self-issued", "BasicConstraints is missing"} <= found

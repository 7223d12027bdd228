"""Security objects that nobody here made, judged against a master list nobody here made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from desk.mrtd import passive
from desk.mrtd.anchors import AnchorSet
from desk.mrtd.results import Check, Result
from desk.mrtd.trust import TrustStore

# Origin: tests of github.com/gmrtd/gmrtd; real specimen or test passports, no personal data.
GENUINE = {
    "AT": "ECDSA SHA-256",
    "AU": "RSA SHA-256",
    "DE": "ECDSA SHA-384",
    "FR": "RSA SHA-256",
    "MY": "RSA-PSS SHA-256",
}


@pytest.mark.parametrize(("state", "algorithm"), GENUINE.items())
def test_genuine_ones_pass(
    shared_data: Path, german_store: TrustStore, now: datetime, state: str, algorithm: str
) -> None:
    raw = (shared_data / "sods" / f"{state}-genuine.bin").read_bytes()

    result = passive.verify(raw, {}, german_store.anchors(), now)

    assert result.of(Check.SOD_SIGNATURE) is Result.PASSED
    assert result.of(Check.SIGNER_CHAIN) is Result.PASSED
    assert {1, 2} <= set(result.data_groups)
    assert set(result.data_groups.values()) == {Result.NOT_DONE}
    assert result.overall is Result.NOT_DONE
    assert {finding.code for finding in result.findings} == {
        "PA-SIG-01",
        "PA-SIG-03",
        "PA-CHAIN-01",
        "PA-VAL-01",
        "PA-CRL-01",
        "PA-DG-20",
    }
    (signature,) = [f for f in result.findings if f.code == "PA-SIG-03"]
    assert signature.facts == {"algorithm": algorithm}
    (chain,) = [f for f in result.findings if f.code == "PA-CHAIN-01"]
    assert chain.facts["country"] == state


def test_altered_content_fails_by_its_digest_under_a_genuine_signature(
    shared_data: Path, german_store: TrustStore, now: datetime
) -> None:
    raw = (shared_data / "sods" / "GB-altered-content.bin").read_bytes()

    result = passive.verify(raw, {}, german_store.anchors(), now)

    found = {finding.code: finding.result for finding in result.findings}
    assert found["PA-SIG-02"] is Result.FAILED
    assert found["PA-SIG-03"] is Result.PASSED
    assert result.of(Check.SOD_SIGNATURE) is Result.FAILED
    assert result.of(Check.SIGNER_CHAIN) is Result.PASSED
    assert result.overall is Result.FAILED


def test_without_trust_the_chain_is_undecided(shared_data: Path, now: datetime) -> None:
    for file in sorted((shared_data / "sods").glob("*-genuine.bin")):
        result = passive.verify(file.read_bytes(), {}, AnchorSet(), now)

        assert result.of(Check.SOD_SIGNATURE) is Result.PASSED
        assert result.of(Check.SIGNER_CHAIN) is Result.UNDECIDED
        assert result.overall is Result.UNDECIDED


def test_any_altered_hash_of_a_published_one_fails(
    shared_data: Path, german_store: TrustStore, now: datetime
) -> None:
    for state in GENUINE:
        raw = (shared_data / "sods" / f"{state}-genuine.bin").read_bytes()
        signed = passive.verify(raw, {}, german_store.anchors(), now).signed
        assert signed is not None
        for digest in signed.by_group.values():
            altered = raw.replace(digest, bytes(len(digest)))

            result = passive.verify(altered, {}, german_store.anchors(), now)

            assert result.of(Check.SOD_SIGNATURE) is Result.FAILED

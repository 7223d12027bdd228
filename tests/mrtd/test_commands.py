"""desk.mrtd.commands: the answers machines read, and the exit status shells act on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.mrtd import commands, trust_troubles
from desk.mrtd.trust import TrustStore
from desk.training.csca import TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
GROUPS = {1: b"a\x03one", 2: b"u\x03two", 14: b"n\x00"}


@pytest.fixture
def trust(tmp_path: Path, country: TrainingCsca, now: datetime) -> TrustStore:
    store = TrustStore(tmp_path / "trust")
    country.trust_in(store, now)
    return store


@pytest.fixture
def files(tmp_path: Path, country: TrainingCsca) -> dict[int, Path]:
    paths = {number: tmp_path / f"dg{number}" for number in GROUPS}
    for number, path in paths.items():
        path.write_bytes(GROUPS[number])
    (tmp_path / "sod").write_bytes(country.sod(GROUPS))
    return paths


def test_a_genuine_document_ends_with_0(
    tmp_path: Path, trust: TrustStore, files: dict[int, Path], now: datetime
) -> None:
    answer = commands.passport_verify(tmp_path / "sod", files, trust, now)

    assert answer.exit_code == 0
    assert json.loads(json.dumps(answer.json)) == {
        "overall": "passed",
        "checks": {
            "sod_signature": "passed",
            "signer_chain": "passed",
            "data_groups": {"1": "passed", "2": "passed", "14": "passed"},
        },
        "findings": [
            {"code": "PA-SIG-01", "result": "passed"},
            {"code": "PA-SIG-03", "result": "passed"},
            {"code": "PA-CHAIN-01", "result": "passed"},
            {"code": "PA-VAL-01", "result": "passed"},
            {"code": "PA-CRL-01", "result": "not_done"},
            {"code": "PA-DG-00", "result": "passed"},
            {"code": "PA-DG-00", "result": "passed"},
            {"code": "PA-DG-00", "result": "passed"},
        ],
    }
    assert answer.text.startswith("overall")


def test_a_security_object_alone_ends_with_4(
    tmp_path: Path, trust: TrustStore, files: dict[int, Path], now: datetime
) -> None:
    answer = commands.passport_verify(tmp_path / "sod", {}, trust, now)

    assert answer.exit_code == 4
    assert answer.json["overall"] == "not_done"
    assert answer.json["checks"] == {
        "sod_signature": "passed",
        "signer_chain": "passed",
        "data_groups": {"1": "not_done", "2": "not_done", "14": "not_done"},
    }


def test_an_empty_trust_store_is_undecided_and_ends_with_4(
    tmp_path: Path, files: dict[int, Path], now: datetime
) -> None:
    answer = commands.passport_verify(tmp_path / "sod", files, TrustStore(tmp_path / "none"), now)

    assert answer.exit_code == 4
    assert answer.json["overall"] == "undecided"
    assert {"code": "PA-CHAIN-03", "result": "undecided"} in answer.json["findings"]  # type: ignore[operator]
    assert not (tmp_path / "none").exists()


def test_an_altered_group_ends_with_1(
    tmp_path: Path, trust: TrustStore, files: dict[int, Path], now: datetime
) -> None:
    files[2].write_bytes(b"u\x03TWO")

    answer = commands.passport_verify(tmp_path / "sod", files, trust, now)

    assert answer.exit_code == 1
    assert answer.json["overall"] == "failed"


def test_what_is_no_security_object_ends_with_1(tmp_path: Path, trust: TrustStore) -> None:
    (tmp_path / "sod").write_bytes(b"something else")

    answer = commands.passport_verify(tmp_path / "sod", {}, trust, NOW)

    assert answer.exit_code == 1
    assert answer.json["checks"] == {
        "sod_signature": "failed",
        "signer_chain": "not_done",
        "data_groups": {},
    }


def test_a_missing_file_is_a_trouble(tmp_path: Path, trust: TrustStore) -> None:
    with pytest.raises(trust_troubles.FileUnavailable):
        commands.passport_verify(tmp_path / "gone", {}, trust, NOW)

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


def test_import_and_list_say_the_same(tmp_path: Path, country: TrainingCsca, now: datetime) -> None:
    file = tmp_path / "country.cer"
    file.write_bytes(country.country.certificate)

    imported = commands.trust_import(file, None, TrustStore(tmp_path / "trust"), now)
    listed = commands.trust_list(TrustStore(tmp_path / "trust"), now)

    assert imported.exit_code == listed.exit_code == 0
    assert (imported.json["read"], imported.json["usable"]) == (1, 1)
    assert imported.json["unusable"] == []
    assert listed.json["anchors"] == 1
    assert json.dumps(listed.json)
    assert "Training CSCA" in imported.text
    assert "Training CSCA" in listed.text


def test_an_empty_store_lists_nothing(tmp_path: Path) -> None:
    answer = commands.trust_list(TrustStore(tmp_path), NOW)

    assert answer.json == {"anchors": 0, "sources": []}


def test_the_published_list_by_command(shared_data: Path, tmp_path: Path, now: datetime) -> None:
    (file,) = shared_data.glob("DE_ML_*.ml")

    answer = commands.trust_import(
        file, shared_data / "DE_ROOT_CA_CSCA07.cer", TrustStore(tmp_path / "trust"), now
    )

    assert answer.json["read"] == 588
    assert answer.json["usable"] == 580
    assert answer.json["countries"] == 112
    assert answer.json["age_days"] == 178
    assert len(answer.json["unusable"]) == 8  # type: ignore[arg-type]
    assert len(answer.text.splitlines()) == 9

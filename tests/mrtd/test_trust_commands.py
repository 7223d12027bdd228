"""desk.mrtd.trust_commands: `desk trust import|list|remove` for machines and for shells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk import cli
from desk.mrtd import trust_commands, trust_troubles
from desk.mrtd.trust import TrustStore
from desk.training import csca, csca_lists
from desk.training.csca import TrainingCsca

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "trust")


@pytest.fixture
def country_file(tmp_path: Path, country: TrainingCsca) -> Path:
    file = tmp_path / "files" / "country.cer"
    file.parent.mkdir()
    file.write_bytes(country.country.certificate)
    return file


@pytest.fixture
def list_file(country_file: Path, country: TrainingCsca) -> Path:
    file = country_file.with_name("a-list.crl")
    file.write_bytes(csca_lists.revocation_list(country.country, [], NOW - 3 * DAY))
    return file


def test_import_and_list_say_the_same(store: TrustStore, country_file: Path) -> None:
    imported = trust_commands.trust_import([country_file], [], store, NOW)
    listed = trust_commands.trust_list(store, NOW)

    assert imported.exit_code == listed.exit_code == 0
    assert (imported.json["read"], imported.json["usable"]) == (1, 1)
    assert imported.json["unusable"] == imported.json["refused"] == []
    assert listed.json["anchors"] == 1
    assert json.dumps(listed.json)
    assert "Training CSCA" in imported.text
    assert "Training CSCA" in listed.text


def test_an_empty_store_lists_nothing(store: TrustStore) -> None:
    answer = trust_commands.trust_list(store, NOW)

    assert answer.json == {
        "anchors": 0,
        "document_signers": 0,
        "revocation_lists": 0,
        "deviation_lists": 0,
        "sources": [],
    }


def test_a_folder_comes_in_whatever_its_order(store: TrustStore, list_file: Path) -> None:
    """The revocation list stands before the certificate that vouches for it."""
    answer = trust_commands.trust_import([list_file.parent], [], store, NOW)

    assert answer.exit_code == 0
    sources: Any = answer.json["sources"]
    assert [one["kind"] for one in sources] == ["certificate", "revocation_list"]
    assert sources[1]["age_days"] == 3
    assert sources[1]["next_update"] == (NOW + 87 * DAY).isoformat()
    assert not sources[1]["overdue"]


def test_of_several_files_the_refused_are_told_and_the_others_taken(
    store: TrustStore, list_file: Path
) -> None:
    other = list_file.with_name("z-notes.txt")
    other.write_bytes(b"no list at all")

    answer = trust_commands.trust_import([list_file.parent], [], store, NOW)

    assert answer.exit_code == 4
    refused: Any = answer.json["refused"]
    assert [(one["code"], one["subject"]) for one in refused] == [("TRUST-01", "z-notes.txt")]
    assert "TRUST-01" in answer.text
    assert len(store.contents().sources) == 2


def test_nothing_taken_ends_with_1(store: TrustStore, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"nothing")

    answer = trust_commands.trust_import([tmp_path / "one", tmp_path / "two"], [], store, NOW)

    assert answer.exit_code == 1


def test_a_single_refused_file_is_a_trouble(store: TrustStore, tmp_path: Path) -> None:
    with pytest.raises(trust_troubles.FileUnavailable):
        trust_commands.trust_import([tmp_path / "gone"], [], store, NOW)


def test_what_is_removed_is_asked_no_more(store: TrustStore, list_file: Path) -> None:
    trust_commands.trust_import([list_file.parent], [], store, NOW)
    sources: Any = trust_commands.trust_list(store, NOW).json["sources"]
    name, hanging = sources[0]["name"], sources[1]["name"]

    answer = trust_commands.trust_remove(name, store, NOW)

    assert answer.exit_code == 0
    assert answer.json["removed"] == 1
    assert answer.json["voucher_missing"] == [hanging]
    left: Any = trust_commands.trust_list(store, NOW).json["sources"]
    assert [(one["name"], one["voucher_missing"]) for one in left] == [(hanging, True)]
    assert len(store.anchors()) == 0
    with pytest.raises(trust_troubles.SourceUnknown):
        trust_commands.trust_remove(name, store, NOW)


def test_the_published_list_by_command(shared_data: Path, store: TrustStore, now: datetime) -> None:
    (file,) = shared_data.glob("DE_ML_*.ml")

    answer = trust_commands.trust_import(
        [file], [shared_data / "DE_ROOT_CA_CSCA07.cer"], store, now
    )

    assert answer.json["read"] == 588
    assert answer.json["usable"] == 580
    assert answer.json["countries"] == 112
    assert answer.json["age_days"] == 178
    assert len(answer.json["unusable"]) == 8  # type: ignore[arg-type]
    assert len(answer.text.splitlines()) == 9


def test_the_commands_without_a_window(
    tmp_path: Path, list_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home")]

    assert cli.main([*home, "trust", "import", "--json", str(list_file.parent)]) == 0
    imported = json.loads(capsys.readouterr().out)
    assert cli.main([*home, "trust", "list"]) == 0
    listed = capsys.readouterr().out
    name = imported["sources"][1]["name"]
    assert cli.main([*home, "trust", "remove", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == name
    assert cli.main([*home, "trust", "remove", name]) == cli.EXIT_TROUBLE

    assert name in listed
    assert "TRUST-12" in capsys.readouterr().err


def test_document_signers_are_counted(
    store: TrustStore, country_file: Path, country: TrainingCsca
) -> None:
    signer = country_file.with_name("signer.cer")
    signer.write_bytes(country.signer.certificate)

    imported = trust_commands.trust_import([country_file.parent], [], store, NOW)
    listed = trust_commands.trust_list(store, NOW)

    assert imported.exit_code == 0
    assert listed.json["document_signers"] == 1
    assert "1 document signers" in listed.text


def test_lists_by_certificates_from_lists_only_when_asked(
    store: TrustStore, tmp_path: Path, country: TrainingCsca
) -> None:
    """Who is trusted for passports does not thereby vouch for other countries."""
    publisher = csca.create(NOW, seed=b"publisher", name="Publisher CSCA").country
    other = csca.create(NOW, seed=b"third", name="Third CSCA").country
    root, first, second = tmp_path / "root", tmp_path / "first", tmp_path / "second"
    root.write_bytes(publisher.certificate)
    listed = [country.country.certificate]
    first.write_bytes(csca_lists.master_list(publisher, listed, NOW, NOW - DAY))
    second.write_bytes(csca_lists.master_list(country.country, [other.certificate], NOW, NOW - DAY))
    trust_commands.trust_import([first], [root], store, NOW)

    with pytest.raises(trust_troubles.RootMissing):
        trust_commands.trust_import([second], [], store, NOW)

    answer = trust_commands.trust_import([second], [], store, NOW, by_listed=True)
    assert answer.json["usable"] == 1
    assert len(store.anchors()) == 2

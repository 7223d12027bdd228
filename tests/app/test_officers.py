"""`desk records import-officers`, as a person and as a machine would run it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.app.home import Home
from desk.cli import EXIT_TROUBLE, main
from desk.training.authority import TrainingAuthority
from desk.training.officers import PEOPLE, officers_of, sign_list

OFFICERS = officers_of("LA", [f"{number:064x}" for number in range(1, len(PEOPLE) + 1)])


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(datetime.now(UTC), ())


@pytest.fixture
def home(tmp_path: Path, authority: TrainingAuthority) -> Home:
    """A post's home as it is after the certificates have come, without records."""
    home = Home.make(tmp_path / "home")
    folder = home.folder / "authority"
    folder.mkdir()
    (folder / "officer-root.pem").write_bytes(authority.officer_root_pem)
    return home


def sent(home: Home, authority: TrainingAuthority, number: int) -> Path:
    file = home.folder / f"from-seoul-{number}.jws"
    file.write_text(sign_list(authority.list_signer, OFFICERS, number, datetime.now(UTC)))
    return file


def run(home: Home, *arguments: str) -> int:
    return main(["--home", str(home.folder), "records", "import-officers", *arguments])


def test_a_list_comes_into_place_without_records_or_card(
    home: Home, authority: TrainingAuthority, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, str(sent(home, authority, 4))) == 0

    assert capsys.readouterr().out.startswith("List 4 is in place: 5 of LA, until 20")
    assert (home.folder / "officers.jws").exists() and not home.records.exists()


def test_a_machine_reads_what_was_replaced(
    home: Home, authority: TrainingAuthority, capsys: pytest.CaptureFixture[str]
) -> None:
    run(home, str(sent(home, authority, 4)))
    capsys.readouterr()

    run(home, str(sent(home, authority, 5)), "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["number"], told["replaced"], told["changed"]) == (5, 4, True)
    assert (told["officers"], told["post"]) == (5, "LA")

    run(home, str(home.folder / "from-seoul-5.jws"), "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["replaced"], told["changed"]) == (None, False)


def test_a_refused_list_ends_with_its_code(
    home: Home, authority: TrainingAuthority, capsys: pytest.CaptureFixture[str]
) -> None:
    run(home, str(sent(home, authority, 4)))

    assert run(home, str(sent(home, authority, 3)), "--json") == EXIT_TROUBLE
    assert json.loads(capsys.readouterr().err)["code"] == "OFFICER-07"

    (home.folder / "authority" / "officer-root.pem").unlink()
    assert run(home, str(sent(home, authority, 6))) == EXIT_TROUBLE
    assert capsys.readouterr().err.startswith("OFFICER-05")


def test_a_live_list_does_not_reach_the_rehearsal(
    home: Home, authority: TrainingAuthority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rehearsal's home has roots of its own."""
    assert run(home, str(sent(home, authority, 4)), "--training") == EXIT_TROUBLE
    assert capsys.readouterr().err.startswith("OFFICER-05")

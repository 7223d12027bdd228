"""A post's own records, begun and opened at a shell with cards in two readers of the machine."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk import cli
from desk.app.home import Home
from desk.cards.piv_data import Slot
from desk.issuance.officers import Officer
from desk.issuance.roles import Role
from desk.training.authority import OfficerCard, TrainingAuthority
from desk.training.officers import sign_list
from desk.training.piv_card import PivCard
from tests.cards.issue import PIN
from tests.cards.test_token import OPENSC, existing
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]

Run = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def authority() -> TrainingAuthority:
    return TrainingAuthority.create(datetime.now(UTC), ("head", "recovery"))


def plastic(made: OfficerCard) -> PivCard:
    return PivCard(
        {Slot(slot): pair.private for slot, pair in made.slots.items()},
        {Slot(slot): pair.der for slot, pair in made.slots.items()},
        pin=PIN,
    )


@pytest.fixture
def home(tmp_path: Path, authority: TrainingAuthority) -> Home:
    """A post's home as the ministry sets it up: roots, and a list that names one card."""
    home = Home.make(tmp_path / "home")
    folder = home.folder / "authority"
    folder.mkdir()
    (folder / "officer-root.pem").write_bytes(authority.officer_root_pem)
    (folder / "iaca-certificate.pem").write_bytes(authority.iaca_pem)
    card = hashlib.sha256(authority.officers[0].slots[Slot.AUTHENTICATION].der).hexdigest()
    head = Officer(
        "LA-004", "박선영", "Park Sunyoung", "총영사", "Consul", Role.HEAD_OF_POST, "LA", card
    )
    listed = sign_list(authority.list_signer, [head], 1, datetime.now(UTC))
    (home.folder / "officers.jws").write_text(listed)
    return home


@pytest.fixture
def run(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*arguments: str, pins: tuple[str, ...] = (PIN,)) -> tuple[int, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{pin}\n" for pin in pins)))
        status = cli.main(["--home", str(home.folder), "records", *arguments, "--json"])
        said = capsys.readouterr()
        told = [line for line in said.err.splitlines() if line.startswith("{")]
        return status, json.loads(told[-1] if status == cli.EXIT_TROUBLE else said.out)

    return run


def test_a_post_begins_its_records_and_opens_them_by_card_or_through_a_module(
    home: Home, run: Run, pcscd: PcscService, authority: TrainingAuthority
) -> None:
    """Officer's card left, recovery card right; afterwards the officer's alone, by its own
    commands and by another maker's module."""
    officer, recovery = map(plastic, authority.officers)
    with pcscd.slot(0) as left, pcscd.slot(1) as right:
        readers = ("--reader", left.lay(officer), "--new-reader", right.lay(recovery))
        status, answer = run("begin", *readers, pins=(PIN, PIN))
        assert status == 0
        assert [one["kind"] for one in answer["cards"]] == ["officer", "recovery"]

        right.pull()
        refused = run("import-register", "none.csv")
        assert (refused[0], refused[1]["code"]) == (1, "REG-01"), "opened, then the file"
        module = existing(OPENSC)
        (home.folder / "settings.toml").write_text(f'[readers]\nmodule = "{module}"\n')
        refused = run("import-register", "none.csv")
        assert (refused[0], refused[1]["code"]) == (1, "REG-01")

        left.pull()
        left.lay(recovery)
        assert run("import-register", "none.csv")[1]["code"] == "OFFICER-01"
    assert officer.pin_tries == recovery.pin_tries == 3

"""`desk doctor` as a person at a shell meets it: with nothing there, and beside an open desk."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk import cli
from desk.app.home import Home
from desk.app.rehearsal import Rehearsal, officer_card, open_rehearsal
from desk.cards import pcsc
from desk.counter.settings import load_settings
from desk.enrollment.trouble import KeyFileUnsafe
from tests.pcscd import PcscService, pcscd, pcscd_host, wait_until

__all__ = ["pcscd", "pcscd_host"]


class Stranger:
    """A card that answers and has no application."""

    atr = bytes.fromhex("3B8080010101")

    def transmit(self, apdu: bytes) -> bytes:
        return b"\x6a\x82"

    def reset(self) -> None:
        """Nothing is remembered."""


def run(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = cli.main(["--home", str(home), "doctor", *arguments])
    return status, capsys.readouterr().out


def facts(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status, out = run(home, capsys, "--json")
    return status, json.loads(out)


def codes(answer: dict[str, Any]) -> dict[str, str]:
    return {one["part"]: one.get("code", one["state"]) for one in answer["checks"]}


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://desk@/records?host=/nowhere", "STORE-31"),
        ("postgresql://desk@db.example/records?sslmode=disable", "STORE-34"),
        ("postgresql://desk:word@db.example/records", "STORE-38"),
    ],
)
def test_shared_records_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str, code: str
) -> None:
    """Told before anybody tries to sign in, and red: nobody would get in. The address itself
    is told to nobody."""
    home = Home.make(tmp_path / "home")
    home.settings.write_text(f'[records]\ndatabase = "{address}"\n', encoding="utf-8")

    status, answer = facts(home.folder, capsys)

    assert status == 1
    (check,) = (one for one in answer["checks"] if one["part"] == "records_cards")
    assert (check["state"], check["code"]) == ("unusable", code)
    assert address not in json.dumps(answer)


def test_an_empty_home_with_the_service_stopped(
    pcscd: PcscService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every part has its answer; nothing is made but the folder; the status says unusable."""
    pcscd.stop()
    home = tmp_path / "home"

    status, answer = facts(home, capsys)

    assert status == 1
    found = codes(answer)
    assert found["card_service"] == "READER-01"
    assert found["officer_card"] == "not_done"
    assert found["enrollment_service"] == "CHECK-01"
    assert found["register"] == "CHECK-02"
    assert found["trust_list"] == "TRUST-31"
    assert found["disk"] == "ready"
    assert answer["officer_card"]["questions"]["service"] == "no"
    assert list(home.iterdir()) == []
    assert all(one["next"] for one in answer["checks"] if "code" in one)


def test_a_desk_of_the_ministrys_service_makes_no_key_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that lies at the service is missing here. It was said to come with the desk, and
    the desk made another, which no service knows."""
    home = Home.make(tmp_path / "home")
    home.settings.write_text('[enrollment]\nurl = "https://issue.example"\n', encoding="utf-8")

    with pytest.raises(KeyFileUnsafe) as refused:
        open_rehearsal(home, settings=load_settings(home.settings), whole=False)

    assert codes(facts(home.folder, capsys)[1])["enrollment_service"] == "ENROLL-13"
    assert refused.value.facts["reason"] == "missing"
    assert not home.station_key.exists()
    assert not home.training.station_key.exists()


def test_it_speaks_both_languages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The house's words, each trouble with its one next step and its code."""
    korean = run(tmp_path / "home", capsys, "--language", "ko")[1]
    english = run(tmp_path / "home", capsys)[1]

    assert "미실시 · 발급 서비스" in korean
    assert "Not done · Enrollment service" in english
    for text in (korean, english):
        lines = text.splitlines()
        told = [n for n, line in enumerate(lines) if line.startswith("    CHECK-01: ")]
        assert len(told) == 1
        assert lines[told[0] + 1].startswith("    -> ")


def test_the_help_names_every_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["doctor", "--help"])

    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "0 every part is ready, 1 a part is unusable, 4 a part wants attention" in text


@pytest.fixture
def rehearsal(pcscd: PcscService, tmp_path: Path) -> Iterator[Rehearsal]:
    """An open desk whose chips lie behind the machine's smartcard service."""
    wait_until(lambda: len(pcsc.readers()) == 2, "virtual readers")
    rehearsal = open_rehearsal(Home.make(tmp_path / "home"), pcsc=pcscd.ports)
    yield rehearsal
    rehearsal.close()


def test_beside_an_open_desk_everything_is_asked(
    rehearsal: Rehearsal,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The running service answers, the card shows its certificates; a reader held by another
    program, a stranger's card and an empty reader are told apart. Of the records nothing is
    said: no other process opens them without a card and its PIN."""
    home = rehearsal.station.home
    rehearsal.bench.insert_card(officer_card(rehearsal))

    status, answer = facts(home, capsys)

    assert status == 4, "no camera or printer is connected to a test"
    found = codes(answer)
    assert {part for part, said in found.items() if said == "ready"} >= {
        "card_service",
        "passport_reader",
        "officer_card",
        "enrollment_service",
        "queue",
        "trust_list",
        "revocations",
        "disk",
        "clock",
    }
    assert (found["status_list"], found["register"]) == ("CHECK-02", "CHECK-02")
    assert [one["part"] for one in answer["readers"]] == ["passport", "officer"]
    assert set(answer["officer_card"]["questions"].values()) == {"yes"}

    reader = rehearsal.station.readers.world().readers[1].name
    with pcsc.connect(reader), monkeypatch.context() as patch:
        patch.setattr(pcsc, "HELD_AFTER", 0.05)
        assert codes(facts(home, capsys)[1])["officer_card"] == "READER-06"

    rehearsal.bench.insert_card(Stranger())  # type: ignore[arg-type]
    assert codes(facts(home, capsys)[1])["officer_card"] == "CARD-01"
    rehearsal.bench.pull_card()
    assert codes(facts(home, capsys)[1])["officer_card"] == "READER-04"


def test_settings_that_cannot_be_used_are_a_trouble(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("[checks]\nstatus_hours = 'x'\n", encoding="utf-8")

    assert cli.main(["--home", str(home), "doctor"]) == cli.EXIT_TROUBLE
    assert capsys.readouterr().err.startswith("SETTINGS-01: ")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "saved"), [("y\n", True), ("\n", False), ("n\n", False)])
def test_the_bundle_is_shown_and_a_terminal_is_asked_before_it_is_saved(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    saved: bool,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    file = tmp_path / "support.zip"

    _, out = run(tmp_path / "home", capsys, "--bundle", str(file))

    assert file.exists() is saved
    assert out.index("--- checks.json ---") < out.index("Save it? [y/N]")


def test_a_script_saves_what_it_was_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    file = tmp_path / "support.zip"

    _, out = run(tmp_path / "home", capsys, "--bundle", str(file))

    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            assert archive.read(name).decode().rstrip() in out
        assert json.loads(archive.read("system.json"))["training"] is False


def test_a_bundle_is_no_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(tmp_path / "home", capsys, "--json", "--bundle", str(tmp_path / "x.zip"))

    assert caught.value.code == cli.EXIT_USAGE

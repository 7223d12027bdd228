"""``desk card …`` as a person at a shell meets it, on the training card."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from desk import cli
from desk.app.home import Home
from desk.app.rehearsal import kept_card
from desk.cards.piv_data import Slot
from desk.training.authority import TrainingAuthority
from desk.training.piv_card import TRAINING_MANAGEMENT_KEY, PivCard
from tests.cards.issue import session_with
from tests.pcscd import PcscService, pcscd, pcscd_host

__all__ = ["pcscd", "pcscd_host"]


class Shell:
    """Runs commands in one home; secrets come as lines of standard input."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home, self._monkeypatch, self._capsys = home, monkeypatch, capsys
        self.said = ""

    def run(self, *arguments: str, lines: tuple[str, ...] = ()) -> int:
        self._monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{one}\n" for one in lines)))
        status = cli.main(["--home", str(self.home), *arguments])
        self.out, self.said = self._capsys.readouterr()
        return status

    def answer(self, *arguments: str, lines: tuple[str, ...] = ()) -> dict[str, object]:
        self.run(*arguments, "--json", lines=lines)
        found: dict[str, object] = json.loads(self.out)
        return found

    def card(self) -> PivCard:
        folder = Home.make(self.home).training.folder
        return kept_card(TrainingAuthority.load(folder / "authority"), folder, 0)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    return Shell(tmp_path / "home", monkeypatch, capsys)


def test_status_of_a_good_card(shell: Shell) -> None:
    assert shell.run("card", "status", "--training") == 0
    assert "9C  ready" in shell.out and "revocation not checked" in shell.out
    assert "tries left: 3" in shell.out

    answer = shell.answer("card", "status", "--training", "--officer", "2")
    slots = answer["slots"]
    assert isinstance(slots, list)
    assert [(one["slot"], one["state"]) for one in slots] == [
        ("9A", "ready"),
        ("9C", "ready"),
        ("9D", "ready"),
    ]


@pytest.mark.parametrize(("slot", "key"), [("9C", "P256"), ("9C", "P384"), ("9A", "RSA2048")])
def test_request_certificate_install(shell: Shell, tmp_path: Path, slot: str, key: str) -> None:
    """The whole way: key and request, the authority's answer, the card in use again."""
    request, certificate = str(tmp_path / "request.pem"), str(tmp_path / "certificate.pem")
    where = ("--training", "--slot", slot)
    made = ("card", "request", *where, "--key", key, "--out", request)

    assert shell.run(*made, lines=("123456",)) == cli.EXIT_TROUBLE
    assert "CARD-31" in shell.said
    assert shell.run(*made, "--over-old", lines=("123456",)) == 0
    assert shell.said.startswith("card PIN: 6 to 8 digits; tries left: 3")
    assert shell.run("card", "status", "--training") == 1
    assert f"{slot}  empty" in shell.out
    assert shell.run("rehearse", "sign-request", request, "--out", certificate) == 0
    assert shell.run("card", "install", *where, certificate, lines=("123456",)) == 0
    assert f"{slot}  ready" in shell.out
    assert shell.run("card", "status", "--training") == 0


def test_revoked_card_is_told(shell: Shell, tmp_path: Path) -> None:
    shell.run("card", "status", "--training")
    certificate = tmp_path / "signer.der"
    certificate.write_bytes(session_with(shell.card()).certificate(Slot.SIGNATURE) or b"")
    crl = str(tmp_path / "list.pem")

    assert shell.run("rehearse", "revoke", str(certificate), "--out", crl) == 0
    taken = shell.answer("card", "revocations", "--training", crl)
    assert taken["entries"] == 1
    assert shell.run("card", "status", "--training") == 1
    assert "CARD-22" in shell.out
    assert shell.run("card", "status", "--training", "--officer", "2") == 0
    other_home = ["--home", str(tmp_path / "other"), "card", "revocations", crl]
    assert cli.main(other_home) == cli.EXIT_TROUBLE


def test_pin_is_changed_and_set_anew_by_the_puk(shell: Shell) -> None:
    change = ("card", "change-pin", "--training")

    assert shell.run(*change, lines=("123456", "135790")) == 0
    assert shell.said == "card PIN: 6 to 8 digits; tries left: 3\n"
    for left in (2, 1):
        assert shell.run(*change, lines=("000000", "135790")) == cli.EXIT_TROUBLE
        assert "CARD-02" in shell.said and f"Tries left: {left}" in shell.said
    assert shell.run(*change, lines=("135790", "246813")) == cli.EXIT_TROUBLE
    assert "CARD-03" in shell.said
    assert shell.card().pin_tries == 1
    assert shell.run(*change, "--last-try", lines=("000000", "246813")) == cli.EXIT_TROUBLE
    assert "CARD-05" in shell.said
    unblock = ("card", "unblock", "--training")
    assert shell.run(*unblock, lines=("00000000", "246813")) == cli.EXIT_TROUBLE
    assert "CARD-06" in shell.said
    assert shell.answer(*unblock, lines=("12345678", "246813")) == {"tries_left": 3}
    session_with(shell.card()).verify_pin(bytearray(b"246813"))


def test_missing_secrets_and_files_have_names(shell: Shell, tmp_path: Path) -> None:
    out = str(tmp_path / "none" / "request.pem")
    request = ("card", "request", "--training", "--over-old", "--out")

    assert shell.run("card", "change-pin", "--training") == cli.EXIT_TROUBLE
    assert "CARD-38" in shell.said
    assert shell.run(*request, out, lines=("123456",)) == cli.EXIT_TROUBLE
    assert "CARD-37" in shell.said
    install = ("card", "install", "--training")
    assert shell.run(*install, out, lines=("123456",)) == cli.EXIT_TROUBLE
    assert "CARD-37" in shell.said
    assert shell.run("card", "status", "--training") == 0
    assert shell.run("card", "change-pin", "--training", "--pad") == cli.EXIT_TROUBLE
    assert "CARD-21" in shell.said


def test_card_behind_the_smartcard_service(
    shell: Shell, tmp_path: Path, pcscd: PcscService
) -> None:
    """A blank card in a reader: management key from a file, PIN from standard input."""
    key = tmp_path / "management.key"
    key.write_text(TRAINING_MANAGEMENT_KEY.hex(":") + "\n")
    out = tmp_path / "request.pem"
    with pcscd.slot(1) as slot:
        slot.lay(PivCard(pin="246813"))
        made = shell.run(
            *("card", "request", "--management-key", str(key), "--out", str(out)),
            lines=("246813",),
        )
        asked = shell.run("card", "request", "--out", str(out), lines=("246813", "00" * 24))

    assert made == 0 and out.read_bytes().startswith(b"-----BEGIN CERTIFICATE REQUEST")
    assert asked == cli.EXIT_TROUBLE and "CARD-15" in shell.said


def test_no_card_and_no_secret_in_any_answer(shell: Shell, pcscd: PcscService) -> None:
    assert shell.run("card", "status") == cli.EXIT_TROUBLE
    assert "READER-04" in shell.said or "READER-02" in shell.said
    shell.run("card", "change-pin", "--training", lines=("123456", "975310"))
    assert "123456" not in shell.out + shell.said and "975310" not in shell.out + shell.said

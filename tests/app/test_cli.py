"""The commands as a person at a shell meets them: answers, exit statuses, coded troubles."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from desk import cli
from desk.app.rehearsal import TRAINING_PIN
from desk.mrtd import picture_child

HEADER = (
    "overseas_number,name_hangul,surname,given_names,birth_date,sex,nationality,"
    "resident_number,passport_number,post,address,status,status_date,status_reason"
)
GOOD = (
    "LA-2019-004318,김하늘,KIM,HANEUL,1991-03-14,F,KOR,910314-2987654,M123A4567,LA,"
    "1842 Sample Avenue,alive,2019-02-19,"
)


def run(home: Path, *arguments: str) -> int:
    return cli.main(["--home", str(home), *arguments])


def import_register(home: Path, extract: Path, patch: pytest.MonkeyPatch) -> int:
    """With the first training officer's card; its PIN comes on standard input."""
    patch.setattr("sys.stdin", io.StringIO(f"{TRAINING_PIN}\n"))
    return run(home, "records", "import-register", str(extract), "--training", "--json")


def test_a_register_with_bad_lines_is_refused_whole_and_each_line_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line, column and reason; nothing half imported."""
    extract = tmp_path / "register.csv"
    bad = GOOD.replace("1991-03-14", "1991-33-14").replace("LA-2019-004318", "LA-2019-004319")
    extract.write_text("\n".join([HEADER, GOOD, bad]) + "\n", encoding="utf-8")

    status = import_register(tmp_path / "home", extract, monkeypatch)

    answer = json.loads(capsys.readouterr().out)
    assert status == 1
    assert [(line["line"], line["column"]) for line in answer["lines"]] == [(3, "birth_date")]


def test_a_good_register_is_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer counts the entries."""
    extract = tmp_path / "register.csv"
    extract.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")

    status = import_register(tmp_path / "home", extract, monkeypatch)

    assert status == 0
    assert json.loads(capsys.readouterr().out)["imported"] == 1


@pytest.mark.parametrize(
    ("said", "as_of"),
    [
        ("2026-11-20", "2026-11-19T15:00:00+00:00"),
        ("2026-11-20T09:30", "2026-11-20T00:30:00+00:00"),
        ("2026-11-20T09:30+00:00", "2026-11-20T09:30:00+00:00"),
    ],
)
def test_the_time_of_an_extract_is_koreas_unless_it_says_another(said: str, as_of: str) -> None:
    arguments = ["records", "import-register", "register.csv", "--as-of", said]

    assert cli._parser().parse_args(arguments).as_of == datetime.fromisoformat(as_of)


@pytest.mark.parametrize("said", ["yesterday", "2026-11-31", "0001-01-01", "9999-12-31T23:59Z"])
def test_what_is_no_time_of_an_extract_is_said_in_words(
    said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli._parser().parse_args(["records", "import-register", "r.csv", "--as-of", said])

    assert ended.value.code == 2
    assert f"argument --as-of: no time like 2026-11-23T09:00: {said}" in capsys.readouterr().err


def test_a_genuine_security_object_alone_is_not_called_passed(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signature and chain pass; what was not given was not checked, and the whole says so."""
    home, sods = tmp_path / "home", shared_data / "sods"
    master_list = next(shared_data.glob("*.ml"))
    root = next(shared_data.glob("*.cer"))
    assert run(home, "trust", "import", str(master_list), "--signer", str(root), "--json") == 0
    assert json.loads(capsys.readouterr().out)["read"] == 588

    verdicts = {}
    for sod in sorted(sods.glob("*.bin")):
        run(home, "passport", "verify", "--sod", str(sod), "--json")
        verdicts[sod.stem] = json.loads(capsys.readouterr().out)

    for name, verdict in verdicts.items():
        genuine = name.endswith("genuine")
        checks = verdict["checks"]
        assert checks["sod_signature"] == ("passed" if genuine else "failed"), name
        assert checks["signer_chain"] == "passed", name
        assert verdict["overall"] == ("not_done" if genuine else "failed"), name


def test_a_trouble_ends_with_its_code_and_its_own_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there: code, sentence and next step on stderr."""
    status = run(tmp_path / "home", "audit", "verify", str(tmp_path / "none.jsonl"))

    assert status == cli.EXIT_TROUBLE
    assert capsys.readouterr().err.startswith("AUDIT-06: ")


def test_starting_the_command_line_loads_no_window_and_no_database() -> None:
    """The shell's answer must not wait for what the command does not need."""
    import subprocess
    import sys

    code = (
        "import sys, desk.cli; desk.cli._parser();"
        "heavy = {'PySide6', 'sqlalchemy', 'starlette', 'uvicorn', 'numpy', 'cryptography'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--document", "M123A4567"),
        ("--can", "123456", "--mrz", "x"),
        ("--can", "12345"),
        ("--document", "M123A4567", "--birth", "1991-03-14", "--expiry", "x"),
        ("--mrz", "M123A4567"),
    ],
)
def test_a_passport_is_not_looked_for_without_what_opens_it(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong or missing arguments end with 2 and say what is missing, before any reader."""
    with pytest.raises(SystemExit) as caught:
        run(tmp_path / "home", "passport", "read", *arguments)

    assert caught.value.code == cli.EXIT_USAGE
    assert capsys.readouterr().err


@pytest.mark.parametrize("words", [("passport", "read"), ("passport", "verify")])
def test_the_help_names_every_exit_status(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([*words, "--help"])

    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "0 passed, 1 failed, 4 undecided or not done, 2 wrong arguments, 3 trouble" in text


def test_the_program_starts_itself_as_the_process_that_decodes_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package has no interpreter to start a file with; the command takes its place."""
    asked: list[list[str]] = []
    monkeypatch.setattr(picture_child, "main", lambda arguments: asked.append(arguments) or 0)

    assert cli.main(["passport", "decode-picture", "1000", "1"]) == 0
    assert asked == [["1000", "1"]]


def test_what_is_printed_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer may hold what a chip or a directory brought."""
    assert cli._tell("A\x1b[2J\r\n여권\tB", False, 4) == 4

    assert capsys.readouterr().out == "A\ufffd[2J\ufffd\n여권\ufffdB\n"

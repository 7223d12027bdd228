"""The sample unit is what systemd and the service's own command line understand."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import pytest

from desk.enrollment.server import add_arguments

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "installer" / "enrollment" / "desk-enrollment.service"
ANALYZE = shutil.which("systemd-analyze")
SERVER = re.compile(r"^# +((?:--|LoadCredential|ExecStartPre|Environment).*)$", re.MULTILINE)


def files() -> tuple[str, str]:
    """The unit as it stands, and changed as its first lines say for a database server."""
    plain = UNIT.read_text(encoding="utf-8")
    told = SERVER.findall(plain)
    options = [line for line in told if line.startswith("--")]
    settings = [line for line in told if not line.startswith("--")]
    assert len(options) == 2
    assert len(settings) == 3
    server = plain.replace(
        "    --database ${STATE_DIRECTORY}/mailbox.sqlite \\\n",
        "".join(f"    {line.rstrip(chr(92)).rstrip()} \\\n" for line in options),
    ).replace("ExecStart=", "\n".join(settings) + "\nExecStart=", 1)
    return plain, server


def started_with(unit: str) -> list[str]:
    """The command line of a unit."""
    joined = unit.replace("\\\n", " ")
    (line,) = re.findall(r"^ExecStart=(.*)$", joined, re.MULTILINE)
    return shlex.split(line)


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
@pytest.mark.parametrize("which", [0, 1])
def test_systemd_understands_it(tmp_path: Path, which: int) -> None:
    here = files()[which].replace("/opt/desk/.venv/bin/python", sys.executable)
    unit = tmp_path / UNIT.name
    unit.write_text(here.replace("/opt/desk", str(ROOT)), encoding="utf-8")

    said = subprocess.run(
        [str(ANALYZE), "verify", str(unit)], capture_output=True, text=True, check=False
    )

    assert [line for line in said.stderr.splitlines() if UNIT.name in line] == []
    assert said.returncode == 0


@pytest.mark.parametrize("which", [0, 1])
def test_service_understands_its_command_line(which: int) -> None:
    program, *words = started_with(files()[which])
    parser = ArgumentParser()
    add_arguments(parser)

    args = parser.parse_args(words[4:])

    assert (program, words[:4]) == (
        "/opt/desk/.venv/bin/python",
        ["-m", "desk", "enrollment", "serve"],
    )
    assert args.database.startswith(("${STATE_DIRECTORY}/", "postgresql://"))
    assert args.processes == (1, 4)[which]
    assert args.metrics_port


def test_started_is_what_serves_and_is_started_again_for_ever() -> None:
    settings = files()[0].splitlines()

    assert "Type=notify" in settings
    assert "Restart=always" in settings
    assert "StartLimitIntervalSec=0" in settings


def test_password_file_is_one_that_libpq_reads() -> None:
    """libpq passes over one that a group may read, as systemd's copy may be (mode 0440)."""
    server = files()[1]
    (place,) = re.findall(r"^Environment=PGPASSFILE=(\S+)$", server, re.MULTILINE)
    (copied,) = re.findall(r"^ExecStartPre=\S+ -m 0600 \S+/pgpass (\S+)$", server, re.MULTILINE)

    assert place == "%S/desk-enrollment/pgpass"
    assert copied == "${STATE_DIRECTORY}/pgpass"

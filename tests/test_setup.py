"""installer/setup.sh: which packages are missing, and which Python the environment is made with.

Its functions run as they are; Pythons, uv and apt-get are stand-ins, so nothing is fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[1] / "installer" / "setup.sh"

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None, reason="the set-up runs in bash on Debian"
)

USABLE = f'exec "{sys.executable}" "$@"'
# Too old a Python, and Debian's own without python3-venv: both fail at the question.
UNUSABLE = "exit 1"
# Makes environments whose Python is the one asked for, and notes what it was asked.
UV = """
echo "$@" >>"$0.told"
if [ "$1" = venv ]; then mkdir -p "$5/bin"; ln -s "$4" "$5/bin/python"; fi
"""


class Machine:
    """A machine with its own programs, distribution's Python and checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "checkout"
        self.root.mkdir()
        self.lock = self.root / "requirements.lock"
        self.lock.write_text("a==1\n")
        self.venv = self.root / ".venv"
        self.uv = self.program("path/uv", UV)

    def program(self, name: str, script: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return file

    def call(self, function: str) -> subprocess.CompletedProcess[str]:
        script = (
            f'. "{SETUP}"; root="{self.root}"; venv="{self.venv}"; '
            f'distribution_python="{self.folder}/distribution/python3"; '
            f'PATH="{self.folder}/path:/usr/bin:/bin"; {function}'
        )
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    def set_up(self) -> list[str]:
        """Run the step that installs the environment; what uv was asked meanwhile."""
        told = Path(f"{self.uv}.told")
        told.unlink(missing_ok=True)
        done = self.call("install_environment")
        assert done.returncode == 0, done.stderr
        return [line.split()[0] for line in told.read_text().splitlines()] if told.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_distributions_python_goes_before_the_paths(machine: Machine) -> None:
    own = machine.program("distribution/python3", USABLE)
    machine.program("path/python3.13", USABLE)

    assert machine.call("find_python").stdout.strip() == str(own)


@pytest.mark.parametrize("present", [True, False])
def test_the_paths_newest_where_the_distributions_does_not_serve(
    machine: Machine, present: bool
) -> None:
    if present:
        machine.program("distribution/python3", UNUSABLE)
    machine.program("path/python3.13", UNUSABLE)
    usable = machine.program("path/python3.12", USABLE)
    machine.program("path/python3.11", USABLE)

    assert machine.call("find_python").stdout.strip() == str(usable)


def test_no_python_serves(machine: Machine) -> None:
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        machine.program(f"path/{name}", UNUSABLE)

    done = machine.call("find_python")

    assert done.returncode == 1
    assert "no Python 3.11 or newer with venv was found" in done.stderr


def test_an_environment_is_made_once(machine: Machine) -> None:
    machine.program("distribution/python3", USABLE)

    assert machine.set_up() == ["venv", "pip"]
    assert machine.set_up() == []


def test_a_new_lock_is_installed_into_the_environment(machine: Machine) -> None:
    machine.program("distribution/python3", USABLE)
    machine.set_up()
    machine.lock.write_text("a==2\n")

    assert machine.set_up() == ["pip"]
    assert machine.set_up() == []


def test_a_better_python_takes_over_with_the_next_lock_only(machine: Machine) -> None:
    machine.program("path/python3.13", elsewhere(machine, "elsewhere/python"))
    machine.set_up()
    machine.program("distribution/python3", USABLE)

    assert machine.set_up() == []
    machine.lock.write_text("a==2\n")
    assert machine.set_up() == ["venv", "pip"]
    assert (machine.venv / "bin" / "python").resolve() == machine.folder / "distribution/python3"


@pytest.mark.parametrize("script", [UNUSABLE, None])
def test_an_environment_whose_python_is_gone_is_made_anew(
    machine: Machine, script: str | None
) -> None:
    own = machine.program("distribution/python3", USABLE)
    machine.set_up()
    # What an upgrade leaves: a Python behind the link without packages, or none at all.
    own.unlink()
    if script is not None:
        machine.program("distribution/python3", script)
    machine.program("path/python3.13", USABLE)

    assert machine.set_up() == ["venv", "pip"]
    assert machine.set_up() == []


# As dpkg-query tells it on Debian 13; the last was removed and left its settings behind.
PACKAGES = """
[ "$*" = "-W -f=\\${db:Status-Status}, \\${Package}, \\${Provides}\\n" ] || exit 1
echo "installed, pcscd, "
echo "installed, libcups2t64, libcups2 (= 2.4.10-3+deb13u2)"
echo "installed, libgl1, libgl1-nonfree, libgl1:any (= 1.7.0-1)"
echo "config-files, nginx, httpd"
"""


@pytest.mark.parametrize(
    ("needed", "missing"),
    [
        (["pcscd", "libgl1"], []),
        # Provided by a package of another name, as Debian 13 has it.
        (["libcups2"], []),
        (["pcscd", "nginx", "libcups2", "libcups"], ["nginx", "libcups"]),
        (["httpd"], ["httpd"]),
    ],
)
def test_only_packages_that_nothing_provides_are_fetched(
    machine: Machine, needed: list[str], missing: list[str]
) -> None:
    machine.program("path/dpkg-query", PACKAGES)

    done = machine.call(f'as_root() {{ echo "$@"; }}; install_packages {" ".join(needed)}')

    assert done.returncode == 0, done.stderr
    if not missing:
        assert done.stderr == ""
        return
    assert done.stderr == f"desk: installing system packages: {' '.join(missing)}\n"


def test_a_git_from_elsewhere_serves(machine: Machine) -> None:
    machine.program("path/dpkg-query", PACKAGES)
    machine.program("path/git", "exit 0")

    assert machine.call("install_packages git").stderr == ""


def elsewhere(machine: Machine, place: str) -> str:
    """A usable Python that says of itself that it lies at ``place``."""
    saying = f'import sys; sys._base_executable = "{machine.folder / place}"'
    return (
        f'[ "$1" = -c ] || exit 1\nexec "{sys.executable}" -c "$(printf \'%s\\n%s\' '
        f'\'{saying}\' "$2")"'
    )

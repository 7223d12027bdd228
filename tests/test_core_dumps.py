"""A desk that falls leaves no memory on a disk; the service's is in ``enrollment.test_process``."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_no_command_of_the_desk_leaves_one() -> None:
    """Also where whoever started it allows them; and one that starts another does not fail."""
    program = """
import resource
from desk.cli import main
soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
try:
    main(["--version"])
except SystemExit:
    pass
try:
    main(["--version"])
except SystemExit:
    print(*resource.getrlimit(resource.RLIMIT_CORE))
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert said.stdout.splitlines()[-1] in ("1 1", "0 0")

"""A desk that falls leaves no memory on a disk; the service's is in ``enrollment.test_process``."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_no_command_of_the_desk_leaves_one() -> None:
    """Also where whoever started it allows them; and one that starts another does not fail."""
    import resource

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

    most = 0 if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 else 1
    assert said.stdout.splitlines()[-1] == f"{most} {most}"

"""Runs targets, each in a process of its own, and tells what broke.

    python -m tests.fuzz NAME|all|list [--minutes 10] [--folder out/fuzz]

Ends with 1 where any input crashed, hung or took too much. The inputs and their reports
are in ``FOLDER/NAME/crashes``; ``tests/fuzz/found`` is where they go when mended.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

_UNITS = re.compile(r"number_of_executed_units:\s*(\d+)")


def main() -> int:
    arguments = _arguments()
    from tests.fuzz.targets import TARGETS

    if arguments.name == "list":
        sys.stdout.write("\n".join(TARGETS) + "\n")
        return 0
    names = list(TARGETS) if arguments.name == "all" else [arguments.name]
    if not set(names) <= set(TARGETS):
        sys.stderr.write(f"no target {arguments.name}; there are {', '.join(TARGETS)}\n")
        return 2
    seconds = max(1, int(arguments.minutes * 60))
    return max(_run(name, seconds, arguments.folder / name) for name in names)


def _run(name: str, seconds: int, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    begun, log = time.monotonic(), folder / "log.txt"
    command = [sys.executable, "-m", "tests.fuzz.engine", name, str(seconds), str(folder)]
    with log.open("w") as out:
        status = subprocess.run(command, stdout=out, stderr=out, check=False).returncode
    crashes = len([*(folder / "crashes").glob("*.bin"), *(folder / "crashes").glob("*-*")])
    units = _UNITS.search(log.read_text(errors="replace"))
    sys.stdout.write(
        f"{name}: {units[1] if units else '?'} inputs in {time.monotonic() - begun:.0f} s"
        f"{_spent()}, {crashes} crashes, status {status}\n"
    )
    sys.stdout.flush()
    return int(bool(crashes or status))


def _spent() -> str:
    """Processor time of all runs so far: a busy machine gives a run little of its minutes."""
    if sys.platform == "win32":
        return ""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return f" ({used.ru_utime + used.ru_stime:.0f} s of processor so far)"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("name", help="a target, all, or list")
    parser.add_argument("--minutes", type=float, default=10, help="for each target")
    parser.add_argument("--folder", type=Path, default=Path("out/fuzz"), help="corpus and crashes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

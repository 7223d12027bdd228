"""Wallets of other people (npm) as processes: one JSON line asks, one answers.

Run `npm install` in tests/enrollment/node once; without it the tests that need them skip.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

FOLDER = Path(__file__).parent / "node"


def node_version() -> int:
    """The major version of this machine's Node; 0 without one."""
    node = shutil.which("node")
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.removeprefix("v").partition(".")[0])


class ForeignWallet:
    """One wallet program; it keeps what it obtained until it ends."""

    def __init__(self, program: str, *files: Path) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not installed")
        if not (FOLDER / "node_modules").is_dir():
            pytest.skip("npm install was not run in tests/enrollment/node")
        self._process = subprocess.Popen(
            [node, program, *map(str, files)],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def start(self, task: str, **given: Any) -> None:
        """Ask without waiting; :meth:`said` gives the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"task": task, **given}) + "\n")
        self._process.stdin.flush()

    def said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the wallet ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, task: str, **given: Any) -> dict[str, Any]:
        """The answer to a task; fails where the wallet met an error."""
        answer = self.refused(task, **given)
        assert "error" not in answer, answer["error"]
        return answer

    def refused(self, task: str, **given: Any) -> dict[str, Any]:
        """The answer to a task that may fail."""
        self.start(task, **given)
        return self.said()


def pem_file(path: Path, der: bytes) -> Path:
    path.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    return path

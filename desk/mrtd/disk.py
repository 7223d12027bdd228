"""Files of the trust store: read whole, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from desk.mrtd.trust_troubles import FileUnavailable


def read_file(path: Path) -> bytes:
    """Raises FileUnavailable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnavailable(path.name, error.strerror or type(error).__name__) from error


def write_file(path: Path, text: str) -> None:
    """Whole or not at all, also through a crash or a full disk. Raises FileUnavailable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacement(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise FileUnavailable(path.name, error.strerror or type(error).__name__) from error


@contextlib.contextmanager
def _replacement(path: Path) -> Any:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

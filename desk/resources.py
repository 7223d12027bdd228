"""Where the files lie that a person may edit: ``resources/`` beside the package."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent / "resources"


def resource(*parts: str) -> Path:
    """The path of a file or folder below ``resources/``."""
    return _ROOT.joinpath(*parts)

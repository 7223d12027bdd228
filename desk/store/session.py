"""The type of an open transaction, for whoever hands one on and speaks no SQL."""

from __future__ import annotations

from sqlalchemy.orm import Session

__all__ = ["Session"]

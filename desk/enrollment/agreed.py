"""What the service and the desk's link have agreed upon."""

from __future__ import annotations

from datetime import UTC, datetime

# Longer than any proxy lets a silent call stand.
LONGEST_POLL = 30.0
LANDING_PATH = "get"


def utc_now() -> datetime:
    return datetime.now(UTC)

"""What the service and the desk's link, and the service's processes, have agreed upon."""

from __future__ import annotations

from datetime import UTC, datetime

# Longer than any proxy lets a silent call stand.
LONGEST_POLL = 30.0
LANDING_PATH = "get"
OFFER_SCHEME, HAIP_SCHEME = "openid-credential-offer://", "haip-vci://"
JSON, JWT = "application/json", "application/jwt"
SEALED = "application/octet-stream"
"""Of an answer that is sealed to the phone's token; an encrypted one is a JWT."""


def utc_now() -> datetime:
    return datetime.now(UTC)

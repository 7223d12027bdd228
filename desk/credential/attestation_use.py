"""What an operator may choose of key attestations; by itself, because the command line names
it before anything heavy is loaded."""

from __future__ import annotations

from enum import StrEnum

LEVELS = ("iso_18045_high", "iso_18045_moderate", "iso_18045_enhanced-basic", "iso_18045_basic")
"""Resistance against attacks, the highest first (OpenID4VCI 1.0, annex D.2)."""


class AttestationUse(StrEnum):
    """Not read at all, checked where a wallet brings one, or demanded."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"

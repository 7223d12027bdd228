"""What the operator of a service decides about the protocol; each choice is one option of
``serve``."""

from __future__ import annotations

from enum import StrEnum


class Demand(StrEnum):
    """How far a part of the protocol is used: not at all, where the wallet can, or always."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"

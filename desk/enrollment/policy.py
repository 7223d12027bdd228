"""What the operator of a service decides about the protocol; each choice is one option of
``serve``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Demand(StrEnum):
    """How far a part of the protocol is used: not at all, where the wallet can, or always."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True)
class Allowance:
    """``burst`` requests at once, and ``per_minute`` more; 0: without a limit."""

    burst: int
    per_minute: int


# A post's phones may share one address; an issuance is about ten requests.
AN_ADDRESS = Allowance(300, 300)
# A deferred credential is asked for every two seconds.
AN_OFFER = Allowance(120, 120)

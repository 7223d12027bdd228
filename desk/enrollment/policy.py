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


class Quirk(StrEnum):
    """Ways of wallets in the field that the standard does not ask for, each with who needs it."""

    SHARED_NONCE = "shared-nonce"
    """One nonce serves each configuration of an offer once: Credo 0.6.3 asks for one nonce a
    run, and would fail with the second format. Never two phones, nor one format twice."""
    NOTIFY_DEFERRED = "notify-deferred"
    """A notification_id with deferred credentials too, as section 9.2 allows: @openid4vc/openid4vci
    up to 0.5.1, and Credo 0.6.3 with it, refuse such an answer."""
    DRAFT_15_ENCRYPTION = "draft-15-encryption"
    """The answer's ``alg`` beside its ``jwk``, in a request that is not encrypted: Credo 0.5's
    alphas speak draft 15, which knew no request encryption. Whoever stands between phone and
    service could put a key of his own in."""


KNOWN_QUIRKS = frozenset({Quirk.SHARED_NONCE})
"""Those that are right for most wallets and cost nothing."""


@dataclass(frozen=True)
class Allowance:
    """``burst`` requests at once, and ``per_minute`` more; 0: without a limit."""

    burst: int
    per_minute: int


# A post's phones may share one address; an issuance is about ten requests.
AN_ADDRESS = Allowance(300, 300)
# A deferred credential is asked for every two seconds.
AN_OFFER = Allowance(120, 120)

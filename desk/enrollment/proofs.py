"""The key proofs of a credential request, taken in: OpenID4VCI 1.0 section 8.2, appendix F.

The desk verifies every proof again by itself; what is refused here would only waste the
officer's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desk.credential.keys import DeviceKey
from desk.credential.proof import ATTESTATION_PROOF, JWT_PROOF, Proof, verify_proofs
from desk.credential.troubles import CredentialTrouble, NonceStale, ProofRefused
from desk.enrollment.nonces import is_own_nonce
from desk.enrollment.service import ServiceSettings
from desk.enrollment.wire import Refusal

_LONGEST_PROOF = 16 * 1024


@dataclass(frozen=True)
class PresentedKeys:
    """Checked proofs of one request: each with another key, all with the same nonce."""

    proof_type: str
    proofs: tuple[str, ...]
    thumbprints: tuple[str, ...]
    nonce: str


def take_in(
    body: Mapping[str, Any], settings: ServiceSettings, nonce_key: bytes, now: datetime
) -> PresentedKeys:
    """Check the ``proofs`` member; raises Refusal (invalid_proof, invalid_nonce)."""
    kind, jwts = _proofs(body.get("proofs"), settings.batch_size)
    proofs = [_apart(jwt) for jwt in jwts]
    nonces = {_nonce_of(proof) for proof in proofs}
    own = all(is_own_nonce(nonce_key, nonce, now) for nonce in nonces)
    if len(nonces) > 1:
        # 8.3.1.2: where each is good by itself, fetching new ones would not help.
        raise _invalid("use one nonce for all proofs of a request") if own else _foreign_nonce()
    nonce = nonces.pop()
    found = _keys_of(kind, proofs, settings, nonce, now)
    if not own:
        raise _foreign_nonce()
    return PresentedKeys(kind, jwts, tuple(key.thumbprint for key in found), nonce)


def _proofs(member: object, batch_size: int) -> tuple[str, tuple[str, ...]]:
    """The proof type and its proofs, each a text of moderate length."""
    if not isinstance(member, dict) or len(member) != 1:
        raise _invalid("proofs must be an object with exactly one member")
    ((kind, jwts),) = member.items()
    if kind not in (JWT_PROOF, ATTESTATION_PROOF):
        raise _invalid("proof type is not supported")
    if not isinstance(jwts, list) or not jwts:
        raise _invalid("proofs must hold a non-empty array")
    if len(jwts) > batch_size:
        raise _invalid("more proofs than this issuer takes at once")
    if not all(isinstance(jwt, str) and len(jwt) <= _LONGEST_PROOF for jwt in jwts):
        raise _invalid("a proof is not a compact JWT")
    return kind, tuple(jwts)


def _apart(jwt: str) -> Proof:
    try:
        return Proof.parse(jwt)
    except ProofRefused as trouble:
        raise _invalid("a proof cannot be read") from trouble


def _nonce_of(proof: Proof) -> str:
    nonce = proof.claims.get("nonce")
    if not isinstance(nonce, str):
        raise _invalid("a proof without a nonce")
    return nonce


def _keys_of(
    kind: str, proofs: list[Proof], settings: ServiceSettings, nonce: str, now: datetime
) -> tuple[DeviceKey, ...]:
    try:
        return verify_proofs(
            {kind: proofs},
            audience=settings.issuer,
            nonce=nonce,
            now=now,
            most=settings.batch_size,
            attestations=settings.attestations,
        )
    except NonceStale as trouble:
        raise Refusal("invalid_nonce", "an attestation of another nonce") from trouble
    except CredentialTrouble as trouble:
        raise _invalid("a proof does not hold") from trouble


def _foreign_nonce() -> Refusal:
    return Refusal("invalid_nonce", "the nonce is unknown or too old, fetch a new one")


def _invalid(description: str) -> Refusal:
    return Refusal("invalid_proof", description)

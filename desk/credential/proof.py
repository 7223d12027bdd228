"""Verifying a phone's key proofs (OpenID4VCI 1.0, appendix F.1, F.3 and F.4).

The desk does this itself with what the service hands it: a service in wrong hands can
withhold a proof, but not put another key in. That the nonce was fresh and is used once
is left to ``enrollment``; key attestations are read where the policy says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from desk.credential import jose
from desk.credential.attestation import (
    UNREAD,
    Attestation,
    AttestationPolicy,
    verify_attestation,
)
from desk.credential.attestation_use import AttestationUse
from desk.credential.keys import DeviceKey
from desk.credential.troubles import CredentialTrouble, NonceStale, ProofRefused

TYPE = "openid4vci-proof+jwt"
# Phones' clocks are off by minutes; freshness comes from the nonce.
WINDOW = timedelta(minutes=10)
JWT_PROOF, ATTESTATION_PROOF = "jwt", "attestation"
_KEY_HEADERS = ("jwk", "kid", "x5c")


class Proof(NamedTuple):
    """A key proof or key attestation taken apart; nothing of it is verified yet."""

    compact: str
    token: jose.Jws
    claims: Mapping[str, Any]

    @classmethod
    def parse(cls, compact: str) -> Proof:
        """Raises ``ProofRefused``."""
        try:
            token = jose.parse_compact(compact)
            return cls(compact, token, token.claims())
        except CredentialTrouble as trouble:
            raise _refused(trouble) from trouble


def verify_proof(
    jwt: str | Proof,
    *,
    audience: str,
    nonce: str,
    now: datetime,
    window: timedelta = WINDOW,
    attested: Attestation | None = None,
) -> DeviceKey:
    """The key a genuine proof is about, which may have been taken apart already.

    ``audience`` is the credential issuer identifier, compared byte for byte. ``iss`` is
    not looked at: an anonymous wallet should leave it out, and nothing depends on it.
    ``attested`` is the genuine attestation beside it, where that was read: the proof's key
    must be among its keys, and may be named by ``kid`` there. Raises ``ProofRefused``, and
    ``NonceStale`` where only the nonce is another.
    """
    proof = jwt if isinstance(jwt, Proof) else Proof.parse(jwt)
    if proof.token.header.get("typ") != TYPE:
        raise ProofRefused(reason="another token type")
    try:
        key = _header_key(proof.token.header, attested)
        if attested is not None and key not in attested.keys:
            raise ProofRefused(reason="the proof's key is not attested")
        proof.token.verify(key)
        _check_claims(proof.claims, audience, now, window)
    except ProofRefused:
        raise
    except CredentialTrouble as trouble:
        raise _refused(trouble) from trouble
    if proof.claims.get("nonce") != nonce:
        raise NonceStale(reason="another nonce")
    return key


def verify_proofs(
    proofs: Mapping[str, Any],
    *,
    audience: str,
    nonce: str,
    now: datetime,
    most: int = 1,
    attestations: AttestationPolicy = UNREAD,
    of_one_phone: bool = False,
) -> tuple[DeviceKey, ...]:
    """The keys of a credential request's ``proofs`` object, each different, ``most`` at most:
    those that sign proofs, or all that an attestation vouches for. Entries are texts, or a
    ``Proof`` each where they have been taken apart already.

    Each ``jwt`` proof stands alone: whoever hands the request on, and so knows its nonce, can
    lay one of his own beside those of the phone. ``of_one_phone`` leaves the first key and
    those that one attestation names together with it.

    Raises as ``verify_proof`` does.
    """
    if len(proofs) != 1:
        raise ProofRefused(reason="exactly one proof type expected")
    ((kind, entries),) = proofs.items()
    if not isinstance(entries, list) or not 1 <= len(entries) <= most:
        raise ProofRefused(reason="proofs in the allowed number expected")
    if kind == JWT_PROOF:
        keys, together = _jwt_keys(entries, audience, nonce, now, attestations)
    elif kind == ATTESTATION_PROOF and attestations.use is not AttestationUse.OFF:
        keys = together = _attested_keys(entries, nonce, now, attestations)
    else:
        raise ProofRefused(reason="proof type is not supported")
    if len(set(keys)) != len(keys):
        raise ProofRefused(reason="one key stands in several proofs")
    if of_one_phone:
        keys = tuple(key for key in keys if key in together)
    # 8.3: of more keys than may be had at once, fewer credentials are issued.
    return keys[:most]


def _jwt_keys(
    entries: list[Any], audience: str, nonce: str, now: datetime, policy: AttestationPolicy
) -> tuple[tuple[DeviceKey, ...], tuple[DeviceKey, ...]]:
    """F.1: each proof's key; of a single one with an attestation, all that are attested. Then
    those that are known to be of the first one's phone."""
    proofs = [entry if isinstance(entry, Proof) else Proof.parse(entry) for entry in entries]
    attested = [_beside(proof, nonce, now, policy) for proof in proofs]
    keys = tuple(
        verify_proof(proof, audience=audience, nonce=nonce, now=now, attested=attestation)
        for proof, attestation in zip(proofs, attested, strict=True)
    )
    first = attested[0]
    if first is None:
        return keys, keys[:1]
    return (first.keys if len(attested) == 1 else keys), first.keys


def _beside(
    proof: Proof, nonce: str, now: datetime, policy: AttestationPolicy
) -> Attestation | None:
    """The attestation beside a proof; None where it has none and needs none. It comes first,
    because the proof may name one of its keys."""
    attestation = proof.token.header.get("key_attestation")
    unread = attestation is None and policy.use is AttestationUse.OPTIONAL
    if unread or policy.use is AttestationUse.OFF:
        return None
    return verify_attestation(attestation or "", policy, nonce=nonce, now=now, beside_proof=True)


def _attested_keys(
    entries: list[Any], nonce: str, now: datetime, policy: AttestationPolicy
) -> tuple[DeviceKey, ...]:
    """F.3: the attestation alone."""
    if len(entries) != 1:
        raise ProofRefused(reason="exactly one key attestation expected")
    (entry,) = entries
    compact = entry.compact if isinstance(entry, Proof) else entry
    return verify_attestation(compact, policy, nonce=nonce, now=now, beside_proof=False).keys


def _refused(trouble: CredentialTrouble) -> ProofRefused:
    return ProofRefused(reason=str(trouble.facts.get("reason", "")))


def _header_key(header: Mapping[str, Any], attested: Attestation | None) -> DeviceKey:
    named = [name for name in _KEY_HEADERS if name in header]
    if named == ["jwk"]:
        return DeviceKey.from_jwk(header["jwk"])
    if named == ["x5c"]:
        return DeviceKey.from_certificate(jose.x5c(header)[0])
    if named == ["kid"] and attested is not None:
        return attested.named(header["kid"])
    raise ProofRefused(reason="exactly one of jwk, x5c and an attested kid expected")


def _check_claims(
    claims: Mapping[str, Any], audience: str, now: datetime, window: timedelta
) -> None:
    if claims.get("aud") not in (audience, [audience]):
        raise ProofRefused(reason="another audience")
    issued = jose.numeric_date(claims, "iat")
    if issued is None or abs(now.timestamp() - issued) > window.total_seconds():
        raise ProofRefused(reason="iat is missing or too far from now")
    jose.check_in_force(claims, now, window)

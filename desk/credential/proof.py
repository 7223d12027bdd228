"""Verifying a phone's key proofs (OpenID4VCI 1.0, appendix F.1, F.3 and F.4).

The desk does this itself with what the service hands it: a service in wrong hands can
withhold a proof, but not put another key in. That the nonce was fresh and is used once
is left to ``enrollment``; key attestations are read where the policy says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from desk.credential import jose
from desk.credential.attestation import (
    UNREAD,
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
) -> DeviceKey:
    """The key a genuine proof is about, which may have been taken apart already.

    ``audience`` is the credential issuer identifier, compared byte for byte. ``iss`` is
    not looked at: an anonymous wallet should leave it out, and nothing depends on it.
    Raises ``ProofRefused``, and ``NonceStale`` where only the nonce is another.
    """
    proof = jwt if isinstance(jwt, Proof) else Proof.parse(jwt)
    if proof.token.header.get("typ") != TYPE:
        raise ProofRefused(reason="another token type")
    try:
        key = _header_key(proof.token.header)
        proof.token.verify(key)
    except ProofRefused:
        raise
    except CredentialTrouble as trouble:
        raise _refused(trouble) from trouble
    _check_claims(proof.claims, audience, now, window)
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
    if len(keys) > most:
        raise ProofRefused(reason="more keys than allowed at once")
    if len(set(keys)) != len(keys):
        raise ProofRefused(reason="one key stands in several proofs")
    return tuple(key for key in keys if key in together) if of_one_phone else keys


def _jwt_keys(
    entries: list[Any], audience: str, nonce: str, now: datetime, policy: AttestationPolicy
) -> tuple[tuple[DeviceKey, ...], tuple[DeviceKey, ...]]:
    """F.1: each proof's key; of a single one with an attestation, all that are attested. Then
    those that are known to be of the first one's phone."""
    proofs = [entry if isinstance(entry, Proof) else Proof.parse(entry) for entry in entries]
    keys = tuple(verify_proof(proof, audience=audience, nonce=nonce, now=now) for proof in proofs)
    if policy.use is AttestationUse.OFF:
        return keys, keys[:1]
    attested = tuple(
        _beside(proof, key, nonce, now, policy) for proof, key in zip(proofs, keys, strict=True)
    )
    return (attested[0] if len(attested) == 1 else keys), attested[0]


def _beside(
    proof: Proof, key: DeviceKey, nonce: str, now: datetime, policy: AttestationPolicy
) -> tuple[DeviceKey, ...]:
    """The keys attested beside one proof, whose own must be among them."""
    attestation = proof.token.header.get("key_attestation")
    if attestation is None and policy.use is AttestationUse.OPTIONAL:
        return (key,)
    found = verify_attestation(attestation or "", policy, nonce=nonce, now=now, expires=True)
    if key not in found.keys:
        raise ProofRefused(reason="the proof's key is not attested")
    return found.keys


def _attested_keys(
    entries: list[Any], nonce: str, now: datetime, policy: AttestationPolicy
) -> tuple[DeviceKey, ...]:
    """F.3: the attestation alone, made for this very nonce."""
    if len(entries) != 1:
        raise ProofRefused(reason="exactly one key attestation expected")
    (entry,) = entries
    compact = entry.compact if isinstance(entry, Proof) else entry
    found = verify_attestation(compact, policy, nonce=nonce, now=now, expires=False)
    if found.nonce is None:
        raise NonceStale(reason="key attestation without a nonce")
    return found.keys


def _refused(trouble: CredentialTrouble) -> ProofRefused:
    return ProofRefused(reason=str(trouble.facts.get("reason", "")))


def _header_key(header: Mapping[str, Any]) -> DeviceKey:
    named = [name for name in _KEY_HEADERS if name in header]
    if named == ["jwk"]:
        return DeviceKey.from_jwk(header["jwk"])
    if named == ["x5c"]:
        return DeviceKey.from_certificate(jose.x5c(header)[0])
    raise ProofRefused(reason="exactly one of jwk and x5c expected")


def _check_claims(
    claims: Mapping[str, Any], audience: str, now: datetime, window: timedelta
) -> None:
    if claims.get("aud") not in (audience, [audience]):
        raise ProofRefused(reason="another audience")
    moment, leeway = now.astimezone(UTC).timestamp(), window.total_seconds()
    if abs(moment - _time(claims, "iat", None)) > leeway:
        raise ProofRefused(reason="iat is too far from now")
    # Not asked for here, but binding wherever they stand (RFC 7519, 4.1.4 and 4.1.5).
    if not _time(claims, "nbf", moment) - leeway <= moment < _time(claims, "exp", moment) + leeway:
        raise ProofRefused(reason="the proof says itself that it does not hold now")


def _time(claims: Mapping[str, Any], name: str, absent: float | None) -> float:
    if absent is not None and name not in claims:
        return absent
    value = claims.get(name)
    if type(value) not in (int, float):
        raise ProofRefused(reason=f"{name} is missing or no time")
    return float(str(value))

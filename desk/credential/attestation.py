"""Key attestations: what a wallet's provider says of a phone's keys (OpenID4VCI 1.0, annex D).

Whose word counts is the policy's. An attestation that names a status list is looked up in it
where the policy says how to get one: the desk does, the service, which the desk does not
believe anyway, leaves it to the desk. Getting lists is left to ``enrollment``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from desk.credential import chain, jose, statuslist
from desk.credential.attestation_use import AttestationUse
from desk.credential.keys import DeviceKey
from desk.credential.statuslist import Status
from desk.credential.terms import StatusReference
from desk.credential.troubles import CredentialTrouble, NonceStale, ProofRefused
from desk.credential.verify import Trust

TYPE = "key-attestation+jwt"
OLDER_TYPE = "keyattestation+jwt"
"""The media type of drafts before the final version; wallets in the field still send it."""
_SKEW = timedelta(minutes=10)
_MOST_KEYS = 100


@dataclass(frozen=True)
class AttestationPolicy:
    """``anchors`` are the providers' roots (DER); ``key_storage`` and ``user_authentication``
    the resistance levels of annex D.2 of which an attestation must name one, empty: any.
    ``lists`` gets the status list token (JWT) at an address; None: statuses are not asked."""

    use: AttestationUse = AttestationUse.OFF
    anchors: tuple[bytes, ...] = ()
    key_storage: tuple[str, ...] = ()
    user_authentication: tuple[str, ...] = ()
    lists: Callable[[str], str] | None = field(default=None, repr=False, compare=False)

    def demands(self) -> dict[str, Any]:
        """The ``key_attestations_required`` object of the metadata (12.2.4)."""
        levels = {
            "key_storage": list(self.key_storage),
            "user_authentication": list(self.user_authentication),
        }
        return {name: named for name, named in levels.items() if named}


UNREAD = AttestationPolicy()


@dataclass(frozen=True)
class Attestation:
    """A genuine one: the keys it is about, and by which names a proof may mean them."""

    keys: tuple[DeviceKey, ...]
    names: Mapping[str, DeviceKey]

    def named(self, kid: object) -> DeviceKey:
        """The key that a proof's ``kid`` means; raises ProofRefused."""
        key = self.names.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise ProofRefused(reason="kid is none of an attested key")
        return key


def verify_attestation(
    jwt: str, policy: AttestationPolicy, *, nonce: str, now: datetime, beside_proof: bool
) -> Attestation:
    """Check one against the policy. ``beside_proof``: beside a ``jwt`` proof it must say until
    when it holds, and may leave the nonce to the proof. A nonce in it must be ``nonce``. Raises
    ProofRefused, NonceStale, and what ``policy.lists`` raises where its status cannot be looked
    up."""
    try:
        token = jose.parse_compact(jwt)
        if token.header.get("typ") not in (TYPE, OLDER_TYPE):
            raise ProofRefused(reason="not a key attestation")
        certificates = jose.x5c(token.header)
        chain.verify(certificates, policy.anchors, now)
        token.verify(DeviceKey.from_certificate(certificates[0]))
        claims = token.claims()
        jose.check_in_force(claims, now, _SKEW)
        attested = _attested(claims.get("attested_keys"))
    except ProofRefused:
        raise
    except CredentialTrouble as trouble:
        reason = str(trouble.facts.get("reason", ""))
        raise ProofRefused(reason=f"key attestation: {reason}") from trouble
    _check_times(claims, now, expires=beside_proof)
    _check_level("key_storage", claims, policy.key_storage)
    _check_level("user_authentication", claims, policy.user_authentication)
    _check_nonce(claims.get("nonce"), nonce, needed=not beside_proof)
    _check_status(claims.get("status"), policy, now)
    return attested


def _attested(entries: object) -> Attestation:
    if not isinstance(entries, list) or not 0 < len(entries) <= _MOST_KEYS:
        raise ProofRefused(reason="key attestation without keys")
    keys = tuple(DeviceKey.from_jwk(entry) for entry in entries)
    if len(set(keys)) != len(keys):
        raise ProofRefused(reason="key attestation names a key twice")
    return Attestation(keys, _names(entries, keys))


def _names(entries: list[Any], keys: tuple[DeviceKey, ...]) -> dict[str, DeviceKey]:
    """What a ``kid`` may say: a key's own (RFC 7517, 4.5), or its place, counted from 0, as in
    the example of F.1, which wallets do."""
    names = {str(place): key for place, key in enumerate(keys)}
    own = ((entry.get("kid"), key) for entry, key in zip(entries, keys, strict=True))
    return names | {kid: key for kid, key in own if isinstance(kid, str)}


def _check_times(claims: Mapping[str, Any], now: datetime, *, expires: bool) -> None:
    issued, until = jose.numeric_date(claims, "iat"), jose.numeric_date(claims, "exp")
    if issued is None or issued > now.timestamp() + _SKEW.total_seconds():
        raise ProofRefused(reason="key attestation without iat or of the future")
    if expires and until is None:
        raise ProofRefused(reason="key attestation without exp")
    if until is not None and until <= now.timestamp():
        raise ProofRefused(reason="key attestation has expired")


def _check_nonce(shown: object, nonce: str, *, needed: bool) -> None:
    """Alone it must be fresh itself (F.3). Beside a proof, which is, the wallet chooses: F.1
    reads otherwise, but D.1 says optional, libraries leave it out, and the standard's editors
    mean it so."""
    if shown is None and needed:
        raise ProofRefused(reason="key attestation without a nonce")
    if shown is not None and shown != nonce:
        raise NonceStale(reason="key attestation of another nonce")


def _check_status(claim: object, policy: AttestationPolicy, now: datetime) -> None:
    """Not taken back, by a list that the same provider's root stands behind (annex D.1)."""
    if claim is None or policy.lists is None:
        return
    try:
        reference = StatusReference.from_claim(claim)
        assert reference is not None
        trust = Trust(policy.anchors, now, country=None)
        listed = statuslist.verify_jwt(policy.lists(reference.uri), reference.uri, trust)
        status = listed[reference.index]
    except CredentialTrouble as trouble:
        reason = str(trouble.facts.get("reason", "status is unknown"))
        raise ProofRefused(reason=f"key attestation: {reason}") from trouble
    if status != Status.VALID:
        raise ProofRefused(reason="key attestation was taken back")


def _check_level(name: str, claims: Mapping[str, Any], allowed: Collection[str]) -> None:
    if not allowed:
        return
    named = claims.get(name)
    if not isinstance(named, list) or not any(entry in allowed for entry in named):
        raise ProofRefused(reason=f"key attestation: {name} is not as demanded")

"""What the service says of itself: OpenID4VCI 1.0 section 12.2 and RFC 8414."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from desk.credential import jose
from desk.credential.attestation_use import AttestationUse
from desk.credential.claims import ClaimProfile
from desk.credential.proof import ATTESTATION_PROOF, JWT_PROOF
from desk.credential.signer import Signer
from desk.enrollment.policy import Demand
from desk.enrollment.service import ServiceSettings

SIGNED_TYPE = "openidvci-issuer-metadata+jwt"
DETAILS_TYPE = "openid_credential"
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


def issuer_metadata(
    settings: ServiceSettings, profile: ClaimProfile, encryption: Mapping[str, Any]
) -> dict[str, Any]:
    """The credential issuer's metadata; ``encryption`` are the members of section 10."""
    metadata: dict[str, Any] = {
        "credential_issuer": settings.issuer,
        "credential_endpoint": settings.address("credential"),
        "nonce_endpoint": settings.address("nonce"),
        "deferred_credential_endpoint": settings.address("deferred"),
        "notification_endpoint": settings.address("notification"),
        **encryption,
        "display": [{"name": name, "locale": locale} for locale, name in profile.issuer.items()],
        "credential_configurations_supported": {
            name: entry | {"proof_types_supported": _proof_types(settings, entry)}
            for name, entry in profile.credential_configurations().items()
        },
    }
    if settings.batch_size > 1:
        metadata["batch_credential_issuance"] = {"batch_size": settings.batch_size}
    return metadata


def _proof_types(settings: ServiceSettings, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The proof types of a configuration, with what is demanded of keys (12.2.4, annex D)."""
    policy, types = settings.attestations, dict(entry["proof_types_supported"])
    if policy.use is AttestationUse.OFF:
        return types
    demanded = {"key_attestations_required": policy.demands()}
    types[ATTESTATION_PROOF] = {**types[JWT_PROOF], **demanded}
    if policy.use is AttestationUse.REQUIRED:
        types[JWT_PROOF] = {**types[JWT_PROOF], **demanded}
    return types


def signed_metadata(metadata: dict[str, Any], signer: Signer, now: datetime) -> str:
    """The same metadata as a compact JWS (section 12.2.3)."""
    header = {
        "alg": signer.algorithm,
        "typ": SIGNED_TYPE,
        "x5c": jose.x5c_header(signer.certificate_chain),
    }
    claims = {**metadata, "sub": metadata["credential_issuer"], "iat": int(now.timestamp())}
    return jose.sign_compact(header, claims, signer)


def authorization_metadata(settings: ServiceSettings) -> dict[str, Any]:
    """The authorization server's metadata; there is no authorization endpoint."""
    metadata: dict[str, Any] = {
        "issuer": settings.issuer,
        "token_endpoint": settings.address("token"),
        "grant_types_supported": [PRE_AUTHORIZED],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
        "authorization_details_types_supported": [DETAILS_TYPE],
    }
    if settings.dpop is not Demand.OFF:
        metadata["dpop_signing_alg_values_supported"] = jose.supported_algorithms()
    return metadata


def credential_offer(
    settings: ServiceSettings, configurations: tuple[str, ...], code: str, pin: str
) -> dict[str, Any]:
    """The offer that a phone fetches (OpenID4VCI 1.0 section 4.1.1); ``pin`` is what its
    wallet says of the PIN."""
    grant = {
        "pre-authorized_code": code,
        "tx_code": {"input_mode": "numeric", "length": 6, "description": pin},
    }
    return {
        "credential_issuer": settings.issuer,
        "credential_configuration_ids": list(configurations),
        "grants": {PRE_AUTHORIZED: grant},
    }

"""The training wallet's provider: it vouches for the training phone's keys.

A root of its own, as every provider has one; an issuer that does not know it does not take
its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization

from desk.credential import jose, statuslist
from desk.credential.attestation import TYPE
from desk.credential.keys import DeviceKey
from desk.credential.statuslist import ListTerms, StatusList
from desk.training.authority import Pair, provider_certificates

LIFE = timedelta(hours=24)


class WalletProvider:
    """Root and signing certificate of one provider."""

    def __init__(self, root: Pair, signer: Pair) -> None:
        self._root = root
        self._signer = signer.signer

    @classmethod
    def create(cls, now: datetime) -> WalletProvider:
        return cls(*provider_certificates(now))

    @property
    def root(self) -> bytes:
        """DER."""
        return self._root.der

    @property
    def root_pem(self) -> bytes:
        return self._root.certificate.public_bytes(serialization.Encoding.PEM)

    def status_list(self, uri: str, statuses: StatusList, now: datetime) -> str:
        """The list at ``uri`` that says what became of attestations."""
        terms = ListTerms(uri, now, now + LIFE, LIFE)
        return statuslist.sign_jwt(statuses, terms, self._signer)

    def attest(
        self,
        keys: Sequence[DeviceKey],
        now: datetime,
        *,
        nonce: str | None = None,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """A key attestation (OpenID4VCI 1.0, annex D.1) for ``keys``; ``header`` and ``claims``
        replace members, None takes one away."""
        head: dict[str, Any] = {
            "alg": self._signer.algorithm,
            "typ": TYPE,
            "x5c": jose.x5c_header(self._signer.certificate_chain),
        }
        body: dict[str, Any] = {
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
            "attested_keys": [key.jwk() for key in keys],
            "key_storage": ["iso_18045_moderate"],
            "user_authentication": ["iso_18045_moderate"],
        }
        if nonce is not None:
            body["nonce"] = nonce
        head, body = head | (header or {}), body | (claims or {})
        return jose.sign_compact(
            {name: value for name, value in head.items() if value is not None},
            {name: value for name, value in body.items() if value is not None},
            self._signer,
        )

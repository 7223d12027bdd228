"""The training phone's side of OpenID4VCI 1.0: token, nonce, credential, deferred, notification.

What the issuer's metadata offers is used as the phone's :class:`Manner` says. What a refusal
means to the holder, keeping cards and verifying them is left to ``phone``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from desk.credential import holder, jose
from desk.credential.keys import Curve, DeviceKey
from desk.credential.signer import LocalKey
from desk.credential.troubles import CredentialTrouble
from desk.training.wallet_http import WalletHttp, accepted, members
from desk.training.wallet_provider import WalletProvider
from desk.training.wallet_trouble import NotUnderstood

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
_JWT = "application/jwt"


@dataclass(frozen=True)
class Manner:
    """How a phone speaks where the issuer leaves it the choice.

    ``encrypt`` and ``compress`` what goes over the line and by ``enc``; ``details`` asks for
    credentials by ``authorization_details``; ``dpop`` binds its token to a key of its own;
    ``keys`` is how many credentials of a kind it asks for, ``curve`` that of the device keys.
    Its ``provider`` vouches for them where the issuer wants that: beside a proof by the key,
    or with ``attestation_alone`` in place of one.
    """

    encrypt: bool = True
    enc: str = "A256GCM"
    compress: bool = False
    details: bool = False
    dpop: bool = True
    keys: int = 1
    curve: Curve = Curve.P256
    provider: WalletProvider | None = None
    attestation_alone: bool = False


MANNER = Manner()


@dataclass(frozen=True)
class Access:
    """What a redeemed code gave; ``identifiers`` by configuration where they were asked for.
    A token bound to the phone's DPoP key says so (``is_bound``)."""

    token: str = field(repr=False)
    identifiers: Mapping[str, str]
    is_bound: bool = False


@dataclass
class Pending:
    """Credentials of one kind under way, one a key; ``transaction`` once the issuer has
    deferred them, ``opener`` the key their answer is encrypted to."""

    configuration: str
    keys: tuple[LocalKey, ...]
    opener: LocalKey
    transaction: str | None = None


class IssuerClient:
    """One phone at one issuer, as its metadata describes it."""

    def __init__(
        self,
        web: WalletHttp,
        issuer: str,
        metadata: Mapping[str, Any],
        server: Mapping[str, Any],
        manner: Manner,
        now: Callable[[], datetime],
    ) -> None:
        self.issuer = issuer
        self.metadata = metadata
        self._web = web
        self._token_endpoint = str(server["token_endpoint"])
        self._manner = manner
        self._now = now
        binds = manner.dpop and "dpop_signing_alg_values_supported" in server
        self._dpop_key = LocalKey.generate() if binds else None
        self._dpop_nonce: str | None = None

    def pending(self, configuration: str) -> Pending:
        """A credential to be asked for, with as many new keys as phone and issuer like."""
        batch = self.metadata.get("batch_credential_issuance", {}).get("batch_size", 1)
        count = max(1, min(self._manner.keys, int(batch)))
        keys = tuple(LocalKey.generate(self._manner.curve) for _ in range(count))
        return Pending(configuration, keys, LocalKey.generate())

    # Token (section 6)

    def redeem(self, code: str, tx_code: str | None, configurations: tuple[str, ...]) -> Access:
        """The access token; raises what the refusal means, NotUnderstood, Unreachable."""
        fields = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code}
        if tx_code is not None:
            fields["tx_code"] = tx_code
        if self._manner.details:
            fields["authorization_details"] = json.dumps(
                [
                    {"type": "openid_credential", "credential_configuration_id": name}
                    for name in configurations
                ]
            )
        response = self._proven(
            self._token_endpoint,
            None,
            lambda headers: self._web.post_form(self._token_endpoint, fields, headers),
        )
        body = accepted(response, "token")
        token, kind = body.get("access_token"), str(body.get("token_type", "Bearer")).lower()
        if not isinstance(token, str) or kind not in ("bearer", "dpop"):
            raise NotUnderstood(step="token", status=200, error="")
        return Access(token, _identifiers(body), is_bound=kind == "dpop")

    # The token's key (RFC 9449)

    def _proven(
        self, url: str, access: Access | None, send: Callable[[dict[str, str]], httpx.Response]
    ) -> httpx.Response:
        """A request with its token and proof; once more where the service wants its nonce."""
        response = send(self._headers(url, access))
        if response.headers.get("DPoP-Nonce"):
            self._dpop_nonce = response.headers["DPoP-Nonce"]
        if _wants_nonce(response):
            response = send(self._headers(url, access))
        return response

    def _headers(self, url: str, access: Access | None) -> dict[str, str]:
        headers = {}
        if access is not None:
            headers["Authorization"] = f"{'DPoP' if access.is_bound else 'Bearer'} {access.token}"
        if self._dpop_key is not None and (access is None or access.is_bound):
            headers["DPoP"] = holder.dpop_proof(
                self._dpop_key,
                "POST",
                url,
                self._now(),
                identifier=secrets.token_urlsafe(16),
                nonce=self._dpop_nonce,
                token=None if access is None else access.token,
            )
        return headers

    # Credential (section 8), deferred (section 9)

    def ask(self, access: Access, pending: Pending) -> tuple[httpx.Response, dict[str, Any]]:
        """One request for one credential: the answer and its members, deciphered."""
        if pending.transaction is None:
            endpoint, body = "credential_endpoint", self._key_request(access, pending)
        else:
            endpoint, body = "deferred_credential_endpoint", {"transaction_id": pending.transaction}
        response = self._send(str(self.metadata[endpoint]), body, access, pending)
        return response, self._understood(response, pending)

    def _key_request(self, access: Access, pending: Pending) -> dict[str, Any]:
        """A fresh nonce, a proof by each of the keys."""
        answer = accepted(self._web.post_json(self.metadata["nonce_endpoint"], None), "nonce")
        nonce, now = str(answer.get("c_nonce")), self._now()
        body: dict[str, Any] = {"proofs": self._proofs(pending, nonce, now)}
        if identifier := access.identifiers.get(pending.configuration):
            return {"credential_identifier": identifier, **body}
        return {"credential_configuration_id": pending.configuration, **body}

    def _proofs(self, pending: Pending, nonce: str, now: datetime) -> dict[str, list[str]]:
        """Proofs of the kind that the issuer takes and this phone can make (appendix F)."""
        public = [key.public for key in pending.keys]
        terms = self.metadata["credential_configurations_supported"][pending.configuration]
        types, provider = terms.get("proof_types_supported", {}), self._manner.provider
        if provider is not None and self._manner.attestation_alone and "attestation" in types:
            return {"attestation": [provider.attest(public, now, nonce=nonce)]}
        if provider is not None and "key_attestations_required" in types.get("jwt", {}):
            attestation = provider.attest(public, now, nonce=nonce)
            first = pending.keys[0]
            return {"jwt": [holder.key_proof(first, self.issuer, nonce, now, attestation)]}
        return {"jwt": [holder.key_proof(key, self.issuer, nonce, now) for key in pending.keys]}

    def _send(
        self, endpoint: str, body: dict[str, Any], access: Access, pending: Pending
    ) -> httpx.Response:
        key = self._request_key()
        if key is None:
            return self._proven(
                endpoint, access, lambda headers: self._web.post_json(endpoint, body, headers)
            )
        jwk = {**pending.opener.public.jwk(), "alg": jose.KEY_AGREEMENT, "use": "enc"}
        wanted: dict[str, Any] = {"jwk": {**jwk, "kid": "answer"}, "enc": self._manner.enc}
        if self._manner.compress:
            wanted["zip"] = jose.DEFLATE
        token = self._encrypted({**body, "credential_response_encryption": wanted}, key)
        return self._proven(
            endpoint, access, lambda headers: self._web.post_jwt(endpoint, token, headers)
        )

    def _request_key(self) -> Mapping[str, Any] | None:
        """The issuer's key where it offers one and this phone encrypts."""
        offered = self.metadata.get("credential_request_encryption")
        if not self._manner.encrypt or not isinstance(offered, Mapping):
            return None
        keys = offered.get("jwks", {}).get("keys", [])
        return next((key for key in keys if key.get("alg") == jose.KEY_AGREEMENT), None)

    def _encrypted(self, body: Mapping[str, Any], key: Mapping[str, Any]) -> str:
        return jose.encrypt(
            jose.compact_json(body),
            DeviceKey.from_jwk(key),
            enc=self._manner.enc,
            kid=key.get("kid"),
            deflate=self._manner.compress,
        )

    def _understood(self, response: httpx.Response, pending: Pending) -> dict[str, Any]:
        """The members of an answer; an error is never encrypted (8.3.1)."""
        kind = response.headers.get("content-type", "").partition(";")[0]
        if not response.is_success or kind != _JWT:
            return members(response, "credential")
        try:
            plain = jose.decrypt(
                response.text, pending.opener.private, inflate_up_to=len(response.content) * 100
            )
            return jose.parse_object(plain)
        except CredentialTrouble as error:
            raise NotUnderstood(
                step="credential", status=response.status_code, error="decryption"
            ) from error

    # Notification (section 11)

    def notify(self, access: Access, notification: str, event: str) -> None:
        """Tell the issuer what became of a credential."""
        endpoint = self.metadata.get("notification_endpoint")
        if endpoint is not None:
            body = {"notification_id": notification, "event": event}
            self._proven(
                str(endpoint),
                access,
                lambda headers: self._web.post_json(str(endpoint), body, headers),
            )


def _wants_nonce(response: httpx.Response) -> bool:
    """400 at the token endpoint, 401 elsewhere (RFC 9449, 8 and 9)."""
    if response.status_code not in (400, 401):
        return False
    try:
        return bool(response.json().get("error") == "use_dpop_nonce")
    except (ValueError, AttributeError):
        return False


def _identifiers(body: Mapping[str, Any]) -> dict[str, str]:
    try:
        return {
            str(entry["credential_configuration_id"]): str(entry["credential_identifiers"][0])
            for entry in body.get("authorization_details", [])
        }
    except (TypeError, KeyError, IndexError) as error:
        raise NotUnderstood(step="token", status=200, error="") from error

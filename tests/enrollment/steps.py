"""A phone's single steps as raw requests, right by default and easily made wrong."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from desk.credential import jose
from desk.credential.keys import DeviceKey, b64url
from desk.credential.proof import TYPE
from desk.credential.signer import LocalKey
from desk.issuance.ports import Offer
from tests.enrollment.counter import PIN, Counter, now

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


def offer_address(offer: Offer) -> str:
    """Where the QR of an offer points."""
    return parse_qs(urlsplit(offer.uri).query)["credential_offer_uri"][0]


@dataclass
class Steps:
    """One phone at one offer; each method makes one request."""

    web: httpx.Client
    counter: Counter
    offer: Offer
    key: LocalKey = field(default_factory=LocalKey.generate)
    dpop_key: LocalKey = field(default_factory=LocalKey.generate)

    @property
    def issuer(self) -> str:
        return self.counter.link.issuer

    @property
    def handle(self) -> str:
        return offer_address(self.offer).rsplit("/", 1)[1]

    def code(self) -> str:
        body = self.web.get(offer_address(self.offer)).json()
        return str(body["grants"][GRANT]["pre-authorized_code"])

    def token_request(
        self, headers: dict[str, str] | None = None, **changed: str | None
    ) -> httpx.Response:
        fields = {"grant_type": GRANT, "pre-authorized_code": "", "tx_code": PIN}
        if "pre_authorized_code" not in changed:
            fields["pre-authorized_code"] = self.code()
        for name, value in changed.items():
            name = "pre-authorized_code" if name == "pre_authorized_code" else name
            fields.pop(name, None)
            if value is not None:
                fields[name] = value
        return self.web.post(f"{self.issuer}/token", data=fields, headers=headers)

    def token(self) -> str:
        return str(self.token_request().json()["access_token"])

    def nonce(self) -> str:
        return str(self.web.post(f"{self.issuer}/nonce").json()["c_nonce"])

    def proof(
        self,
        *,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
        key: LocalKey | None = None,
    ) -> str:
        """A key proof; ``header`` and ``claims`` replace members, None removes one."""
        key = key or self.key
        head: dict[str, Any] = {"alg": "ES256", "typ": TYPE, "jwk": key.public.jwk()}
        body: dict[str, Any] = {"aud": self.issuer, "iat": int(now().timestamp())}
        if "nonce" not in (claims or {}):
            body["nonce"] = self.nonce()
        head, body = head | (header or {}), body | (claims or {})
        return jose.sign_compact(
            {name: value for name, value in head.items() if value is not None},
            {name: value for name, value in body.items() if value is not None},
            key,
        )

    def credential(
        self,
        token: str | None = None,
        *,
        proofs: Any = "right",
        headers: dict[str, str] | None = None,
        **changed: Any,
    ) -> httpx.Response:
        body: dict[str, Any] = {"credential_configuration_id": "mdoc"}
        body["proofs"] = {"jwt": [self.proof()]} if proofs == "right" else proofs
        body = {name: value for name, value in (body | changed).items() if value is not None}
        return self.web.post(
            f"{self.issuer}/credential",
            json=body,
            headers={**self.bearer(token or self.token()), **(headers or {})},
        )

    def dpop(
        self,
        path: str,
        token: str | None = None,
        *,
        key: LocalKey | None = None,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A DPoP proof for a POST to ``path``; None removes a member of claims or header."""
        key = key or self.dpop_key
        body: dict[str, Any] = {
            "jti": secrets.token_urlsafe(8),
            "htm": "POST",
            "htu": f"{self.issuer}/{path}",
            "iat": int(now().timestamp()),
        }
        if "nonce" not in claims:
            body["nonce"] = self.web.post(f"{self.issuer}/nonce").headers["DPoP-Nonce"]
        if token is not None:
            body["ath"] = b64url(hashlib.sha256(token.encode()).digest())
        head: dict[str, Any] = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.public.jwk()}
        head, body = head | (header or {}), body | claims
        return jose.sign_compact(
            {name: value for name, value in head.items() if value is not None},
            {name: value for name, value in body.items() if value is not None},
            key,
        )

    def bound_token(self) -> str:
        """A token bound to this phone's DPoP key."""
        answer = self.token_request(headers={"DPoP": self.dpop("token")})
        assert answer.json()["token_type"] == "DPoP"
        return str(answer.json()["access_token"])

    def encrypted(
        self,
        token: str,
        body: dict[str, Any],
        path: str = "credential",
        *,
        opener: LocalKey | None = None,
        response: Any = "right",
        enc: str = "A256GCM",
        deflate: bool = False,
        jwk: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """An encrypted request; ``response`` replaces its credential_response_encryption."""
        metadata = self.web.get(f"{self.issuer}/.well-known/openid-credential-issuer").json()
        key = jwk or metadata["credential_request_encryption"]["jwks"]["keys"][0]
        if response == "right":
            response = self.answer_to(opener or LocalKey.generate(), enc)
        if response is not None:
            body = {**body, "credential_response_encryption": response}
        jwe = jose.encrypt(
            jose.compact_json(body),
            DeviceKey.from_jwk(key),
            enc=enc,
            kid=key.get("kid"),
            deflate=deflate,
        )
        return self.post(path, token, content=jwe, headers={"Content-Type": "application/jwt"})

    @staticmethod
    def answer_to(opener: LocalKey, enc: str = "A256GCM", **changed: Any) -> dict[str, Any]:
        """A credential_response_encryption for ``opener``; ``changed`` are members of its jwk."""
        jwk = {**opener.public.jwk(), "alg": "ECDH-ES", **changed}
        return {
            "jwk": {name: value for name, value in jwk.items() if value is not None},
            "enc": enc,
        }

    def request_body(self, **changed: Any) -> dict[str, Any]:
        """A right credential request for the mdoc."""
        body = {"credential_configuration_id": "mdoc", "proofs": {"jwt": [self.proof()]}}
        return {k: v for k, v in (body | changed).items() if v is not None}

    def post(self, path: str, token: str | None = None, **parts: Any) -> httpx.Response:
        headers = {**(self.bearer(token) if token else {}), **parts.pop("headers", {})}
        return self.web.post(f"{self.issuer}/{path}", headers=headers, **parts)

    @staticmethod
    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

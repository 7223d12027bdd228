"""A phone that costs next to nothing: what the service is measured with.

It says what a wallet says (offer, token, nonce, credential, notification) on one connection
that it keeps, with a key made beforehand, and reads of each answer no more than it needs. It
waits for nobody: a request is sent, and its answer taken when somebody wants it, so that phone
and desk can stand in one thread. For measuring on this machine only.
"""

from __future__ import annotations

import socket
import time
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from desk.credential.jose import compact_json
from desk.credential.keys import b64url
from desk.credential.proof import TYPE
from desk.credential.signer import LocalKey
from desk.issuance.ports import Offer
from tests.enrollment.steps import GRANT

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_GRANT = quote(GRANT, safe="")


class Connection:
    """One kept connection to a service of this machine; answers come with their length."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = _JSON, token: str = ""
    ) -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nUser-Agent: lean\r\n"
        if token:
            head += f"Authorization: Bearer {token}\r\n"
        if method == "POST":
            head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(f"{head}\r\n".encode() + body)

    def answer(self) -> bytes:
        """The body of the next answer; anything but success is an error here."""
        raw = self._socket.recv(1 << 16)
        while (end := raw.find(b"\r\n\r\n")) < 0:
            raw += self._more()
        head, body = raw[:end], raw[end + 4 :]
        if not head.startswith(b"HTTP/1.1 2"):
            raise AssertionError(head + body)
        _, _, length = head.lower().partition(b"content-length: ")
        wanted = int(length.split(b"\r\n", 1)[0]) if length else 0
        parts, have = [body], len(body)
        while have < wanted:
            parts.append(self._more())
            have += len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        part = self._socket.recv(1 << 16)
        if not part:
            raise AssertionError("the service ended the connection")
        return part


class LeanKey(LocalKey):
    """A key made before the clock ran, and with it what all its proofs begin with."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        super().__init__(private)
        header = {"alg": self.algorithm, "typ": TYPE, "jwk": self.public.jwk()}
        self.proof_head = b64url(compact_json(header))


class LeanPhone:
    """One phone at one offer."""

    def __init__(self, connection: Connection, issuer: str, offer: Offer, key: LeanKey) -> None:
        self._connection, self._issuer, self._key = connection, issuer, key
        self._offer = unquote(offer.uri.partition("credential_offer_uri=")[2])
        self._token = ""

    def fetch_offer(self) -> None:
        """The offer is asked for; its answer comes with the next step."""
        self._connection.send("GET", self._offer.removeprefix(self._issuer))

    def ask_for_credential(self, configuration: str, pin: str) -> None:
        """Offer, token, nonce; the credential request is sent and its answer left for later."""
        code = self._told()["grants"][GRANT]["pre-authorized_code"]
        form = f"grant_type={_GRANT}&pre-authorized_code={code}&tx_code={pin}"
        self._connection.send("POST", "/token", form.encode(), _FORM)
        self._token = self._told()["access_token"]
        self._connection.send("POST", "/nonce")
        proof = self._proof(self._told()["c_nonce"])
        request = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
        self._connection.send("POST", "/credential", compact_json(request), token=self._token)

    def take_credential(self) -> str:
        """The credential that was asked for; the service is told that it came."""
        body = self._told()
        said = {"notification_id": body["notification_id"], "event": "credential_accepted"}
        self._connection.send("POST", "/notification", compact_json(said), token=self._token)
        self._connection.answer()
        return str(body["credentials"][0]["credential"])

    def _proof(self, nonce: str) -> str:
        claims = {"aud": self._issuer, "iat": int(time.time()), "nonce": nonce}
        signed = f"{self._key.proof_head}.{b64url(compact_json(claims))}"
        return f"{signed}.{b64url(self._key.sign(signed.encode()))}"

    def _told(self) -> Any:
        return orjson.loads(self._connection.answer())

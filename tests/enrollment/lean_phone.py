"""A phone that costs next to nothing: what the service is measured with.

It says what a wallet says (offer, token, nonce, credential, notification) on one connection
that it keeps, with a key made beforehand, and reads of each answer no more than it needs. It
waits for nobody: a request is sent, and its answer taken when somebody wants it, so that phone
and desk can stand in one thread. For measuring on this machine only.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from desk.credential import jose
from desk.credential.proof import TYPE
from desk.credential.signer import LocalKey
from desk.issuance.ports import Offer
from tests.enrollment.steps import GRANT

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


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
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", "User-Agent: lean"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if method == "POST":
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

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


class LeanPhone:
    """One phone at one offer; ``key`` was made before the clock ran."""

    def __init__(self, connection: Connection, issuer: str, offer: Offer, key: LocalKey) -> None:
        self._connection, self._issuer, self._key = connection, issuer, key
        self._offer = parse_qs(urlsplit(offer.uri).query)["credential_offer_uri"][0]
        self._token = ""

    def fetch_offer(self) -> None:
        """The offer is asked for; its answer comes with the next step."""
        self._connection.send("GET", urlsplit(self._offer).path)

    def ask_for_credential(self, configuration: str, pin: str) -> None:
        """Offer, token, nonce; the credential request is sent and its answer left for later."""
        offer = json.loads(self._connection.answer())
        code = offer["grants"][GRANT]["pre-authorized_code"]
        form = {"grant_type": GRANT, "pre-authorized_code": code, "tx_code": pin}
        self._token = str(self._post("/token", urlencode(form).encode(), _FORM)["access_token"])
        proof = self._proof(str(self._post("/nonce", b"")["c_nonce"]))
        request = {"credential_configuration_id": configuration, "proofs": {"jwt": [proof]}}
        body = json.dumps(request).encode()
        self._connection.send("POST", "/credential", body, token=self._token)

    def take_credential(self) -> str:
        """The credential that was asked for; the service is told that it came."""
        body = json.loads(self._connection.answer())
        said = {"notification_id": body["notification_id"], "event": "credential_accepted"}
        told = json.dumps(said).encode()
        self._connection.send("POST", "/notification", told, token=self._token)
        self._connection.answer()
        return str(body["credentials"][0]["credential"])

    def _proof(self, nonce: str) -> str:
        public = self._key.public
        header = {"alg": public.curve.algorithm, "typ": TYPE, "jwk": public.jwk()}
        claims = {"aud": self._issuer, "iat": int(time.time()), "nonce": nonce}
        return jose.sign_compact(header, claims, self._key)

    def _post(self, path: str, body: bytes, kind: str = _JSON) -> dict[str, Any]:
        self._connection.send("POST", path, body, kind)
        return dict(json.loads(self._connection.answer()))

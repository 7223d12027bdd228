"""What opens a phone's answer, made while the phone reads that it has a token.

It follows from the token (``keys.token_opener``), and making it takes longer than most of what a
phone waits for. So it is made when the token has left and kept for the phone's next request,
for seconds and once: nobody shall find in the service's memory what opens an answer that lies in
its database.
"""

from __future__ import annotations

import asyncio

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from desk.enrollment.keys import sha256, token_opener

KEPT_SECONDS = 2.0
"""A phone that is slower has its user to wait for."""


class Openers:
    """Those of one process, by their tokens' hashes."""

    def __init__(self) -> None:
        self._made: dict[str, X25519PrivateKey] = {}

    def make_soon(self, access_token: str) -> None:
        """When the loop is done with what it does now."""
        asyncio.get_running_loop().call_soon(self._make, access_token)

    def take(self, access_token: str) -> X25519PrivateKey:
        """That one, which is not kept any longer; or made now, where another process granted
        the token or the phone was slow."""
        return self._made.pop(sha256(access_token), None) or token_opener(access_token)

    def _make(self, access_token: str) -> None:
        mark = sha256(access_token)
        self._made[mark] = token_opener(access_token)
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._made.pop, mark, None)

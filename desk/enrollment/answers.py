"""Encrypting an answer to the key that a phone named (OpenID4VCI 1.0, section 10).

Apart from the service's other parts, because the desk encrypts what it sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk.credential import jose
from desk.credential.keys import DeviceKey
from desk.issuance.ports import ResponseEncryption


def encrypted(body: Mapping[str, Any], terms: ResponseEncryption) -> str:
    """The compact JWE of an answer; raises Malformed where ``terms`` name no usable key."""
    return jose.encrypt(
        jose.compact_json(body),
        DeviceKey.from_jwk(terms.jwk),
        enc=terms.enc,
        kid=terms.jwk.get("kid"),
        deflate=terms.zip == jose.DEFLATE,
    )

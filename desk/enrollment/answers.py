"""What an answer is made of: encrypted to the key that a phone named (OpenID4VCI 1.0, section
10), or put together from what the desk sealed to the token.

Apart from the service's other parts, because the desk encrypts what it sends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from desk.credential import jose
from desk.credential.keys import DeviceKey
from desk.issuance import jcs
from desk.issuance.ports import ResponseEncryption


def terms_mark(terms: ResponseEncryption) -> str:
    """Names what an answer was encrypted for: another key or another way is another mark."""
    return hashlib.sha256(jcs.canonical(asdict(terms))).hexdigest()


def encrypted(body: Mapping[str, Any], terms: ResponseEncryption) -> str:
    """The compact JWE of an answer; raises Malformed where ``terms`` name no usable key."""
    return jose.encrypt(
        jose.compact_json(body),
        DeviceKey.from_jwk(terms.jwk),
        enc=terms.enc,
        kid=terms.jwk.get("kid"),
        deflate=terms.zip == jose.DEFLATE,
    )


def entries(array: bytes) -> list[Any]:
    """The texts of a JSON array as the desk's encoder writes it, for an answer to hold. Raises
    ValueError for what is no array."""
    whole = array.startswith(b'["') and array.endswith(b'"]')
    if whole and array.find(b'"', 2) == len(array) - 2 and b"\\" not in array:
        # A single one, as mostly: a credential with a portrait is long, and stays as it is.
        return [orjson.Fragment(array[1:-1])]
    return list(orjson.loads(array))

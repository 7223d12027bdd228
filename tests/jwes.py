"""Compact JWEs as other people's libraries make them: with whatever header."""

from __future__ import annotations

from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from desk.credential import jose
from desk.credential.keys import DeviceKey


def jwe_with(header: dict[str, Any], payload: bytes, recipient: DeviceKey) -> str:
    """``header`` stands beside ``alg`` and ``enc``; what it names critical is text."""
    registry = jwe.JWERegistry(
        {name: HeaderParameter(name, "str") for name in header.get("crit", ())},
        algorithms=[jose.KEY_AGREEMENT, *jose.CONTENT_ENCRYPTIONS],
        strict_check_header=False,
    )
    whole = {"alg": jose.KEY_AGREEMENT, "enc": "A128GCM", **header}
    key = ECKey.import_key(dict(recipient.jwk()))
    return jwe.encrypt_compact(whole, payload, key, registry=registry)

"""COSE_Sign1 (RFC 9052 4.2) with x5chain (RFC 9360), made and read.

The protected header is kept as the bytes that were signed. Which payload is in it is
left to ``mdoc``, ``presentation`` and ``statuslist``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.credential import cbor
from desk.credential.keys import Curve, DeviceKey
from desk.credential.troubles import Malformed, SignatureNotGenuine

HEADER_ALGORITHM = 1
HEADER_CRITICAL = 2
HEADER_TYPE = 16
HEADER_X5CHAIN = 33
_UNDERSTOOD = (HEADER_ALGORITHM, HEADER_TYPE, HEADER_X5CHAIN)
TAG_SIGN1 = 18
_PARTS = 4


@dataclass(frozen=True)
class Sign1:
    """A COSE_Sign1 taken apart; ``payload`` is None when it is detached."""

    protected: bytes
    unprotected: Mapping[Any, Any]
    payload: bytes | None
    signature: bytes

    @property
    def headers(self) -> Mapping[Any, Any]:
        """The protected header as a map; raises ``Malformed``."""
        value = cbor.decode(self.protected) if self.protected else {}
        if not isinstance(value, dict):
            raise Malformed(reason="protected header is no map")
        return value

    def x5chain(self) -> tuple[bytes, ...]:
        """DER certificates, leaf first; raises ``Malformed`` where there are none."""
        chain = self.unprotected.get(HEADER_X5CHAIN, self.headers.get(HEADER_X5CHAIN))
        entries = [chain] if isinstance(chain, bytes) else chain
        if not isinstance(entries, list) or not entries:
            raise Malformed(reason="x5chain is missing")
        if not all(isinstance(entry, bytes) for entry in entries):
            raise Malformed(reason="x5chain holds no certificate")
        return tuple(entries)

    def verify(self, key: DeviceKey, detached: bytes | None = None) -> None:
        """Raises ``SignatureNotGenuine``; the protected ``alg`` must be the key's own.

        Raises ``Malformed`` where a header is said to be critical (RFC 9052 3.1) that nobody
        understands here.
        """
        critical = self.headers.get(HEADER_CRITICAL, [HEADER_ALGORITHM])
        if not isinstance(critical, list) or not all(one in _UNDERSTOOD for one in critical):
            raise Malformed(reason="COSE_Sign1 with a critical header")
        if self.headers.get(HEADER_ALGORITHM) not in key.curve.cose_algorithms:
            raise SignatureNotGenuine(reason="algorithm does not fit the key")
        payload = self.payload if detached is None else detached
        if payload is None or (detached is not None and self.payload is not None):
            raise Malformed(reason="payload of COSE_Sign1 is in the wrong place")
        key.verify(self.signature, to_be_signed(self.protected, payload))


def protected_header(curve: Curve, more: Mapping[int, Any] | None = None) -> bytes:
    """``{1: alg}`` and nothing else for an mdoc (ISO 18013-5 9.1.2.4); ``more`` for others."""
    return cbor.encode({HEADER_ALGORITHM: curve.cose_algorithms[0], **(more or {})})


def to_be_signed(protected: bytes, payload: bytes, external_aad: bytes = b"") -> bytes:
    """Sig_structure of RFC 9052 4.4."""
    return cbor.encode(["Signature1", protected, external_aad, payload])


def x5chain_value(chain: Sequence[bytes]) -> bytes | list[bytes]:
    """RFC 9360: one certificate stands alone, several in an array."""
    return chain[0] if len(chain) == 1 else list(chain)


def parse(data: bytes) -> Sign1:
    """Take a COSE_Sign1 apart, tagged (18) or not; raises ``Malformed``."""
    value = cbor.decode(cbor.untagged(data, TAG_SIGN1))
    if not isinstance(value, list) or len(value) != _PARTS:
        raise Malformed(reason="not a COSE_Sign1")
    protected, unprotected, payload, signature = value
    if (
        not isinstance(protected, bytes)
        or not isinstance(unprotected, dict)
        or not isinstance(payload, bytes | None)
        or not isinstance(signature, bytes)
    ):
        raise Malformed(reason="not a COSE_Sign1")
    return Sign1(protected, unprotected, payload, signature)

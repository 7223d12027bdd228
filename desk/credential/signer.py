"""The one call through which everything here is signed: «sign these bytes».

An officer's card satisfies ``Signer`` (``desk.cards.signer``); ``LocalSigner`` is a
key in memory, for the machine's own duties (status lists, requests to phones) and
for training.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from desk.credential.keys import Curve, DeviceKey, raw_signature


class Issuer(Protocol):
    """Who signs: all that preparing needs, without a card in the reader."""

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        """DER, leaf first, without the anchor."""

    @property
    def algorithm(self) -> str:
        """``ES256`` or ``ES384``."""


class Signer(Issuer, Protocol):
    """Who signs, with the key at hand."""

    def sign(self, data: bytes) -> bytes:
        """ECDSA over the hash that belongs to ``algorithm``; raw r||s."""


class LocalKey:
    """A private key in memory."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self.private = private
        self.public = DeviceKey.from_public_key(private.public_key())

    @classmethod
    def generate(cls, curve: Curve = Curve.P256) -> LocalKey:
        return cls(ec.generate_private_key(curve.group))

    @property
    def algorithm(self) -> str:
        return self.public.curve.algorithm

    def sign(self, data: bytes) -> bytes:
        """Raw r||s."""
        curve = self.public.curve
        return raw_signature(self.private.sign(data, curve.ecdsa), curve)


class LocalSigner(LocalKey):
    """A private key in memory with its certificate chain; satisfies ``Signer``."""

    def __init__(
        self, private: ec.EllipticCurvePrivateKey, certificate_chain: tuple[bytes, ...]
    ) -> None:
        super().__init__(private)
        self.certificate_chain = certificate_chain

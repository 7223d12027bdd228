"""How the training chip shows that it is no copy: active authentication (Doc 9303-11, 6.1).

The private keys never leave here, so a chip made of copied files cannot answer. What the
answers are worth is the terminal's judgement.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from desk.iso7816.apdu import CommandApdu, ResponseApdu
from desk.iso7816.status import StatusWord
from desk.training.chip_access import Step

CHALLENGE = 8
HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_HEADER = b"\x6a"
"""Partial recovery, more of the message follows, no padding (ISO/IEC 9796-2 clause 8)."""
_SHORT_TRAILER = b"\xbc"
_TRAILERS = {
    "sha1": b"\x33\xcc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}


@dataclass(frozen=True)
class ActiveKey:
    """The key of active authentication and how the chip signs with it.

    ``der`` answers an ECDSA signature as a structure instead of r and s side by side, and
    ``long_trailer`` names SHA-1 in an RSA signature; chips of the field do either.
    """

    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(repr=False)
    hash: str = "sha256"
    der: bool = False
    long_trailer: bool = False

    def sign(self, challenge: bytes) -> bytes:
        """The answer to the terminal's eight bytes."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self._sign_rsa(self.private, challenge)
        signature = self.private.sign(challenge, ec.ECDSA(HASHES[self.hash]()))
        if self.der:
            return signature
        size = (self.private.curve.group_order.bit_length() + 7) // 8
        return b"".join(number.to_bytes(size) for number in decode_dss_signature(signature))

    def _sign_rsa(self, private: rsa.RSAPrivateKey, challenge: bytes) -> bytes:
        """ISO/IEC 9796-2 scheme 1: random bytes and hash inside, the challenge outside."""
        size = private.key_size // 8
        short = self.hash == "sha1" and not self.long_trailer
        trailer = _SHORT_TRAILER if short else _TRAILERS[self.hash]
        digest = hashlib.new(self.hash, usedforsecurity=False)
        recoverable = secrets.token_bytes(size - len(_HEADER) - digest.digest_size - len(trailer))
        digest.update(recoverable + challenge)
        message = _HEADER + recoverable + digest.digest() + trailer
        numbers = private.private_numbers()
        signed = pow(int.from_bytes(message), numbers.d, numbers.public_numbers.n)
        return signed.to_bytes(size)


def internal_authenticate(key: ActiveKey | None, command: CommandApdu) -> Step:
    """INTERNAL AUTHENTICATE (clause 6.1.2)."""
    if key is None:
        return Step.refused(StatusWord.INS_NOT_SUPPORTED)
    if len(command.data) != CHALLENGE:
        return Step.refused(StatusWord.WRONG_LENGTH)
    return Step(ResponseApdu(key.sign(command.data), StatusWord.OK))

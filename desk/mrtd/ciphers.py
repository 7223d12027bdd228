"""Block ciphers, codes and key derivation of Doc 9303-11 clauses 9.7 and 9.8.

Two suites: 3DES in CBC with the retail MAC (BAC), AES in CBC with CMAC cut to eight
bytes (PACE, chip authentication). A suite holds keys and no counter; the counter and
the APDU format are secure messaging's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

MAC_LENGTH = 8
TRIPLE_DES_BLOCK, AES_BLOCK = 8, 16
ENCRYPTION, MAC, PASSWORD = 1, 2, 3
"""Counters of the key derivation function (9.7.1)."""
_KEY_SHA1_MAX = 16


class PaddingWrong(ValueError):
    """The decrypted block does not end in ISO/IEC 9797-1 method 2 padding."""


class CipherSuite(Protocol):
    """Encryption and authentication of one session. All data are multiples of the block."""

    @property
    def block(self) -> int:
        """Block length, bytes; the send sequence counter is as long."""
        ...

    def encrypt(self, data: bytes, counter: bytes) -> bytes: ...

    def decrypt(self, data: bytes, counter: bytes) -> bytes: ...

    def mac(self, data: bytes) -> bytes:
        """Eight bytes over ``data``, which is padded here (method 2)."""
        ...

    def token(self, data: bytes) -> bytes:
        """Eight bytes over ``data`` with the code's own padding only (4.4.3.4)."""
        ...


@dataclass(frozen=True, slots=True)
class TripleDesSuite:
    """3DES with two keys in CBC, zero IV, and ISO/IEC 9797-1 MAC algorithm 3."""

    encryption_key: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)

    @property
    def block(self) -> int:
        return TRIPLE_DES_BLOCK

    def encrypt(self, data: bytes, counter: bytes) -> bytes:
        return _triple_des(self.encryption_key, data, encrypt=True)

    def decrypt(self, data: bytes, counter: bytes) -> bytes:
        return _triple_des(self.encryption_key, data, encrypt=False)

    def mac(self, data: bytes) -> bytes:
        return retail_mac(self.mac_key, data)

    def token(self, data: bytes) -> bytes:
        return retail_mac(self.mac_key, data)


@dataclass(frozen=True, slots=True)
class AesSuite:
    """AES in CBC, its IV the encrypted counter (9.8.6.3), and CMAC."""

    encryption_key: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)

    @property
    def block(self) -> int:
        return AES_BLOCK

    def encrypt(self, data: bytes, counter: bytes) -> bytes:
        encryptor = self._cipher(counter).encryptor()
        return encryptor.update(data) + encryptor.finalize()

    def decrypt(self, data: bytes, counter: bytes) -> bytes:
        decryptor = self._cipher(counter).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def mac(self, data: bytes) -> bytes:
        return self.token(pad(data, self.block))

    def token(self, data: bytes) -> bytes:
        code = CMAC(algorithms.AES(self.mac_key))
        code.update(data)
        return code.finalize()[:MAC_LENGTH]

    def _cipher(self, counter: bytes) -> Cipher[modes.CBC]:
        # The IV is one block under the session key, as the clause says: ECB on purpose.
        encryptor = Cipher(algorithms.AES(self.encryption_key), modes.ECB()).encryptor()
        iv = encryptor.update(counter) + encryptor.finalize()
        return Cipher(algorithms.AES(self.encryption_key), modes.CBC(iv))


class SessionCipher(StrEnum):
    """Cipher and key length that a protocol's object identifier names; value for screens."""

    TRIPLE_DES = "3DES"
    AES_128 = "AES-128"
    AES_192 = "AES-192"
    AES_256 = "AES-256"

    @classmethod
    def of_arc(cls, arc: int) -> SessionCipher | None:
        """By the last arc of PACE's and chip authentication's identifiers: 1 to 4."""
        return tuple(cls)[arc - 1] if 1 <= arc <= len(cls) else None

    @property
    def arc(self) -> int:
        return tuple(SessionCipher).index(self) + 1

    @property
    def key_length(self) -> int:
        """Bytes; 3DES has two keys of eight."""
        return {1: 16, 2: 16, 3: 24, 4: 32}[self.arc]

    @property
    def block(self) -> int:
        """Bytes."""
        return 8 if self is SessionCipher.TRIPLE_DES else 16

    def encrypt(self, key: bytes, data: bytes) -> bytes:
        """CBC with zero IV; ``data`` whole blocks."""
        if self is SessionCipher.TRIPLE_DES:
            return _triple_des(key, data, encrypt=True)
        encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(self.block))).encryptor()
        return encryptor.update(data) + encryptor.finalize()

    def decrypt(self, key: bytes, data: bytes) -> bytes:
        if self is SessionCipher.TRIPLE_DES:
            return _triple_des(key, data, encrypt=False)
        decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(self.block))).decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def suite(self, secret: bytes) -> CipherSuite:
        """Session keys out of a shared secret (9.7.4)."""
        if self is SessionCipher.TRIPLE_DES:
            return triple_des_keys(secret)
        return aes_keys(secret, self.key_length)


def pad(data: bytes, block: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then zeros to a full block."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """``data`` without method 2 padding; raises PaddingWrong."""
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise PaddingWrong("no padding")
    return stripped[:-1]


def same(left: bytes, right: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(left, right)


def triple_des_keys(seed: bytes) -> TripleDesSuite:
    """Keys out of a 16-byte seed (9.7.1 with counters 1 and 2)."""
    return TripleDesSuite(
        with_parity(derive(seed, ENCRYPTION, 16)), with_parity(derive(seed, MAC, 16))
    )


def aes_keys(seed: bytes, length: int) -> AesSuite:
    """AES keys of ``length`` bytes (16, 24 or 32) out of a shared secret."""
    return AesSuite(derive(seed, ENCRYPTION, length), derive(seed, MAC, length))


def derive(seed: bytes, counter: int, length: int) -> bytes:
    """KDF of 9.7.1: SHA-1 up to 16 bytes, SHA-256 beyond."""
    material = seed + counter.to_bytes(4)
    if length <= _KEY_SHA1_MAX:
        return hashlib.sha1(material, usedforsecurity=False).digest()[:length]
    return hashlib.sha256(material).digest()[:length]


def with_parity(key: bytes) -> bytes:
    """DES keys carry odd parity in each byte's lowest bit (9.7.1.1)."""
    return bytes(byte & 0xFE | (byte >> 1).bit_count() & 1 ^ 1 for byte in key)


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 over ``data``, padded by method 2; 16-byte key.

    Single DES is 3DES with three equal keys.
    """
    first, second = key[:8], key[8:]
    chained = _triple_des(first, pad(data, 8), encrypt=True)[-8:]
    return _triple_des(first, _triple_des(second, chained, encrypt=False), encrypt=True)


def _triple_des(key: bytes, data: bytes, *, encrypt: bool) -> bytes:
    full = {8: key * 3, 16: key + key[:8]}.get(len(key), key)
    cipher = Cipher(TripleDES(full), modes.CBC(bytes(8)))
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()
